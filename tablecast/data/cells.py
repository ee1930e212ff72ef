"""One column while it is read: its distinct texts, what they can be, and what is said of them."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tablecast.data.dates import Dates, dates_in
from tablecast.data.numbers import Numbers, numbers_in
from tablecast.errors import TableError
from tablecast.schema.missing import is_placeholder
from tablecast.schema.number_formats import DECIMAL_COMMA, DECIMAL_POINT, amount_of, is_currency
from tablecast.schema.options import ReadingOptions
from tablecast.schema.readings import ColumnReading
from tablecast.schema.table_notes import (
    CODES,
    COMMA_OPEN,
    DATE_FORMAT,
    DECIMAL_SIGN,
    GROUPED,
    INFINITE,
    MIXED,
    ODD,
    ODD_DATE,
    OPEN_END,
    PLACEHOLDERS,
    SHORT_YEARS,
    SPELT,
    TWO_ORDERS,
    UNIT,
    UNITS,
    Note,
)
from tablecast.schema.texts import tidy_text

if TYPE_CHECKING:
    import pandas as pd

#: Texts that are no numbers are a mistake among numbers where they are at most this share.
MOST_ODD = 0.1


class Column:
    """A column as it came, and what is found out about it.

    Attributes:
        name, cells, options, lines: as ``columns.tidy`` has them.
        notes: what to say about it.
        reading: how it was read, once it is.
        file_sign, file_separator, file_day_first: what the other columns say.
    """

    def __init__(
        self,
        name: str,
        cells: pd.Series,
        missing: frozenset[str],
        options: ReadingOptions,
        lines: Sequence[int] = (),
    ) -> None:
        self.name, self.cells, self.options, self.lines = name, cells, options, lines
        self.missing = missing | frozenset(map(tidy_text, options.missing))
        self.levels = frozenset(map(tidy_text, options.level.get(name, ())))
        self.notes: list[Note] = []
        self.reading = ColumnReading(placeholders=tuple(options.missing))
        self.file_sign, self.file_separator = "", ""
        self.file_day_first: bool | None = None

    @property
    def said(self) -> str:
        """What a person says that it is: category, number, date, or nothing."""
        kinds = ("category", "number", "date")
        return next((kind for kind in kinds if self.name in getattr(self.options, kind)), "")

    @cached_property
    def counts(self) -> Counter[Any]:
        """How often each distinct cell is there, missing ones aside."""
        return Counter(self.cells.dropna().tolist())

    @cached_property
    def distinct(self) -> list[Any] | None:
        """The distinct cells; None where they cannot be compared."""
        try:
            return list(self.counts)
        except TypeError:
            return None

    @cached_property
    def texts(self) -> dict[Any, str]:
        """Each distinct cell's text."""
        return {value: text_of(value) for value in self.counts}

    @cached_property
    def present(self) -> list[str]:
        """The distinct texts that say something."""
        found = dict.fromkeys(self.texts.values())
        return [text for text in found if text not in self.missing]

    @cached_property
    def candidates(self) -> list[str]:
        """Those of them that may be numbers or dates, where all of them are."""
        kept = [t for t in self.present if t in self.levels or not is_placeholder(t)]
        return sorted(kept)

    @cached_property
    def is_text(self) -> bool:
        """Whether its cells are texts, which may be read as something else."""
        from pandas.api import types

        kind = self.cells.dtype
        if not (types.is_object_dtype(kind) or types.is_string_dtype(kind)):
            return False
        if isinstance(kind, types.CategoricalDtype) or not self.distinct:
            return False
        return any(isinstance(value, str) for value in self.distinct) and not any(
            isinstance(value, bytes) for value in self.distinct
        )

    @cached_property
    def numbers(self) -> Numbers | None:
        """What its texts are as numbers; None where it is said to be something else."""
        if self.said in ("category", "date") or not self.is_text or not self.candidates:
            return None
        return numbers_in(self.candidates, wanted=self.said == "number")

    @cached_property
    def dates(self) -> Dates | None:
        """The dates that its texts are, where they are no numbers."""
        if self.said in ("category", "number") or not self.is_text or not self.candidates:
            return None
        if self.said != "date" and (self.numbers is None or not self.numbers.fault):
            return None
        form = self.options.date.get(self.name) or None
        return dates_in(self.candidates, form, wanted=self.said == "date")

    def first_of(self, texts: Collection[str]) -> tuple[str, str]:
        """Of some texts the one that stands first, and its line."""
        wanted = {cell for cell, text in self.texts.items() if text in set(texts)}
        cells = enumerate(self.cells.tolist())
        place, cell = next((place, cell) for place, cell in cells if cell in wanted)
        return self.texts[cell], f"{self.lines[place] if self.lines else place + 1:,}"

    def count(self, texts: Sequence[str]) -> int:
        """How many cells say one of some texts."""
        wanted = set(texts)
        return sum(times for cell, times in self.counts.items() if self.texts[cell] in wanted)

    def note(self, message: str, **values: str) -> None:
        """Say something about the column."""
        self.notes.append(Note(message, self.name, **values))

    def mapped(self, values: Mapping[str, Any]) -> pd.Series:
        """The cells as what their texts stand for; missing where a text is not among them."""
        import pandas as pd

        by_cell = {cell: values.get(text) for cell, text in self.texts.items()}
        kept = {cell: value for cell, value in by_cell.items() if value is not None}
        made = [kept.get(cell, math.nan) for cell in self.cells.tolist()]
        return pd.Series(made, index=self.cells.index, dtype=object)

    def whole_or_float(self, column: pd.Series) -> pd.Series:
        """``int64`` where nothing is missing and every value fits, ``float64`` otherwise."""
        if column.dtype.kind in "iu" and not column.isna().any() and column.max() <= 2**63 - 1:
            return column.astype("int64")
        return column.astype("float64")

    def finite(self, column: pd.Series) -> pd.Series:
        """Infinite numbers as missing: no estimator takes them; most stand for a division by 0."""
        if column.dtype != "float64":
            return column
        infinite = column.isin([float("inf"), float("-inf")])
        if infinite.any():
            self.note(INFINITE, count=f"{infinite.sum():,}")
        return column.mask(infinite)

    def name_missing(self, texts: Sequence[str], message: str = PLACEHOLDERS) -> None:
        """Say which texts are taken as missing, and keep them for later rows."""
        texts = [text for text in texts if self.count([text])]
        if texts:
            shown = ", ".join(map(repr, texts[:5]))
            self.note(message, count=f"{self.count(texts):,}", texts=shown)
            known = dict.fromkeys((*self.reading.placeholders, *texts))
            self.set_reading(placeholders=tuple(known))

    def name_asked(self) -> None:
        """Say which of the texts that a person says to be missing are."""
        self.name_missing([tidy_text(text) for text in self.options.missing])

    def name_placeholders(self, far: Sequence[str] = ()) -> None:
        """Say what is missing of a column of numbers or dates."""
        kept = {*self.candidates, *far}
        self.name_missing([text for text in self.present if text not in kept])
        self.name_missing(far, OPEN_END)
        self.name_asked()

    def set_reading(self, **changes: Any) -> None:
        """Add to how the column was read."""
        self.reading = replace(self.reading, **changes)


def text_of(value: object) -> str:
    """A cell's text; a whole float loses its point, so that 60 and 60.0 are one level."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return tidy_text(str(value))


def read_number_column(column: Column) -> pd.Series | None:
    """The column as numbers or dates, where all its texts are; what hinders is said."""
    if not column.is_text or not column.candidates or _are_booleans(column):
        return None
    numbers = column.numbers
    if numbers and not numbers.fault:
        spelling = _spelling(column, numbers)
        return _as_numbers(column, numbers, spelling) if spelling else None
    if numbers and numbers.fault == "code":
        column.note(CODES, example=numbers.odd[0], option=shlex.quote(column.name))
        return None
    if column.dates and column.dates.values:
        return _as_dates(column, column.dates)
    _say_what_hinders(column, numbers)
    return None


def _are_booleans(column: Column) -> bool:
    return {text.casefold() for text in column.candidates} <= {"true", "false"}


def _spelling(column: Column, numbers: Numbers) -> str:
    """The spelling of numbers that may have two; empty where a person has to say which."""
    if len(numbers.spellings) == 1 or not numbers.differ:
        fitting = numbers.spellings
        asked = column.options.decimal
        return next((one for one in fitting if one[1] == asked), fitting[0])
    example = numbers.example
    amount = amount_of(example)
    point, comma = (amount.plain(one) if amount else "" for one in (DECIMAL_POINT, DECIMAL_COMMA))
    means = {".": str(point), ",": str(comma)}
    sign = column.options.decimal or column.file_sign or _likely_sign(column, numbers, example)
    if not sign:
        column.note(COMMA_OPEN, example=example, number=means["."], other=means[","])
        return ""
    if sign == "," or "," in example or (not column.file_sign and column.file_separator != ","):
        other = "," if sign == "." else "."
        column.note(DECIMAL_SIGN, sign=sign, example=example, number=means[sign],
                    other=means[other], option=other)
    return DECIMAL_POINT if sign == "." else DECIMAL_COMMA


def _likely_sign(column: Column, numbers: Numbers, example: str) -> str:
    """The decimal sign where no number of the file tells it; empty where none is likelier."""
    if column.file_separator == ",":
        return "."  # where decimals begin with a comma, cells are not cut by one
    if is_currency(numbers.unit):
        return "." if "," in example else ","  # money has no three decimals
    return "." if "," not in example and column.file_separator != ";" else ""


def _as_numbers(column: Column, numbers: Numbers, spelling: str) -> pd.Series:
    import pandas as pd

    values = column.mapped(numbers.read(spelling))
    column.name_placeholders()
    amounts = numbers.amounts
    grouped = [t for t, one in amounts.items() if any(sign in one.digits for sign in ", '")]
    spelt = [t for t in amounts if "," in t] if spelling == DECIMAL_COMMA else []
    if numbers.unit:
        column.note(UNIT, unit=numbers.unit, example=next(t for t, o in amounts.items() if o.unit))
    if not any(one.message == DECIMAL_SIGN for one in column.notes):
        if spelt and spelling == DECIMAL_COMMA:
            column.note(SPELT, sign=",", example=spelt[0])
        elif grouped:
            column.note(GROUPED, example=grouped[0])
    points = any("." in one.digits for one in amounts.values())
    kept = spelling if grouped or (spelling == DECIMAL_COMMA and (spelt or points)) else ""
    column.set_reading(spelling=kept, unit=numbers.unit)
    whole = not values.isna().any() and all(isinstance(v, int) for v in values.tolist())
    made = pd.Series(values.tolist(), index=values.index, dtype="int64" if whole else "float64")
    return column.finite(made)


def _as_dates(column: Column, dates: Dates) -> pd.Series:
    import pandas as pd

    if dates.others:  # now that it is known what the other columns have
        form = column.options.date.get(column.name) or None
        again = dates_in(column.candidates, form, wanted=True, day_first=column.file_day_first)
        dates = again or dates
    values = column.mapped(dates.values)
    column.name_placeholders(dates.far)
    example, first = next(iter(dates.values.items()))
    if dates.others and column.file_day_first is None:
        order = next((t for t in dates.values if t[:2] != t[3:5]), example)
        column.note(TWO_ORDERS, example=order, date=f"{dates.values[order]:%Y-%m-%d}",
                    option=shlex.quote(f"{column.name}={dates.others[0]}"))
    elif not dates.format.startswith("%Y-%m-%d"):
        column.note(DATE_FORMAT, example=example, date=f"{first:%Y-%m-%d}")
    if "%y" in dates.format:
        years = [value.year for value in dates.values.values()]
        column.note(SHORT_YEARS, first=str(min(years)), last=str(max(years)))
    if not dates.format.startswith("%Y-%m-%d"):  # ISO 8601 is read without being told
        column.set_reading(date_format=dates.format)
    return pd.to_datetime(pd.Series(values.tolist(), index=values.index)).astype("datetime64[ns]")


def _say_what_hinders(column: Column, numbers: Numbers | None) -> None:
    """Name the texts for which a column of numbers or dates is read as text."""
    if column.dates and column.dates.odd:
        odd, message = column.dates.odd, ODD_DATE
    elif numbers and numbers.fault == "mixed":
        others = [text for text in numbers.texts if text not in set(numbers.odd) and "." in text]
        column.note(MIXED, example=numbers.odd[0], other=(others or list(numbers.texts))[0],
                    option=shlex.quote(column.name))
        return
    elif numbers and numbers.fault in ("odd", "units"):
        odd, message = numbers.odd, ODD if numbers.fault == "odd" else UNITS
    else:
        return
    if len(odd) > max(1, MOST_ODD * len(column.candidates)) or len(column.candidates) < 5:
        return
    text, line = column.first_of(odd)
    values = {"example": text, "line": line, "option": shlex.quote(text)}
    extra = {"unit": numbers.unit} if message == UNITS and numbers else {"count": f"{len(odd):,}"}
    column.note(message, **values, **extra)


def said_otherwise(column: Column) -> pd.Series:
    """The column as the numbers or dates that a person says that it holds.

    Raises:
        TableError: a cell is none.
    """
    if not column.is_text:
        return _typed_otherwise(column)
    numbers, dates = column.numbers, column.dates
    if column.said == "number" and numbers:
        if not numbers.fault:
            spelling = _spelling(column, numbers)
            if not spelling:
                raise TableError(str(column.notes[-1]))
            return _as_numbers(column, numbers, spelling)
        raise _no_such(column, "number", numbers.odd)
    if column.said == "date" and column.candidates:
        if dates and dates.values:
            return _as_dates(column, dates)
        raise _no_such(column, "date", dates.odd if dates else column.candidates)
    return column.mapped({}).astype("float64")


def _no_such(column: Column, kind: str, odd: Sequence[str]) -> TableError:
    text, line = column.first_of(odd)
    name = shlex.quote(column.name)
    mend = f"--missing {shlex.quote(text)} takes it as missing"
    if kind == "date":
        mend += f", and --date {shlex.quote(column.name + '=FORMAT')} names another format"
    return TableError(
        f"Line {line}: '{column.name}' holds '{text}', which is no {kind} like the "
        f"others. Correct it, or: {mend}; without --{kind} {name} the column is read as it looks."
    )


def _typed_otherwise(column: Column) -> pd.Series:
    """A column of numbers as dates, such as 20240301, or of booleans or dates as numbers."""
    import pandas as pd

    if column.said == "date" and column.cells.dtype.kind in "iuf":
        present = column.cells.dropna()
        texts = pd.Series(present.map(text_of).tolist(), index=present.index, dtype=object)
        read = Column(column.name, texts.reindex(column.cells.index), column.missing,
                      column.options, column.lines)
        made = said_otherwise(read)
        column.notes, column.reading = read.notes, read.reading
        return made
    if column.said == "number" and column.cells.dtype.kind in "biuf":
        return column.finite(column.whole_or_float(column.cells))
    if column.said == "date" and column.cells.dtype.kind == "M":
        from tablecast.data.dates import without_zone

        return without_zone(column.cells)
    raise TableError(
        f"'{column.name}' holds {column.cells.dtype} values, which cannot be read as "
        f"{column.said}s; leave out --{column.said} {shlex.quote(column.name)}."
    )
