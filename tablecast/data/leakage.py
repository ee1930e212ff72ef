"""Leaks: properties of a table that make scores too good, found before training.

A field that holds the answer, ids that several rows share, and rows in the order of time are
properties of the table. What equal rows do to the figures is known only once there are some; see
``tablecast.training.experiment.trained``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tablecast.data.prepared import Leak, named_id
from tablecast.data.row_metadata import RowMetadata
from tablecast.errors import Remark, TableError
from tablecast.i18n.language import N_

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared

Floats = NDArray[np.float64]

# Ranks that agree further than this are those of a copy: in another unit, rounded, or transformed.
SAME_RANKS = 0.9999
#: What one field reaches alone, by cross-validation, before it is named: R2, or balanced accuracy.
NEARLY_ALL = 0.99
#: How far the next best field must stand behind; where it does not, the target is just easy.
FAR_BEHIND = 0.95
# Enough rows to tell 0.99 from 0.9, and a tenth of a second for each field.
ROWS = 2_000
# scikit-learn's usual folds; leaves of three rows, so that none knows a single row by heart.
FOLDS = 5
LEAST_LEAF = 3
#: The best of the others that are measured too, to see how far behind they stand.
NEXT_BEST = 3
# Fewer different ids, over so many rows, are groups that new rows belong to as well.
FEWEST_IDS = 20
#: Of the neighbouring rows so many must be in order to call the table sorted.
IN_ORDER = 0.99


_SORTED = N_(
    "The rows are sorted by {name} ({first} to {last}), but the test rows are drawn at random, so "
    "training looks into the future. If you will predict later rows from earlier ones, the scores "
    "are too optimistic. Train on the earlier rows and test on the later ones ({option})."
)
_DATED = N_(
    "The rows have a date, {name} ({first} to {last}), but the test rows are drawn at random, so "
    "training looks into the future. If you will predict later rows from earlier ones, the scores "
    "are too optimistic. Train on the earlier rows and test on the later ones ({option})."
)


def without_leaks(prepared: Prepared, keep: Collection[str] = ()) -> Prepared:
    """The table with its leaks named in its notes.

    Args:
        prepared: what ``tablecast.data.sources.prepare`` gives.
        keep: columns that are known to be there before the answer is, whatever they look like.

    Raises:
        TableError: a column is the target in disguise, and is not among ``keep``.
    """
    leaks = leaks_of(prepared)
    disguised = [leak for leak in leaks if leak.kind == "disguise" and leak.field not in keep]
    if disguised:
        raise TableError(" ".join(str(leak.message) for leak in disguised))
    known = ("disguise", "alone")  # what keeping a column vouches for
    return named(
        prepared, [leak for leak in leaks if leak.field not in keep or leak.kind not in known]
    )


def named(prepared: Prepared, leaks: Sequence[Leak]) -> Prepared:
    """The table with these leaks among its notes."""
    notes = (*prepared.notes, *(leak.message for leak in leaks))
    return replace(prepared, notes=notes, leaks=tuple(leaks))


def leaks_of(prepared: Prepared) -> list[Leak]:
    """Every leak that the table itself shows, the worst first."""
    table, target = prepared.table, prepared.table[prepared.target]
    fields = table.drop(columns=prepared.target)
    disguised = [_disguise(name, prepared) for name in fields if _same(fields[name], target)]
    rest = fields.drop(columns=[str(leak.field) for leak in disguised])
    return [*disguised, *_alone(rest, prepared), *split_leaks(rest, prepared.about)]


def split_leaks(fields: pd.DataFrame, about: RowMetadata) -> list[Leak]:
    """What rows drawn at random tear apart, where nobody has said how they are to be split."""
    ids = [] if about.groups is not None else _ids(fields)
    return [*ids, *(_order(fields) if about.times is None else [])]


def _disguise(name: str, prepared: Prepared) -> Leak:
    return Leak("disguise", name, Remark(
        "{name} is the target {target} in another form: each of its values belongs to one value of "
        "{target}. Leave it out ({drop}). If it is really known before {target}, keep it ({keep}).",
        values={
            "name": name, "target": prepared.target,
            "drop": _option("--drop", name), "keep": _option("--keep", name),
        },
    ))


def _option(option: str, name: str) -> str:
    import shlex

    return f"{option} {shlex.quote(name)}"


def _same(column: pd.Series, target: pd.Series) -> bool:
    """Whether a column says the same as the target in other words.

    Dates are left alone: what grows with time is no copy of it.
    """
    known = column.notna()
    if column.dtype.kind == "M" or known.mean() < 0.5 or column[known].nunique() < 2:
        return False
    column, target = column[known], target[known]
    if column.dtype.kind in "if" and target.dtype.kind in "if" and target.nunique() > 2:
        agree = column.rank().corr(target.rank())
        return bool(abs(agree) >= SAME_RANKS)
    return _one_to_one(column, target)


def _one_to_one(column: pd.Series, target: pd.Series) -> bool:
    """Whether each value belongs to one answer and the other way round, several rows each."""
    values = column.nunique()
    if values != target.nunique() or 2 * values > len(column):
        return False
    pairs = column.astype(str) + "\0" + target.astype(str)
    return bool(pairs.nunique() == values)


def _alone(fields: pd.DataFrame, prepared: Prepared) -> list[Leak]:
    """Fields that tell the target almost without the others."""
    step = max(1, len(fields) // ROWS)
    sample, wanted = fields.iloc[::step], prepared.table[prepared.target].iloc[::step]
    classes = prepared.task == "classification"
    goal = wanted.astype(str).factorize()[0] if classes else wanted.to_numpy(np.float64)
    names = _promising(sample, goal, classes)
    scores = {name: _score(_as_numbers(sample[name]), goal, classes) for name in names}
    behind = max((score for score in scores.values() if score < NEARLY_ALL), default=0.0)
    if len(names) < 2 or behind >= FAR_BEHIND:
        return []
    return [
        _named_alone(name, score, behind, prepared)
        for name, score in scores.items()
        if score >= NEARLY_ALL
    ]


def _promising(fields: pd.DataFrame, goal: NDArray[Any], classes: bool) -> list[str]:
    """The fields that could do it, and the next best: a tree answers its own rows, too well."""
    own = {str(name): _on_own_rows(_as_numbers(fields[name]), goal, classes) for name in fields}
    ranked = sorted(own, key=lambda name: -own[name])
    could = [name for name in ranked if own[name] >= NEARLY_ALL]
    return ranked[: len(could) + NEXT_BEST]


def _on_own_rows(column: Floats, goal: NDArray[Any], classes: bool) -> float:
    tree = _tree(goal, classes).fit(column.reshape(-1, 1), goal)
    return float(tree.score(column.reshape(-1, 1), goal))


def _tree(goal: NDArray[Any], classes: bool) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if not classes:
        return DecisionTreeRegressor(min_samples_leaf=LEAST_LEAF, random_state=0)
    leaf = max(1, min(LEAST_LEAF, int(np.bincount(goal).min()) - 1))
    return DecisionTreeClassifier(
        min_samples_leaf=leaf, class_weight="balanced", random_state=0
    )


def _named_alone(name: str, score: float, behind: float, prepared: Prepared) -> Leak:
    measure = N_("R2") if prepared.task == "regression" else N_("balanced accuracy")
    message = Remark(
        "Possible leak: {name} alone predicts {target} almost perfectly ({measure} {score:.3f}; "
        "the next best field {next:.2f}). If {name} becomes known only with {target} or later, all "
        "scores are too optimistic. Leave it out ({drop}).",
        values={
            "name": name, "target": prepared.target, "measure": Remark(measure),
            "score": score, "next": max(behind, 0), "drop": _option("--drop", name),
        },
    )
    return Leak("alone", name, message, {"score": score, "next": behind})


def _score(column: Floats, goal: NDArray[Any], classes: bool) -> float:
    """R2 or balanced accuracy of a tree on one column, on rows that it was not fitted on."""
    from sklearn.metrics import balanced_accuracy_score, r2_score
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

    fewest = int(np.bincount(goal).min()) if classes else FOLDS
    if fewest < 2:
        return 0.0
    kind: Any = StratifiedKFold if classes else KFold
    folds = kind(min(FOLDS, fewest), shuffle=True, random_state=0)
    predicted = cross_val_predict(_tree(goal, classes), column.reshape(-1, 1), goal, cv=folds)
    return float(balanced_accuracy_score(goal, predicted) if classes else r2_score(goal, predicted))


def _as_numbers(column: pd.Series) -> Floats:
    """Levels as numbers, which a deep tree tells apart in any order; a gap is a value too."""
    if column.dtype.kind in "if":
        numbers = column.to_numpy(np.float64)
    elif column.dtype.kind == "M":
        numbers = column.to_numpy("datetime64[s]").astype(np.float64)
        numbers = np.where(column.isna(), np.nan, numbers)
    else:
        codes = column.astype(str).where(column.notna()).factorize()[0].astype(np.float64)
        numbers = np.where(codes < 0, np.nan, codes)
    least = np.nanmin(numbers) if np.isfinite(numbers).any() else 0.0
    return np.asarray(np.where(np.isfinite(numbers), numbers, least - 1), dtype=np.float32)


def _ids(fields: pd.DataFrame) -> list[Leak]:
    """Ids that several rows share: the folds tear them apart."""
    return [
        _shared_ids(str(name), len(column), int(column.nunique()))
        for name, column in fields.items()
        if named_id(column) and FEWEST_IDS <= column.nunique() < column.count()
    ]


def _shared_ids(name: str, rows: int, ids: int) -> Leak:
    message = Remark(
        "Possible leak: {name} looks like an ID, and {count} rows share {ids} values of it. Rows "
        "with the same value are in both the training and the test rows. The scores hold for known "
        "values; for new values they are too optimistic. If you will predict for new values: "
        "{group}. To train without it: {drop}.",
        values={
            "name": name, "count": rows, "ids": ids, "group": _option("--group", name),
            "drop": _option("--drop", name),
        },
    )
    return Leak("ids", name, message, {"ids": float(ids)})


def _order(fields: pd.DataFrame) -> list[Leak]:
    """Dates: folds drawn at random learn from the future."""
    leaks = []
    for name, column in fields.items():
        if column.dtype.kind != "M":
            continue
        days = column.dropna()
        steps = np.diff(days.to_numpy("datetime64[s]").astype(np.int64))
        moving = steps[steps != 0]
        forward = (moving > 0).mean() if len(moving) >= FEWEST_IDS else 0.5
        ordered = max(forward, 1 - forward) >= IN_ORDER
        message = _SORTED if ordered else _DATED
        values = {
            "name": str(name), "first": f"{days.min():%Y-%m-%d}", "last": f"{days.max():%Y-%m-%d}",
            "option": _option("--time", str(name)),
        }
        leak = Leak("order", str(name), Remark(message, values=values), {"ordered": float(ordered)})
        leaks.append(leak)
    return leaks
