"""What a table can teach: the task, the columns that cannot be features, and what to look at."""

from __future__ import annotations

import math
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from tablecast.data.columns import tidy
from tablecast.data.prepared import Dropped, Prepared, named_id
from tablecast.data.task import Task, infer_with_reason
from tablecast.errors import TableError
from tablecast.schema.number_formats import DATE_FORMATS, NUMBER_SPELLINGS

if TYPE_CHECKING:
    import pandas as pd


MIN_ROWS = 20
"""Fewer leave a holdout of six rows, from which no figure means anything."""

def prepare(
    table: pd.DataFrame, target: str, task: Literal["auto", "regression", "classification"] = "auto"
) -> Prepared:
    """Clean a table, infer its task, and leave out what cannot be a feature.

    Args:
        table: any table, such as ``read_table`` gives; it is left as it is.
        target: the name of the column to predict.
        task: "auto" infers it from the target.

    Raises:
        TableError: the table cannot be trained on; the message says why and what to do.
    """
    tidied, notes = tidy(table)
    # What reading the file said may be said again here: once is enough.
    notes = list(dict.fromkeys([*table.attrs.get("tablecast_notes", ()), *notes]))
    target = _find_target(tidied, target.strip())
    answers = tidied[target]
    _check_answers(answers)
    present = answers.notna()
    features = tidied.drop(columns=target)
    # Row ids are looked for in the table as it came: a row left out breaks their sequence.
    dropped = _columns_to_drop(features, present)
    kept = features.drop(columns=[column.name for column in dropped])
    if kept.columns.empty:
        raise _nothing_left(target, dropped)
    clean = kept.assign(**{target: answers})[present].reset_index(drop=True)
    # A table that was read from a file is tidied already, and its dates are dates by now.
    spelt = (DATE_FORMATS, NUMBER_SPELLINGS)
    clean.attrs = {key: table.attrs.get(key, {}) | tidied.attrs[key] for key in spelt}
    if without := int((~present).sum()):
        notes.append(f"{_rows(without)} without a value in '{target}' left out.")
    chosen = _choose_task(clean[target], task, notes)
    if chosen == "classification":
        clean[target] = _as_classes(clean[target])
    return Prepared(clean, target, chosen, tuple(dropped), (*notes, *flags(kept, clean)))


def _nothing_left(target: str, dropped: list[Dropped]) -> TableError:
    return TableError(
        f"No column is left to predict '{target}' from: "
        + "; ".join(f"'{column.name}' {column.reason}" for column in dropped)
        + ". Add columns that say something about each row."
    )


def _find_target(table: pd.DataFrame, target: str) -> str:
    if target in table.columns:
        return target
    names = [str(name) for name in table.columns]
    by_case = {name.casefold(): name for name in names}
    near = get_close_matches(target.casefold(), by_case, n=1, cutoff=0.5)
    hint = f"Did you mean '{by_case[near[0]]}'? " if near else ""
    listed = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    raise TableError(f"The table has no column '{target}'. {hint}Its columns are: {listed}.")


def _check_answers(answers: pd.Series) -> None:
    """Refuse a target that nothing can be learnt from, whatever the task."""
    present = answers.dropna()
    name = answers.name
    if present.empty:
        raise TableError(
            f"The target '{name}' is missing in every row, so there is nothing to learn from. "
            "Choose another target, or fill in the column."
        )
    if len(present) < MIN_ROWS:
        raise TableError(
            f"Only {_rows(len(present))} with a value in '{name}'; training needs at least "
            f"{MIN_ROWS} to hold some back for testing. Add rows."
        )
    if answers.dtype.kind == "M":
        raise TableError(
            f"The target '{name}' holds dates, which can be features but not answers. "
            "Turn it into a number, such as days since a fixed date."
        )
    if answers.dtype.kind not in "ifO":
        raise TableError(f"The target '{name}' {_UNUSABLE}. Turn it into numbers or text.")
    if _distinct(present) == 1:
        raise TableError(
            f"The target '{name}' has only one class or value, '{present.iloc[0]}', in every row, "
            "so there is nothing to tell apart. Add rows with another, or choose another target."
        )


def _choose_task(
    answers: pd.Series, task: Literal["auto", "regression", "classification"], notes: list[str]
) -> Task:
    if task == "auto":
        inferred, reason = infer_with_reason(answers)
        notes.append(f"The task is {inferred}, since '{answers.name}': {reason}.")
        task = inferred
    else:
        notes.append(f"The task is {task}, as asked for.")
    if task == "regression" and answers.dtype == object:
        raise TableError(
            f"Regression needs numbers, but '{answers.name}' holds text such as "
            f"'{_first_text(answers)}'. Correct those cells, or choose classification."
        )
    if task == "classification":
        _check_classes(answers)
    return task


def _first_text(answers: pd.Series) -> str:
    """The first value that is no number: the one cell to correct, if there is only one."""
    import pandas as pd

    odd = answers[pd.to_numeric(answers, errors="coerce").isna()]
    return str((odd if len(odd) else answers).iloc[0])


def _check_classes(answers: pd.Series) -> None:
    """Each class needs a row to learn from and a row to be tested on."""
    counts = answers.value_counts()
    single = counts[counts < 2]
    if single.empty:
        return
    one = len(single) == 1
    which = f"class '{single.index[0]}' has" if one else f"{len(single):,} classes have"
    raise TableError(
        f"In the target '{answers.name}' the {which} a single row, and training needs two of each, "
        "to learn from and to test on. Leave those rows out, merge the rare classes, or, if the "
        "values are amounts, choose regression."
    )


def _as_classes(answers: pd.Series) -> pd.Series:
    """Whole floats, as a gap in the column makes them, back to whole numbers: 1 and not 1.0."""
    if answers.dtype.kind == "f" and (answers % 1 == 0).all():
        return answers.astype("int64")
    return answers


def _columns_to_drop(features: pd.DataFrame, present: pd.Series) -> list[Dropped]:
    """The columns that cannot be features, in the table's order.

    ``present`` marks the rows that have a target; a column must have something to say there.
    """
    dropped = []
    for name in features.columns:
        if reason := _why_drop(features[name], features[name][present]):
            dropped.append(Dropped(str(name), reason))
    return dropped


_UNUSABLE = "holds neither numbers, dates nor text"


def _why_drop(column: pd.Series, present: pd.Series) -> str:
    if present.isna().all():
        return "is empty in every row"
    try:
        distinct = present.nunique()
    except TypeError:  # lists and dictionaries cannot be compared
        return _UNUSABLE
    if column.dtype.kind not in "ifMO" or isinstance(present.dropna().iloc[0], bytes):
        return _UNUSABLE
    if distinct == 1:
        return f"has the same value, '{present.dropna().iloc[0]}', in every row"
    rules: dict[str, Callable[[pd.Series], str]] = {"i": _why_number_id, "O": _why_text}
    return rules.get(column.dtype.kind, lambda _: "")(column)


def _why_number_id(column: pd.Series) -> str:
    if not column.is_unique:
        return ""
    if named_id(column):
        return "is an id: named like one, and different in every row"
    years = column.min() >= 1000 and column.max() <= 2999  # one row a year is a time, not an id
    if column.max() - column.min() + 1 == len(column) and not years:
        return "numbers the rows"
    return ""


def _why_text(column: pd.Series) -> str:
    texts = column.dropna()
    share = texts.nunique() / len(texts)
    words = texts.str.count(r"\S+").median()
    if share > 0.5 and words >= 5 and texts.str.len().mean() >= 30:
        return "holds free text, which a form's choices cannot stand for"
    if len(texts) >= MIN_ROWS and share == 1:
        return "is an id: a different text in every row"
    return ""


def flags(features: pd.DataFrame, clean: pd.DataFrame) -> list[str]:
    """What is kept, but worth a look before the figures are believed."""
    notes = []
    if repeated := int(clean.duplicated().sum()):
        notes.append(
            f"{_rows(repeated)} equal to an earlier row: if that is no coincidence, the holdout's "
            "figures are too good."
        )
    for name in features.columns:
        column = features[name]
        gaps = clean[name].isna().mean()
        if gaps > 0.5:
            notes.append(f"'{name}' is missing in {math.floor(100 * gaps)}% of the rows.")
        if column.dtype.kind == "i" and column.is_unique and column.is_monotonic_increasing:
            notes.append(f"'{name}' grows from row to row: is it an id or a time?")
        if column.dtype == object and column.nunique() > max(50, 0.5 * column.count()):
            notes.append(f"'{name}' is nearly an id: {column.nunique():,} different texts.")
    return notes


def _distinct(values: pd.Series) -> int:
    try:
        return int(values.nunique())
    except TypeError as error:
        raise TableError(
            f"The target '{values.name}' {_UNUSABLE}. Turn it into numbers or text."
        ) from error


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
