"""CSV files of any length, read some rows at a time.

A block of text without a quotation mark needs no more than to be cut: each line is a row. Where
there is one, Python's own reader says where cells and rows end.
"""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from tablecast.batch.csv_chunk import Chunk, CsvChunk, PlainChunk, PlainLines, plain_lines
from tablecast.batch.csv_faults import ragged, too_long, unreadable
from tablecast.batch.csv_layout import layout_of
from tablecast.batch.csv_text import CsvText
from tablecast.batch.graph_steps import in_steps
from tablecast.data.surroundings import MOST_FOOTERS, is_drawn, is_filled, is_footer, repeats
from tablecast.errors import BatchError
from tablecast.i18n.language import N_, _
from tablecast.schema.table_notes import HEADER_AGAIN, LINES_BELOW

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

_EMPTY = N_("{name} is empty. Its first line must contain the column names.")


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file is written.

    Attributes:
        separator, line_end: what stands between cells, and behind a row.
        marked: whether a byte-order mark begins it.
        skips_spaces: whether a space before a quotation mark is none of the cell's.
        block_characters: how many are read at a time, to begin with.
    """

    separator: str
    line_end: str
    marked: bool
    skips_spaces: bool
    block_characters: int


class CsvSource:
    """Reads a CSV file in chunks.

    Args:
        stream: a seekable stream of bytes, at its beginning.
        name: what messages call the file.
        expected: names of which most are the header's; what stands above it is left out.
        encoding: the training table's.

    Attributes:
        names: the header's cells.
        form: how the file is written.
        notes: what to know about the file as a whole.
        size: its bytes.
        header: its cells, where a line that repeats them is none of the rows.
        encoding: as Python calls it.
        has_returns: whether what was read so far holds a carriage return.

    Raises:
        BatchError: the file is empty, or is not CSV.
    """

    begins = ends = in_lines = True

    def __init__(
        self, stream: BinaryIO, name: str, expected: Collection[str] = (), encoding: str = ""
    ) -> None:
        self.name = name
        self._file = CsvText(stream, name, encoding)
        self.size = self._file.size
        self.encoding = self._file.encoding
        text = self._file.open()
        beginning = text.read(BEGINNING)
        text.detach()
        layout = layout_of(beginning, expected)
        self.notes = self._file.notes + layout.notes
        self._begin(self._file.open(), CsvForm(
            layout.separator,
            "\r\n" if "\r\n" in beginning else "\n",
            self._file.marked or not self._file.encoding.startswith("utf-8"),
            # only where it is needed to see a quotation mark: elsewhere a space is kept as it is
            layout.separator == " " or f'{layout.separator} "' in beginning,
            _characters_of(beginning),
        ))  # fmt: skip
        self.names = layout.names(self._read_header(layout.above))

    def _begin(self, text: io.TextIOWrapper, form: CsvForm) -> None:
        """Be ready to read a text from its beginning."""
        self.form, self.separator, self.line_end = form, form.separator, form.line_end
        self.marked, self._skips_spaces = form.marked, form.skips_spaces
        self._block_characters = form.block_characters
        self.has_returns = False
        self._text = text
        self._blocks = self._read_blocks()
        self._begun, self._end, self._waiting = io.StringIO(), 0, ""
        self._plain_lines = 0
        self._below: list[tuple[int, list[str]]] = []
        self._gap = False
        self._reader = csv.reader(
            chain.from_iterable(self._texts()),
            delimiter=self.separator,
            skipinitialspace=self._skips_spaces,
            strict=True,
        )
        self.header: list[str] = []
        self._repeated: tuple[int, ...] = ()

    def close(self) -> None:
        """Let go of the stream, which is its opener's to close."""
        self._text.detach()

    def fraction_read(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return self._file.fraction_read()

    def chunks(self) -> Iterator[Chunk]:
        """The rows in their order; lines without a value are left out.

        Raises:
            BatchError: a row has too many or too few cells, or the rest is not CSV.
        """
        yield from in_steps(self._chunks(), CHUNK_ROWS)

    def _chunks(self) -> Iterator[Any]:
        width = len(self.names)
        block = self._begun.read()  # what is behind the header
        while block or (block := next(self._blocks, "")):
            careful = self._skips_spaces or self._is_repeated_in(block)
            lines = None if careful else plain_lines(block, self.separator, width)
            if lines is None:
                yield from self._read_records(block)
            else:
                yield from self._plain_chunks(lines)
            block = ""
        self._end_of_table()

    def _plain_chunks(self, lines: PlainLines) -> Iterator[PlainChunk]:
        """The rows of a block, each of which is one line."""
        first = self.line
        self._plain_lines += lines.count
        if lines.texts:
            self._refuse_below()
        for part in range(0, len(lines.texts), MOST_ROWS):
            texts = lines.texts[part : part + MOST_ROWS]
            places = lines.places[part : part + MOST_ROWS]
            numbers = list(map(first.__add__, places))
            yield PlainChunk(texts, numbers, self.separator, len(self.names))
        if not lines.texts or lines.places[-1] + 1 < lines.count:
            self._gap = self._gap or not self._below

    def _is_repeated_in(self, block: str) -> bool:
        return bool(self.header) and self.separator.join(self.header) in block

    @property
    def line(self) -> int:
        """The number of the line that comes next."""
        return self._plain_lines + self._reader.line_num + 1

    def _read_records(self, block: str) -> Iterator[CsvChunk]:
        """The rows that begin in a block; the last of them may end in a later one."""
        self._waiting = block
        while True:
            line, records = self.line, []
            try:
                for record in self._reader:
                    records.append(record)
                    if self._begun.tell() == self._end or len(records) == MOST_ROWS:
                        break
            except csv.Error as error:
                # where its row begins: a quotation mark that is not closed is there
                line += sum(map(_lines_of, records))
                raise unreadable(self.name, str(error), line) from None
            chunk = self._chunk_of(records, line)
            if len(chunk):
                yield chunk
            if not records or self._begun.tell() == self._end:
                return

    def _chunk_of(self, records: list[list[str]], line: int) -> CsvChunk:
        """The chunk of all these records that are rows, the first of which begins on a line."""
        width = len(self.names)
        one_line_each = self.line - line == len(records)
        usual = set(map(len, records)) == {width} and all(map(any, records))
        if one_line_each and usual and not any(map(self._is_no_row, records)):
            return CsvChunk(records, range(line, line + len(records)))
        rows: list[list[str]] = []
        lines: list[int] = []
        for record in records:
            if not record:  # an empty line, of which a file may have millions
                self._gap = self._gap or not self._below
                line += 1
                continue
            if repeats(self.header, record):
                self._repeated += (line,)
            elif len(record) == width and any(record) and not is_drawn(record):
                self._refuse_below()
                rows.append(record)
                lines.append(line)
            elif is_filled(record):
                self._below.append((line, record))
                if len(self._below) > MOST_FOOTERS or not is_footer(self._below[0][1], self._gap):
                    self._refuse_below()
            else:
                self._gap = self._gap or not self._below
            line += _lines_of(record)
        return CsvChunk(rows, lines)

    def _is_no_row(self, record: list[str]) -> bool:
        return is_drawn(record) or repeats(self.header, record)

    def _refuse_below(self) -> None:
        """A row that is too short or too long is a mistake where others follow it."""
        if self._below:
            line, record = self._below[0]
            raise ragged(self.name, line, len(record), len(self.names))
        self._gap = False

    def _end_of_table(self) -> None:
        """Lines below the table, such as a sum or a source, are no rows of it."""
        if self._repeated:
            again = HEADER_AGAIN.filled(count=len(self._repeated), line=self._repeated[0])
            self.notes += (str(again),)
        if self._below:
            below = LINES_BELOW.filled(count=len(self._below), line=self._below[0][0])
            self.notes += (str(below),)

    def _read_header(self, above: int) -> list[str]:
        """The column names, below so many records of a title."""
        line = 1
        try:
            for record in self._reader:
                if is_filled(record):
                    if not above:
                        self.header = list(map(str.strip, record)) if len(record) > 1 else []
                        return record
                    above -= 1
                line = self._reader.line_num + 1
        except csv.Error as error:
            raise unreadable(self.name, str(error), line) from None
        raise BatchError(_(_EMPTY).format(name=self.name))

    def _texts(self) -> Iterator[io.StringIO]:
        """What the reader is given: the block that waits, and more where a row goes on there."""
        while block := self._waiting or next(self._blocks, ""):
            self._waiting, self._end = "", len(block)
            self._begun = io.StringIO(block, newline="")
            yield self._begun

    def _read_blocks(self) -> Iterator[str]:
        """The text in blocks of whole lines, none of them longer than memory allows."""
        while block := self._text.read(self._block_characters):
            if not block.endswith("\n"):
                rest = self._text.readline(LINE_CHARACTERS)
                if len(rest) == LINE_CHARACTERS:
                    raise too_long(self.name, LINE_CHARACTERS)
                block += rest
            block = block.removeprefix("\ufeff")
            self.has_returns = self.has_returns or "\r" in block
            self._block_characters = _characters_of(block)
            yield block


def _characters_of(text: str) -> int:
    """How many characters make a block, where lines are as long as in this text."""
    a_line = len(text) // (text.count("\n") + 1)
    return min(max(CHUNK_ROWS * a_line, FEWEST_CHARACTERS), MOST_CHARACTERS)


def _lines_of(record: list[str]) -> int:
    """The lines that a row takes."""
    return 1 + sum(map(_line_breaks, record))


def _line_breaks(cell: str) -> int:
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")
