"""The model card's facts, as plain data. Nothing in it is a training row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablecast.experiments.experiment import TRAIN_SHARE
from tablecast.language import N_

if TYPE_CHECKING:
    from tablecast.reading.inspection import Prepared
    from tablecast.training import Trained

#: Estimators that keep training rows inside themselves, by a part of their class's name.
KEEPS_ROWS = ("KNeighbors", "SVC", "SVR", "KernelRidge", "GaussianProcess")

GENERAL_LIMITS = (
    N_(
        "It answers from the rows that it was trained on; a value outside their range is answered "
        "with a warning, and is a guess."
    ),
    N_("It shows what goes together in those rows, not what causes what."),
)

KEEPING_LIMIT = N_(
    "{estimator} works by keeping training rows: whoever has the deployment's files has those rows "
    "too."
)


def card_of(trained: Trained, prepared: Prepared) -> dict[str, Any]:
    """What training found out, for the card and the API."""
    facts = {
        "model": trained.model,
        "folds": trained.folds,
        "held_out": trained.rows - int(TRAIN_SHARE * trained.rows),
        "seed": trained.seed,
        "agreement": trained.agreement,
        "features": list(trained.feature_names),
        "metrics": trained.metrics,
        "leaderboard": trained.leaderboard,
        "search": trained.search,
    }
    found = facts_of(trained.pipeline, prepared)
    leaks = [leak.to_json() for leak in trained.leaks]
    return facts | found | {"notes": list(trained.notes), "leaks": leaks}


def facts_of(pipeline: Any, prepared: Prepared) -> dict[str, Any]:
    """What is known of any pipeline that was trained on a prepared table."""
    from tablecast.evaluation.importance import importance_of

    last = pipeline.steps[-1][1]
    estimator = type(last).__name__
    return {
        "estimator": estimator,
        "settings": settings_of(last),
        "steps": steps_of(pipeline),
        "rows": len(prepared.table),
        "importance": importance_of(pipeline, prepared.table, prepared.target, prepared.task),
        "dropped": [{"name": one.name, "reason": one.reason} for one in prepared.dropped],
        "notes": list(prepared.notes),
        "leaks": [leak.to_json() for leak in prepared.leaks],
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
        "cross_validation": folds_of(scores),
        "holdout": {str(metric): float(value) for metric, value in figures.items()},
    }


def folds_of(scores: Any) -> dict[str, dict[str, Any]]:
    """Each metric's mean, deviation and folds from PyCaret's table of them."""
    return {
        str(metric): {
            "mean": float(column["Mean"]),
            "std": float(column["Std"]),
            "folds": [float(value) for value in column.drop(["Mean", "Std"])],
        }
        for metric, column in scores.items()
        if not _unknown(str(metric), column)
    }


def settings_of(estimator: Any) -> dict[str, Any]:
    """An estimator's settings that are numbers, texts or switches, and what a blend is made of."""
    settings = {
        name: value
        for name, value in sorted(estimator.get_params(deep=False).items())
        if isinstance(value, bool | int | float | str) and value == value  # not NaN
    }
    parts = [type(part).__name__ for _, part in getattr(estimator, "estimators", None) or []]
    return settings | ({"blend of": ", ".join(parts)} if parts else {})


def steps_of(pipeline: Any) -> list[dict[str, str]]:
    """The steps before the estimator, in their order: what each is called, and its class."""
    return [
        {"name": str(name), "class": type(getattr(step, "transformer", step)).__name__}
        for name, step in pipeline.steps[:-1]
    ]


def _unknown(metric: str, column: Any) -> bool:
    """Whether PyCaret could not work a metric out: of more than two classes it says AUC is 0."""
    return metric == "AUC" and not column["Mean"]


def limits_of(estimator: str) -> list[str]:
    """What a reader should know before relying on an answer."""
    limits = list(GENERAL_LIMITS)
    if any(part in estimator for part in KEEPS_ROWS):
        limits.append(KEEPING_LIMIT.format(estimator=estimator))
    return limits
