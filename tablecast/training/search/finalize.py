"""From the best that was found to a finished pipeline, and the leaderboard that says why."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tablecast.errors import ProofFailed, Remark, TrainingError, UnsupportedStep, counted
from tablecast.i18n.language import N_
from tablecast.training.experiment.agreement import check_self_agreement
from tablecast.training.experiment.setup import TRAIN_SHARE
from tablecast.training.experiment.trained import (
    HeldOut,
    Trained,
    finalized,
    held_out,
    nothing_learnt,
    trained_of,
)
from tablecast.training.graph_cost import Cost, check_proof, measure
from tablecast.training.search.pool import Pool, not_usable, score_of
from tablecast.training.search.replay import FORMAT, Plan, fingerprint, versions
from tablecast.training.search.trial import Tried, metrics

#: How many of the best are fitted until one keeps within the limits.
MOST_CONTENDERS = 5
#: Estimators that take equally near rows in an order of their own, which not every graph shares.
WITH_TIES = ("knn",)
OTHER_ORDER = Remark("its graph orders equally near rows differently")


def finish(pool: Pool) -> Trained:
    """Fit the best on all rows; the next best, where it breaks a limit.

    Raises:
        TrainingError: none of the best keeps within the limits.
    """
    refused: dict[int, Remark] = {}
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
            reason = not_usable(error)
        refused[id(tried)] = reason
        pool.progress(f"{tried.name} is not chosen: {reason}")
    raise TrainingError(
        "None of the best pipelines keeps within the limits: "
        + "; ".join(map(str, refused.values()))
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
        notes=[*_judgement(pool, tried, held), end_of(pool, plan)],
        model="+".join(member.model for member, _ in tried.members),
        cross_validation=metrics(tried), leaderboard=board, seed=pool.seed,
        folds=len(tried.view.folds), agreement=agreement,
        clones=pool.afterwards.level.clones, search=plan.to_json(),
    )


def leaderboard(
    pool: Pool, chosen: Tried, refused: dict[int, Remark], measured: Cost
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


def _why(one: Tried, chosen: Tried, refused: dict[int, Remark]) -> Remark:
    if one is chosen:
        return Remark("chosen")
    if one.why:
        return one.why
    worse = Remark("{share:.1%} worse", values={"share": one.loss / chosen.loss - 1})
    return refused.get(id(one), worse)


def _skipped(entry: dict[str, Any]) -> Remark | str:
    """What was left out, in a few words."""
    if not entry["model"]:  # all of a view, which its name says
        return str(entry["name"])
    message = N_("{name} with {features}")
    if entry["tuned"]:
        message = N_("{name} with {features} (tuned, {count} times)")
    named = {"name": entry["name"], "count": entry["trials"], "features": entry["features"]}
    return Remark(message, values=named)


def _judgement(pool: Pool, tried: Tried, held: HeldOut) -> list[Remark]:
    """What a reader should know of the figures, and whether there is anything in them."""
    measure, score = score_of(tried)
    notes = [Remark(
        "Chosen by cross-validation on {share:.0%} of the rows ({measure} {score:.4f}). The test "
        "scores come from the other {rest:.0%}, which played no part in the choice.",
        values={
            "share": TRAIN_SHARE, "rest": 1 - TRAIN_SHARE, "measure": measure, "score": score,
        },
    )]
    nothing = _loss_of_knowing_nothing(tried)
    notes += nothing_learnt([nothing - loss for loss in tried.losses], held.figures)
    if pool.afterwards.is_short:
        level = pool.afterwards.level
        notes.append(Remark(
            "Time was short, so some checks used fewer rows ({rows}) and fewer refits ({refits}). "
            "Raise --budget for full checks.",
            values={"rows": level.checked, "refits": level.clones},
        ))
    if pool.skipped:
        notes.append(counted(
            "The budget of {seconds:g} s was too short for {count} trial: {names}.",
            "The budget of {seconds:g} s was too short for {count} trials: {names}.",
            sum(one["trials"] for one in pool.skipped),
            seconds=pool.clock.budget, names=[_skipped(one) for one in pool.skipped],
        ))
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


def end_of(pool: Pool, plan: Plan) -> Remark:
    """Whether the same seed gives the same answers again."""
    clock = pool.clock
    if clock.repeats:
        return Remark("This run repeated an earlier search and gives the same answers.")
    if clock.interrupted is not None:
        return counted(
            "The search was interrupted after {count} trial. --repeat NAME does the same again.",
            "The search was interrupted after {count} trials. --repeat NAME does the same again.",
            plan.trials,
        )
    if plan.ended:
        return counted(
            "The search ran out of time after {count} trial. A faster machine may find another "
            "pipeline; --repeat NAME does the same again.",
            "The search ran out of time after {count} trials. A faster machine may find another "
            "pipeline; --repeat NAME does the same again.",
            plan.trials,
        )
    if clock.close:
        return Remark(
            "The search finished, but the time limit decided some of its steps. A faster machine "
            "may find another pipeline; --repeat NAME does the same again."
        )
    return Remark("The search finished. The same seed gives the same answers.")
