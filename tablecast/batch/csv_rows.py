"""CSV rows in a request: read and written like a batch, with each row's full prediction."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import numpy as np

from tablecast.batch.answers import Recorder, added_columns, answers, recorded
from tablecast.batch.below_table import rows_of_table
from tablecast.batch.column_reader import RowsReader, meaning
from tablecast.batch.csv_chunk import CsvChunk
from tablecast.batch.csv_sink import CsvSink, PlainTable
from tablecast.batch.csv_source import CsvSource
from tablecast.batch.formula_guard import guarded
from tablecast.batch.match_columns import match_columns
from tablecast.batch.row_source import csv_source
from tablecast.batch.summary import SHOWN_REFUSALS, Refused, located, location_in_words
from tablecast.data.compressed import is_compressed
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, InvalidInput, Remark
from tablecast.i18n.language import _
from tablecast.schema.schema import Row, Schema


def sentence(words: str) -> str:
    """What begins with the name of the file, which may be in small letters."""
    return words[:1].upper() + words[1:]


class TooManyRows(BatchError):  # noqa: N818 - reads as a sentence where it is raised
    """There are more rows than were wanted."""


def read_csv_rows(schema: Schema, content: bytes, name: str, most: int) -> list[Row]:
    """The rows of a CSV file, each with what is to be said of it and of the whole file.

    Args:
        schema: judges them.
        content: the file, which is not compressed.
        name: what messages call the file, in the middle of a sentence.
        most: how many rows it may have.

    Raises:
        TooManyRows: it has more.
        BatchError: it is not CSV.
        InvalidInput: columns or values are refused, with the rows' places and lines.
    """
    if is_compressed(content):
        raise BatchError(
            _("{name} is compressed. Send it with the header Content-Encoding: gzip.").format(
                name=name
            )
        )
    with closing(csv_source(io.BytesIO(content), name, schema)) as source:
        return _rows_of(schema, source, _indices_of(schema, source), most)


def _indices_of(schema: Schema, source: CsvSource) -> Mapping[str, int]:
    try:
        return match_columns(schema, source.names, source.name)
    except BatchError as error:
        raise InvalidInput([Remark("{remark}", None, {"remark": sentence(str(error))})]) from None


def _rows_of(
    schema: Schema, source: CsvSource, indices: Mapping[str, int], most: int
) -> list[Row]:
    reader = RowsReader(schema)
    rows: list[Row] = []
    refusals: list[Refused] = []
    count = 0
    for chunk in rows_of_table(source, schema, indices):
        cells = {name: chunk.column(index) for name, index in indices.items()}
        refused = reader.read(cells, len(chunk)).refused
        for row in sorted(refused):
            location = location_in_words(*chunk.location_of(row))
            refusals.append(Refused(count + row, location, tuple(refused[row])))
        count += len(chunk)
        if count > most:
            raise TooManyRows(source.name)
        if len(refusals) >= SHOWN_REFUSALS:
            break
        if not refusals:
            rows += _parsed(schema, cells, len(chunk))
    if refusals:
        raise InvalidInput(list(located(refusals[:SHOWN_REFUSALS])))
    notes = tuple(Remark("{remark}", None, {"remark": sentence(note)}) for note in source.notes)
    return [row._replace(warnings=row.warnings + notes) for row in rows] if notes else rows


def _parsed(schema: Schema, cells: Mapping[str, Sequence[str]], rows: int) -> Iterator[Row]:
    """Rows that are not refused."""
    for row in range(rows):
        raw = {name: meaning(schema.field(name), texts[row]) for name, texts in cells.items()}
        yield schema.parse(raw, text=True)


def write_csv_rows(
    deployment: Deployment, rows: Sequence[Row], recorder: Recorder | None = None
) -> bytes:
    """Valid rows with their predictions, as the CSV file that a batch makes of them.

    Raises:
        BatchError: a field of the deployment has the name of a result column.
    """
    schema = deployment.schema
    comma = schema.decimal_comma
    separator = ";" if comma else ","
    names, records = _shown(schema, rows)
    table = PlainTable(names, separator)
    added = added_columns(deployment, with_errors=False, with_ids=recorder is not None)
    result = io.BytesIO()
    with closing(CsvSink(result, table, added, decimal_comma=comma)) as sink:
        if rows:
            chunk = CsvChunk(records, range(2, 2 + len(records)))
            columns = schema.columns_of_rows(rows)
            warned = np.array([bool(row.warnings) for row in rows])
            answered = recorded(recorder, columns, answers(deployment, columns), warned)
            sink.write(chunk, None, answered)
    return result.getvalue()


def write_rows_alone(schema: Schema, rows: Sequence[Row]) -> bytes:
    """Valid rows as a CSV file that ``read_csv_rows`` takes."""
    text = io.StringIO()
    names, records = _shown(schema, rows)
    separator = ";" if schema.decimal_comma else ","
    csv.writer(text, delimiter=separator).writerows(guarded([names, *records]))
    return text.getvalue().encode()


def _shown(schema: Schema, rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """The names of the columns, and the cells of each row."""
    records = [
        [field.show(value) for field, value in zip(schema.fields, row.values, strict=True)]
        for row in rows
    ]
    return [field.name for field in schema.fields], records
