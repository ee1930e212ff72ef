"""Column names that are unique, not used by predictions, and not merged by PyCaret."""

import re
from collections.abc import Sequence

from tablecast.errors import TableError
from tablecast.schema.texts import tidy_text

RESERVED = (
    *("prediction_label", "prediction_score"),
    *("prediction_low", "prediction_high", "prediction_error"),
)
"""The columns that ``predict_model`` and batches add."""

#: More columns than any form, file or training could use: each costs a millisecond to look at, and
#: PyCaret's setup() far more.
MOST_COLUMNS = 10_000

_REMOVED_BY_PYCARET = re.compile(r'[\]\[,{}":]+')  # CleanColumnNames, PyCaret 3.3.2


def check_width(columns: int, table: str) -> None:
    """Raises TableError where a table has more columns than can be used."""
    if columns > MOST_COLUMNS:
        raise TableError(
            f"{table} has {columns:,} columns; the limit is {MOST_COLUMNS:,}. Name what stands "
            "between cells (--separator SIGN), turn a table whose columns are rows, or leave "
            "columns out of the file."
        )


def unique_names(names: Sequence[object]) -> list[str]:
    """The column names without stray spaces; one without a name is ``column N``, from 1, and one
    that is there already ``NAME (2)``."""
    unique: dict[str, None] = {}
    times: dict[str, int] = {}
    for at, given in enumerate(names, start=1):
        wanted = name = tidy_text(str(given)) or f"column {at}"
        while name in unique:
            times[wanted] = times.get(wanted, 1) + 1
            name = f"{wanted} ({times[wanted]})"
        unique[name] = None
    return list(unique)


def tidy_names(names: Sequence[object]) -> list[str]:
    """The names of a table to train on, as :func:`unique_names` makes them.

    Raises:
        TableError: two become equal once PyCaret cleans them, or one is taken by
            ``predict_model``.
    """
    tidied = unique_names(names)
    for name in RESERVED:
        if name in tidied:
            raise TableError(
                f"The table has a column {name!r}, which is the name of a result column. Rename or "
                "remove it."
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
                f"The columns {other!r} and {name!r} would both be called {cleaned!r}, because "
                'PyCaret removes the characters [ ] { } " , : from names. Rename one of them.'
            )
