"""Rows of CSV files that are never held in memory as a whole."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

from tablecast.data.compressed import is_compressed, opened
from tablecast.data.dialect import Grid, grid_of, ragged, records_of, separator_of
from tablecast.data.encoding import decode, python_name
from tablecast.data.free_memory import A_CELL, A_CHARACTER, A_ROW
from tablecast.data.part_files import PartFile
from tablecast.data.surroundings import MOST_FOOTERS, Record, is_filled
from tablecast.errors import TableError
from tablecast.schema.options import ReadingOptions

#: Bytes of a file's beginning, from which its encoding, separator and columns are found.
BEGINNING = 1_000_000
#: Rows that are handed on at a time.
PIECE = 10_000

#: A row: the line on which it begins, and its cells.
Row = tuple[int, Record]


class CsvPart:
    """A CSV file, compressed or not, read from its beginning to its end.

    Args:
        part: the file.
        options: what a person says of it.

    Attributes:
        grid: the rows of its beginning.
        columns: names, those of its folders at the end.
        places: which cells of a record, and then of its folders' texts, the columns are.
        below: what stands below the table, once all was read.

    Raises:
        TableError: it cannot be read, or is no table.
    """

    def __init__(self, part: PartFile, options: ReadingOptions) -> None:
        self.name = part.path.name
        self._part = part
        with self._stream() as stream:
            beginning = stream.read(BEGINNING)
        whole = len(beginning) < BEGINNING
        # A character may be cut, of four bytes at most.
        cut = len(beginning) if whole else beginning.rfind(b"\n") // 4 * 4 or len(beginning)
        decoded = decode(beginning[:cut], self.name, options.encoding)
        text = decoded.text if whole else decoded.text[: decoded.text.rfind("\n") + 1]
        self.encoding, self.notes = decoded.encoding, decoded.notes
        separator, self._said = separator_of(text)
        self.grid: Grid = grid_of(text, self.name, options.separator or separator)
        self.row_bytes = _row_bytes(text, self.grid)
        self.row_characters = len(text) / max(1, len(self.grid.rows))
        self.columns = [*self.grid.header, *part.partition]
        width = self.grid.width
        self.places = [*self.grid.places, *range(width, width + len(part.partition))]
        self.below: list[Row] = []

    def pieces(self) -> Iterator[list[Row]]:
        """All rows, some at a time, each with its folders' texts at the end.

        Raises:
            TableError: a row has too many or too few cells, or the rest is no such text.
        """
        rows = self._rows()
        while piece := list(islice(rows, PIECE)):
            yield piece

    def _rows(self) -> Iterator[Row]:
        grid, more = self.grid, list(self._part.partition.values())
        for line, record in self._records():
            if line < grid.lines[0] or not is_filled(record):
                continue
            if self.below or len(record) != grid.width:
                self.below.append((line, record))
            else:
                yield line, [*record, *more]
            if len(self.below) > MOST_FOOTERS:  # what stands below a table is shorter
                line, record = self.below[0]
                raise ragged(f"Line {line}", len(record), grid.width, self.name)

    def _records(self) -> Iterator[Row]:
        above = int(self._said)
        with self._stream() as stream, io.TextIOWrapper(
            stream, encoding=python_name(self.encoding), newline=""
        ) as text:
            if self._said:
                text.readline()
            try:
                yield from records_of(text, self.grid.separator, self.name, above, strict=False)
            except UnicodeDecodeError:
                raise TableError(
                    f"'{self.name}' begins as {self.encoding}, but is not all of it. Name its "
                    "encoding, such as --encoding windows-1252."
                ) from None

    @contextmanager
    def _stream(self) -> Iterator[IO[Any]]:
        try:
            with self._part.path.open("rb") as file:
                packed = is_compressed(file.read(4))
                file.seek(0)
                yield opened(file, self.name) if packed else file
        except OSError as error:
            raise TableError(f"'{self.name}' cannot be read: {error}.") from error


def _row_bytes(text: str, grid: Grid) -> float:
    """Bytes that reading takes for a row, as ``free_memory.check_text`` counts them."""
    rows = max(1, len(grid.rows))
    return A_CHARACTER * len(text) / rows + A_ROW + A_CELL * grid.width


def in_order(header: Sequence[str], part: CsvPart) -> list[int]:
    """Where a part has each of the columns.

    Raises:
        TableError: it has others.
    """
    names = part.columns
    lacking = [name for name in header if name not in names]
    foreign = [name for name in names if name not in header]
    if lacking or foreign or len(names) != len(header):
        raise other_columns(part.name, lacking, foreign)
    return [part.places[names.index(name)] for name in header]


def other_columns(name: str, lacking: Sequence[str], foreign: Sequence[str]) -> TableError:
    """What to say of a part whose columns are not those of the first."""
    parts = [f"it lacks {', '.join(lacking)}"] if lacking else []
    parts += [f"it also has {', '.join(foreign)}"] if foreign else []
    why = " and ".join(parts) or "a name stands there twice"
    return TableError(
        f"'{name}' has other columns than the part before it: {why}. All parts need the same ones."
    )
