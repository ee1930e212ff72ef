"""Texts that mean the same, and values as sentences write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: How much of a person's own text an error repeats.
QUOTED_LENGTH = 40

#: Whole floats below this are exact, and are written without a point.
EXACT_WHOLE = 2**53


def fold(text: str) -> str:
    """The spelling under which letter case and surrounding spaces do not count."""
    return text.strip().casefold()


def canonical_text(value: Any) -> str:
    """One text for a category however it is written: 60, 60.0 and "60" are all ``"60"``."""
    return value if isinstance(value, str) else str(without_point(value))


def without_point(value: Any) -> Any:
    """A float that is a whole number as an int; any other value as it is."""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_WHOLE:
        return int(value)
    return value


def class_names(classes: Iterable[Any]) -> list[int | str]:
    """Classes as every surface spells them, in their order: whole numbers, or else texts."""
    known = list(classes)
    if all(isinstance(one, int | float) and float(one).is_integer() for one in known):
        return [int(one) for one in known]
    return [canonical_text(one) for one in known]


def show_number(value: float) -> str:
    """A number without needless digits; at most 12 significant ones."""
    return f"{value:.12g}"


def quoted(value: Any) -> str:
    """A person's own value, shortened, for use in a sentence."""
    text = value if isinstance(value, str) else _outline(value)
    short = text if len(text) <= QUOTED_LENGTH else text[: QUOTED_LENGTH - 1] + "…"
    return f"“{short}”"


def _outline(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
