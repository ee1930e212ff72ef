"""Rounding of a model card's figures to the digits that mean something."""

from __future__ import annotations

import math
from typing import Any

#: A relative step of 1 in 10,000 cannot be seen in any picture, nor matters in any table.
DIGITS = 5


def rounded(value: float, digits: int = DIGITS) -> float:
    """A number to so many significant digits; what is not finite stays."""
    number = float(value)
    if not number or not math.isfinite(number):
        return number
    return round(number, digits - 1 - math.floor(math.log10(abs(number))))


def fraction(value: float) -> float:
    """A share of 1 to four decimals, as a hundredth of a per cent."""
    return round(float(value), 4)


def all_rounded(values: Any) -> list[float]:
    """Each number of a sequence, ``rounded``."""
    return [rounded(value) for value in values]
