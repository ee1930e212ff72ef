"""A date in three inputs (day, month and year), and which of them is wrong.

After the date input of the GOV.UK Design System: first what is missing is named, then what cannot
be right, and only the inputs at fault are marked.
"""

import re
from datetime import date

from tablecast.i18n.language import N_, _

#: Day, month and year, as CLDR's patterns write them.
PARTS = "dMy"

#: A date as one text, ``year-month-day``, whatever stands for each of them.
_JOINED = re.compile(r"([^-]*)-([^-]*)-([^- :]*)")

_MISSING = {
    "d": N_("Enter a day for {field}."),
    "M": N_("Enter a month for {field}."),
    "y": N_("Enter a year for {field}."),
    "dM": N_("Enter a day and a month for {field}."),
    "dy": N_("Enter a day and a year for {field}."),
    "My": N_("Enter a month and a year for {field}."),
}


def joined(day: str, month: str, year: str) -> str:
    """The three parts as one text, ``year-month-day``, as the schema reads it."""
    return f"{year}-{_two_digits(month)}-{_two_digits(day)}"


def is_whole(part: str) -> bool:
    """Whether a whole date was typed or pasted into one of the inputs."""
    return len(re.findall(r"\d+|[^\W\d_]+", part)) >= len(PARTS)


def split(text: str) -> dict[str, str] | None:
    """The parts of such a text, by ``PARTS``, without leading zeros; None where it has others."""
    match = _JOINED.fullmatch(text)
    if match is None:
        return None
    year, month, day = match.groups()
    return {"d": _without_zero(day), "M": _without_zero(month), "y": year}


def wrong_parts(text: str) -> str:
    """Which of ``PARTS`` are at fault in a date that is refused; all where none alone is."""
    parts = split(text) or dict.fromkeys(PARTS, "")
    missing = _missing(parts)
    if missing and missing != PARTS:
        return missing
    return "".join(part for part in PARTS if not _can_be(part, parts[part])) or PARTS


def fault_in_words(text: str, label: str) -> str:
    """What is wrong with a date's parts; "" where nothing is given, or they make a real date."""
    parts = split(text)
    if parts is None or _missing(parts) == PARTS:
        return ""
    if _missing(parts):
        return _(_MISSING[_missing(parts)]).format(field=label)
    if wrong_parts(text) == "y":
        return _("Enter the year of {field} with four digits.").format(field=label)
    if _is_real(parts):
        return ""
    return _("Enter a real date for {field}.").format(field=label)


def _missing(parts: dict[str, str]) -> str:
    return "".join(part for part in PARTS if not parts[part])


def _can_be(part: str, text: str) -> bool:
    if not (text.isascii() and text.isdecimal()):
        return False
    if part == "y":
        return len(text) == 4
    return 1 <= int(text) <= (31 if part == "d" else 12)


def _is_real(parts: dict[str, str]) -> bool:
    try:
        date(int(parts["y"]), int(parts["M"]), int(parts["d"]))
    except ValueError:
        return False
    return True


def _two_digits(part: str) -> str:
    return part.zfill(2) if part.isdecimal() else part


def _without_zero(part: str) -> str:
    return part.lstrip("0") or "0" if part.isdecimal() else part
