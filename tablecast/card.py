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
    facts = {
        "model": trained.model,
        "folds": trained.folds,
        "seed": trained.seed,
        "agreement": trained.agreement,
        "features": list(trained.feature_names),
        "metrics": trained.metrics,
        "leaderboard": trained.leaderboard,
    }
    return facts | facts_of(trained.pipeline, prepared)


def facts_of(pipeline: Any, prepared: Prepared) -> dict[str, Any]:
    """What is known of any pipeline that was trained on a prepared table."""
    from tablecast.importance import importance_of

    estimator = type(pipeline.steps[-1][1]).__name__
    return {
        "estimator": estimator,
        "rows": len(prepared.table),
        "importance": importance_of(pipeline, prepared.table, prepared.target, prepared.task),
        "dropped": [{"name": one.name, "reason": one.reason} for one in prepared.dropped],
        "notes": list(prepared.notes),
        "limits": limits_of(estimator),
    }


def metrics_of(scores: Any, holdout: Any) -> dict[str, Any]:
    """The card's metrics from PyCaret's tables.

    Args:
        scores: what ``pull()`` gives after ``create_model``: folds, then ``Mean`` and ``Std``.
        holdout: what ``pull()`` gives after ``predict_model`` on the holdout, one row.
    """
    figures = holdout.drop(columns="Model").iloc[0]
    return {
        "cross_validation": {
            str(metric): {"mean": float(column["Mean"]), "std": float(column["Std"])}
            for metric, column in scores.items()
        },
        "holdout": {str(metric): float(value) for metric, value in figures.items()},
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
