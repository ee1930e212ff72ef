"""Rows of Parquet files, read by their row groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.data.csv_parts import other_columns
from tablecast.data.names import check_width
from tablecast.data.part_files import PartFile
from tablecast.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

#: Rows that are read at a time.
PIECE = 50_000

_WHOLE = re.compile(r"0|-?[1-9]\d{0,14}")
#: How pandas calls an index without a name, which is no column.
_INDEX = re.compile(r"__index_level_\d+__")


class ParquetParts:
    """Parquet files with the same columns.

    Args:
        parts: at least one.

    Attributes:
        rows, columns: how many there are in all.

    Raises:
        TableError: one cannot be read, has other columns, or there is no row.
    """

    def __init__(self, parts: Sequence[PartFile]) -> None:
        self._parts = parts
        self._kinds: dict[str, str] = {}
        self.rows = 0
        for part in parts:
            with _opened(part) as file:
                self._check_columns(part, file.schema_arrow)
                self.rows += file.metadata.num_rows
        if not self.rows:
            raise TableError(f"'{parts[0].path.name}' has no rows. Add rows to learn from.")
        self.columns = len(self._kinds) + len(parts[0].partition)
        check_width(self.columns, f"'{parts[0].path.name}'")

    @property
    def cells(self) -> int:
        """Of all rows."""
        return self.rows * self.columns

    def targets(self, name: str) -> Iterator[tuple[range, list[str] | None]]:
        """The numbers of all rows, some at a time, and the texts of a column, if there is one."""
        begin = 0
        for part in self._parts:
            with _opened(part) as file:
                if name not in self._kinds:
                    fixed = part.partition.get(name)
                    count = file.metadata.num_rows
                    yield range(begin, begin + count), None if fixed is None else [fixed] * count
                    begin += count
                    continue
                for batch in file.iter_batches(PIECE, columns=[name]):
                    texts = list(map(str, batch.column(0).to_pylist()))
                    yield range(begin, begin + len(texts)), texts
                    begin += len(texts)

    def read(self, rows: Sequence[int] | None) -> pd.DataFrame:
        """The rows of these numbers, in their order; None for all."""
        import pyarrow as pa

        wanted = None if rows is None else np.asarray(rows)
        tables, begin = [], 0
        for part in self._parts:
            with _opened(part) as file:
                schema = file.schema_arrow
                kept = []
                for batch in file.iter_batches(PIECE):
                    kept.append(batch if wanted is None else _taken(batch, wanted, begin))
                    begin += batch.num_rows
            table = pa.Table.from_batches(kept, schema).to_pandas()
            if table.index.name is not None:
                table = table.reset_index()
            tables.append(table.assign(**part.partition))
        return self._joined(tables)

    def _joined(self, tables: list[pd.DataFrame]) -> pd.DataFrame:
        import pandas as pd

        names = list(tables[0].columns)
        filled = [table for table in tables if len(table)]
        whole = pd.concat([table[names] for table in filled], ignore_index=True)
        for name in self._parts[0].partition:
            texts = whole[name].mask(whole[name] == "")
            known = texts.dropna().unique()
            numbers = len(known) and all(_WHOLE.fullmatch(text) for text in known)
            whole[name] = pd.to_numeric(texts) if numbers else texts
        return whole

    def _check_columns(self, part: PartFile, schema: Any) -> None:
        kinds = {
            name: str(schema.field(at).type)
            for at, name in enumerate(schema.names) if not _INDEX.fullmatch(name)
        }
        known = self._kinds = self._kinds or kinds
        name = part.path.name
        if kinds.keys() != known.keys():
            lacking = [one for one in known if one not in kinds]
            raise other_columns(name, lacking, [one for one in kinds if one not in known])
        for column, kind in kinds.items():
            if kind != known[column]:
                raise TableError(
                    f"'{name}' has '{column}' as {kind}, and the part before it as "
                    f"{known[column]}. Write all parts with the same types."
                )


def _taken(batch: Any, wanted: Any, begin: int) -> Any:
    """The rows of a batch whose numbers are wanted, where its first row has the number begin."""
    first, last = np.searchsorted(wanted, [begin, begin + batch.num_rows])
    return batch.take(wanted[first:last] - begin)


@contextmanager
def _opened(part: PartFile) -> Iterator[Any]:
    """A file of pyarrow's."""
    name = part.path.name
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise TableError(
            f"'{name}' is Parquet, which needs a pyarrow that works with the installed numpy. "
            "Install one, or save the table as CSV."
        ) from error
    try:
        with ParquetFile(part.path) as file:
            yield file
    except FileNotFoundError:
        raise TableError(f"There is no file '{part.path}'. Check the path.") from None
    except (ArrowException, OSError) as error:
        raise TableError(
            f"'{name}' is not a Parquet file, or it is damaged. Save it anew."
        ) from error
