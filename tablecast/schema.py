"""The schema: one description of the fields that feeds every surface, and the one judge of input.

``Schema.from_table`` makes it from *all* training rows; ``Schema.parse`` says what is valid, for
the form, the API, batches and the command line alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from tablecast.errors import FormFileError, InvalidInput, Remark
from tablecast.field import (
    CLOSED_LEVELS,
    MISSING,
    QUOTED_LENGTH,
    Field,
    Kind,
    Refusal,
    Value,
    canonical_text,
    quoted,
)
from tablecast.form import Form

if TYPE_CHECKING:
    import pandas as pd

Task = Literal["regression", "classification"]

#: Unknown names that an answer tells of. Looking for the nearest name costs 0.1 ms each, and a
#: body has room for a million of them.
MOST_UNKNOWN = 20


@dataclass(frozen=True)
class Row:
    """One valid row: values in the schema's order, and what should be said about them."""

    values: tuple[Value, ...]
    warnings: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The fields in the form's order, and what is predicted from them.

    Attributes:
        fields: the input fields.
        target: the target column's name.
        task: regression or classification.
        classes: the target's classes as the table spells them; empty for regression.
        title, description, target_label, target_unit: what the pages show.
    """

    fields: tuple[Field, ...]
    target: str
    task: Task
    classes: tuple[str | int, ...] = ()
    title: str = ""
    description: str = ""
    target_label: str = ""
    target_unit: str = ""

    @classmethod
    def from_table(
        cls, table: pd.DataFrame, target: str, task: Task, form: Form | None = None
    ) -> Schema:
        """Describe a prepared table (see ``tablecast.table.prepare``).

        Raises:
            FormFileError: the form file names a column or a level that the table does not have.
        """
        form = form or Form()
        features = [str(name) for name in table.columns if name != target]
        _check_form(form, features)
        ordered = [*form.fields, *(name for name in features if name not in form.fields)]
        fields = [_field_of(table[name], form.fields.get(name, {})) for name in ordered]
        return cls(
            fields=tuple(fields),
            target=target,
            task=task,
            classes=tuple(_classes(table[target])) if task == "classification" else (),
            title=form.title or f"Predict {_label(target).lower()}",
            description=form.description,
            target_label=form.target_label or _label(target),
            target_unit=form.target_unit,
        )

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return plain | {
            "fields": [field.to_json() for field in self.fields],
            "classes": list(self.classes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Schema:
        fields = tuple(Field.from_json(item) for item in data["fields"])
        return cls(**{**data, "fields": fields, "classes": tuple(data["classes"])})

    def parse(self, raw: Mapping[str, Any], *, text: bool = False) -> Row:
        """Read one row of raw values, keyed by field name.

        Args:
            raw: what a person or a program sent.
            text: True where everything comes as text (a form, a CSV file), so that ``"19"`` is a
                number; in JSON a number is a number.

        Raises:
            InvalidInput: with every error there is, not only the first.
        """
        if not text:
            row = self._parse_plain(raw)
            if row is not None:
                return row
        return self._parse_carefully(raw, text)

    def field(self, name: str) -> Field:
        """The field of that name; KeyError where there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def _plain_readers(self) -> tuple[tuple[str, Callable[[Any], Value]], ...]:
        return tuple((field.name, _plain_reader(field)) for field in self.fields)

    def _parse_plain(self, raw: Mapping[str, Any]) -> Row | None:
        """The usual row (every value plain, known and in range) in about 2 µs; None for others.

        It accepts a part of what ``Field.read`` accepts without a warning, and refuses nothing.
        """
        if len(raw) != len(self.fields):
            return None
        try:
            return Row(tuple([read(raw[name]) for name, read in self._plain_readers]))
        except (KeyError, TypeError):  # a missing name, an unhashable value, or not plain
            return None

    def _parse_carefully(self, raw: Mapping[str, Any], text: bool) -> Row:
        unknown = (name for name in raw if name not in self._by_name)
        errors = [self._unknown(name) for name in islice(unknown, MOST_UNKNOWN)]
        values: list[Value] = []
        warnings: list[Remark] = []
        for field in self.fields:
            try:
                value, warning = field.read(raw.get(field.name, MISSING), text=text)
            except Refusal as refusal:
                errors.append(refusal.remark)
                continue
            values.append(value)
            if warning:
                warnings.append(warning)
        if errors:
            raise InvalidInput(errors)
        return Row(tuple(values), tuple(warnings))

    def _unknown(self, name: Any) -> Remark:
        short = str(name)[:QUOTED_LENGTH]
        near = get_close_matches(short, self._by_name, 1, cutoff=0)
        return Remark(
            "{name} is not a field of this form; the nearest is {near}.",
            short, {"name": quoted(str(name)), "near": near[0] if near else self.fields[0].name},
        )


class _NotPlain(TypeError):  # noqa: N818 - a control flow of this module, never shown
    """The value needs a closer look."""


def _plain_reader(field: Field) -> Callable[[Any], Value]:
    if field.is_text:
        return {level: level for level in field.levels}.__getitem__
    if field.kind == "date" or field.minimum is None or field.maximum is None:
        return _never_plain
    return _plain_number(field.minimum, field.maximum, whole=field.kind == "integer")


def _never_plain(_value: Any) -> Value:
    raise _NotPlain


def _plain_number(low: float, high: float, *, whole: bool) -> Callable[[Any], Value]:
    kinds: tuple[type, ...] = (int,) if whole else (int, float)

    def read(value: Any) -> Value:
        if type(value) in kinds and low <= value <= high:
            return value  # type: ignore[no-any-return]
        raise _NotPlain

    return read


def _field_of(column: pd.Series, overrides: Mapping[str, Any]) -> Field:
    """The field of a training column, with what the form file says of it."""
    name = str(column.name)
    known = column.dropna()
    field = Field(
        name=name,
        kind=_kind(column.dtype.kind, known),
        dtype="object" if column.dtype.kind == "O" else str(column.dtype),
        label=_label(name),
        required=len(known) == len(column),
    )
    field = _with_levels(field, known) if field.is_text else _with_range(field, known)
    return _with_overrides(field, overrides)


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


def _with_levels(field: Field, known: pd.Series) -> Field:
    counts = known.map(canonical_text).value_counts()
    return replace(
        field,
        levels=tuple(sorted(counts.index)),
        closed=len(counts) <= CLOSED_LEVELS,
        default=str(counts.index[0]),
    )


def _with_range(field: Field, known: pd.Series) -> Field:
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
        hard_maximum=_tidy(high + (high - low)),
        default=_typical(float(middle), field.kind),
    )


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
    unknown = [level for level in labels if level not in field.levels]
    if unknown:
        raise FormFileError(
            f"[fields.{field.name}.levels] names {unknown[0]!r}, which the table does not have. "
            f"Its levels are: {', '.join(field.levels) or 'none, it is a number'}."
        )
    if labels:  # the file's order is the form's order
        rest = [level for level in field.levels if level not in labels]
        changes |= {"level_labels": dict(labels), "levels": (*labels, *rest)}
    return replace(field, **changes)


def _check_form(form: Form, features: list[str]) -> None:
    for name in form.fields:
        if name not in features:
            near = get_close_matches(name, features, 1, cutoff=0)
            raise FormFileError(
                f"[fields.{name}] is not a feature of the table; the nearest is {near[0]!r}."
            )


def _classes(target: pd.Series) -> list[str | int]:
    values = target.dropna().unique().tolist()
    if all(isinstance(value, int | float) and float(value).is_integer() for value in values):
        return sorted(int(value) for value in values)
    return sorted(str(value) for value in values)


def _label(name: str) -> str:
    """A column's name as a person would write it: ``sepal_length`` is “Sepal length”."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]
