"""Tables of many files, and tables that are larger than memory, of which a sample is read.

Nothing is read twice, and no file as a whole: CSV row by row, Parquet by its row groups.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tablecast.data.columns import tidy
from tablecast.data.compressed import ENDINGS as COMPRESSED
from tablecast.data.csv_parts import CsvPart, Row, in_order
from tablecast.data.dialect import Grid
from tablecast.data.free_memory import A_BYTE, A_CELL, available
from tablecast.data.parquet_parts import ParquetParts
from tablecast.data.part_files import PartFile, part_files
from tablecast.data.reservoir import GROWTH, Reservoir
from tablecast.data.sheets import ENDINGS as SHEETS
from tablecast.data.sources import ENDINGS, PARQUET_ENDINGS, read_table, table_of_grid
from tablecast.data.surroundings import MOST_FOOTERS, without_footer
from tablecast.errors import Remark, TableError
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import TableReading

if TYPE_CHECKING:
    import pandas as pd

#: The sample that is drawn, the same on every run.
SEED = 123
#: Compressed text is about so many times as long.
USUAL_GROWTH = 8
#: Fewer rows are no sample to learn from.
FEWEST_ROWS = 1_000

SAMPLED = Remark(
    "Read {count} of the {total} rows, drawn at random with each class in its share, because all "
    "of them need more than the {free:,.1f} GB of memory that are free."
)


def read_rows(
    source: str | os.PathLike[str],
    target: str | None = None,
    options: ReadingOptions | None = None,
    limit: Callable[[int], float] = lambda _: float("inf"),
) -> pd.DataFrame:
    """Read a table, or a sample of its rows where not all fit into memory, which a note tells.

    Args:
        source: what ``read_table`` takes; or a folder, or a pattern such as ``sales/*.parquet``,
            of CSV or Parquet files with the same columns.
        target: of whose values each has its share in a sample.
        options: what a person says of it.
        limit: how many rows are wanted at most of a table of so many columns, where a sample has
            to be drawn anyway.

    Raises:
        TableError: there is no such table, it cannot be read, or next to nothing of it fits.
    """
    options = options or ReadingOptions()
    parts = part_files(source)
    if not parts:
        path = Path(source).expanduser()
        if not _is_large(path):
            return read_table(source, options)
        parts = [PartFile(path)]
    if parts[0].is_parquet:
        return _parquet(parts, target, options, limit)
    return _csv(parts, target, options, limit)


def _is_large(path: Path) -> bool:
    """Whether a file, by its size alone, may not fit as a whole."""
    ending = path.suffix.lower()
    if not path.is_file() or ending in SHEETS or ending not in ENDINGS:
        return False
    size = path.stat().st_size
    if ending in PARQUET_ENDINGS:
        return ParquetParts([PartFile(path)]).cells * 2 * A_CELL > available()
    if ending in COMPRESSED:
        size *= USUAL_GROWTH
    if A_BYTE * size > available():
        return True
    # What reading takes for a byte is known only by its rows: short cells take ten times as much.
    if 10 * A_BYTE * size <= available():
        return False
    part = CsvPart(PartFile(path), ReadingOptions())
    return size / part.row_characters * part.row_bytes > available()


def _most(bytes_a_row: float, columns: int, limit: Callable[[int], float]) -> int:
    """How many rows fit, where reading takes so much for each."""
    return max(1, int(min(available() / GROWTH / bytes_a_row, limit(columns), 1e12)))


def _csv(
    parts: Sequence[PartFile],
    target: str | None,
    options: ReadingOptions,
    limit: Callable[[int], float],
) -> pd.DataFrame:
    first = CsvPart(parts[0], options)
    columns = first.columns
    most = _most(first.row_bytes, len(columns), limit)
    at = columns.index(target.strip()) if target and target.strip() in columns else None
    reservoir = Reservoir(most, SEED)
    ending = _Ending()
    for rows in _all_pieces(first, parts[1:], options, ending):
        reservoir.add(rows, None if at is None else [record[at] for _, record in rows])
    body = [row for row in reservoir.sample() if row[0] not in ending.lines]
    sampled = _sampled(len(body), reservoir.total, _called(parts))
    notes = (*first.notes, *first.grid.notes, *ending.notes, *sampled)
    records, lines = [record for _, record in body], [line for line, _ in body]
    grid = Grid(list(columns), records, lines, first.grid.separator)
    known = TableReading(first.encoding, grid.separator, options.decimal or "", notes=notes)
    return table_of_grid(grid, _called(parts), options, known)


class _Ending:
    """What stands at the end of the last part, and is no row.

    Attributes:
        lines: of rows that are left out.
        notes: what they were.
    """

    def __init__(self) -> None:
        self.lines: set[int] = set()
        self.notes: list[Remark] = []

    def look(self, part: CsvPart, last: Sequence[Row], above: int) -> None:
        """Look at the last rows of a part, whose lines are counted from another line on."""
        body, self.notes = without_footer([*last, *part.below], part.grid.width, set())
        kept = {line for line, _ in body}
        self.lines = {above + line for line, _ in last if line not in kept}


def _all_pieces(
    first: CsvPart, others: Sequence[PartFile], options: ReadingOptions, ending: _Ending
) -> Iterator[list[Row]]:
    """The rows of all parts with the first one's columns, their lines counted through."""
    above = 0
    for part in (None, *others):
        file = first if part is None else CsvPart(part, options)
        places = in_order(first.columns, file)
        last: list[Row] = []
        for piece in file.pieces():
            yield [(above + at, [cells[place] for place in places]) for at, cells in piece]
            last = (last + piece)[-MOST_FOOTERS:]
        ending.look(file, last, above)
        above += last[-1][0] if last else 0


def _parquet(
    parts: Sequence[PartFile],
    target: str | None,
    options: ReadingOptions,
    limit: Callable[[int], float],
) -> pd.DataFrame:
    files = ParquetParts(parts)
    most = _most(2 * A_CELL * files.columns, files.columns, limit)
    rows = None
    if files.rows > most:
        reservoir = Reservoir(most, SEED)
        for numbers, classes in files.targets((target or "").strip()):
            reservoir.add(numbers, classes)
        rows = reservoir.sample()
    table = files.read(rows)
    notes = tuple(_sampled(len(table), files.rows, _called(parts)))
    return tidy(table, options=options, reading=TableReading(notes=notes))


def _sampled(count: int, total: int, name: str) -> list[Remark]:
    """What to say of a sample; nothing where all rows were read.

    Raises:
        TableError: next to nothing could be read.
    """
    free = available() / 1e9
    if count >= total - MOST_FOOTERS:
        return []
    if count < FEWEST_ROWS:
        raise TableError(
            f"Only {count:,} of the {total:,} rows of '{name}' fit into the {free:,.1f} GB of "
            "memory that are free, too few to learn from. Close other programs, or use a machine "
            "with more memory."
        )
    return [SAMPLED.filled(count=count, total=total, free=free)]


def _called(parts: Sequence[PartFile]) -> str:
    """What messages call a table."""
    path = parts[0].path
    return path.name if len(parts) == 1 else f"{path.parent.name}/{path.name} and others"
