"""Which column of a file holds which field, and what to say where one is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from tablecast.errors import BatchError
from tablecast.schema import Schema
from tablecast.spreadsheet import without_apostrophe

#: More columns than any table in use has; a file beyond is broken, and only costs time.
MOST_COLUMNS = 10_000

#: Names that an error about columns lists.
LISTED_NAMES = 5


def match_columns(schema: Schema, names: Sequence[str], file: str) -> dict[str, int]:
    """Which column of a file holds which field: field name to place, from 0.

    Other columns may be there. One that may be left empty may also be left out.

    Raises:
        BatchError: a name is repeated, or a field has no column.
    """
    if len(names) > MOST_COLUMNS:
        raise BatchError(
            f"{file} has {len(names):,} columns; at most {MOST_COLUMNS:,} are read. Is its "
            "separator one of , ; | or a tab, and each row on a line of its own?"
        )
    named = [name.strip() for name in names]
    repeated = [name for name, times in Counter(named).items() if times > 1 and name]
    if repeated:
        raise BatchError(
            f"{file} has more than one column named {_listed(repeated)}; rename or remove one."
        )
    places = {without_apostrophe(name): place for place, name in enumerate(named)}
    places |= {name: place for place, name in enumerate(named)}
    _check_missing(schema, places, file)
    known = (field.name for field in schema.fields)
    return {name: places[name.strip()] for name in known if name.strip() in places}


def _check_missing(schema: Schema, places: Mapping[str, int], file: str) -> None:
    """Refuse to do without a field that is required, or that looks misspelled."""
    known = {field.name.strip() for field in schema.fields}
    others = [name for name in places if name not in known]
    told = []
    for field in schema.fields:
        if field.name.strip() in places:
            continue
        near = get_close_matches(field.name, others, 1, cutoff=0.6 if field.required else 0.8)
        if near:
            told.append(f"{field.name!r} (is it the column {near[0]!r}?)")
        elif field.required:
            told.append(repr(field.name))
    if told:
        more = f" and {len(told) - LISTED_NAMES:,} more" if len(told) > LISTED_NAMES else ""
        raise BatchError(
            f"{file} has no column {', '.join(told[:LISTED_NAMES])}{more}. Its first line must "
            f"name the columns; needed are {_listed([f.name for f in schema.fields])}."
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:LISTED_NAMES]))
    more = len(names) - LISTED_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown
