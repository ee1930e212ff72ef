"""Which column of a file belongs to which field, and the message if one is missing."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from tablecast.batch.formula_guard import without_apostrophe
from tablecast.data.names import MOST_COLUMNS, unique_names
from tablecast.errors import BatchError
from tablecast.i18n.formats import listed, number
from tablecast.i18n.language import _
from tablecast.schema.schema import Schema
from tablecast.schema.texts import fold, tidy_text

#: Names that an error about columns lists.
LISTED_NAMES = 5

#: Columns of which one may be meant by a field that is not there: each is compared with each field.
COMPARED_NAMES = 300


def match_columns(
    schema: Schema, names: Sequence[str], file: str, *, in_lines: bool = True
) -> dict[str, int]:
    """Which column of a file holds which field: field name to index, from 0.

    Other columns may be there. One that may be left empty may also be left out.

    Args:
        file: what messages call it.
        in_lines: whether a line names the columns, as in a text or a workbook.

    Raises:
        BatchError: a name is repeated, or a field has no column.
    """
    if len(names) > MOST_COLUMNS:
        words = _(
            "{file} has {columns} columns; the limit is {most}. Check that the separator is , ; | "
            "or a tab, and that each row is on its own line."
        ) if in_lines else _("{file} has {columns} columns; the limit is {most}.")
        columns, most = number(len(names)), number(MOST_COLUMNS)
        raise BatchError(words.format(file=file, columns=columns, most=most))
    fields = [field.name for field in schema.fields]
    _check_repeated(fields, names, file)
    indices = _indices(names)
    present = {name for name in fields if _index(name, indices) is not None}
    if missing := _missing(schema, present, unique_names(names)):
        words = _(
            "{file} has no column {names}. Its first line must contain the column names. Required "
            "columns: {needed}."
        ) if in_lines else _("{file} has no column {names}. Required columns: {needed}.")
        raise BatchError(
            words.format(file=file, names=_shortened(missing), needed=_listed(fields))
        )
    known = {name: _index(name, indices) for name in fields}
    return {name: index for name, index in known.items() if index is not None}


def column_of(name: str, names: Sequence[str]) -> int | None:
    """Which column of a file has a name, from 0; None where none has."""
    return _index(name, _indices(names))


def _check_repeated(fields: Sequence[str], names: Sequence[str], file: str) -> None:
    """Refuse a field's column that is there twice, unless training had both, too."""
    named = Counter(tidy_text(name) for name in names)
    repeated = [
        name for name, times in named.items()
        if times > 1 and name in fields and f"{name} (2)" not in fields
    ]  # fmt: skip
    if repeated:
        words = _("{file} has more than one column named {names}. Rename or remove one.")
        raise BatchError(words.format(file=file, names=_listed(repeated)))


def _indices(names: Sequence[str]) -> dict[str, int]:
    """Where each name is, and each that means the same; those as they are written go first."""
    unique = unique_names(names)
    indices: dict[str, int] = {}
    shared = Counter(map(fold, unique))
    for index, name in enumerate(unique):
        indices.setdefault(name, index)
    for index, name in enumerate(unique):
        indices.setdefault(without_apostrophe(name), index)
        if shared[fold(name)] == 1:
            indices.setdefault(fold(name), index)
    return indices


def _index(name: str, indices: Mapping[str, int]) -> int | None:
    """Where a field's column is; None where it is not there."""
    return indices.get(tidy_text(name), indices.get(fold(name)))


def _missing(schema: Schema, present: Collection[str], names: Sequence[str]) -> list[str]:
    """What cannot be done without: a field that is required, or that looks misspelled."""
    known = {field.name.strip() for field in schema.fields}
    others = [name for name in names if name not in known][:COMPARED_NAMES]
    folded = {name.casefold(): name for name in reversed(others)}
    missing = []
    for field in schema.fields:
        if field.name in present:
            continue
        near = folded.get(field.name.strip().casefold()) or next(
            iter(get_close_matches(field.name, others, 1, cutoff=0.6 if field.required else 0.8)),
            None,
        )
        if near:
            words = _("{name} (is it the column {near}?)")
            missing.append(words.format(name=repr(field.name), near=repr(near)))
        elif field.required:
            missing.append(repr(field.name))
    return missing


def _listed(names: Sequence[str]) -> str:
    return _shortened([repr(name) for name in names])


def _shortened(words: Sequence[str]) -> str:
    """The first ones as a list, and how many there are beyond."""
    shown, more = listed(words[:LISTED_NAMES]), len(words) - LISTED_NAMES
    if more <= 0:
        return shown
    return _("{names} and {count} more").format(names=shown, count=number(more))
