"""How the files of IN are cut into parts.

It depends on the files alone, and not on the engine or its workers: so each engine writes the same
parts, and a run that was interrupted goes on by another.
"""

import base64
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from tablecast.batch.csv_source import CHUNK_ROWS
from tablecast.batch.match_columns import match_columns
from tablecast.batch.parquet import CHUNK_ROWS as PARQUET_ROWS
from tablecast.batch.parquet import ParquetSource
from tablecast.batch.parts.cut_csv import Cut, chosen, cuts_of
from tablecast.batch.parts.inputs import InputFile, Inputs
from tablecast.batch.parts.locations import address_errors, is_shipped, key_of
from tablecast.batch.parts.part import CsvTable, Part
from tablecast.batch.paths import file_errors, refuse_sheet
from tablecast.batch.row_source import csv_source
from tablecast.data.sheets import is_workbook
from tablecast.errors import BatchError
from tablecast.schema.number_formats import DECIMAL_COMMA
from tablecast.schema.schema import Schema

#: Parts that are wanted of all files together: enough for some dozen workers, none of which then
#: waits long for the last.
PARTS = 64

#: Rows and bytes that a part has at most: its answers are in memory once, on a worker and here.
MOST_ROWS, MOST_BYTES = 500_000, 32_000_000


@dataclass(frozen=True)
class Planned:
    """One file with its parts.

    Attributes:
        notes: what is to be said of the file, besides what its parts say.
        columns: what it must have in common with the others: names, and types where it has some.
        written: of CSV, what else those must have in common that go into one file.
    """

    file: InputFile
    parts: Sequence[Part]
    notes: Sequence[str]
    columns: Sequence[str]
    written: str = ""


def planned(
    inputs: Inputs, schema: Schema, sheet: str | None, uncut: Collection[str] = ()
) -> list[Planned]:
    """Every file with its parts.

    Args:
        schema: of the deployment, which a file is looked at for.
        sheet: of a workbook.
        uncut: names of files that are not cut.

    Raises:
        BatchError: a file cannot be read, or has other columns than the first.
    """
    plans: list[Planned] = []
    wanted = max(PARTS // len(inputs.files), 1)
    for file in inputs.files:
        with file_errors(), address_errors(file.address):
            plan = _parquet if file.kind == "parquet" else _csv
            plans.append(plan(file, schema, 1 if file.name in uncut else wanted, sheet))
        _check_columns(plans[0], plans[-1])
    return plans


def _check_columns(first: Planned, other: Planned) -> None:
    if other.columns != first.columns:
        known, found = set(first.columns), set(other.columns)
        lacking = ", ".join(map(repr, (name for name in first.columns if name not in found)))
        more = ", ".join(map(repr, (name for name in other.columns if name not in known)))
        how = " and ".join(
            [*([f"lacks {lacking}"] if lacking else []), *([f"has {more}"] if more else [])]
        )
        raise BatchError(
            f"{other.file.name} has other columns than {first.file.name}: it "
            f"{how or 'has them in another order'}. Predict it by itself."
        )


def _base(file: InputFile, sheet: str | None) -> Part:
    """The whole of a file as one part."""
    content = None
    if is_shipped(file.files):
        content = base64.b64encode(file.files.cat_file(file.path)).decode()
    key = key_of(file.files, file.path)
    return Part(file.address, file.name, key, given=file.given, sheet=sheet, content=content)


def _csv(file: InputFile, schema: Schema, wanted: int, sheet: str | None) -> Planned:
    whole = _base(file, sheet)
    with file.files.open(file.path) as stream:
        beginning = stream.read(8)
        stream.seek(0)
        if is_workbook(beginning):
            return Planned(file, [whole], (), ())
        refuse_sheet(sheet, file.name)
        with closing(csv_source(stream, file.name, schema)) as source:
            _check_fields(file, schema, source.names)
            table = CsvTable(source.names, source.header, source.encoding, asdict(source.form))
            notes = source.notes
            cut = wanted > 1 and not _depends_on_rows_before(schema)
            cuts = cuts_of(stream, source) if cut else []
    rows = _rows_of_a_part(cuts[-1].rows, cuts[-1].offset, wanted, CHUNK_ROWS) if cuts else 0
    cuts = chosen(cuts, rows) if cuts else []
    written = f"{table.form['separator']}{table.form['line_end']}"
    if len(cuts) < 3:
        return Planned(file, [whole], (), source.names, written)
    parts = [_csv_part(whole, table, a, b, cuts) for a, b in pairwise(cuts)]
    return Planned(file, parts, notes, source.names, written)


def _csv_part(whole: Part, table: CsvTable, a: Cut, b: Cut, cuts: Sequence[Cut]) -> Part:
    content = whole.content
    if content is not None:
        content = base64.b64encode(base64.b64decode(content)[a.offset : b.offset]).decode()
    return replace(
        whole, kind="csv", start=a.offset, end=b.offset, line=a.line, table=table, content=content,
        begins=a == cuts[0], ends=b == cuts[-1], rows=None if b == cuts[-1] else b.rows - a.rows,
    )  # fmt: skip


def _parquet(file: InputFile, schema: Schema, wanted: int, sheet: str | None) -> Planned:
    refuse_sheet(sheet, file.name)
    whole = replace(_base(file, None), kind="parquet")
    with file.files.open(file.path) as stream, closing(ParquetSource(stream, file.name)) as source:
        _check_fields(file, schema, source.names)
        columns = [f"{field.name} ({field.type})" for field in source.schema]
        groups = source.group_rows()
        whole_file = wanted == 1 or source.has_dictionaries() or _depends_on_rows_before(schema)
    rows, size = sum(groups), file.files.size(file.path)
    step = rows if whole_file else _rows_of_a_part(rows, size, wanted, PARQUET_ROWS)
    ends = _parquet_ends(groups, max(step, 1))
    parts = [
        replace(whole, start=a, end=b) for a, b in zip([0, *ends[:-1]], ends, strict=True)
    ]
    return Planned(file, parts, (), columns)


def _parquet_ends(groups: Sequence[int], step: int) -> list[int]:
    """Where parts end: at the next step of rows behind the end of a row group."""
    ends, at, last, rows = [], 0, 0, sum(groups)
    for group in groups:
        at += group
        end = -(-at // PARQUET_ROWS) * PARQUET_ROWS
        if end - last >= step and end < rows:
            ends.append(end)
            last = end
    return [*ends, rows]


def _rows_of_a_part(rows: int, size: int, wanted: int, step: int) -> int:
    """How many rows a part has, in whole steps."""
    fits = min(MOST_ROWS, MOST_BYTES * rows // max(size, 1))
    return max(min(-(-rows // wanted), fits) // step, 1) * step




def _check_fields(file: InputFile, schema: Schema, names: Sequence[str]) -> None:
    given = [name for name in file.given if name not in names]
    match_columns(schema, [*names, *given], file.name, in_lines=file.kind != "parquet")


def _depends_on_rows_before(schema: Schema) -> bool:
    """Whether a cell's meaning may depend on the rows above it.

    1.234 in a column that is written as 1.234,5 is refused from where a program's number shows.
    """
    return any(field.spelling == DECIMAL_COMMA for field in schema.fields)


def described(plans: Sequence[Planned]) -> list[dict[str, Any]]:
    """The parts as plain data, without their bytes: what tells one plan from another."""
    return [
        {**asdict(part), "content": None, "folder": plan.file.folder}
        for plan in plans
        for part in plan.parts
    ]
