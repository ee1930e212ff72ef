"""A column of numbers or dates: which of the two, how it is written, and what prevents it."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tablecast.data.cells import Column, text_of
from tablecast.data.column_hints import say_what_hinders
from tablecast.data.dates import Dates, dates_in, without_zone
from tablecast.data.numbers import Numbers
from tablecast.errors import TableError
from tablecast.schema.moments import moment_of
from tablecast.schema.number_formats import DECIMAL_COMMA, DECIMAL_POINT, amount_of, is_currency
from tablecast.schema.table_notes import (
    CODES,
    COMMA_OPEN,
    DATE_FORMAT,
    DECIMAL_SIGN,
    EXPONENT,
    GROUPED,
    READ_AS,
    SHORT_YEARS,
    SPELT,
    TOO_MANY_DIGITS,
    TWO_ORDERS,
    UNIT,
)

if TYPE_CHECKING:
    import pandas as pd

#: Digits around an E: a power of ten, or the code of a flat.
_POWER = re.compile(r"[0-9]+[eE][0-9]+")

#: A time's distance from UTC, where that is not nothing.
_FROM_UTC = re.compile(r"[+-](?!00?(?::?00)?$)[0-9]{1,2}(?::?[0-9]{2})?$")


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
    say_what_hinders(column, numbers)
    return None


def _are_booleans(column: Column) -> bool:
    return {text.casefold() for text in column.candidates} <= {"true", "false"}


def _spelling(column: Column, numbers: Numbers) -> str:
    """The spelling of numbers that may have two; empty where a person has to say which."""
    if len(numbers.spellings) == 1 or not numbers.differ:
        fitting = numbers.spellings
        asked = column.options.decimal
        return next((choice for choice in fitting if choice[1] == asked), fitting[0])
    example = numbers.example
    amount = amount_of(example)
    point, comma = (amount.plain(sign) if amount else "" for sign in (DECIMAL_POINT, DECIMAL_COMMA))
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

    values_of = numbers.read(spelling)
    values = column.mapped(values_of)
    column.name_placeholders()
    amounts = numbers.amounts
    grouped = [t for t, amount in amounts.items() if any(sign in amount.digits for sign in ", '")]
    spelt = [t for t in amounts if "," in t] if spelling == DECIMAL_COMMA else []
    pointed = [t for t, one in amounts.items() if "." in one.digits and spelling == DECIMAL_COMMA]
    grouped += pointed
    if numbers.unit:
        column.note(UNIT, unit=numbers.unit, example=next(t for t, o in amounts.items() if o.unit))
    if not any(note.message == DECIMAL_SIGN.message for note in column.notes):
        if spelt and spelling == DECIMAL_COMMA:
            column.note(SPELT, sign=",", example=spelt[0])
        elif grouped:
            column.note(GROUPED, example=grouped[0])
    rounded = next((t for t, n in values_of.items() if len(t) > 15 and _is_rounded(t, n)), None)
    if rounded:
        column.note(TOO_MANY_DIGITS, example=rounded, number=float(values_of[rounded]),
                    option=shlex.quote(column.name))
    power = next((text for text in numbers.texts if _POWER.fullmatch(text)), None)
    if power:
        column.note(EXPONENT, example=power, number=f"{values_of[power]:.0f}",
                    option=shlex.quote(column.name))
    foreign = next((t for t in amounts if not t.isascii() and _has_digits_of_others(t)), None)
    if foreign:
        column.note(READ_AS, example=foreign, level=f"{values_of[foreign]}")
    ends = (")", "-", "−", "–", "—")  # a minus, or cents that there are none of
    ended = next((text for text in amounts if text.endswith(ends)), None)
    if ended:
        column.note(READ_AS, example=ended, level=f"{values_of[ended]}")
    kept = spelling if grouped or spelt else ""
    column.set_reading(spelling=kept, unit=numbers.unit)
    whole = not values.isna().any() and all(isinstance(v, int) for v in values.tolist())
    result = pd.Series(values.tolist(), index=values.index, dtype="int64" if whole else "float64")
    return column.finite(result)


def _is_rounded(text: str, number: float) -> bool:
    """Whether a whole number, such as an id, loses its last digits."""
    is_whole = re.fullmatch(r"[+-]?[0-9]+", text) is not None
    return is_whole and math.isfinite(number) and int(text) != int(float(number))


def _has_digits_of_others(text: str) -> bool:
    return any(sign.isdecimal() and not sign.isascii() for sign in text)


def _as_dates(column: Column, dates: Dates) -> pd.Series:
    import pandas as pd

    if dates.others:  # now that it is known what the other columns have
        form = column.options.date.get(column.name) or None
        again = dates_in(column.candidates, form, wanted=True, day_first=column.file_day_first)
        dates = again or dates
    values = column.mapped(dates.values)
    column.name_placeholders(dates.far)
    example, first = next(((t, d) for t, d in dates.values.items() if moment_of(t) is None),
                          next(iter(dates.values.items())))
    # ISO 8601 is read without being told; 2021年8月1日 and 2021-8-1 are not.
    is_iso = dates.format.startswith("%Y-%m-%d") and moment_of(example) is not None
    if dates.others and column.file_day_first is None:
        order = next((t for t in dates.values if t[:2] != t[3:5]), example)
        column.note(TWO_ORDERS, example=order, date=f"{dates.values[order]:%Y-%m-%d}",
                    option=shlex.quote(f"{column.name}={dates.others[0]}"))
    elif not is_iso:
        column.note(DATE_FORMAT, example=example, date=f"{first:%Y-%m-%d}")
    elsewhere = [text for text in dates.values if _FROM_UTC.search(text)]
    if dates.format.endswith("%z") and elsewhere:
        moment = f"{dates.values[elsewhere[0]]:%Y-%m-%d %H:%M} UTC"
        column.note(READ_AS, example=elsewhere[0], level=moment)
    if "%y" in dates.format:
        years = [value.year for value in dates.values.values()]
        column.note(SHORT_YEARS, first=str(min(years)), last=str(max(years)))
    if not is_iso:
        column.set_reading(date_format=dates.format)
    return pd.to_datetime(pd.Series(values.tolist(), index=values.index)).astype("datetime64[ns]")


def read_as_requested(column: Column) -> pd.Series:
    """The column as the numbers or dates that a person says that it holds.

    Raises:
        TableError: a cell is none.
    """
    if not column.is_text:
        return _typed_otherwise(column)
    numbers, dates = column.numbers, column.dates
    if column.requested == "number" and numbers:
        if not numbers.fault:
            spelling = _spelling(column, numbers)
            if not spelling:
                raise TableError(str(column.notes[-1]))
            return _as_numbers(column, numbers, spelling)
        raise _no_such(column, "number", numbers.odd)
    if column.requested == "date" and column.candidates:
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
        f"Line {line:,}: '{column.name}' holds '{text}', which is no {kind} like the "
        f"others. Correct it, or: {mend}; without --{kind} {name} the column is read as it looks."
    )


def _typed_otherwise(column: Column) -> pd.Series:
    """A column of numbers as dates, such as 20240301, or of booleans or dates as numbers."""
    import pandas as pd

    if column.requested == "date" and column.cells.dtype.kind in "iuf":
        present = column.cells.dropna()
        texts = pd.Series(present.map(text_of).tolist(), index=present.index, dtype=object)
        read = Column(column.name, texts.reindex(column.cells.index), column.missing,
                      column.options, column.lines)
        result = read_as_requested(read)
        column.notes, column.reading = read.notes, read.reading
        return result
    if column.requested == "number" and column.cells.dtype.kind in "biuf":
        return column.finite(column.whole_or_float(column.cells))
    if column.requested == "date" and column.cells.dtype.kind == "M":
        return without_zone(column.cells)
    raise TableError(
        f"'{column.name}' has {column.cells.dtype} values, which cannot be read as "
        f"{column.requested}s. Leave out --{column.requested} {shlex.quote(column.name)}."
    )
