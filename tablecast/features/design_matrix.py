"""The columns of a linear model: independent ones, useful products, bins and names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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
# A product whose squares about their mean are less than this share of them is a constant.
CONSTANT = 1e-12
# For more directions than these it is quicker to write products out, one column's at a time.
FEW = 8
# Rows that a processor's cache holds: a table's QR is that of its parts' triangles.
ROWS_AT_ONCE = 5_000


def independent_columns(values: Floats, tolerance: float = ROUNDING) -> NDArray[np.intp]:
    """Positions of the columns that are independent of a constant and of those to their left.

    Args:
        values: rows by columns.
        tolerance: see `FullRank`.
    """
    # R of QR has the columns' geometry in as many rows as there are columns, so that the careful
    # part below costs the same for 30 rows and for 200,000.
    triangle = _triangle(_scaled(values))
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
    indices = _worth_multiplying(scaled, goal)
    products = _Products(scaled[:, indices])
    chosen, importances = _most_important(products, goal, basis, most)
    first, second = _pairs(products.values)
    return indices[np.column_stack([first[chosen], second[chosen]])], importances


def choose_columns(candidates: Floats, goal: Floats, plain: Floats, most: int) -> list[int]:
    """Places of the candidates that explain most beyond the plain columns, best first.

    Args:
        candidates: rows by candidates.
        goal: rows by what is to be explained, as `as_numbers` gives it.
        plain: rows by columns that are there anyway.
        most: how many at most.
    """
    basis = np.linalg.qr(_scaled(plain))[0]
    return _most_important(_Written(_scaled(candidates)), _centered(goal), basis, most)[0]


def supported_range(values: Floats, tail: float) -> tuple[Floats, Floats]:
    """Between which two values each column keeps all rows but a share of them at either end.

    A column that would keep a single value, such as a flag that few rows have, keeps all of them.

    Args:
        values: rows by columns.
        tail: the share, below 0.5.

    Returns:
        The lower and the upper ends, each of shape (columns,).
    """
    least, most = values.min(axis=0), values.max(axis=0)
    if not tail:
        return least, most
    low, high = np.quantile(values, [tail, 1 - tail], axis=0, method="nearest")
    varies = low < high
    return np.where(varies, low, least), np.where(varies, high, most)


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


def _triangle(values: Floats) -> Floats:
    """R of QR, of long tables by parts: (at most as many rows as columns, columns)."""
    parts = [
        np.linalg.qr(values[start : start + ROWS_AT_ONCE], mode="r")
        for start in range(0, len(values), ROWS_AT_ONCE)
    ]
    return np.asarray(parts[0] if len(parts) == 1 else np.linalg.qr(np.vstack(parts), mode="r"))


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


def _worth_multiplying(scaled: Floats, goal: Floats) -> NDArray[np.intp]:
    """The columns that vary, the most related to the target where they are many."""
    relation = (np.square(scaled.T @ goal)).sum(axis=1)
    varying = np.flatnonzero(np.abs(scaled).max(axis=0) > 0)
    return np.sort(varying[np.argsort(-relation[varying], kind="stable")][:IMPORTANCE_COLUMNS])


class _Candidates(Protocol):
    """Columns about their means, of which some are to be chosen."""

    def squares(self) -> Floats:
        """Each one's squared length, shape (candidates,)."""

    def along(self, directions: Floats) -> Floats:
        """Their products with centred directions, (rows, directions): (candidates, directions)."""

    def column(self, index: int) -> Floats:
        """One of them, shape (rows, 1)."""


@dataclass(frozen=True)
class _Written:
    """Candidates that are columns of a matrix."""

    values: Floats

    def squares(self) -> Floats:
        return np.asarray(np.square(self.values).sum(axis=0))

    def along(self, directions: Floats) -> Floats:
        return self.values.T @ directions

    def column(self, index: int) -> Floats:
        return self.values[:, [index]]


@dataclass(frozen=True)
class _Products:
    """Candidates that are the products of any two columns of a matrix, in ``_pairs``' order.

    They are not written out before they are chosen: thousands would fill 80 MB.
    """

    values: Floats

    def squares(self) -> Floats:
        squared = np.square(self.values)
        whole = (squared.T @ squared)[_pairs(self.values)]
        part = np.square((self.values.T @ self.values)[_pairs(self.values)]) / len(self.values)
        return np.where(whole - part > CONSTANT * whole, whole - part, 0.0)

    def along(self, directions: Floats) -> Floats:
        pairs, wanted = _pairs(self.values), directions.shape[1]
        if wanted > FEW:
            blocks = [self._first_with(at).T @ directions for at in range(1, self.values.shape[1])]
            return np.vstack([np.empty((0, wanted)), *blocks])
        # With a direction's weights on the rows, the matrix by itself has what all pairs have.
        turned = np.ascontiguousarray(self.values.T)
        weighted = [((turned * direction) @ self.values)[pairs] for direction in directions.T]
        return np.column_stack([np.empty((len(pairs[0]), 0)), *weighted])

    def column(self, index: int) -> Floats:
        first, second = (indices[index] for indices in _pairs(self.values))
        return _centered(self.values[:, [first]] * self.values[:, [second]])

    def _first_with(self, index: int) -> Floats:
        """The column left of a place, times every one from there on."""
        return self.values[:, index:] * self.values[:, [index - 1]]


def _pairs(values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of any two columns: the first with each to its right, then the second, …"""
    return np.triu_indices(values.shape[1], k=1)


def _most_important(
    candidates: _Candidates, goal: Floats, basis: Floats, most: int
) -> tuple[list[int], Floats]:
    """Choose candidates one by one; see `Interactions`. Shapes: (rows, …)."""
    squares, left = candidates.squares(), _without(goal, basis)
    tiny = float(np.finfo(np.float64).tiny)
    chance = (np.log(len(goal)) + 2 * np.log(max(len(squares), 1))) / len(goal)
    total = max(float(np.square(goal).sum()), tiny)
    chosen: list[int] = []
    gains: list[float] = []
    # What each candidate loses to a new direction follows from one product with it.
    left_of = squares - np.square(candidates.along(basis)).sum(axis=1)
    common = candidates.along(left)
    while len(chosen) < min(most, len(squares)):
        usable = left_of > 1e-6 * np.maximum(squares, tiny)
        gain = np.square(common).sum(axis=1) / np.where(usable, left_of, np.inf)
        best = int(np.argmax(gain))
        if gain[best] <= max(chance * np.square(left).sum(), np.square(ROUNDING) * total):
            break
        direction = _without(_without(candidates.column(best), basis), basis)
        direction /= np.linalg.norm(direction)
        along = candidates.along(direction)
        common = common - along @ (direction.T @ left)
        left_of = left_of - np.square(along[:, 0])
        left = _without(left, direction)
        basis = np.column_stack([basis, direction])
        chosen.append(best)
        gains.append(float(gain[best]) / total)
    return chosen, np.array(gains)


def _without(values: Floats, basis: Floats) -> Floats:
    """What is left of the columns of values after projection on the orthonormal basis."""
    return values - basis @ (basis.T @ values)
