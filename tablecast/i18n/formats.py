"""Numbers, amounts, dates and lists in the format of the reader's language.

Signs and patterns are facts of Unicode's CLDR, which ``make messages`` takes from Babel into
``locale/LANGUAGE/forms.json``. So serving has them without Babel's thirty megabytes, and a number
costs what Python's own ``format`` does: an answer's page has some hundred of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from tablecast.i18n.language import Language, current_language

#: Signs that say which currency is meant. ¥ does not: it stays as the form writes it.
CODES = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}

#: How the name of a unit ends that is written before the number, as in ``US$``.
SIGNS = tuple("$€£¥₹")

#: Units that are written as a percentage is.
PER_HUNDRED = ("%", "‰")

#: The sign of what is less than nothing: as wide as a plus, and never broken from its number.
MINUS = "−"

#: Powers of ten between which a number is written out; past them nobody counts the zeros.
WRITTEN_OUT = range(-7, 16)

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Forms:
    """How one language writes figures.

    Attributes:
        decimal, group: the decimal sign, and the one between thousands.
        percent: a percentage, from the number in it.
        currency: an amount, from its currency's ``sign`` and the ``number``.
        date: a day, from its ``d``, ``MMMM`` (the month's name), ``M`` (its number) and ``y``.
        months: the names of the months.
        currencies: a currency's sign by its ISO 4217 code, for those that have one.
        comma: what stands between the items of a list.
        space: what stands between two sentences.
    """

    decimal: str
    group: str
    percent: str
    currency: str
    date: str
    months: tuple[str, ...]
    currencies: Mapping[str, str]
    comma: str
    space: str

    @cached_property
    def signs(self) -> Mapping[int, str]:
        """Python's signs to the language's."""
        return {ord(","): self.group, ord("."): self.decimal, ord("-"): MINUS}

    @cached_property
    def is_sign_first(self) -> bool:
        """Whether a currency's sign stands before the number."""
        return self.currency.startswith("{sign}")


def number(value: float, form: str = ",") -> str:
    """A number as ``format`` writes it by ``form``, with the language's own signs.

    Powers of ten are written out where that is short, and else as people write them.
    """
    text = format(value, form)
    if not text.strip("-0,.%"):
        text = text.removeprefix("-")
    if "e" not in text:
        return _signs(text)
    mantissa, _, power = text.partition("e")
    if int(power) in WRITTEN_OUT:
        return _signs(f"{Decimal(text):,f}")
    return f"{_signs(mantissa)} × 10{str(int(power)).translate(_SUPERSCRIPTS)}"


def rounded(value: float, decimals: int) -> str:
    """A number to so many decimals; to tens at -1, to hundreds at -2."""
    return number(round(value, decimals), f",.{max(0, decimals)}f")


def percent(fraction: float, decimals: int = 0) -> str:
    """A share from 0 to 1 as ``29%``, or with decimals as ``29.2%``."""
    return with_unit(_signs(f"{fraction:.{decimals}%}"[:-1]), "%")


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
    if unit in PER_HUNDRED:
        return _forms().percent.format(text).replace("%", unit)
    sign = currency_sign(unit)
    if not sign:
        return f"{text} {unit}".strip()
    # The minus stands before all: −$5.
    amount = text.removeprefix(MINUS)
    minus = MINUS if amount != text else ""
    return minus + _forms().currency.format(sign=sign, number=amount)


def grouped(text: str) -> str:
    """A plain number with signs between its thousands; any other text as it is."""
    whole, point, rest = text.partition(".")
    digits = whole.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii()):
        return text
    return _signs(f"{MINUS if whole != digits else ''}{int(digits):,}{point}{rest}")


def unit_name(unit: str) -> str:
    """A unit by itself, as in “charges, in US$”."""
    return currency_sign(unit) or unit


def prefix_of(unit: str) -> str:
    """What the language writes before a number for a unit; "" where that stands after it."""
    return currency_sign(unit) if _forms().is_sign_first else ""


def currency_sign(unit: str) -> str:
    """A currency's sign; "" for other units.

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


def _signs(text: str) -> str:
    return text.translate(_forms().signs)
