"""Some rows of a CSV file, as Python's csv reader or a plain split returned them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from operator import itemgetter


@dataclass(frozen=True)
class CsvChunk:
    """Rows that Python's reader read.

    Attributes:
        records: the rows, each a list of cells.
        lines: the number, from 1, of the line on which each row begins.
    """

    records: list[list[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.records)

    def column(self, index: int) -> list[str]:
        """The cells of one column."""
        return list(map(itemgetter(index), self.records))

    def location_of(self, row: int) -> tuple[str, int]:
        """Where a person finds a row: ``("line", 17)``."""
        return "line", self.lines[row]


@dataclass(frozen=True)
class PlainChunk:
    """Rows of which each is one line that is only to be cut at its separators.

    Attributes:
        texts: the lines, without their ends.
        first: the number of the first one, from 1.
        separator, width: what stands between cells, and how many there are in each row.
    """

    texts: list[str]
    first: int
    separator: str
    width: int

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def cells(self) -> list[str]:
        """Every cell, row by row."""
        # Once for all rows, and not line by line: that takes a third of the time.
        return self.separator.join(self.texts).split(self.separator)

    @property
    def records(self) -> list[list[str]]:
        """The rows as ``CsvChunk`` has them."""
        return [text.split(self.separator) for text in self.texts]

    def column(self, index: int) -> list[str]:
        """The cells of one column."""
        return self.cells[index :: self.width]

    def location_of(self, row: int) -> tuple[str, int]:
        """Where a person finds a row: ``("line", 17)``."""
        return "line", self.first + row


Chunk = CsvChunk | PlainChunk


def plain_lines(block: str, separator: str, width: int) -> list[str] | None:
    """The lines of a block of text that are all plain rows; None where a closer look is needed.

    That is where a cell may be quoted, a row has too many or too few cells, a line holds no value,
    or a cell is longer than Python's reader allows.

    Args:
        block: whole lines.
        separator: what stands between cells.
        width: how many cells a row must have.
    """
    if '"' in block:
        return None
    if "\r" in block:
        if block.count("\r") != block.count("\r\n"):
            return None
        block = block.replace("\r\n", "\n")
    lines = block.split("\n")
    if not lines[-1]:
        lines.pop()
    lengths = set(map(len, lines))
    # A line of width - 1 characters may be separators only.
    if min(lengths) < width or max(lengths) > csv.field_size_limit():
        return None
    return lines if set(map(str.count, lines, repeat(separator))) == {width - 1} else None
