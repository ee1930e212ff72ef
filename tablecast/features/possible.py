"""Predictions held within the possible range of the target."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator


class PossibleTarget(BaseEstimator):  # type: ignore[misc]
    """A pipeline's step that holds its answers within what the target makes plausible.

    A line, and trees that correct one another, answer beyond every row that they were taught: a
    charge below zero, or ten times the largest. This step changes neither columns nor target; on
    the way back it holds an answer within the target's training range, widened by its own width
    on either side, and never below zero where the target never was.

    It stands before any other step of the target's, so that answers come to it in the target's own
    units.

    Attributes:
        low_, high_: the least and the greatest answer.
    """

    def fit(self, y: Any) -> Self:
        """Learn the target's range. y: (rows,) numbers."""
        low, high = float(np.min(y)), float(np.max(y))
        self.low_ = 0.0 if low >= 0 else low - (high - low)
        self.high_ = high + (high - low)
        return self

    def transform(self, X: Any = None, y: Any = None) -> Any:
        """Columns and target as they are; the columns alone where there is no target."""
        return X if y is None else (X, y)

    def inverse_transform(self, y: Any) -> Any:
        """Answers (rows,), each held between the two ends; of the same kind as they came in."""
        return np.clip(y, self.low_, self.high_)
