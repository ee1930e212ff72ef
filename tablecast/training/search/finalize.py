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
from tablecast.training.intervals.conformal import FEWEST_FOLDS
from tablecast.training.intervals.conformal import folds_of as clones_of
from tablecast.training.search.pool import Pool, said_of
from tablecast.training.search.trial import Trial, metrics

#: Fits of about all rows until a pipeline is measured: on the training part, and on the whole.
FITS = 1.7
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
    for trial in pool.ranked()[:MOST_CONTENDERS]:
        pool.say(f"fitting {trial.name} on all rows")
        experiment, began = trial.view.experiment, time.monotonic()
        estimator = experiment.create_model(
            trial.estimator(), cross_validation=False, verbose=False
        )
        held, pipeline = held_out(experiment, estimator), finalized(experiment, estimator)
        seconds = (time.monotonic() - began) / FITS
        try:
            cost = measure(pipeline, pool.prepared)
            reason = pool.beyond(cost)
            if not reason:
                if any(member.model in WITH_TIES for member, _ in trial.members):
                    check_proof(pipeline, pool.prepared)
                agreement = check_self_agreement(
                    pipeline, pool.prepared.table, pool.prepared.task
                )
                board = leaderboard(pool, trial, refused, cost)
                return _trained(pool, trial, held, pipeline, board, agreement, seconds)
        except ProofFailed:
            reason = OTHER_ORDER
        except (UnsupportedStep, TrainingError) as error:
            reason = str(error)
        refused[id(trial)] = reason
        pool.progress(f"Not chosen: {trial.name} ({reason})")
    raise TrainingError(
        "Each of the best pipelines is over a limit: " + "; ".join(refused.values())
    )


def _trained(
    pool: Pool,
    trial: Trial,
    held: HeldOut,
    pipeline: Any,
    board: list[dict[str, Any]],
    agreement: float,
    seconds: float,
) -> Trained:
    usual = clones_of(len(pool.prepared.table))
    clones = pool.budget.clones(seconds, usual, FEWEST_FOLDS)
    notes = _judgement(pool, trial, held)
    if clones < usual:
        notes.append(
            f"For want of time, what is said of unseen rows was learnt from {clones} clones of the "
            "pipeline; a longer budget does more."
        )
    return trained_of(
        pool.prepared, pipeline, held,
        notes=[*notes, said_of_end(pool)],
        model="+".join(member.model for member, _ in trial.members),
        cross_validation=metrics(trial), leaderboard=board, seed=pool.seed,
        folds=len(trial.view.folds), agreement=agreement, clones=clones,
        search={"trials": pool.done, "ended": pool.ended, "interrupted": pool.interrupted},
    )


def leaderboard(
    pool: Pool, chosen: Trial, refused: dict[int, str], measured: Cost
) -> list[dict[str, Any]]:
    """Every candidate, best first, with why it was or was not chosen."""
    first = [chosen, *(one for one in pool.ranked() if one is not chosen)]
    entries = [
        _entry(one, measured if one is chosen else one.cost) | {"why": _why(one, chosen, refused)}
        for one in [*first, *pool.dropped]
    ]
    return [*entries, *pool.failed, *pool.skipped]


def _entry(one: Trial, cost: Cost | None) -> dict[str, Any]:
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


def _why(one: Trial, chosen: Trial, refused: dict[int, str]) -> str:
    if one is chosen:
        return "chosen"
    if one.why or id(one) in refused:
        return one.why or refused[id(one)]
    return f"{one.loss / chosen.loss - 1:.1%} more loss"


def _judgement(pool: Pool, trial: Trial, held: HeldOut) -> list[str]:
    """What a reader should know of the figures, and whether there is anything in them."""
    notes = [
        f"Chosen by cross-validation on 70% of the rows ({said_of(trial)}); the holdout's figures "
        "are of the other 30%, which no choice has seen."
    ]
    nothing = _loss_of_knowing_nothing(trial)
    notes += nothing_learnt([nothing - loss for loss in trial.losses], held.figures)
    if pool.skipped and pool.budget.trials is None:
        names = dict.fromkeys(f"{one['name']}, {one['features']}" for one in pool.skipped)
        notes.append(
            f"The budget of {pool.budget.seconds:g} s left out {len(pool.skipped)} trials: "
            + "; ".join(names) + "."
        )
    return notes


def _loss_of_knowing_nothing(trial: Trial) -> float:
    target = trial.view.target
    if trial.view.task == "regression":
        return float(np.var(target))
    shares = np.unique(target, return_counts=True)[1] / len(target)
    return float(-(shares * np.log(shares)).sum())


def said_of_end(pool: Pool) -> str:
    """Whether the same seed gives the same answers again, as a sentence for a person."""
    done = pool.done
    if pool.budget.trials is not None and not pool.interrupted:
        return f"The search made {done} trials: the same seed and --trials give the same answers."
    again = "for the same answers on every run, give it --trials."
    if pool.interrupted:
        return f"The search was interrupted after {done} trials; {again}"
    if pool.ended:
        return f"The time ended the search in {pool.ended}, after {done} trials; {again}"
    return f"The search came to its own end after {done} trials; {again}"
