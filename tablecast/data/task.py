"""What a target asks for: an amount to estimate, or classes to tell apart."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["regression", "classification"]


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


def infer_with_reason(column: pd.Series) -> tuple[Task, str]:
    """The task, and the reason as the second half of a sentence."""
    from pandas.api import types

    values = column.dropna()
    distinct = values.nunique()
    kinds = f"{distinct:,} different values"
    if types.is_bool_dtype(column) or not types.is_numeric_dtype(column):
        return "classification", f"it holds text with {kinds}"
    if distinct <= 2:
        return "classification", f"it holds only {kinds}"
    if distinct > 20:
        return "regression", f"it holds numbers with {kinds}"
    if (values % 1 != 0).any():
        return "regression", "it holds numbers with fractions"
    if len(values) < 5 * distinct:
        return "regression", f"it holds {kinds} in only {len(values):,} rows"
    return _codes_or_grade(values, kinds)


def _codes_or_grade(values: pd.Series, kinds: str) -> tuple[Task, str]:
    """For 3 to 20 distinct whole numbers: see :func:`infer_task`."""
    counts = values.value_counts().sort_index()
    if len(counts) < 5:
        return "classification", f"it holds only {kinds}"
    if 2 * counts.min() >= counts.max():
        return "classification", f"its {kinds} occur about equally often, as codes do"
    if len(counts) > 10:
        return "regression", f"it holds whole numbers with {kinds}"
    if counts.index[-1] - counts.index[0] + 1 > len(counts):
        return "classification", f"its {kinds} have gaps in their numbering, as codes do"
    if _is_graded(counts.tolist()):
        return "regression", f"its {kinds} are graded: next to each other, and rare at an end"
    return "classification", f"its {kinds} follow no order in how often they occur"


def _is_graded(counts: list[int]) -> bool:
    """One peak, up to the scatter of a count (two standard deviations), and a thin end."""
    peak = counts.index(max(counts))
    sides = (counts[: peak + 1], counts[: -len(counts) + peak - 1 : -1])
    steps = [step for side in sides for step in pairwise(side)]
    one_peak = all(low <= high + 2 * low**0.5 for low, high in steps)
    return one_peak and 4 * min(counts[0], counts[-1]) <= counts[peak]
