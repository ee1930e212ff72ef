"""A column's texts as dates: one format for all, and a decision where two formats fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tablecast.errors import TableError
from tablecast.schema.moments import DAYS, TIMES, plain_date

if TYPE_CHECKING:
    import pandas as pd

#: Text is looked at further where it could be a date at all.
_SHAPE = re.compile(r"(?=.*[0-9])\S[\w\-/.: ,+年月日]{4,40}")
_TIME = re.compile(
    r"[T ][0-9]{1,2}(?:[:.][0-9]{2}){0,2}(?:\.[0-9]+)?(?: ?[AP]M)?(?: ?Z| ?[+-][0-9:]{4,6})?$"
)
#: What a table writes for a date that never comes: datetime64 ends in 2262.
_FAR = re.compile(
    r"^(?:9999|2999|0001|0000)(?=[-/. ])"
    r"|^[0-9A-Za-z]{1,3}[-/. ][0-9A-Za-z]{1,3}[-/. ](?:9999|2999|0001|0000)\b"
)

#: Texts that are tried first, and how many may be no dates beside others.
SAMPLE, MOST_ODD = 20, 0.2


@dataclass(frozen=True)
class Dates:
    """Texts that are dates in one format.

    Attributes:
        values: each text's moment, without a time zone.
        format: ``strptime``'s.
        others: formats in which all of them are other dates.
        far: texts that name a date that never comes.
        odd: texts that are no dates, where nearly all others are; then nothing is read.
    """

    values: Mapping[str, Any]
    format: str
    others: tuple[str, ...] = ()
    far: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()

    @property
    def day_first(self) -> bool | None:
        """Whether the day stands before the month; None where neither is first."""
        return order_of(self.format)


def order_of(form: str) -> bool | None:
    """Whether a format's day stands before its month; None where that cannot be mistaken."""
    if "%m" not in form or "%d" not in form or form.startswith(("%Y", "%y")):
        return None
    return form.index("%d") < form.index("%m")


def dates_in(
    texts: Sequence[str],
    form: str | None = None,
    *,
    wanted: bool = False,
    day_first: bool | None = None,
) -> Dates | None:
    """The dates that a column's distinct texts are; None where they are none.

    Args:
        texts: none of them missing.
        form: the format, where a person says so.
        wanted: whether a person says that they are dates: then plain numbers may be dates.
        day_first: what is first where both fit, and the format alone does not tell.
    """
    plain = {text: plain_date(text) for text in texts}
    far = tuple(text for text in texts if _FAR.search(plain[text]))
    near = [text for text in texts if text not in set(far)]
    if not near or not (wanted or any(_SHAPE.fullmatch(text) for text in near[:SAMPLE])):
        return None
    forms = [form] if form else _formats([plain[text] for text in near], wanted=wanted)
    readings: list[tuple[str, pd.Series]] = []
    best: tuple[str, pd.Series] | None = None
    for candidate in forms:
        dates = _parsed([plain[text] for text in near], candidate)
        if not dates.isna().any():
            if not any(dates.equals(other) for _, other in readings):
                readings.append((candidate, dates))
        elif best is None or dates.isna().sum() < best[1].isna().sum():
            best = candidate, dates
    if not readings:
        return _nearly(near, best)
    readings.sort(key=lambda pair: _preferred(pair[0], day_first))
    chosen, values = readings[0]
    others = tuple(candidate for candidate, _ in readings[1:] if not candidate.startswith("%y"))
    return Dates(dict(zip(near, values, strict=True)), chosen, others, far)


def _preferred(form: str, day_first: bool | None) -> tuple[bool, bool]:
    """What comes first among formats that all fit: dots are written with the day first, and hardly
    anybody writes a short year before the month."""
    order = order_of(form)
    wanted = day_first if day_first is not None and "." not in form else "." in form
    return form.startswith("%y"), order is not None and order is not wanted


def _nearly(texts: Sequence[str], best: tuple[str, pd.Series] | None) -> Dates | None:
    if best is None:
        return None
    form, dates = best
    odd = tuple(text for text, wrong in zip(texts, dates.isna(), strict=True) if wrong)
    return Dates({}, form, odd=odd) if len(odd) <= MOST_ODD * len(texts) else None


def _formats(texts: Sequence[str], *, wanted: bool) -> list[str]:
    """The formats that most of the first texts have."""
    sample = texts[:SAMPLE]
    days, times = zip(*map(_cut, sample), strict=True)
    some_days = [form for form in DAYS if _fits(days, form) and (wanted or form != "%Y%m%d")]
    some_times = [form for form in TIMES if _fits(times, form)]
    return [day + time for day in some_days for time in some_times]


def mixed_dates(texts: Sequence[str]) -> tuple[str, str] | None:
    """Two of sorted texts whose dates are written in different ways, where the first and the last
    ones all are dates; else None."""
    sample = list(dict.fromkeys([*texts[: SAMPLE // 2], *texts[-SAMPLE // 2 :]]))
    if len(sample) < 2 or not all(map(_SHAPE.fullmatch, sample)):
        return None
    forms = [set(_formats([plain_date(text)], wanted=False)) for text in sample]
    if not all(forms):
        return None
    return next(((sample[0], text) for text, form in zip(sample, forms, strict=True)
                 if not form & forms[0]), None)  # fmt: skip


def _cut(text: str) -> tuple[str, str]:
    """A date's day and its time."""
    match = _TIME.search(text)
    # 3 Mar 21 ends in a year: a time has a colon, a point and two digits, or AM and PM.
    if match is None or not re.search(r"[:.]|[AP]M", match[0]) or match.start() < 4:
        return text, ""
    return text[: match.start()], match[0]


def _fits(texts: Sequence[str], form: str) -> bool:
    """Whether enough of the texts are of a format."""
    wrong = sum(not _is_of(text, form) for text in dict.fromkeys(texts))
    return wrong <= MOST_ODD * len(set(texts))


def _is_of(text: str, form: str) -> bool:
    if not form:
        return not text
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _parsed(texts: Sequence[str], form: str) -> pd.Series:
    import pandas as pd

    zoned = form.endswith("%z")
    cells = pd.Series(texts, dtype=object)
    try:
        return without_zone(pd.to_datetime(cells, format=form, errors="coerce", utc=zoned))
    except (ValueError, re.error):
        raise TableError(
            f"'{form}' is not a date format. Write one such as %d/%m/%Y, or %d.%m.%y %H:%M with a "
            "time (--date COLUMN=FORMAT)."
        ) from None


def without_zone(column: pd.Series) -> pd.Series:
    """Dates to the nanosecond; those with a time zone in UTC."""
    if getattr(column.dt, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.astype("datetime64[ns]")
