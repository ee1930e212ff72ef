"""A field made from a training column: its kind, its levels or range, and a typical value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from tablecast.errors import FormFileError
from tablecast.schema.column_kinds import column_kind, kind_of_column
from tablecast.schema.field import Field, Refusal
from tablecast.schema.kinds.amount import AmountField

if TYPE_CHECKING:
    import pandas as pd


def field_of_column(column: pd.Series, overrides: Mapping[str, Any]) -> Field:
    """The field of a training column, with what is said of it: a form file's keys, or its kind."""
    name = str(column.name)
    known = column.dropna()
    field = Field(
        name=name,
        kind=overrides.get("kind") or kind_of_column(column, known),
        dtype="object" if column.dtype.kind == "O" else str(column.dtype),
        label=label_of(name),
        required=len(known) == len(column),
    )
    described = column_kind(field).described(field, known, len(column) - len(known))
    return with_overrides(described, overrides, overrides.get("whole", ()))


#: Overrides that are not attributes of the field as they stand.
_READ = ("levels", "whole", "default", "minimum", "maximum", "hard_minimum", "hard_maximum")


def with_overrides(field: Field, overrides: Mapping[str, Any], whole: Sequence[str] = ()) -> Field:
    """A field with what a form file says of it.

    Args:
        field: what training has found.
        overrides: the file's keys of the field, or attributes.
        whole: the whole numbers that may be named, where the field has no levels.

    Raises:
        FormFileError: the file does not fit the field.
    """
    changes = {key: value for key, value in overrides.items() if key not in _READ}
    changes |= _limits(field, overrides) | _levels(field, overrides.get("levels", {}), whole)
    changed = replace(field, **changes)
    if changed.only and changed.is_text:
        raise FormFileError(
            f"[fields.{field.name}]: only = {changed.only!r} is for numbers and dates. Levels have "
            "no direction; use fixed = true if nobody can change it.",
            ("fields", field.name, "only"),
        )
    return _with_default(changed, overrides)


def _levels(field: Field, labels: Mapping[str, str], whole: Sequence[str]) -> dict[str, Any]:
    """The labels, and the levels or codes in the file's order, which is the form's."""
    known = field.levels or whole
    unknown = [level for level in labels if level not in known]
    if unknown:
        raise FormFileError(
            f"[fields.{field.name}.levels] names {unknown[0]!r}, which the table does not have. "
            f"The levels: {', '.join(known) or 'none, it is a number'}.",
            ("fields", field.name, "levels", unknown[0]),
        )
    if not labels:
        return {}
    ordered = (*labels, *(level for level in known if level not in labels))
    return {"level_labels": dict(labels), "levels" if field.levels else "codes": ordered}


def _limits(field: Field, overrides: Mapping[str, Any]) -> dict[str, float]:
    """Both ranges as numbers, where the file has any."""
    limits: dict[str, float] = {}
    for kind in ("", "hard_"):
        for end in ("minimum", "maximum"):
            key = f"{kind}{end}"
            if key in overrides:
                limits[key] = _limit(field, key, overrides[key])
        low, high = (limits.get(f"{kind}{end}", getattr(field, f"{kind}{end}"))
                     for end in ("minimum", "maximum"))
        if low is not None and high is not None and low > high:
            raise FormFileError(
                f"[fields.{field.name}]: {kind}minimum {field.show(low)} is above {kind}maximum "
                f"{field.show(high)}, so no value is valid. Correct them.",
                ("fields", field.name, f"{kind}minimum"),
            )
    return limits


def _limit(field: Field, key: str, value: Any) -> float:
    path = ("fields", field.name, key)
    if field.is_text:
        raise FormFileError(f"[fields.{field.name}]: {key} is for numbers and dates.", path)
    if isinstance(value, int | float):
        return value
    try:
        text = value.isoformat() if isinstance(value, date) else value
        return cast(AmountField, field).amount_of(text, text=True)
    except Refusal as refusal:
        words = f"[fields.{field.name}]: {key} is {str(value)!r}. {refusal.remark}"
        raise FormFileError(words, path) from None


def _with_default(field: Field, overrides: Mapping[str, Any]) -> Field:
    """The field with the file's default, which must be valid; "" leaves it empty."""
    if overrides.get("default") == "":
        return replace(field, default=None)
    said = [key for key in ("default", "hard_minimum", "hard_maximum") if key in overrides]
    value = overrides.get("default", field.show(field.default))
    if not said or value == "":
        return field
    if isinstance(value, date):
        value = value.isoformat()
    try:
        default, _ = field.read(value, text=True)
    except Refusal as refusal:
        raise FormFileError(
            f"[fields.{field.name}]: the form cannot start with {str(value)!r}. {refusal.remark} "
            "Set default to a valid value.",
            ("fields", field.name, said[0]),
        ) from None
    return replace(field, default=default) if "default" in said else field


def label_of(name: str) -> str:
    """A column's name as a person would write it: ``sepal_length`` is “Sepal length”."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]
