"""What is valid, as the data by which ``rules.js`` reads rows."""

from functools import cache
from typing import Any

from tablecast.data.surroundings import TOTALS
from tablecast.export.page.script import messages
from tablecast.i18n.language import Language
from tablecast.schema.missing import MISSING
from tablecast.schema.moments import vocabulary
from tablecast.schema.number_formats import formats
from tablecast.schema.schema import Schema
from tablecast.schema.texts import folded_letters

#: What stands between the items of a list, and between thousands, in English.
COMMA, GROUP = ", ", ","

#: Sentences for more than one thing, and the catalogue's entry of each.
PLURALS = {
    "{count} other fields": "{count} other field",
    "Only the first %(num)s fields are shown. The API returns all.": (
        "Only the first field is shown. The API returns all."
    ),
    "Ignored {count} rows that repeat the column names (first: line {line}).": (
        "Ignored {count} row that repeats the column names (line {line})."
    ),
    "Ignored {count} lines below the table (first: line {line}).": (
        "Ignored {count} line below the table (line {line})."
    ),
    "Line {line} of {name} has {cells} cells, but the header has {width}. A separator inside a "
    "text needs quotation marks around the text.": (
        "Line {line} of {name} has {cells} cell, but the header has {width}. A separator inside a "
        "text needs quotation marks around the text."
    ),
}

#: What browsers call encodings that they know under another name.
_BROWSERS_NAMES = {
    "utf-8": "", "mac-roman": "macintosh", "mac-cyrillic": "x-mac-cyrillic", "cp874": "windows-874",
}  # fmt: skip


def rules_of(schema: Schema) -> dict[str, Any]:
    """A schema's rules, from which ``openRules`` makes what reads rows."""
    encoding = schema.reading.get("encoding", "")
    return {
        "fields": [field.rules() for field in schema.fields],
        "folded": _folded(),
        "numbers": formats(),
        "moments": vocabulary() if has_dates(schema) else None,
        "missing": list(MISSING),
        "totals": TOTALS.pattern,
        "comma": schema.decimal_comma,
        "encoding": _BROWSERS_NAMES.get(encoding, encoding),
    }


def has_dates(schema: Schema) -> bool:
    """Whether a field is a date."""
    return any(field.graph_input == "moment" for field in schema.fields)


def words_of(language: Language) -> dict[str, str]:
    """The sentences that ``say`` forms, in a language; those that differ from English."""
    spoken = {message: language.gettext(message) for message in messages()}
    for many, one in PLURALS.items():
        spoken[many] = language.ngettext(one, many, 2)
        spoken[one] = language.ngettext(one, many, 1)
    spoken[COMMA], spoken[GROUP] = language.facts["comma"], language.facts["group"]
    return {message: words for message, words in spoken.items() if words != message}


def numbered_words(language: Language) -> list[str]:
    """The same, those of English too, at the numbers that ``numbered`` gives them."""
    spoken = words_of(language)
    return ["", *(spoken.get(message, message) for message in messages())]


@cache
def _folded() -> dict[str, str]:
    return folded_letters()
