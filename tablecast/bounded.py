"""A regressor that stays within what it was taught."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted


class Bounded(MetaEstimatorMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers as another regressor does, but never from or beyond where it has not been.

    A linear model follows its line for as far as a strange row's features go, and where the target
    was straightened the way back makes that exponential: one such row can cost more than all
    others. So a feature outside its training range counts as the nearest end of that range, and an
    answer outside the target's counts as the nearest end of that. Trees do both by themselves.

    Args:
        estimator: the regressor; it is cloned.

    Attributes:
        estimator_: the regressor, fitted.
        least_, most_: (features,), each feature's training range.
        low_, high_: the target's training range, in the units that the regressor was given.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the regressor. X: rows by features; y: the target, numbers."""
        features, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        self.estimator_ = clone(self.estimator).fit(features, target)
        self.least_, self.most_ = features.min(axis=0), features.max(axis=0)
        self.low_, self.high_ = float(target.min()), float(target.max())
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The regressor's answers (rows,), held between the bounds."""
        check_is_fitted(self, "estimator_")
        features = np.clip(np.asarray(X, dtype=np.float64), self.least_, self.most_)
        return np.asarray(np.clip(self.estimator_.predict(features), self.low_, self.high_))

    @property
    def coef_(self) -> Any:
        """The regressor's coefficients, where it has them."""
        return self.estimator_.coef_
