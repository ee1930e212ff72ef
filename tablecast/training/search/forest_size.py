"""How many trees a forest may have, so that its graph is not larger than allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.training.search.candidates import FORESTS

if TYPE_CHECKING:
    from tablecast.training.search.candidates import Candidate
    from tablecast.training.search.trial import Tried

# A node of a tree takes some 42 bytes of the graph, and a full tree has up to two nodes a row.
BYTES_A_ROW = 42 * 2.0
FEWEST_TREES, MOST_TREES = 20, 200
# Before a forest has been compiled, half of the largest graph; afterwards nearly all of it: the
# final forest learns from more rows than the one that was measured, and shares them differently.
GUESSED, FILLED = 0.5, 0.9
#: A forest that could have so many times its trees is tried again with them.
WORTH_GROWING = 1.3


class Room:
    """Says how many trees fit, by the size of those that were compiled.

    A table whose target has few different values, or equal rows, makes trees of half the nodes
    that others have; so what a tree takes is measured.

    Args:
        largest: the largest graph, in bytes.
        rows: of the whole table, which the final forest learns from.
    """

    def __init__(self, largest: float, rows: int) -> None:
        self._largest = largest
        self._rows = rows
        self._bytes: dict[tuple[str, int], float] = {}  # a row and tree, by model and leaf size

    def note(self, candidate: Candidate, size: int, rows: int) -> None:
        """Learn from a forest's graph of so many bytes, fitted on so many rows."""
        if candidate.model in FORESTS:
            key = (candidate.model, _leaf(candidate.settings))
            a_tree = size / _trees(candidate) / rows
            self._bytes[key] = max(a_tree, self._bytes.get(key, 0.0))

    def filled(self, candidate: Candidate) -> Candidate:
        """A forest with as many trees as there is room for; anything else as it is."""
        if candidate.model not in FORESTS:
            return candidate
        a_tree, share = self._a_tree(candidate)
        return _with_trees(candidate, share * self._largest / a_tree)

    def growth(self, candidate: Candidate) -> float:
        """How many times its trees a forest gets; 1 where that is not worth it, or no forest."""
        if candidate.model not in FORESTS:
            return 1.0
        times = _trees(self.filled(candidate)) / _trees(candidate)
        return times if times >= WORTH_GROWING else 1.0

    def shared(self, members: Sequence[Tried]) -> list[Candidate]:
        """Members of one blend, whose forests leave one another room.

        Args:
            members: estimators that were tried alone.
        """
        candidates = [one.members[0][0] for one in members]
        forests = [one.model in FORESTS for one in candidates]
        taken = sum(
            _trees(one) * self._a_tree(one)[0]
            for one, is_forest in zip(candidates, forests, strict=True)
            if is_forest
        )
        others = sum(
            float(one.cost.bytes)
            for one, is_forest in zip(members, forests, strict=True)
            if one.cost and not is_forest
        )
        part = (FILLED * self._largest - others) / taken if taken else 1.0
        if part >= 1:
            return candidates
        return [
            _with_trees(one, part * _trees(one)) if is_forest else one
            for one, is_forest in zip(candidates, forests, strict=True)
        ]

    def _a_tree(self, candidate: Candidate) -> tuple[float, float]:
        """A tree's bytes when fitted on all rows, and the share of the graph to fill by that."""
        leaf = _leaf(candidate.settings)
        # Trees with larger leaves are smaller than those with small ones.
        known = [
            size
            for (model, measured), size in self._bytes.items()
            if model == candidate.model and measured <= leaf
        ]
        if known:
            return self._rows * min(known), FILLED
        return self._rows * BYTES_A_ROW / leaf, GUESSED


def _trees(candidate: Candidate) -> int:
    return int(candidate.settings["n_estimators"])


def _leaf(settings: Mapping[str, Any]) -> int:
    return int(settings.get("min_samples_leaf", 1))


def _with_trees(candidate: Candidate, trees: float) -> Candidate:
    wanted = int(np.clip(trees, FEWEST_TREES, MOST_TREES))
    return replace(candidate, settings={**candidate.settings, "n_estimators": wanted})
