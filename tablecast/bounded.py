"""A regressor whose answers stay near those that it was taught."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

#: An answer may lie beyond the target's training values by this share of their range.
WIDENED = 0.1


class Bounded(MetaEstimatorMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers as another regressor does, but never far beyond what it learnt from.

    A linear model follows its line for as far as a strange row's features go, and where the target
    was straightened the way back makes that exponential: one such row can cost more than all
    others. Trees never answer beyond their training values.

    Args:
        estimator: the regressor; it is cloned.

    Attributes:
        estimator_: the regressor, fitted.
        low_, high_: what answers are held between, in the target's units.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the regressor. X: rows by features; y: the target, numbers."""
        self.estimator_ = clone(self.estimator).fit(X, y)
        values = np.asarray(y, dtype=np.float64)
        beyond = WIDENED * (values.max() - values.min())
        self.low_, self.high_ = float(values.min() - beyond), float(values.max() + beyond)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The regressor's answers (rows,), held between the bounds."""
        check_is_fitted(self, "estimator_")
        return np.asarray(np.clip(self.estimator_.predict(X), self.low_, self.high_))

    @property
    def coef_(self) -> Any:
        """The regressor's coefficients, where it has them."""
        return self.estimator_.coef_
