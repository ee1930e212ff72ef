"""A field made from a training column: its kind, its levels or range, and a typical value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tablecast.errors import FormFileError
from tablecast.schema.column_kinds import column_kind, kind_of_column
from tablecast.schema.field import Field

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
    return _with_overrides(described, overrides)


def _with_overrides(field: Field, overrides: Mapping[str, Any]) -> Field:
    changes = {key: value for key, value in overrides.items() if key not in ("levels", "whole")}
    labels = overrides.get("levels", {})
    known = field.levels or overrides.get("whole", ())
    unknown = [level for level in labels if level not in known]
    if unknown:
        raise FormFileError(
            f"[fields.{field.name}.levels] names {unknown[0]!r}, which the table does not have. "
            f"The levels: {', '.join(known) or 'none, it is a number'}."
        )
    if labels:  # the file's order is the form's order
        ordered = (*labels, *(level for level in known if level not in labels))
        changes |= {"level_labels": dict(labels), "levels" if field.levels else "codes": ordered}
    changed = replace(field, **changes)
    if changed.only and changed.is_text:
        raise FormFileError(
            f"[fields.{field.name}]: only = {changed.only!r} is for numbers and dates. Levels have "
            "no direction; use fixed = true if nobody can change it."
        )
    for kind in ("", "hard_"):
        low, high = getattr(changed, f"{kind}minimum"), getattr(changed, f"{kind}maximum")
        if low is not None and high is not None and low > high:
            raise FormFileError(
                f"[fields.{field.name}]: {kind}minimum {low:g} is above {kind}maximum {high:g}, so "
                "no value is valid. Correct them."
            )
    return changed


def label_of(name: str) -> str:
    """A column's name as a person would write it: ``sepal_length`` is “Sepal length”."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]
