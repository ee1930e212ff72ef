"""The facts of the model card, as plain data without any training row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablecast.deployment.model_card import limits_of
from tablecast.training.experiment.split_remarks import how_split

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared
    from tablecast.training.train import Trained

def card_of(trained: Trained, prepared: Prepared) -> dict[str, Any]:
    """What training found out, for the card and the API."""
    facts = {
        "model": trained.model,
        "folds": trained.folds,
        "held_out": trained.held_out,
        "seed": trained.seed,
        "agreement": trained.agreement,
        "features": list(trained.feature_names),
        "metrics": trained.metrics,
        "leaderboard": trained.leaderboard,
        "search": trained.search,
        "split": how_split(prepared.about),
    }
    stated = facts_of(trained.pipeline, prepared)
    leaks = [leak.to_json() for leak in trained.leaks]
    return facts | stated | {"notes": list(trained.notes), "leaks": leaks}


def facts_of(pipeline: Any, prepared: Prepared) -> dict[str, Any]:
    """What is known of any pipeline that was trained on a prepared table."""
    from tablecast.training.evaluation.importance import importance_of

    last = pipeline.steps[-1][1]
    estimator = type(last).__name__
    return {
        "estimator": estimator,
        "settings": settings_of(last),
        "steps": steps_of(pipeline),
        "rows": len(prepared.table),
        "importance": importance_of(pipeline, prepared.table, prepared.target, prepared.task),
        "dropped": [{"name": column.name, "reason": column.reason} for column in prepared.dropped],
        "notes": list(prepared.notes),
        "leaks": [leak.to_json() for leak in prepared.leaks],
        "limits": limits_of(estimator),
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
