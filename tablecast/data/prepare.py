"""Preparation of a table: the task, the columns to ignore, and notes on what to check."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Literal

import numpy as np

from tablecast.data.columns import tidy
from tablecast.data.logged_table import first_of
from tablecast.data.prepared import Dropped, Prepared, named_id
from tablecast.data.row_metadata import NO_FEATURE, metadata_of, rows_in_words
from tablecast.data.split_hints import hints
from tablecast.data.task import TASKS, Task, infer_with_reason
from tablecast.errors import Remark, TableError
from tablecast.schema.form_keys import is_hashed
from tablecast.schema.options import ReadingOptions, column_named
from tablecast.schema.readings import reading_of, with_reading
from tablecast.schema.table_notes import (
    AS_ASKED,
    GAPS,
    GROWS,
    NEAR_ID,
    NO_ANSWER,
    REPEATED,
    STAYS_FEATURE,
    TASK,
    TASK_OR,
)

if TYPE_CHECKING:
    import pandas as pd


#: A column of text whose values are unique in more than this share of its rows tells rows apart,
#: and not kinds of rows: what is learnt of one of them holds for no other.
MOST_UNIQUE = 0.5
#: A target of more different numbers than this is nobody's classes.
MOST_CLASSES = 20

#: Sums of squares of amounts; a model squares once more, where it compares errors.
SMALLEST, LARGEST = 1e-150, 1e150

#: float32 holds ten times that, so that a request beyond the training range has room.
LARGEST_NUMBER = 1e37

#: Fewer rows leave at most six test rows, whose scores mean nothing.
MIN_ROWS = 20

#: Text of which half of the cells have at least so many words, and so many characters on average,
#: is prose: no names of things are that long.
PROSE_WORDS, PROSE_CHARACTERS = 5, 30

#: A column that is missing in more than this fraction of the rows is named.
MANY_GAPS = 0.5

#: Text with no more levels than a form offers as choices is never nearly an ID.
FEW_LEVELS = 50


def prepare(
    table: pd.DataFrame,
    target: str,
    task: Literal["auto", "regression", "classification"] = "auto",
    options: ReadingOptions | None = None,
) -> Prepared:
    """Clean a table, infer its task, and leave out what cannot be a feature.

    Args:
        table: any table, such as ``read_table`` gives; it is left as it is.
        target: the name of the column to predict.
        task: "auto" infers it from the target, unless the options say it.
        options: what a person says of the table.

    Raises:
        TableError: the table cannot be trained on; the message says why and what to do.
    """
    tidied = tidy(table, options=options)
    options = (options or ReadingOptions()).known_as(list(tidied.columns))
    reading = reading_of(tidied)
    notes: list[Remark] = list(reading.notes)
    target = column_named(target.strip(), list(tidied.columns))
    options.check_target(target)
    targets = tidied[target]
    _check_targets(targets)
    if without := int(targets.isna().sum()):
        notes.append(NO_ANSWER.filled(name=target, count=without))
    present, about = metadata_of(tidied, target, options, notes)
    _check_targets(targets[present])
    features = tidied.drop(columns=target)
    # Row ids are looked for in the table as it came: a row left out breaks their sequence.
    dropped = columns_to_drop(features, present, options)
    kept = features.drop(columns=[column.name for column in dropped])
    if kept.columns.empty:
        raise _nothing_left(target, dropped)
    _check_numbers(kept[present])
    clean = kept.assign(**{target: targets})[present].reset_index(drop=True)
    chosen = _choose_task(clean[target], options.task if task == "auto" else task, notes)
    if chosen == "classification":
        clean[target] = _as_classes(clean[target])
    if options.time in kept:
        name = str(options.time)
        notes.append(STAYS_FEATURE.filled(name=name, option=shlex.quote(name)))
    notes += flags(kept, clean, options.roles)
    table = with_reading(clean, reading)
    return Prepared(table, target, chosen, tuple(dropped), tuple(notes), about=about)


def _check_numbers(features: pd.DataFrame) -> None:
    """Refuse numbers that PyCaret, which computes in float32, would take for infinite."""
    for name, column in features.select_dtypes("number").items():
        if (far := column.abs().max()) > LARGEST_NUMBER:
            raise TableError(
                f"'{name}' holds {far:g}, and numbers are read up to {LARGEST_NUMBER:g}. Give the "
                f"column in another unit, or leave it out (--drop {shlex.quote(str(name))})."
            )


def _nothing_left(target: str, dropped: list[Dropped]) -> TableError:
    reasons = "; ".join(f"'{column.name}': {column.reason}" for column in dropped)
    why = f": {reasons}." if reasons else ", for the table has no other."
    return TableError(
        f"No column is left to predict '{target}' from{why} Add columns that say something about "
        "each row."
    )


def _check_targets(targets: pd.Series) -> None:
    """Refuse a target that nothing can be learnt from, whatever the task."""
    present = targets.dropna()
    name = targets.name
    if present.empty:
        raise TableError(
            f"The target '{name}' is missing in every row, so there is nothing to learn from. "
            "Choose another target, or fill in the column."
        )
    if len(present) < MIN_ROWS:
        raise TableError(
            f"Only {rows_in_words(len(present))} with a value in '{name}'. Training needs at least "
            f"{MIN_ROWS}, because some are kept for testing. Add rows."
        )
    if targets.dtype.kind == "M":
        raise TableError(
            f"The target '{name}' holds dates, which cannot be predicted. "
            "Turn it into a number, such as days since a fixed date."
        )
    if targets.dtype.kind not in "ifO":
        raise _unusable(name)
    if _distinct(present) == 1:
        raise TableError(
            f"The target '{name}' has the same value, '{present.iloc[0]}', in every row, so there "
            "is nothing to learn. Add rows with other values, or choose another target."
        )


def _choose_task(
    targets: pd.Series, task: Literal["auto", "regression", "classification"], notes: list[Remark]
) -> Task:
    task, note = task_of(targets, task)
    notes.append(note)
    if task == "regression" and targets.dtype == object:
        text = _first_text(targets)
        raise TableError(
            f"Regression needs numbers, but '{targets.name}' holds text such as '{text}'. Correct "
            f"those cells, treat them as missing (--missing {shlex.quote(text)}), or choose "
            "classification (--task classification)."
        )
    if task == "classification":
        _check_classes(targets)
    else:
        _check_amounts(targets)
    return task


def _check_amounts(targets: pd.Series) -> None:
    """Refuse amounts whose squares, which errors are compared by, no float64 can hold."""
    amounts = targets.to_numpy(np.float64)
    with np.errstate(over="ignore", under="ignore"):
        spread = np.square(np.ptp(amounts)) * len(amounts)
    if not SMALLEST < spread < LARGEST:
        raise TableError(
            f"The values of '{targets.name}' ({amounts.min():g} to {amounts.max():g}) are too "
            "large, or too near to one another, to be squared as errors are. Give them in another "
            "unit."
        )


def task_of(
    targets: pd.Series, task: Literal["auto", "regression", "classification"]
) -> tuple[Task, Remark]:
    """The task that a target asks for, unless a person says it, and why."""
    if task != "auto":
        return task, TASK.filled(task=Remark(TASKS[task]), reason=Remark("requested"))
    inferred, reason = infer_with_reason(targets)
    values = {"task": Remark(TASKS[inferred]), "reason": reason}
    other = "regression" if inferred == "classification" else "classification"
    if targets.dtype == object or not 2 < targets.nunique() <= MOST_CLASSES:
        return inferred, TASK.filled(**values)
    return inferred, TASK_OR.filled(**values, option=other)


def _first_text(targets: pd.Series) -> str:
    """The first value that is no number: the one cell to correct, if there is only one."""
    import pandas as pd

    odd = targets[pd.to_numeric(targets, errors="coerce").isna()]
    return str((odd if len(odd) else targets).iloc[0])


def _check_classes(targets: pd.Series) -> None:
    """Each class needs a row to learn from and a row to be tested on."""
    counts = targets.value_counts()
    single = counts[counts < 2]
    if single.empty:
        return
    raise TableError(
        f"{_only_once(single, len(counts), targets.name)}, but training needs each class twice: in "
        "the training rows and in the test rows. Remove those rows, or merge rare classes. If the "
        "values are amounts, choose regression (--task regression)."
    )


def _only_once(single: pd.Series, classes: int, target: object) -> str:
    if len(single) == 1:
        return f"The value '{single.index[0]}' of {target} occurs only once"
    if len(single) == classes:
        return f"All {classes:,} values of {target} occur only once"
    return f"{len(single):,} of the {classes:,} values of {target} occur only once"


def _as_classes(targets: pd.Series) -> pd.Series:
    """Whole floats, as a gap in the column makes them, back to whole numbers: 1 and not 1.0."""
    if targets.dtype.kind == "f" and (targets % 1 == 0).all():
        return targets.astype("int64")
    return targets


def columns_to_drop(
    features: pd.DataFrame, present: pd.Series, options: ReadingOptions
) -> list[Dropped]:
    """The columns that cannot be features, in the table's order.

    ``present`` marks the rows that have a target; a column must have something to say there.
    """
    dropped = []
    drop, keep, everywhere = set(options.drop), set(options.keep), bool(present.all())
    names = [str(name) for name in features.columns]
    logged = first_of(names, features.iat[0, 0] if features.size else None)
    for name, column in features.items():
        name = str(name)
        if name in drop:
            dropped.append(Dropped(name, AS_ASKED))
        elif reason := _why_useless(column if everywhere else column[present]):
            dropped.append(Dropped(name, reason))
        elif name not in keep and (
            reason := NO_FEATURE.get(options.roles.get(name, ""))
            or (FROM_LOG if name in logged and name not in options.roles.values() else None)
            or (HASHED_IN_LOG if logged and _begins_hashed(column) else None)
            or _why_id(column)
        ):
            dropped.append(Dropped(name, reason, keepable=True))
    return dropped


#: The old answer is no feature.
FROM_LOG = Remark("the prediction log wrote it")
HASHED_IN_LOG = Remark("the prediction log has only hashes of it, which nobody can type in")

_UNUSABLE = Remark("it holds neither numbers, dates nor text")


def _begins_hashed(column: pd.Series) -> bool:
    values = column.dropna()
    return not values.empty and is_hashed(str(values.iloc[0]))


def _why_useless(present: pd.Series) -> Remark | None:
    if present.isna().all():
        return Remark("it is empty")
    try:
        distinct = present.nunique()
    except TypeError:  # lists and dictionaries cannot be compared
        return _UNUSABLE
    if present.dtype.kind not in "ifMO" or isinstance(present.dropna().iloc[0], bytes):
        return _UNUSABLE
    if distinct == 1:
        value = str(present.dropna().iloc[0])
        if present.isna().any():
            return Remark(
                "its only value is “{value}”, and other rows have none. If a gap means no, fill it "
                "in with a word",
                values={"value": value},
            )
        return Remark("it has the same value (“{value}”) in every row", values={"value": value})
    return None


def _why_id(column: pd.Series) -> Remark | None:
    rules: dict[str, Callable[[pd.Series], Remark | None]] = {"i": _why_number_id, "O": _why_text}
    return rules.get(column.dtype.kind, lambda _: None)(column)


def _why_number_id(column: pd.Series) -> Remark | None:
    if not column.is_unique:
        return None
    if named_id(column):
        return Remark("it looks like an ID (a different value in every row)")
    years = column.min() >= 1000 and column.max() <= 2999  # one row a year is a time, not an id
    if column.max() - column.min() + 1 == len(column) and not years:
        return Remark("it numbers the rows")
    return None


def _why_text(column: pd.Series) -> Remark | None:
    texts = column.dropna()
    distinct = texts.nunique()
    fraction = distinct / len(texts)
    if fraction > 0.5 and _is_prose(texts):
        return Remark("it holds free text, which a form cannot offer as choices")
    if len(texts) < MIN_ROWS or fraction <= MOST_UNIQUE:
        return None
    if fraction == 1:
        return Remark("it looks like an ID (a different text in every row)")
    return Remark(
        "it looks like an ID ({count} different texts in {total} rows)",
        values={"count": int(distinct), "total": len(texts)},
    )


def _is_prose(texts: pd.Series) -> bool:
    words, characters = texts.str.count(r"\S+").median(), texts.str.len().mean()
    return bool(words >= PROSE_WORDS and characters >= PROSE_CHARACTERS)


def flags(
    features: pd.DataFrame, clean: pd.DataFrame, known: Collection[str] = ()
) -> list[Remark]:
    """What is kept, but worth a look before the figures are believed.

    Args:
        features: the columns that are kept, of all rows.
        clean: the rows that are learnt from.
        known: columns of which a person has said what they are.
    """
    notes = list(hints(clean[[name for name in features if name not in known]]))
    if repeated := int(clean.duplicated().sum()):
        notes.append(REPEATED.filled(count=repeated))
    hinted = {note.values.get("name") for note in notes}
    for name in map(str, features.columns):
        column = features[name]
        gaps = clean[name].isna().mean()
        if gaps > MANY_GAPS:
            notes.append(GAPS.filled(name=name, share=math.floor(100 * gaps) / 100))
        grows = column.dtype.kind == "i" and column.is_unique and column.is_monotonic_increasing
        if grows and name not in known and name not in hinted:
            notes.append(GROWS.filled(name=name, option=shlex.quote(name)))
        levels = column.nunique() if column.dtype == object else 0
        if levels > max(FEW_LEVELS, MOST_UNIQUE * column.count()):
            notes.append(NEAR_ID.filled(name=name, count=int(levels)))
    return notes


def _distinct(values: pd.Series) -> int:
    try:
        return int(values.nunique())
    except TypeError as error:
        raise _unusable(values.name) from error


def _unusable(target: object) -> TableError:
    return TableError(
        f"The target '{target}' holds neither numbers nor text. Turn it into numbers or text."
    )
