"""The trials of a search: what was tried, its cost, and whether there is time for more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.errors import EngineError, Remark, UnsupportedStep, counted
from tablecast.training.cluster.executor import Executor, Threads
from tablecast.training.experiment.whole_table import WholeTable
from tablecast.training.graph_cost import Cost, joined, measure
from tablecast.training.search.blend_weights import MOST_MEMBERS
from tablecast.training.search.budget import Budget
from tablecast.training.search.candidates import Candidate
from tablecast.training.search.cross_validation import at_once, fit_ahead, try_candidate
from tablecast.training.search.forest_size import with_room
from tablecast.training.search.step_memory import StepMemory
from tablecast.training.search.trial import TOO_LONG, Trial, distinct
from tablecast.training.search.views import Recipe, View

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

Progress = Callable[[str], None]

# What is further behind the best is not tuned, and no blend is expected to have it.
WORTH_TUNING = 1.05


@dataclass(eq=False)
class Pool:
    """What a search has found so far, and the limits that it keeps.

    Attributes:
        largest: the largest graph, in bytes.
        max_latency: microseconds that a row may take in the graph; where trials are counted it does
            not count, since a clock would decide.
        executor: fits candidates.
        whole: all rows, where ``prepared`` is a sample of them.
        memory: of the steps that views begin with.
        trials: everything that was fitted on every fold, and blends of it.
        dropped: what was stopped early, or breaks a limit.
        failed: what could not be fitted, as entries of the leaderboard.
        skipped: what the budget left out, as entries of the leaderboard.
        done: how many estimators were tried, whatever became of them.
        part: what the search is at, in words.
        ended: in what the budget ended the search; empty where it has not.
        interrupted: whether Ctrl-C ended it.
    """

    prepared: Prepared
    budget: Budget
    seed: int
    largest: float
    progress: Progress
    max_latency: float = float("inf")
    executor: Executor = field(default_factory=Threads)
    whole: WholeTable | None = None
    memory: StepMemory = field(default_factory=StepMemory)
    trials: list[Trial] = field(default_factory=list)
    dropped: list[Trial] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    done: int = 0
    part: str = "its first round"
    ended: str = ""
    interrupted: bool = False

    @property
    def table(self) -> WholeTable:
        """All rows that the pipeline learns from in the end."""
        places = np.arange(len(self.prepared.table))
        return self.whole or WholeTable(self.prepared, self.prepared, places)

    @property
    def best(self) -> Trial | None:
        return min(self.trials, key=lambda trial: trial.loss, default=None)

    def ranked(self) -> list[Trial]:
        """Best first."""
        return sorted(self.trials, key=lambda trial: trial.loss)

    def attempt(self, candidate: Candidate, view: View, due: Sequence[Candidate] = ()) -> None:
        """Try a candidate if the budget allows, and put it where it belongs.

        Args:
            due: what is tried next with the same view.
        """
        name = view.experiment._all_models[candidate.model].name
        if self.is_over(self._seconds_of(candidate, view)):
            self.leave_out(candidate.model, name, view.recipe, candidate.tuned)
            return
        self.done += 1
        self.say(f"{name}, {view.recipe.name}")
        best = self.best
        try:
            candidate = self._with_room(candidate, view)
            fit_ahead([candidate, *self._soon(due, view)], view)
            trial = try_candidate(
                candidate, view, best.losses if best else None, self._has_time
            )
        except EngineError:  # whoever should fit it is gone
            raise
        except Exception as error:  # estimators raise whatever they like
            self.fail(candidate.model, name, view.recipe, error)
            return
        trial = self._measured(trial)
        if trial.why:
            self.dropped.append(trial)
        elif np.isfinite(trial.loss):
            self.trials.append(trial)

    def _soon(self, due: Sequence[Candidate], view: View) -> list[Candidate]:
        """Of what is due, what the budget and the workers have room for."""
        left = len(due) if self.budget.trials is None else self.budget.trials - self.done
        soon = []
        for one in due[: max(min(left, at_once(view) - 1), 0)]:
            if self.budget.allows(self.done, self._seconds_of(one, view), self._fitting()):
                with suppress(Exception):  # which is told when it is tried
                    soon.append(self._with_room(one, view))
        return soon

    def _with_room(self, candidate: Candidate, view: View) -> Candidate:
        """With as many trees as there is room for; they are counted once."""
        known: list[Candidate] = [sized for one, sized in view.sized if one == candidate]
        if known:
            return known[0]
        sized = with_room(candidate, view, len(self.table.prepared.table), self.largest)
        view.sized.append((candidate, sized))
        return sized

    def is_over(self, seconds: float = 0.0) -> bool:
        """Whether the budget has ended the search, or does so before a trial of so many seconds.

        What the first trial takes nobody knows, and without it there is nothing to save.
        """
        if not self.ended and self.trials:
            more = self.budget.allows(self.done, seconds, self._fitting())
            self.ended = "" if more else self.part
        return bool(self.ended)

    def _fitting(self) -> float:
        """What a fit of a blend of the best of each kind takes, which is mostly chosen."""
        alone = [trial for trial in self.ranked() if len(trial.members) == 1]
        best = distinct(alone, each=1)[:MOST_MEMBERS]
        return sum(one.seconds for one in best if self.may_be_member(one))

    def may_be_member(self, trial: Trial) -> bool:
        """Whether a blend is expected to have it: nearly as good as the best, or in a product."""
        best = self.best
        return trial.view.multiplied or best is None or trial.loss <= WORTH_TUNING * best.loss

    def _seconds_of(self, candidate: Candidate, view: View) -> float:
        """What the candidate may take on all folds, by the longest of its kind."""
        known = [
            trial.seconds for trial in [*self.trials, *self.dropped]
            if trial.members[0][0].kind == candidate.kind
        ]
        return max(known, default=0.0) * len(view.folds) / view.executor.width

    def _has_time(self, seconds: float) -> bool:
        """Whether the other folds of a trial may take so long; those of the first always may."""
        counted = self.budget.trials is not None
        return counted or not self.trials or self.budget.left(self._fitting()) > seconds

    def _measured(self, trial: Trial) -> Trial:
        """With what a row costs in its graph, and why it cannot be chosen, if so."""
        fitted, trial = trial.fitted, replace(trial, fitted=None)
        if not trial.whole:
            return replace(trial, why=trial.why or _far_behind(len(trial.losses)))
        best = self.best
        if best and not self.budget.bears(trial.seconds):
            return replace(trial, why=TOO_LONG)
        if fitted is None:
            return trial
        try:
            cost = measure(joined(*fitted), self.prepared)
        except UnsupportedStep as error:
            return replace(trial, why=not_usable(error))
        return replace(trial, cost=cost, why=self.beyond(cost))

    def beyond(self, cost: Cost) -> Remark | None:
        """Which limit a row's cost breaks; None where it keeps both."""
        slow = cost.too_slow(self.max_latency) if self.budget.trials is None else None
        return slow or cost.too_large(self.largest)

    def say(self, running: str) -> None:
        """What runs now, and the best so far."""
        best = self.best
        so_far = f"best so far: {best.name}, {score_of(best)}" if best else ""
        self.budget.line(running, so_far, self.done, self.progress)

    def leave_out(self, model: str, name: str, recipe: Recipe, tuned: bool = False) -> None:
        """Note that the budget had no room for something."""
        entry = {"model": model, "name": name, "features": recipe.remark, "tuned": tuned}
        timed = self.budget.trials is None
        why = Remark("not tried: out of time") if timed else Remark("not tried: out of trials")
        self.skipped.append({**entry, "trials": 1, "why": why})

    def fail(self, model: str, name: str, recipe: Recipe, error: Exception) -> None:
        """Note that something could not be fitted, and the first line of what it said."""
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        entry = {"model": model, "name": name, "features": recipe.remark, "error": reason}
        why = Remark("could not be fitted: {error}", values={"error": reason})
        self.failed.append({**entry, "why": why})


def score_of(trial: Trial) -> Remark:
    """A score for a person."""
    if trial.view.task == "classification":
        return Remark("log loss {score:.4f}", values={"score": trial.loss})
    score = 1 - float(np.mean(trial.losses) / trial.view.variance)
    return Remark("R2 {score:.4f}", values={"score": score})


def not_usable(error: Exception) -> Remark:
    """Why a pipeline cannot be chosen, by the error that it met."""
    return Remark("not usable: {error}", values={"error": str(error)})


def _far_behind(folds: int) -> Remark:
    return counted(
        "stopped early: far behind after {count} fold",
        "stopped early: far behind after {count} folds",
        folds,
    )
