"""What is valid, as the data by which ``rules.js`` reads rows."""

from __future__ import annotations

from functools import cache
from typing import Any

from tablecast.export.page.script import messages
from tablecast.i18n.language import Language
from tablecast.schema.moments import vocabulary
from tablecast.schema.number_formats import formats
from tablecast.schema.schema import Schema
from tablecast.schema.texts import folded_letters

#: Sentences for more than one thing, and the catalogue's entry of each.
PLURALS = {"{count} other fields": "{count} other field"}


def rules_of(schema: Schema) -> dict[str, Any]:
    """A schema's rules, from which ``openRules`` makes what reads rows."""
    has_dates = any(field.graph_input == "moment" for field in schema.fields)
    return {
        "fields": [field.rules() for field in schema.fields],
        "folded": _folded(),
        "numbers": formats(),
        "moments": vocabulary() if has_dates else None,
    }


def words_of(language: Language) -> dict[str, str]:
    """The sentences that ``say`` forms, in a language; those that differ from English."""
    spoken = {message: language.gettext(message) for message in messages()}
    for many, one in PLURALS.items():
        spoken[many] = language.ngettext(one, many, 2)
    return {message: words for message, words in spoken.items() if words != message}


@cache
def _folded() -> dict[str, str]:
    return folded_letters()
