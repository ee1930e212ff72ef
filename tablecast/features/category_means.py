"""Texts of many levels, encoded as means of the target over the other rows."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Self

import numpy as np
from pandas.util import hash_pandas_object
from sklearn.base import clone
from sklearn.preprocessing import TargetEncoder

#: As many rows of the mean of all are added to each level's. Found by `benchmarks.many_levels`.
SMOOTH = 10.0


class CategoryMeans(TargetEncoder):  # type: ignore[misc]
    """scikit-learn's encoder of columns of many levels, for PyCaret's pipeline.

    A level becomes the mean of the target in its rows, drawn towards the mean of all rows where it
    has few. Where a row's own answer is part of that mean, an estimator that learns from it trusts
    the column too much. So the rows that it was fitted on are encoded by means of other rows: they
    are divided into folds, and each fold is encoded by the rows outside of it. scikit-learn does
    that in ``fit_transform``, which PyCaret's pipeline never calls: it calls ``fit``, and then
    ``transform`` with the target. To answer it calls ``transform`` without, and any such row is
    encoded by the means of all: an answer never depends on which rows were fitted, nor on the rows
    that it is asked with.

    A level that the rows do not have, and a missing value if they have none, are the mean of all.
    Of more than two classes it is the mean of their numbers, as in PyCaret's own encoder.

    Args:
        seed: divides the rows into folds.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__(target_type="continuous", smooth=SMOOTH, random_state=seed)
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the means. X: DataFrame (rows, columns) of texts; y: Series (rows,) of numbers."""
        super().fit(X, y.astype(np.float64))
        self.rows_ = _fingerprint(X, y)
        return self

    def transform(self, X: Any, y: Any = None) -> Any:
        """Float64 (rows, columns).

        Args:
            X: DataFrame (rows, columns).
            y: the target, if the rows may be those that the step was fitted on.
        """
        if y is None or _fingerprint(X, y) != self.rows_:
            return super().transform(X)
        return clone(self).fit_transform(X, y.astype(np.float64))


def _fingerprint(rows: Any, target: Any) -> str:
    """Tells the rows of a fit from others, in the pickle too, without a copy of them."""
    digest = sha256(hash_pandas_object(rows, index=False).to_numpy().tobytes())
    digest.update(hash_pandas_object(target, index=False).to_numpy().tobytes())
    return digest.hexdigest()
