"""The possible shapes of one end of a prediction range, and how each is fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tablecast.i18n.language import N_
from tablecast.schema.column_kinds import canonical_texts
from tablecast.training.intervals.quantiles import shrunken_slopes, smoothed_quantile

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.features.searched_terms import Factor

Floats = NDArray[np.float64]

# The linear programme of a quantile regression grows fast with its rows; these are enough for a
# dozen numbers.
FITTED_ROWS = 1_500
# Rows from which a level's number is learnt, and a bin's 5% quantile: of 60 rows it is the third
# lowest, so that one strange row does not decide.
ROWS_PER_LEVEL = 20
ROWS_PER_BIN = 60
# Levels with a number of their own, the most frequent, and points of the curve over the
# predictions: more follow the noise of a few hundred rows.
MOST_LEVELS = 6
MOST_BINS = 8
# Columns that the row's share of an end may be made of: more cost time at every answer.
MOST_COLUMNS = 8


@dataclass(frozen=True)
class Column:
    """A field as a column of numbers: its own, or one for rows of a level."""

    field: str
    level: str | None = None
    low: float = 0.0
    high: float = 1.0
    typical: float = 0.0


@dataclass(frozen=True, eq=False)
class Encoded:
    """Some rows' fields as numbers, shape (rows, columns)."""

    columns: tuple[Column, ...]
    values: Floats

    def rows(self, chosen: NDArray[Any]) -> Encoded:
        """The same columns of some rows."""
        return Encoded(self.columns, self.values[chosen])


@dataclass(frozen=True, eq=False)
class Fitted:
    """One end's offsets: a line through the answers, and a weight for each column and term.

    Terms are products of factors, as ``tablecast.features.searched_terms.Factor`` describes them.
    """

    at: Floats
    heights: Floats
    weights: Floats
    terms: tuple[tuple[Factor, ...], ...] = ()
    term_weights: Floats = field(default_factory=lambda: np.empty(0))

    def offsets(self, predictions: Floats, encoded: Encoded) -> Floats:
        """The offset of each row, shape (rows,)."""
        offsets: Floats = np.interp(predictions, self.at, self.heights)
        offsets = offsets + encoded.values @ self.weights
        for weight, term in zip(self.term_weights, self.terms, strict=True):
            parts = [
                factor.of(encoded.values[:, factor.column], encoded.columns[factor.column].low)
                for factor in term
            ]
            offsets = offsets + weight * np.prod(parts, axis=0)
        return offsets

    def moved(self, by: float) -> Fitted:
        """The same shape, higher by so much."""
        return replace(self, heights=self.heights + by)

    def plus(self, other: Fitted) -> Fitted:
        """Both offsets, one upon the other; only this one may have terms."""
        at = np.union1d(self.at, other.at)
        heights = np.interp(at, self.at, self.heights) + np.interp(at, other.at, other.heights)
        return replace(self, at=at, heights=heights, weights=self.weights + other.weights)

    def to_json(self, columns: tuple[Column, ...]) -> dict[str, Any]:
        """What ``tablecast.inference.interval.Edge`` reads."""
        levels: dict[str, dict[str, float]] = {}
        numbers = []
        for column, weight in zip(columns, self.weights.tolist(), strict=True):
            if weight and column.level is not None:
                levels.setdefault(column.field, {})[column.level] = weight
            elif weight:
                ends = {"low": column.low, "high": column.high, "typical": column.typical}
                numbers.append({"field": column.field, "slope": weight, **ends})
        return {
            "at": self.at.tolist(),
            "offsets": self.heights.tolist(),
            "numbers": numbers,
            "levels": [{"field": name, "adds": adds} for name, adds in levels.items()],
            "terms": [
                {"weight": weight, "factors": [_factor_json(factor, columns) for factor in term]}
                for weight, term in zip(self.term_weights.tolist(), self.terms, strict=True)
            ],
        }


def _factor_json(factor: Factor, columns: tuple[Column, ...]) -> dict[str, Any]:
    column = columns[factor.column]
    if column.level is not None:
        return {"field": column.field, "level": column.level}
    return {
        "field": column.field, "kind": factor.kind, "cut": factor.cut,
        "low": column.low, "high": column.high, "typical": column.typical,
    }


def encode(features: pd.DataFrame) -> Encoded:
    """Numbers as they are, the most frequent levels but the first as zeros and ones; no dates."""
    columns: list[Column] = []
    values: list[Floats] = []
    for name, column in features.items():
        if column.dtype.kind in "if" and column.notna().any():
            known = column.to_numpy(np.float64)
            typical = float(np.nanmedian(known))
            ends = float(np.nanmin(known)), float(np.nanmax(known))
            columns.append(Column(str(name), None, *ends, typical))
            values.append(np.where(np.isnan(known), typical, known))
        elif column.dtype == object:
            texts = canonical_texts(column.dropna()).reindex(column.index)
            counts = texts.value_counts()
            frequent = counts[counts >= ROWS_PER_LEVEL].index[1 : MOST_LEVELS + 1]
            columns += [Column(str(name), str(level)) for level in frequent]
            values += [(texts == level).to_numpy(np.float64) for level in frequent]
    matrix = np.column_stack(values) if values else np.empty((len(features), 0))
    return Encoded(tuple(columns), matrix)


def _constant(predictions: Floats, encoded: Encoded, residuals: Floats, quantile: float) -> Fitted:
    height = np.array([smoothed_quantile(residuals, quantile)])
    return Fitted(np.array([np.median(predictions)]), height, np.zeros(len(encoded.columns)))


def _binned(predictions: Floats, encoded: Encoded, residuals: Floats, quantile: float) -> Fitted:
    """The quantile in bins of the answers with equally many rows, a line between their middles."""
    bins = min(MOST_BINS, len(predictions) // ROWS_PER_BIN)
    edges = np.unique(np.quantile(predictions, np.arange(1, bins) / max(bins, 1)))
    bin_of = np.searchsorted(edges, predictions)
    groups = [np.flatnonzero(bin_of == number) for number in np.unique(bin_of)]
    if len(groups) == 1:
        return _constant(predictions, encoded, residuals, quantile)
    at = np.array([np.median(predictions[rows]) for rows in groups])
    heights = np.array([np.quantile(residuals[rows], quantile) for rows in groups])
    at, first = np.unique(at, return_index=True)
    return Fitted(at, heights[first], np.zeros(len(encoded.columns)))


def _line(predictions: Floats, encoded: Encoded, residuals: Floats, quantile: float) -> Fitted:
    """Two straight lines through the answers that meet at their median: quantile regression."""
    from sklearn.linear_model import QuantileRegressor

    at = _bends(predictions)
    size = float(np.abs(residuals).mean())
    if len(at) < 2 or not size:
        return _constant(predictions, encoded, residuals, quantile)
    rows = some_rows(len(predictions))
    hats = _hats(predictions[rows], at)[:, 1:]
    fitted = QuantileRegressor(quantile=quantile, alpha=0.0, solver="highs").fit(
        hats, residuals[rows] / size
    )
    ends = size * np.array([fitted.intercept_, *(fitted.intercept_ + fitted.coef_)])
    return Fitted(at, ends, np.zeros(len(encoded.columns)))


def _by_fields(predictions: Floats, encoded: Encoded, residuals: Floats, quantile: float) -> Fitted:
    """Such lines, and the fields that tell most of where residuals leave a constant offset."""
    return _shrunken(predictions, encoded, residuals, quantile, _bends(predictions))


def offset_and_fields(
    predictions: Floats, encoded: Encoded, residuals: Floats, quantile: float
) -> Fitted:
    """One offset, and what the fields add that tell most of where residuals leave it."""
    at = np.array([np.median(predictions)])
    return _shrunken(predictions, encoded, residuals, quantile, at)


def _shrunken(
    predictions: Floats, encoded: Encoded, residuals: Floats, quantile: float, at: Floats
) -> Fitted:
    """Penalised shares of the fields and of the answers' outer points, all at one height."""
    # Which residuals lie below their quantile is the loss's slope.
    below = (residuals < np.quantile(residuals, quantile)).astype(np.float64)
    chosen = telling(encoded.values, below)
    outer = [0, len(at) - 1] if len(at) > 2 else list(range(1, len(at)))
    columns = np.column_stack([encoded.values[:, chosen], _hats(predictions, at)[:, outer]])
    rows = some_rows(len(residuals))
    varying = columns[rows].std(axis=0) > 0
    slopes = np.zeros(columns.shape[1])
    slopes[varying] = shrunken_slopes(columns[np.ix_(rows, varying)], residuals[rows], quantile)
    weights, heights = np.zeros(len(encoded.columns)), np.zeros(len(at))
    weights[chosen], heights[outer] = slopes[: len(chosen)], slopes[len(chosen) :]
    height = smoothed_quantile(residuals - columns @ slopes, quantile)
    return Fitted(at, heights + height, weights)


def _bends(predictions: Floats) -> Floats:
    """Where the lines through the answers begin, meet and end."""
    return np.asarray(np.unique(np.quantile(predictions, [0.0, 0.5, 1.0])))


def _hats(predictions: Floats, at: Floats) -> Floats:
    """How near each answer is to each of some points, shape (rows, points)."""
    return np.column_stack([np.interp(predictions, at, hat) for hat in np.eye(len(at))])


def some_rows(rows: int) -> NDArray[np.intp]:
    """As many rows, by chance, as a fit whose time grows faster than they do may have."""
    return np.random.default_rng(0).permutation(rows)[:FITTED_ROWS]


def telling(values: Floats, goal: Floats) -> NDArray[np.intp]:
    """The columns most related to a goal, shape (rows,), in their order."""
    centered = values - values.mean(axis=0)
    lengths = np.linalg.norm(centered, axis=0)
    varying = lengths > 1e-9 * np.sqrt(len(values)) * np.maximum(np.abs(values).max(axis=0), 1.0)
    relation = np.abs(centered.T @ (goal - goal.mean())) / np.where(varying, lengths, np.inf)
    best = np.argsort(-relation, kind="stable")[:MOST_COLUMNS]
    return np.sort(best[varying[best]])


Shape = Callable[[Floats, Encoded, Floats, float], Fitted]
#: From simple to complex, each by the words that the model card uses.
SHAPES: Mapping[str, Shape] = {
    N_("a fixed distance"): _constant,
    N_("a line over the predictions"): _line,
    N_("a curve over the predictions"): _binned,
    N_("a line over the predictions and the fields"): _by_fields,
}
