"""Weights for a blend, chosen on out-of-fold answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Draws of the greedy selection: weights are whole numbers that add up to at most this.
DRAWS = 10
#: Members at most: each one costs its time at every answer.
MOST_MEMBERS = 4


def weigh(members: Sequence[Floats], loss: Callable[[Floats], float]) -> dict[int, int]:
    """Forward selection with replacement (Caruana and others, 2004).

    Args:
        members: each candidate's out-of-fold answers.
        loss: of answers of the same shape.

    Returns:
        Place among the members to weight, for those that are chosen.
    """
    total: Floats = np.zeros_like(members[0])
    best, weights, kept = np.inf, Counter[int](), Counter[int]()
    for draw in range(1, DRAWS + 1):
        open_to = range(len(members)) if len(weights) < MOST_MEMBERS else list(weights)
        losses = {place: loss((total + members[place]) / draw) for place in open_to}
        place = min(losses, key=lambda one: losses[one])
        weights[place] += 1
        total = total + members[place]
        if losses[place] < best - 1e-12:
            best, kept = losses[place], Counter(weights)
    return dict(kept)
