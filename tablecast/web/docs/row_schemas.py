"""JSON Schema (2020-12) of the rows that a deployment accepts, made from its fields.

The document describes how a value should be written. ``Schema.parse`` forgives a little more: the
letter case of a level, spaces around a text, empty text for a missing value, a number for a level.
"""

from typing import Any

from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.schema.texts import fold

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
    described: JsonSchema = {
        "title": field.label or field.name,
        "description": describe(field),
        **field.json_schema(),
        "examples": [field.json_examples()[0]],
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
    if field.is_text and not field.closed:
        sentences.append("A value that did not occur in training gets a prediction with a warning.")
    if not field.required:
        sentences.append("May be null or left out: a typical value is used.")
    return " ".join(sentence for sentence in sentences if sentence)


def _ranges_in_words(field: Field) -> str:
    show = field.show
    seen = f"Training range: {show(field.minimum)} to {show(field.maximum)}"
    outside = "a value outside it gets a prediction with a warning"
    if field.hard_minimum is None or field.hard_maximum is None:
        return f"{seen}; {outside}."
    limits = f"{show(field.hard_minimum)} to {show(field.hard_maximum)}"
    return f"{seen}; {outside}. Outside {limits} it is refused."


def example_rows(schema: Schema) -> list[dict[str, Any]]:
    """Two valid rows: a typical one, and the lowest value or last level of each field."""
    examples = {field.name: field.json_examples() for field in schema.fields}
    return [{name: pair[at] for name, pair in examples.items()} for at in (0, 1)]


def _nullable(described: JsonSchema) -> JsonSchema:
    described = described | {"type": [described["type"], "null"]}
    if "enum" in described:
        described["enum"] = [*described["enum"], None]
    return described
