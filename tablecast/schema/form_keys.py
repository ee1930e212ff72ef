"""The keys of a form file: what each is for, and which values it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from tablecast.errors import FormFileError

#: What a person calls a type of value, and the types of it that TOML has.
TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "number or date": (int, float, str, date),
    "number or text": (int, float, str, date),
    "true or false": (bool,),
    "table": (dict,),
    "column": (str,),
    "list of texts": (list,),
    "list of fields": (list,),
    "list of columns": (list,),
}


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes:
        type: one of ``TYPES``.
        purpose: what it is for, without a period.
    """

    type: str
    purpose: str


Keys = Mapping[str, Key]

TOP_KEYS: Keys = {
    "title": Key("text", "the heading of the form"),
    "description": Key("text", "the sentence below the heading"),
    "order": Key(
        "text", '`"file"` (the default), or `"importance"`: the most important field first'
    ),
    "organisation": Key("table", "see below"),
    "target": Key("table", "see below"),
    "fields": Key("table", "one table for each field, see below"),
    "card": Key("table", "see below"),
    "table": Key("table", "see below"),
}
ORDERS = ("file", "importance")

ORGANISATION_KEYS: Keys = {
    "name": Key("text", "its name, in the head of every page"),
    "logo": Key("text", "a small SVG or PNG file beside this one; it stands before the name"),
    "accent": Key("text", 'its colour on light pages, such as `"#0b645f"`'),
    "accent_dark": Key("text", "its colour on dark pages (default: a lighter shade of `accent`)"),
}

TARGET_KEYS: Keys = {
    "label": Key("text", "the name of the prediction"),
    "unit": Key("text", 'its unit, such as `"$"`'),
    "classes": Key("table", "a label for each class of the table"),
}

FIELD_KEYS: Keys = {
    "label": Key("text", "the name of the field"),
    "hint": Key("text", "one sentence of help below the label"),
    "unit": Key("text", "shown beside the control"),
    "group": Key("text", "a heading; the form shows the fields of a group together"),
    "levels": Key(
        "table", "a label for each level of a category, or for whole numbers that are codes"
    ),
    "minimum": Key(
        "number or date", "low end of the usual range; a lower value gives a warning"
    ),
    "maximum": Key(
        "number or date", "high end of the usual range; a higher value gives a warning"
    ),
    "hard_minimum": Key("number or date", "the lowest value that is accepted"),
    "hard_maximum": Key("number or date", "the highest value that is accepted"),
    "default": Key("number or text", "the value that the form starts with"),
    "folded": Key("true or false", "put the field under “More fields”"),
    "fixed": Key(
        "true or false", "nobody can change this, such as an age: no suggestion changes it"
    ),
    "only": Key("text", '`"up"` or `"down"`, for a number that can only rise or only fall'),
    "log": Key(
        "text", '`"no"` keeps the value out of the prediction log, `"hash"` keeps only a keyed hash'
    ),
}
#: What the prediction log keeps of a value; all of it by default.
LOGGED = ("yes", "no", "hash")
#: What a value begins with of which it keeps a hash.
HASHED = "hmac-sha256:"
#: Which way a value can go that goes one way only.
WAYS = ("up", "down")

CARD_KEYS: Keys = {
    "intended": Key("list of texts", "what the model is for"),
    "unsuited": Key("list of texts", "what it must not be used for"),
    "source": Key("text", "where the rows come from, when and how they were collected"),
    "license": Key("text", "the licence of the rows"),
    "contact": Key("text", "the person responsible for the model; in the foot of every page"),
    "sensitive": Key(
        "list of fields", "fields by which people must not be treated differently"
    ),
}

#: Each is an option of ``schema.options.ReadingOptions``.
TABLE_KEYS: Keys = {
    "task": Key("text", '`"regression"` or `"classification"`'),
    "category": Key("list of columns", "read as text, whatever their cells look like"),
    "number": Key("list of columns", "read as numbers, even if they begin with 0"),
    "date": Key("table", 'columns of dates, each with its format or `""`'),
    "drop": Key("list of columns", "ignored"),
    "keep": Key("list of columns", "used, even if they look like IDs or like the target"),
    "missing": Key("list of texts", "texts that mean a missing value, in every column"),
    "level": Key(
        "table", "texts that are values of a column, even if they look like a missing value"
    ),
    "encoding": Key("text", 'the file\'s encoding, such as `"gb18030"`'),
    "separator": Key("text", "the sign between cells"),
    "decimal": Key("text", 'the decimal sign, `"."` or `","`'),
    "sheet": Key("text", "the sheet of a workbook, by name or number"),
    "group": Key("column", "rows with the same value stay together"),
    "time": Key("column", "train on earlier rows, test on later ones; not together with `group`"),
    "weight": Key("column", "how much each row counts"),
}


def section_of(path: tuple[str, ...]) -> str:
    """A table of the file as a sentence names it."""
    return f"[{'.'.join(path)}]" if path else "the form file"


def check_keys(data: Any, known: Keys, path: tuple[str, ...] = ()) -> None:
    """See whether a table has only known keys, with values of their types.

    Args:
        data: the table.
        known: its keys.
        path: where it stands in the file.

    Raises:
        FormFileError: a key is unknown, or a value is of another type.
    """
    section = section_of(path)
    if not isinstance(data, dict):
        raise FormFileError(f'{section} must be a table of keys, such as label = "…".', path)
    for key, value in data.items():
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Valid keys: {', '.join(known)}."
            raise FormFileError(f"{section}: unknown key {key!r}. {hint}", (*path, key))
        types = TYPES[known[key].type]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise FormFileError(
                f"{section}: {key} has a value of the wrong type, {value!r}. It must be a "
                f"{known[key].type}.",
                (*path, key),
            )
        if isinstance(value, list):
            check_texts(value, (*path, key))


def check_texts(texts: Any, path: tuple[str, ...]) -> None:
    """See whether a list, or a table, holds nothing but texts.

    Raises:
        FormFileError: it holds something else.
    """
    items = texts.items() if isinstance(texts, dict) else enumerate(texts)
    for key, text in items:
        if not isinstance(text, str):
            place = (*path, key) if isinstance(key, str) else path
            raise FormFileError(
                f"{section_of(path[:-1])}: {path[-1]} has {text!r}, which must be text in quotes.",
                place,
            )


def check_choice(data: Mapping[str, Any], key: str, known: tuple[str, ...], *path: str) -> None:
    """See whether a key, where it is there, has one of some values.

    Raises:
        FormFileError: it has another one.
    """
    if data.get(key, known[0]) not in known:
        raise FormFileError(
            f"{section_of(path)}: {key} is {data[key]!r}; choose one of: {', '.join(known)}.",
            (*path, key),
        )


def is_hashed(value: object) -> bool:
    """Whether the prediction log has only a hash of a value."""
    return isinstance(value, str) and value.startswith(HASHED)
