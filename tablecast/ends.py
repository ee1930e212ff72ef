"""One end of a prediction interval, learnt from the rows' residuals: which shape, and how high.

Each end is the simplest shape that the rows themselves ask for: one number, a line through the
answers, or such a line and what some fields add (``tablecast.edges``). Where most rows are nearly
certain and a few lie far off, answers are near neither, and an end may instead keep one distance
from where most rows lie (``tablecast.middle``). A shape is preferred to a simpler one only where
rows that it was not fitted on lower its quantile loss by more than a standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tablecast.edges import SHAPES, Encoded, Fitted, Floats, Shape

#: Folds in which the shapes are compared.
SHAPE_FOLDS = 5
#: The middle of most rows is worth its time where it halves what the answers leave of them.
NEARER = 0.5
AROUND_MIDDLE = "one offset from where most rows lie by their fields"


@dataclass(frozen=True)
class Learnt:
    """One end: its offsets, and those that each row got from shapes fitted without it."""

    shape: str
    fitted: Fitted
    unseen: Floats


@dataclass(frozen=True)
class Rows:
    """What the ends are learnt from: each row's answer, fields and residual, all out of folds."""

    predictions: Floats
    encoded: Encoded
    residuals: Floats
    fold_of: NDArray[np.intp]


@dataclass(frozen=True)
class Middle:
    """Where most rows lie, as offsets from the answers: fitted, and from fits without each row."""

    fitted: Fitted
    unseen: Floats


def learn_end(rows: Rows, middle: Middle | None, quantile: float) -> Learnt:
    """The simplest shape that the rows ask for, moved to where it holds for unseen rows."""
    offered = {name: _cross_fitted(shape, rows, quantile) for name, shape in SHAPES.items()}
    if middle is not None:
        rest = _counted(rows.residuals, middle.unseen, quantile)
        offered[AROUND_MIDDLE] = middle.unseen + _cross_quantile(rest, rows.fold_of, quantile)
    best, loss = "", np.empty(0)
    for name, unseen in offered.items():
        its_loss = _pinball(rows.residuals - unseen, quantile)
        gain = loss - its_loss if best else its_loss
        if not best or gain.mean() > gain.std() / np.sqrt(len(gain)):
            best, loss = name, its_loss
    if best == AROUND_MIDDLE and middle is not None:
        fitted = middle.fitted.moved(_quantile(rest, quantile))
    else:
        fitted = SHAPES[best](rows.predictions, rows.encoded, rows.residuals, quantile)
    return Learnt(best, fitted, offered[best])


def middle_of(rows: Rows) -> Middle | None:
    """None where the first fold shows that the answers are as near to most rows, or nearly so."""
    from tablecast.middle import middle

    unseen = np.empty(len(rows.residuals))
    for fold in range(SHAPE_FOLDS):
        learnt, out = rows.fold_of != fold, rows.fold_of == fold
        found = middle(rows.predictions[learnt], rows.encoded.rows(learnt), rows.residuals[learnt])
        if found is None:
            return None
        unseen[out] = found.offsets(rows.predictions[out], rows.encoded.rows(out))
        left = rows.residuals[out]
        apart = np.median(np.abs(left - np.median(left)))
        if not fold and np.median(np.abs(left - unseen[out])) > NEARER * apart:
            return None
    found = middle(rows.predictions, rows.encoded, rows.residuals)
    return None if found is None else Middle(found, unseen)


def _counted(residuals: Floats, unseen: Floats, quantile: float) -> Floats:
    """What the middle leaves of the rows; without end for rows on the other side of their answer.

    The answer lies inside its interval, so that no distance from the middle can leave those out.
    """
    other = np.inf if quantile < 0.5 else -np.inf
    return np.where((residuals < 0) == (quantile < 0.5), residuals - unseen, other)


def _cross_quantile(values: Floats, fold_of: NDArray[np.intp], quantile: float) -> Floats:
    """For each row the quantile of the other folds' rows."""
    each = [_quantile(values[fold_of != fold], quantile) for fold in range(SHAPE_FOLDS)]
    return np.array(each)[fold_of]


def _quantile(values: Floats, quantile: float) -> float:
    """One of the values, since between infinite ones there is none."""
    return float(np.quantile(values, quantile, method="nearest"))


def _cross_fitted(shape: Shape, rows: Rows, quantile: float) -> Floats:
    made = np.empty(len(rows.residuals))
    for fold in range(SHAPE_FOLDS):
        learnt, unseen = rows.fold_of != fold, rows.fold_of == fold
        fitted = shape(
            rows.predictions[learnt], rows.encoded.rows(learnt), rows.residuals[learnt], quantile
        )
        made[unseen] = fitted.offsets(rows.predictions[unseen], rows.encoded.rows(unseen))
    return made


def _pinball(residuals: Floats, quantile: float) -> Floats:
    """The quantile loss of each row."""
    return np.maximum(quantile * residuals, (quantile - 1) * residuals)
