"""Rows for the proof: random ones made from the fields' ranges and levels, and a graph's inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tablecast.schema.column_kinds import column_kind
from tablecast.schema.field import Field

# Often enough that 2,000 rows hold many of each, rarely enough that most rows are plausible.
MISSING_FRACTION = 0.08
UNKNOWN_FRACTION = 0.04
OUTSIDE_FRACTION = 0.10
# PyCaret drops a date's columns where over 10% of a batch lack it, so well below that.
MISSING_DATE_FRACTION = 0.04
UNKNOWN = "\u2047 never seen"


def random_rows(fields: Sequence[Field], rows: int, seed: int) -> pd.DataFrame:
    """Random rows typed as the training table, made from aggregates only.

    Of each column 8% are missing where training had missing values, 4% of the texts are unknown,
    and 10% of the numbers lie outside the training range, up to a range's width away.

    Args:
        fields: the raw columns.
        rows: how many rows.
        seed: the same seed makes the same rows.
    """
    random = np.random.default_rng(seed)
    return pd.DataFrame({field.name: _column(field, rows, random) for field in fields})


def inputs_of(fields: Sequence[Field], table: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """A table as the graph's inputs: one array of shape (rows, 1) for each field."""
    return {
        field.name: field.array_of_table(table[field.name]).reshape(-1, 1) for field in fields
    }


def _column(field: Field, rows: int, random: np.random.Generator) -> pd.Series:
    if field.is_text:
        return _texts(field, rows, random)
    low, high = field.minimum, field.maximum
    if low is None or high is None or low != low:
        return pd.Series(np.full(rows, np.nan))
    numbers = random.uniform(low, high, rows)
    outside = random.random(rows) < OUTSIDE_FRACTION
    reach = random.uniform(0, high - low, rows)
    below = (random.random(rows) < 0.5) & _may_be_below(low, high, field.hard_minimum)
    numbers = np.where(outside, np.where(below, low - reach, high + reach), numbers)
    numbers = field.nearest(numbers)
    if not field.required:
        fraction = MISSING_DATE_FRACTION if field.graph_input == "moment" else MISSING_FRACTION
        numbers[random.random(rows) < fraction] = np.nan
    return column_kind(field).series(field, numbers)


def _may_be_below(low: float, high: float, hard_minimum: float | None) -> bool:
    """Whether a value up to the training range's width below it passes the form."""
    return hard_minimum is None or hard_minimum <= low - (high - low)


def _texts(field: Field, rows: int, random: np.random.Generator) -> pd.Series:
    """Levels as the training table holds them; unknown ones too, where its type can hold one."""
    levels: list[Any] = list(field.levels)
    if field.dtype == "bool":
        return pd.Series(random.choice([level == "True" for level in levels], rows))
    unknown: Any = UNKNOWN
    if field.dtype != "object":
        levels = [float(level) for level in levels]
        unknown = max(levels) + 1
    values = np.array(random.choice(np.array(levels, dtype=object), rows), dtype=object)
    values[random.random(rows) < UNKNOWN_FRACTION] = unknown
    if not field.required:
        values[random.random(rows) < MISSING_FRACTION] = np.nan
    column = pd.Series(values)
    if field.dtype == "object":
        return column
    return column.astype(np.float64 if column.isna().any() else field.dtype)
