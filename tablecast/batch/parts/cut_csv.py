"""Where a CSV file may be cut: at ends of rows that its bytes show, without reading its cells.

A megabyte takes milliseconds, since only line ends and quotation marks are looked at. So what is
counted as a row here is checked by whoever reads the part (``CsvPart``): a file in which the two
differ is not cut.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tablecast.batch.csv_source import CHUNK_ROWS, CsvSource
from tablecast.batch.graph_steps import MOST_HELD
from tablecast.data.compressed import is_compressed
from tablecast.data.surroundings import MOST_FOOTERS, is_total

#: Bytes that are looked at together.
BLOCK = 4_000_000

#: Rows at the end that stay together: lines below a table may follow them.
LAST_ROWS = 2 * MOST_FOOTERS

#: Bytes at the end in which a sum may stand.
LAST_BYTES = 65_536

_NEWLINE, _RETURN, _QUOTE = b"\n\r\""


@dataclass(frozen=True)
class Cut:
    """A place in a file behind so many rows: the offset of the next byte, and the line's number."""

    rows: int
    offset: int
    line: int


def cuts_of(stream: BinaryIO, source: CsvSource) -> list[Cut]:
    """Every place behind a step of rows, the table's beginning and end included.

    Empty where the file cannot be cut: it is compressed, in an encoding whose bytes do not show
    where lines end, quotes otherwise than all programs do, or may end with a sum.

    Args:
        stream: the file's bytes.
        source: its reader, behind the header.
    """
    stream.seek(0)
    separator = source.separator.encode()
    packed = is_compressed(stream.read(4))
    if packed or len(separator) != 1 or source.form.skips_spaces or not _shows(source.encoding):
        return []
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(size - LAST_BYTES, 0))
    if _may_be_sum(stream.read(), separator):
        return []
    stream.seek(0)
    try:
        cuts = list(_Scan(source, separator[0]).cuts(stream))
    except _Uncuttable:
        return []
    long = any(b.offset - a.offset > MOST_HELD // 2 for a, b in pairwise(cuts))
    return [] if long else cuts


def chosen(cuts: list[Cut], rows: int) -> list[Cut]:
    """The cuts for parts of so many rows, a multiple of a step's, first and last included."""
    first, *between, last = cuts
    inner = [cut for cut in between if cut.rows % rows == 0 and last.rows - cut.rows >= LAST_ROWS]
    return [first, *inner, last]


class _Uncuttable(Exception):  # noqa: N818 - never seen outside
    """The bytes alone do not show where rows end."""


def _shows(encoding: str) -> bool:
    """Whether a byte of an encoding that looks like a line end or a quotation mark is one."""
    if encoding in ("utf-8", "utf-8-sig"):
        return True
    ascii = bytes(range(128))
    single = len(bytes(range(256)).decode(encoding, "replace")) == 256
    return single and ascii.decode(encoding, "replace") == ascii.decode("ascii")


def _may_be_sum(end: bytes, separator: bytes) -> bool:
    cells = end.replace(b"\n", separator).replace(b'"', b"").split(separator)
    return any(is_total(cell.decode("utf-8", "replace").strip()) for cell in cells)


class _Scan:
    """One look at all bytes of a file."""

    def __init__(self, source: CsvSource, separator: int) -> None:
        self._separator, self._width = separator, len(source.names)
        self._first_line = source.line
        self._returns = source.line_end == "\r\n"
        self._rows, self._at, self._line = 0, 0, 1
        self._begun = -1  # where the next row begins; -1 before the header's end
        self._quoted = 0  # 1 within quotation marks

    def cuts(self, stream: BinaryIO) -> Iterator[Cut]:
        """The cuts in their order."""
        while block := stream.read(BLOCK):
            if not block.endswith(b"\n"):
                block += stream.readline(BLOCK)
                if not block.endswith(b"\n") and stream.read(1):
                    raise _Uncuttable  # a line of more than a block
            ends, lines = self._row_ends(block)
            if self._begun < 0:
                ends, lines = self._behind_header(ends, lines)
                yield Cut(0, self._begun, self._first_line)
            yield from self._in_block(ends, lines)
            self._at += len(block)
        if self._quoted or self._begun < 0:
            raise _Uncuttable
        yield Cut(self._rows, self._at, self._line)

    def _behind_header(self, ends: npt.NDArray[Any], lines: npt.NDArray[Any]) -> Any:
        header = np.flatnonzero(lines == self._first_line)
        if not len(header):
            raise _Uncuttable
        self._begun = int(ends[header[0]]) + 1
        return ends[header[0] + 1 :], lines[header[0] + 1 :]

    def _in_block(
        self, ends: npt.NDArray[Any], lines: npt.NDArray[Any]
    ) -> Iterator[Cut]:
        """The cuts behind the rows that end in a block."""
        if not len(ends):
            return
        begins = np.concatenate([[self._begun - self._at], ends[:-1] + 1])
        self._begun = self._at + int(ends[-1]) + 1
        length = ends - begins - (1 if self._returns else 0)
        is_row = length >= self._width  # fewer characters are separators only, or no row
        counted = self._rows + np.cumsum(is_row)
        self._rows = int(counted[-1])
        for place in np.flatnonzero(is_row & (counted % CHUNK_ROWS == 0)).tolist():
            offset = self._at + int(ends[place]) + 1
            yield Cut(int(counted[place]), offset, int(lines[place]))

    def _row_ends(self, block: bytes) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Where rows end in a block, and the numbers of the lines that follow them."""
        returns = block.count(b"\r")
        if returns and (not self._returns or returns != block.count(b"\r\n")):
            raise _Uncuttable  # how these are written back depends on their neighbours
        data = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(data == _NEWLINE)
        lines = self._line + 1 + np.arange(len(ends))
        self._line += len(ends)
        if b'"' in block:
            quotes = np.flatnonzero(data == _QUOTE)
            self._check_quotes(data, quotes)
            outside = (np.searchsorted(quotes, ends) + self._quoted) % 2 == 0
            ends, lines = ends[outside], lines[outside]
            self._quoted = (self._quoted + len(quotes)) % 2
        elif self._quoted:
            ends, lines = ends[:0], lines[:0]
        return ends, lines

    def _check_quotes(self, data: npt.NDArray[Any], quotes: npt.NDArray[Any]) -> None:
        """See that each quotation mark opens a cell, closes it, or is one of two in a cell."""
        opens = (np.arange(len(quotes)) + self._quoted) % 2 == 0
        around = np.concatenate([[_NEWLINE], data, [_NEWLINE]])
        before, behind = around[quotes[opens]], around[quotes[~opens] + 2]
        may_open = np.isin(before, [self._separator, _NEWLINE, _QUOTE])
        may_close = np.isin(behind, [self._separator, _NEWLINE, _RETURN, _QUOTE])
        if not (may_open.all() and may_close.all()):
            raise _Uncuttable
