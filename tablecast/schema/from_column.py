"""A field made from a training column: its kind, its levels or range, and a typical value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tablecast.errors import FormFileError
from tablecast.schema.field import CLOSED_LEVELS, Field, Kind, Value, canonical_text

if TYPE_CHECKING:
    import pandas as pd


#: Whole numbers between these are years.
YEARS = (1800, 2100)
#: Up to these a date and a year are answered, with a warning; pandas ends in 2262.
LAST_YEAR, LAST_DAY = 2199.0, 7_258_032_000.0


def field_of_column(column: pd.Series, overrides: Mapping[str, Any]) -> Field:
    """The field of a training column, with what the form file says of it."""
    name = str(column.name)
    known = column.dropna()
    field = Field(
        name=name,
        kind=_kind(column.dtype.kind, known),
        dtype="object" if column.dtype.kind == "O" else str(column.dtype),
        label=label_of(name),
        required=len(known) == len(column),
    )
    missing = len(column) - len(known)
    complete = _with_levels if field.is_text else _with_range
    return _with_overrides(complete(field, known, missing), overrides)


def _kind(code: str, known: pd.Series) -> Kind:
    """The kind of a column from its dtype's one-letter code and its values."""
    if code == "b":
        return "boolean"
    if code == "M":
        return "date"
    if code == "f":
        return "integer" if (known == known.round()).all() else "number"
    if code in "iu":
        return "integer"
    levels = {str(level) for level in known.unique()}
    return "boolean" if levels == {"True", "False"} else "category"


def _with_levels(field: Field, known: pd.Series, missing: int) -> Field:
    counts = known.map(canonical_text).value_counts()
    closed = len(counts) <= CLOSED_LEVELS
    # Of an open field's levels the form suggests as many as fit: the commonest ones.
    levels = sorted(counts.index, key=lambda level: (0 if closed else -counts[level], level))
    return replace(
        field,
        levels=tuple(levels),
        closed=closed,
        default=None if missing > counts.iloc[0] else str(counts.index[0]),
    )


def _with_range(field: Field, known: pd.Series, missing: int) -> Field:
    if field.kind == "date":
        known = known.astype("datetime64[ns]").astype("int64") / 1e9
    low, high = float(known.min()), float(known.max())
    middle = known.median()
    never_negative = low >= 0 and field.kind != "date"
    wide = low - (high - low)
    return replace(
        field,
        minimum=low,
        maximum=high,
        hard_minimum=_tidy(max(wide, 0.0) if never_negative else wide),
        hard_maximum=_latest(field.kind, low, high) or _tidy(high + (high - low)),
        default=None if missing > len(known) else _typical(float(middle), field.kind),
    )


def _latest(kind: Kind, low: float, high: float) -> float | None:
    """The limit of a date or a year, which go on after training; None of any other number."""
    if kind == "date":
        return LAST_DAY
    is_year = kind == "integer" and YEARS[0] <= low and high <= YEARS[1]
    return LAST_YEAR if is_year else None


def _tidy(limit: float) -> float:
    """A limit without the noise of its own subtraction, as in 90.30000000000001."""
    return float(f"{limit:.12g}")


def _typical(middle: float, kind: Kind) -> Value:
    if kind == "integer":
        return math.floor(middle)
    if kind == "date":
        return math.floor(middle / 86400) * 86400.0
    return float(f"{middle:.4g}")


def _with_overrides(field: Field, overrides: Mapping[str, Any]) -> Field:
    changes = {key: value for key, value in overrides.items() if key != "levels"}
    labels = overrides.get("levels", {})
    known = field.levels if field.is_text else overrides.get("codes", ())
    unknown = [level for level in labels if level not in known]
    if unknown:
        raise FormFileError(
            f"[fields.{field.name}.levels] names {unknown[0]!r}, which the table does not have. "
            f"Its levels are: {', '.join(known) or 'none, it is a number'}."
        )
    changes.pop("codes", None)
    if labels:  # the file's order is the form's order
        ordered = (*labels, *(level for level in known if level not in labels))
        changes |= {"level_labels": dict(labels)}
        changes["levels" if field.is_text else "choices"] = ordered
    return replace(field, **changes)


def label_of(name: str) -> str:
    """A column's name as a person would write it: ``sepal_length`` is “Sepal length”."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]
