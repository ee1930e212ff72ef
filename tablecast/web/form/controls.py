"""A field on the form: its control, its content, and how the submitted value is read."""

import html
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from tablecast.errors import Remark
from tablecast.i18n.formats import date_order, day, prefix_of, sentences, unit_name, with_unit
from tablecast.i18n.language import _
from tablecast.schema.field import Choice, Field
from tablecast.schema.schema import Schema
from tablecast.web.display.remarks import sentence_of
from tablecast.web.form import date_inputs

#: Bytes of suggestions on a page, all fields together: a page stays below 150 KB.
SUGGESTED_BYTES = 48_000

#: What ``<option value="…">`` costs around its text.
OPTION_BYTES = 32


@dataclass(frozen=True)
class DatePart:
    """One of the three inputs of a date."""

    label: str
    id: str
    name: str
    value: str
    width: int
    is_wrong: bool = False


@dataclass(frozen=True)
class Control:
    """One field as the form shows it.

    Attributes:
        field: the field itself.
        id: a safe HTML id; column names may hold anything.
        widget: the macro of ``templates/controls.html`` that draws it; see ``Field.control_for``.
        value: what the control holds now, as text; a date as ``year-month-day``.
        error: the sentence beside the control, or "".
        part_names: the names of a date's day, month and year; empty for others.
        suggested_bytes: what the suggestions of this field may cost.
    """

    field: Field
    id: str
    widget: str
    value: str
    error: str = ""
    part_names: tuple[str, ...] = ()
    suggested_bytes: int = SUGGESTED_BYTES

    @property
    def hint(self) -> str:
        """The form file's hint, then what a date looks like, then the training range."""
        if self.widget == "radios":
            return self.field.hint
        return sentences([self.field.hint, self._example, self._usual])

    @property
    def _example(self) -> str:
        if self.widget == "date":
            return _("For example, 31 1 2024.")
        example = self.field.pattern_example
        return _("Write it as {example}.").format(example=example) if example else ""

    @property
    def _usual(self) -> str:
        low, high = self._in_words(self.field.minimum), self._in_words(self.field.maximum)
        if not low:
            return ""
        ends = {"low": f"{self.prefix}{low}", "high": f"{self.prefix}{high}"}
        span = with_unit(_("{low} to {high}").format(**ends), self.suffix)
        return _("Usually {range}.").format(range=span)

    def _in_words(self, value: float | None) -> str:
        if self.widget != "date" or value is None:
            return self.field.show(value)
        return day(datetime.fromtimestamp(value, UTC))

    @property
    def described_by(self) -> str:
        """The ids of the hint and the error, for ``aria-describedby``; "" where there is none."""
        ids = [f"{self.id}-hint"] if self.hint else []
        return " ".join([*ids, f"{self.id}-error"] if self.error else ids)

    @property
    def error_id(self) -> str:
        """Where the error summary leads: the control, or the first part of a date at fault."""
        return next((part.id for part in self._date_parts if part.is_wrong), self.id)

    @property
    def wrong_ids(self) -> tuple[str, ...]:
        """The inputs that are marked as invalid; a group of radios is not."""
        if self.widget == "radios":
            return ()
        return tuple(part.id for part in self._date_parts if part.is_wrong) or (self.id,)

    @property
    def prefix(self) -> str:
        return prefix_of(self.field.unit)

    @property
    def suffix(self) -> str:
        return "" if self.prefix else unit_name(self.field.unit)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """What radios and a select offer."""
        return self.field.choices

    @cached_property
    def suggestions(self) -> tuple[str, ...]:
        """The commonest levels of an open field, as many as the page has room for."""
        chosen, room = [], self.suggested_bytes
        for level in self.field.levels:
            room -= len(html.escape(level).encode()) + OPTION_BYTES
            if room < 0:
                break
            chosen.append(level)
        return tuple(sorted(chosen))

    @property
    def parts(self) -> tuple[DatePart, ...]:
        """A date's parts in the language's order; the first has the control's id, for links."""
        held = date_inputs.split(self.value) or dict.fromkeys(date_inputs.PARTS, "")
        wrong = date_inputs.wrong_parts(self.value) if self.error else ""
        named = dict(zip(date_inputs.PARTS, self.part_names, strict=True))
        inputs = {
            "d": (_("Day"), f"{self.id}-day", named["d"], held["d"], 2, "d" in wrong),
            "M": (_("Month"), f"{self.id}-month", named["M"], held["M"], 2, "M" in wrong),
            "y": (_("Year"), f"{self.id}-year", named["y"], held["y"], 4, "y" in wrong),
        }
        first, *others = (DatePart(*inputs[part]) for part in date_order())
        return (replace(first, id=self.id), *others)

    @property
    def _date_parts(self) -> tuple[DatePart, ...]:
        return self.parts if self.widget == "date" else ()

    @property
    def shown(self) -> str:
        """The value in words, for the printed page."""
        value = self.value.strip()
        if not value:
            return _("not given")
        if self.widget == "date":
            with suppress(ValueError):
                return day(datetime.fromisoformat(value))
        labels = {choice.value: choice.label for choice in self.choices}
        return labels.get(value) or with_unit(self.field.in_figures(value), self.field.unit)


def controls_of(
    schema: Schema, values: Mapping[str, str], errors: Sequence[Remark] = ()
) -> list[Control]:
    """Every field as the form shows it, holding what the person gave."""
    sentences = {error.field: sentence_of(schema, error) for error in reversed(errors)}
    opens = sum(field.control_for("") == "suggest" for field in schema.fields)
    held = {field.name: field.held(values.get(field.name, "")) for field in schema.fields}
    return [
        Control(
            field=field,
            id=_id(index),
            widget=(widget := _widget(field, held[field.name])),
            value=held[field.name],
            error=_error(field, widget, held[field.name], sentences.get(field.name, "")),
            part_names=part_names(schema, index),
            suggested_bytes=SUGGESTED_BYTES // max(1, opens),
        )
        for index, field in enumerate(schema.fields)
    ]


def part_names(schema: Schema, index: int) -> tuple[str, ...]:
    """The names of the inputs of a date field's day, month and year, none of them a column's."""
    if schema.fields[index].control_for("") != "date":
        return ()
    taken = {field.name for field in schema.fields}
    return tuple(free_name(f"{_id(index)}-{part}", taken) for part in ("day", "month", "year"))


def joined_dates(schema: Schema, sent: Mapping[str, str]) -> dict[str, str]:
    """What a form sent, with each date's three parts as one text, ``year-month-day``.

    Parts that make no date are joined as they are, and the schema refuses them. A date that was
    sent whole, as a program does, stays.
    """
    values = dict(sent.items())
    for index, field in enumerate(schema.fields):
        names = part_names(schema, index)
        if not any(name in values for name in names):
            continue
        parts = [values.pop(name, "").strip() for name in names]
        whole = [part for part in parts if part]
        if len(whole) == 1 and date_inputs.is_whole(whole[0]):
            values[field.name] = whole[0]
        elif whole:
            day_of_month, month, year = parts
            values[field.name] = date_inputs.joined(day_of_month, month, year)
        else:
            values.setdefault(field.name, "")
    return values


def _widget(field: Field, value: str) -> str:
    """The control that the field asks for, or a text input where that cannot hold the value."""
    widget = field.control_for(value)
    if widget == "date" and value and date_inputs.split(value) is None:
        return "text"
    return widget


def _error(field: Field, widget: str, value: str, sentence: str) -> str:
    """The sentence beside a control; of a date's parts, one that names those at fault."""
    if not sentence or widget != "date":
        return sentence
    return date_inputs.fault_in_words(value, field.label) or sentence


def _id(index: int) -> str:
    return f"field-{index}"


def free_name(name: str, taken: set[str]) -> str:
    """The name, made longer until it is no column's."""
    while name in taken:
        name += "-"
    return name
