"""The prediction log as a table: CSV, Excel or Parquet, with what training reads."""

import csv
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from tablecast.batch.formula_guard import guarded
from tablecast.batch.parquet import GROUP_ROWS, import_pyarrow
from tablecast.batch.paths import OTHER_KINDS, file_errors
from tablecast.data.logged_table import first_columns
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import BatchError
from tablecast.log.reader import Row
from tablecast.schema.field import Field, Refusal
from tablecast.schema.schema import Schema

#: Rows that a sheet takes, with its header.
MOST_ON_SHEET = 1_048_576


#: Name, and whether the column holds texts.
Columns = Sequence[tuple[str, bool]]


class Sink(Protocol):
    """Writes rows of cells."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None: ...
    def close(self) -> None: ...


@dataclass
class Exported:
    """What became of the answers.

    Attributes:
        first: how the columns are called that the log adds, as ``logged_table.FIRST`` has them.
        rows: how many were written.
        gone: fields of an earlier version of the deployment, which have no column.
    """

    first: list[str]
    rows: int = 0
    gone: set[str] = field(default_factory=set)


def write_log(schema: Schema, rows: Iterable[Row], path: Path) -> Exported:
    """Write answers with what was asked and what it was; the file appears when it is whole.

    The columns: ``logged_table.FIRST``, the fields, and the outcome under the target's name.

    Args:
        schema: the deployment's.
        rows: as ``log.reader.answers_of`` gives them.
        path: its ending says which kind of file it is.

    Raises:
        BatchError: the file cannot be written.
    """
    fields = [one for one in schema.fields if one.log != "no"]
    own = [one.name for one in fields]
    known = {one.name for one in schema.fields}
    exported = Exported(first_columns([*known, schema.target]))
    answers = any(isinstance(label, str) for label in schema.classes)
    texts = [True, True, True, answers, *map(_is_text, fields), answers]
    columns = list(zip([*exported.first, *own, schema.target], texts, strict=True))
    make = _sink_for(path)
    asked = iter(rows)
    with file_errors(), replaced_when_whole(path, 0o600) as temporary:
        with closing(make(temporary, columns)) as sink:
            while part := list(islice(asked, GROUP_ROWS)):
                sink.write([_record(fields, row) for row in part])
                exported.rows += len(part)
                exported.gone.update(*(row["given"].keys() - known for row in part))
        return exported


def _is_text(one: Field) -> bool:
    """Whether a column of a field holds texts."""
    return one.log == "hash" or isinstance(one.json_edge(), str)


def _record(fields: Sequence[Field], row: Row) -> list[Any]:
    at = datetime.fromtimestamp(row["at"] / 1e6, UTC).isoformat(timespec="milliseconds")
    given = row["given"]
    values = [_cell(field, given.get(field.name)) for field in fields]
    return [row["id"], at.replace("+00:00", "Z"), row["deployment"], row["prediction"], *values,
            row["outcome"]]  # fmt: skip


def _cell(field: Field, value: Any) -> Any:
    """A value as a table has it: a number, or the text of a level or a date."""
    if value is None or not field.is_text:
        return value
    try:
        return field.read(value, text=False)[0]
    except Refusal:  # hashed, or of an earlier version of the deployment
        return str(value)


def _sink_for(path: Path) -> Callable[[Path, Columns], Sink]:
    kinds: dict[str, Callable[[Path, Columns], Sink]] = {
        ".csv": _Csv, ".xlsx": _Workbook, ".parquet": _Parquet,
    }  # fmt: skip
    ending = path.suffix.lower()
    if ending in kinds:
        return kinds[ending]
    words = "is compressed" if ending in OTHER_KINDS else "is of another kind"
    raise BatchError(
        f"{path.name} {words}; name a file that ends in .csv, .xlsx or .parquet."
    )


class _Csv:
    def __init__(self, path: Path, columns: Columns) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerows(guarded([[name for name, _ in columns]]))

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._writer.writerows(guarded([list(map(_text, row)) for row in rows]))

    def close(self) -> None:
        self._file.close()


def _text(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


class _Workbook:
    def __init__(self, path: Path, columns: Columns) -> None:
        import xlsxwriter

        # Texts stay texts: none is taken for a formula, an address or a number.
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._sheet = self._book.add_worksheet("log")
        self._row = 0
        self.write([[name for name, _ in columns]])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        if self._row + len(rows) > MOST_ON_SHEET:
            raise BatchError("A sheet of Excel has no room for all rows. Use .csv or .parquet.")
        for row in rows:
            for column, value in enumerate(row):
                if isinstance(value, str):
                    self._sheet.write_string(self._row, column, value)
                elif value is not None:
                    self._sheet.write_number(self._row, column, value)
            self._row += 1

    def close(self) -> None:
        self._book.close()


class _Parquet:
    def __init__(self, path: Path, columns: Columns) -> None:
        self._arrow = import_pyarrow()
        kinds = {True: self._arrow.string(), False: self._arrow.float64()}
        self._schema = self._arrow.schema([(name, kinds[is_text]) for name, is_text in columns])
        self._writer = self._arrow.parquet.ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        columns = [
            self._arrow.array(_alike(values, kind == self._arrow.string()), kind)
            for values, kind in zip(zip(*rows, strict=True), self._schema.types, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _alike(values: Sequence[Any], is_text: bool) -> list[Any]:
    """The values of a column that has one type; what an earlier version had otherwise is left."""
    kind = str if is_text else int | float
    return [value if isinstance(value, kind) else str(value) if is_text and value is not None
            else None for value in values]  # fmt: skip
