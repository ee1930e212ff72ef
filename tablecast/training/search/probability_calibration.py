"""Calibration of probabilities, used where out-of-fold loss falls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tablecast.training.search.trial import Trial, all_losses

Floats = NDArray[np.float64]

# A free curve follows the noise of fewer rows (Niculescu-Mizil and Caruana, 2005).
ISOTONIC_ROWS = 1_000
#: Folds in which the calibrated estimator's own probabilities are made, on top of its fit.
INNER_FOLDS = 5


def calibrated(tried: Trial) -> list[Trial]:
    """The estimator with each calibration that lowers its out-of-fold log loss for certain.

    Platt's curve (1999) or an isotonic one is learnt for each class from the out-of-fold
    probabilities of four folds and measured on the fifth. It must gain more than a standard error.
    """
    if tried.view.task != "classification" or tried.calibration:
        return []
    rows = len(tried.view.experiment.y_train)
    methods = ("sigmoid", "isotonic") if rows >= ISOTONIC_ROWS else ("sigmoid",)
    results = [_with(tried, method) for method in methods]
    return [trial for trial in results if _gains(trial, tried)]


def _with(tried: Trial, method: str) -> Trial:
    predictions = across_folds(tried, _CURVES[method])
    return replace(
        tried,
        predictions=predictions,
        losses=all_losses(tried.view, predictions),
        seconds=tried.seconds * (1 + INNER_FOLDS),
        name=f"{tried.name}, calibrated ({method})",
        calibration=method,
        cost=None,
    )


def _gains(after: Trial, before: Trial) -> bool:
    gain = np.subtract(before.losses, after.losses)
    return bool(gain.mean() > gain.std() / after.view.folds_once**0.5)


def across_folds(tried: Trial, curve: Callable[[Floats, Floats], Any]) -> Floats:
    """Each fold's probabilities, calibrated by what the other folds of its division say."""
    view = tried.view
    labels = np.searchsorted(np.unique(view.target), view.target)
    probabilities = np.empty_like(tried.predictions)
    for start in range(0, len(view.folds), view.folds_once):
        division = [fold.unseen for fold in view.folds[start : start + view.folds_once]]
        for unseen in division:
            learnt = np.concatenate([indices for indices in division if indices is not unseen])
            probabilities[unseen] = _calibrated_like(
                curve, tried.predictions[learnt], labels[learnt], tried.predictions[unseen]
            )
    return probabilities


def _calibrated_like(
    curve: Callable[[Floats, Floats], Any],
    learnt: Floats,
    labels: NDArray[np.intp],
    unseen: Floats,
) -> Floats:
    """As scikit-learn's ``CalibratedClassifierCV`` does: a curve a class, then shares of one."""
    classes = range(1, 2) if unseen.shape[1] == 2 else range(unseen.shape[1])
    columns = [
        curve(learnt[:, index], (labels == index).astype(np.float64)).predict(unseen[:, index])
        for index in classes
    ]
    if len(columns) == 1:
        return np.column_stack([1 - columns[0], columns[0]])
    probabilities = np.column_stack(columns)
    total = probabilities.sum(axis=1, keepdims=True)
    return np.where(
        total > 0, probabilities / np.where(total > 0, total, 1), 1 / probabilities.shape[1]
    )


def _sigmoid(chances: Floats, right: Floats) -> Any:
    from sklearn.calibration import _SigmoidCalibration

    return _SigmoidCalibration().fit(chances, right)


def _isotonic(chances: Floats, right: Floats) -> Any:
    from sklearn.isotonic import IsotonicRegression

    return IsotonicRegression(out_of_bounds="clip").fit(chances, right)


_CURVES: dict[str, Callable[[Floats, Floats], Any]] = {"sigmoid": _sigmoid, "isotonic": _isotonic}
