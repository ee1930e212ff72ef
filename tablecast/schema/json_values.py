"""A field's value as JSON has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tablecast.schema.field import YES_WORDS, Field, Value
from tablecast.schema.texts import fold


def plain_value(field: Field, value: Value) -> float | int | str | None:
    """One value as JSON writes it: a date as text, a whole number without a fraction."""
    if value == "" or value != value:  # NaN differs from itself
        return None
    if field.kind == "date":
        return field.show(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


DAY = 86400


def as_json(field: Field, value: Value) -> Any:
    """A field's own value as a program should send it."""
    if field.kind == "boolean":
        return fold(str(value)) in YES_WORDS
    if field.kind == "date":
        return _moment(field, float(value))
    if field.kind == "integer":
        return int(value)
    return value


def _whole_days(field: Field) -> bool:
    known: Sequence[Any] = (field.minimum, field.maximum, field.default)
    return all(float(moment) % DAY == 0 for moment in known if moment is not None)


def _moment(field: Field, seconds: float) -> str:
    """Seconds since 1970 as RFC 3339 writes the day, or the day and the time."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%d" if _whole_days(field) else "%Y-%m-%dT%H:%M:%SZ")
