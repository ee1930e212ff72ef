"""Texts on which a pattern may look for its end again and again, made from the pattern itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

#: A repetition of fewer times is bounded: its time does not grow with the text.
MANY = 50

#: What is not expected at the end, so that everything before it is tried once more.
ENDINGS = ("", "\x00", "!", "\n")

#: A character of each category that patterns name.
CATEGORIES = {
    op.CATEGORY_DIGIT: "1", op.CATEGORY_SPACE: " ", op.CATEGORY_WORD: "a",
    op.CATEGORY_NOT_DIGIT: "a", op.CATEGORY_NOT_SPACE: "a", op.CATEGORY_NOT_WORD: " ",
}


def texts(pattern: str | bytes, flags: int, length: int) -> Iterator[str]:
    """Texts of about a length: what each repetition takes, alone and in turn, and a wrong end."""
    tree = _parser.parse(pattern, flags & ~re.DEBUG)
    units = list(dict.fromkeys(_units(tree)))
    starts = list(dict.fromkeys(["", *_starts(tree)]))
    mixed = [first + second for first, second in product(units, repeat=2) if first != second]
    for start, unit, ending in product(starts, [*units, *mixed], ENDINGS):
        yield start + unit * (length // len(unit)) + ending
    for first, second, ending in product(units, units, ENDINGS):
        half = length // 2
        yield first * (half // len(first)) + second * (half // len(second)) + ending


def _units(tree: Any) -> Iterator[str]:
    """What each unbounded repetition repeats: one text for each alternative."""
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            _, most, body = value
            if most >= MANY:
                yield from filter(None, _samples(body))
        for inner in _inner(kind, value):
            yield from _units(inner)


def _starts(tree: Any) -> Iterator[str]:
    """What may stand before each repetition of the outermost level."""
    start = ""
    for kind, value in tree:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.SUBPATTERN):
            yield start
        start += next(_samples([(kind, value)]), "")


def _inner(kind: Any, value: Any) -> list[Any]:
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is op.ATOMIC_GROUP else []


def _samples(tree: Any) -> Iterator[str]:
    """Some texts that a part of a pattern takes."""
    choices = [list(_of_item(kind, value)) or [""] for kind, value in tree]
    widest = max(map(len, choices), default=1)
    for place in range(widest):
        yield "".join(options[place % len(options)] for options in choices)


def _of_item(kind: Any, value: Any) -> Iterator[str]:
    if kind is op.LITERAL:
        yield chr(value)
    elif kind in (op.NOT_LITERAL, op.ANY):
        yield "b" if value == ord("a") else "a"
    elif kind is op.IN:
        yield from _of_set(value)
    elif kind is op.BRANCH:
        for branch in value[1]:
            yield from _samples(branch)
    elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        least, _, body = value
        for sample in _samples(body):
            yield sample * max(least, 1)
    else:
        for inner in _inner(kind, value) if kind is not op.ASSERT_NOT else []:
            yield from _samples(inner)


def _of_set(items: Any) -> Iterator[str]:
    """Characters of a set: both ends of each range, or some that it does not leave out."""
    named = [item for item in items if item[0] is not op.NEGATE]
    found = set()
    for kind, value in named:
        if kind is op.LITERAL:
            found.add(chr(value))
        elif kind is op.RANGE:
            found.update(map(chr, value))
        else:
            found.add(CATEGORIES.get(value, "a"))
    if len(named) == len(items):
        yield from sorted(found)[:6]
    else:
        yield from [sign for sign in 'a1 "\\-=;,x\xe9' if sign not in found][:6]
