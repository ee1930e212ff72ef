"""Whole numbers that are codes, which a form offers as choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tablecast.schema.field import CLOSED_LEVELS
from tablecast.schema.texts import fold

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

#: More different numbers than these are typed more quickly than they are found.
MOST_CODES = 10
#: So many rows of each tell where its answers lie.
ROWS_EACH = 20
#: How much more the codes' own means must explain than a line, by chance once in a million (an F
#: of so much), and of all that they explain.
LEAST_F, LEAST_FRACTION = 10.0, 0.5

_YES_NO = (frozenset(("yes", "true", "y")), frozenset(("no", "false", "n")))


def whole_numbers(column: pd.Series, target: pd.Series, shown: Sequence[str]) -> dict[str, Any]:
    """The whole numbers that may be named as levels, and those that are offered as choices."""
    known = column.dropna()
    if column.dtype.kind not in "if" or not 1 < known.nunique() <= CLOSED_LEVELS:
        return {}
    if (known % 1 != 0).any():
        return {}
    whole = sorted(int(code) for code in known.unique())
    return {"whole": tuple(map(str, whole)), "codes": codes_of(column, target, shown)}


def codes_of(column: pd.Series, target: pd.Series, shown: Sequence[str]) -> tuple[str, ...]:
    """The numbers that a column of whole numbers offers as choices; none where it is a measure.

    These are numbers without an order that a line would follow; and 0 and 1 where the answer's
    classes are not worded "no" and "yes", as the form would word them.

    Args:
        column: a feature of whole numbers.
        target: what is predicted.
        shown: the answer's classes as the pages show them; none for an amount.
    """
    known = column.dropna()
    codes = sorted(known.unique().tolist())
    if not 2 <= len(codes) <= MOST_CODES:
        return ()
    texts = tuple(str(int(code)) for code in codes)
    if texts == ("0", "1"):
        return texts if shown and not are_yes_and_no(shown) else ()
    years = codes[0] >= 1700 and codes[-1] <= 2100
    if years or len(known) < ROWS_EACH * len(codes):
        return ()
    goals = target[column.notna()]
    return texts if any(_bends(known.to_numpy(float), goal) for goal in _amounts(goals)) else ()


def are_yes_and_no(words: Sequence[str]) -> bool:
    """Whether two words are a yes and a no."""
    folded = {fold(word) for word in words}
    return len(words) == 2 and all(folded & group for group in _YES_NO)


def _amounts(target: pd.Series) -> list[Floats]:
    """What a line could follow: the amounts, or of each class whether it is the answer."""
    if target.dtype.kind in "if":
        return [target.to_numpy(float)]
    classes: list[Any] = target.dropna().unique().tolist()
    return [(target == name).to_numpy(float) for name in classes[:MOST_CODES]]


def _bends(codes: Floats, goal: Floats) -> bool:
    """Whether the means of each code's answers lie far from any line."""
    kept = np.isfinite(goal)
    codes, goal = codes[kept], goal[kept]
    values, indices = np.unique(codes, return_inverse=True)
    if len(values) < 3 or len(goal) <= len(values):
        return False
    counts = np.bincount(indices)
    means = np.bincount(indices, goal) / counts
    between = float((counts * (means - goal.mean()) ** 2).sum())
    within = float(((goal - means[indices]) ** 2).sum())
    spread = codes - codes.mean()
    line = float((spread @ goal) ** 2 / (spread @ spread))
    beyond = between - line
    chance = within / (len(goal) - len(values))
    return beyond > LEAST_FRACTION * between and beyond / (len(values) - 2) > LEAST_F * chance
