"""From the best that was found to a finished pipeline, and the leaderboard that says why."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tablecast.errors import ProofFailed, TrainingError, UnsupportedStep
from tablecast.training.experiment.agreement import check_self_agreement
from tablecast.training.experiment.trained import (
    HeldOut,
    Trained,
    finalized,
    held_out,
    nothing_learnt,
    trained_of,
)
from tablecast.training.graph_cost import Cost, check_proof, measure
from tablecast.training.search.pool import Pool, said_of
from tablecast.training.search.replay import FORMAT, Plan, fingerprint, versions
from tablecast.training.search.trial import Tried, metrics

#: How many of the best are fitted until one keeps within the limits.
MOST_CONTENDERS = 5
#: Estimators that take equally near rows in an order of their own, which not every graph shares.
WITH_TIES = ("knn",)
OTHER_ORDER = "its graph takes equally near rows in another order"


def finish(pool: Pool) -> Trained:
    """Fit the best on all rows; the next best, where it breaks a limit.

    Raises:
        TrainingError: none of the best keeps within the limits.
    """
    refused: dict[int, str] = {}
    for tried in pool.ranked()[:MOST_CONTENDERS]:
        pool.clock.line(f"fitting {tried.name} on all rows", "", pool.progress)
        experiment, began = tried.view.experiment, time.monotonic()
        estimator = experiment.create_model(
            tried.estimator(), cross_validation=False, verbose=False
        )
        held, pipeline = held_out(experiment, estimator), finalized(experiment, estimator)
        pool.afterwards.settle(time.monotonic() - began)
        try:
            cost = measure(pipeline, pool.prepared)
            reason = pool.beyond(cost)
            if not reason:
                if any(member.model in WITH_TIES for member, _ in tried.members):
                    check_proof(pipeline, pool.prepared)
                agreement = check_self_agreement(
                    pipeline, pool.prepared.table, pool.prepared.task,
                    rows=pool.afterwards.level.checked,
                )
                board = leaderboard(pool, tried, refused, cost)
                return _trained(pool, tried, held, pipeline, board, agreement)
        except ProofFailed:
            reason = OTHER_ORDER
        except (UnsupportedStep, TrainingError) as error:
            reason = str(error)
        refused[id(tried)] = reason
        pool.progress(f"{tried.name} is not chosen: {reason}")
    raise TrainingError(
        "None of the best pipelines keeps within the limits: " + "; ".join(refused.values())
    )


def _trained(
    pool: Pool,
    tried: Tried,
    held: HeldOut,
    pipeline: Any,
    board: list[dict[str, Any]],
    agreement: float,
) -> Trained:
    plan = plan_of(pool, tried)
    return trained_of(
        pool.prepared, pipeline, held,
        notes=[*_judgement(pool, tried, held), said_of_end(pool, plan)],
        model="+".join(member.model for member, _ in tried.members),
        cross_validation=metrics(tried), leaderboard=board, seed=pool.seed,
        folds=len(tried.view.folds), agreement=agreement,
        clones=pool.afterwards.level.clones, search=plan.to_json(),
    )


def leaderboard(
    pool: Pool, chosen: Tried, refused: dict[int, str], measured: Cost
) -> list[dict[str, Any]]:
    """Every candidate, best first, with why it was or was not chosen."""
    first = [chosen, *(one for one in pool.ranked() if one is not chosen)]
    entries = [
        _entry(one, measured if one is chosen else one.cost) | {"why": _why(one, chosen, refused)}
        for one in [*first, *pool.dropped]
    ]
    return [*entries, *pool.failed, *pool.skipped]


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


def _judgement(pool: Pool, tried: Tried, held: HeldOut) -> list[str]:
    """What a reader should know of the figures, and whether there is anything in them."""
    notes = [
        f"Chosen by cross-validation on 70% of the rows ({said_of(tried)}); the holdout's figures "
        "are of the other 30%, which no choice has seen."
    ]
    nothing = _loss_of_knowing_nothing(tried)
    notes += nothing_learnt([nothing - loss for loss in tried.losses], held.figures)
    if pool.afterwards.is_short:
        level = pool.afterwards.level
        notes.append(
            f"For want of time, {level.checked} rows were checked alone and in a batch, and what "
            f"is said of unseen rows was learnt from {level.clones} clones of the pipeline; a "
            "longer budget does more."
        )
    if pool.skipped:
        notes.append(
            f"The budget of {pool.clock.budget:g} s left out "
            f"{sum(one['trials'] for one in pool.skipped)} trials: "
            + "; ".join(dict.fromkeys(said_of_skipped(one) for one in pool.skipped)) + "."
        )
    return notes


def _loss_of_knowing_nothing(tried: Tried) -> float:
    target = tried.view.target
    if tried.view.task == "regression":
        return float(np.var(target))
    shares = np.unique(target, return_counts=True)[1] / len(target)
    return float(-(shares * np.log(shares)).sum())


def plan_of(pool: Pool, chosen: Tried) -> Plan:
    """What a search did that has ended, with what was chosen."""
    clock, all_tried = pool.clock, [*pool.tried, *pool.dropped]
    return Plan(
        format=FORMAT,
        table=fingerprint(pool.prepared),
        versions=versions(),
        seed=pool.seed,
        max_latency=pool.max_latency,
        budget=clock.budget,
        trials=sum(len(one.members) == 1 for one in all_tried),
        draws=pool.draws,
        steps=pool.steps,
        blends=sum(len(one.members) > 1 for one in pool.tried),
        ended=pool.ended,
        asked=clock.asked,
        said=clock.said,
        interrupted=clock.interrupted,
        chosen=f"{chosen.name}, {chosen.features}",
        loss=chosen.loss,
    )


def said_of_end(pool: Pool, plan: Plan) -> str:
    """Whether the same seed gives the same answers again, as a sentence for a person."""
    clock = pool.clock
    again = "--repeat NAME does the same again."
    other = f"a quicker machine may find another pipeline; {again}"
    if clock.repeats:
        return "This repeats an earlier search, decision by decision: its answers are the same."
    if clock.interrupted is not None:
        return f"The search was interrupted after {plan.trials} trials; {again}"
    if plan.ended:
        return f"The time ended the search in {plan.ended}, after {plan.trials} trials: {other}"
    if clock.close:
        return f"The search came to its end, but the clock had a say in what it left out: {other}"
    return "The search came to its own end: the same seed gives the same answers."
