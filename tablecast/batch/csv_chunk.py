"""Some rows of a CSV file, as Python's csv reader or a plain split returned them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from operator import itemgetter

#: How a line begins that may only rule off the table, behind a separator or none; with the line end
#: before it, which is found at once.
RULED_OFF = re.compile(r"\n[^\w\n]?[-=_+:]{3}")


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

    def part(self, rows: slice) -> CsvChunk:
        """Some of the rows alone."""
        return CsvChunk(self.records[rows], self.lines[rows])

    def joined(self, more: Chunk) -> CsvChunk:
        """These rows, and those behind them."""
        return CsvChunk(self.records + more.records, [*self.lines, *more.lines])

    def characters(self) -> int:
        """How long the rows are, without what stands between their cells."""
        return sum(sum(map(len, record)) for record in self.records)


@dataclass(frozen=True)
class PlainChunk:
    """Rows of which each is one line that is only to be cut at its separators.

    Attributes:
        texts: the lines, without their ends.
        lines: the number of each, from 1.
        separator, width: what stands between cells, and how many there are in each row.
    """

    texts: list[str]
    lines: Sequence[int]
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
        return "line", self.lines[row]

    def part(self, rows: slice) -> PlainChunk:
        """Some of the rows alone."""
        return replace(self, texts=self.texts[rows], lines=self.lines[rows])

    def joined(self, more: Chunk) -> Chunk:
        """These rows, and those behind them."""
        if isinstance(more, CsvChunk):
            return CsvChunk(self.records, self.lines).joined(more)
        lines = [*self.lines, *more.lines]
        return replace(self, texts=self.texts + more.texts, lines=lines)

    def characters(self) -> int:
        """How long the rows are."""
        return sum(map(len, self.texts))


Chunk = CsvChunk | PlainChunk


@dataclass(frozen=True)
class PlainLines:
    """The rows of a block of text, each of which is one line.

    Attributes:
        texts: the lines that are rows, without their ends.
        places: where each stands in the block, from 0.
        count: how many lines the block has, with those that hold nothing.
    """

    texts: list[str]
    places: Sequence[int]
    count: int


def plain_lines(block: str, separator: str, width: int) -> PlainLines | None:
    """The lines of a block of text that are all plain rows, or hold no value.

    None where a closer look is needed: where a cell may be quoted, a line may only rule the table
    off, a row has too many or too few cells, or a cell is longer than Python's reader allows.

    Args:
        block: whole lines.
        separator: what stands between cells.
        width: how many cells a row must have.
    """
    if '"' in block or RULED_OFF.search(f"\n{block}"):
        return None
    if "\r" in block:
        if block.count("\r") != block.count("\r\n"):
            return None
        block = block.replace("\r\n", "\n")
    lines = block.split("\n")
    if not lines[-1]:
        lines.pop()
    if _are_rows(lines, separator, width):
        return PlainLines(lines, range(len(lines)), len(lines))
    places = [at for at, line in enumerate(lines) if _holds_a_value(line, separator, width)]
    texts = [lines[at] for at in places]
    if texts and not _are_rows(texts, separator, width):
        return None
    return PlainLines(texts, places, len(lines))


def _are_rows(lines: list[str], separator: str, width: int) -> bool:
    lengths = set(map(len, lines))
    # A line of width - 1 characters may be separators only.
    if min(lengths) < width or max(lengths) > csv.field_size_limit():
        return False
    return set(map(str.count, lines, repeat(separator))) == {width - 1}


def _holds_a_value(line: str, separator: str, width: int) -> bool:
    """Whether a line is no empty one, of which a file may have millions."""
    if not line.strip(separator):
        return False
    return line.count(separator) == width - 1 or bool(line.replace(separator, " ").strip())
