"""The rounds of tuning: random draws for the best estimators, then steps from each one's best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import cycle, islice
from typing import TYPE_CHECKING

from tablecast.training.search.candidates import Candidate, calmer, space_of
from tablecast.training.search.cross_validation import at_once
from tablecast.training.search.sampling import Proposals
from tablecast.training.search.trial import Trial
from tablecast.training.search.views import View

if TYPE_CHECKING:
    from tablecast.training.search.pool import Pool

#: Of the estimators that are tuned, the best so many; of one kind, with different features, fewer.
TUNED, TUNED_ALIKE = 3, 2
# What is further behind would take the time of the others.
WORTH_TUNING = 1.05
#: Rounds of draws, and of steps from the best settings, at most for each.
DRAWS, STEPS = 24, 24
#: A round of an estimator's ends when so many trials in a row gain less than that.
PATIENCE_OF_DRAWS, PATIENCE_OF_STEPS, WORTH_A_TRIAL = 8, 6, 0.001
#: The folds of fewer rows cannot tell such small differences, and would be learnt by heart.
REFINED_ROWS = 2_000

Turn = tuple[Candidate, View]
Propose = Callable[[Proposals, Candidate, str], Candidate | None]


class Tuning:
    """Tunes what a search has found.

    Args:
        pool: after its first round.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._rows = len(pool.prepared.table)
        self._proposals = Proposals(self._rows, pool.seed)

    def run(self) -> None:
        """Draw settings in turns, so that a short budget serves all; then step from the best."""
        self._calm()
        turns = self._promising()
        self._rounds(turns, Proposals.drawn, DRAWS, PATIENCE_OF_DRAWS)
        if turns and DRAWS and len(turns[0][1].experiment.y_train) >= REFINED_ROWS:
            self._rounds(turns, Proposals.stepped, STEPS, PATIENCE_OF_STEPS)

    def _calm(self) -> None:
        """Try trees that are too far behind to be tuned once more, with larger leaves."""
        tried = [(one.loss, (one.view, one.members[0][0].model))
                 for one in (*self._pool.trials, *self._pool.dropped)]  # fmt: skip
        for view, model in dict.fromkeys(kind for _, kind in tried):
            least = min(loss for loss, kind in tried if kind == (view, model))
            again = calmer(model, view)
            if again and least > WORTH_TUNING * self._pool.ranked()[0].loss:
                self._pool.attempt(again, view)

    def _promising(self) -> list[Turn]:
        turns: list[Turn] = []
        ranked = self._pool.ranked()
        for trial in [trial for trial in ranked if trial.loss <= WORTH_TUNING * ranked[0].loss]:
            candidate = trial.members[0][0]
            known = [view.recipe for other, view in turns if other.model == candidate.model]
            wanted = len(known) < TUNED_ALIKE and trial.view.recipe not in known
            if len(turns) < TUNED and wanted and space_of(candidate, self._rows) is not None:
                turns.append((candidate, trial.view))
        return turns

    def _rounds(self, turns: list[Turn], propose: Propose, most: int, patience: int) -> None:
        """Try what is proposed for each in turn, as long as that helps."""
        left = [patience] * len(turns)
        for _ in range(most):
            for index, (candidate, view) in enumerate(turns):
                if left[index] and not self._pool.is_over():
                    others = [*range(index + 1, len(turns)), *range(index + 1)]
                    alike = [turns[at][0].model for at in others
                             if left[at] and turns[at][1] is view]  # fmt: skip
                    gains = self._try(candidate.model, view, propose, alike)
                    left[index] = patience if gains else left[index] - 1

    def _try(self, model: str, view: View, propose: Propose, alike: Sequence[str]) -> bool:
        """Whether what is proposed for an estimator is clearly better than its best so far."""
        best = self._best(model, view)
        proposed = propose(self._proposals, best.members[0][0], view.recipe.name)
        if proposed is not None:
            self._pool.attempt(proposed, view, self._due(alike, view, propose))
        return self._best(model, view).loss < (1 - WORTH_A_TRIAL) * best.loss

    def _due(self, alike: Sequence[str], view: View, propose: Propose) -> list[Candidate]:
        """What is proposed next for estimators in turn, if until then nothing better is found.

        A draw does not depend on what was found; a step is taken from the best.
        """
        ahead = deepcopy(self._proposals)
        best = {model: self._best(model, view).members[0][0] for model in alike}
        following = islice(cycle(alike), at_once(view) - 1)
        proposed = [propose(ahead, best[model], view.recipe.name) for model in following]
        return [one for one in proposed if one is not None]

    def _best(self, model: str, view: View) -> Trial:
        alike = [
            trial for trial in self._pool.trials
            if trial.view is view and trial.members[0][0].model == model
        ]
        return min(alike, key=lambda trial: trial.loss)
