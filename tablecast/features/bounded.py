"""Regressors whose predictions stay near the training values, and near one another."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.ensemble import VotingRegressor
from sklearn.utils.validation import check_is_fitted

#: An answer may lie beyond the target's training values by this share of their range.
WIDENED = 0.1


class Bounded(MetaEstimatorMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers as another regressor does, but not from where it has not been, nor far beyond it.

    A linear model follows its line for as far as a strange row's features go, and where the target
    was straightened the way back makes that exponential: one such row can cost more than all
    others. So a feature outside its training range counts as the nearest end of that range, and
    answers are held near the target's. Trees do both by themselves.

    Args:
        estimator: the regressor; it is cloned.
        widened: how far an answer may lie beyond the target's training values, as a share of their
            range.

    Attributes:
        estimator_: the regressor, fitted.
        least_, most_: (features,), each feature's training range.
        low_, high_: what answers are held between, in the units that the regressor was given.
    """

    def __init__(self, estimator: Any, widened: float = WIDENED) -> None:
        self.estimator = estimator
        self.widened = widened

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the regressor. X: rows by features; y: the target, numbers; weights (rows,)."""
        features, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        weighing = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.estimator_ = clone(self.estimator).fit(features, target, **weighing)
        self.least_, self.most_ = features.min(axis=0), features.max(axis=0)
        beyond = self.widened * (target.max() - target.min())
        self.low_, self.high_ = float(target.min() - beyond), float(target.max() + beyond)
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


class BoundedVote(VotingRegressor):  # type: ignore[misc]
    """A weighted mean of regressors, of which some stay near the others.

    A line and trees that were fitted on the same rows answer alike for rows like those. For a row
    unlike them the line goes on where trees have stopped, and nothing says that it is right: its
    answer counts only as far from theirs as it has been before.

    Args:
        estimators, n_jobs, verbose: as of ``VotingRegressor``.
        weights: one for each estimator.
        apart: for each estimator how far its answer may lie from the weighted mean of those that
            have None here, (least, most) in the target's units; at least one has None.
    """

    def __init__(
        self,
        estimators: Sequence[tuple[str, Any]],
        *,
        weights: Sequence[float],
        apart: Sequence[tuple[float, float] | None],
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(estimators, weights=weights, n_jobs=n_jobs, verbose=verbose)
        self.apart = apart

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The mean (rows,)."""
        check_is_fitted(self)
        weights = np.asarray(self.weights, dtype=np.float64)
        predictions = near_the_others(self._predict(X), weights, self.apart)
        return np.asarray(np.average(predictions, axis=1, weights=weights))


def near_the_others(
    predictions: NDArray[np.float64],
    weights: NDArray[np.float64],
    apart: Sequence[tuple[float, float] | None],
) -> NDArray[np.float64]:
    """Predictions (rows, estimators), each held as near to the others' mean as ``apart`` says."""
    held, free = predictions.copy(), [limits is None for limits in apart]
    middle = np.average(predictions[:, free], axis=1, weights=weights[free])
    for index, bounds in enumerate(apart):
        if bounds is not None:
            least, most = (middle + bound for bound in bounds)
            held[:, index] = np.clip(held[:, index], least, most)
    return held
