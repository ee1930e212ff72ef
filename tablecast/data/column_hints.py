"""What a column looks like and is not read as, such as durations, and what prevents it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tablecast.data.cells import Column
from tablecast.data.dates import mixed_dates
from tablecast.data.numbers import Numbers
from tablecast.schema.number_formats import is_unit
from tablecast.schema.table_notes import (
    BESIDE,
    BUDDHIST_DATES,
    BUDDHIST_YEARS,
    CLOCK,
    MAY_BE_DATES,
    MIXED,
    MIXED_DATES,
    ODD,
    ODD_DATE,
    TWO_UNITS,
    UNITS,
)

if TYPE_CHECKING:
    import pandas as pd

#: Texts that are no numbers are a mistake among numbers where they are at most this share.
MOST_ODD = 0.5

#: So many in another unit are no mistake any more.
MANY_UNITS = 0.1

#: Fewer different whole numbers than these may look like dates by chance.
FEWEST_DATES = 3

#: A duration or a time of day, such as 1:30 or 01:30:15.5.
_CLOCK = re.compile(r"-?[0-9]{1,4}:[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?: ?[AaPp][Mm])?")

#: Years of the Buddhist calendar, which are 543 more; what a column of them is called; a date.
BUDDHIST, YEARS_AHEAD = range(2443, 2600), 543
_YEARS = re.compile(r"year|date|ปี|พ\.? ?ศ|\bb\.?e\b", re.IGNORECASE)
_BUDDHIST_DATE = re.compile(
    r"(?:[0-9]{1,2}[-/. ]){2}2[45][0-9]{2}(?: .*)?|2[45][0-9]{2}(?:[-/.][0-9]{1,2}){2}(?:[ T].*)?"
)


def say_what_hinders(column: Column, numbers: Numbers | None) -> None:
    """Name the texts for which a column of numbers or dates is read as text."""
    for form, note in ((_CLOCK, CLOCK), (_BUDDHIST_DATE, BUDDHIST_DATES)):
        if all(map(form.fullmatch, column.candidates)):
            column.note(note, example=column.first_of(column.candidates)[0])
            return
    if not column.dates and (mixed := mixed_dates(column.candidates)):
        text, line = column.first_of(mixed[1:])
        column.note(MIXED_DATES, example=mixed[0], other=text, line=line)
        return
    if column.dates and column.dates.odd:
        odd, message = column.dates.odd, ODD_DATE
    elif numbers and numbers.fault == "mixed":
        others = [text for text in numbers.texts if text not in set(numbers.odd) and "." in text]
        column.note(MIXED, example=numbers.odd[0], other=(others or list(numbers.texts))[0],
                    option=shlex.quote(column.name))
        return
    elif numbers and (flagged := _flagged(numbers)):
        odd, message = flagged, BESIDE
    elif numbers and numbers.fault == "units" and _are_two_units(column, numbers):
        text, line = column.first_of(numbers.odd)
        others = [one for one in numbers.texts if one not in set(numbers.odd)]
        column.note(TWO_UNITS, example=others[0], other=text, line=line)
        return
    elif numbers and numbers.fault in ("odd", "units"):
        odd, message = numbers.odd, ODD if numbers.fault == "odd" else UNITS
    else:
        return
    if len(odd) > max(1, MOST_ODD * len(column.candidates)) or len(column.candidates) < 5:
        return
    text, line = column.first_of(odd)
    if "\ufffd" in text:  # a character that could not be read is no flag
        message = ODD
    values = {"example": text, "line": line, "option": shlex.quote(text)}
    if numbers and message == UNITS:
        column.note(message, **values, unit=numbers.unit)
    elif numbers and message == BESIDE:
        column.note(message, **values, count=column.count(odd), sign=numbers.amounts[text].unit)
    else:
        column.note(message, **values, count=column.count(odd))


def _flagged(numbers: Numbers) -> tuple[str, ...]:
    """The few among bare numbers that have flags or different units beside them."""
    named = tuple(text for text, amount in numbers.amounts.items() if amount.unit)
    units = {numbers.amounts[text].unit for text in named}
    few = numbers.fault == "units" and len(named) < MOST_ODD * len(numbers.texts)
    return named if few and (len(units) > 1 or not all(map(is_unit, units))) else ()


def _are_two_units(column: Column, numbers: Numbers) -> bool:
    """Whether more than a mistake among numbers of one unit has another, or none."""
    many = len(numbers.odd) > max(1, MANY_UNITS * len(column.candidates))
    return many and is_unit(numbers.unit) and len(numbers.odd) < len(numbers.texts)


#: The last second of the last year that may be written as a whole number.
LATEST = 21_001_231_235_959

#: Whole numbers that a date may be written as: the format, and what makes of one its day.
_DATES_AS_NUMBERS: Sequence[tuple[str, Callable[[Any], Any]]] = (
    ("%Y%m%d", lambda number: number),
    ("%Y%m", lambda number: 100 * number + 1),
    ("%Y%m%d%H%M", lambda number: number // 10_000),
    ("%Y%m%d%H%M%S", lambda number: number // 1_000_000),
)


def note_dates_as_numbers(column: Column, values: pd.Series) -> None:
    """Say where a column of whole numbers looks like dates."""
    import numpy as np

    if column.requested or values.dtype.kind not in "if":
        return
    known = values.dropna().unique()
    if len(known) < FEWEST_DATES or (known % 1 != 0).any() or known.max() > LATEST:
        return
    if _YEARS.search(column.name) and set(known.tolist()) <= set(BUDDHIST):
        year = int(known[0])
        column.note(BUDDHIST_YEARS, example=str(year), year=str(year - YEARS_AHEAD))
        return
    for form, day_of in _DATES_AS_NUMBERS:
        days = day_of(known)
        year, month, day = days // 10_000, days // 100 % 100, days % 100
        fits = [(year >= 1900) & (year <= 2100), (month >= 1) & (month <= 12),
                (day >= 1) & (day <= 31)]  # fmt: skip
        if np.all(fits):
            option = shlex.quote(f"{column.name}={form}")
            column.note(MAY_BE_DATES, example=str(int(known[0])), option=option)
            return
