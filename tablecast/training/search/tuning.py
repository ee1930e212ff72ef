"""Tuning: random settings for the best estimators in turn, as long as that helps."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from itertools import cycle, islice
from math import prod
from zlib import crc32

import numpy as np

from tablecast.training.search.candidates import (
    CALMER,
    NETWORKS,
    Candidate,
    averaged,
    drawn,
    space_of,
)
from tablecast.training.search.cross_validation import at_once
from tablecast.training.search.pool import WORTH_TUNING, Pool
from tablecast.training.search.trial import Trial, distinct
from tablecast.training.search.views import View

#: Of the kinds of estimators the best so many are tuned, each with the features that it is best on.
TUNED = 3
#: An estimator's tuning ends when so many draws in a row gain less than that; where products are
#: made, after so many times as many, since what is worse alone completes them.
PATIENCE, WORTH_A_TRIAL, IN_PRODUCTS = 4, 0.001, 3

Turn = tuple[Candidate, View]


class Draws:
    """Settings for the estimators of one table, in an order that the seed decides; none twice.

    Each estimator has an order of its own, whatever others are drawn beside it.

    Args:
        seed: decides the orders.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._left: dict[str, list[int]] = {}

    def next(self, candidate: Candidate, view: str) -> Candidate | None:
        """The next settings of an estimator with a space; None where all were drawn.

        Args:
            candidate: the estimator.
            view: the name of what it is given.
        """
        space, purpose = space_of(candidate) or {}, f"draws {candidate.model} {view}"
        if purpose not in self._left:
            random = np.random.default_rng([self._seed, crc32(purpose.encode())])
            self._left[purpose] = random.permutation(prod(map(len, space.values()))).tolist()
        left = self._left[purpose]
        return drawn(candidate, left.pop()) if left else None


class Tuning:
    """Tunes what a search has found.

    Args:
        pool: after its first round.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._draws = Draws(pool.seed)

    def run(self) -> None:
        """Draw for each in turn, so that a short budget serves all, as long as that helps."""
        self._calm()
        self._average()
        turns = self._promising()
        patience = [PATIENCE * (IN_PRODUCTS if view.multiplied else 1) for _, view in turns]
        left = patience.copy()
        while any(left):
            for index in np.flatnonzero(left):
                if self._pool.is_over():
                    return
                candidate, view = turns[index]
                others = [*range(index + 1, len(turns)), *range(index + 1)]
                alike = [turns[at][0] for at in others if left[at] and turns[at][1] is view]
                gains = self._try(candidate, view, alike)
                left[index] = patience[index] if gains else left[index] - 1

    def _calm(self) -> None:
        """Try trees of few rows' classes that are too far behind to be tuned once more."""
        tried = [*self._pool.trials, *self._pool.dropped]
        for model, settings in CALMER.items():
            known = [one for one in tried if one.members[0][0].model == model
                     and one.view.recipe.features == "scaled" and one.view.repeats > 1]  # fmt: skip
            least = min((one.loss for one in known), default=0.0)
            if least > WORTH_TUNING * self._pool.ranked()[0].loss:
                self._pool.attempt(Candidate(model, settings, "scaled"), known[0].view)

    def _average(self) -> None:
        """The best network again as the mean of several, where there is time for it."""
        networks = [one for one in self._pool.ranked()
                    if one.members[0][0].model == "mlp" and self._pool.may_be_member(one)]
        for best in networks[:1]:
            several, budget = averaged(best.members[0][0]), self._pool.budget
            seconds = NETWORKS * best.seconds * len(best.view.folds) / best.view.executor.width
            if several and budget.allows(self._pool.done, seconds, NETWORKS * best.seconds):
                self._pool.attempt(several, best.view)

    def _promising(self) -> list[Turn]:
        ranked = self._pool.ranked()
        near = [trial for trial in ranked if trial.loss <= WORTH_TUNING * ranked[0].loss]
        turns = [(trial.members[0][0], trial.view) for trial in distinct(near, each=1)]
        return [turn for turn in turns if space_of(turn[0]) is not None][:TUNED]

    def _try(self, candidate: Candidate, view: View, alike: Sequence[Candidate]) -> bool:
        """Whether the next draw for an estimator is clearly better than its best so far."""
        best = self._best(candidate.model, view).loss
        settings = self._draws.next(candidate, view.recipe.name)
        if settings is not None:
            self._pool.attempt(settings, view, self._due(alike, view))
        return self._best(candidate.model, view).loss < (1 - WORTH_A_TRIAL) * best

    def _due(self, alike: Sequence[Candidate], view: View) -> list[Candidate]:
        """What is drawn next for estimators in turn, if until then nothing better is found."""
        ahead, following = deepcopy(self._draws), islice(cycle(alike), at_once(view) - 1)
        settings = [ahead.next(candidate, view.recipe.name) for candidate in following]
        return [one for one in settings if one is not None]

    def _best(self, model: str, view: View) -> Trial:
        alike = [
            trial for trial in self._pool.trials
            if trial.view is view and trial.members[0][0].model == model
        ]
        return min(alike, key=lambda trial: trial.loss)
