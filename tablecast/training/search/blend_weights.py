"""Weights of a blend, chosen on out-of-fold predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tablecast.features.temperature import LEAST_RAISED

Floats = NDArray[np.float64]

#: Draws of the greedy selection: weights are whole numbers that add up to at most this.
DRAWS = 10
#: Members at most: each one costs its time at every answer. A product may have more, since all of
#: its powers are fitted together, to 1,000 rows or more.
MOST_MEMBERS, MOST_FACTORS = 4, 8


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
        losses = {index: loss((total + members[index]) / draw) for index in open_to}
        index = min(losses, key=lambda at: losses[at])
        weights[index] += 1
        total = total + members[index]
        if losses[index] < best - 1e-12:
            best, kept = losses[index], Counter(weights)
    return dict(kept)


def evened(weights: Mapping[int, int], even: Sequence[int]) -> dict[int, int]:
    """Weights half of which are as they were, and half of which some members share evenly.

    Args:
        weights: place among the members to weight.
        even: the places of those that share; at least one.
    """
    total = sum(weights.values())
    return {
        at: weights.get(at, 0) * len(even) + total * (at in even)
        for at in sorted({*weights, *even})
    }


def powers(
    members: Sequence[Floats], labels: NDArray[np.intp], weights: Floats | None = None
) -> dict[int, float]:
    """The powers of probabilities whose product has the least log loss; none is below 0.

    All are fitted together, and then the few again that move the product most.

    Args:
        members: each candidate's out-of-fold probabilities (answers, classes).
        labels: the place of each answer's class.
        weights: how much each answer counts; None where all count alike.
    """
    logs = np.log(np.maximum(members, LEAST_RAISED))
    logs -= logs.mean(axis=2, keepdims=True)
    moving = _fitted(logs, labels, weights) * logs.std(axis=(1, 2))
    kept = np.sort(np.argsort(-moving, kind="stable")[:MOST_FACTORS])
    found = np.round(_fitted(logs[kept], labels, weights), 3)
    return {int(at): float(one) for at, one in zip(kept, found, strict=True) if one}


def _fitted(logs: Floats, labels: NDArray[np.intp], weights: Floats | None) -> Floats:
    """The powers (members,) of the logarithms (members, answers, classes); a convex problem."""
    own = np.arange(len(labels))

    def loss(tried: Floats) -> tuple[float, Floats]:
        sums = np.tensordot(tried, logs, 1)
        shares = np.exp(sums - sums.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        missed = -np.log(np.maximum(shares[own, labels], LEAST_RAISED))
        slopes = (shares * logs).sum(axis=2) - logs[:, own, labels]
        return (
            float(np.average(missed, weights=weights)),
            np.average(slopes, axis=1, weights=weights),
        )

    even = np.full(len(logs), 1 / len(logs))
    found = minimize(loss, even, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(logs))
    return np.asarray(found.x, dtype=np.float64)


def apart(
    members: Sequence[Floats], weights: Sequence[float], lines: Sequence[bool]
) -> tuple[tuple[float, float] | None, ...]:
    """How far the out-of-fold answers of lines lay from the mean of the other members'.

    Args:
        members: each member's out-of-fold answers.
        weights: theirs.
        lines: whether a member follows a line, for as far as a strange row's features go.

    Returns:
        The least and the most of the differences for each line, and None for each other member;
        empty where there are no lines, or nothing else.
    """
    if all(lines) or not any(lines):
        return ()
    others = [index for index, line in enumerate(lines) if not line]
    middle = np.average(
        [members[at] for at in others], axis=0, weights=[weights[at] for at in others]
    )
    return tuple(
        (float((member - middle).min()), float((member - middle).max())) if line else None
        for member, line in zip(members, lines, strict=True)
    )
