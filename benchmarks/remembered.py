"""Searches of one table that share their fits, so that twenty variants cost little more than one.

A variant of a search mostly fits the same estimators on the same folds, and decides otherwise. So
each fit is remembered by its fold and its estimator, with the processor's seconds that it took, and
the clock of a search is the sum of what it asked for: its budget ends it at the same trial on any
machine, however busy. What a search chooses is fitted on its training part, and judged by the test
rows, which no choice saw. Graphs are not compiled.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import joblib
import numpy as np
from numpy.typing import NDArray

from tablecast.features.bounded import near_the_others
from tablecast.features.temperature import multiplied, raised
from tablecast.training.cluster.executor import threads
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.search import cross_validation, rounds
from tablecast.training.search.budget import Budget
from tablecast.training.search.candidates import make
from tablecast.training.search.trial import LEAST_PROBABILITY, Trial
from tablecast.training.search.views import Fold, Recipe, View, view_of

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

Floats = NDArray[np.float64]
#: A budget that ends no search.
ENDLESS = 1e9
_fit = cross_validation.fit_fold


@dataclass(frozen=True)
class Outcome:
    """What a search came to.

    Attributes:
        figure: R2, or the log loss, of the test rows.
        seconds: of the processor, for its views and fits.
        trials: how many estimators were tried.
        name: of what was chosen.
    """

    figure: float
    seconds: float
    trials: int
    name: str


class Searches:
    """Searches of one table with one seed.

    Args:
        prepared: the whole table; its own test rows judge.
        seed: decides them, the folds and the draws.
    """

    def __init__(self, prepared: Prepared, seed: int) -> None:
        self._prepared, self._seed = prepared, seed
        self._fitted: dict[tuple[str, str], Any] = {}
        self._folds: dict[Fold, str] = {}
        self._views: dict[tuple[Recipe, str], tuple[View, float]] = {}
        self._whole: dict[View, Fold] = {}
        self.asked: list[float] = []

    def run(self, seconds: float | None = None, views: str = "") -> Outcome:
        """Search, with whatever is patched meanwhile.

        Args:
            seconds: of a budget, of which this machine's cores take part in fits; None for no end.
            views: what views are made with; those of the same are made once.
        """
        self.asked = []
        budget = _Counted(self, ENDLESS if seconds is None else seconds, self._prepared)
        search = rounds.Search(
            self._prepared, budget, self._seed, largest=float("inf"), progress=lambda _: None
        )
        with quiet_and_single(), self._remembering(views):
            search.run()
            spent, chosen = sum(self.asked), search.ranked()[0]
            return Outcome(self._figure(chosen), spent, search.done, chosen.name)

    @property
    def elapsed(self) -> float:
        """Seconds of a clock on this machine, if nothing else ran here."""
        return sum(self.asked) / threads()

    @contextmanager
    def _remembering(self, views: str) -> Iterator[None]:
        def view(prepared: Prepared, recipe: Recipe, *more: Any) -> View:
            if (recipe, views) not in self._views:
                began = time.process_time()
                made = view_of(prepared, recipe, *more)
                self._views[recipe, views] = made, time.process_time() - began
            made, took = self._views[recipe, views]
            self.asked.append(took)
            return made

        with (
            patch.object(rounds, "view_of", view),
            patch.object(cross_validation, "fit_fold", self._fold),
        ):
            yield

    def _fold(self, fold: Fold, estimator: Any, task: str, alone: bool, _kept: bool) -> Any:
        """As ``cross_validation.fit_fold``, once for each fold and estimator."""
        if fold not in self._folds:
            self._folds[fold] = joblib.hash((fold.x, fold.y, fold.unseen_x, fold.weights))
        key = self._folds[fold], joblib.hash(estimator)
        if key not in self._fitted:
            began = time.thread_time()
            fitted = _fit(fold, estimator, task, alone, False)
            self._fitted[key] = replace(fitted, seconds=time.thread_time() - began)
        self.asked.append(self._fitted[key].seconds)
        return self._fitted[key]

    def _figure(self, chosen: Trial) -> float:
        view = chosen.view
        fold = self._whole.setdefault(view, _whole(view))
        members = [
            self._fold(
                fold, make(one, view, fold.y), view.task,
                False, False,
            ).predictions
            for one, _ in chosen.members
        ]
        weights = np.array([weight for _, weight in chosen.members], dtype=np.float64)
        stacked = np.stack(members, axis=-1)
        if chosen.apart:
            stacked = near_the_others(stacked, weights, chosen.apart)
        mean = (
            multiplied(members, weights) if chosen.multiplied
            else np.average(stacked, axis=-1, weights=weights)
        )
        wanted = view.experiment.y_test.to_numpy()
        if view.task == "regression":
            error = wanted - fold.in_units(mean)
            return float(1 - np.mean(error**2) / np.var(wanted))
        places = np.searchsorted(np.unique(view.target), wanted)
        shares = raised(mean, chosen.power)[np.arange(len(wanted)), places]
        return float(-np.log(np.clip(shares, LEAST_PROBABILITY, 1)).mean())


class _Counted(Budget):
    """A budget whose clock counts what a search asked for."""

    def __init__(self, searches: Searches, seconds: float, prepared: Prepared) -> None:
        from tablecast.training.experiment.out_of_fold import usual_refits

        super().__init__(seconds, refits=usual_refits(prepared))
        self._searches = searches

    def spent(self) -> float:
        return self._searches.elapsed

    def prepared(self, _seconds: float) -> None:
        """Of views, the first is all that was asked for so far."""
        super().prepared(sum(self._searches.asked))


def _whole(view: View) -> Fold:
    """The training part and the test rows, as a fold."""
    from sklearn.base import clone

    experiment = view.experiment
    steps = clone(experiment.pipeline)
    made = steps.fit_transform(experiment.X_train, experiment.y_train)
    x, y = made if isinstance(made, tuple) else (made, experiment.y_train)
    unseen = steps.transform(experiment.X_test)
    return Fold(steps, x, y, unseen, np.arange(len(unseen)))
