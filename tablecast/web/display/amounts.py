"""How the numbers of a prediction are written, so that people can compare them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tablecast.i18n.formats import number, percent, with_unit
from tablecast.schema.schema import Schema

#: Digits of an amount that a person compares.
DIGITS = 4
#: Decimals of an answer whose unit stands before it.
MONEY = 2


@dataclass(frozen=True)
class Wording:
    """How the explained numbers are written: amounts of one size alike, probabilities in per cent.

    Attributes:
        unit: the target's; "" for a probability.
        decimals: of every amount.
        is_probability: whether the numbers are probabilities.
    """

    unit: str
    decimals: int
    is_probability: bool = False

    def of(self, value: float) -> str:
        """``$12,835``, ``5.63 points`` or ``29.2%``."""
        if self.is_probability:
            return percent(value, 1)
        sign = "−" if round(value, self.decimals) < 0 else ""
        return sign + with_unit(number(abs(value), f",.{self.decimals}f"), self.unit)

    def change(self, value: float) -> str:
        """The same with its sign; a probability changes by percentage points."""
        sign = "−" if value < 0 else "+"
        if self.is_probability:
            return f"{sign}{number(abs(100 * value), '.1f')}"
        return sign + with_unit(number(abs(value), f",.{self.decimals}f"), self.unit)

    def error(self, value: float) -> str:
        """A standard error, without the unit that stands before it."""
        if self.is_probability:
            return f"± {number(100 * value, '.1f')}"
        return f"± {number(value, f',.{self.decimals}f')}"


def wording_of(schema: Schema, largest: float) -> Wording:
    """How answers up to this size are written: with four digits, and all with the same decimals."""
    if schema.task == "classification":
        return Wording("", 1, is_probability=True)
    size = math.floor(math.log10(largest)) if largest else 0
    return Wording(schema.target_unit, max(0, DIGITS - 1 - size))
