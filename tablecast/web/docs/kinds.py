"""NDJSON and CSV in the OpenAPI document: requests and responses."""

from collections.abc import Sequence
from typing import Any

from tablecast.batch.csv_rows import write_csv_rows, write_rows_alone
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError
from tablecast.i18n.language import _
from tablecast.web.bodies import CSV, NDJSON
from tablecast.web.docs.answer_schemas import TEXT
from tablecast.web.docs.row_schemas import JsonSchema
from tablecast.web.http.responses import to_json


def kinds_of_rows(loaded: Deployment, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Media types of a body, besides JSON, with these rows as their example."""
    schema = loaded.schema
    table = write_rows_alone(schema, [schema.parse(row) for row in rows])
    return _kinds(
        "One row, a JSON object, on each line.", _lines(rows),
        "UTF-8; its first line names the columns. Other columns are allowed.", table,
    )  # fmt: skip


def kinds_of_answers(
    loaded: Deployment, rows: Sequence[dict[str, Any]], answer: dict[str, Any]
) -> dict[str, Any]:
    """Media types of an answer, besides JSON, with the answer to these rows as their example."""
    try:
        table = write_csv_rows(loaded, [loaded.schema.parse(row) for row in rows])
    except BatchError:  # a field has the name of a result column: CSV is refused
        table = b""
    return _kinds(
        "One Prediction, a JSON object, on each line.", _lines(answer["predictions"]),
        "The rows with the columns that /batch adds.", table,
    )  # fmt: skip


def _kinds(about_lines: str, lines: bytes, about_table: str, table: bytes) -> dict[str, Any]:
    return {
        NDJSON: _example(TEXT | {"description": about_lines}, lines),
        CSV: _example(TEXT | {"description": about_table}, table),
    }


def _example(schema: JsonSchema, content: bytes) -> dict[str, Any]:
    if not content:
        return {"schema": schema}
    value = content.decode().replace("\r\n", "\n")
    return {"schema": schema, "examples": {"rows": {"summary": _("Two rows"), "value": value}}}


def _lines(objects: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(map(to_json, objects))
