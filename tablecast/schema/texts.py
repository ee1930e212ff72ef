"""Texts that mean the same, and values as sentences show them."""

import re
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

#: How much of a person's own text an error repeats.
QUOTED_LENGTH = 40

#: Whole floats below this are exact, and are written without a point.
EXACT_WHOLE = 2**53


#: Signs without width that files carry along: a byte order mark in their midst, a soft hyphen,
#: where a line may break and which way text runs. Those that join letters belong to words.
INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\u202a\u202b\u202c\u202d\u202e\ufeff"
_WITHOUT_INVISIBLE = str.maketrans(dict.fromkeys(INVISIBLE))

#: Typographic quotation marks and apostrophes, as a keyboard writes them.
_QUOTES = str.maketrans(
    dict.fromkeys("‘’‚‛`´′ʼ", "'") | dict.fromkeys("“”„‟″«»", '"') | dict.fromkeys(INVISIBLE)
)


#: How people keep Excel from taking a text for a number: ="00123".
_KEPT = re.compile(r'="([^"]*)"')


def without_formula(text: str) -> str:
    """The text of a file's cell that is written as Excel's formula for a text."""
    kept = _KEPT.fullmatch(text) if text[:2] == '="' else None
    return kept[1] if kept else text


def tidy_text(text: str) -> str:
    """The text in Unicode's composed form (NFC), without spaces around it and signs that nobody
    sees."""
    text = text.strip()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.translate(_WITHOUT_INVISIBLE)).strip()


def fold(text: str) -> str:
    """The spelling that texts share which mean the same.

    Letter case, kinds and numbers of spaces, typographic quotation marks, signs without width, wide
    and narrow letters and Unicode's composed and decomposed forms make no difference.
    """
    if not text.isascii():
        # Twice, since folding the case of a composed letter may take it apart.
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold()
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.translate(_QUOTES).casefold().split())


def folded_letters() -> dict[str, str]:
    """Letters whose case is folded otherwise than they are written large, and that small."""
    letters = map(chr, range(128, sys.maxunicode + 1))
    return {x: x.casefold() for x in letters if x.casefold() != x.upper().lower()}


def canonical_text(value: Any) -> str:
    """One text for a category however it is written: 60, 60.0 and "60" are all ``"60"``."""
    return value if isinstance(value, str) else str(without_point(value))


def without_point(value: Any) -> Any:
    """A float that is a whole number as an int; any other value as it is."""
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_WHOLE:
        return int(value)
    return value


def class_names(classes: Iterable[Any]) -> list[int | str]:
    """Classes as every surface spells them, in their order: whole numbers, or else texts."""
    known = list(classes)
    if all(isinstance(label, int | float) and float(label).is_integer() for label in known):
        return [int(label) for label in known]
    return [canonical_text(label) for label in known]


def show_number(value: float) -> str:
    """A number without needless digits; at most 12 significant ones."""
    return f"{value:.12g}"


def quoted(value: Any) -> str:
    """A person's own value, shortened, for use in a sentence."""
    text = value if isinstance(value, str) else _outline(value)
    short = text if len(text) <= QUOTED_LENGTH else text[: QUOTED_LENGTH - 1] + "…"
    return f"“{short}”"


def _outline(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
