"""What the server forgives beyond the document, written down apart from the server's own code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tablecast.schema.field import Field
from tablecast.schema.kinds.yes_no import NO_WORDS, YES_WORDS
from tablecast.schema.schema import Schema


def as_documented(schema: Schema, body: Any) -> Any:
    """A body as a careful program would have written it, as far as its meaning is plain.

    Spaces around a text go, empty text and null mean missing, a level takes its own letter case, a
    number becomes the level of that name, a word for yes or no the boolean, a date the day alone.
    """
    if isinstance(body, list):
        return [as_documented(schema, row) for row in body]
    if not isinstance(body, dict):
        return body
    fields = {field.name: field for field in schema.fields}
    row = {name: _value(fields[name], value) if name in fields else value
           for name, value in body.items()}
    return {name: value for name, value in row.items()
            if value is not None or name not in fields or fields[name].required}


def _value(field: Field, value: Any) -> Any:
    if isinstance(value, dict | list):
        return value
    if isinstance(value, str):
        value = value.strip() or None
    if value is None:
        return None
    read = {"category": _level, "boolean": _boolean, "date": _day}.get(field.kind)
    return read(field, value) if read else value


def _level(field: Field, value: Any) -> str:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    alike = [level for level in field.levels if level.casefold() == text.casefold()]
    return alike[0] if alike else text


def _boolean(_field: Field, value: Any) -> Any:
    text = str(value).casefold()
    return True if text in YES_WORDS else False if text in NO_WORDS else value


def _day(_field: Field, value: Any) -> Any:
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except (TypeError, ValueError):
        return value
