"""The rounds of tuning: draws for the best estimators, then steps from the best of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablecast.automl.candidates import Candidate
from tablecast.automl.fitting import threads
from tablecast.automl.trials import Trials
from tablecast.automl.tried import Tried
from tablecast.automl.views import View

if TYPE_CHECKING:
    from tablecast.automl.search import Search

#: Of the estimators that are tuned, the best so many; draws for each.
TUNED, DRAWS = 3, 8
# What is further behind would take the time of the others.
WORTH_TUNING = 1.05
#: Of one kind, with different features, at most so many.
TUNED_ALIKE = 2
#: Steps from the best settings of each at most; it ends when so many in a row gain less than that.
STEPS, PATIENCE, WORTH_A_STEP = 24, 6, 0.001
#: The folds of fewer rows cannot tell such small differences, and would be learnt by heart.
REFINED_ROWS = 2_000


class Tuning:
    """Tunes what a search has found.

    Args:
        search: after its first round.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._trials = Trials(len(search.prepared.table), search.seed)
        self._kept = self._promising()

    def run(self) -> None:
        """Draw settings in turns, so that a short budget serves all; then step from the best."""
        if not self._kept:  # every estimator was too slow, or failed
            return
        self._spare(self._for_a_blend())
        for _ in range(DRAWS):
            for candidate, view in self._kept:
                trial = self._trials.drawn(candidate, view.recipe.name)
                if trial is not None:
                    self._search.attempt(trial, view)
        if DRAWS and len(self._kept[0][1].experiment.y_train) >= REFINED_ROWS:
            self._refine()
        self._spare(0.0)

    def _promising(self) -> list[tuple[Candidate, View]]:
        kept: list[tuple[Candidate, View]] = []
        ranked = self._search.ranked()
        for one in [one for one in ranked if one.loss <= WORTH_TUNING * ranked[0].loss]:
            candidate = one.members[0][0]
            known = [view.recipe for other, view in kept if other.model == candidate.model]
            if len(kept) < TUNED and len(known) < TUNED_ALIKE and one.view.recipe not in known:
                kept.append((candidate, one.view))
        return kept

    def _refine(self) -> None:
        """While there is time, step from the best settings of each, as long as that helps."""
        patience = [PATIENCE] * len(self._kept)
        for _ in range(STEPS):
            for place, (candidate, view) in enumerate(self._kept):
                best = self._best(candidate.model, view)
                if not patience[place] or self._search.clock.left() < self._needed(best):
                    continue
                trial = self._trials.stepped(best.members[0][0], view.recipe.name)
                if trial is not None:
                    self._search.attempt(trial, view)
                gained = self._best(candidate.model, view).loss < (1 - WORTH_A_STEP) * best.loss
                patience[place] = PATIENCE if gained else patience[place] - 1

    def _best(self, model: str, view: View) -> Tried:
        alike = [
            one for one in self._search.tried
            if one.view is view and one.members[0][0].model == model
        ]
        return min(alike, key=lambda one: one.loss)

    def _needed(self, one: Tried) -> float:
        """Seconds for one more trial."""
        return one.seconds * len(one.view.folds) / threads()

    def _for_a_blend(self) -> float:
        """By how many seconds a blend of two like the best takes longer to fit than the best alone.

        None, where that would leave less than half of the time to tuning.
        """
        more, afterwards = self._search.ranked()[0].seconds, self._search.afterwards
        later = afterwards.seconds(2 * more) - afterwards.seconds(more)
        return more if later < self._search.clock.left() / 2 else 0.0

    def _spare(self, seconds: float) -> None:
        self._search.spare = seconds
        self._search.keep_time()
