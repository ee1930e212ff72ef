"""JSON Schema (2020-12) of the rows that a deployment takes, made from its fields.

The document describes how a value should be written. ``Schema.parse`` forgives a little more: the
letter case of a level, spaces around a text, empty text for a missing value, a number for a level.
"""

from __future__ import annotations

import math
from typing import Any

from tablecast.schema.field import Field
from tablecast.schema.json_values import _moment, _whole_days, as_json
from tablecast.schema.schema import Schema
from tablecast.schema.texts import fold

#: Blank text means a missing value. Python strips four separators and NEL, which are no spaces to
#: the regular expressions of JSON Schema.
NOT_BLANK = r"[^\s\x1c-\x1f\x85]"
JsonSchema = dict[str, Any]


def row_schema(schema: Schema) -> JsonSchema:
    """One row: an object with the schema's fields and no others."""
    return {
        "type": "object",
        "description": "One row: a value for each field.",
        "properties": {field.name: field_schema(field) for field in schema.fields},
        "required": [field.name for field in schema.fields if field.required],
        "additionalProperties": False,
    }


def field_schema(field: Field) -> JsonSchema:
    """One field: its type and the limits beyond which a value is refused."""
    kinds = {"boolean": _boolean, "category": _category, "date": _date}
    described: JsonSchema = {
        "title": field.label or field.name,
        "description": describe(field),
        **kinds.get(field.kind, _number)(field),
        "examples": [example_value(field)],
    }
    return described if field.required else _nullable(described)


def describe(field: Field) -> str:
    """What the form says of a field, as sentences."""
    name = field.label or field.name
    sentences = [f"{name}, in {field.unit}." if field.unit else f"{name}.", field.hint]
    if field.minimum is not None and field.maximum is not None:
        sentences.append(_ranges_in_words(field))
    labels = [(level, field.show_level(level)) for level in field.levels]
    meanings = [f"{level}: {label}" for level, label in labels if fold(label) != fold(level)]
    if meanings:
        sentences.append(f"{'; '.join(meanings)}.")
    if field.kind == "category" and not field.closed:
        sentences.append("A value that training did not see is answered with a warning.")
    if not field.required:
        sentences.append("May be null or left out: the model fills it in.")
    return " ".join(sentence for sentence in sentences if sentence)


def _ranges_in_words(field: Field) -> str:
    show = field.show
    seen = f"Training saw {show(field.minimum)} to {show(field.maximum)}"
    outside = "a value outside is answered with a warning"
    if field.hard_minimum is None or field.hard_maximum is None:
        return f"{seen}; {outside}."
    limits = f"{show(field.hard_minimum)} to {show(field.hard_maximum)}"
    return f"{seen}; {outside}, and refused outside {limits}."


def example_rows(schema: Schema) -> list[dict[str, Any]]:
    """Two valid rows: a typical one, and the lowest value or last level of each field."""
    return [
        {field.name: example_value(field) for field in schema.fields},
        {field.name: _edge_value(field) for field in schema.fields},
    ]


def example_value(field: Field) -> Any:
    """A typical value as JSON; null where the field has none and may be left out."""
    value = field.default
    if value is None or value == "":
        return None if not field.required else _edge_value(field)
    return as_json(field, value)


def _number(field: Field) -> JsonSchema:
    whole = field.kind == "integer"
    limits: JsonSchema = {"type": "integer" if whole else "number"}
    if field.hard_minimum is not None:
        limits["minimum"] = math.ceil(field.hard_minimum) if whole else field.hard_minimum
    if field.hard_maximum is not None:
        limits["maximum"] = math.floor(field.hard_maximum) if whole else field.hard_maximum
    return limits | _ranges(field)


def _date(field: Field) -> JsonSchema:
    written = "date" if _whole_days(field) else "date-time"
    described: JsonSchema = {"type": "string", "format": written}
    # JSON Schema has no keyword for the limits of a date.
    if field.hard_minimum is not None and field.hard_maximum is not None:
        limits = (field.hard_minimum, field.hard_maximum)
        described["x-limits"] = [_moment(field, limit) for limit in limits]
    return described | _ranges(field)


def _ranges(field: Field) -> JsonSchema:
    if field.minimum is None or field.maximum is None:
        return {}
    return {"x-training-range": [as_json(field, field.minimum), as_json(field, field.maximum)]}


def _boolean(field: Field) -> JsonSchema:
    levels = sorted({as_json(field, level) for level in field.levels})
    return {"type": "boolean"} if len(levels) == 2 else {"type": "boolean", "enum": levels}


def _category(field: Field) -> JsonSchema:
    if field.closed:
        return {"type": "string", "enum": list(field.levels)}
    return {"type": "string", "pattern": NOT_BLANK}


def _nullable(described: JsonSchema) -> JsonSchema:
    described = described | {"type": [described["type"], "null"]}
    if "enum" in described:
        described["enum"] = [*described["enum"], None]
    return described


def _edge_value(field: Field) -> Any:
    if field.is_text:
        return as_json(field, field.levels[-1]) if field.levels else "unknown"
    return as_json(field, field.minimum) if field.minimum is not None else 0
