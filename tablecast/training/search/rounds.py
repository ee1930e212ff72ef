"""The search: views, estimators, tuning, blends, and the choice by cross-validation."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tablecast.errors import TrainingError
from tablecast.training.search.blending import Blending
from tablecast.training.search.calibration import calibrated
from tablecast.training.search.candidates import first
from tablecast.training.search.pool import Pool
from tablecast.training.search.temperature import all_tempered
from tablecast.training.search.time_reserve import TOO_LONG
from tablecast.training.search.tuning import Tuning
from tablecast.training.search.views import View, recipes, view_of

if TYPE_CHECKING:
    pass

#: Seconds, where the command names none: as long as a person waits with a coffee.
DEFAULT_BUDGET = 120.0
# A forest so far behind will not be the best, nor in a blend, with more trees.
WORTH_GROWING = 1.05
# Trees of a forest that grows take as long as those that it has; a busy moment, somewhat longer.
MARGIN = 1.2


class Search(Pool):
    """A search under way: the rounds that fill its pool."""

    def run(self) -> None:
        """All rounds, as far as the time allows; an interrupt keeps what was found."""
        self.afterwards.check_begun()
        try:
            views = self._first_round()
            self._grow()
            self.part = "tuning"
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
