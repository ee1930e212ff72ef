"""A candidate on every fold: several folds at once, one thread each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tablecast.errors import TrainingError
from tablecast.training.experiment.weights import takes_weights
from tablecast.training.search.candidates import Candidate, make
from tablecast.training.search.trial import TOO_LONG, Trial, fold_loss
from tablecast.training.search.views import Fold, View

# Far behind on the first folds: the others will not change that.
HOPELESS = 1.3
# All of a process's support vector machines draw from one generator (libsvm's): two at once would
# take turns with it as their threads happen to run, and so would their probabilities.
ONE_AT_A_TIME = ("rbfsvm",)
_alone = threading.Lock()
#: Folds that a candidate is judged by first, where rows are many; one whole division where not,
#: since two folds of few rows tell nothing.
FIRST_FOLDS = 2


@dataclass(frozen=True, eq=False)
class _Fitted:
    """What a fold gave.

    Attributes:
        estimator: fitted; None where nobody needs it.
        predictions: of the unseen rows.
        seconds: that it took.
    """

    estimator: Any
    predictions: NDArray[np.float64]
    seconds: float


def try_candidate(
    candidate: Candidate,
    view: View,
    best: Sequence[float] | None,
    has_time: Callable[[float], bool] = lambda _: True,
) -> Trial:
    """Fit and answer every fold; stops after the first ones where the best is far ahead.

    Args:
        candidate: the estimator and its settings.
        view: what it is given.
        best: the losses of the best so far, fold by fold; None where there is none.
        has_time: whether there are so many seconds, which the other folds would take.

    Raises:
        TrainingError: a classifier gives no probabilities.
        Exception: whatever the estimator raises.
    """
    first = min(view.folds_once if view.few else FIRST_FOLDS, len(view.folds))
    fitted = _fit(candidate, view, range(first))
    predictions = np.full((len(view.target), *fitted[0].predictions.shape[1:]), np.nan)
    losses = _losses(view, predictions, fitted, 0)
    rest = range(first, len(view.folds))
    hopeless = best and _hopeless(losses, best[:first], view.few)
    late = not hopeless and not has_time(_mean_seconds(fitted) * len(rest) / view.executor.width)
    if not (hopeless or late):
        fitted += _fit(candidate, view, rest)
        losses += _losses(view, predictions, fitted[first:], first)
    return Trial(
        view,
        ((candidate, 1),),
        predictions,
        tuple(losses),
        _mean_seconds(fitted),
        str(view.experiment._all_models[candidate.model].name),
        why=TOO_LONG if late else None,
        fitted=_last(view, fitted),
    )


def _last(view: View, fitted: Sequence[_Fitted]) -> tuple[Any, Any] | None:
    """The steps and the estimator of the last fold; None where it was not tried."""
    estimator = fitted[-1].estimator
    return None if estimator is None else (view.folds[-1].steps, estimator)


def _mean_seconds(fitted: Sequence[_Fitted]) -> float:
    return float(np.mean([fit.seconds for fit in fitted]))


def _hopeless(losses: Sequence[float], best: Sequence[float], few: bool) -> bool:
    """Whether it loses far more than the best; where rows are few, on most of these folds."""
    apart = np.subtract(losses, best)
    certain = not few or apart.mean() > 2 * apart.std() / len(apart) ** 0.5
    return bool(certain and sum(losses) > HOPELESS * sum(best))


def _fit(candidate: Candidate, view: View, folds: Sequence[int]) -> list[_Fitted]:
    """The candidate on the folds of these places; its estimator is kept of the last of all."""
    last = len(view.folds) - 1
    alone = candidate.model in ONE_AT_A_TIME
    calls = [
        (place, (make(candidate, view, view.folds[place].y), view.task, alone, place == last))
        for place in folds
    ]
    fitted: list[_Fitted] = view.runner.map(fit_fold, calls)
    return fitted


def fit_fold(fold: Fold, estimator: Any, task: str, alone: bool, kept: bool) -> _Fitted:
    """An estimator fitted on a fold, and its answers; in a thread, or on a cluster's worker.

    Args:
        fold: what it learns from, and the rows to answer.
        estimator: not fitted.
        task: "regression" or "classification".
        alone: whether no other such one may be fitted in this process meanwhile.
        kept: whether the fitted estimator is asked for.

    Raises:
        TrainingError: it cannot weigh rows, or gives no probabilities.
        Exception: whatever it raises.
    """
    began = time.monotonic()
    with _alone if alone else nullcontext():
        if fold.weights is None:
            estimator.fit(fold.x, fold.y)
        elif takes_weights(estimator):
            estimator.fit(fold.x, fold.y, sample_weight=fold.weights)
        else:
            raise TrainingError("it cannot weigh rows")
    if task == "regression":
        answers = estimator.predict(fold.unseen_x)
    elif hasattr(estimator, "predict_proba"):
        answers = estimator.predict_proba(fold.unseen_x)
    else:
        raise TrainingError("it gives no probabilities")
    predictions = np.asarray(answers, dtype=np.float64)
    return _Fitted(estimator if kept else None, predictions, time.monotonic() - began)


def _losses(
    view: View, predictions: NDArray[np.float64], fitted: Sequence[_Fitted], start: int
) -> list[float]:
    """Put the answers into their places, and say what each fold loses."""
    losses = []
    for number, fit in enumerate(fitted, start):
        predictions[view.folds[number].unseen] = fit.predictions
        losses.append(fold_loss(view, number, predictions))
    return losses
