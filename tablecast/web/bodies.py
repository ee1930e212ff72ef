"""The rows in a request's body: JSON, NDJSON (one JSON object per line) or CSV."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson
from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from tablecast.batch.csv_rows import TooManyRows, read_csv_rows, sentence
from tablecast.batch.summary import Refused, located, location_in_words
from tablecast.errors import BatchError, InvalidInput, Remark
from tablecast.i18n.formats import number
from tablecast.i18n.language import N_, _
from tablecast.schema.schema import Row, Schema

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"

#: Errors after which a list of rows is read no further: who has a hundred has seen enough.
MOST_ERRORS = 100

NOT_A_ROW = N_("Send one JSON object of fields and values, or a list of such objects.")
NOT_A_LINE = N_("Send one JSON object of fields and values on each line.")


def read_json(schema: Schema, content: bytes, most: int) -> list[Row]:
    """The valid rows of a JSON body: one object, or a list of them.

    Args:
        schema: judges them.
        content: the body.
        most: how many rows it may hold.

    Raises:
        BadRequest: it is not JSON.
        RequestEntityTooLarge: it holds more rows.
        InvalidInput: naming every error, with its row's place where the body is a list.
    """
    return rows_of(schema, parse_json(content), most)


def rows_of(schema: Schema, body: Any, most: int) -> list[Row]:
    """``read_json`` of a body that is parsed."""
    if isinstance(body, Mapping):
        return [schema.parse(body)]
    if not isinstance(body, list):
        raise InvalidInput([Remark(NOT_A_ROW)])
    if len(body) > most:
        words = _("The list has more than {most} rows. Send it in parts.")
        raise RequestEntityTooLarge(words.format(most=number(most)))
    rows: list[Row] = []
    errors: list[Remark] = []
    for index, raw in enumerate(body):
        if len(errors) >= MOST_ERRORS:
            break
        try:
            rows.append(_read_row(schema, raw, NOT_A_ROW))
        except InvalidInput as error:
            errors += [replace(remark, row=index) for remark in error.errors]
    if errors:
        raise InvalidInput(errors)
    return rows


def read_ndjson(schema: Schema, content: bytes, most: int) -> list[Row]:
    """The valid rows of a body with one JSON object a line; blank lines are none.

    Args and errors: as ``read_json``; each error names its line.
    """
    numbered = ((at, line) for at, line in enumerate(io.BytesIO(content), 1) if line.strip())
    lines = list(islice(numbered, most + 1))
    if not lines:
        raise BadRequest(_(NOT_A_LINE))
    if len(lines) > most:
        raise _too_many(most)
    rows: list[Row] = []
    refusals: list[Refused] = []
    for index, (at, line) in enumerate(lines):
        if len(refusals) >= MOST_ERRORS:
            break
        try:
            rows.append(_read_row(schema, _parse_line(line, at), NOT_A_LINE))
        except InvalidInput as error:
            refusals.append(Refused(index, location_in_words("line", at), error.errors))
    if refusals:
        raise InvalidInput(list(located(refusals)))
    return rows


def read_csv(schema: Schema, content: bytes, most: int) -> list[Row]:
    """The valid rows of a CSV body, which is read as a batch reads a file.

    Args and errors: as ``read_json``; each error names its line.
    """
    try:
        return read_csv_rows(schema, content, _("the body"), most)
    except TooManyRows:
        raise _too_many(most) from None
    except BatchError as error:
        raise BadRequest(sentence(str(error))) from None


Reader = Callable[[Schema, bytes, int], list[Row]]

READERS: Mapping[str, Reader] = {JSON: read_json, NDJSON: read_ndjson, CSV: read_csv}


def reader_asked() -> Reader:
    """What reads the body of this request, by what it is called.

    Raises:
        UnsupportedMediaType: the request is called something else.
    """
    reader = READERS.get(JSON if request.is_json else request.mimetype)
    if reader is None:
        raise UnsupportedMediaType(_(
            "Send JSON, NDJSON or CSV, with the header Content-Type: application/json, "
            "application/x-ndjson or text/csv."
        ))
    return reader


def parse_json(content: bytes) -> Any:
    """Parse a request's body.

    Raises:
        BadRequest: the body is not JSON.
    """
    try:
        return _parsed(content)
    except ValueError as error:
        words = _("The body is not JSON: {reason}.")
        raise BadRequest(words.format(reason=error)) from None


def _parse_line(line: bytes, at: int) -> Any:
    try:
        return _parsed(line)
    except ValueError as error:
        words = _("Line {line} is not JSON: {reason}.")
        raise BadRequest(words.format(line=number(at), reason=error)) from None


def _parsed(content: bytes) -> Any:
    """What JSON says.

    NaN, Infinity and 1e999 are not JSON, or no numbers; they are let through to the schema, which
    refuses them by the name of their field.

    Raises:
        ValueError: with the reason in words.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        reason = str(error)
    try:
        body = json.loads(content.decode())
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate cannot be answered with
    except (ValueError, RecursionError):
        raise ValueError(reason) from None
    return body


def _read_row(schema: Schema, raw: Any, otherwise: str) -> Row:
    if not isinstance(raw, Mapping):
        raise InvalidInput([Remark(otherwise)])
    return schema.parse(raw)


def _too_many(most: int) -> RequestEntityTooLarge:
    words = _("The body has more than {most} rows. Send it in parts.")
    return RequestEntityTooLarge(words.format(most=number(most)))
