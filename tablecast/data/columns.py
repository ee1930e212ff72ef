"""One column at a time: names that hold up, and cells turned into the values they stand for.

Every column leaves as one of four kinds, which is what the schema, PyCaret and the graph agree on:

* whole numbers, ``int64`` (only where nothing is missing);
* numbers, ``float64``;
* dates, ``datetime64[ns]`` without a time zone;
* text, ``object``, with ``NaN`` where a cell is missing.

Booleans become the text levels ``True`` and ``False``. PyCaret 3.3.2 neither imputes nor encodes
a column of dtype ``bool``: a missing value, or the answer "true" from a form, then fails inside
the estimator. As text they are an ordinary category with two levels, in training, in
``predict_model`` and in the graph.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tablecast.data.dates import Notes, Values, read_dates, without_zone
from tablecast.errors import TableError
from tablecast.schema.number_formats import DATE_FORMATS, NUMBER_SPELLINGS, SPELLINGS, readings

if TYPE_CHECKING:
    import pandas as pd

MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null"),
)
"""What a CSV cell says when it is missing: pandas' own list, which PyCaret's users know, without
``None``. In the house table "None" is a level (a house without masonry), not a gap. In a column
that otherwise holds only numbers, dates or booleans, "None" cannot be a level and is missing."""

RESERVED = (
    *("prediction_label", "prediction_score"),
    *("prediction_low", "prediction_high", "prediction_error"),
)
"""The columns that ``predict_model`` and batches add."""

_REMOVED_BY_PYCARET = re.compile(r'[\]\[,{}":]+')  # CleanColumnNames, PyCaret 3.3.2

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf(?:inity)?)", re.IGNORECASE
)
_CODE = re.compile(r"0[0-9]+")


def tidy_names(names: Sequence[object]) -> list[str]:
    """The column names without stray spaces; a column without a name is ``column N``, from 1.

    Raises:
        TableError: two names are equal, become equal once PyCaret cleans them, or are taken by
            ``predict_model``.
    """
    tidied = [str(name).strip() or f"column {at}" for at, name in enumerate(names, start=1)]
    repeated = [name for name, times in Counter(tidied).items() if times > 1]
    if repeated:
        raise TableError(
            f"More than one column is named {repeated[0]!r}; each field of the form needs its own "
            "name. Rename or remove one of them."
        )
    for name in RESERVED:
        if name in tidied:
            raise TableError(
                f"The table has a column {name!r}, a name that predictions use for their answer. "
                "Rename or remove that column."
            )
    _check_cleaned(tidied)
    return tidied


def _check_cleaned(names: Sequence[str]) -> None:
    """Refuse names that PyCaret's CleanColumnNames step would merge or empty."""
    seen: dict[str, str] = {}
    for name in names:
        cleaned = _REMOVED_BY_PYCARET.sub("", name)
        if not cleaned.strip():
            raise TableError(
                f"The column name {name!r} has only characters that PyCaret removes from names. "
                "Rename that column."
            )
        other = seen.setdefault(cleaned, name)
        if other != name:
            raise TableError(
                f"The columns {other!r} and {name!r} become one name, {cleaned!r}, since PyCaret "
                'removes the characters [ ] { } " , : from names. Rename one of them.'
            )


def tidy(table: pd.DataFrame, missing: Sequence[str] = ("",)) -> tuple[pd.DataFrame, list[str]]:
    """The table with tidy names, and every column of one of the four kinds.

    Args:
        table: any table; it is left as it is.
        missing: the texts that mean a missing value. A table that does not come from a CSV file
            has a real missing value, so there only an empty cell is one.

    Returns:
        The new table, with its rows numbered from 0, and a sentence for each thing that a person
        should know.

    Raises:
        TableError: as :func:`tidy_names`.
    """
    import pandas as pd

    names = tidy_names(list(table.columns))
    notes = Notes()
    columns = {
        name: _tidy_column(table.iloc[:, at], name, frozenset(missing), notes)
        for at, name in enumerate(names)
    }
    index = pd.RangeIndex(len(table))
    tidied = pd.DataFrame({n: c.set_axis(index) for n, c in columns.items()}, index=index)
    tidied.attrs[DATE_FORMATS] = notes.date_formats
    tidied.attrs[NUMBER_SPELLINGS] = notes.number_spellings
    return tidied, notes


def _tidy_column(
    column: pd.Series, name: str, missing: frozenset[str], notes: Notes
) -> pd.Series:
    from pandas.api import types

    kind = column.dtype
    if isinstance(kind, types.CategoricalDtype) or types.is_bool_dtype(kind):
        # Someone said that these are categories: the text "1" stays a level.
        return _mapped(column.astype(object), {}, frozenset(("",)))
    if types.is_datetime64_any_dtype(kind):
        return without_zone(column)
    if types.is_numeric_dtype(kind) and not types.is_complex_dtype(kind):
        return _finite(_plain_number(column), name, notes)
    if types.is_object_dtype(kind) or types.is_string_dtype(kind):
        return _tidy_objects(column.astype(object), name, missing, notes)
    return column


def _tidy_objects(
    column: pd.Series, name: str, missing: frozenset[str], notes: Notes
) -> pd.Series:
    """A column of Python objects, usually text: read as what *all* its cells can be read as."""
    import pandas as pd

    try:
        values = list(column.dropna().unique())
    except TypeError:  # lists or dictionaries; the inspection drops such a column
        return column
    if values and all(isinstance(value, datetime.date) for value in values):
        return without_zone(pd.to_datetime(column, utc=True, errors="coerce"))
    numbers = (int, float, decimal.Decimal)
    if values and all(isinstance(v, numbers) and not isinstance(v, bool) for v in values):
        return _finite(_plain_number(column.astype("float64")), name, notes)
    if any(isinstance(value, bytes) for value in values):
        return column
    read = _read_as_one_kind({_text(value) for value in values} - missing, name, notes)
    return _finite(_mapped(column, read, missing), name, notes)


def _text(value: object) -> str:
    """A cell's text; a whole float loses its point, so that 60 and 60.0 are one level."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _mapped(column: pd.Series, read: Values, missing: frozenset[str]) -> pd.Series:
    """The column with each distinct value replaced by what it stands for (itself by default)."""
    import pandas as pd

    texts = {value: _text(value) for value in column.dropna().unique()}
    known = {value: read.get(text, text) for value, text in texts.items() if text not in missing}
    if not read:
        return column.map(known).astype(object)
    kept = {value: stands for value, stands in known.items() if stands is not None}
    mapped = column.map(kept)
    sample = next(stands for stands in kept.values())
    if isinstance(sample, str):
        return mapped.astype(object)
    return pd.to_datetime(mapped) if isinstance(sample, datetime.date) else _plain_number(mapped)


def _read_as_one_kind(texts: set[str], name: str, notes: Notes) -> Values:
    """What the texts stand for when all are booleans, numbers or dates; nothing otherwise."""
    present = sorted(texts - {"None"})
    if not present:
        return {}
    readings: tuple[Callable[[list[str], str, Notes], Values], ...] = (
        _booleans,
        _numbers,
        _spelt_numbers,
        read_dates,
    )
    for reading in readings:
        if read := reading(present, name, notes):
            return read | {"None": None}
    return {}


def _booleans(texts: list[str], _name: str, _notes: Notes) -> Values:
    read = {text: text.capitalize() for text in texts}
    return read if set(read.values()) <= {"True", "False"} else {}


def _numbers(texts: list[str], _name: str, _notes: Notes) -> Values:
    """Python's own reading of a number, which is also the form's."""
    if not all(_NUMBER.fullmatch(text) for text in texts):
        return {}
    if any(_CODE.fullmatch(text) for text in texts):
        return {}  # 007 is a code: as a number it would lose its zeros
    if all(_WHOLE.fullmatch(text) and len(text) < 18 for text in texts):
        return {text: int(text) for text in texts}
    return {text: float(text) for text in texts}


def _spelt_numbers(texts: list[str], name: str, notes: Notes) -> Values:
    """Numbers in a country's spelling, where only one meaning of its signs fits every cell."""
    found = readings(texts)
    if len(found) > 1:
        example = next(text for text in texts if "," in text)
        notes.append(
            f"'{name}' is read as text: in '{example}' the comma may mean thousands or decimals. "
            "Write its numbers without commas to use them as numbers."
        )
        return {}
    if not found:
        return {}
    ((spelling, plain),) = found.items()
    example = next((text for text in texts if "," in text), texts[0])
    notes.append(
        f"'{name}' is read as numbers, with the comma as {SPELLINGS[spelling]}, as in '{example}'."
    )
    notes.number_spellings[name] = spelling
    return {text: float(number) for text, number in plain.items()}


def _plain_number(column: pd.Series) -> pd.Series:
    """``int64`` where nothing is missing and every value fits, ``float64`` otherwise."""
    if column.dtype.kind in "iu" and not column.isna().any() and column.max() <= 2**63 - 1:
        return column.astype("int64")
    return column.astype("float64")


def _finite(column: pd.Series, name: str, notes: Notes) -> pd.Series:
    """Infinite numbers as missing: no estimator takes them, and most stand for a division by 0."""
    if column.dtype != "float64":
        return column
    infinite = column.isin([float("inf"), float("-inf")])
    if infinite.any():
        notes.append(f"'{name}' is infinite in {infinite.sum():,} of its rows, taken as missing.")
    return column.mask(infinite)
