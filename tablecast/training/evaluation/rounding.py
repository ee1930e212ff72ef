"""Rounding of a model card's figures to the digits that mean something."""

from __future__ import annotations

from typing import Any

#: A relative step of 1 in 10,000 cannot be seen in any picture, nor matters in any table.
DIGITS = 5


def rounded(value: float, digits: int = DIGITS) -> float:
    """A number to so many significant digits; what is not finite stays."""
    return float(f"{value:.{digits}g}")


def fraction(value: float) -> float:
    """A fraction to four decimals, a hundredth of a per cent."""
    return round(float(value), 4)


def readable(value: float) -> str:
    """A figure for the terminal: four digits, and no decimals from 10,000 on."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"


def all_rounded(values: Any) -> list[float]:
    """Each number of a sequence, ``rounded``."""
    return [rounded(value) for value in values]
