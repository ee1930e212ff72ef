"""What the model card says of a comparison: its leaderboard and its notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tablecast.training.comparison.measured import Measured, Measurements


def leaderboard_of(comparison: Measurements, chosen: str, why: str) -> list[dict[str, Any]]:
    """What is shipped, then the others from best to worst, then what a search tried for them."""
    means = comparison.folds.mean().sort_values(ascending=False)
    names = [chosen, *(str(name) for name in means.index if name != chosen)]
    reasons = {name: _behind(comparison, name, chosen) for name in names} | {chosen: why}
    entries = [_entry(comparison, name, reasons[name]) for name in names]
    searched = [one for name in names for one in _candidates(comparison.measured[name], name)]
    return [*entries, *searched]


def notes_of(one: Measured, why: str) -> list[str]:
    """The reason, what the figures are of, and what training said of the pipeline."""
    figures = (
        "The holdout's figures are of rows that were not learnt from when they were measured, and "
        "that no choice has seen."
    )
    return [why, *(one.trained.notes if one.trained else (figures,))]


def _entry(comparison: Measurements, name: str, why: str) -> dict[str, Any]:
    one = comparison.measured[name]
    return {
        "model": one.model,
        "name": f"{name}: {one.estimator}",
        "features": f"{len(one.features)} columns",
        "folds": len(one.folds),
        "seconds": round(one.seconds, 2),
        **{str(metric): float(mean) for metric, mean in one.folds.mean().items()},
        "spread": float(one.folds[comparison.decides].std(ddof=0)),
        "microseconds": one.microseconds,
        "why": why,
    }


def _behind(comparison: Measurements, name: str, chosen: str) -> str:
    means = comparison.folds.mean()
    apart = float(means[name] - means[chosen])
    return f"{comparison.decides} {abs(apart):.4f} {'above' if apart > 0 else 'below'} {chosen}"


def _candidates(one: Measured, name: str) -> Iterator[dict[str, Any]]:
    """What the search behind a pipeline tried besides, on folds of its own."""
    if one.trained is None:
        return
    for entry in one.trained.leaderboard[1:]:
        yield entry | {"why": f"tried for {name}: {entry['why']}"}
