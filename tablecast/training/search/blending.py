"""The blends: of what one view found, and of the best of all views."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tablecast.errors import Remark
from tablecast.training.search import blend_weights
from tablecast.training.search.blend_members import moved
from tablecast.training.search.candidates import UNBOUNDED
from tablecast.training.search.forest_size import sharing
from tablecast.training.search.pool import TOO_LONG
from tablecast.training.search.trial import Trial, all_losses, distinct, loss_of, near
from tablecast.training.search.views import Recipe, View

if TYPE_CHECKING:
    from tablecast.training.search.pool import Pool

# A blend answers more slowly than its best member: it must lower the loss by at least this share.
WORTH_BLENDING = 0.003
# One of members with features of their own also costs their steps, and its choice overfits more.
WORTH_BLENDING_ACROSS = 0.03
# The best so many of all views may be its members.
MOST_ACROSS = 16

Part = tuple[Trial, int]


class Blending:
    """Blends what a search has found.

    Args:
        pool: after its tuning.
        views: those of its first round.
    """

    def __init__(self, pool: Pool, views: list[View]) -> None:
        self._pool = pool
        self._views = views

    def run(self) -> None:
        """Add the blends that are worth their time to what was tried."""
        for view in self._views:
            self._of_one_view(view)
        self._across_views()

    def _of_one_view(self, view: View) -> None:
        alone = [one for one in self._alone() if one.view is view]
        alone = distinct(alone, each=1 if view.few else 2)
        if len(alone) < 2:
            return
        weigh = blend_weights.steady if view.few else blend_weights.weigh
        weights = weigh([one.answers for one in alone], partial(loss_of, view))
        if len(weights) > 1:
            parts = [(alone[at], weight) for at, weight in weights.items()]
            self._add(view, parts, [one for one, _ in parts], WORTH_BLENDING)

    def _across_views(self) -> None:
        """A blend of the best of each kind with each view's features."""
        base = next((view for view in self._views if view.recipe == Recipe("plain")), None)
        if base is None or base.few or base.task != "regression":
            return
        alone = self._alone()
        found = [
            one
            for view in self._views
            for one in distinct([t for t in alone if t.view is view], each=1)
        ]
        found = sorted(found, key=lambda one: one.loss)[:MOST_ACROSS]
        members = [moved(one, base) for one in found]
        weights = blend_weights.weigh([one.answers for one in members], partial(loss_of, base))
        if len({found[at].view.recipe for at in weights}) > 1:
            parts = [(members[at], weight) for at, weight in weights.items()]
            self._add(base, parts, self._pool.trials, WORTH_BLENDING_ACROSS)

    def _alone(self) -> list[Trial]:
        return [one for one in self._pool.ranked() if len(one.members) == 1]

    def _add(self, view: View, parts: list[Part], others: list[Trial], least: float) -> None:
        """Keep a blend of these parts where it lowers the loss of the best of the others enough."""
        made = self._together(view, parts)
        best = min(others, key=lambda one: one.loss)
        worth = near(made, best) if view.few else made.loss < (1 - least) * best.loss
        if worth and not self._pool.budget.bears(made.seconds):
            self._pool.dropped.append(replace(made, why=TOO_LONG))
        elif worth:
            self._pool.trials.append(made)
        else:
            why = Remark("hardly better than its best member alone")
            self._pool.dropped.append(replace(made, why=why))

    def _together(self, view: View, parts: list[Part]) -> Trial:
        weights = [weight for _, weight in parts]
        given = [one.answers for one, _ in parts]
        answers = np.average(given, axis=0, weights=weights)
        candidates = sharing([one for one, _ in parts], self._pool.largest)
        return Trial(
            view,
            tuple(zip(candidates, weights, strict=True)),
            answers,
            all_losses(view, answers),
            seconds=sum(one.seconds for one, _ in parts),
            name="Blend of " + ", ".join(f"{weight} {one.name}" for one, weight in parts),
            apart=blend_weights.apart(
                given, weights, [one.model in UNBOUNDED for one in candidates]
            ),
            steady=view.few,
        )
