"""How good a deployment was, where it is known what its answers should have been."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.log import confidence, evidence
from tablecast.log.daily_sums import Sums
from tablecast.log.evidence import ALPHA, Evidence

Floats = npt.NDArray[np.float64]

#: The chance at most that a figure is ever outside what is shown as its range.
SHOWN_ALPHA = 0.05

#: By how much a share may be below what was promised, and an error above the card's, before that
#: is worth an alarm.
MARGIN_OF_SHARES, MARGIN_OF_ERRORS = 0.02, 0.1

#: Standard errors by which what the card says may be off: it comes from a limited number of rows.
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Coverage:
    """How many true values were inside the prediction's range.

    Attributes:
        promised: the share that is meant to be, such as 0.9.
        rows: true values that had a range.
        value: the share of them inside.
        low, high: where the true share is, at all times but for a chance of ``SHOWN_ALPHA``.
        p: of the ranges being narrower than promised, corrected for all tests of the watch.
        start: the day, from 0, since which most speaks for that.
        late: the share since then.
    """

    promised: float
    rows: int
    value: float
    low: float
    high: float
    p: float
    start: int
    late: float

    @property
    def below(self) -> bool:
        """Whether the ranges are too narrow."""
        return self.p <= ALPHA


@dataclass(frozen=True)
class Figure:
    """A measure of the answers beside the same of the card, which is of rows unseen in training.

    Attributes:
        name: as the card calls it: MAE, RMSE, accuracy, log_loss.
        card: what the card says; None where it says nothing.
        rows: how many true values.
        value: of them.
        low, high: where the true one is, as with ``Coverage``; infinite where too few are known.
        p: of being worse than the card says; None where that is not tested.
        start: the day, from 0, since which most speaks for that.
        late: the measure since then.
    """

    name: str
    card: float | None
    rows: int
    value: float
    low: float
    high: float
    p: float | None
    start: int = 0
    late: float = 0.0

    @property
    def worse(self) -> bool:
        """Whether the answers are worse than the card says."""
        return self.p is not None and self.p <= ALPHA


def coverage_of(
    description: Mapping[str, Any], days: Sequence[Sums], tests: int
) -> Coverage | None:
    """The share of true values inside their range; None where there are none."""
    interval = description.get("interval")
    counts = _columns(days, "inside", "ranged")
    inside, rows = counts.sum(axis=0).tolist()
    if not interval or not rows:
        return None
    promised = float(interval["level"])
    level = _below(promised, interval.get("rows") or 1)
    low, high = confidence.share_between(inside, rows, SHOWN_ALPHA)
    below = _since(_share_below(level, counts), tests, counts[:, 0], counts[:, 1])
    return Coverage(promised, int(rows), inside / rows, low, high, *below)


def figures_of(
    description: Mapping[str, Any], days: Sequence[Sums], tests: int
) -> tuple[Figure, ...]:
    """The errors beside the card's; empty where no true value is known."""
    card = description["card"]
    kept = (card.get("evaluation") or {}).get("figures", {})
    if description["schema"]["task"] == "regression":
        spread = _standard_error(card, "MAE")
        found = [
            _mean("MAE", kept, _columns(days, "rows", "absolute", "squared"), tests, spread),
            _root(kept, _columns(days, "rows", "squared", "fourth")),
        ]
    else:
        rows = (card.get("evaluation") or {}).get("rows") or 1
        losses = _columns(days, "scored", "log_loss", "log_loss_squared")
        found = [
            _accuracy(kept, rows, _columns(days, "right", "rows"), tests),
            _mean("log_loss", kept, losses, tests, 0.0),
        ]
    return tuple(figure for figure in found if figure)


def _mean(
    name: str, card: Mapping[str, float], sums: Floats, tests: int, spread: float
) -> Figure | None:
    rows, total, squares = sums.sum(axis=0).tolist()
    if not rows:
        return None
    known = card.get(name)
    low, high = confidence.mean_between(rows, total, squares, SHOWN_ALPHA)
    figure = Figure(name, known, int(rows), total / rows, max(low, 0.0), high, None)
    if known is None:
        return figure
    level = known * (1 + MARGIN_OF_ERRORS) + STANDARD_ERRORS * spread
    p, start, late = _since(evidence.mean_above(level, sums), tests, sums[:, 1], sums[:, 0])
    return replace(figure, p=p, start=start, late=late)


def _root(card: Mapping[str, float], sums: Floats) -> Figure | None:
    """The root of the mean squared error; not tested, as one error in a thousand may decide it."""
    rows, total, squares = sums.sum(axis=0).tolist()
    if not rows:
        return None
    low, high = confidence.mean_between(rows, total, squares, SHOWN_ALPHA)
    return Figure(
        "RMSE", card.get("RMSE"), int(rows), math.sqrt(total / rows), math.sqrt(max(low, 0.0)),
        math.sqrt(high), None,
    )


def _accuracy(
    card: Mapping[str, float], card_rows: int, counts: Floats, tests: int
) -> Figure | None:
    right, rows = counts.sum(axis=0).tolist()
    if not rows:
        return None
    known = card.get("accuracy")
    low, high = confidence.share_between(right, rows, SHOWN_ALPHA)
    figure = Figure("accuracy", known, int(rows), right / rows, low, high, None)
    if known is None:
        return figure
    found = _share_below(_below(known, card_rows), counts)
    p, start, late = _since(found, tests, counts[:, 0], counts[:, 1])
    return replace(figure, p=p, start=start, late=late)


def _share_below(level: float, counts: Floats) -> Evidence:
    """Of (days, 2): those that count, and all."""
    return evidence.share_below(level, np.column_stack([counts[:, 0], np.diff(counts)]))


def _since(found: Evidence, tests: int, part: Floats, whole: Floats) -> tuple[float, int, float]:
    """The p-value, the day since which most speaks for it, and the part of the whole since then."""
    late = part[found.start :].sum() / max(whole[found.start :].sum(), 1.0)
    return found.p(tests), found.start, float(late)


def _below(share: float, rows: int) -> float:
    """Down to where a share is no worse than one that was measured on so many rows."""
    margin = max(MARGIN_OF_SHARES, STANDARD_ERRORS * math.sqrt(share * (1 - share) / rows))
    return max(share - margin, share / 2)


def _standard_error(card: Mapping[str, Any], name: str) -> float:
    """Of a mean over folds, as far as the card tells."""
    found = card.get("metrics", {}).get("cross_validation", {}).get(name) or {}
    folds = len(found.get("folds") or ()) or card.get("folds") or 1
    return float(found.get("std") or 0.0) / math.sqrt(folds)


def _columns(days: Sequence[Sums], *names: str) -> Floats:
    """(days, names): what is known of outcomes."""
    outcomes = [day.get("outcomes", {}) for day in days]
    return np.array([[one.get(name, 0) for name in names] for one in outcomes], dtype=np.float64)
