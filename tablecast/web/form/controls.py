"""A field as the form shows it: which control, what it holds, and how what comes back is read."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from tablecast.errors import Remark
from tablecast.i18n.formats import date_order, day, prefix_of, sentences, with_unit
from tablecast.i18n.language import _
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.display.choices import Choice, choices_of, in_figures, is_flag, sentence_of
from tablecast.web.form import date_parts

Widget = Literal["text", "radios", "select", "suggest", "date"]

#: A category with more levels than this is a select and not radios: more do not fit a phone.
RADIO_LEVELS = 5

#: Bytes of suggestions on a page, all fields together: a page stays below 150 KB.
SUGGESTED_BYTES = 48_000

#: What ``<option value="…">`` costs around its text.
OPTION_BYTES = 32

DAY = 86400


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
        widget: ``text``, ``radios``, ``select``, ``suggest`` (text with suggestions) or ``date``.
        value: what the control holds now, as text; a date as ``year-month-day``.
        error: the sentence beside the control, or "".
        part_names: the names of a date's day, month and year; empty for others.
        suggested_bytes: what the suggestions of this field may cost.
    """

    field: Field
    id: str
    widget: Widget
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
        if self.field.kind == "date" and self.field.minimum is not None:
            example = self.field.show(self.field.minimum)
            return _("Write it as {example}.").format(example=example)
        return ""

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
    def is_number(self) -> bool:
        return self.field.kind in ("integer", "number")

    @property
    def input_mode(self) -> str:
        """The keypad that a phone shows; "" for its usual keyboard.

        On some phones no keypad has a decimal sign, and none a minus sign.
        """
        is_whole = self.field.kind == "integer" and (self.field.hard_minimum or 0) >= 0
        return "numeric" if is_whole else ""

    @property
    def prefix(self) -> str:
        return prefix_of(self.field.unit)

    @property
    def suffix(self) -> str:
        return "" if self.prefix else self.field.unit

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """What radios and a select offer: yes before no, else in the schema's order."""
        return choices_of(self.field)

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
        held = date_parts.split(self.value) or dict.fromkeys(date_parts.PARTS, "")
        wrong = date_parts.wrong_parts(self.value) if self.error else ""
        named = dict(zip(date_parts.PARTS, self.part_names, strict=True))
        made = {
            "d": (_("Day"), f"{self.id}-day", named["d"], held["d"], 2, "d" in wrong),
            "M": (_("Month"), f"{self.id}-month", named["M"], held["M"], 2, "M" in wrong),
            "y": (_("Year"), f"{self.id}-year", named["y"], held["y"], 4, "y" in wrong),
        }
        first, *others = (DatePart(*made[part]) for part in date_order())
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
        return labels.get(value) or with_unit(in_figures(self.field, value), self.field.unit)


def controls_of(
    schema: Schema, given: Mapping[str, str], errors: Sequence[Remark] = ()
) -> list[Control]:
    """Every field as the form shows it, holding what the person gave."""
    said = {error.field: sentence_of(schema, error) for error in reversed(errors)}
    opens = sum(field.is_text and not field.closed for field in schema.fields)
    held = {field.name: _held(field, given.get(field.name, "")) for field in schema.fields}
    return [
        Control(
            field=field,
            id=_id(place),
            widget=(widget := _widget(field, held[field.name])),
            value=held[field.name],
            error=_error(field, widget, held[field.name], said.get(field.name, "")),
            part_names=part_names(schema, place),
            suggested_bytes=SUGGESTED_BYTES // max(1, opens),
        )
        for place, field in enumerate(schema.fields)
    ]


def part_names(schema: Schema, place: int) -> tuple[str, ...]:
    """The names of the inputs of a date field's day, month and year, none of them a column's."""
    if schema.fields[place].kind != "date":
        return ()
    taken = {field.name for field in schema.fields}
    return tuple(_free(f"{_id(place)}-{part}", taken) for part in ("day", "month", "year"))


def joined_dates(schema: Schema, sent: Mapping[str, str]) -> dict[str, str]:
    """What a form sent, with each date's three parts as one text, ``year-month-day``.

    Parts that make no date are joined as they are, and the schema refuses them. A date that was
    sent whole, as a program does, stays.
    """
    given = dict(sent.items())
    for place, field in enumerate(schema.fields):
        names = part_names(schema, place)
        if not any(name in given for name in names):
            continue
        parts = [given.pop(name, "").strip() for name in names]
        if any(parts):
            day_of_month, month, year = parts
            given[field.name] = date_parts.joined(day_of_month, month, year)
        else:
            given.setdefault(field.name, "")
    return given


def _widget(field: Field, value: str) -> Widget:
    """The control that suits the field, and that can hold the value."""
    if field.kind == "date":
        days = (field.minimum or 0) % DAY == 0 and (field.maximum or 0) % DAY == 0
        return "date" if days and (not value or date_parts.split(value)) else "text"
    if is_flag(field) and value in ("", "0", "1"):
        return "radios"
    if field.choices and value in ("", *field.choices):
        return "radios" if len(field.choices) <= RADIO_LEVELS else "select"
    if not field.is_text:
        return "text"
    if not field.closed:
        return "suggest"
    return "radios" if len(field.levels) <= RADIO_LEVELS else "select"


def _held(field: Field, value: str) -> str:
    """What a control holds: a level in the spelling of its choice, else the person's own text."""
    if not (field.is_text and field.closed):
        return value
    level = field.match(value)
    return value if level is None else level


def _error(field: Field, widget: Widget, value: str, said: str) -> str:
    """The sentence beside a control; of a date's parts, one that names those at fault."""
    if not said or widget != "date":
        return said
    return date_parts.fault_in_words(value, field.label) or said


def _id(place: int) -> str:
    return f"field-{place}"


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-"
    return name
