"""Prediction ranges as serving computes them: a few stored numbers around each prediction.

Each end of an interval is the answer plus an offset. The offset is a line through a few points of
the answer itself, and may add something for some fields' values (see ``conformal.py``, which
learns it). Nothing here needs more than numpy.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.schema.factors import FORMULAS
from tablecast.schema.field import Field, Value

Floats = npt.NDArray[np.float64]
#: Ends of ranges: float64, or int64 of a target of whole numbers.
Ends = npt.NDArray[Any]

#: A whole number that a sum has missed by less than this is meant.
HAIR = 1e-9
#: float64 holds every whole number up to here.
LARGEST_WHOLE = 2.0**53
#: What a deployment keeps of ``Limits``; those from before a name have none of it.
LIMITS = ("floor", "ceiling", "whole")

@dataclass(frozen=True)
class NumberTerm:
    """What a number field adds: ``slope * value``, the value held within its training range."""

    field: str
    index: int  # of the field in the schema
    slope: float
    low: float
    high: float
    typical: float  # stands for a missing value


@dataclass(frozen=True)
class LevelTerm:
    """What a category adds, level by level; nothing for a level that is not listed."""

    field: str
    index: int
    adds: Mapping[str, float]


@dataclass(frozen=True)
class Part:
    """A factor of a term: a number field's value, or what is made of it; or 1 for one level.

    Attributes:
        kind: as ``searched_terms.Factor`` names them: "value", "square", "log", "inverse",
            "above" and "beyond" (a cut); "level" for a category.
        low, high, typical: as ``NumberTerm`` has them.
    """

    field: str
    index: int
    kind: str = "level"
    level: str = ""
    cut: float = 0.0
    low: float = 0.0
    high: float = 0.0
    typical: float = 0.0

    def of_value(self, value: Any) -> float:
        """The factor of one value as the schema parsed it."""
        if self.kind == "level":
            return 1.0 if value == self.level else 0.0
        if value != value:  # NaN is missing
            value = self.typical
        value = self.low if value < self.low else self.high if value > self.high else value
        return float(FORMULAS[self.kind](value, self.cut, self.low))

    def of_column(self, values: npt.NDArray[Any]) -> Floats:
        """The factor of each row, shape (rows,), of a number field."""
        known = np.where(np.isnan(values), self.typical, values)
        known = np.clip(known, self.low, self.high)
        return np.asarray(FORMULAS[self.kind](known, self.cut, self.low), dtype=np.float64)


@dataclass(frozen=True)
class Term:
    """A weight times the product of its factors."""

    weight: float
    factors: tuple[Part, ...]


@dataclass(frozen=True)
class Edge:
    """One end of the interval, as an offset from the answer.

    Attributes:
        at: answers in increasing order; beyond the outermost ones the offset stays the same.
        offsets: the offset at each of them, a straight line between two.
        numbers, levels, terms: what the row's fields add.
    """

    at: tuple[float, ...]
    offsets: tuple[float, ...]
    numbers: tuple[NumberTerm, ...] = ()
    levels: tuple[LevelTerm, ...] = ()
    terms: tuple[Term, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any], indices: Mapping[str, int]) -> Edge:
        """Read an edge. ``indices`` gives each field's index in the schema."""
        return cls(
            tuple(data["at"]),
            tuple(data["offsets"]),
            tuple(NumberTerm(index=indices[term["field"]], **term) for term in data["numbers"]),
            tuple(LevelTerm(index=indices[term["field"]], **term) for term in data["levels"]),
            tuple(_read_term(term, indices) for term in data.get("terms", ())),
        )

    def of_row(self, prediction: float, values: Sequence[Value]) -> float:
        """The offset for one answer and its row's values in the schema's order."""
        offset = self.offsets[0] if len(self.at) == 1 else self._line(prediction)
        for index, slope, low, high, typical in self._numbers:
            value: Any = values[index]
            if value != value:  # NaN is missing
                value = typical
            offset += slope * (low if value < low else high if value > high else value)
        for index, adds in self._levels:
            offset += adds.get(values[index], 0.0)
        for term in self.terms:
            product = term.weight
            for part in term.factors:
                product *= part.of_value(values[part.index])
            offset += product
        return offset

    def of_columns(self, predictions: Floats, columns: Mapping[str, npt.NDArray[Any]]) -> Floats:
        """The offsets for many answers, shape (rows,), and their columns as engines read them."""
        offsets = np.interp(predictions, self.at, self.offsets)
        for number in self.numbers:
            values = columns[number.field]
            known = np.where(np.isnan(values), number.typical, values)
            offsets = offsets + number.slope * np.clip(known, number.low, number.high)
        indices = {name: levels.of(columns[name]) for name, levels in self._known_levels.items()}
        for level in self.levels:
            adds = [level.adds.get(known, 0.0) for known in self._known_levels[level.field]]
            offsets = offsets + np.array([*adds, 0.0])[indices[level.field]]
        for term in self.terms:
            parts = [
                (indices[part.field] == self._known_levels[part.field][part.level]) * 1.0
                if part.kind == "level"
                else part.of_column(columns[part.field])
                for part in term.factors
            ]
            offsets = offsets + term.weight * np.prod(parts, axis=0)
        return offsets

    @cached_property
    def _known_levels(self) -> Mapping[str, _Numbering]:
        """Text field to the place of each level that is told from others."""
        known: dict[str, _Numbering] = {}
        for category in self.levels:
            for level in category.adds:
                known.setdefault(category.field, _Numbering()).add(level)
        for term in self.terms:
            for part in term.factors:
                if part.kind == "level":
                    known.setdefault(part.field, _Numbering()).add(part.level)
        return known

    # Plain tuples: attributes of dataclasses would take most of the time that one row takes.
    @cached_property
    def _numbers(self) -> list[tuple[int, float, float, float, float]]:
        terms = self.numbers
        return [(term.index, term.slope, term.low, term.high, term.typical) for term in terms]

    @cached_property
    def _levels(self) -> list[tuple[int, Mapping[Any, float]]]:
        return [(term.index, term.adds) for term in self.levels]

    def _line(self, prediction: float) -> float:
        at, offsets = self.at, self.offsets
        after = bisect_right(at, prediction)
        if after == 0:
            return offsets[0]
        if after == len(at):
            return offsets[-1]
        left, right = at[after - 1], at[after]
        fraction = (prediction - left) / (right - left)
        return offsets[after - 1] + fraction * (offsets[after] - offsets[after - 1])


class _Numbering(dict[str, int]):
    """Levels to their places; any other's is -1, the last of an array."""

    def __missing__(self, _level: str) -> int:
        return -1

    def add(self, level: str) -> None:
        self.setdefault(level, len(self))

    def of(self, values: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        """The place of each row's level, shape (rows,)."""
        return np.fromiter(map(self.__getitem__, values.tolist()), np.intp, len(values))


@dataclass(frozen=True)
class Limits:
    """What the ends of a range are held to; the answer lies between them, whatever it is.

    Attributes:
        floor, ceiling: no range begins below the one or ends above the other.
        whole: whether the target is only ever a whole number: then so are both ends.
    """

    floor: float = -math.inf
    ceiling: float = math.inf
    whole: bool = False

    def of_row(self, prediction: float, low: float, high: float) -> tuple[float, float]:
        """Both ends for one answer; whole numbers are ints."""
        if self.whole:
            ends = self.of_rows(np.array([prediction]), np.array([low]), np.array([high]))
            return ends[0].item(), ends[1].item()
        return min(max(low, self.floor), prediction), max(min(high, self.ceiling), prediction)

    def of_rows(self, predictions: Floats, low: Floats, high: Floats) -> tuple[Ends, Ends]:
        """Both ends for many answers, each of shape (rows,): float64, or int64 where whole."""
        low, high = np.maximum(low, self.floor), np.minimum(high, self.ceiling)
        if not self.whole:
            return np.minimum(low, predictions), np.maximum(high, predictions)
        # Rounded inwards the same whole numbers lie inside.
        low, high = np.ceil(low - HAIR), np.floor(high + HAIR)
        return (
            _integers(np.minimum(low, np.floor(predictions))),
            _integers(np.maximum(high, np.ceil(predictions))),
        )


def _integers(values: Floats) -> Ends:
    return np.clip(values, -LARGEST_WHOLE, LARGEST_WHOLE).astype(np.int64)


@dataclass(frozen=True)
class Interval:
    """A deployment's prediction intervals.

    Attributes:
        level: the share of new rows whose true value lies inside, such as 0.9.
        lower, upper: the two ends.
        limits: what both are held to.
    """

    level: float
    lower: Edge
    upper: Edge
    limits: Limits = Limits()

    @classmethod
    def from_json(cls, data: Mapping[str, Any], fields: Sequence[Field]) -> Interval:
        """Read what ``tablecast.training.intervals.conformal`` stored."""
        indices = {field.name: index for index, field in enumerate(fields)}
        known = {name: data[name] for name in LIMITS if data.get(name) is not None}
        return cls(
            data["level"],
            Edge.from_json(data["lower"], indices),
            Edge.from_json(data["upper"], indices),
            Limits(**known),
        )

    def of_row(self, prediction: float, values: Sequence[Value]) -> tuple[float, float]:
        """Both ends for one answer, which lies between them."""
        below, above = self.lower.of_row(prediction, values), self.upper.of_row(prediction, values)
        return self.limits.of_row(prediction, prediction + below, prediction + above)

    def of_columns(
        self, predictions: Floats, columns: Mapping[str, npt.NDArray[Any]]
    ) -> tuple[Ends, Ends]:
        """Both ends for many answers, each of shape (rows,)."""
        low = predictions + self.lower.of_columns(predictions, columns)
        high = predictions + self.upper.of_columns(predictions, columns)
        return self.limits.of_rows(predictions, low, high)


def _read_term(data: Mapping[str, Any], indices: Mapping[str, int]) -> Term:
    parts = [Part(index=indices[factor["field"]], **factor) for factor in data["factors"]]
    return Term(data["weight"], tuple(parts))


def read_interval(description: Mapping[str, Any], fields: Sequence[Field]) -> Interval | None:
    """The intervals of a deployment's description; None for classes and for older deployments."""
    data = description.get("interval")
    return Interval.from_json(data, fields) if data else None
