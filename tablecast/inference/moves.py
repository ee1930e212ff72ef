"""The values that a field could have instead of a case's own, and how far each of them is.

Only what training has seen: a level, or a number within the training range. How far a number moves
is the share of the training rows that lie between: from the median to the largest value is a half,
whatever the unit. Another level is the farther the rarer it is.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.marginals import Background, Marginal
from tablecast.schema.field import Field, Value
from tablecast.schema.schema import Row, Schema

#: Numbers that are tried of a field whose distribution is not known, and levels of any category.
POINTS, MOST_LEVELS = 25, 50

#: Numbers are suggested as multiples of about a hundredth of what the field spans: a body mass
#: index of 27.8, a plot of 8,900 square feet.
FINENESS = 100

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Move:
    """What one field could change to.

    Attributes:
        place: the field's place in the schema.
        field, present: the field, and the case's own value.
        values: (values,) what it could be, as engines take it; the present value is not among them.
        costs: (values,) how far each is from the present value, from 0 to 1.
    """

    place: int
    field: Field
    present: Value
    values: npt.NDArray[np.generic]
    costs: Array
    marginal: Marginal | None

    def between(self, start: Value, end: Value, count: int) -> tuple[Array, Array]:
        """Round numbers from one to another, the nearest to the present one first, and their costs.

        Neither end is among them. Empty where the field has levels or choices, or one is missing.
        """
        field, present = self.field, self.present
        if field.is_text or field.choices or start != start:
            return np.empty(0), np.empty(0)
        spread = np.linspace(float(start), float(end), count + 1)
        points = np.unique(_rounded(field, spread, self.marginal))
        seen = [_is_seen(field, at) for at in points.tolist()]
        low, high = sorted((float(start), float(end)))
        inner = (points > low) & (points < high)
        points = points[inner & np.array(seen)]
        points = points[np.argsort(np.abs(points - float(present)), kind="stable")]
        return points, _number_costs(field, float(present), points, self.marginal)


def moves_of(schema: Schema, background: Background | None, row: Row) -> list[Move]:
    """What each field of a case could change to, but for those that nobody can change."""
    moves = []
    for place, (field, present) in enumerate(zip(schema.fields, row.values, strict=True)):
        marginal = background.marginals[field.name] if background else None
        seen = [] if field.fixed else _seen(field, marginal)
        values = [value for value in seen if value != present and _goes(field, present, value)]
        if values:
            costs = _costs(field, present, values, marginal)
            moves.append(Move(place, field, present, field.array(values), costs, marginal))
    return moves


def _goes(field: Field, present: Value, value: Value) -> bool:
    """Whether a field that can only rise or fall can become this; from nowhere it cannot."""
    if not field.only:
        return True
    start, end = float(present), float(value)
    return end > start if field.only == "up" else end < start


def _is_seen(field: Field, value: float) -> bool:
    """Whether a number lies within the training range."""
    low, high = field.minimum, field.maximum
    return low is not None and high is not None and low <= value <= high


def _seen(field: Field, marginal: Marginal | None) -> list[Value]:
    """Levels, choices, or numbers spread as training's are, both ends of the range among them."""
    frequency = _shares(marginal)
    if field.is_text:
        return field.grid(POINTS, MOST_LEVELS, frequency)
    if field.choices:
        return [float(choice.value) for choice in field.choices]
    if not frequency or field.minimum is None or field.maximum is None:
        return field.grid(POINTS, MOST_LEVELS, frequency)
    known = (value for value in map(float, frequency) if _is_seen(field, value))
    return sorted({field.minimum, field.maximum, *known})


def _costs(
    field: Field, present: Value, values: list[Value], marginal: Marginal | None
) -> Array:
    if field.is_text:
        shares = _shares(marginal)
        return np.array([1 - shares.get(value, 0.0) for value in values])
    return _number_costs(field, float(present), field.array(values), marginal)


def _number_costs(
    field: Field, present: float, values: Array, marginal: Marginal | None
) -> Array:
    """The share of training between the present number and each other one."""
    at, below = _distribution(field, marginal)
    start = 0.5 if math.isnan(present) else np.interp(present, at, below)
    costs: Array = np.abs(np.interp(values, at, below) - start)
    return costs


def _distribution(field: Field, marginal: Marginal | None) -> tuple[Array, Array]:
    """Rising numbers, and the share of training below each; half of those that have it count."""
    at, each = np.array(sorted(_numbers(field, marginal).items())).T
    below = (np.cumsum(each) - each / 2) / each.sum()
    ends = [*_range(field), *at]
    return np.array([min(ends), *at, max(ends)]), np.array([0.0, *below, 1.0])


def _numbers(field: Field, marginal: Marginal | None) -> Mapping[Any, float]:
    """Each known number's share; without a distribution both ends of the range count alike."""
    return _shares(marginal) or Counter(_range(field))


def _range(field: Field) -> list[float]:
    return [end for end in (field.minimum, field.maximum) if end is not None]


def _shares(marginal: Marginal | None) -> dict[Value, float]:
    """Each known value's share; a missing one is none."""
    if marginal is None:
        return {}
    pairs = zip(marginal.values, marginal.frequencies.tolist(), strict=True)
    return {value: share for value, share in pairs if value not in ("",) and value == value}


def _rounded(field: Field, points: Array, marginal: Marginal | None) -> Array:
    known = _numbers(field, marginal)
    span = max(known) - min(known)
    if not span:
        return points
    step = 10.0 ** math.floor(math.log10(span)) / FINENESS
    decimals = -math.floor(math.log10(step))  # without the noise of the multiplication
    return field.nearest(np.round(np.round(points / step) * step, decimals))
