"""Confidence sequences: ranges that hold at all times together, however often one looks."""

import math
from collections.abc import Callable

import numpy as np

from tablecast.log.evidence import FEWEST_MEANS, MIXED
from tablecast.log.marginal import log_marginal


def share_between(inside: float, rows: float, alpha: float) -> tuple[float, float]:
    """A confidence sequence for a share: it is in it at all times, but for a chance of alpha.

    Robbins' (1970): all shares that a bettor with Jeffreys' prior has not refuted.
    """
    if rows == 0:
        return 0.0, 1.0
    sums = np.array([inside, rows - inside])
    most = float(log_marginal(sums, np.array([0.5, 0.5]))) + math.log(alpha)

    def refuted(share: float) -> bool:
        return _log_likelihood(inside, rows, share) < most

    observed = inside / rows
    return _border(refuted, 0.0, observed), _border(refuted, 1.0, observed)


def mean_between(rows: float, total: float, squares: float, alpha: float) -> tuple[float, float]:
    """An asymptotic confidence sequence for a mean, as ``evidence.mean_above``; of some rows."""
    if rows < FEWEST_MEANS:
        return -math.inf, math.inf
    mean = total / rows
    spread = math.sqrt(max(squares / rows - mean * mean, 0.0))
    width = MIXED * rows + 1
    reach = math.sqrt(2 * width / MIXED * (0.5 * math.log(width) - math.log(alpha))) / rows
    return mean - spread * reach, mean + spread * reach


def _border(refuted: Callable[[float], bool], outer: float, inner: float) -> float:
    """Where refuted numbers end, between an outer and an inner one."""
    for _ in range(50):  # halvings: to the last digit that counts
        middle = (outer + inner) / 2
        if refuted(middle):
            outer = middle
        else:
            inner = middle
    return inner


def _log_likelihood(inside: float, rows: float, share: float) -> float:
    parts = ((inside, share), (rows - inside, 1 - share))
    return sum(
        times * math.log(chance) if chance > 0 else -math.inf for times, chance in parts if times
    )
