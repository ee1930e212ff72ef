"""The ends of a range in SQL, as ``inference.interval`` computes them."""

import math
from collections.abc import Callable, Mapping, Sequence

from tablecast.export.sql.dialects import Dialect
from tablecast.export.sql.words import number_of, text_of
from tablecast.inference.interval import HAIR, Edge, Interval, NumberTerm, Part

#: What a kind of factor makes of a value; ``schema.factors.FORMULAS`` has the same in Python.
FORMULAS: Mapping[str, str] = {
    "value": "{value}",
    "square": "{value} * {value}",
    "inverse": "1e0 / {value}",
    "log": "ln({value} - {low} + 1e0)",
    "above": "CASE WHEN {value} > {cut} THEN 1e0 ELSE 0e0 END",
    "beyond": "CASE WHEN {value} > {cut} THEN {value} - {cut} ELSE 0e0 END",
}


class Ranges:
    """Writes both ends, given the columns of the fields' values."""

    def __init__(self, dialect: Dialect, values: Sequence[str]) -> None:
        self._dialect = dialect
        self._values = values

    def ends(self, interval: Interval, prediction: str) -> tuple[str, str]:
        """The two ends before they are held to the limits."""
        low, high = (self._offset(edge, prediction) for edge in (interval.lower, interval.upper))
        return f"{prediction} + {low}", f"{prediction} + {high}"

    def held(self, interval: Interval, prediction: str, low: str, high: str) -> tuple[str, str]:
        """Both ends within the limits; the answer lies between them."""
        limits = interval.limits
        if math.isfinite(limits.floor):
            low = _greater(low, self._number(limits.floor))
        if math.isfinite(limits.ceiling):
            high = _smaller(high, self._number(limits.ceiling))
        if not limits.whole:
            return _smaller(low, prediction), _greater(high, prediction)
        hair = self._number(HAIR)
        return (
            _smaller(f"ceil({low} - {hair})", f"floor({prediction})"),
            _greater(f"floor({high} + {hair})", f"ceil({prediction})"),
        )

    def _offset(self, edge: Edge, prediction: str) -> str:
        parts = [self._line(edge, prediction)]
        for number in edge.numbers:
            parts.append(f"{self._number(number.slope)} * {self._within(number)}")
        for level in edge.levels:
            adds = {known: self._number(added) for known, added in level.adds.items()}
            parts.append(_by_text(self._values[level.index], adds))
        for term in edge.terms:
            factors = [f"({self._factor(part)})" for part in term.factors]
            parts.append(" * ".join([self._number(term.weight), *factors]))
        return "(" + " + ".join(parts) + ")"

    def _line(self, edge: Edge, prediction: str) -> str:
        at, offsets = edge.at, edge.offsets
        cases = [f"WHEN {prediction} <= {self._number(at[0])} THEN {self._number(offsets[0])}"]
        for i in range(1, len(at)):
            slope = (offsets[i] - offsets[i - 1]) / (at[i] - at[i - 1])
            gap = f"({prediction} - {self._number(at[i - 1])})"
            line = f"{self._number(offsets[i - 1])} + {gap} * {self._number(slope)}"
            cases.append(f"WHEN {prediction} < {self._number(at[i])} THEN {line}")
        return f"CASE {' '.join(cases)} ELSE {self._number(offsets[-1])} END"

    def _within(self, term: NumberTerm | Part) -> str:
        low, high = self._number(term.low), self._number(term.high)
        value = f"coalesce({self._values[term.index]}, {self._number(term.typical)})"
        ends = f"WHEN {value} < {low} THEN {low} WHEN {value} > {high} THEN {high}"
        return f"CASE {ends} ELSE {value} END"

    def _factor(self, part: Part) -> str:
        if part.kind == "level":
            return _by_text(self._values[part.index], {part.level: "1e0"})
        return FORMULAS[part.kind].format(
            value=f"({self._within(part)})", low=self._number(part.low), cut=self._number(part.cut)
        )

    @property
    def _number(self) -> Callable[[float], str]:
        return lambda number: number_of(self._dialect, number)


def _by_text(value: str, words: Mapping[str, str]) -> str:
    cases = "".join(f" WHEN {text_of(text)} THEN {word}" for text, word in words.items())
    return f"CASE {value}{cases} ELSE 0e0 END" if cases else "0e0"


def _greater(a: str, b: str) -> str:
    return f"CASE WHEN {a} > {b} THEN {a} ELSE {b} END"


def _smaller(a: str, b: str) -> str:
    return f"CASE WHEN {a} < {b} THEN {a} ELSE {b} END"
