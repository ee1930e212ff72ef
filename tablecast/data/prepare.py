"""What a table can teach: the task, the columns that cannot be features, and what to look at."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from tablecast.data.columns import tidy
from tablecast.data.prepared import Dropped, Prepared, named_id
from tablecast.data.task import Task, infer_with_reason
from tablecast.errors import TableError
from tablecast.schema.options import ReadingOptions, column_named
from tablecast.schema.readings import reading_of, with_reading
from tablecast.schema.table_notes import (
    AS_ASKED,
    GAPS,
    GROWS,
    NEAR_ID,
    NO_ANSWER,
    REPEATED,
    TASK,
    TASK_ASKED,
    TASK_OR,
    Note,
)

if TYPE_CHECKING:
    import pandas as pd


#: A column of text whose values are unique in more than this share of its rows tells rows apart,
#: and not kinds of rows: what is learnt of one of them holds for no other.
MOST_UNIQUE = 0.5
#: A target of more different numbers than this is nobody's classes.
MOST_CLASSES = 20

MIN_ROWS = 20
"""Fewer leave a holdout of six rows, from which no figure means anything."""

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
    notes: list[str] = list(reading.notes)
    target = column_named(target.strip(), list(tidied.columns))
    _check_dropped(target, options)
    answers = tidied[target]
    _check_answers(answers)
    present = answers.notna()
    features = tidied.drop(columns=target)
    # Row ids are looked for in the table as it came: a row left out breaks their sequence.
    dropped = columns_to_drop(features, present, options)
    kept = features.drop(columns=[column.name for column in dropped])
    if kept.columns.empty:
        raise _nothing_left(target, dropped)
    clean = kept.assign(**{target: answers})[present].reset_index(drop=True)
    if without := int((~present).sum()):
        notes.append(Note(NO_ANSWER, target, rows=_rows(without)))
    chosen = _choose_task(clean[target], options.task if task == "auto" else task, notes)
    if chosen == "classification":
        clean[target] = _as_classes(clean[target])
    notes += flags(kept, clean)
    return Prepared(with_reading(clean, reading), target, chosen, tuple(dropped), tuple(notes))


def _check_dropped(target: str, options: ReadingOptions) -> None:
    if target in options.drop:
        raise TableError(f"The target '{target}' cannot be left out. Drop other columns.")


def _nothing_left(target: str, dropped: list[Dropped]) -> TableError:
    return TableError(
        f"No column is left to predict '{target}' from: "
        + "; ".join(f"'{column.name}' {column.reason}" for column in dropped)
        + ". Add columns that say something about each row."
    )


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
    task, note = task_of(answers, task)
    notes.append(note)
    if task == "regression" and answers.dtype == object:
        text = _first_text(answers)
        raise TableError(
            f"Regression needs numbers, but '{answers.name}' holds text such as '{text}'. Correct "
            f"those cells, take them as missing (--missing {shlex.quote(text)}), or choose "
            "classification (--task classification)."
        )
    if task == "classification":
        _check_classes(answers)
    return task


def task_of(
    answers: pd.Series, task: Literal["auto", "regression", "classification"]
) -> tuple[Task, Note]:
    """The task that a target asks for, unless a person says it, and why."""
    if task != "auto":
        return task, Note(TASK_ASKED, task=task)
    inferred, reason = infer_with_reason(answers)
    other = "regression" if inferred == "classification" else "classification"
    if answers.dtype == object or not 2 < answers.nunique() <= MOST_CLASSES:
        return inferred, Note(TASK, str(answers.name), task=inferred, reason=reason)
    return inferred, Note(
        TASK_OR, str(answers.name), task=inferred, reason=reason, option=other
    )


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
        "values are amounts, choose regression (--task regression)."
    )


def _as_classes(answers: pd.Series) -> pd.Series:
    """Whole floats, as a gap in the column makes them, back to whole numbers: 1 and not 1.0."""
    if answers.dtype.kind == "f" and (answers % 1 == 0).all():
        return answers.astype("int64")
    return answers


def columns_to_drop(
    features: pd.DataFrame, present: pd.Series, options: ReadingOptions
) -> list[Dropped]:
    """The columns that cannot be features, in the table's order.

    ``present`` marks the rows that have a target; a column must have something to say there.
    """
    dropped = []
    for name in map(str, features.columns):
        if name in options.drop:
            dropped.append(Dropped(name, AS_ASKED))
        elif reason := _why_useless(features[name][present]):
            dropped.append(Dropped(name, reason))
        elif name not in options.keep and (reason := _why_id(features[name])):
            dropped.append(Dropped(name, reason, keepable=True))
    return dropped


_UNUSABLE = "holds neither numbers, dates nor text"


def _why_useless(present: pd.Series) -> str:
    if present.isna().all():
        return "is empty in every row"
    try:
        distinct = present.nunique()
    except TypeError:  # lists and dictionaries cannot be compared
        return _UNUSABLE
    if present.dtype.kind not in "ifMO" or isinstance(present.dropna().iloc[0], bytes):
        return _UNUSABLE
    if distinct == 1:
        return f"has the same value, '{present.dropna().iloc[0]}', in every row"
    return ""


def _why_id(column: pd.Series) -> str:
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
    distinct = texts.nunique()
    share = distinct / len(texts)
    words = texts.str.count(r"\S+").median()
    if share > 0.5 and words >= 5 and texts.str.len().mean() >= 30:
        return "holds free text, which a form's choices cannot stand for"
    if len(texts) < MIN_ROWS or share <= MOST_UNIQUE:
        return ""
    if share == 1:
        return "is an id: a different text in every row"
    return f"is nearly an id: {distinct:,} different texts in {len(texts):,} rows"


def flags(features: pd.DataFrame, clean: pd.DataFrame) -> list[Note]:
    """What is kept, but worth a look before the figures are believed."""
    notes = []
    if repeated := int(clean.duplicated().sum()):
        notes.append(Note(REPEATED, rows=_rows(repeated)))
    for name in map(str, features.columns):
        column = features[name]
        gaps = clean[name].isna().mean()
        if gaps > 0.5:
            notes.append(Note(GAPS, name, share=str(math.floor(100 * gaps))))
        if column.dtype.kind == "i" and column.is_unique and column.is_monotonic_increasing:
            notes.append(Note(GROWS, name, option=shlex.quote(name)))
        if column.dtype == object and column.nunique() > max(50, MOST_UNIQUE * column.count()):
            notes.append(Note(NEAR_ID, name, count=f"{column.nunique():,}"))
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
