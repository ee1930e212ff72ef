"""Workbooks of rows: a sheet of an Excel or OpenDocument file, some rows at a time."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from tablecast.batch.csv_layout import header_index
from tablecast.batch.graph_steps import in_steps
from tablecast.data.dialect import MOST_TITLES
from tablecast.data.sheets import opened_sheet, plain_cell
from tablecast.data.surroundings import bare, is_footer
from tablecast.errors import BatchError, TableError
from tablecast.i18n.language import _
from tablecast.schema.table_notes import LINES_ABOVE, LINES_BELOW
from tablecast.schema.texts import tidy_text

#: Rows that are read at a time, as of CSV: few enough to stay in the processor's cache.
CHUNK_ROWS = 2_000


@dataclass(frozen=True)
class SheetChunk:
    """Some rows of a sheet.

    Attributes:
        records: their cells: texts, numbers, booleans, moments or None.
        numbers: each row's number on the sheet, from 1.
    """

    records: list[list[Any]]
    numbers: list[int]

    def __len__(self) -> int:
        return len(self.records)

    def column(self, index: int) -> list[Any]:
        """The cells of one column; moments as ISO text."""
        return [_cell(row[index]) for row in self.records]

    def location_of(self, row: int) -> tuple[str, int]:
        """Where a person finds a row: ``("row", 17)``."""
        return "row", self.numbers[row]

    def part(self, rows: slice) -> SheetChunk:
        """Some of the rows alone."""
        return SheetChunk(self.records[rows], self.numbers[rows])

    def joined(self, more: SheetChunk) -> SheetChunk:
        """These rows, and those behind them."""
        return SheetChunk(self.records + more.records, self.numbers + more.numbers)

    def characters(self) -> int:
        """Nothing: the workbook is in memory already."""
        return 0


class WorkbookSource:
    """Reads one sheet of a workbook in chunks.

    Args:
        stream: the file's bytes.
        name: what messages call the file.
        expected: names of which most are the header's; what stands above it is left out.
        sheet: the sheet's name or number; None for the first that holds anything.
        memory: bytes that it may take to open.

    Attributes:
        names: the header's cells; "" for one that is empty.
        sheet: the name of the sheet.
        header: the number of the header's row, from 1.
        size: the file's bytes.
        offset: how many empty columns the sheet has before the first name.
        notes: what to know about the file as a whole.

    Raises:
        BatchError: it is no workbook, has no such sheet, or nothing on it.
    """

    begins = ends = in_lines = True

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        expected: Collection[str],
        sheet: str | None = None,
        memory: float = math.inf,
    ) -> None:
        self.name = name
        self.notes: tuple[str, ...] = ()
        content = stream.read()
        self.size = len(content)
        try:
            self.sheet, others, opened = opened_sheet(content, name, sheet, memory)
        except TableError as error:
            raise BatchError(str(error)) from None
        self._height = max(int(opened.total_height), 1)
        self.offset = int(opened.start[1]) if opened.start else 0
        self._rows = enumerate(opened.iter_rows(), start=1)
        self._read = 0
        first = list(islice(self._rows, MOST_TITLES))
        filled = [(at, row) for at, row in first if any(map(bare, row))]
        if not filled:
            words = _("The sheet {sheet} of {name} is empty.")
            raise BatchError(words.format(sheet=repr(self.sheet), name=name))
        index = header_index([[bare(cell) for cell in row] for _, row in filled], expected, 0)
        self.header, names = filled[index]
        self.names = [tidy_text(bare(cell)) for cell in names]
        self._first = [numbered for numbered in first if numbered[0] > self.header]
        if index:
            self.notes += (str(LINES_ABOVE),)
        if others:
            words = _("Read the sheet {sheet}; the workbook has others.")
            self.notes += (words.format(sheet=repr(self.sheet)),)

    def close(self) -> None:
        """Let go of the workbook."""
        self._rows = enumerate(())

    def fraction_read(self) -> float:
        """How much of the sheet is read, from 0 to 1."""
        return min(self._read / self._height, 1.0)

    def chunks(self) -> Iterator[SheetChunk]:
        """The rows in their order, without empty ones and lines below the table."""
        return in_steps(self._chunks(), CHUNK_ROWS)

    def _chunks(self) -> Iterator[SheetChunk]:
        rows: list[list[Any]] = []
        numbers: list[int] = []
        below: list[tuple[int, Sequence[Any]]] = []
        for number, row in self._every():
            self._read = number
            if not any(map(bare, row)):
                continue
            if is_footer(row, False):
                below.append((number, row))
                continue
            for at, cells in [*below, (number, row)]:
                rows.append(list(cells))
                numbers.append(at)
            below.clear()
            if len(rows) >= CHUNK_ROWS:
                yield SheetChunk(rows, numbers)
                rows, numbers = [], []
        if rows:
            yield SheetChunk(rows, numbers)
        if below:
            self.notes += (str(LINES_BELOW.filled(count=len(below), line=below[0][0])),)

    def _every(self) -> Iterator[tuple[int, Sequence[Any]]]:
        yield from self._first
        yield from self._rows


def first_rows(stream: BinaryIO, expected: Collection[str], count: int) -> list[list[str]]:
    """The header of a workbook's first sheet and its first rows, as texts."""
    source = WorkbookSource(stream, "", expected)
    chunk = next(source.chunks(), SheetChunk([], []))
    cells = [["" if (value := _cell(cell)) is None else str(value) for cell in row]
             for row in chunk.records[:count]]  # fmt: skip
    return [source.names, *cells]


def _cell(cell: Any) -> Any:
    """A cell as ``Field.read`` takes it."""
    cell = plain_cell(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return None if cell == "" else cell
