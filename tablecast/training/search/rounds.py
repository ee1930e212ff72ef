"""The search: views, estimators, tuning, blends, and the choice by cross-validation.

What is quick and strong comes first, so that the best so far is good after any budget: PyCaret's
own boosted trees and line on the columns as they are, then what is searched for, then what is slow.
"""

from __future__ import annotations

import time

from tablecast.errors import TrainingError
from tablecast.training.search.blending import Blending
from tablecast.training.search.candidates import first
from tablecast.training.search.pool import Pool
from tablecast.training.search.temperature_scaling import all_tempered
from tablecast.training.search.tuning import Tuning
from tablecast.training.search.views import Recipe, View, view_of


class Search(Pool):
    """A search under way: the rounds that fill its pool."""

    def run(self) -> None:
        """All rounds, as far as the budget allows; an interrupt keeps what was found.

        Raises:
            TrainingError: the budget was over before it began, or nothing can be chosen.
        """
        self.budget.check_begun()
        try:
            views = self._first_round()
            self.part = "tuning"
            if self.trials:
                Tuning(self).run()
                Blending(self, views).run()
                self.trials += all_tempered(self.ranked())
        except KeyboardInterrupt:
            if not self.trials:
                raise
            self.interrupted = True
            self.progress("Interrupted; keeping the best model so far.")
        if not self.trials:
            reasons = [str(trial.why) for trial in self.dropped]
            reasons += [entry["error"] for entry in self.failed]
            raise TrainingError(
                "No model could be trained on this table. The first error: "
                f"{reasons[0].rstrip('.')}."
            )

    def _first_round(self) -> list[View]:
        """Each estimator once; a view is prepared when the first of its estimators is due."""
        views: dict[Recipe, View | None] = {}
        rows, columns = self.prepared.table.shape
        candidates = first(self.prepared.task, rows, columns)
        for place, candidate in enumerate(candidates):
            recipe = Recipe(candidate.features)
            if recipe not in views:
                known = [view.preparing * len(view.folds) for view in views.values() if view]
                views[recipe] = self._view(recipe, max(known, default=0.0))
            if view := views[recipe]:
                due = [one for one in candidates[place + 1 :]
                       if one.features == candidate.features]  # fmt: skip
                self.attempt(candidate, view, due)
        return [view for view in views.values() if view]

    def _view(self, recipe: Recipe, seconds: float) -> View | None:
        """None where the budget, or one of its steps, leaves it out; others took so long."""
        if self.is_over(seconds):
            self.leave_out("", f"All with {recipe.name}", recipe)
            return None
        self.say(f"preparing {recipe.name}")
        began = time.monotonic()
        try:
            view = view_of(self.prepared, recipe, self.seed, self.executor, self.memory)
            self.budget.prepared((time.monotonic() - began) / view.repeats)
            return view
        except TrainingError:  # of the table itself, whatever the view
            raise
        except Exception as error:  # some steps fail on some tables; other views may not
            self.fail("", recipe.name.capitalize(), recipe, error)
            return None
