"""A column of text: its levels and its missing values."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from tablecast.data.cells import Column
from tablecast.schema.table_notes import AS_TEXT, MERGED, NA_LEVEL, NA_MISSING, READ_AS
from tablecast.schema.texts import fold

if TYPE_CHECKING:
    import pandas as pd

#: NA is a level among others of two capitals, where at least so many of ten are.
OF_ITS_FORM = 0.9


def read_text_column(column: Column) -> pd.Series:
    """The column as text: one spelling for each level, missing where a cell says nothing."""
    texts = Counter[str]()
    for cell, times in column.counts.items():
        texts[column.texts[cell]] += times
    booleans = _booleans(column)
    if booleans:
        column.name_placeholders()
        return column.mapped(booleans)
    if column.requested == "category" and any(text[:1].isdigit() for text in texts):
        column.note(AS_TEXT)
    missing = _missing(column, texts)
    present = {text: times for text, times in texts.items() if text not in missing}
    return column.mapped(_merged(column, present))


def _booleans(column: Column) -> dict[str, str]:
    """True and False, however written, where a column has nothing else."""
    if column.requested or not column.candidates:
        return {}
    read = {text: text.capitalize() for text in column.candidates}
    if not set(read.values()) <= {"True", "False"}:
        return {}
    other = next((text for text, level in read.items() if text != level), None)
    if other:
        column.note(READ_AS, example=other, level=read[other])
    return read


def _missing(column: Column, texts: Counter[str]) -> set[str]:
    """The texts that say nothing. NA is one, unless it is of the other levels' form."""
    missing = {text for text in texts if text in column.missing and text not in column.levels}
    asked = set(column.options.missing)
    others = [text for text in texts if text not in column.missing]
    if "NA" in missing - asked and _are_of_its_form(others):
        column.note(NA_LEVEL, like=sorted(others)[:5], count=texts["NA"])
        missing.discard("NA")
    named = [text for text in missing if text and text not in asked]
    for text in sorted(named, key=lambda text: -texts[text]):
        option = shlex.quote(f"{column.name}={text}")
        column.note(NA_MISSING, count=texts[text], text=text, option=option)
    column.set_reading(placeholders=tuple(sorted(named)))
    column.name_asked()
    return missing


def _are_of_its_form(levels: list[str]) -> bool:
    alike = sum(len(level) == 2 and level.isalpha() and level.isupper() for level in levels)
    return len(levels) >= 2 and alike >= OF_ITS_FORM * len(levels)


def _merged(column: Column, present: dict[str, int]) -> dict[str, str]:
    """Each text's level: of texts that mean the same, the most frequent spelling."""
    groups: dict[str, list[str]] = {}
    for text in present:
        groups.setdefault(text if text in column.levels else fold(text), []).append(text)
    read: dict[str, str] = {}
    for texts in groups.values():
        level = max(texts, key=lambda text: (present[text], text))
        read |= dict.fromkeys(texts, level)
        for text in texts:
            if text != level:
                option = shlex.quote(f"{column.name}={text}")
                column.note(MERGED, other=text, level=level, count=present[text], option=option)
    return read
