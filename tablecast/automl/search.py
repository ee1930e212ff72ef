"""The search: views, estimators, tuning, blends, and the choice by cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.automl.afterwards import TOO_LONG, Afterwards
from tablecast.automl.blending import Blending
from tablecast.automl.calibration import calibrated
from tablecast.automl.candidates import Candidate, first
from tablecast.automl.clock import Clock
from tablecast.automl.fitting import threads, try_candidate
from tablecast.automl.limits import Cost, joined
from tablecast.automl.room import Room
from tablecast.automl.temper import all_tempered
from tablecast.automl.tried import Tried, near
from tablecast.automl.tuning import Tuning
from tablecast.automl.views import Recipe, View, recipes, view_of
from tablecast.errors import TrainingError, UnsupportedStep

if TYPE_CHECKING:
    from tablecast.reading.inspection import Prepared

Progress = Callable[[str], None]

#: Seconds, where the command names none: as long as a person waits with a coffee.
DEFAULT_BUDGET = 120.0
# A forest so far behind will not be the best, nor in a blend, with more trees.
WORTH_GROWING = 1.05
# Trees of a forest that grows take as long as those that it has; a busy moment, somewhat longer.
MARGIN = 1.2
# A tuned candidate is compiled, to see how fast its graph is, only where it may be chosen.
WORTH_COMPILING = 1.05


@dataclass(eq=False)
class Search:
    """A search under way, and what it has found.

    Attributes:
        largest: the largest graph, in bytes.
        tried: everything that was fitted on every fold.
        dropped: what was stopped early, or breaks a limit.
        failed: what could not be fitted, as entries of the leaderboard.
        skipped: what the budget left out, as entries of the leaderboard.
        max_latency: microseconds that a row may take in the graph.
        spare: by how many seconds the final estimator may take longer to fit than the best so far:
            tuning leaves them for a blend.
        draws, steps: rounds of tuning that were done.
        ended: in what the time ended the search; empty where it has not.
    """

    prepared: Prepared
    clock: Clock
    seed: int
    largest: float
    progress: Progress
    tried: list[Tried] = field(default_factory=list)
    dropped: list[Tried] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    max_latency: float = float("inf")
    spare: float = 0.0
    draws: int = 0
    steps: int = 0
    ended: str = ""

    def __post_init__(self) -> None:
        self.afterwards = Afterwards(self.prepared, self.clock)
        self.room = Room(self.largest, len(self.prepared.table))
        self._part = "its first round"

    @property
    def best(self) -> Tried | None:
        return min(self.tried, key=lambda one: one.loss, default=None)

    def run(self) -> None:
        """All rounds, as far as the time allows; an interrupt keeps what was found."""
        self.afterwards.check_begun()
        try:
            views = self._first_round()
            self._grow()
            self._part = "tuning"
            Tuning(self).run()
            Blending(self, views).run()
            self._calibrate()
        except KeyboardInterrupt:
            if not self.tried:
                raise
            self.clock.interrupt()
            self.progress("Interrupted; the best so far is kept.")
        if not self.tried:
            reasons = [one.why for one in self.dropped] + [one["error"] for one in self.failed]
            raise TrainingError(
                "No estimator can be chosen for this table. The first that was tried: "
                f"{reasons[0].rstrip('.')}."
            )

    def ranked(self) -> list[Tried]:
        """Best first; where rows are few, a blend before what it is not clearly worse than."""
        ranked = sorted(self.tried, key=lambda one: one.loss)
        steady = [one for one in ranked if one.steady and near(one, ranked[0])]
        return [*steady, *(one for one in ranked if one not in steady)]

    def _first_round(self) -> list[View]:
        views: list[View] = []
        for recipe in recipes(self.prepared):
            if self.tried and not self.has_time(0.0):
                self.leave_out("", f"All with {recipe.name}", recipe)
                continue
            self.clock.line(f"preparing {recipe.name}", self._said(), self.progress)
            try:
                view = self.afterwards.prepare(partial(view_of, self.prepared, recipe, self.seed))
            except TrainingError:  # of the table itself, whatever the view
                raise
            except Exception as error:  # some steps fail on some tables; other views may not
                self._failed("", recipe.name.capitalize(), recipe, error)
                continue
            views.append(view)
            rows = len(self.prepared.table)
            for candidate in first(self.prepared.task, rows, recipe.features):
                self.attempt(candidate, view)
        return views

    def _grow(self) -> None:
        """Give forests that were tried with few trees as many as the graph has room for.

        The size of their trees was not known before; more trees only steady the answers.
        """
        best = self.best
        alike = [one for one in self.tried if best and one.loss <= WORTH_GROWING * best.loss]
        found = [(one, self.room.growth(one.members[0][0])) for one in alike]
        wanted = [(one, times) for one, times in found if times > 1]
        seconds = sum(times * self.seconds_of(one) for one, times in wanted)
        if wanted and self.has_time(MARGIN * seconds):
            for one, _ in wanted:
                self.attempt(one.members[0][0], one.view)

    def _calibrate(self) -> None:
        """Make the best's probabilities as sure as they should be, where that is worth it."""
        ranked = self.ranked()
        self.tried += all_tempered(ranked)
        for one in ranked[:1]:
            for made in calibrated(one):
                if self.afterwards.bears(made.seconds):
                    self.tried.append(made)
                else:
                    self.dropped.append(replace(made, why=TOO_LONG))

    def attempt(self, candidate: Candidate, view: View) -> None:
        """Try a candidate if there is time, and put it where it belongs."""
        name = view.experiment._all_models[candidate.model].name
        known = [self.seconds_of(one) for one in [*self.tried, *self.dropped]
                 if one.members[0][0].model == candidate.model]
        if self.tried and not self.has_time(max(known, default=0.0)):
            self.leave_out(candidate.model, name, view.recipe, candidate.tuned)
            return
        self.clock.line(f"{name}, {view.recipe.name}", self._said(), self.progress)
        best, candidate = self.best, self.room.filled(candidate)
        try:
            tried = try_candidate(candidate, view, best.losses if best else None)
        except Exception as error:  # estimators raise whatever they like
            self._failed(candidate.model, name, view.recipe, error)
            return
        tried = self._measured(tried, candidate.tuned)
        if tried.why:
            self.dropped.append(tried)
        elif np.isfinite(tried.loss):
            self.tried.append(tried)
            if best is None:
                self.afterwards.check(tried.name, tried.seconds)
            self.keep_time()

    def _measured(self, tried: Tried, tuned: bool) -> Tried:
        """With what a row costs in its graph, and why it cannot be chosen, if so."""
        fitted, tried = tried.fitted, replace(tried, fitted=None)
        if not tried.whole:
            return replace(tried, why=f"far behind after {len(tried.losses)} folds")
        if self.tried and not self.afterwards.bears(tried.seconds):
            return replace(tried, why=TOO_LONG)
        best = self.best
        if fitted is None or (tuned and best and tried.loss > WORTH_COMPILING * best.loss):
            return tried
        try:
            cost = self.afterwards.measure(joined(*fitted))
        except UnsupportedStep as error:
            return replace(tried, why=str(error))
        self.room.note(tried.members[0][0], cost.bytes, len(tried.view.folds[0].x))
        return replace(tried, cost=cost, why=self.beyond(cost))

    def beyond(self, cost: Cost) -> str:
        """Which limit a row's cost breaks, as a sentence's half; empty where it keeps both."""
        slow, close = cost.too_slow(self.max_latency), cost.may_be_too_slow(self.max_latency)
        return self.clock.decide(slow, "", close) or cost.too_large(self.largest)

    def has_time(self, seconds: float) -> bool:
        """Whether there is time for so many seconds more; the first time not, that is noted."""
        enough = self.clock.has(seconds)
        if not enough and not self.ended:
            self.ended = self._part
        return enough

    def seconds_of(self, one: Tried) -> float:
        """What it takes to try once more what is like this."""
        return one.seconds * len(one.view.folds) / threads()

    def keep_time(self) -> None:
        """Let the search end in time for the best so far, and for what is to be spared."""
        if self.best:
            self.afterwards.keep(self.best.seconds + self.spare)

    def leave_out(
        self, model: str, name: str, recipe: Recipe, tuned: bool = False, trials: int = 1
    ) -> None:
        """Note that there was no time for so many trials."""
        entry = {"model": model, "name": name, "features": recipe.name, "tuned": tuned}
        for one in self.skipped:
            if entry.items() <= one.items():
                one["trials"] += trials
                return
        self.skipped.append({**entry, "trials": trials, "why": "no time left for it"})

    def _failed(self, model: str, name: str, recipe: Recipe, error: Exception) -> None:
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        entry = {"model": model, "name": name, "features": recipe.name, "error": said}
        self.failed.append({**entry, "why": f"could not be fitted: {said}"})

    def _said(self) -> str:
        best = self.best
        return f"; best so far: {best.name}, {said_of(best)}" if best else ""


def said_of(tried: Tried) -> str:
    """A score for a person."""
    if tried.view.task == "classification":
        return f"log loss {tried.loss:.4f}"
    return f"R2 {1 - float(np.mean(tried.losses) / np.var(tried.view.target)):.4f}"
