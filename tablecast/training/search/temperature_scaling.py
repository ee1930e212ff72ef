"""One power for all probabilities, learnt on out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from tablecast.features.temperature import raised
from tablecast.training.search.trial import LEAST_PROBABILITY, Trial, all_losses
from tablecast.training.search.views import View

Floats = NDArray[np.float64]

# The power is at most so many times 1, or so many times less.
FARTHEST = 4.0
# Before a row is seen, the power's logarithm is believed to be normal about 0, with a deviation of
# 0.7 (this is one half over its square). Classes that are told apart without an error would
# otherwise ask for the farthest there is.
DRAWN_BACK = 1.0
#: A smaller share of the loss is not worth another number in the pipeline.
WORTH_TEMPERING = 0.001
# Forests and boosted trees can be so far from as sure as they should be that another is the best
# once all are: on 1,257 digits extra trees' log loss fell from 0.30 to 0.08.
MOST_TEMPERED = 5


def all_tempered(ranked: Sequence[Trial]) -> list[Trial]:
    """The best of a search, tempered."""
    return [trial for trial in map(tempered, ranked[:MOST_TEMPERED]) if trial]


def tempered(tried: Trial) -> Trial | None:
    """A classifier with its probabilities raised to the power that its out-of-fold answers ask for.

    One number is learnt from all rows, as a blend's weights are, and so its loss is measured on
    them too. It fits no more than it did.

    Args:
        tried: what has probabilities that are not raised yet.

    Returns:
        None where the loss would hardly fall.
    """
    if tried.view.task != "classification" or tried.power != 1.0 or tried.multiplied:
        return None
    power, losses = _worth_raising(tried.view, tried.predictions, tried.losses)
    return replace(tried, losses=losses, power=power) if power != 1.0 else None


def judged(view: View, predictions: Floats, folds: int) -> tuple[float, tuple[float, ...]]:
    """The power that an estimator's probabilities ask for, and what the first folds lose with it.

    Forests say too little and large boosted trees too much, and a blend mends both: so classes are
    judged by what they tell apart. Few rows would only make their chance another one.
    """
    losses = all_losses(view, predictions, folds)
    if not view.multiplied:
        return 1.0, losses
    return _worth_raising(view, predictions, losses)


def _worth_raising(
    view: View, predictions: Floats, losses: tuple[float, ...]
) -> tuple[float, tuple[float, ...]]:
    """The power and the losses of as many folds with it; 1 where they would hardly fall."""
    places = np.concatenate([fold.unseen for fold in view.folds[: len(losses)]])
    weights = None if view.weights is None else view.weights[places]
    rows = len(view.experiment.y_train)
    power = power_of(predictions[places], view.labels[places], rows, weights)
    less = all_losses(view, raised(predictions, power), len(losses))
    worth = np.mean(less) < (1 - WORTH_TEMPERING) * np.mean(losses)
    return (power, less) if worth else (1.0, losses)


def power_of(
    predictions: Floats, labels: NDArray[np.intp], rows: int, weights: Floats | None = None
) -> float:
    """The power with the least log loss, drawn back to 1 the more the fewer rows there are.

    Args:
        predictions: out-of-fold probabilities, (answered rows, classes).
        labels: the place of each answered row's class.
        rows: of the table; each may have been answered several times.
        weights: how much each answered row counts; None where all count alike.
    """
    own = np.arange(len(labels))

    def loss(logarithm: float) -> float:
        probabilities = raised(predictions, float(np.exp(logarithm)))[own, labels]
        fit = -np.average(np.log(np.maximum(probabilities, LEAST_PROBABILITY)), weights=weights)
        return float(fit + DRAWN_BACK / rows * logarithm**2)

    ends = (-np.log(FARTHEST), np.log(FARTHEST))
    # Two decimals: what the last bit of a probability moves is not in the answers.
    return round(float(np.exp(minimize_scalar(loss, bounds=ends, method="bounded").x)), 2)
