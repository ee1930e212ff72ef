"""The prediction log as a table: CSV, Excel or Parquet, with what training reads."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from tablecast.batch.formula_guard import guarded
from tablecast.batch.parquet import GROUP_ROWS, import_pyarrow
from tablecast.batch.paths import OTHER_KINDS, file_errors
from tablecast.deployment.files import replaced_when_whole
from tablecast.errors import BatchError
from tablecast.log.reader import Row
from tablecast.schema.field import Field, Refusal
from tablecast.schema.schema import Schema

#: How the table begins; ``train`` knows it by that.
FIRST = ("id", "at", "deployment", "prediction")

#: Rows that a sheet takes, with its header.
MOST_ON_SHEET = 1_048_576


class Sink(Protocol):
    """Writes rows of cells."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None: ...
    def close(self) -> None: ...


def write_log(schema: Schema, rows: Iterable[Row], path: Path) -> int:
    """Write answers with what was asked and what it was; the file appears when it is whole.

    The columns: ``FIRST``, the fields, and the outcome under the target's name.

    Args:
        schema: the deployment's.
        rows: as ``log.reader.predictions_between`` gives them.
        path: its ending says which kind of file it is.

    Returns:
        How many rows were written.

    Raises:
        BatchError: the file cannot be written.
    """
    fields = [field for field in schema.fields if field.log != "no"]
    names = [*FIRST, *(field.name for field in fields), schema.target]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BatchError(
            f"The table has a column named {min(twice)!r}, which the log's export has too. Read "
            "the database itself."
        )
    make = _sink_for(path)
    records = (_record(fields, row) for row in rows)
    count = 0
    with file_errors(), replaced_when_whole(path) as temporary:
        with closing(make(temporary, names, schema)) as sink:
            while part := list(islice(records, GROUP_ROWS)):
                sink.write(part)
                count += len(part)
        return count


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


def _sink_for(path: Path) -> Callable[[Path, Sequence[str], Schema], Sink]:
    kinds: dict[str, Callable[[Path, Sequence[str], Schema], Sink]] = {
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
    def __init__(self, path: Path, names: Sequence[str], _schema: Schema) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerows(guarded([list(names)]))

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._writer.writerows(guarded([list(map(_text, row)) for row in rows]))

    def close(self) -> None:
        self._file.close()


def _text(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


class _Workbook:
    def __init__(self, path: Path, names: Sequence[str], _schema: Schema) -> None:
        import xlsxwriter

        # Texts stay texts: none is taken for a formula, an address or a number.
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._sheet = self._book.add_worksheet("log")
        self._row = 0
        self.write([names])

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
    def __init__(self, path: Path, names: Sequence[str], schema: Schema) -> None:
        self._arrow = import_pyarrow()
        kinds = [self._arrow.string() if is_text else self._arrow.float64()
                 for is_text in _are_text(names, schema)]  # fmt: skip
        self._schema = self._arrow.schema(list(zip(names, kinds, strict=True)))
        self._writer = self._arrow.parquet.ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        columns = [
            self._arrow.array(_alike(values, kind == self._arrow.string()), kind)
            for values, kind in zip(zip(*rows, strict=True), self._schema.types, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def _are_text(names: Sequence[str], schema: Schema) -> Iterator[bool]:
    answers = any(isinstance(label, str) for label in schema.classes)
    for name in names:
        field = schema.find(name)
        if field is not None:
            yield field.log == "hash" or isinstance(field.json_edge(), str)
        else:
            yield answers if name in ("prediction", schema.target) else True


def _alike(values: Sequence[Any], is_text: bool) -> list[Any]:
    """The values of a column that has one type; what an earlier version had otherwise is left."""
    kind = str if is_text else int | float
    return [value if isinstance(value, kind) else str(value) if is_text and value is not None
            else None for value in values]  # fmt: skip
