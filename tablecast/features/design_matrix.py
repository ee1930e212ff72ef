"""The columns that a linear model sees: which are new, which products matter, bins and names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Enough rows to rank products by importance; more only cost time.
IMPORTANCE_ROWS = 5_000
# Pairs grow with the square: 64 columns make 2,016 products.
IMPORTANCE_COLUMNS = 64
# Less than this share of new content, and the coefficient mostly fits noise, 30 times enlarged. On
# the wine and house tables linear regression falls apart below 1e-2 (R2 of -3 and -5 at 1e-6).
RANK_TOLERANCE = 0.03
# Less than this is rounding alone.
ROUNDING = 1e-9


def independent_columns(values: Floats, tolerance: float = ROUNDING) -> NDArray[np.intp]:
    """Positions of the columns that are independent of a constant and of those to their left.

    Args:
        values: rows by columns.
        tolerance: see `FullRank`.
    """
    # R of QR has the columns' geometry in as many rows as there are columns, so that the careful
    # part below costs the same for 30 rows and for 200,000.
    triangle: Floats = np.asarray(np.linalg.qr(_scaled(values), mode="r"))
    basis = np.empty((len(triangle), 0))
    kept = []
    for position, column in enumerate(triangle.T):
        # Projecting twice leaves no more than rounding of what the kept columns contain.
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > tolerance and basis.shape[1] < len(values) - 1:
            basis = np.column_stack([basis, rest / length])
            kept.append(position)
    return np.array(kept, dtype=np.intp)


def important_products(
    values: Floats, target: NDArray[Any], most: int
) -> tuple[NDArray[np.intp], Floats]:
    """Pairs of columns whose products matter, and how much; see `features.Interactions`.

    Args:
        values: rows by columns.
        target: one number or class a row.
        most: how many pairs at most.

    Returns:
        The pairs' positions, shape (pairs, 2), and the share of the target's variation of each.
    """
    rows = np.linspace(0, len(values) - 1, min(len(values), IMPORTANCE_ROWS)).astype(np.intp)
    scaled, goal = _scaled(values[rows]), _centered(as_numbers(target)[rows])
    basis = np.linalg.qr(scaled[:, independent_columns(scaled)])[0]
    pairs = _candidate_pairs(scaled, goal)
    products = _centered(scaled[:, pairs[:, 0]] * scaled[:, pairs[:, 1]])
    chosen, importances = _most_important(products, goal, basis, most)
    return pairs[chosen], importances


def choose_columns(candidates: Floats, goal: Floats, plain: Floats, most: int) -> list[int]:
    """Places of the candidates that explain most beyond the plain columns, best first.

    Args:
        candidates: rows by candidates.
        goal: rows by what is to be explained, as `as_numbers` gives it.
        plain: rows by columns that are there anyway.
        most: how many at most.
    """
    basis = np.linalg.qr(_scaled(plain))[0]
    return _most_important(_scaled(candidates), _centered(goal), basis, most)[0]


def inner_edges(column: Floats, count: int, fewest: int) -> Floats:
    """Increasing edges between equally wide bins of one column.

    Args:
        column: the training values.
        count: how many bins to begin with.
        fewest: a bin with fewer rows is joined to the one above it, the last to the one below.
    """
    edges = np.unique(np.linspace(column.min(), column.max(), count + 1)[1:-1])
    if column.min() == column.max():
        return np.empty(0)
    below = np.searchsorted(np.sort(column), edges, side="left")
    kept: list[float] = []
    start = 0
    for edge, rows in zip(edges, below, strict=True):
        if rows - start >= fewest and len(column) - rows >= fewest:
            kept.append(float(edge))
            start = int(rows)
    return np.array(kept)


def distinct(names: Sequence[str]) -> NDArray[np.object_]:
    """The names, with underscores after one that repeats an earlier one."""
    result: list[str] = []
    taken: set[str] = set()
    for name in names:
        unique = name
        while unique in taken:
            unique += "_"
        taken.add(unique)
        result.append(unique)
    return np.array(result, dtype=object)


def _centered(values: Floats) -> Floats:
    return np.subtract(values, values.mean(axis=0))


def _scaled(values: Floats) -> Floats:
    """Columns about their means with length 1; constant columns (to rounding) as zeros."""
    centered = _centered(values)
    lengths = np.linalg.norm(centered, axis=0)
    noise = 1e-12 * np.sqrt(len(values)) * np.abs(values).max(axis=0)
    return np.where(lengths > noise, centered / np.where(lengths > 0, lengths, 1.0), 0.0)


def as_numbers(target: NDArray[Any]) -> Floats:
    """The target as columns of numbers: itself, or zeros and ones for each class."""
    if target.dtype.kind == "f":
        return target.reshape(-1, 1).astype(np.float64)
    classes, codes = np.unique(target.astype(str), return_inverse=True)
    return np.equal.outer(codes, np.arange(len(classes))).astype(np.float64)


def _candidate_pairs(scaled: Floats, goal: Floats) -> NDArray[np.intp]:
    """Pairs among the columns that vary, the most related to the target where they are many."""
    relation = (np.square(scaled.T @ goal)).sum(axis=1)
    varying = np.flatnonzero(np.abs(scaled).max(axis=0) > 0)
    best = varying[np.argsort(-relation[varying], kind="stable")][:IMPORTANCE_COLUMNS]
    first, second = np.triu_indices(len(best), k=1)
    order = np.sort(best)
    return np.column_stack([order[first], order[second]])


def _most_important(
    products: Floats, goal: Floats, basis: Floats, most: int
) -> tuple[list[int], Floats]:
    """Choose products one by one; see `Interactions`. Shapes: (rows, …)."""
    lengths = np.linalg.norm(products, axis=0)
    rest, left = _without(products, basis), _without(goal, basis)
    tiny = float(np.finfo(np.float64).tiny)
    chance = (np.log(len(goal)) + 2 * np.log(max(products.shape[1], 1))) / len(goal)
    total = max(float(np.square(goal).sum()), tiny)
    chosen: list[int] = []
    gains: list[float] = []
    # What each candidate loses to a new direction follows from one product with it: the candidates
    # themselves, 80 MB where they are many, are never written again.
    left_of, common = np.square(rest).sum(axis=0), rest.T @ left
    directions = np.empty((len(goal), 0))
    while len(chosen) < min(most, products.shape[1]):
        usable = left_of > np.square(1e-3 * np.maximum(lengths, tiny))
        gain = np.square(common).sum(axis=1) / np.where(usable, left_of, np.inf)
        best = int(np.argmax(gain))
        if gain[best] <= chance * np.square(left).sum():
            break
        direction = _without(_without(rest[:, [best]], directions), directions)
        direction /= np.linalg.norm(direction)
        along = rest.T @ direction
        common = common - along @ (direction.T @ left)
        left_of = np.maximum(left_of - np.square(along[:, 0]), 0.0)
        left = _without(left, direction)
        directions = np.column_stack([directions, direction])
        chosen.append(best)
        gains.append(float(gain[best]) / total)
    return chosen, np.array(gains)


def _without(values: Floats, basis: Floats) -> Floats:
    """What is left of the columns of values after projection on the orthonormal basis."""
    return values - basis @ (basis.T @ values)
