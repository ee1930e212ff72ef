"""The part of the model card about a comparison: its leaderboard and its notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tablecast.errors import Remark, counted
from tablecast.i18n.language import N_

if TYPE_CHECKING:
    from tablecast.training.comparison.measured import Measured, Measurements


def leaderboard_of(comparison: Measurements, chosen: str, why: Remark) -> list[dict[str, Any]]:
    """What is shipped, then the others from best to worst, then what a search tried for them."""
    means = comparison.folds.mean().sort_values(ascending=False)
    names = [chosen, *(str(name) for name in means.index if name != chosen)]
    reasons = {name: _behind(comparison, name, chosen) for name in names} | {chosen: why}
    entries = [_entry(comparison, name, reasons[name]) for name in names]
    searched = [
        candidate for name in names for candidate in _candidates(comparison.measured[name], name)
    ]
    return [*entries, *searched]


def notes_of(measured: Measured, why: Remark) -> list[Remark]:
    """The reason, what the figures are of, and what training said of the pipeline."""
    figures = Remark(
        "The test scores come from rows that were used neither for training nor for the choice."
    )
    return [why, *(measured.trained.notes if measured.trained else (figures,))]


def _entry(comparison: Measurements, name: str, why: Remark) -> dict[str, Any]:
    measured = comparison.measured[name]
    return {
        "model": measured.model,
        "name": f"{name}: {measured.estimator}",
        "features": counted("{count} column", "{count} columns", len(measured.features)),
        "folds": len(measured.folds),
        "seconds": round(measured.seconds, 2),
        **{str(metric): float(mean) for metric, mean in measured.folds.mean().items()},
        "spread": float(measured.folds[comparison.decides].std(ddof=0)),
        "microseconds": measured.microseconds,
        "why": why,
    }


def _behind(comparison: Measurements, name: str, chosen: str) -> Remark:
    means = comparison.folds.mean()
    apart = float(means[name] - means[chosen])
    message = N_("{measure} {apart:.4f} below {name}")
    if apart > 0:
        message = N_("{measure} {apart:.4f} above {name}")
    values = {"measure": Remark(comparison.decides), "apart": abs(apart), "name": chosen}
    return Remark(message, values=values)


def _candidates(measured: Measured, name: str) -> Iterator[dict[str, Any]]:
    """What the search behind a pipeline tried besides, on folds of its own."""
    if measured.trained is None:
        return
    for entry in measured.trained.leaderboard[1:]:
        why = Remark("tried for {name}: {why}", values={"name": name, "why": entry["why"]})
        yield entry | {"why": why}
