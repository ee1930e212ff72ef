"""Dates in the many ways that tables write them, taken where only one reading fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

"""A tidied table's attribute: column name to the format of its dates, where they came as text."""

_DATE_SHAPE = re.compile(r"(?=.*[0-9])[A-Za-z0-9]{1,9}[-/. ][A-Za-z0-9:,.+/ -]{4,34}")
_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y"),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),
)
_TIMES = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f"),
    *("T%H:%M:%S%z", "T%H:%M:%S.%f%z", " %H:%M:%S%z"),
)

Values = dict[str, Any]
"""What each distinct text of a column stands for."""


class Notes(list[str]):
    """What reading a table has to say: sentences, and how its dates and numbers are written."""

    def __init__(self) -> None:
        super().__init__()
        self.date_formats: dict[str, str] = {}
        self.number_spellings: dict[str, str] = {}


def read_dates(texts: list[str], name: str, notes: Notes) -> Values:
    """Dates, where every cell has one format and only one reading."""
    if not all(_DATE_SHAPE.fullmatch(text) for text in texts):
        return {}
    readings: list[pd.Series] = []
    formats: list[str] = []
    for form in (day + time for day in _DAYS for time in _TIMES):
        if _parsed(texts[:20], form) is None or (dates := _parsed(texts, form)) is None:
            continue
        if not any(dates.equals(other) for other in readings):
            readings.append(dates)
            formats.append(form)
    if len(readings) > 1:
        notes.append(
            f"'{name}' is read as text: '{texts[0]}' may be day first or month first. "
            "Write its dates as 2024-03-31 to use them as dates."
        )
    if len(readings) != 1:
        return {}
    if not formats[0].startswith("%Y-%m-%d"):  # ISO 8601 is read without being told
        notes.date_formats[name] = formats[0]
    return dict(zip(texts, readings[0], strict=True))


def _parsed(texts: list[str], form: str) -> pd.Series | None:
    import pandas as pd

    zoned = form.endswith("%z")
    dates = pd.to_datetime(pd.Series(texts), format=form, errors="coerce", utc=zoned)
    return None if dates.isna().any() else without_zone(dates)


def without_zone(column: pd.Series) -> pd.Series:
    """Dates to the nanosecond; those with a time zone in UTC."""
    if getattr(column.dt, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.astype("datetime64[ns]")
