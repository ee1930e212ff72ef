"""The task that fits a target: regression or classification."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tablecast.errors import Remark, counted
from tablecast.i18n.language import N_

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["regression", "classification"]

#: A number with more distinct values than the first is an amount. With more than the second it is a
#: code only if its values are about equally common: people give few things numbers by hand.
MOST_CODES, MANY_CODES = 20, 10
#: With fewer rows for each value, no class could be learnt and tested.
ROWS_OF_A_CODE = 5
#: Fewer values have no shape that could show a grade.
FEWEST_GRADES = 5

#: What a reader calls each task.
TASKS: Mapping[Task, str] = {
    "regression": N_("regression"), "classification": N_("classification")
}

FEW = counted("{name} has {count} value", "{name} has {count} values")


def infer_task(target_column: pd.Series) -> Task:
    """Whether the target's values are amounts to estimate or classes to tell apart.

    Text is classes, and so is anything with two values. Numbers with fractions, or with more than
    20 distinct values, are amounts. Between 3 and 20 distinct whole numbers, what counts is
    whether they look like *codes* or like a *grade or count*:

    * codes are few, or have gaps in their numbering, or occur about equally often; glass types
      1, 2, 3, 5, 6, 7 have a gap, iris species numbered 0, 1, 2 are few;
    * a grade or a count has at least five values without a gap, piles up in one place, and gets
      rare towards an end: wine's quality, 3 to 9, has 30, 216, 2138, 2836, 1079, 193 and 5 rows.
      Estimating it as an amount keeps its order, which classes would throw away;
    * more than ten values are codes only if they occur about equally often;
    * with fewer than five rows a value, no class could be learnt, so they are amounts.
    """
    return infer_with_reason(target_column)[0]


def infer_with_reason(column: pd.Series) -> tuple[Task, Remark]:
    """The task, and the reason for it."""
    values = column.dropna()
    task, reason = _task_of(values)
    named = {"name": str(column.name), "count": int(values.nunique()), "total": len(values)}
    return task, reason.filled(**named)


def _task_of(values: pd.Series) -> tuple[Task, Remark]:
    """The task that values without a gap ask for, and the reason."""
    from pandas.api import types

    distinct = values.nunique()
    if types.is_bool_dtype(values) or not types.is_numeric_dtype(values):
        return "classification", counted(
            "{name} is text with {count} value", "{name} is text with {count} values", 0
        )
    if distinct <= 2:
        return "classification", FEW
    if distinct > MOST_CODES:
        return "regression", Remark("{name} is a number with {count} different values")
    if (values % 1 != 0).any():
        return "regression", Remark("{name} has decimals")
    if len(values) < ROWS_OF_A_CODE * distinct:
        return "regression", Remark("{name} has {count} values in only {total} rows")
    return _codes_or_grade(values)


def _codes_or_grade(values: pd.Series) -> tuple[Task, Remark]:
    """For 3 to 20 distinct whole numbers: see :func:`infer_task`."""
    counts = values.value_counts().sort_index()
    if len(counts) < FEWEST_GRADES:
        return "classification", FEW
    if 2 * counts.min() >= counts.max():
        return "classification", Remark(
            "the {count} values of {name} are about equally common, as codes are"
        )
    if len(counts) > MANY_CODES:
        return "regression", Remark("{name} is a whole number with {count} different values")
    if counts.index[-1] - counts.index[0] + 1 > len(counts):
        return "classification", Remark("the {count} values of {name} skip numbers, as codes do")
    if _is_graded(counts.tolist()):
        return "regression", Remark(
            "the {count} values of {name} look like grades: consecutive, and rare at one end"
        )
    return "classification", Remark(
        "the {count} values of {name} look like codes: their frequencies follow no order"
    )


def _is_graded(counts: list[int]) -> bool:
    """One peak, up to the scatter of a count (two standard deviations), and a thin end."""
    peak = counts.index(max(counts))
    sides = (counts[: peak + 1], counts[: -len(counts) + peak - 1 : -1])
    steps = [step for side in sides for step in pairwise(side)]
    one_peak = all(low <= high + 2 * low**0.5 for low, high in steps)
    return one_peak and 4 * min(counts[0], counts[-1]) <= counts[peak]
