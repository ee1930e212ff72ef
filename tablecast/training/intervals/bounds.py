"""One end of a prediction range, learnt from the rows' residuals: its shape and its height.

An end is one number, unless lines, curves or fields (``offset_shapes.py``) lower the quantile loss
of rows that they were not fitted on by more than a standard error. Then it is the one of these
shapes that loses least.

Where most rows are nearly certain and a few lie far off, answers are near neither, and an end is
measured from where most rows lie (``conditional_median.py``): by one number where that is nearer,
which it is beside most rows, and else by a number and what the fields add. Their shares are
shrunken, so that those who tell nothing hardly move it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tablecast.i18n.language import N_
from tablecast.training.intervals.offset_shapes import (
    SHAPES,
    Encoded,
    Fitted,
    Floats,
    Shape,
    offset_and_fields,
)

#: Folds in which the shapes are compared.
SHAPE_FOLDS = 5
#: The middle of most rows is worth its time where it halves what the answers leave of them.
NEARER = 0.5
#: Standard errors by which one number has to be better than shrunken shares of the fields: beside
#: most rows it is so by ten and more, and far from them one is soon reached by chance.
CERTAIN = 2.0
AROUND_MIDDLE = N_("a fixed distance from the typical value for these fields")
BY_FIELDS = N_("a field-dependent distance from the typical value for these fields")


@dataclass(frozen=True)
class Learnt:
    """One end: its shape as a message, its offsets, and those that each row got from shapes
    fitted without it."""

    shape: str
    fitted: Fitted
    unseen: Floats


@dataclass(frozen=True)
class Rows:
    """What the ends are learnt from: each row's answer, fields and residual, all out of folds.

    Rows of one group are wrong together, and tell as much as one; ``groups`` (rows,) numbers them,
    or is None.
    """

    predictions: Floats
    encoded: Encoded
    residuals: Floats
    fold_of: NDArray[np.intp]
    groups: NDArray[np.intp] | None = None


@dataclass(frozen=True)
class Middle:
    """Where most rows lie, as offsets from the answers: fitted, and from fits without each row."""

    fitted: Fitted
    unseen: Floats


def learn_end(rows: Rows, middle: Middle | None, quantile: float) -> Learnt:
    """The end that the rows ask for, at the height where it holds for unseen rows."""
    return _from_predictions(rows, quantile) if middle is None else _around(rows, middle, quantile)


def _from_predictions(rows: Rows, quantile: float) -> Learnt:
    unseen = {name: _cross_fitted(shape, rows, quantile) for name, shape in SHAPES.items()}
    losses = {
        name: _pinball(rows.residuals - offsets, quantile) for name, offsets in unseen.items()
    }
    name = simple = next(iter(SHAPES))
    if any(_clearly_less(rows, loss, losses[simple]) for loss in losses.values()):
        name = min(losses, key=lambda shape: float(losses[shape].mean()))
    fitted = SHAPES[name](rows.predictions, rows.encoded, rows.residuals, quantile)
    if name == simple:
        return Learnt(name, fitted, unseen[name])
    rest = rows.residuals - unseen[name]
    height = _cross_quantile(rest, rows.fold_of, quantile)
    return Learnt(name, fitted.moved(_quantile(rest, quantile)), unseen[name] + height)


def _around(rows: Rows, middle: Middle, quantile: float) -> Learnt:
    """By one number where that is clearly better than a number and the fields."""
    counted = _counted(rows.residuals, middle.unseen, quantile)
    by_number = middle.unseen + _cross_quantile(counted, rows.fold_of, quantile)
    rest = replace(rows, residuals=rows.residuals - middle.unseen)
    by_fields = middle.unseen + _cross_fitted(offset_and_fields, rest, quantile)
    height = _quantile(counted, quantile)
    if np.isfinite(
        [height, *by_number]
    ).all():  # else hardly any row lies on this side of its answer
        its_loss = _pinball(rows.residuals - by_number, quantile)
        if _clearly_less(rows, its_loss, _pinball(rows.residuals - by_fields, quantile), CERTAIN):
            return Learnt(AROUND_MIDDLE, middle.fitted.moved(height), by_number)
    added = offset_and_fields(rest.predictions, rest.encoded, rest.residuals, quantile)
    return Learnt(BY_FIELDS, middle.fitted.plus(added), by_fields)


def _clearly_less(rows: Rows, loss: Floats, than: Floats, errors: float = 1.0) -> bool:
    """By more than so many standard errors of the rows' differences, or the groups'."""
    gain = than - loss
    if rows.groups is not None:
        gain = np.asarray(np.bincount(rows.groups, gain), dtype=np.float64)
    return bool(gain.mean() > errors * gain.std() / np.sqrt(len(gain)))


def middle_of(rows: Rows) -> Middle | None:
    """None where the first fold shows that the answers are as near to most rows, or nearly so."""
    from tablecast.training.intervals.conditional_median import middle

    middles = []
    for fold in range(SHAPE_FOLDS):
        learnt, out = rows.fold_of != fold, rows.fold_of == fold
        without_fold = middle(
            rows.predictions[learnt], rows.encoded.rows(learnt), rows.residuals[learnt]
        )
        if without_fold is None or (not fold and not _nearer(without_fold, rows, out)):
            return None
        middles.append(without_fold)
    fitted = middle(rows.predictions, rows.encoded, rows.residuals)
    return None if fitted is None else Middle(fitted, _aligned(middles, fitted, rows))


def _nearer(middle: Fitted, rows: Rows, out: NDArray[np.bool_]) -> bool:
    left = rows.residuals[out]
    apart = np.median(np.abs(left - np.median(left)))
    beside = np.abs(left - middle.offsets(rows.predictions[out], rows.encoded.rows(out)))
    return bool(np.median(beside) < NEARER * apart)


def _aligned(middles: list[Fitted], fitted: Fitted, rows: Rows) -> Floats:
    """Each row's offset by the middle that was fitted without it, moved to where ``fitted`` stands.

    Where most rows lie on the middle itself, what two fits differ by is more than what rows differ
    by, and an end a cent too low would hold them all. So each fit is moved by that part of its
    difference on its own rows that is linear in the answers and the fields.
    """
    from tablecast.training.intervals.conditional_median import least_absolute

    unseen, final = np.empty(len(rows.residuals)), fitted.offsets(rows.predictions, rows.encoded)
    for fold, middle in enumerate(middles):
        out = rows.fold_of == fold
        offsets = middle.offsets(rows.predictions, rows.encoded)
        fields = rows.encoded.values[:, (middle.weights != 0) | (fitted.weights != 0)]
        design = np.column_stack([rows.predictions, fields])
        constant, *slopes = least_absolute(design[~out], (final - offsets)[~out])
        unseen[out] = (offsets + constant + design @ np.array(slopes))[out]
    return unseen


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
    offsets = np.empty(len(rows.residuals))
    for fold in range(SHAPE_FOLDS):
        learnt, unseen = rows.fold_of != fold, rows.fold_of == fold
        fitted = shape(
            rows.predictions[learnt], rows.encoded.rows(learnt), rows.residuals[learnt], quantile
        )
        offsets[unseen] = fitted.offsets(rows.predictions[unseen], rows.encoded.rows(unseen))
    return offsets


def _pinball(residuals: Floats, quantile: float) -> Floats:
    """The quantile loss of each row."""
    return np.maximum(quantile * residuals, (quantile - 1) * residuals)
