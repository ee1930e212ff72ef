"""Numbers as people write them: ``$1,234.50`` in one country is ``1.234,50 €`` in another.

A spelling is two characters: what stands between thousands, and the decimal sign. Two of them are
told apart, by the decimal sign; spaces and apostrophes between thousands mean one thing only and
are read in both, and so is Indian grouping, ``12,34,567``. A table's columns decide together which
one it is; the schema keeps it, and the form, programs' texts and files are read by it again.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tablecast.schema.texts import INVISIBLE, fold

#: Thousands by commas, decimals after a point; with or without commas.
DECIMAL_POINT = ",."

#: Thousands by points, decimals after a comma; the spelling that a program's number, such as
#: 1.234, may be mistaken for.
DECIMAL_COMMA = ".,"

SPELLINGS = (DECIMAL_POINT, DECIMAL_COMMA)

_EXPONENT = r"(?:[eE][+-]?[0-9]{1,4})?"
_PATTERNS = {  # each begins by asking for a digit: ".e0" has one in its exponent alone
    DECIMAL_POINT: re.compile(
        r"(?=\.?[0-9])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+|[0-9]{1,3}(?:'[0-9]{3})+"
        r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|[0-9]+)?(?:\.[0-9]*)?" + _EXPONENT
    ),
    DECIMAL_COMMA: re.compile(
        r"(?=,?[0-9])(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+|[0-9]{1,3}(?:'[0-9]{3})+"
        r"|[0-9]+)?(?:,[0-9]*)?" + _EXPONENT
    ),
}
_BETWEEN = {DECIMAL_POINT: re.compile("[, ']"), DECIMAL_COMMA: re.compile("[. ']")}

#: A number as programs write it.
PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")

#: What may be a thousand in one country and little more than one in another.
_AMBIGUOUS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")

#: A code, such as 007 and the 01.10 of a trade: as a number it would lose its zeros.
CODE = re.compile(r"0[0-9]+(?:[.,][0-9]+)?")

_CURRENCIES = frozenset(
    "usd eur gbp chf jpy cny rmb inr aud cad nzd sgd hkd twd krw thb idr myr php vnd sek nok dkk "
    "isk pln czk huf ron bgn try rub uah ils aed sar zar brl mxn clp cop ars pen egp ngn kes pkr "
    "rs rs. fr fr. sfr sfr. kr kr. zł kč ft lei лв руб руб. р. тг".split()
)
#: Units that stand behind a number without a space; any others need one, or many numbers.
_UNITS = frozenset(
    "mm cm dm m km in inch ft yd mi mg g kg t lb lbs oz ml cl dl l hl gal µm nm µg s sec min h hr "
    "hrs d ms ns w kw mw gw wh kwh mwh v mv kv ma hz khz mhz ghz pa hpa kpa mpa bar mbar psi j kj "
    "mj kcal cal °c °f °k ° °° c f k m2 m3 m² m³ cm² cm³ cm3 km² km2 mm² ft² sqft sqm ha acres "
    "mph km/h kmh kph m/s rpm hp bhp ps cc ccm mpg px dpi b kb mb gb tb kbps mbps gbps db ppm ppb "
    "mol mmol mg/dl mmol/l g/l mg/l g/cm³ kg/m² kg/m³ nm lm lx bpm yrs yr years year months days "
    "hours mins pcs stk 元 円 万 亿 万元 千 块 ㎡ 平米 平方米 米 公里 千米 公斤 斤 克 吨 岁 人 "
    "件 个 天 小时 分钟 分 次 套 间 室 层 栋 年 月 日 원 만원 세 명 人 歳 回 個 本 枚".split()
)
#: Words for one unit, some of which a person writes where the table has another.
_ALIKE = tuple(
    frozenset(words.split())
    for words in (
        "year years yr yrs y 岁 歲 歳 年 año años jahr jahre an ans",
        "month months mo 月 个月 個月 mes meses monat monate mois",
        "day days d 天 日 día días tag tage jour jours",
        "hour hours hr hrs h 小时 小時 時間 hora horas stunde stunden heure heures",
        "minute minutes min mins 分 分钟 分鐘 minuto minutos minuten",
        "kg kgs kilo kilos kilogram kilograms kilogramm 公斤 千克 kilogramo kilogramos",
        "g gram grams gramm 克 gramo gramos gramme grammes",
        "lb lbs pound pounds 磅",
        "cm centimetre centimetres centimeter centimeters 厘米 公分 centímetro centímetros",
        "m metre metres meter meters 米 metro metros mètre mètres",
        "km kilometre kilometres kilometer kilometers 公里 千米 kilómetro kilómetros",
        "mi mile miles 英里 milla millas",
        "m² m2 sqm ㎡ 平方米 平米",
        "ft² ft2 sqft 平方英尺",
        "$ usd us$ dollar dollars 美元",
        "€ eur euro euros 欧元",
        "% percent 百分之",
    )
)
_NO_UNIT = re.compile(r"^[\d.]|\D\d{2}|[0-9][^23]|[,;:()\[\]{}\"'+=<>?!@&|\\_#-]")
_SIGNS = "+-"
_MINUS = dict.fromkeys(map(ord, "−–—‐‑‒﹣－"), "-")
_APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼ′´`"), "'")
_SEPARATORS = {0x066B: ".", 0x066C: ",", ord("、"): ","}
_WRITTEN_OTHERWISE = {
    **_MINUS, **_APOSTROPHES, **_SEPARATORS, **dict.fromkeys(map(ord, INVISIBLE)),
}
#: A dash where an amount has no cents: 12.– francs, 12,-- euros.
NO_CENTS = re.compile(r"(?<=[0-9])[.,]-{1,2}(?![0-9-])")
#: From a digit on, or from a point before one that ends no word: Rs.500 is not .5.
_DIGITS_INSIDE = re.compile(
    r"(?:[0-9]|(?<![^\W\d_])[.,](?=[0-9]))(?:[0-9.,' ]*[0-9.,])?(?:[eE][+-]?[0-9]{1,4}(?![0-9]))?"
)


def formats() -> dict[str, Any]:
    """The patterns, currencies and units by which numbers are read, as plain data."""
    return {
        "patterns": {spelling: pattern.pattern for spelling, pattern in _PATTERNS.items()},
        "plain": PLAIN.pattern,
        "ambiguous": _AMBIGUOUS.pattern,
        "currencies": sorted(_CURRENCIES),
        "units": sorted(_UNITS),
    }


@dataclass(frozen=True)
class Amount:
    """A text that may be a number.

    Attributes:
        sign: ``"-"`` or nothing.
        digits: digits with all that stands between them.
        unit: the currency, per cent or other unit that was written with it; may be empty.
        close: whether that unit stands behind the number without a space.
    """

    sign: str
    digits: str
    unit: str = ""
    close: bool = False

    def plain(self, spelling: str) -> str | None:
        """The number as programs write it; None where it is none in this spelling."""
        spelling = spelling or DECIMAL_POINT
        if not _PATTERNS[spelling].fullmatch(self.digits):
            return None
        between = _BETWEEN[spelling].sub("", self.digits)
        return self.sign + between.replace(",", ".")


def amount_of(text: str) -> Amount | None:
    """The number in a text with its sign and unit; None where the text is no number at all.

    A minus may stand before or behind it, or brackets around it; digits may be any script's, and a
    dash may stand for cents that there are none of.
    """
    text = NO_CENTS.sub("", _with_plain_signs(text.strip()))
    inside = re.fullmatch(r"\(([^()]*)\)", text)
    match = _DIGITS_INSIDE.search(inside[1] if inside else text)
    if match is None:
        return None
    whole = match.string
    before, behind = whole[: match.start()], whole[match.end() :]
    signs = [part for part in (before.strip(), behind.strip()) for part in part if part in _SIGNS]
    prefix, suffix = _without_sign(before), _without_sign(behind, at_end=True)
    if len(signs) + bool(inside) > 1 or (prefix and suffix) or not _may_be_unit(prefix, suffix):
        return None
    sign = "-" if inside or signs == ["-"] else ""
    return Amount(sign, match[0], prefix or suffix, bool(suffix) and not behind[:1].isspace())


def _without_sign(text: str, *, at_end: bool = False) -> str:
    """What stands beside the digits, but for one sign at its outer or inner end."""
    text = text.strip()
    rest = text[1:].strip()
    # A minus before a unit is one where money follows, 12,50- €, and no hyphen, 4-door.
    if text[:1] and text[0] in _SIGNS and (not at_end or not rest or is_currency(rest)):
        return rest
    if text[-1:] and text[-1] in _SIGNS:
        return text[:-1].strip()
    return text


def _may_be_unit(prefix: str, suffix: str) -> bool:
    if prefix and not is_currency(prefix):
        return False
    return len(suffix) <= 12 and not _NO_UNIT.search(suffix.replace("/100", "/"))


def is_currency(unit: str) -> bool:
    """Whether a sign or a code is one of money."""
    signs = [sign for sign in unit if unicodedata.category(sign) == "Sc"]
    if signs:
        return len(signs) == 1 and len(unit) <= 4
    return fold(unit) in _CURRENCIES


def is_unit(unit: str) -> bool:
    """Whether it is a unit on its own account, so that it may stand close behind a number."""
    return fold(unit) in _UNITS or unit in "%‰" or is_currency(unit)


def is_same_unit(first: str, second: str) -> bool:
    """Whether two words mean one unit, as years and yrs do."""
    first, second = (fold(unit).rstrip(".") for unit in (first, second))
    return first == second or any(first in words and second in words for words in _ALIKE)


def words_of_unit(unit: str) -> set[str]:
    """All words, folded and without a last point, that mean the same unit."""
    own = fold(unit).rstrip(".")
    return {own}.union(*(words for words in _ALIKE if own in words))


def _with_plain_signs(text: str) -> str:
    """The digits of any script as 0 to 9; minus, apostrophes, spaces and wide signs as usual."""
    if text.isascii():
        return text
    text = "".join(map(_plain_sign, text.translate(_WRITTEN_OTHERWISE)))
    return " ".join(text.split())


def _plain_sign(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    if sign.isspace():
        return " "
    # Wide signs, but not a unit's small digits: m² is not m2.
    return unicodedata.normalize("NFKC", sign) if "\uff00" <= sign <= "\uffef" else sign


def plain_number(text: str, spelling: str, units: Sequence[str] = ("",)) -> str | None:
    """The number as programs write it; None where the text is none in this spelling.

    Args:
        text: such as ``"1.234,5"`` or ``"(12 kg)"``.
        spelling: one of ``SPELLINGS``; "" is that of programs, and of decimal commas where a text
            can mean nothing else.
        units: what may be written beside the number.
    """
    amount = amount_of(text)
    if amount is None or not any(is_same_unit(amount.unit, unit) for unit in ("", *units)):
        return None
    plain = amount.plain(spelling)
    return plain if plain or spelling else amount.plain(DECIMAL_COMMA)


class Spelt:
    """Reads many cells of one column as :func:`plain_number` does.

    Args:
        spelling, units: the column's.
    """

    def __init__(self, spelling: str, units: Sequence[str]) -> None:
        self._spelling = spelling
        self._units = ("", *units)
        self._usual = re.compile("[+-]?" + _PATTERNS[spelling or DECIMAL_POINT].pattern)
        self._between = _BETWEEN[spelling or DECIMAL_POINT]

    def plain(self, cell: str) -> str:
        """A cell with its number as programs write it; as it is where there is none."""
        text = cell.strip()
        if self._usual.fullmatch(text):
            return self._between.sub("", text).replace(",", ".")
        if PLAIN.fullmatch(text):
            return text
        read = plain_number(text, self._spelling, self._units)
        return cell if read is None else read

    def by_program(self, cells: Sequence[str]) -> bool:
        """Whether a cell can only be a program's number, such as 27.9 among decimal commas."""
        texts = [cell.strip() for cell in cells if "." in cell]
        return any(PLAIN.fullmatch(text) and not self._usual.fullmatch(text) for text in texts)

    def is_doubtful(self, cell: str) -> bool:
        """Whether a cell is another number where a program wrote it."""
        return _AMBIGUOUS.fullmatch(cell.strip()) is not None and "." in cell


def other_meaning(text: str, spelling: str) -> tuple[str, str] | None:
    """Both numbers that a text may mean, its own spelling's first; None where it means one."""
    amount = amount_of(text)
    if amount is None or not _AMBIGUOUS.fullmatch(amount.digits):
        return None
    other = DECIMAL_POINT if spelling == DECIMAL_COMMA else DECIMAL_COMMA
    first, second = amount.plain(spelling), amount.plain(other)
    return (first, second) if first and second else None


def written(number: str, spelling: str) -> str:
    """A program's number with the decimal sign of a spelling."""
    return number.replace(".", ",") if spelling == DECIMAL_COMMA else number
