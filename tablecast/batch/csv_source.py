"""CSV files of any length, read some rows at a time and as they are.

A block of text without a quotation mark needs no more than to be cut: each line is a row. Where
there is one, Python's own reader says where cells and rows end.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from tablecast.batch.csv_chunk import Chunk, CsvChunk, PlainChunk, plain_lines
from tablecast.data.csv_table import BINARY as BINARY_STARTS
from tablecast.data.csv_table import find_separator
from tablecast.errors import BatchError
from tablecast.i18n.formats import number
from tablecast.i18n.language import N_, _, ngettext

#: Rows that are read, answered and written at a time: enough that what is done once a chunk costs
#: little a row, few enough that their cells stay in the processor's cache.
CHUNK_ROWS = 2_000

#: Rows that a chunk has at most, where they are much shorter than those before them.
MOST_ROWS = 10_000

#: Characters that are read at a time: at least, and, where rows are long, at most.
FEWEST_CHARACTERS, MOST_CHARACTERS = 50_000, 4_000_000

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


class CsvSource:
    """Reads a CSV file in chunks.

    Args:
        stream: a seekable stream of bytes, at its beginning.
        name: what messages call the file.

    Attributes:
        names: the header's cells.
        separator, line_end, marked: how the file is written; ``marked`` with a byte-order mark.
        size: its bytes.
        has_returns: whether what was read so far holds a carriage return.

    Raises:
        BatchError: the file is empty, or is not CSV.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self._stream = stream
        beginning = stream.read(BEGINNING)
        _check_text(beginning, name)
        self.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        text = beginning.decode("utf-8-sig", errors="replace")
        self.marked = beginning.startswith(BOM)
        self.separator = find_separator(text)
        self.line_end = "\r\n" if "\r\n" in text else "\n"
        self._block_characters = _characters_of(text)
        self.has_returns = False
        # only where it is needed to see a quotation mark: elsewhere a space is kept as it is
        self._skips_spaces = f'{self.separator} "' in text
        self._text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        self._blocks = self._read_blocks()
        self._begun, self._end, self._waiting = io.StringIO(), 0, ""
        self._plain_lines = 0
        self._reader = csv.reader(
            chain.from_iterable(self._texts()),
            delimiter=self.separator,
            skipinitialspace=self._skips_spaces,
            strict=True,
        )
        self.names = self._read_header()

    def close(self) -> None:
        """Let go of the stream, which is its opener's to close."""
        self._text.detach()

    def share(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return self._stream.tell() / self.size

    def chunks(self) -> Iterator[Chunk]:
        """The rows in their order; lines without a value are left out.

        Raises:
            BatchError: a row has too many or too few cells, or the rest is not CSV.
        """
        width = len(self.names)
        block = self._begun.read()  # what is behind the header
        while block or (block := next(self._blocks, "")):
            lines = None if self._skips_spaces else plain_lines(block, self.separator, width)
            if lines is None:
                yield from self._read_records(block)
            else:
                for part in range(0, len(lines), MOST_ROWS):
                    texts, first = lines[part : part + MOST_ROWS], self._line
                    self._plain_lines += len(texts)
                    yield PlainChunk(texts, first, self.separator, width)
            block = ""

    @property
    def _line(self) -> int:
        """The number of the line that comes next."""
        return self._plain_lines + self._reader.line_num + 1

    def _read_records(self, block: str) -> Iterator[CsvChunk]:
        """The rows that begin in a block; the last of them may end in a later one."""
        self._waiting = block
        while True:
            line, records = self._line, []
            try:
                for record in self._reader:
                    records.append(record)
                    if self._begun.tell() == self._end or len(records) == MOST_ROWS:
                        break
            except csv.Error as error:
                # where its row begins: a quotation mark that is not closed is there
                line += sum(map(_lines_of, records))
                raise self._unreadable(str(error), line) from None
            chunk = self._chunk_of(records, line)
            if len(chunk):
                yield chunk
            if not records or self._begun.tell() == self._end:
                return

    def _chunk_of(self, records: list[list[str]], line: int) -> CsvChunk:
        """The chunk of all these records that are rows, the first of which begins on a line."""
        width = len(self.names)
        one_line_each = self._line - line == len(records)
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
            line += _lines_of(record)
        return CsvChunk(rows, lines)

    def _read_header(self) -> list[str]:
        try:
            for record in self._reader:
                if any(cell.strip() for cell in record):
                    return record
        except csv.Error as error:
            raise self._unreadable(str(error), 1) from None
        raise BatchError(_(_EMPTY).format(name=self.name))

    def _texts(self) -> Iterator[io.StringIO]:
        """What the reader is given: the block that waits, and more where a row goes on there."""
        while block := self._waiting or next(self._blocks, ""):
            self._waiting, self._end = "", len(block)
            self._begun = io.StringIO(block, newline="")
            yield self._begun

    def _read_blocks(self) -> Iterator[str]:
        """The text in blocks of whole lines, none of them longer than memory allows."""
        try:
            while block := self._text.read(self._block_characters):
                if not block.endswith("\n"):
                    rest = self._text.readline(LINE_CHARACTERS)
                    if len(rest) == LINE_CHARACTERS:
                        raise self._too_long()
                    block += rest
                self.has_returns = self.has_returns or "\r" in block
                self._block_characters = _characters_of(block)
                yield block
        except UnicodeDecodeError:
            raise self._wrong_encoding() from None

    def _unreadable(self, reason: str, line: int) -> BatchError:
        words = _("Line {line} of {name} cannot be read: {reason}. Is a quotation mark not closed?")
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
        return BatchError(words.format(line=line, name=self.name, cells=number(cells), width=width))

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


def _characters_of(text: str) -> int:
    """How many characters make a block, where lines are as long as in this text."""
    a_line = len(text) // (text.count("\n") + 1)
    return min(max(CHUNK_ROWS * a_line, FEWEST_CHARACTERS), MOST_CHARACTERS)


def _lines_of(record: list[str]) -> int:
    """The lines that a row takes."""
    return 1 + sum(map(_line_breaks, record))


def _line_breaks(cell: str) -> int:
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
