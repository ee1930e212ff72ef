"""Blends within each view; of quicker members where there is no time for the best ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tablecast.errors import Remark
from tablecast.features.temperature import multiplied
from tablecast.training.search import blend_weights
from tablecast.training.search.candidates import UNBOUNDED
from tablecast.training.search.forest_size import sharing
from tablecast.training.search.trial import TOO_LONG, Trial, all_losses, distinct, loss_of
from tablecast.training.search.views import View

if TYPE_CHECKING:
    from tablecast.training.search.pool import Pool

# A blend answers more slowly than its best member: it must lower the loss by at least this share.
WORTH_BLENDING = 0.003
# The best so many may be its members, and so many of one kind, for amounts and for classes, whose
# trees with other settings are worse alone and complete the best; and for products.
MOST_OPEN, ALIKE_AMOUNTS, ALIKE_CLASSES = 16, 2, 4
PRODUCT_OPEN, PRODUCT_ALIKE = 24, 8
# Of few rows' classes, half of the weights are shared by the best of each kind that lose so little
# more than the best of all.
EVEN_WITHIN = 1.1

Part = tuple[Trial, float]
Floats = NDArray[np.float64]


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
            self._within_view(view)

    def _within_view(self, view: View) -> None:
        alone = [
            trial for trial in self._pool.ranked()
            if trial.view is view and len(trial.members) == 1
        ]
        alike = ALIKE_CLASSES if view.task == "classification" else ALIKE_AMOUNTS
        alone = (
            distinct(alone, each=PRODUCT_ALIKE)[:PRODUCT_OPEN] if view.multiplied
            else distinct(alone, each=alike)[:MOST_OPEN]
        )
        while len(alone) > 1 and len(weights := self._weights(view, alone)) > 1:
            parts = [(alone[at], weight) for at, weight in weights.items()]
            blend = self._together(view, parts)
            why = self._why_not(blend, [trial for trial, _ in parts])
            if not why:
                self._pool.trials.append(blend)
                return
            self._pool.dropped.append(replace(blend, why=why))
            if why is not TOO_LONG:
                return
            slowest = max(trial.seconds for trial, _ in parts)
            alone = [trial for trial in alone if trial.seconds < slowest]

    def _weights(self, view: View, alone: Sequence[Trial]) -> Mapping[int, float]:
        """Place among the members to weight; to its power, where the blend is a product."""
        members = [trial.predictions for trial in alone]
        if view.multiplied:
            return blend_weights.powers(members, view.labels, view.weights)
        weights = blend_weights.weigh(members, partial(loss_of, view))
        if view.repeats > 1 and view.task == "classification":
            return blend_weights.evened(weights, _nearly_best(alone))
        return weights

    def _why_not(self, blend: Trial, members: Sequence[Trial]) -> Remark | None:
        """Why it is not worth its time beside its best member, or has too little of it."""
        best = min(member.loss for member in members)
        if blend.loss >= (1 - WORTH_BLENDING) * best:
            return Remark("hardly better than its best member alone")
        return None if self._pool.budget.bears(blend.seconds) else TOO_LONG

    def _together(self, view: View, parts: Sequence[Part]) -> Trial:
        weights = [weight for _, weight in parts]
        members = [trial.predictions for trial, _ in parts]
        predictions = (
            multiplied(members, weights) if view.multiplied
            else np.average(members, axis=0, weights=weights)
        )
        candidates = sharing([trial for trial, _ in parts], self._pool.largest)
        lines = [one.model in UNBOUNDED[view.task] for one in candidates]
        return Trial(
            view,
            tuple(zip(candidates, weights, strict=True)),
            predictions,
            all_losses(view, predictions),
            seconds=sum(trial.seconds for trial, _ in parts),
            name="Blend of " + ", ".join(f"{weight:g} {trial.name}" for trial, weight in parts),
            apart=blend_weights.apart(members, weights, lines),
            multiplied=view.multiplied,
        )


def _nearly_best(ranked: Sequence[Trial]) -> list[int]:
    """The places of the best of each kind, of those that are nearly as good as the best of all.

    Few rows tell a good estimator from a bad one, but not the best of several good ones.
    """
    kinds = distinct(ranked, each=1)[: blend_weights.MOST_MEMBERS]
    return [ranked.index(one) for one in kinds if one.loss <= EVEN_WITHIN * ranked[0].loss]
