"""A column's texts as numbers: how they are written, their unit, and what prevents it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tablecast.schema.number_formats import (
    CODE,
    DECIMAL_COMMA,
    DECIMAL_POINT,
    SPELLINGS,
    Amount,
    amount_of,
    is_same_unit,
    is_unit,
)
from tablecast.schema.texts import fold

#: Every line a number as programs write it, and none a code such as 007.
_ALL_PLAIN = re.compile(
    r"(?:[+-]?(?:(?:[1-9][0-9]*|0)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\n)*"
)
_ALL_WHOLE = re.compile(r"(?:[+-]?[0-9]{1,17}\n)*")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
#: A line with a decimal point that cannot stand between thousands.
_SURELY_POINT = re.compile(
    r"^[+-]?(?:(?!0)[0-9]{1,3}(?!\.[0-9]{3}$)|0[0-9]*|[0-9]{4,})?\.", re.MULTILINE
)

#: So many different numbers of one unit are a measure, even if nobody knows the unit.
MANY = 10


@dataclass(frozen=True)
class Numbers:
    """Texts that may all be numbers.

    Attributes:
        amounts: each text's number, where it is not written as programs do; else empty.
        texts: all of them.
        spellings: those in which all of them are numbers.
        differ: whether they are other numbers in one spelling than in the other.
        unit: what stands beside all of them.
        fault: why they are not read as numbers: "", "odd", "code", "mixed" or "units".
        odd: the texts at fault.
    """

    texts: Sequence[str]
    amounts: Mapping[str, Amount] = field(default_factory=dict)
    spellings: tuple[str, ...] = ()
    differ: bool = False
    unit: str = ""
    fault: str = ""
    odd: tuple[str, ...] = ()

    @property
    def decided(self) -> str:
        """The decimal sign that they leave no doubt of; else empty."""
        return self.spellings[0][1] if len(self.spellings) == 1 else ""

    @property
    def example(self) -> str:
        """A text that may be two numbers."""
        return next((text for text in self.texts if _other_number(text)), self.texts[0])

    def read(self, spelling: str) -> dict[str, float | int]:
        """Each text's number in a spelling."""
        if not self.amounts:
            whole = _ALL_WHOLE.fullmatch(_lines(self.texts)) is not None
            return {text: int(text) if whole else float(text) for text in self.texts}
        plain = {text: amount.plain(spelling) or "nan" for text, amount in self.amounts.items()}
        whole = all(re.fullmatch(r"-?[0-9]{1,17}", number) for number in plain.values())
        return {text: int(number) if whole else float(number) for text, number in plain.items()}


def numbers_in(texts: Sequence[str], *, wanted: bool = False) -> Numbers:
    """What a column's distinct texts are as numbers.

    Args:
        texts: none of them missing.
        wanted: whether a person says that they are numbers: then codes are numbers too.
    """
    lines = _lines(texts)
    if lines.count("\n") == len(texts) and _ALL_PLAIN.fullmatch(lines):
        return _plain(texts, lines)
    if all(_INFINITE.fullmatch(text) or amount_of(text) for text in texts) and any(
        _INFINITE.fullmatch(text) for text in texts
    ):
        plain = numbers_in([text for text in texts if not _INFINITE.fullmatch(text)] or ["0"])
        if not plain.amounts and not plain.fault:
            return Numbers(texts, spellings=(DECIMAL_POINT,))
    parsed = {text: amount_of(text) for text in texts}
    amounts = {text: amount for text, amount in parsed.items() if amount}
    if len(amounts) < len(texts):
        odd = tuple(text for text in texts if text not in amounts)
        return Numbers(texts, amounts, fault="odd", odd=odd)
    codes = [
        text for text, each in amounts.items() if not each.unit and CODE.fullmatch(each.digits)
    ]
    if codes and not wanted:
        return Numbers(texts, amounts, fault="code", odd=tuple(codes))
    return _spelt(texts, amounts)


def _plain(texts: Sequence[str], lines: str) -> Numbers:
    if "." not in lines:
        return Numbers(texts, spellings=SPELLINGS)
    if _SURELY_POINT.search(lines):
        return Numbers(texts, spellings=(DECIMAL_POINT,))
    return _spelt(texts, {text: amount for text in texts if (amount := amount_of(text))})


def _spelt(texts: Sequence[str], amounts: Mapping[str, Amount]) -> Numbers:
    unit, odd = _unit_of(amounts)
    if odd:
        return Numbers(texts, amounts, unit=unit, fault="units", odd=odd)
    read = {s: [amount.plain(s) for amount in amounts.values()] for s in SPELLINGS}
    fitting = tuple(s for s in SPELLINGS if None not in read[s])
    if not fitting:
        wrong = [t for t, each in amounts.items() if each.plain(DECIMAL_POINT) is None]
        neither = [t for t in wrong if amounts[t].plain(DECIMAL_COMMA) is None]
        if neither:
            return Numbers(texts, amounts, unit=unit, fault="odd", odd=tuple(neither))
        return Numbers(texts, amounts, unit=unit, fault="mixed", odd=tuple(wrong))
    differ = len(fitting) == 2 and read[DECIMAL_POINT] != read[DECIMAL_COMMA]
    return Numbers(texts, amounts, fitting, differ, unit)


def _unit_of(amounts: Mapping[str, Amount]) -> tuple[str, tuple[str, ...]]:
    """The one unit of all amounts, a bare 0 aside; and the texts that have another."""
    units = Counter(fold(amount.unit) for amount in amounts.values())
    common = units.most_common(1)[0][0]
    named = {text: amount for text, amount in amounts.items() if amount.unit}
    if not named:
        return "", ()
    unit = common or fold(next(iter(named.values())).unit)
    alike = {one for one in units if is_same_unit(one, unit)}  # 1 year among years
    odd = tuple(
        text
        for text, amount in amounts.items()
        if fold(amount.unit) not in alike and (amount.unit or amount.digits.strip("0.,"))
    )
    written = Counter(amount.unit for amount in named.values() if fold(amount.unit) == unit)
    spelt = written.most_common(1)[0][0]
    close = any(amount.close for amount in named.values())
    numbers = {amount.digits for amount in named.values()}
    if not odd and close and not is_unit(spelt) and len(numbers) <= MANY:
        odd = tuple(named)  # such as 4WD and 2WD, or 1st
    return spelt, odd


def _other_number(text: str) -> bool:
    amount = amount_of(text)
    return amount is not None and amount.plain(DECIMAL_POINT) != amount.plain(DECIMAL_COMMA)


def _lines(texts: Sequence[str]) -> str:
    return "\n".join(texts) + "\n"
