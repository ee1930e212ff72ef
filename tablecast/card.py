"""The model card's facts, as plain data. Nothing in it is a training row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tablecast.inspection import Prepared
    from tablecast.training import Trained

#: Estimators that keep training rows inside themselves, by a part of their class's name.
KEEPS_ROWS = ("KNeighbors", "SVC", "SVR", "KernelRidge", "GaussianProcess")

GENERAL_LIMITS = (
    "It answers from the rows that it was trained on; a value outside their range is answered with "
    "a warning, and is a guess.",
    "It shows what goes together in those rows, not what causes what.",
)


def card_of(trained: Trained, prepared: Prepared) -> dict[str, Any]:
    """What training found out, for the card and the API."""
    estimator = type(trained.pipeline.steps[-1][1]).__name__
    return {
        "estimator": estimator,
        "model": trained.model,
        "rows": trained.rows,
        "folds": trained.folds,
        "seed": trained.seed,
        "agreement": trained.agreement,
        "features": list(trained.feature_names),
        "metrics": trained.metrics,
        "leaderboard": trained.leaderboard,
        "dropped": [{"name": one.name, "reason": one.reason} for one in prepared.dropped],
        "notes": list(trained.notes),
        "limits": limits_of(estimator),
    }


def limits_of(estimator: str) -> list[str]:
    """What a reader should know before relying on an answer."""
    limits = list(GENERAL_LIMITS)
    if any(part in estimator for part in KEEPS_ROWS):
        limits.append(
            f"{estimator} works by keeping training rows: whoever has the deployment's files has "
            "those rows too."
        )
    return limits
