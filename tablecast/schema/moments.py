"""Dates as people write them, read one at a time.

A format is one of ``strptime``'s, for the text that ``plain_date`` makes of a cell.
"""

import re
from datetime import UTC, date, datetime
from typing import Any

from tablecast.schema.texts import fold

#: Days, by the order in which they are tried: a day before a month where both fit stands later.
DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y"),
    *("%d.%m.%Y", "%m.%d.%Y", "%m/%d/%y", "%d/%m/%y", "%m-%d-%y", "%d-%m-%y", "%d.%m.%y"),
    *("%y/%m/%d", "%y.%m.%d", "%y-%m-%d"),
    *("%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%b %d %Y", "%b-%d-%Y", "%Y %b %d", "%Y-%b-%d"),
    *("%d %b %y", "%d-%b-%y", "%b %d %y", "%d/%b/%y", "%Y%m%d"),
    *("%d%b%Y", "%d%b%y"),
    *("%b %Y", "%b-%Y", "%b/%Y", "%Y-%b", "%Y %b", "%Y-%m", "%Y/%m", "%m/%Y", "%b-%y"),
)
TIMES = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f"),
    *("T%H:%M%z", "T%H:%M:%S%z", "T%H:%M:%S.%f%z", " %H:%M%z", " %H:%M:%S%z", " %H:%M:%S.%f%z"),
    *(" %I:%M %p", " %I:%M:%S %p", " %I %p", " %H.%M", " %H.%M.%S"),
    *(" %I:%M %p%z", " %I:%M:%S %p%z"),
)

_MONTHS = (
    "jan january januar jänner janvier janv enero ene janeiro gennaio gen januari янв января 1月",
    "feb february februar feber février fevrier févr fevr febrero fevereiro fev febbraio februari "
    "фев февраля",
    "mar march märz marz mrz maerz mars marzo março marco maart mrt мар марта",
    "apr april avril avr abril abr aprile апр апреля",
    "may mai mayo maio maggio mag mei maj мая",
    "jun june juni juin junio junho giugno giu июн июня",
    "jul july juli juillet juil julio julho luglio lug июл июля",
    "aug august août aout agosto ago augustus augusti авг августа",
    "sep sept september septembre septiembre setembro set settembre сен сент сентября",
    "oct october oktober okt octobre octubre outubro out ottobre ott окт октября",
    "nov november novembre noviembre novembro ноя нояб ноября",
    "dec december dezember dez décembre decembre déc diciembre dic dezembro dicembre desember дек "
    "декабря",
)
_ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MONTH = {
    word: english
    for words, english in zip(_MONTHS, _ENGLISH, strict=True)
    for word in words.split()
}
#: Characters of a day that a person writes out, and digits of its year.
LONGEST, YEAR = 40, 4
_DAY = re.compile(r"([0-9]{1,4}|[A-Z][a-z]{2})[-/. ]([0-9]{1,2}|[A-Z][a-z]{2})[-/. ]([0-9]{1,4})")
_WORD = re.compile(r"[^\W\d_]+\.?")
#: Words that may stand in a date and say nothing, and both halves of a day.
_SILENT = frozenset(
    "de del of le the st nd rd th mon tue tues wed thu thur thurs fri sat sun monday tuesday "
    "wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag "
    "sonntag lundi mardi mercredi jeudi vendredi samedi dimanche mo di mi do fr sa so uhr г".split()
)
_HALVES = {"am": "AM", "pm": "PM", "a.m.": "AM", "p.m.": "PM", "上午": "AM", "下午": "PM"}
# Space before a mark is looked at from its beginning alone, and never twice: from each of its signs
# the time would grow with its square.
_SPACE = r"(?<!\s)\s*+"
_MARKED = (
    (re.compile(_SPACE + r"[年년]\s*+"), "-"),
    (re.compile(_SPACE + r"[月월]\s*+(?=[0-9])"), "-"),
    (re.compile(_SPACE + r"[月日號号월일]\s*+"), " "),
    (re.compile(_SPACE + r"[時时点點分시]\s*+(?=[0-9])"), ":"),
    (re.compile(_SPACE + r"[時时点點](?![0-9])"), ":00"),
    (re.compile(_SPACE + r"[分秒초]"), ""),
)


def vocabulary() -> dict[str, Any]:
    """The words of dates, as plain data."""
    return {"months": _MONTH, "silent": sorted(_SILENT), "halves": _HALVES}


def plain_date(text: str) -> str:
    """A date's text with English months and without words that say nothing."""
    if text.isascii() and not re.search("[A-Za-z ,]", text):
        return text
    if not text.isascii():
        text = fold(text)
        for mark, sign in _MARKED:
            text = mark.sub(sign, text)
        text = text.replace("t", "T") if re.match(r"[0-9-]+t[0-9]", text) else text
    text = _ZONE.sub(_offset, text.strip())
    text = re.sub(r"([0-9])(am|pm|a\.m\.|p\.m\.)$", r"\1 \2", text.strip(), flags=re.IGNORECASE)
    text = re.sub(r"(?<=[0-9])(st|nd|rd|th)\b", "", text, flags=re.IGNORECASE)
    text = re.sub(r"\b([ap])\.m\.?(?!\w)", r"\1m", text, flags=re.IGNORECASE)
    text = _WORD.sub(lambda match: _word(match[0]), text.replace(",", " "))
    text = " ".join(re.sub(r"(?<=[0-9])\.(?=\s+[A-Z])", "", text).split())
    return _YEAR_LAST.sub(r"\1 \4 \2\3", text)


#: A year behind the time, as C's ctime writes it, and programs that follow it.
_YEAR_LAST = re.compile(
    r"^([A-Z][a-z]{2} [0-9]{1,2}) ([0-9]{1,2}:[0-9:.]+)(?: UTC| GMT| ([+-][0-9]{4}))? ([0-9]{4})$"
)
#: A time's distance from UTC, as GMT+2 or UTC.
_ZONE = re.compile(
    r"(?<=[0-9mM]) ?(?:GMT|UTC)(?:([+-])([0-9]{1,2})(?::?([0-9]{2}))?)?$", re.IGNORECASE
)


def _offset(found: re.Match[str]) -> str:
    sign, hours, minutes = found.groups()
    return f"{sign or '+'}{int(hours or 0):02}:{minutes or '00'}"


def _word(word: str) -> str:
    known = word.casefold().rstrip(".")
    if known in ("t", "z"):
        return word
    if known in _HALVES:
        return _HALVES[known]
    if known in _MONTH:
        return _MONTH[known]
    return "" if known in _SILENT else word


def days_meant(text: str) -> list[date]:
    """The days that a person may mean by a text, with a year of four digits; at most two."""
    match = _DAY.fullmatch(plain_date(text)) if len(text) <= LONGEST else None
    if match is None:
        return []
    first, second, third = parts = match.groups()
    if len(first) == YEAR:
        orders = [parts]
    elif first in _ENGLISH:
        orders = [(third, first, second)]
    elif second in _ENGLISH:
        orders = [(third, second, first)]
    else:
        orders = [(third, second, first), (third, first, second)]
    return list(dict.fromkeys(filter(None, (_day(*order) for order in orders))))


def _day(year: str, month: str, day: str) -> date | None:
    number = _ENGLISH.index(month) + 1 if month in _ENGLISH else month
    try:
        return date(int(year), int(number), int(day)) if len(year) == YEAR else None
    except ValueError:
        return None


def moment_of(text: object, form: str = "") -> datetime | None:
    """The moment that a text means: ISO 8601, or in a format; None where it is neither."""
    if not isinstance(text, str) or "\0" in text:  # fromisoformat reads no further than a zero
        return None
    if form:
        try:
            return datetime.strptime(plain_date(text), form)
        except ValueError:
            pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def seconds_of(moment: datetime) -> float:
    """Seconds since 1970; a moment without a time zone is in UTC."""
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
