"""Classifiers whose probabilities are raised to a power."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.ensemble import VotingClassifier
from sklearn.utils.validation import check_is_fitted

Floats = NDArray[np.float64]

#: Smaller probabilities are raised as this: near 0 a root makes much of the last bit.
LEAST_RAISED = 1e-6


def raised(probabilities: Floats, power: float) -> Floats:
    """Probabilities (rows, classes) to a power, as shares of one again.

    A power above 1 makes the largest larger. The order within a row stays as it was.
    """
    return multiplied([probabilities], [power])


def multiplied(members: Sequence[Floats] | Floats, powers: Sequence[float]) -> Floats:
    """The product of several (rows, classes), each to its power, as shares of one again."""
    product = np.maximum(members[0], LEAST_RAISED) ** powers[0]
    for one, power in zip(members[1:], powers[1:], strict=True):
        product = product * np.maximum(one, LEAST_RAISED) ** power
    return np.asarray(product / product.sum(axis=1, keepdims=True))


class Tempered(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers as another classifier does, with its probabilities raised to a power.

    The power is one over the temperature of Guo, Pleiss, Sun and Weinberger (*On calibration of
    modern neural networks*, 2017). The mean of several classifiers says too little where they are
    right for different reasons, which a power above 1 mends; no label changes.

    Args:
        estimator: the classifier, with probabilities; it is cloned.
        power: above 0; 1 changes nothing.

    Attributes:
        estimator_: the classifier, fitted.
        classes_: its classes, in the order of its probabilities.
    """

    #: What smaller probabilities are raised as; the compiler reads it here.
    LEAST = LEAST_RAISED

    def __init__(self, estimator: Any, power: float = 1.0) -> None:
        self.estimator = estimator
        self.power = power

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the classifier. X: rows by features; y: a class for each row; weights (rows,)."""
        if not self.power > 0:
            raise ValueError(f"power must be above 0, not {self.power}.")
        weighing = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.estimator_ = clone(self.estimator).fit(X, y, **weighing)
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The classifier's labels (rows,)."""
        check_is_fitted(self, "estimator_")
        return np.asarray(self.estimator_.predict(X))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Its probabilities (rows, classes), raised."""
        check_is_fitted(self, "estimator_")
        return raised(np.asarray(self.estimator_.predict_proba(X), np.float64), self.power)


class RaisedVote(VotingClassifier):  # type: ignore[misc]
    """A soft vote whose members' probabilities are raised to their weights, and multiplied.

    A mean is as sure as its members are on average. Here each has a power of its own, so that one
    which boasts has a small say in how sure the vote is, and still one in which class it is: a
    logarithmic opinion pool (Genest and Zidek, 1986).
    """

    #: What smaller probabilities are raised as; the compiler reads it here.
    LEAST = LEAST_RAISED

    def predict_proba(self, X: ArrayLike) -> Floats:
        """The product (rows, classes), as shares of one."""
        check_is_fitted(self)
        return multiplied(np.asarray(self._collect_probas(X), np.float64), self.weights)
