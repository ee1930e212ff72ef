"""The rounds of tuning: draws for the best estimators, then steps from the best of each.

Where time is short, whole rounds are left out, so that two runs on one machine mostly leave out the
same: rounds come in parts, and an estimator takes part in one where there is time for all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tablecast.training.search.candidates import Candidate, space_of
from tablecast.training.search.sampling import Trials
from tablecast.training.search.trial import Tried
from tablecast.training.search.views import View

if TYPE_CHECKING:
    from tablecast.training.search.pool import Pool

#: Of the estimators that are tuned, the best so many; draws for each.
TUNED, DRAWS = 3, 8
# What is further behind would take the time of the others.
WORTH_TUNING = 1.05
#: Of one kind, with different features, at most so many.
TUNED_ALIKE = 2
#: Steps from the best settings of each at most; it ends when so many in a row gain less than that.
STEPS, PATIENCE, WORTH_A_STEP = 24, 6, 0.001
#: Rounds that are begun or left out together, once there were as many.
TOGETHER = 2
# Settings differ in what they take, and moments in how busy they are.
MARGIN = 1.2
#: The folds of fewer rows cannot tell such small differences, and would be learnt by heart.
REFINED_ROWS = 2_000

Turn = tuple[Candidate, View]


class Tuning:
    """Tunes what a search has found.

    Args:
        pool: after its first round.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        rows = len(pool.prepared.table)
        self._trials = Trials(rows, pool.seed)
        self._kept = [turn for turn in self._promising() if space_of(turn[0], rows) is not None]

    def run(self) -> None:
        """Draw settings in turns, so that a short budget serves all; then step from the best."""
        if not self._kept:  # every estimator was too slow, failed, or has nothing to tune
            return
        self._spare(self._for_a_blend())
        self._draw()
        if DRAWS and len(self._kept[0][1].experiment.y_train) >= REFINED_ROWS:
            self._refine()
        self._spare(0.0)

    def _draw(self) -> None:
        turns = self._kept
        for rounds in parts(DRAWS):
            turns = self._in_time(turns, rounds, DRAWS - self._pool.draws)
            for _ in range(rounds if turns else 0):
                for candidate, view in turns:
                    trial = self._trials.drawn(candidate, view.recipe.name)
                    if trial is not None:
                        self._pool.attempt(trial, view)
                self._pool.draws += 1

    def _in_time(self, turns: list[Turn], rounds: int, left: int) -> list[Turn]:
        """Those that there is time for in so many rounds, the best first; others leave out the
        rounds that are left."""
        found, needed = [], 0.0
        for candidate, view in turns:
            more = MARGIN * rounds * self._usual(candidate.model, view)
            if self._pool.has_time(needed + more):
                needed += more
                found.append((candidate, view))
            else:
                name = view.experiment._all_models[candidate.model].name
                self._pool.leave_out(candidate.model, name, view.recipe, True, left)
        return found

    def _promising(self) -> list[Turn]:
        kept: list[Turn] = []
        ranked = self._pool.ranked()
        for one in [one for one in ranked if one.loss <= WORTH_TUNING * ranked[0].loss]:
            candidate = one.members[0][0]
            known = [view.recipe for other, view in kept if other.model == candidate.model]
            if len(kept) < TUNED and len(known) < TUNED_ALIKE and one.view.recipe not in known:
                kept.append((candidate, one.view))
        return kept

    def _refine(self) -> None:
        """While there is time, step from the best settings of each, as long as that helps."""
        turns, patience = list(self._kept), dict.fromkeys(map(_named, self._kept), PATIENCE)
        for rounds in parts(STEPS):
            turns = [turn for turn in turns if patience[_named(turn)] > 0]
            turns = self._in_time(turns, rounds, rounds)
            for _ in range(rounds):
                turns = [turn for turn in turns if patience[_named(turn)] > 0]
                for turn in turns:
                    patience[_named(turn)] = PATIENCE if self._step(turn) else (
                        patience[_named(turn)] - 1
                    )
                self._pool.steps += bool(turns)

    def _step(self, turn: Turn) -> bool:
        """Whether a step from the best settings is worth the next one."""
        candidate, view = turn
        best = self._best(candidate.model, view)
        trial = self._trials.stepped(best.members[0][0], view.recipe.name)
        if trial is not None:
            self._pool.attempt(trial, view)
        return self._best(candidate.model, view).loss < (1 - WORTH_A_STEP) * best.loss

    def _best(self, model: str, view: View) -> Tried:
        alike = [
            one for one in self._pool.tried
            if one.view is view and one.members[0][0].model == model
        ]
        return min(alike, key=lambda one: one.loss)

    def _usual(self, model: str, view: View) -> float:
        """Seconds for one more trial, by those that were."""
        known = [
            self._pool.seconds_of(one) for one in [*self._pool.tried, *self._pool.dropped]
            if one.view is view and one.members[0][0].model == model
        ]
        return float(np.mean(known))

    def _for_a_blend(self) -> float:
        """By how many seconds a blend of two like the best takes longer to fit than the best alone.

        None, where that would leave less than half of the time to tuning.
        """
        more, afterwards = self._pool.ranked()[0].seconds, self._pool.afterwards
        later = afterwards.seconds(2 * more) - afterwards.seconds(more)
        return more if later < self._pool.clock.left() / 2 else 0.0

    def _spare(self, seconds: float) -> None:
        self._pool.spare = seconds
        self._pool.keep_time()


def parts(rounds: int) -> list[int]:
    """Rounds in parts of 1, 1, 2, 2, 2, ..., of which the last may be shorter."""
    made: list[int] = []
    while (done := sum(made)) < rounds:
        made.append(min(max(1, done), TOGETHER, rounds - done))
    return made


def _named(turn: Turn) -> tuple[str, str]:
    return turn[0].model, turn[1].recipe.name
