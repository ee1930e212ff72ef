"""How many trees a forest may have without its graph becoming too large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tablecast.training.search.candidates import FORESTS, Candidate, make

if TYPE_CHECKING:
    from tablecast.training.search.trial import Trial
    from tablecast.training.search.views import View

#: A node of a tree takes so many bytes of the graph, and a class's share half of 8 (only leaves
#: have it): measured on four tables.
BYTES_A_NODE, BYTES_A_CLASS = 42.0, 4.0
#: PyCaret's forests have 100 trees, and more seldom matter: twice as many at most. With fewer than
#: 20 a probability has steps of more than 5%; where 20 do not fit, the forest is left out.
FEWEST_TREES, MOST_TREES = 20, 200
# The final forest learns from more rows than those of a fold, and other steps take room as well.
FILLED = 0.8


def with_room(candidate: Candidate, view: View, rows: int, largest: float) -> Candidate:
    """A forest with as many trees as there is room for; anything else as it is.

    Rows that are equal, or a target of few values, make trees of half the nodes that others have:
    so one tree is fitted and counted.

    Args:
        candidate: with any number of trees.
        view: what it will be given.
        rows: of the whole table, which the final forest learns from.
        largest: the largest graph, in bytes.
    """
    if candidate.model not in FORESTS:
        return candidate
    fold = view.folds[0]
    tree = make(with_trees(candidate, 1), view, fold.y).fit(fold.x, fold.y).estimators_[0]
    classes = tree.n_classes_ if view.task == "classification" else 0
    size = tree.tree_.node_count * (BYTES_A_NODE + BYTES_A_CLASS * classes)
    trees = FILLED * largest / (size * rows / len(fold.x))
    if trees < FEWEST_TREES:  # of very many rows; leaves twice as large make half of the nodes
        larger = int(np.ceil(FEWEST_TREES / trees))
        leaf = candidate.settings.get("min_samples_leaf", 1) * larger
        settings = {**candidate.settings, "min_samples_leaf": leaf}
        candidate = replace(candidate, settings=settings)
    return with_trees(candidate, int(np.clip(trees, FEWEST_TREES, MOST_TREES)))


def sharing(members: Sequence[Trial], largest: float) -> list[Candidate]:
    """Members of one blend, whose forests have fewer trees where all would be too large.

    Args:
        members: estimators that were tried alone, with what their graphs take where it is known.
        largest: the largest graph, in bytes.
    """
    size = sum(one.cost.bytes * _growth(one) for one in members if one.cost)
    fraction = min(1.0, FILLED * largest / size) if size else 1.0
    candidates = [one.members[0][0] for one in members]
    return [
        with_trees(one, max(1, int(fraction * one.settings["n_estimators"])))
        if one.model in FORESTS and fraction < 1
        else one
        for one in candidates
    ]


def with_trees(candidate: Candidate, trees: int) -> Candidate:
    """A forest of so many trees."""
    return replace(candidate, settings={**candidate.settings, "n_estimators": trees})


def _growth(trial: Trial) -> float:
    """How many times the rows of a fold the final estimator learns from."""
    view = trial.view
    rows = len(view.experiment.X_train) + len(view.experiment.X_test)
    return float(rows / len(view.folds[0].x))
