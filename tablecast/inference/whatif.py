"""What-if: how the prediction changes with one field, for every field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Columns, Engine, Label
from tablecast.inference.interval import Interval
from tablecast.inference.marginals import Background
from tablecast.inference.shapley import followed
from tablecast.schema.field import Value
from tablecast.schema.schema import Row, Schema

#: Points of a curve: a bend that falls between 25 of them is too small to be seen on 240 px.
POINTS = 25

#: Levels of a category that are answered: more bars are not compared but searched.
MOST_LEVELS = 12


@dataclass(frozen=True)
class Course:
    """The answers as one field takes other values and all others stay.

    Attributes:
        field: its name.
        values: numbers in rising order, or levels in the form's order; missing is not among them.
        answers: the target's number at each value, or the probability of the answered class.
        present: the place of the row's own value; None where the row has none.
        ranges: the prediction interval at each value; empty where the deployment has none.
    """

    field: str
    values: tuple[Value, ...]
    answers: tuple[float, ...]
    present: int | None
    ranges: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class WhatIf:
    """All courses of one row.

    Attributes:
        answer: the row's own answer, or the probability of its class.
        label: the class whose probability is shown; None for a number.
        courses: one for each field that was asked for, in the schema's order.
    """

    answer: float
    label: Label | None
    courses: tuple[Course, ...]


def what_if(
    schema: Schema,
    engine: Engine,
    row: Row,
    background: Background | None = None,
    most: int | None = None,
    interval: Interval | None = None,
) -> WhatIf:
    """Every field's course, from one call of the engine.

    Args:
        schema, engine: what answers.
        row: a valid row.
        background: with it, an open category's most frequent levels are taken; else its first.
        interval: with it, every answer has its range.
        most: how many fields have a course, the first ones; None for all.
    """
    frequency = background.frequent if background else {}
    tried = [
        field.grid(POINTS, MOST_LEVELS, frequency.get(field.name, {}), value)
        if most is None or index < most else []
        for index, (field, value) in enumerate(zip(schema.fields, row.values, strict=True))
    ]
    columns = _columns(schema, row, tried)
    numbers, label = followed(schema, engine, columns)
    ranges = _ranges(interval, numbers, columns)
    predictions = numbers.tolist()
    ends = np.cumsum([len(values) for values in tried]).tolist()
    courses = tuple(
        Course(
            field.name,
            tuple(values),
            tuple(predictions[end - len(values) : end]),
            values.index(value) if value in values else None,
            tuple(ranges[end - len(values) : end]),
        )
        for field, value, values, end in zip(schema.fields, row.values, tried, ends, strict=True)
    )
    return WhatIf(predictions[-1], label, courses[:most])


def _columns(
    schema: Schema, row: Row, tried: Sequence[Sequence[Value]]
) -> dict[str, npt.NDArray[Any]]:
    """A row for each tried value in turn, and the row itself at the end."""
    count = sum(map(len, tried)) + 1
    columns = schema.columns_of_one(row, count)
    end = 0
    for field, values in zip(schema.fields, tried, strict=True):
        columns[field.name][end : end + len(values)] = values
        end += len(values)
    return columns


def _ranges(
    interval: Interval | None, predictions: npt.NDArray[np.float64], columns: Columns
) -> list[tuple[float, float]]:
    if interval is None:
        return []
    low, high = interval.of_columns(predictions, columns)
    return list(zip(low.tolist(), high.tolist(), strict=True))
