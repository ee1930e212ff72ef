"""The feature steps of PyCaret 1.0 that 3.x dropped, as scikit-learn transformers.

Each step appends columns (or, for `FullRank`, selects them), computes in float64, and treats every
row by itself, so that a row's answer never depends on the batch that it came in and each step has
an exact form in a graph. What a step has learnt is in its attributes that end in an underscore.

They expect numbers without gaps: put them after imputation and encoding.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from tablecast.features.design_matrix import (
    RANK_TOLERANCE,
    Floats,
    distinct,
    important_products,
    independent_columns,
    inner_edges,
    supported_range,
)
from tablecast.features.searched_terms import AppendsChosen


class AsFloat64(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Cast every numeric and boolean column to float64; pass the others through.

    PyCaret's ``predict_model`` shrinks whole numbers to int8 or int32 and fractions to float32, as
    the batch allows, so the arithmetic that follows may run in float32 in one batch and in float64
    in another. As the first step this keeps it in float64 throughout.
    """

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn the columns' names. X: DataFrame, or a matrix of numbers, rows by columns."""
        self._checked(X, reset=True)
        return self

    def transform(self, X: Any) -> Any:
        """The same table, numbers as float64. A DataFrame stays one."""
        check_is_fitted(self, "n_features_in_")
        X = self._checked(X, reset=False)
        if not hasattr(X, "dtypes"):
            return X
        kinds = {dtype: _is_number(dtype) for dtype in set(X.dtypes)}
        others = [column for column, dtype in X.dtypes.items() if dtype != np.float64]
        if all(kinds.values()):  # a cast of the whole keeps hundreds of columns in one block
            return X.astype(np.float64) if others else X.copy(deep=False)
        return X.astype({name: np.float64 for name in others if kinds[X.dtypes[name]]})

    def _checked(self, X: Any, *, reset: bool) -> Any:
        if hasattr(X, "dtypes"):
            self._check_feature_names(X, reset=reset)
            self._check_n_features(X, reset=reset)
            return X
        return self._validate_data(X, dtype=np.float64, force_all_finite=False, reset=reset)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names that came in."""
        return _names_in(self, input_features)

    def _more_tags(self) -> dict[str, Any]:
        return {"allow_nan": True}


def _is_number(dtype: Any) -> bool:
    from pandas.api.types import is_any_real_numeric_dtype, is_bool_dtype

    # is_bool_dtype also says yes to a category of booleans, which is text to the pipeline.
    is_bool = dtype.name != "category" and is_bool_dtype(dtype)
    return bool(is_bool or is_any_real_numeric_dtype(dtype))


class FillDates(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fill missing dates with the training rows' median date. Columns of dates only.

    PyCaret's ``ExtractDateTimeFeatures`` neither fills dates nor tells one row from a batch: it
    leaves a column out where more than a tenth of the batch is missing.

    Attributes:
        dates_: each column's median date, by name.
    """

    def fit(self, X: Any) -> Self:
        """Learn each column's median date. X: DataFrame."""
        self.dates_ = X.median()
        return self

    def transform(self, X: Any) -> Any:
        """X without gaps."""
        return X.fillna(self.dates_)


class _AppendsColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the columns that came in and appends what a subclass makes of some of them."""

    columns: Sequence[str] | None
    columns_: NDArray[np.intp]

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn from X, rows by columns, all numbers."""
        values = self._validate_data(X, dtype=np.float64)
        self.columns_ = _chosen(self, values)
        self._learn(values[:, self.columns_])
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """X with the new columns on its right, float64."""
        check_is_fitted(self, "columns_")
        values = self._validate_data(X, dtype=np.float64, reset=False)
        return np.hstack([values, *self._make(values[:, self.columns_])])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names that came in, then those of the new columns."""
        check_is_fitted(self, "columns_")
        names = _names_in(self, input_features)
        return distinct([*names, *self._names([str(name) for name in names[self.columns_]])])

    def _learn(self, chosen: Floats) -> None:
        """Learn what `_make` needs from the chosen columns."""

    def _make(self, chosen: Floats) -> list[Floats]:
        raise NotImplementedError

    def _names(self, chosen: list[str]) -> list[str]:
        raise NotImplementedError


class Powers(_AppendsColumns):
    """Append the powers 2 to ``degree`` of each column, one degree after the other.

    A value outside the range that a power bends in counts as the nearest end of that range, so
    that an answer beyond it grows in a straight line and not with the power.

    Args:
        columns: the columns' names; None takes each that has more than two values in training,
            because a flag's square says nothing new.
        degree: the highest power, at least 2.
        tail: the share of training rows beyond either end of that range; 0 for all of them within.
            Where few rows are, a power follows what other rows ask of it.

    Attributes:
        low_, high_: each column's range.
    """

    tail = 0.0  # of steps that were pickled before they had it

    def __init__(
        self, columns: Sequence[str] | None = None, degree: int = 2, tail: float = 0.0
    ) -> None:
        self.columns = columns
        self.degree = degree
        self.tail = tail

    def _learn(self, chosen: Floats) -> None:
        if self.degree < 2:
            raise ValueError(f"degree must be at least 2, not {self.degree}.")
        self.low_, self.high_ = supported_range(chosen, self.tail)

    def _make(self, chosen: Floats) -> list[Floats]:
        # Repeated multiplication, not pow: its last bit is the same in every runtime.
        inside = np.clip(chosen, self.low_, self.high_)
        powers = [inside]
        for _ in range(2, self.degree + 1):
            powers.append(powers[-1] * inside)
        return powers[1:]

    def _names(self, chosen: list[str]) -> list[str]:
        return [f"{name}_Power{d}" for d in range(2, self.degree + 1) for name in chosen]


class Trigonometric(_AppendsColumns):
    """Append sine, cosine and tangent of each column, over its range.

    With ``t`` the column's value scaled so that its range is -1 to 1, and clipped to that, the new
    columns are ``sin(pi t)``, ``cos(pi t)`` and ``tan(0.4 pi t)``: one full turn for sine and
    cosine, and a tangent of up to 72 degrees, which bends clearly and stays within -3.1 and 3.1.
    The plain ``tan`` of a standardised value passes its poles inside the training range, and one
    row there outweighs all the others.

    Args:
        columns: the columns' names; None takes each that has more than two values in training.
        tail: as `Powers` has it.

    Attributes:
        center_: the middle of each column's range.
        half_width_: half of its width; 1 for a constant column.
    """

    tail = 0.0  # as in `Powers`

    def __init__(self, columns: Sequence[str] | None = None, tail: float = 0.0) -> None:
        self.columns = columns
        self.tail = tail

    def _learn(self, chosen: Floats) -> None:
        low, high = supported_range(chosen, self.tail)
        self.center_ = low / 2 + high / 2  # the sum itself could overflow
        half_width = high / 2 - low / 2
        self.half_width_ = np.where(half_width > 0, half_width, 1.0)

    def _make(self, chosen: Floats) -> list[Floats]:
        turn = np.clip((chosen - self.center_) / self.half_width_, -1.0, 1.0)
        full, part = np.pi * turn, (0.4 * np.pi) * turn
        return [np.sin(full), np.cos(full), np.sin(part) / np.cos(part)]

    def _names(self, chosen: list[str]) -> list[str]:
        return [f"{function}({name})" for function in ("sin", "cos", "tan") for name in chosen]


class Bins(_AppendsColumns):
    """Append one column of zeros and ones for each of a column's bins.

    The bins are equally wide over the training range, and by Sturges' rule there are
    ``ceil(log2(rows)) + 1`` of them; those with too few rows are joined to a neighbour. A value on
    an edge belongs to the bin above it; values outside the training range belong to the outermost
    bins.

    Args:
        columns: the columns' names; None takes each that has more than two values in training.
        bins: how many bins; None for Sturges' rule.
        fewest: the fewest training rows in a bin. What a linear model learns from one or two rows
            is noise.

    Attributes:
        edges_: for each column its inner edges, increasing; none for a constant column.
    """

    def __init__(
        self, columns: Sequence[str] | None = None, bins: int | None = None, fewest: int = 10
    ) -> None:
        self.columns = columns
        self.bins = bins
        self.fewest = fewest

    def _learn(self, chosen: Floats) -> None:
        count = self.bins or int(np.ceil(np.log2(len(chosen)))) + 1
        self.edges_ = [inner_edges(column, count, self.fewest) for column in chosen.T]

    def _make(self, chosen: Floats) -> list[Floats]:
        return [
            np.equal.outer(
                np.searchsorted(edges, column, side="right"), np.arange(len(edges) + 1)
            ).astype(np.float64)
            for edges, column in zip(self.edges_, chosen.T, strict=True)
        ]

    def _names(self, chosen: list[str]) -> list[str]:
        return [
            f"{name}_bin{index}"
            for name, edges in zip(chosen, self.edges_, strict=True)
            for index in range(len(edges) + 1)
        ]


class Interactions(AppendsChosen):
    """Append the products of two columns that explain most of what the columns leave unexplained.

    A product's importance is the share of the target's variation, beyond a linear model of the
    columns and of the products already chosen, that it explains. The most important is chosen, and
    again, until ``most`` are chosen or the next one explains less than chance would: less than
    ``(log(rows) + 2 log(candidates)) / rows`` of what is left (the extended Bayesian information
    criterion of Chen and Chen, 2008). A class is measured by its zeros and ones. As in `Powers`,
    a factor outside its range counts as the nearest end of that range.

    Args:
        most: how many products at most.
        tail: as `Powers` has it.

    Attributes:
        pairs_: the products' two column positions, shape (products, 2), most important first.
        importances_: the share of the target's variation that each one added.
        low_, high_: every column's range.
    """

    def __init__(self, most: int = 20, tail: float = 0.0) -> None:
        super().__init__(most)
        self.tail = tail

    def _learn(self, values: Floats, target: NDArray[Any]) -> None:
        self.pairs_, self.importances_ = important_products(values, target, self.most)

    def _make(self, inside: Floats) -> list[Floats]:
        return [inside[:, self.pairs_[:, 0]] * inside[:, self.pairs_[:, 1]]]

    def _names(self, names: NDArray[np.object_]) -> list[str]:
        return [f"{names[a]}*{names[b]}" for a, b in self.pairs_]


class FullRank(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep, from left to right, each column that those kept before it do not already contain.

    With the intercept counted in, what remains is linearly independent, clearly so, and a linear
    model has one solution, with coefficients of a sane size. All levels of a one-hot column and an
    intercept, for example, are one column too many.

    Args:
        tolerance: a column is dependent where the part of it (about its mean) that the kept columns
            do not explain is at most this share of its length.

    Attributes:
        kept_: positions of the kept columns, increasing.
    """

    def __init__(self, tolerance: float = RANK_TOLERANCE) -> None:
        self.tolerance = tolerance

    def fit(self, X: ArrayLike, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Choose the columns. X: rows by columns, all numbers."""
        values = self._validate_data(X, dtype=np.float64)
        kept = independent_columns(values, self.tolerance)
        # A table of constants has no independent column; later steps need one.
        self.kept_ = kept if len(kept) else np.array([0], dtype=np.intp)
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """The kept columns of X, float64."""
        check_is_fitted(self, "kept_")
        values = self._validate_data(X, dtype=np.float64, reset=False)
        return np.ascontiguousarray(values[:, self.kept_])

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The kept columns' names."""
        check_is_fitted(self, "kept_")
        return _names_in(self, input_features)[self.kept_]


def _chosen(transformer: _AppendsColumns, values: Floats) -> NDArray[np.intp]:
    """Positions of the columns that a transformer works on."""
    if transformer.columns is None:
        several = [len(np.unique(column)) > 2 for column in values.T]
        return np.flatnonzero(several).astype(np.intp)
    known = [str(name) for name in _names_in(transformer, None)]
    missing = [name for name in transformer.columns if name not in known]
    if missing:
        raise ValueError(f"No column {missing[0]!r} among {', '.join(map(repr, known))}.")
    return np.array([known.index(name) for name in transformer.columns], dtype=np.intp)


def _names_in(transformer: Any, input_features: Any) -> NDArray[np.object_]:
    names: NDArray[np.object_] = _check_feature_names_in(transformer, input_features)
    return names
