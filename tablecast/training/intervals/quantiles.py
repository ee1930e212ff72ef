"""Stable quantiles of few rows: of values alone, and given some columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Steps of the reweighted least squares at most, and the change of the weights, in mean absolute
# residuals, at which they end: a hundredth of a percent cannot be seen in a range.
STEPS = 40
SETTLED = 1e-4
# Residuals nearer than this to the fit, in mean absolute residuals, pull by how near they are: no
# fit then hangs on single rows.
NEAR = 0.02
# A column's share is worth it where it lowers the mean loss by more than half of this times the
# square of what it adds in a standard deviation, both in mean absolute residuals. A tail of a
# thousand rows is fifty of them, which tell little more.
PENALTY = 0.03


def smoothed_quantile(values: Floats, quantile: float) -> float:
    """The mean that the quantile of such a sample has (Harrell and Davis, 1982).

    It weighs all order statistics by how likely each is the one asked for, and so depends less on
    which few rows are near it.
    """
    from scipy.special import betainc

    rows = len(values)
    fractions = np.arange(rows + 1) / rows
    weights = np.diff(betainc((rows + 1) * quantile, (rows + 1) * (1 - quantile), fractions))
    return float(weights @ np.sort(values))


def shrunken_slopes(columns: Floats, values: Floats, quantile: float) -> Floats:
    """Each column's slope in a penalised quantile regression, shape (columns,).

    The penalty is a ridge on standardised columns, the constant free; the fit follows Hunter and
    Lange, *Quantile regression via an MM algorithm*, 2000.

    Args:
        columns: shape (rows, columns), none of them constant.
        values: shape (rows,), whose quantile is wanted.
    """
    mean, spread, size = columns.mean(axis=0), columns.std(axis=0), float(np.abs(values).mean())
    if not columns.shape[1] or not size:
        return np.zeros(columns.shape[1])
    design = np.column_stack([np.ones(len(values)), (columns - mean) / spread])
    goal = values / size
    penalty = PENALTY * len(goal) * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    weights = np.zeros(design.shape[1])
    weights[0] = np.quantile(goal, quantile)
    pull = (2 * quantile - 1) * design.sum(axis=0)
    for step in range(STEPS):
        weight = 1 / (max(NEAR, 0.7**step) + np.abs(goal - design @ weights))
        before = weights
        weights = np.linalg.solve(
            design.T @ (weight[:, None] * design) + penalty, design.T @ (weight * goal) + pull
        )
        if 0.7**step < NEAR and np.abs(weights - before).max() < SETTLED:
            break
    return np.asarray(size * weights[1:] / spread)
