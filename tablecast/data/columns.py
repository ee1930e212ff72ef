"""A table's columns, converted from text to values.

Every column leaves as one of four kinds, which is what the schema, PyCaret and the graph agree on:

* whole numbers, ``int64`` (only where nothing is missing);
* numbers, ``float64``;
* dates, ``datetime64[ns]`` without a time zone;
* text, ``object``, with ``NaN`` where a cell is missing.

Booleans become the text levels ``True`` and ``False``. PyCaret 3.3.2 neither imputes nor encodes
a column of dtype ``bool``: a missing value, or the answer "true" from a form, then fails inside
the estimator. As text they are an ordinary category with two levels, in training, in
``predict_model`` and in the graph.

Text is read as what *all* its cells can be read as. What the cells of one column leave open, the
decimal sign and whether days or months come first, the other columns of the table decide.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tablecast.data.cells import Column
from tablecast.data.column_hints import note_dates_as_numbers
from tablecast.data.dates import without_zone
from tablecast.data.names import check_width, tidy_names, unique_names
from tablecast.data.number_columns import read_as_requested, read_number_column
from tablecast.data.text_columns import read_text_column
from tablecast.errors import Remark
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import ColumnReading, TableReading, reading_of, with_reading
from tablecast.schema.table_notes import (
    NAMELESS,
    NO_SUCH_LEVEL,
    NOTHING_MISSING,
    RENAMED,
    SAME_COLUMN,
)
from tablecast.schema.texts import tidy_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["tidy", "tidy_names"]


def tidy(
    table: pd.DataFrame,
    missing: Sequence[str] = ("",),
    options: ReadingOptions | None = None,
    *,
    lines: Sequence[int] = (),
    reading: TableReading | None = None,
) -> pd.DataFrame:
    """The table with tidy names, and every column of one of the four kinds.

    Args:
        table: any table; it is left as it is.
        missing: the texts that mean a missing value. A table that does not come from a CSV file
            has a real missing value, so there only an empty cell is one.
        options: what a person says of it.
        lines: the line of the file on which each row begins, for messages.
        reading: what is known of the file already.

    Returns:
        The new table, with its rows numbered from 0; ``readings.reading_of`` says what was read.

    Raises:
        TableError: as :func:`tidy_names`, or a cell is not what a person says that it is.
    """
    import pandas as pd

    known = reading or reading_of(table)
    options = options or ReadingOptions()
    if _is_tidy(table, known, options):
        options.known_as(list(table.columns))
        return table
    notes = list(known.notes)
    named = _named(table, notes)
    options = options.known_as(list(named))
    raw = [
        Column(name, column, frozenset(missing), options, lines)
        for name, column in named.items()
        if not _is_read(column, known.of(name), options)
    ]
    by_name = {each.name: each for each in raw}
    _decide(raw, known, options)
    if len(raw) == len(named):
        notes += _needless(raw, options)
    columns, readings = {}, dict(known.columns)
    for name, column in named.items():
        if name in by_name:
            column = _values(by_name[name])
            note_dates_as_numbers(by_name[name], column)
            by_name[name].name_formulas()
            readings[name] = replace(by_name[name].reading, dtype=str(column.dtype))
            notes += by_name[name].notes
        columns[name] = column
    index = pd.RangeIndex(len(table))
    numbered = {n: c.set_axis(index, copy=False) for n, c in columns.items()}
    tidied = pd.DataFrame(numbered, index=index)
    signs = [each.numbers.decided for each in raw if each.numbers and not each.numbers.fault]
    sign = options.decimal or known.decimal or next(filter(None, signs), "")
    known_now = replace(known, decimal=sign, columns=readings, notes=tuple(dict.fromkeys(notes)))
    return with_reading(tidied, known_now)


def _is_tidy(table: pd.DataFrame, known: TableReading, options: ReadingOptions) -> bool:
    """Whether all of a table was read before, and nobody says now that it should be otherwise."""
    from pandas import RangeIndex

    if not known.columns or not table.index.equals(RangeIndex(len(table))):
        return False
    asked = {*options.category, *options.number, *options.date}
    kinds = zip(table.columns, map(str, table.dtypes), strict=True)
    return all(kind == known.of(name).dtype and name not in asked for name, kind in kinds)


def _needless(columns: Sequence[Column], options: ReadingOptions) -> list[Remark]:
    """What to say of texts that are named, and that no cell holds."""
    notes = []
    texts = [one for one in map(tidy_text, options.missing) if one]
    if texts:
        held = {text for column in columns for text in column.all_texts}
        notes += [NOTHING_MISSING.filled(text=text) for text in texts if text not in held]
    for column in columns:
        for text in sorted(column.levels.difference(column.all_texts if column.levels else ())):
            near = get_close_matches(text, column.all_texts, 1, cutoff=0)
            if near:
                notes.append(NO_SUCH_LEVEL.filled(name=column.name, text=text, near=near[0]))
    return notes


def _named(table: pd.DataFrame, notes: list[Remark]) -> dict[str, pd.Series]:
    """The columns by tidy names; one that is there twice with the same cells only once."""
    check_width(table.shape[1], "The table")
    names = [str(name).strip() for name in table.columns]
    kept: dict[str, pd.Series] = {}
    for at, name in enumerate(unique_names(names)):
        column = table.iloc[:, at]
        if name != names[at] and names[at] in kept:
            if column.reset_index(drop=True).equals(kept[names[at]].reset_index(drop=True)):
                notes.append(SAME_COLUMN.filled(name=names[at]))
                continue
            notes.append(RENAMED.filled(name=name, other=names[at]))
        elif not names[at]:
            notes.append(NAMELESS.filled(name=name))
        kept[name] = column
    tidy_names(list(kept))
    return kept


def _is_read(column: pd.Series, reading: ColumnReading, options: ReadingOptions) -> bool:
    """Whether a column was read before, and nobody says now that it should be read otherwise."""
    name = str(column.name)
    asked = name in (*options.category, *options.number, *options.date)
    return reading.dtype == str(column.dtype) and not asked and reading.dtype != ""


def _decide(columns: Sequence[Column], known: TableReading, options: ReadingOptions) -> None:
    """Let the columns that leave no doubt decide for those that do."""
    decimals = [
        column.numbers.decided for column in columns if column.numbers and not column.numbers.fault
    ]
    points, commas = decimals.count("."), decimals.count(",")
    sign = options.decimal or ("." if points > commas else "," if commas > points else "")
    orders = [
        column.dates.day_first for column in columns if column.dates and not column.dates.others
    ]
    day_first = next((order for order in orders if order is not None), None)
    for column in columns:
        column.file_sign, column.file_separator = sign, known.separator
        column.file_day_first = day_first if day_first is not None else (sign == "," or None)


def _values(column: Column) -> pd.Series:
    """A column as the values that its cells stand for."""
    from pandas.api import types

    cells, kind, requested = column.cells, column.cells.dtype, column.requested
    if requested == "category":
        return read_text_column(column)
    if requested in ("number", "date"):
        return read_as_requested(column)
    if isinstance(kind, types.CategoricalDtype) or types.is_bool_dtype(kind):
        return read_text_column(column)
    if types.is_datetime64_any_dtype(kind):
        return without_zone(cells)
    if types.is_numeric_dtype(kind) and not types.is_complex_dtype(kind):
        return column.finite(column.whole_or_float(cells))
    if types.is_object_dtype(kind) or types.is_string_dtype(kind):
        return _objects(column)
    return cells


def _objects(column: Column) -> pd.Series:
    """A column of Python objects, usually text."""
    import pandas as pd

    if column.is_numeric:
        return column.finite(column.whole_or_float(column.cells.astype("float64")))
    values = column.distinct
    if values is None or any(isinstance(value, bytes) for value in values):
        return column.cells  # lists or dictionaries; the inspection drops such a column
    if values and all(isinstance(value, datetime.date) for value in values):
        return without_zone(pd.to_datetime(column.cells, utc=True, errors="coerce"))
    numbers = (int, float, decimal.Decimal)
    if values and all(isinstance(v, numbers) and not isinstance(v, bool) for v in values):
        return column.finite(column.whole_or_float(column.cells.astype("float64")))
    read = read_number_column(column)
    return read_text_column(column) if read is None else read
