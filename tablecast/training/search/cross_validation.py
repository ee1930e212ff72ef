"""A candidate on every fold: several folds at once, one thread each.

Where there are more workers than folds, candidates that follow are fitted with it (``fit_ahead``).
"""

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
from tablecast.training.cluster.executor import Call
from tablecast.training.experiment.weights import takes_weights
from tablecast.training.search.candidates import ONE_AT_A_TIME, Candidate, make
from tablecast.training.search.temperature_scaling import judged
from tablecast.training.search.trial import TOO_LONG, Trial
from tablecast.training.search.views import Fold, View

# Far behind on the first folds: the others will not change that.
HOPELESS = 1.5
_alone = threading.Lock()
#: Folds that a candidate is judged by first; where rows are divided several times, one whole
#: division, since two folds of few rows tell nothing.
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
    once = len(view.folds) // view.repeats
    first = once if view.repeats > 1 else min(FIRST_FOLDS, once)
    fitted = _fit(candidate, view, range(first))
    predictions = np.full((len(view.target), *fitted[0].predictions.shape[1:]), np.nan)
    _put(view, predictions, fitted)
    power, losses = judged(view, predictions, first)
    rest = range(first, len(view.folds))
    hopeless = best and sum(losses) > HOPELESS * sum(best[:first])
    seconds = 0.0 if made_ahead(candidate, view) else _mean_seconds(fitted) * len(rest)
    late = not hopeless and not has_time(seconds / view.executor.width)
    if not (hopeless or late):
        fitted += _fit(candidate, view, rest)
        _put(view, predictions, fitted)
        power, losses = judged(view, predictions, len(view.folds))
    return Trial(
        view,
        ((candidate, 1),),
        predictions,
        losses,
        _mean_seconds(fitted),
        str(view.experiment._all_models[candidate.model].name),
        why=TOO_LONG if late else None,
        power=power,
        fitted=_last(view, fitted),
    )


def _last(view: View, fitted: Sequence[_Fitted]) -> tuple[Any, Any] | None:
    """The steps and the estimator of the last fold; None where it was not tried."""
    estimator = fitted[-1].estimator
    return None if estimator is None else (view.folds[-1].steps, estimator)


def _mean_seconds(fitted: Sequence[_Fitted]) -> float:
    return float(np.mean([fit.seconds for fit in fitted]))


def fit_ahead(due: Sequence[Candidate], view: View) -> None:
    """Fit what is due on all folds, as far as there are more workers than one's folds keep busy.

    A candidate is judged when those before it are, but fitted without them: so a search finds the
    same, and workers that would wait do what may not be asked for.

    Args:
        due: what is tried next, and what follows.
        view: of all of them.
    """
    if view.executor.width < len(view.folds) or made_ahead(due[0], view):
        return
    places = range(len(view.folds))
    calls = [call for one in due[: at_once(view)] for call in _calls(one, view, places)]
    fitted = view.runner.map(fit_or_nothing, calls)
    view.ahead = [
        (one, fitted[at : at + len(places)])
        for one, at in zip(due, range(0, len(fitted), len(places)), strict=False)
    ]


def at_once(view: View) -> int:
    """How many candidates all workers together fit on all folds."""
    return max(view.executor.width // len(view.folds), 1)


def made_ahead(candidate: Candidate, view: View) -> list[_Fitted]:
    """The candidate on all folds, if it was fitted before and can be; else nothing."""
    for one, fitted in view.ahead:
        if one == candidate and None not in fitted:
            return fitted
    return []


def _fit(candidate: Candidate, view: View, folds: Sequence[int]) -> list[_Fitted]:
    """The candidate on the folds of these places; its estimator is kept of the last of all."""
    if made := made_ahead(candidate, view):
        return [made[place] for place in folds]
    fitted: list[_Fitted] = view.runner.map(fit_fold, _calls(candidate, view, folds))
    return fitted


def _calls(candidate: Candidate, view: View, folds: Sequence[int]) -> list[Call]:
    last = len(view.folds) - 1
    alone = candidate.model in ONE_AT_A_TIME
    return [
        (place, (make(candidate, view, view.folds[place].y), view.task, alone, place == last))
        for place in folds
    ]


def fit_or_nothing(*arguments: Any) -> _Fitted | None:
    """As ``fit_fold``; None where that raises, which it does again when it is asked for."""
    try:
        return fit_fold(*arguments)
    except Exception:
        return None


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


def _put(view: View, predictions: NDArray[np.float64], fitted: Sequence[_Fitted]) -> None:
    """The folds' answers into their places."""
    for fold, fit in zip(view.folds, fitted, strict=False):
        predictions[fold.unseen] = fit.predictions
