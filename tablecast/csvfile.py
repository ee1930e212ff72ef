"""CSV files of any length, read a few thousand rows at a time and as they are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter
from typing import BinaryIO

from tablecast.delimited import BINARY as BINARY_STARTS
from tablecast.delimited import find_separator
from tablecast.errors import BatchError
from tablecast.figures import number
from tablecast.language import N_, _, ngettext

#: Rows that are read, answered and written at a time: enough that what is done once a chunk costs
#: nothing a row, few enough that they stay in the processor's cache.
CHUNK_ROWS = 10_000

#: Characters that a chunk should not exceed: of long rows it has fewer.
CHUNK_CHARACTERS = 4_000_000

#: Characters that are read at a time.
BLOCK_CHARACTERS = 500_000

#: A longer line is no line of a table; it would otherwise be read whole, however long.
LINE_CHARACTERS = 10_000_000

#: The beginning of a file, from which its separator is found.
BEGINNING = 65_536

BOM = b"\xef\xbb\xbf"
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_EMPTY = N_("{name} is empty; its first line must name the columns.")
_NOT_TEXT = N_("{name} is not a text file, so it cannot be CSV; save the table as CSV (UTF-8).")

#: What Python's reader says in English.
READER_WORDS = (
    N_("unexpected end of data"),
    N_("line contains NUL"),
    N_("field larger than field limit (131072)"),
)


@dataclass(frozen=True)
class CsvChunk:
    """Some rows of a CSV file.

    Attributes:
        records: the rows, each a list of cells.
        lines: the number, from 1, of the line on which each row begins.
    """

    records: list[list[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.records)

    def column(self, place: int) -> list[str]:
        """The cells of one column."""
        return list(map(itemgetter(place), self.records))

    def place_of(self, row: int) -> tuple[str, int]:
        """Where a person finds a row: ``("line", 17)``."""
        return "line", self.lines[row]


class CsvSource:
    """Reads a CSV file in chunks.

    Args:
        stream: a seekable stream of bytes, at its beginning.
        name: what messages call the file.

    Attributes:
        names: the header's cells.
        separator, line_end, marked: how the file is written; ``marked`` with a byte-order mark.
        has_returns: whether what was read so far holds a carriage return.

    Raises:
        BatchError: the file is empty, or is not CSV.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self._stream = stream
        beginning = stream.read(BEGINNING)
        _check_text(beginning, name)
        self._size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        text = beginning.decode("utf-8-sig", errors="replace")
        self.marked = beginning.startswith(BOM)
        self.separator = find_separator(text)
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        self._first_line = len(text) // (text.count("\n") + 1)
        self._characters = 0
        self.has_returns = False
        self._text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        self._reader = csv.reader(
            chain.from_iterable(self._blocks()),
            delimiter=self.separator,
            # only where it is needed to see a quotation mark: elsewhere a space is kept as it is
            skipinitialspace=f'{self.separator} "' in text,
            strict=True,
        )
        self.names = self._read_header()

    def close(self) -> None:
        """Let go of the stream, which is its opener's to close."""
        self._text.detach()

    def share(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return self._stream.tell() / self._size

    def chunks(self) -> Iterator[CsvChunk]:
        """The rows in their order; lines without a value are left out.

        Raises:
            BatchError: a row has too many or too few cells, or the rest is not CSV.
        """
        line, characters = self._reader.line_num + 1, 0
        rows = _rows_of(self._first_line)
        while True:
            try:
                records = list(islice(self._reader, rows))
            except csv.Error as error:
                raise self._unreadable(str(error)) from None
            if not records:
                return
            chunk = self._chunk_of(records, line)
            if chunk.records:
                yield chunk
            line = self._reader.line_num + 1
            rows = _rows_of((self._characters - characters) // len(records))
            characters = self._characters

    def _chunk_of(self, records: list[list[str]], line: int) -> CsvChunk:
        """The chunk of all these records that are rows, the first of which begins on a line."""
        width = len(self.names)
        one_line_each = self._reader.line_num + 1 - line == len(records)
        if one_line_each and set(map(len, records)) == {width} and all(map(any, records)):
            return CsvChunk(records, range(line, line + len(records)))
        rows: list[list[str]] = []
        lines: list[int] = []
        for record in records:
            if len(record) == width and any(record):
                rows.append(record)
                lines.append(line)
            elif any(cell.strip() for cell in record):
                raise self._ragged(line, len(record))
            line += 1 + sum(map(_line_breaks, record))
        return CsvChunk(rows, lines)

    def _read_header(self) -> list[str]:
        try:
            for record in self._reader:
                if any(cell.strip() for cell in record):
                    return record
        except csv.Error as error:
            raise self._unreadable(str(error)) from None
        raise BatchError(_(_EMPTY).format(name=self.name))

    def _blocks(self) -> Iterator[io.StringIO]:
        """The text in blocks of whole lines, none of them longer than memory allows."""
        try:
            while block := self._text.read(BLOCK_CHARACTERS):
                if not block.endswith("\n"):
                    block += self._text.readline(LINE_CHARACTERS)
                    if len(block) >= LINE_CHARACTERS:
                        raise self._too_long()
                self._characters += len(block)
                self.has_returns = self.has_returns or "\r" in block
                yield io.StringIO(block, newline="")
        except UnicodeDecodeError:
            raise self._wrong_encoding() from None

    def _unreadable(self, reason: str) -> BatchError:
        words = _("Line {line} of {name} cannot be read: {reason}. Is a quotation mark not closed?")
        line = self._reader.line_num
        return BatchError(words.format(line=line, name=self.name, reason=_(reason)))

    def _too_long(self) -> BatchError:
        words = _(
            "{name} has a line of more than {most} characters; each row must be a line of its own."
        )
        return BatchError(words.format(name=self.name, most=number(LINE_CHARACTERS)))

    def _ragged(self, line: int, cells: int) -> BatchError:
        words = ngettext(
            "Line {line} of {name} has {cells} cell, but the header has {width}. A separator "
            "inside a text needs quotation marks around the text.",
            "Line {line} of {name} has {cells} cells, but the header has {width}. A separator "
            "inside a text needs quotation marks around the text.",
            cells,
        )
        width = number(len(self.names))
        return BatchError(
            words.format(line=line, name=self.name, cells=number(cells), width=width)
        )

    def _wrong_encoding(self) -> BatchError:
        self._stream.seek(0)
        lines = iter(lambda: self._stream.readline(LINE_CHARACTERS), b"")
        wrong = next((place for place, line in enumerate(lines, 1) if not _is_utf8(line)), 1)
        words = _(
            "Line {line} of {name} is not UTF-8 text; save the file as UTF-8 (in Excel: “CSV "
            "UTF-8”)."
        )
        return BatchError(words.format(line=wrong, name=self.name))


def _check_text(beginning: bytes, name: str) -> None:
    """Raises BatchError where the file is empty or its first bytes are no UTF-8 text."""
    if not beginning.strip(BOM + b" \t\r\n"):
        raise BatchError(_(_EMPTY).format(name=name))
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        words = _("{name} is UTF-16 text; save it as UTF-8 (in Excel: “CSV UTF-8”).")
        raise BatchError(words.format(name=name))
    if beginning.startswith(BINARY_STARTS) or _CONTROL.search(beginning):
        raise BatchError(_(_NOT_TEXT).format(name=name))


def _rows_of(characters: int) -> int:
    """How many rows of so many characters make a chunk."""
    return min(max(CHUNK_CHARACTERS // (characters + 1), 1), CHUNK_ROWS)


def _line_breaks(cell: str) -> int:
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
