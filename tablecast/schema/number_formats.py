"""Numbers as people write them: ``1,234.5`` in one country is ``1.234,5`` in another.

A spelling is two characters: what stands between thousands, and the decimal sign. A table's numbers
are read by the only spelling that fits a whole column; the schema keeps it, and files of rows are
read by it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NUMBER_SPELLINGS = "tablecast_number_spellings"
"""A tidied table's attribute: column name to spelling, where it is not that of programs."""

#: In words, for notes.
SPELLINGS = {",.": "the thousands separator", ".,": "the decimal sign"}

#: Thousands by points, decimals after a comma; the one spelling that a program's number, such as
#: 1.234, may be mistaken for.
DECIMAL_COMMA = ".,"

_PATTERNS = {
    signs: re.compile(
        rf"[+-]?(?:[0-9]{{1,3}}(?:{re.escape(signs[0])}[0-9]{{3}})+|[0-9]+)"
        rf"(?:{re.escape(signs[1])}[0-9]+)?"
    )
    for signs in SPELLINGS
}

#: A number as programs write it.
PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def plain_number(text: str, spelling: str) -> str | None:
    """The number as programs write it; None where the text is none in this spelling."""
    if not _PATTERNS[spelling].fullmatch(text):
        return None
    thousands, decimal = spelling[0], spelling[1]
    return text.replace(thousands, "").replace(decimal, ".")


def readings(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Every spelling in which all texts are numbers: spelling to text to plain number."""
    kept = list(texts)
    found = {}
    for spelling in SPELLINGS:
        read = {text: plain_number(text, spelling) for text in kept}
        if None not in read.values():
            found[spelling] = {text: plain for text, plain in read.items() if plain is not None}
    return found


class Respelling:
    """Reads the cells of a column that training read in a spelling of its own.

    Most cells can mean one number only. One like ``1.234`` is a thousand where the column writes
    decimals after a comma, and little more than one where a program wrote the column; the first
    cells that leave no doubt decide, and until there is one, the way of the training table.
    """

    def __init__(self, spelling: str) -> None:
        self._spelling = spelling
        self._by_program = False
        self._decided = spelling != DECIMAL_COMMA

    def __call__(self, cells: Sequence[str]) -> list[str]:
        """The cells with every number as programs write it; others as they are."""
        texts = [cell.strip() for cell in cells]
        own = [plain_number(text, self._spelling) for text in texts]
        if not self._decided:
            self._decide(texts, own)
        if self._by_program:
            own = [None if PLAIN.fullmatch(text) else plain
                   for text, plain in zip(texts, own, strict=True)]
        return [cell if plain is None else plain for cell, plain in zip(cells, own, strict=True)]

    def _decide(self, texts: list[str], own: list[str | None]) -> None:
        for text, plain in zip(texts, own, strict=True):
            by_program = PLAIN.fullmatch(text) is not None
            if by_program != (plain is not None):
                self._by_program, self._decided = by_program, True
                return


DATE_FORMATS = "tablecast_date_formats"
