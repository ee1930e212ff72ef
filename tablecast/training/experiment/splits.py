"""Where every division of a table's rows comes from: the test rows, the folds, the parts.

Rows are drawn at random unless a person says what that would spoil. With ``--group`` the rows of
one group are all on one side of every split, since new rows will come from new groups; with
``--time`` a model learns from rows before those that it is judged on, since new rows will be later.
With both it is judged on later rows of groups that it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tablecast.data.row_metadata import RowMetadata
from tablecast.errors import TrainingError

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared

Rows = npt.NDArray[np.intp]
#: The places of the rows to learn from, and of the others.
Split = tuple[Rows, Rows]

# PyCaret's own share of rows to learn from; the others are the test rows.
TRAIN_FRACTION = 0.7
# Two in the training part, one for each of two folds, and one among the test rows.
FEWEST_OF_A_CLASS = 3
# A fold of fewer rows says little about any of them.
ROWS_PER_FOLD = 5
#: Folds: (at most so many rows, folds). Fewer rows a fold bring its model nearer to the one that
#: answers; a table of many rows has no need of that. Ten are PyCaret's default.
FOLDS = ((5_000, 10), (20_000, 5))
#: With fewer folds each refit lacks half of the rows, and its errors are those of another model.
FEWEST_FOLDS = 3
#: Groups are dealt out in so many parts, of which the test rows take three.
GROUP_PARTS = 10
#: scikit-learn balances the classes of so many groups in half a second; of more, chance does.
MOST_BALANCED = 5_000
#: The share of the moments that folds answer, one stretch after the other: what learns from much
#: less than the first half would be wrong by more than the pipeline itself.
LATER_FRACTION = 0.5
#: Refits look as far ahead as the test rows do, in two stretches of the moments: ranges are learnt
#: from one, and measured on the other.
REFITS, REFITTED_FRACTION = 2, 0.6
#: By time and group, each stretch is answered in so many parts, by models that learn from the
#: groups of the others: with two they would lack half of the earlier rows.
GROUPS_BESIDE_TIME = 3
#: By time, the fewest rows before the test rows, and before those that ranges are measured on.
FEWEST_EARLIER, MEASURED = 10, 2


def held_out(prepared: Prepared, seed: int) -> Split | None:
    """The rows to learn from and the test rows; None where PyCaret is to draw them at random.

    Raises:
        TrainingError: a class is missing on one side.
    """
    about, target = prepared.about, prepared.table[prepared.target]
    if about.times is not None:
        found = _later_holdout(prepared, seed)
    elif about.groups is not None:
        found = _grouped_holdout(target, about.groups, prepared.task, seed)
    else:
        return None
    _check_classes([found], target, about, prepared.task)
    refits(target, about, prepared.task, 2, seed)  # of the whole table, they follow at the end
    return found


def is_later(
    times: pd.Series, earlier: float = TRAIN_FRACTION, fewest: int = FEWEST_EARLIER
) -> pd.Series:
    """The rows of the last moments; rows of one moment are not torn apart.

    Args:
        times: of all rows.
        earlier: the share of the rows, about, that are not.
        fewest: how many rows are not, at least.

    Raises:
        TrainingError: so many rows share the last moment that fewer are left before it.
    """
    ordered = times.sort_values()
    last = ordered.iloc[-1]
    before = ordered[ordered < last]
    if len(before) < fewest:
        raise TrainingError(
            f"{len(ordered) - len(before)} of {len(ordered)} rows have the same last time in "
            f"{str(times.name)!r}, and the {len(before)} before it are too few to learn from: rows "
            f"of one time are not torn apart. Leave out --time, or add rows of other times."
        )
    first = ordered.iloc[int(earlier * len(ordered))]
    if first <= before.iloc[fewest - 1]:
        first = ordered[ordered > before.iloc[fewest - 1]].iloc[0]
    return times >= first


def folds(
    target: pd.Series, about: RowMetadata, task: str, most: int, seed: int, repeats: int = 1
) -> list[Split]:
    """Folds: each row is to be answered by what was fitted without it.

    By time the earliest rows are answered by no fold, and each fold learns from all that is
    earlier; with groups too, from other groups' rows among these.

    Args:
        target, about: of the rows to divide.
        task: with "classification" each fold holds each class.
        most: how many folds at most.
        seed: decides what is drawn.
        repeats: how often the rows are divided anew; by time there is one way only.

    Returns:
        The folds of one division after those of another.

    Raises:
        TrainingError: no two folds hold each class.
    """
    if about.splits_at_random:
        return _drawn(target, task, most, seed, repeats)
    found: list[Split] = []
    for count in range(max(2, min(most, _parts_of(about))), 1, -1):
        found = [
            split
            for one in range(repeats)
            for split in _divided(target, about, task, count, seed + one)
        ]
        if not _lacking(found, target, task):
            return found
    _check_classes(found, target, about, task)
    return found


def refits(
    target: pd.Series, about: RowMetadata, task: str, most: int, seed: int
) -> list[Split]:
    """Folds of a whole table, for refits of its pipeline; see ``folds``.

    By time there are two, each as long as the test rows: errors grow with how far ahead a model
    looks.
    """
    if about.times is None:
        return folds(target, about, task, most, seed)
    found = list(_forward(about.times, REFITS, REFITTED_FRACTION))
    if about.groups is not None:
        found = _of_others(found, target, about.groups, task, seed)
    if task == "regression":  # whose ranges are learnt from the earlier of the unseen rows
        is_later(about.times.iloc[np.concatenate([unseen for _, unseen in found])], fewest=MEASURED)
    _check_classes(found, target, about, task)
    return found


def refits_of(about: RowMetadata, most: int) -> int:
    """How many refits of a pipeline for amounts there are, where so many are wanted."""
    if about.times is not None:
        return REFITS * (1 if about.groups is None else GROUPS_BESIDE_TIME)
    return min(most, _parts_of(about)) if about.groups is not None else most


def repeats_of(about: RowMetadata, wanted: int) -> int:
    """How often rows can be divided anew."""
    return wanted if about.times is None else 1


def parts(rows: int, about: RowMetadata, count: int, seed: int) -> npt.NDArray[np.intp]:
    """The part that each row belongs to, (rows,): of so many parts, each to be learnt without.

    Groups stay together where there are enough of them; by time each part is one stretch.
    """
    if about.times is not None:
        places = about.times.rank(method="first").to_numpy() - 1
        return np.asarray(places * count // rows, dtype=np.intp)
    random = np.random.default_rng(seed)
    if about.groups is not None and about.groups.nunique() >= count:
        group = about.groups.factorize()[0]
        return np.asarray((random.permutation(group.max() + 1) % count)[group], dtype=np.intp)
    return np.asarray(random.permutation(rows) % count, dtype=np.intp)


def folds_of(rows: int) -> int:
    """How many folds the rows of a table are divided into."""
    return next((folds for limit, folds in FOLDS if rows <= limit), FEWEST_FOLDS)


def folds_wanted(prepared: Prepared) -> int:
    """As many folds as the rows bear and as the smallest class has rows to learn from, up to 10."""
    rows = int(TRAIN_FRACTION * len(prepared.table))
    wanted = min(folds_of(rows), rows // ROWS_PER_FOLD)
    if prepared.task == "classification":
        smallest = prepared.table[prepared.target].value_counts().min()
        wanted = min(wanted, int(TRAIN_FRACTION * smallest))
    return max(wanted, 2)


def check_holdout(prepared: Prepared) -> None:
    """Refuse what cannot be split so that each class is on both sides.

    Raises:
        TrainingError: there are too few rows of a class, or of all of them.
    """
    counts = prepared.table[prepared.target].value_counts()
    held_back = len(prepared.table) - int(TRAIN_FRACTION * len(prepared.table))
    if counts.min() < FEWEST_OF_A_CLASS:
        few = int(counts.min())
        raise TrainingError(
            f"In the target '{prepared.target}' the class '{counts.idxmin()}' has "
            f"{few} row{'' if few == 1 else 's'}, but training needs three of each class: two to "
            "learn from, one in each of two folds, and one to test on. Remove that class, or merge "
            "it with another."
        )
    if held_back < len(counts):
        raise TrainingError(
            f"The {len(prepared.table)} rows are too few for the {len(counts)} classes of "
            f"'{prepared.target}': only {held_back} rows are kept for testing, less than one for "
            "each class. Add rows, or merge classes."
        )


def drawn_by_weight(weights: pd.Series, seed: int) -> Rows:
    """As many places of rows as there are, each about as often as it counts, (rows,)."""
    rows, ends = len(weights), np.cumsum(weights.to_numpy())
    # One draw from each of as many even stretches: a fixed step would beat with weights that recur.
    even = (np.arange(rows) + np.random.default_rng(seed).random(rows)) / rows * ends[-1]
    return np.asarray(np.searchsorted(ends, even), dtype=np.intp)


def _drawn(target: pd.Series, task: str, most: int, seed: int, repeats: int) -> list[Split]:
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

    kind: Any = RepeatedKFold if task == "regression" else RepeatedStratifiedKFold
    splitter = kind(n_splits=most, n_repeats=repeats, random_state=seed)
    return list(splitter.split(np.zeros(len(target)), target))


def _parts_of(about: RowMetadata) -> int:
    """Into how many folds the groups, or the moments, can be divided."""
    if about.times is not None:
        return int(about.times.nunique()) - 1
    return int(about.groups.nunique()) if about.groups is not None else 0


def _divided(
    target: pd.Series, about: RowMetadata, task: str, count: int, seed: int
) -> list[Split]:
    if about.times is None:
        if about.groups is None:
            raise ValueError("neither groups nor times")
        return _grouped(target, about.groups, task, count, seed)
    if about.groups is None:
        return list(_forward(about.times, count, LATER_FRACTION))
    stretches = _forward(about.times, max(2, count // GROUPS_BESIDE_TIME), LATER_FRACTION)
    return _of_others(stretches, target, about.groups, task, seed)


def _of_others(
    stretches: Iterable[Split], target: pd.Series, groups: pd.Series, task: str, seed: int
) -> list[Split]:
    """Each stretch in parts of whole groups, which are answered without their own earlier rows."""
    dealt = _grouped(target, groups, task, min(GROUPS_BESIDE_TIME, groups.nunique()), seed)
    crossed = [
        (np.setdiff1d(learnt, part), np.intersect1d(unseen, part))
        for learnt, unseen in stretches
        for _, part in dealt
    ]
    usable = [split for split in crossed if all(len(side) for side in split)]
    if len(usable) < 2:
        raise TrainingError(
            f"Too few values of {groups.name} have rows both early and late to be split by --group "
            "and by --time. Leave one of them out."
        )
    return usable


def _forward(times: pd.Series, count: int, share: float) -> Iterator[Split]:
    """Stretches of the moments, together this share of them, that learn from all that is earlier.
    """
    from sklearn.model_selection import TimeSeriesSplit

    moment = times.rank(method="dense").to_numpy().astype(np.intp) - 1
    moments = int(moment.max()) + 1
    stretch = max(1, int(share * moments) // count)
    for learnt, unseen in TimeSeriesSplit(count, test_size=stretch).split(np.arange(moments)):
        is_unseen = (moment >= unseen[0]) & (moment <= unseen[-1])
        yield np.flatnonzero(moment <= learnt[-1]), np.flatnonzero(is_unseen)


def _grouped(
    target: pd.Series, groups: pd.Series, task: str, count: int, seed: int
) -> list[Split]:
    """Folds of whole groups and about equally many rows; of classes, in about equal shares."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    rows, names = np.zeros(len(target)), groups.factorize()[0]
    known = int(names.max()) + 1
    if task == "classification" and known <= MOST_BALANCED:
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        return list(splitter.split(rows, target.to_numpy(), names))
    # GroupKFold deals groups of one size out in the order of their names, which are drawn here.
    drawn = np.random.default_rng(seed).permutation(known)[names]
    return list(GroupKFold(count).split(rows, groups=drawn))


def _later_holdout(prepared: Prepared, seed: int) -> Split:
    """The later rows; with groups, those of new ones and of a share that is not learnt from.

    Raises:
        TrainingError: too few rows are left on a side.
    """
    times, groups = prepared.about.times, prepared.about.groups
    if times is None:
        raise ValueError("no times")
    later = is_later(times).to_numpy()
    if groups is None:
        return _sides(~later)
    target = prepared.table[prepared.target]
    drawn = np.zeros(len(later), dtype=bool)
    drawn[_grouped_holdout(target, groups, prepared.task, seed)[1]] = True
    new = ~groups.isin(groups[~later].unique()).to_numpy()
    found = np.flatnonzero(~later & ~drawn), np.flatnonzero(later & (drawn | new))
    few = len(found[0]) < FEWEST_EARLIER or len(found[1]) < MEASURED
    if few or groups.iloc[found[0]].nunique() < 2:
        raise TrainingError(
            f"Of {len(later)} rows, {len(found[0])} are left to learn from and {len(found[1])} to "
            f"test on: by --time {times.name} and --group {groups.name}, test rows are later and "
            "of other groups. Leave one of them out, or add rows."
        )
    return found


def _grouped_holdout(target: pd.Series, groups: pd.Series, task: str, seed: int) -> Split:
    """Whole groups with about as many rows as there would be test rows at random."""
    count = min(GROUP_PARTS, int(groups.nunique()))
    if task == "classification":  # a class of few groups has one for testing
        by_class = groups.groupby(target.to_numpy()).nunique()
        count = max(FEWEST_OF_A_CLASS, min(count, int(by_class.min())))
    dealt = _grouped(target, groups, task, count, seed)
    parts = [unseen for _, unseen in dealt]
    usual = float(np.median([len(part) for part in parts]))
    parts.sort(key=lambda part: abs(len(part) - usual))  # one huge group is to be learnt from
    taken = max(1, round((1 - TRAIN_FRACTION) * count))
    return _sides(~np.isin(np.arange(len(target)), np.concatenate(parts[:taken])))


def _sides(learnt: Any) -> Split:
    learnt = np.asarray(learnt, dtype=bool)
    return np.flatnonzero(learnt), np.flatnonzero(~learnt)


def _lacking(splits: Sequence[Split], target: pd.Series, task: str) -> list[Any]:
    """Classes that a side of a split is without."""
    if task != "classification":
        return []
    codes, classes = target.factorize(sort=True)
    held = np.ones(len(classes), dtype=bool)
    for split in splits:
        for side in split:
            held &= np.bincount(codes[side], minlength=len(classes)) > 0
    return [label for label, is_held in zip(classes, held, strict=True) if not is_held]


def _check_classes(
    splits: Sequence[Split], target: pd.Series, about: RowMetadata, task: str
) -> None:
    """Raises TrainingError where a side of a split is without a class."""
    lacking = _lacking(splits, target, task)
    if not lacking:
        return
    label = lacking[0]
    rows = (target == label).to_numpy()
    where = []
    if about.groups is not None:
        count = int(about.groups[rows].nunique())
        where.append(f"in {count} value{'' if count == 1 else 's'} of '{about.groups.name}'")
    if about.times is not None:
        where.append(f"in the rows {_span(about.times[rows])}")
    options = [
        option
        for option, named in (("--group", about.groups), ("--time", about.times))
        if named is not None
    ]
    raise TrainingError(
        f"The class '{label}' of '{target.name}' is only {' and '.join(where)}, so the folds and "
        "the test rows cannot all hold it. Leave that class out, merge it with another, or train "
        f"without {' or '.join(options)}."
    )


def _span(times: pd.Series) -> str:
    return f"from {in_words(times.min())} to {in_words(times.max())} by '{times.name}'"


def in_words(moment: Any) -> str:
    """A date as 2024-05-31, a number as it is."""
    return f"{moment:%Y-%m-%d}" if hasattr(moment, "strftime") else f"{moment:.12g}"
