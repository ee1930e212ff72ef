"""A field's levels as people read them: on the form, in its answers, and in what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tablecast.errors import Remark
from tablecast.i18n.formats import grouped, listed
from tablecast.i18n.language import _
from tablecast.schema.field import NO_WORDS, YES_WORDS, Field
from tablecast.schema.schema import Schema
from tablecast.schema.texts import fold


@dataclass(frozen=True)
class Choice:
    """One level of a field: the text that is sent for it, and the one that is shown."""

    value: str
    label: str


def choices_of(field: Field) -> tuple[Choice, ...]:
    """The levels of a field as choices; a number that is only ever 0 or 1 has two."""
    levels = field.choices or field.levels
    if is_flag(field):
        levels = ("1", "0")
    if field.level_labels or field.choices or not _are_yes_and_no(levels):
        return tuple(Choice(level, field.show_level(level)) for level in levels)
    return tuple(
        Choice(level, _("Yes") if fold(level) in YES_WORDS else _("No"))
        for level in sorted(levels, key=lambda level: fold(level) in NO_WORDS)
    )


def levels_of(field: Field) -> list[str]:
    """What a field's levels are called."""
    return [choice.label for choice in choices_of(field)]


def is_flag(field: Field) -> bool:
    """Whether a number field is a yes or no, written as 1 and 0."""
    return (
        field.kind == "integer" and (field.minimum, field.maximum) == (0, 1) and not field.choices
    )


def is_choice(field: Field) -> bool:
    """Whether a field is chosen from what it may be: text, a yes or no, or named numbers."""
    return field.is_text or bool(field.choices) or is_flag(field)


def in_figures(field: Field | None, text: str) -> str:
    """A field's plain number as people write it; without a unit, as a code or a year, as it is.

    Only for reading: a form takes numbers without signs between their thousands, which mean
    decimals elsewhere, and so its hints and what it refuses show them plain.
    """
    return grouped(text) if field and field.unit and not field.is_text else text


def sentence_of(schema: Schema, remark: Remark) -> str:
    """A remark as the pages say it: with the field's label, and its levels as its control has them.

    A program is told the column's name and the levels that it may send; see ``Remark.say``.
    """
    field = schema.find(remark.field)
    if field is None:
        return remark.say()
    if "levels" in remark.values:
        called = {**remark.values, "levels": listed(levels_of(field))}
        remark = replace(remark, values=called)
    return remark.say(field.label)


def _are_yes_and_no(levels: Sequence[str]) -> bool:
    folded = {fold(level) for level in levels}
    return len(levels) == 2 and bool(folded & set(YES_WORDS)) and bool(folded & set(NO_WORDS))
