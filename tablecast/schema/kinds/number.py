"""A number with decimals."""

import math
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from tablecast.errors import Remark
from tablecast.i18n.formats import number, with_unit
from tablecast.i18n.language import N_
from tablecast.schema.field import NotPlain, Refusal, Value
from tablecast.schema.kinds.amount import AmountField, Floats
from tablecast.schema.number_formats import (
    DECIMAL_COMMA,
    PLAIN,
    other_meaning,
    plain_number,
    words_of_unit,
    written,
)
from tablecast.schema.texts import quoted

#: From here on a reader does not miss the fraction.
LARGE = 10_000


class NumberField(AmountField):
    """A number with fractions, as JSON and a person write it."""

    kind_words = N_("Number")
    reading_option = "number"
    cells = "numbers"
    json_types: tuple[type, ...] = (int, float)

    def amount_of(self, value: Any, *, text: bool) -> float:
        if isinstance(value, str):  # from a program, too: one text is one number everywhere
            value = self._number_in(value.strip())
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse("Enter {field} as a number, for example {example}.",
                              example=self.example)
        amount = _to_float(value)
        if not math.isfinite(amount):
            raise self.refuse("Enter {field} as a finite number, for example {example}.",
                              example=self.example)
        return amount

    def rules(self) -> dict[str, Any]:
        units: set[str] = set().union(*map(words_of_unit, ("", *self._units)))
        return super().rules() | {"spelling": self.spelling, "units": sorted(units)}

    def plain_reader(self) -> Callable[[Any], Value]:
        if self.minimum is None or self.maximum is None:
            return super().plain_reader()
        return _between(self.minimum, self.maximum, self.json_types)

    def json_limits(self) -> dict[str, Any]:
        limits = {"minimum": self.hard_minimum, "maximum": self.hard_maximum}
        known = {key: self.json_value(limit) for key, limit in limits.items() if limit is not None}
        return {"type": "number", **known}

    def in_words(self, value: Value) -> str:
        amount = float(value)
        text = number(amount, ",.4g" if abs(amount) < LARGE else ",.0f")
        return with_unit(text, self.unit)

    def mean_of(self, group: Floats, known: Floats) -> float:
        """With digits to a thousandth of the range."""
        mean, spread = float(group.mean()), float(known[-1] - known[0])
        return round(mean, 3 - math.floor(math.log10(spread))) if spread else mean

    def show_known(self, value: Value) -> str:
        """With the decimal sign with which ``read`` takes it again."""
        return written(super().show_known(value), self.spelling)

    def two_meanings(self, text: str) -> Remark | None:
        """What to say of a text that means one number in one country and another elsewhere."""
        both = other_meaning(text, self.spelling)
        if both is None:
            return None
        return Remark(
            "{field}: {value} may be {first} or {second}; write it without the sign between.",
            self.name, {"value": quoted(text), "first": both[0], "second": both[1]},
        )

    @cached_property
    def _units(self) -> tuple[str, ...]:
        """What may be written beside a number: its unit, and one that its name tells, weight_kg."""
        named = re.findall(r"[^\W\d_]{2,}", f"{self.name} {self.label}")
        return (self.unit, self.written_unit, *named)

    def _number_in(self, text: str) -> float | str:
        """The number that a text spells, else the text."""
        if self.spelling != DECIMAL_COMMA and PLAIN.fullmatch(text):
            return float(text)
        plain = plain_number(text, self.spelling, self._units)
        if plain is None and PLAIN.fullmatch(text):  # a program's, in a table of commas
            return float(text)
        # Where training saw no sign between thousands, nobody knows what 1,234 means.
        doubt = None if self.spelling or "," not in text else self.two_meanings(text)
        if doubt:
            raise Refusal(doubt)
        return text if plain is None else float(plain)


def _between(low: float, high: float, types: tuple[type, ...]) -> Callable[[Any], Value]:
    def read(value: Any) -> Value:
        if type(value) in types and low <= value <= high:
            return value  # type: ignore[no-any-return]
        raise NotPlain

    return read


def _to_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int with hundreds of digits
        return math.inf
