"""The candidates of a search: what was tried, what it cost, and what there is still time for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.errors import UnsupportedStep
from tablecast.training.graph_cost import Cost, joined
from tablecast.training.search.budget import Clock
from tablecast.training.search.candidates import Candidate
from tablecast.training.search.cross_validation import threads, try_candidate
from tablecast.training.search.forest_size import Room
from tablecast.training.search.time_reserve import TOO_LONG, Afterwards
from tablecast.training.search.trial import Tried, near
from tablecast.training.search.views import Recipe, View

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

Progress = Callable[[str], None]

# A tuned candidate is compiled, to see how fast its graph is, only where it may be chosen.
WORTH_COMPILING = 1.05


@dataclass(eq=False)
class Pool:
    """What a search has found so far, and the limits that it keeps.

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
        part: what the search is at, in words.
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
    part: str = "its first round"
    ended: str = ""

    def __post_init__(self) -> None:
        self.afterwards = Afterwards(self.prepared, self.clock)
        self.room = Room(self.largest, len(self.prepared.table))

    @property
    def best(self) -> Tried | None:
        return min(self.tried, key=lambda one: one.loss, default=None)

    def ranked(self) -> list[Tried]:
        """Best first; where rows are few, a blend before what it is not clearly worse than."""
        ranked = sorted(self.tried, key=lambda one: one.loss)
        steady = [one for one in ranked if one.steady and near(one, ranked[0])]
        return [*steady, *(one for one in ranked if one not in steady)]

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
            self.ended = self.part
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
