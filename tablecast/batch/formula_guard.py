"""Protection against cells that a spreadsheet would run as formulas."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

#: How a text begins that a spreadsheet may take for a formula (OWASP, “CSV injection”).
RISKY = frozenset("=+-@\t\r")

#: A number in any country's spelling holds nothing that a formula needs.
_SPELT = r"[+-][.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?%?"
_NUMBER = re.compile(_SPELT)

#: The beginning of a cell that is not safe, where each has a line of its own.
_UNSAFE = re.compile(rf"\n(?!{_SPELT}(?:\n|\Z))[=+\-@\t\r]")


def guarded(records: list[list[str]]) -> list[list[str]]:
    """The same rows, where no cell can act as a formula in a spreadsheet.

    An apostrophe is put before a text that starts with one of ``RISKY``; numbers stay.
    """
    cells = ["", *chain.from_iterable(records)]
    text = "\n".join(cells)
    if not _may_be_risky(text):  # nearly always
        return records
    if text.count("\n") == len(cells) - 1 and not _UNSAFE.search(text):
        return records
    return [[_safe(cell) if cell[:1] in RISKY else cell for cell in record] for record in records]


def lines_are_safe(lines: Sequence[str], separator: str) -> bool:
    """Whether ``guarded`` would leave the cells of these lines, in which none is quoted."""
    text = separator.join(("", *lines)).replace(separator, "\n")
    return not _may_be_risky(text) or not _UNSAFE.search(text)


def _may_be_risky(text: str) -> bool:
    """Whether one of ``RISKY`` is first in a line; one sign is found much faster than two."""
    return any(f"\n{sign}" in text for sign in RISKY if sign in text)


def _safe(text: str) -> str:
    return f"'{text}" if text[:1] in RISKY and not _NUMBER.fullmatch(text) else text


def safe_column(values: Sequence[Any]) -> Sequence[Any]:
    """The same values, texts as ``guarded`` makes them."""
    if str not in set(map(type, values)):
        return values
    safe = {value: _safe(value) for value in set(values) if isinstance(value, str)}
    return [safe.get(value, value) for value in values]


def without_apostrophe(text: str) -> str:
    """The text that ``guarded`` put an apostrophe before; any other text as it is."""
    return text[1:] if text[:1] == "'" and text[1:2] in RISKY else text
