"""A file's rows, whichever kind of file its first bytes show it to be."""

import math
from collections.abc import Sequence
from typing import BinaryIO

from tablecast.batch.csv_source import CsvSource
from tablecast.batch.paths import refuse_sheet
from tablecast.batch.workbook_source import WorkbookSource
from tablecast.data.sheets import is_workbook
from tablecast.schema.schema import Schema


def csv_source(
    stream: BinaryIO, name: str, schema: Schema, more: Sequence[str] = ()
) -> CsvSource:
    """A CSV file of a deployment's rows, about to be read; ``more``: columns it has besides."""
    encoding = schema.reading.get("encoding", "")
    return CsvSource(stream, name, _asked(schema, more), encoding)


def row_source(
    stream: BinaryIO, name: str, schema: Schema, more: Sequence[str] = (),
    sheet: str | None = None, memory: float = math.inf,
) -> CsvSource | WorkbookSource:  # fmt: skip
    """A CSV file or a workbook of a deployment's rows, about to be read.

    Args:
        stream: seekable, at its beginning.
        name: what messages call the file.
        schema: the deployment's.
        more: columns that it has besides the fields.
        sheet: which one of a workbook.
        memory: bytes that a workbook may take.

    Raises:
        BatchError: it cannot be read, or has no sheets.
    """
    beginning = stream.read(8)
    stream.seek(0)
    if not is_workbook(beginning):
        refuse_sheet(sheet, name)
        return csv_source(stream, name, schema, more)
    return WorkbookSource(stream, name, _asked(schema, more), sheet, memory)


def _asked(schema: Schema, more: Sequence[str]) -> list[str]:
    return [*(field.name for field in schema.fields), *more]
