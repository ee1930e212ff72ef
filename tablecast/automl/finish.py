"""From the best that was found to a finished pipeline, and the leaderboard that says why."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tablecast.automl.limits import Cost, check_proof, measure
from tablecast.automl.plan import plan_of, said_of_end
from tablecast.automl.search import Search, said_of
from tablecast.automl.tried import Tried, metrics
from tablecast.errors import ProofFailed, TrainingError, UnsupportedStep
from tablecast.experiments.agreement import check_self_agreement
from tablecast.experiments.trained import (
    HeldOut,
    Trained,
    finalized,
    held_out,
    nothing_learnt,
    trained_of,
)

#: How many of the best are fitted until one keeps within the limits.
MOST_CONTENDERS = 5
#: Estimators that take equally near rows in an order of their own, which not every graph shares.
WITH_TIES = ("knn",)
OTHER_ORDER = "its graph takes equally near rows in another order"


def finish(search: Search) -> Trained:
    """Fit the best on all rows; the next best, where it breaks a limit.

    Raises:
        TrainingError: none of the best keeps within the limits.
    """
    refused: dict[int, str] = {}
    for tried in search.ranked()[:MOST_CONTENDERS]:
        search.clock.line(f"fitting {tried.name} on all rows", "", search.progress)
        experiment, began = tried.view.experiment, time.monotonic()
        estimator = experiment.create_model(
            tried.estimator(), cross_validation=False, verbose=False
        )
        held, pipeline = held_out(experiment, estimator), finalized(experiment, estimator)
        search.afterwards.settle(time.monotonic() - began)
        try:
            cost = measure(pipeline, search.prepared)
            reason = search.beyond(cost)
            if not reason:
                if any(member.model in WITH_TIES for member, _ in tried.members):
                    check_proof(pipeline, search.prepared)
                agreement = check_self_agreement(
                    pipeline, search.prepared.table, search.prepared.task,
                    rows=search.afterwards.level.checked,
                )
                board = leaderboard(search, tried, refused, cost)
                return _trained(search, tried, held, pipeline, board, agreement)
        except ProofFailed:
            reason = OTHER_ORDER
        except (UnsupportedStep, TrainingError) as error:
            reason = str(error)
        refused[id(tried)] = reason
        search.progress(f"{tried.name} is not chosen: {reason}")
    raise TrainingError(
        "None of the best pipelines keeps within the limits: " + "; ".join(refused.values())
    )


def _trained(
    search: Search,
    tried: Tried,
    held: HeldOut,
    pipeline: Any,
    board: list[dict[str, Any]],
    agreement: float,
) -> Trained:
    plan = plan_of(search, tried)
    return trained_of(
        search.prepared, pipeline, held,
        notes=[*_judgement(search, tried, held), said_of_end(search, plan)],
        model="+".join(member.model for member, _ in tried.members),
        cross_validation=metrics(tried), leaderboard=board, seed=search.seed,
        folds=len(tried.view.folds), agreement=agreement,
        clones=search.afterwards.level.clones, search=plan.to_json(),
    )


def leaderboard(
    search: Search, chosen: Tried, refused: dict[int, str], measured: Cost
) -> list[dict[str, Any]]:
    """Every candidate, best first, with why it was or was not chosen."""
    first = [chosen, *(one for one in search.ranked() if one is not chosen)]
    entries = [
        _entry(one, measured if one is chosen else one.cost) | {"why": _why(one, chosen, refused)}
        for one in [*first, *search.dropped]
    ]
    return [*entries, *search.failed, *search.skipped]


def _entry(one: Tried, cost: Cost | None) -> dict[str, Any]:
    found = metrics(one)
    decides = "R2" if one.view.task == "regression" else "LogLoss"
    settings = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for member, _ in one.members
        for name, value in member.settings.items()
    ]
    return {
        "model": "+".join(member.model for member, _ in one.members),
        "name": one.name,
        "features": one.features,
        "folds": len(one.losses),
        "seconds": round(one.seconds * len(one.losses), 2),
        **{name: value["mean"] for name, value in found.items()},
        "spread": found[decides]["std"],
        "microseconds": round(cost.microseconds, 1) if cost else None,
        "tuned": any(member.tuned for member, _ in one.members),
        "settings": ", ".join(settings),
    }


def _why(one: Tried, chosen: Tried, refused: dict[int, str]) -> str:
    if one is chosen:
        return "chosen"
    if one.why or id(one) in refused:
        return one.why or refused[id(one)]
    return f"{one.loss / chosen.loss - 1:.1%} more loss"


def said_of_skipped(entry: dict[str, Any]) -> str:
    """What was left out, in a few words."""
    tuned = f" (tuned, {entry['trials']} times)" if entry["tuned"] else ""
    return str(entry["name"]) + tuned + (f", {entry['features']}" if entry["model"] else "")


def _judgement(search: Search, tried: Tried, held: HeldOut) -> list[str]:
    """What a reader should know of the figures, and whether there is anything in them."""
    notes = [
        f"Chosen by cross-validation on 70% of the rows ({said_of(tried)}); the holdout's figures "
        "are of the other 30%, which no choice has seen."
    ]
    nothing = _loss_of_knowing_nothing(tried)
    notes += nothing_learnt([nothing - loss for loss in tried.losses], held.figures)
    if search.afterwards.is_short:
        level = search.afterwards.level
        notes.append(
            f"For want of time, {level.checked} rows were checked alone and in a batch, and what "
            f"is said of unseen rows was learnt from {level.clones} clones of the pipeline; a "
            "longer budget does more."
        )
    if search.skipped:
        notes.append(
            f"The budget of {search.clock.budget:g} s left out "
            f"{sum(one['trials'] for one in search.skipped)} trials: "
            + "; ".join(dict.fromkeys(said_of_skipped(one) for one in search.skipped)) + "."
        )
    return notes


def _loss_of_knowing_nothing(tried: Tried) -> float:
    target = tried.view.target
    if tried.view.task == "regression":
        return float(np.var(target))
    shares = np.unique(target, return_counts=True)[1] / len(target)
    return float(-(shares * np.log(shares)).sum())
