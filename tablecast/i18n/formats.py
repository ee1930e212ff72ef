"""Numbers, amounts, dates and lists in the format of the reader's language.

Signs and patterns are facts of Unicode's CLDR, which ``make messages`` takes from Babel into
``locale/LANGUAGE/forms.json``. So serving has them without Babel's thirty megabytes, and a number
costs what Python's own ``format`` does: an answer's page has some hundred of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from tablecast.i18n.language import Language, current_language

#: Signs that say which currency is meant. ¥ does not: it stays as the form writes it.
CODES = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}

#: How the name of a unit ends that is written before the number, as in ``US$``.
SIGNS = tuple("$€£¥₹")

#: Units that stand right after the number.
PER_HUNDRED = ("%", "‰")


@dataclass(frozen=True)
class Forms:
    """How one language writes figures.

    Attributes:
        decimal, group: the decimal sign, and the one between thousands.
        percent: a percentage, from the number in it.
        date: a day, from its ``d``, ``MMMM`` (the month's name), ``M`` (its number) and ``y``.
        months: the names of the months.
        currencies: a currency's sign by its ISO 4217 code, for those that have one.
        comma: what stands between the items of a list.
        space: what stands between two sentences.
    """

    decimal: str
    group: str
    percent: str
    date: str
    months: tuple[str, ...]
    currencies: Mapping[str, str]
    comma: str
    space: str

    @cached_property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return (self.group, self.decimal) == (",", ".")


def number(value: float, form: str = ",") -> str:
    """A number as ``format`` writes it by ``form``, with the language's own signs."""
    return _signs(format(value, form), _forms())


def percent(fraction: float, decimals: int = 0) -> str:
    """A share from 0 to 1 as ``29%``, or with decimals as ``29.2%``."""
    forms = _forms()
    return forms.percent.format(_signs(f"{fraction:.{decimals}%}"[:-1], forms))


def day(moment: date) -> str:
    """A day, such as ``28 April 2020``."""
    forms = _forms()
    month = forms.months[moment.month - 1]
    return forms.date.format(d=moment.day, M=moment.month, MMMM=month, y=moment.year)


def date_order() -> str:
    """The order in which a date is written, of ``d``, ``M`` and ``y``: ``dMy`` or ``yMd``."""
    pattern = _forms().date
    return "".join(sorted("dMy", key=lambda part: pattern.index(f"{{{part}")))


def comma() -> str:
    """What stands between the items of a list."""
    return _forms().comma


def listed(words: Iterable[str]) -> str:
    """Words as a list within a sentence, without a last “and”."""
    return comma().join(words)


def sentences(texts: Iterable[str]) -> str:
    """Sentences one after the other, without the empty ones."""
    parts = [part for part in texts if part]
    return "".join(f"{part}{_after(part)}" for part in parts[:-1]) + "".join(parts[-1:])


def _after(sentence: str) -> str:
    """What stands after a sentence before the next: nothing in Chinese, but for one that is not."""
    return " " if sentence[-1:].isascii() else _forms().space


def with_unit(text: str, unit: str) -> str:
    """A number and its unit, in the order in which people write them."""
    sign = prefix_of(unit)
    if unit in PER_HUNDRED:
        return f"{text}{unit}"
    return f"{sign}{text}" if sign else f"{text} {unit}".strip()


def grouped(text: str) -> str:
    """A plain number with signs between its thousands; any other text as it is."""
    whole, point, rest = text.partition(".")
    digits = whole.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii()):
        return text
    return _signs(f"{int(whole):,}{point}{rest}", _forms())


def unit_name(unit: str) -> str:
    """A unit by itself, as in “charges, in US$”."""
    return prefix_of(unit) or unit


def prefix_of(unit: str) -> str:
    """What is written before a number for a unit: a currency's sign, or "" for other units.

    A Chinese reader takes ``$`` for no currency in particular, and reads ``US$``.
    """
    known = _forms().currencies.get(CODES.get(unit, unit))
    return known or (unit if unit.endswith(SIGNS) else "")


def _forms() -> Forms:
    language = current_language()
    return _known.get(language.tag) or _read(language)


#: By tag. An answer's page asks for them some hundred times.
_known: dict[str, Forms] = {}


def _read(language: Language) -> Forms:
    facts = {name: fact for name, fact in language.facts.items() if name != "name"}
    _known[language.tag] = forms = Forms(**facts | {"months": tuple(facts["months"])})
    return forms


def _signs(text: str, forms: Forms) -> str:
    if forms.is_plain:
        return text
    return text.translate({ord(","): forms.group, ord("."): forms.decimal})
