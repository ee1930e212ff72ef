"""Features that are searched for: thresholds, hinges, powers, logarithms and products.

`SearchedTerms` is a step like those of ``tablecast.features``: it treats every row by itself, in
float64, and each of its columns has an exact form in a graph.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from tablecast.features.design_matrix import (
    Floats,
    as_numbers,
    choose_columns,
    distinct,
    independent_columns,
    supported_range,
)
from tablecast.schema.factors import FORMULAS

# Candidates grow with columns times factors; these many columns make some 5,000 of them.
MOST_COLUMNS = 16
# Enough rows to choose by; more only cost time.
CHOOSING_ROWS = 3_000
# Cuts lie at quantiles, with enough rows on either side to learn from.
CUTS = 12
ROWS_PER_SIDE = 20


@dataclass(frozen=True)
class Factor:
    """One column's value, held within its training range, or what is made of it.

    Attributes:
        column: its position.
        kind: "value", "square", "log" (of one more than its distance from the lowest), "above"
            (1 beyond the cut, else 0), "beyond" (how far beyond the cut, else 0) or "inverse"
            (1 divided by it; only of columns that are always positive).
        cut: for "above" and "beyond".
    """

    column: int
    kind: str = "value"
    cut: float = 0.0

    def name(self, column: str) -> str:
        """The factor as the feature's name writes it."""
        patterns = {
            "value": "{0}", "square": "{0}^2", "log": "log({0})", "above": "({0}>{1:.6g})",
            "beyond": "({0}-{1:.6g})+", "inverse": "1/{0}",
        }
        return patterns[self.kind].format(column, self.cut)

    def of(self, values: Floats, low: float) -> Floats:
        """The factor of a column's values, given its lowest training value."""
        return np.asarray(FORMULAS[self.kind](values, self.cut, low), dtype=np.float64)


Term = tuple[Factor, ...]


class AppendsChosen(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the columns that came in, and appends what a subclass chooses by the target.

    Args:
        most: how many columns at most.

    Attributes:
        low_, high_: every column's range; values outside count as its nearest end.
    """

    tail = 0.0  # the share of training rows beyond either end; also of steps pickled without it

    def __init__(self, most: int = 20) -> None:
        self.most = most

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Choose the new columns. X: rows by columns; y: the target, numbers or classes."""
        values, target = self._validate_data(X, y, dtype=np.float64, y_numeric=False)
        self.low_, self.high_ = supported_range(values, self.tail)
        self._learn(values, np.asarray(target))
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """X with the chosen columns on its right, float64."""
        check_is_fitted(self, "low_")
        values = self._validate_data(X, dtype=np.float64, reset=False)
        return np.hstack([values, *self._make(np.clip(values, self.low_, self.high_))])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names that came in, then the new columns as formulas."""
        check_is_fitted(self, "low_")
        names = _check_feature_names_in(self, input_features)
        return distinct([*names, *self._names(names)])

    def _learn(self, values: Floats, target: NDArray[Any]) -> None:
        raise NotImplementedError

    def _make(self, inside: Floats) -> list[Floats]:
        raise NotImplementedError

    def _names(self, names: NDArray[np.object_]) -> list[str]:
        raise NotImplementedError

    def _more_tags(self) -> dict[str, Any]:
        return {"requires_y": True}


class SearchedTerms(AppendsChosen):
    """Append the factors, and products of two, that explain most of what the columns leave over.

    Candidates are each column's square, logarithm, thresholds and hinges (Friedman, 1991), and the
    products of any two factors of which one is a column. They are chosen one by one as in
    `tablecast.features.Interactions`: each is the one that explains most beyond a linear model of
    the columns and of the terms before it, until the next explains less than chance would.

    Args:
        most: how many terms at most.

    Attributes:
        terms_: the chosen terms, most important first.
        low_, high_: every column's training range; values outside count as its nearest end.
    """

    def _learn(self, values: Floats, target: NDArray[Any]) -> None:
        rows = np.linspace(0, len(values) - 1, min(len(values), CHOOSING_ROWS)).astype(np.intp)
        self.terms_ = self._choose(values[rows], as_numbers(target)[rows])

    def _make(self, inside: Floats) -> list[Floats]:
        return [self._product(inside, term)[:, None] for term in self.terms_]

    def _names(self, names: NDArray[np.object_]) -> list[str]:
        return [
            "*".join(factor.name(names[factor.column]) for factor in term) for term in self.terms_
        ]

    def _product(self, inside: Floats, term: Term) -> Floats:
        factors = [factor.of(inside[:, factor.column], self.low_[factor.column]) for factor in term]
        return factors[0] * factors[1] if len(factors) == 2 else factors[0]

    def _choose(self, values: Floats, goal: Floats) -> list[Term]:
        columns = _promising(values, goal)
        candidates = candidates_of(values, columns)
        if not candidates:  # columns of one value, or a single one of two
            return []
        matrix = np.column_stack([self._product(values, term) for term in candidates])
        plain = values[:, independent_columns(values)]
        return [candidates[index] for index in choose_columns(matrix, goal, plain, self.most)]


def _promising(values: Floats, goal: Floats) -> list[int]:
    """The columns most related to the goal, in order."""
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    relation = np.abs(scaled.T @ (goal - goal.mean(axis=0))).max(axis=1) * (spread > 0)
    best = np.argsort(-relation, kind="stable")[:MOST_COLUMNS]
    return sorted(int(column) for column in best if relation[column] > 0)


def candidates_of(values: Floats, columns: list[int]) -> list[Term]:
    """Each of the columns bent, and the products of two of them, one of which may be bent."""
    alone = [factor for column in columns for factor in _factors(values[:, column], column)]
    bent = [(factor,) for factor in alone if factor.kind != "value"]
    pairs = [
        (Factor(column), factor)
        for column in columns
        for factor in alone
        if factor.column > column or (factor.column < column and factor.kind != "value")
    ]
    return [*bent, *pairs]


def _factors(values: Floats, column: int) -> list[Factor]:
    distinct_values = np.unique(values)
    factors = [Factor(column)]
    if len(distinct_values) <= 2:
        return factors
    factors += [Factor(column, "square"), Factor(column, "log")]
    if distinct_values[0] > 0:
        factors.append(Factor(column, "inverse"))
    for cut in _cuts(values, distinct_values):
        factors += [Factor(column, "above", cut), Factor(column, "beyond", cut)]
    return factors


def _cuts(values: Floats, distinct_values: Floats) -> list[float]:
    """Midpoints between neighbouring values, near quantiles, with enough rows on either side."""
    ordered = np.sort(values)
    wanted = np.quantile(ordered, np.arange(1, CUTS + 1) / (CUTS + 1))
    indices = np.clip(np.searchsorted(distinct_values, wanted), 1, len(distinct_values) - 1)
    middles = (distinct_values[indices - 1] + distinct_values[indices]) / 2
    below = np.searchsorted(ordered, middles)
    enough = (below >= ROWS_PER_SIDE) & (len(ordered) - below >= ROWS_PER_SIDE)
    return [float(cut) for cut in np.unique(middles[enough])]
