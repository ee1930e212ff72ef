"""Texts that mean the same, written in other ways: Unicode's forms, letter case, spaces, quotes."""

from __future__ import annotations

import unicodedata

#: Typographic quotation marks and apostrophes, as a keyboard writes them.
_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛`´′ʼ", "'") | dict.fromkeys("“”„‟″«»", '"'))


def tidy_text(text: str) -> str:
    """The text in Unicode's composed form (NFC), without spaces around it."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text).strip()


def fold(text: str) -> str:
    """The spelling that texts share which mean the same.

    Letter case, kinds and numbers of spaces, typographic quotation marks, wide and narrow letters
    and Unicode's composed and decomposed forms make no difference.
    """
    if not text.isascii():
        # Twice, since folding the case of a composed letter may take it apart.
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold()
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.translate(_QUOTES).casefold().split())
