"""Parquet files of any length, some rows at a time. Needs pyarrow, which serving does not install.

Nothing is made safe for spreadsheets here: Parquet says of each cell whether it is text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from tablecast.batch.graph_steps import in_steps
from tablecast.errors import BatchError

#: Rows that are read at a time. Parquet is read by column, so that chunks may be larger than those
#: of CSV.
CHUNK_ROWS = 10_000

#: Rows of a row group that is written: readers skip and compress by group, and prefer large ones.
GROUP_ROWS = 100_000


@dataclass(frozen=True)
class ParquetChunk:
    """Some rows of a Parquet file: a record batch, and the place of its first row, from 0."""

    batch: Any
    first: int

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def column(self, index: int) -> list[Any]:
        """The values of one column: text, numbers, booleans or None; dates as ISO text."""
        values: list[Any] = self.batch.column(index).to_pylist()
        kinds = set(map(type, values))
        if float in kinds:
            values = [None if value != value else value for value in values]
        if kinds & {date, datetime}:
            values = [value if value is None else value.isoformat() for value in values]
        if Decimal in kinds:
            values = [value if value is None else float(value) for value in values]
        return values

    def location_of(self, row: int) -> tuple[str, int]:
        """Where a person finds a row: ``("row", 17)``, from 1."""
        return "row", self.first + row + 1

    def part(self, rows: slice) -> ParquetChunk:
        """Some of the rows alone."""
        first, end, _ = rows.indices(len(self))
        return ParquetChunk(self.batch.slice(first, end - first), self.first + first)

    def joined(self, more: ParquetChunk) -> ParquetChunk:
        """These rows, and those behind them."""
        table = import_pyarrow().Table.from_batches([self.batch, more.batch]).combine_chunks()
        return ParquetChunk(table.to_batches()[0], self.first)

    def characters(self) -> int:
        """What counts against what is held back: columns are much smaller than texts of rows."""
        return int(self.batch.nbytes) // 16


class ParquetSource:
    """Reads a Parquet file in chunks.

    Args:
        where: its path, or an open stream of its bytes.
        name: what messages call it; default: the path's last part.

    Raises:
        BatchError: the file is not Parquet, or pyarrow is not installed.
    """

    # every row is one: nothing stands above or below the table
    begins = ends = in_lines = False

    def __init__(self, where: Path | BinaryIO, name: str = "") -> None:
        pyarrow = import_pyarrow()
        self.name = name or (where.name if isinstance(where, Path) else "")
        self.notes: tuple[str, ...] = ()
        try:
            self._file = pyarrow.parquet.ParquetFile(where)
        except pyarrow.ArrowException as error:
            raise BatchError(
                f"{self.name} is not a Parquet file: {str(error).rstrip('.')}."
            ) from None
        self.schema = self._file.schema_arrow
        self.names: list[str] = list(self.schema.names)
        self._rows: int = max(self._file.metadata.num_rows, 1)
        self._read: int = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def group_rows(self) -> list[int]:
        """How many rows each row group has."""
        known = self._file.metadata
        return [known.row_group(group).num_rows for group in range(known.num_row_groups)]

    def has_dictionaries(self) -> bool:
        """Whether a column is written as places in a list, which each reader makes anew."""
        return any("dictionary" in str(field.type) for field in self.schema)

    def reading(self) -> AbstractContextManager[None]:
        """Where it is read: what is damaged is told in one line."""
        return _arrow_errors(self.name)

    def fraction_read(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return self._read / self._rows

    def chunks(self) -> Iterator[ParquetChunk]:
        """The rows in their order.

        Raises:
            BatchError: the rest of the file is damaged.
        """
        return in_steps(self._chunks(), CHUNK_ROWS)

    def _chunks(self) -> Iterator[ParquetChunk]:
        with self.reading():
            for batch in self._file.iter_batches(CHUNK_ROWS):
                first = self._read
                self._read += batch.num_rows
                yield ParquetChunk(batch, first)


class ParquetSink:
    """Writes the rows of a source back, with columns added.

    Args:
        where: the file to write, by its path or an open stream.
        source: the file that the rows come from.
        added: name to kind (``float``, ``int`` or ``str``) of the added columns.
        replaced: columns of the source with such a name are left out.
        writer: what the rows go to.
    """

    def __init__(
        self,
        where: Path | BinaryIO,
        source: ParquetSource,
        added: Mapping[str, type],
        replaced: Collection[str] = (),
        writer: ParquetWriter | None = None,
    ) -> None:
        pyarrow = import_pyarrow()
        self._arrow = pyarrow
        self._kept = [index for index, name in enumerate(source.names) if name not in replaced]
        kinds = {float: pyarrow.float64(), int: pyarrow.int64(), str: pyarrow.string()}
        fields = [source.schema.field(index) for index in self._kept]
        self._added = [pyarrow.field(name, kinds[kind]) for name, kind in added.items()]
        self._schema = pyarrow.schema([*fields, *self._added], source.schema.metadata)
        self._writer = (writer or RowGroups)(where, self._schema)

    def write(
        self, chunk: ParquetChunk, rows: Sequence[int] | None, added: Mapping[str, Any]
    ) -> None:
        """Write rows of a chunk (None: all), beside the added columns' values for those rows."""
        arrow = self._arrow
        batch = chunk.batch if rows is None else chunk.batch.take(arrow.array(rows, arrow.int64()))
        columns = [batch.column(index) for index in self._kept]
        columns += [arrow.array(added[field.name], field.type) for field in self._added]
        self._writer.write(arrow.RecordBatch.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        """Write what is left, and the file's end."""
        self._writer.close()


class RowGroups:
    """Writes record batches as a Parquet file, in large groups of rows."""

    def __init__(self, where: Path | BinaryIO, schema: Any) -> None:
        self._arrow = import_pyarrow()
        self.schema = schema
        self._writer = self._arrow.parquet.ParquetWriter(where, schema)
        self._waiting: list[Any] = []

    def write(self, batch: Any) -> None:
        """Write some rows, now or with those that follow."""
        self._waiting.append(batch)
        if sum(batch.num_rows for batch in self._waiting) >= GROUP_ROWS:
            self._write_group()

    def close(self) -> None:
        """Write what is left, and the file's end."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._waiting:
            self._writer.write_table(self._arrow.Table.from_batches(self._waiting))
            self._waiting.clear()


class Batches:
    """Writes record batches as they are, for ``RowGroups`` elsewhere."""

    def __init__(self, where: Path | BinaryIO, schema: Any) -> None:
        self._writer = import_pyarrow().ipc.new_stream(where, schema)

    def write(self, batch: Any) -> None:
        """Write some rows."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the end."""
        self._writer.close()


#: What makes a writer of record batches, of a place and a schema.
ParquetWriter = Callable[[Any, Any], RowGroups | Batches]


def join_batches(parts: Iterable[BinaryIO], where: Path, *, of_files: bool = False) -> None:
    """Write what ``Batches`` wrote, one part after the other, as one Parquet file.

    Args:
        of_files: whether they come from several files. Of these one may say that a column has no
            gaps, and another not, and each has its own notes: columns may have gaps then, and the
            first file's notes stay.
    """
    arrow = import_pyarrow()
    writer: RowGroups | None = None
    for part in parts:
        with arrow.ipc.open_stream(part) as stream:
            schema = _with_gaps(stream.schema) if of_files else stream.schema
            writer = writer or RowGroups(where, schema)
            for batch in stream:
                writer.write(arrow.RecordBatch.from_arrays(batch.columns, schema=writer.schema))
    if writer:
        writer.close()


def _with_gaps(schema: Any) -> Any:
    """A schema whose columns may all have gaps."""
    fields = [field.with_nullable(True) for field in schema]
    return import_pyarrow().schema(fields, schema.metadata)


def import_pyarrow() -> Any:
    """The package that reads and writes Parquet. Raises BatchError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        raise BatchError(
            "Parquet files need pyarrow, which is not installed: pip install pyarrow, or use CSV."
        ) from None
    return pyarrow


@contextmanager
def _arrow_errors(name: str) -> Iterator[None]:
    pyarrow = import_pyarrow()
    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        raise BatchError(f"{name} cannot be read: {str(error).rstrip('.')}.") from None
