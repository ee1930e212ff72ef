"""From the best trial to a finished pipeline, and the leaderboard with its reasons."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tablecast.errors import Remark, TrainingError, UnsupportedStep, counted
from tablecast.training.experiment.agreement import check_self_agreement
from tablecast.training.experiment.setup import members_at_once
from tablecast.training.experiment.trained import (
    HeldOut,
    Trained,
    nothing_learnt,
    trained_of,
)
from tablecast.training.experiment.weights import weighted
from tablecast.training.experiment.whole_table import Finished, finished
from tablecast.training.graph_cost import Cost, measure
from tablecast.training.search.pool import Pool, not_usable, score_of
from tablecast.training.search.trial import Trial, metrics
from tablecast.training.search.views import View

#: Fits of about all rows until a pipeline is measured: on the training part, and on the whole.
FITS = 1.7


def finish(pool: Pool) -> Trained:
    """Fit the best on all rows; the next best, where it breaks a limit.

    Raises:
        TrainingError: none of the best keeps within the limits.
    """
    refused: dict[int, Remark] = {}
    about = pool.prepared.about
    for trial in pool.ranked():
        pool.say(f"fitting {trial.name} on all rows")
        experiment, began = trial.view.experiment, time.monotonic()
        with members_at_once():
            estimator = experiment.create_model(
                trial.estimator(), cross_validation=False, verbose=False
            )
            estimator = weighted(experiment, estimator, about)
        made = finished(experiment, estimator, pool.table)
        seconds = (time.monotonic() - began) / FITS
        try:
            cost = measure(made.pipeline, pool.prepared)
            reason = pool.beyond(cost)
            if not reason:
                agreement = check_self_agreement(
                    made.pipeline, pool.prepared.table, pool.prepared.task
                )
                board = leaderboard(pool, trial, refused, cost)
                return _trained(pool, trial, made, board, agreement, seconds)
        except (UnsupportedStep, TrainingError) as error:
            reason = not_usable(error)
        refused[id(trial)] = reason
        pool.progress(f"Not chosen: {trial.name} ({reason})")
    raise TrainingError(
        "Each of the best pipelines is over a limit: "
        + "; ".join(map(str, refused.values()))
    )


def _trained(
    pool: Pool,
    trial: Trial,
    made: Finished,
    board: list[dict[str, Any]],
    agreement: float,
    seconds: float,
) -> Trained:
    usual, refits = pool.budget.usual_refits, pool.budget.refits(seconds)
    notes = [*_judgement(pool, trial, made.held), *made.notes]
    if refits < usual:
        notes.append(Remark(
            "Time was short, so ranges and errors come from fewer refits ({refits} instead of "
            "{usual}). Raise --budget for all of them.",
            values={"refits": refits, "usual": usual},
        ))
    return trained_of(
        pool.table.prepared, made.pipeline, made.held,
        notes=[*notes, end_of(pool)],
        model="+".join(member.model for member, _ in trial.members),
        cross_validation=metrics(trial), leaderboard=board, seed=pool.seed,
        folds=len(trial.view.folds), agreement=agreement, refits=refits,
        search={
            "trials": pool.done, "ended": pool.ended, "interrupted": pool.interrupted,
            "rows": len(pool.prepared.table), "sample": made.sample,
        },
    )


def leaderboard(
    pool: Pool, chosen: Trial, refused: dict[int, Remark], measured: Cost
) -> list[dict[str, Any]]:
    """Every candidate, best first, with why it was or was not chosen."""
    first = [chosen, *(trial for trial in pool.ranked() if trial is not chosen)]
    entries = [
        _entry(trial, measured if trial is chosen else trial.cost)
        | {"why": _why(trial, chosen, refused)}
        for trial in [*first, *pool.dropped]
    ]
    return [*entries, *pool.failed, *pool.skipped]


def _entry(trial: Trial, cost: Cost | None) -> dict[str, Any]:
    scores = metrics(trial)
    decides = "R2" if trial.view.task == "regression" else "LogLoss"
    settings = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for member, _ in trial.members
        for name, value in member.settings.items()
    ]
    return {
        "model": "+".join(member.model for member, _ in trial.members),
        "name": trial.name,
        "features": trial.features,
        "folds": len(trial.losses),
        "seconds": round(trial.seconds * len(trial.losses), 2),
        **{name: value["mean"] for name, value in scores.items()},
        "spread": scores[decides]["std"],
        "microseconds": round(cost.microseconds, 1) if cost else None,
        "tuned": any(member.tuned for member, _ in trial.members),
        "settings": ", ".join(settings),
    }


def _why(trial: Trial, chosen: Trial, refused: dict[int, Remark]) -> Remark:
    if trial is chosen:
        return Remark("chosen")
    if trial.why:
        return trial.why
    worse = Remark("{share:.1%} worse", values={"share": trial.loss / chosen.loss - 1})
    return refused.get(id(trial), worse)


def _judgement(pool: Pool, trial: Trial, held: HeldOut) -> list[Remark]:
    """What a reader should know of the figures, and whether there is anything in them."""
    notes = [_chosen_by(pool, trial, held)]
    nothing = _loss_of_knowing_nothing(trial.view)
    notes += nothing_learnt([nothing - loss for loss in trial.losses], held.figures)
    if pool.skipped and pool.budget.trials is None:
        notes.append(counted(
            "The budget of {seconds:g} s was too short for {count} trial: {names}.",
            "The budget of {seconds:g} s was too short for {count} trials: {names}.",
            len(pool.skipped),
            seconds=pool.budget.seconds, names=list(dict.fromkeys(map(_skipped, pool.skipped))),
        ))
    return notes


def _chosen_by(pool: Pool, trial: Trial, held: HeldOut) -> Remark:
    """Which rows chose, and which tested."""
    rows, learnt = len(pool.prepared.table), len(trial.view.experiment.X_train)
    if learnt + held.rows < rows:
        return Remark(
            "Chosen by cross-validation on {share:.0%} of the rows ({score}). The test scores come "
            "from another {rest:.0%}, which played no part in the choice. The rows between them "
            "(later, or of the test rows' groups) are used for the final model alone.",
            values={"share": learnt / rows, "rest": held.rows / rows, "score": score_of(trial)},
        )
    share = round(1 - held.rows / rows, 2)
    return Remark(
        "Chosen by cross-validation on {share:.0%} of the rows ({score}). The test scores come "
        "from the other {rest:.0%}, which played no part in the choice.",
        values={"share": share, "rest": 1 - share, "score": score_of(trial)},
    )


def _skipped(entry: dict[str, Any]) -> Remark | str:
    """What was left out, in a few words."""
    if not entry["model"]:  # all of a view, which its name says
        return str(entry["name"])
    named = {"name": entry["name"], "features": entry["features"]}
    return Remark("{name} with {features}", values=named)


def _loss_of_knowing_nothing(view: View) -> float:
    if view.task == "regression":
        return view.variance
    counts = np.bincount(view.labels, view.weights)
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def end_of(pool: Pool) -> Remark:
    """What ended the search, and how to get the same answers again."""
    if pool.interrupted:
        ended = counted(
            "The search was interrupted after {count} trial.",
            "The search was interrupted after {count} trials.", pool.done,
        )
    elif pool.budget.trials is not None:
        return counted(
            "The search made {count} trial. The same seed and --trials give the same result.",
            "The search made {count} trials. The same seed and --trials give the same result.",
            pool.done,
        )
    elif pool.ended:
        ended = counted(
            "The search ran out of time after {count} trial.",
            "The search ran out of time after {count} trials.", pool.done,
        )
    else:
        ended = counted(
            "The search finished after {count} trial.",
            "The search finished after {count} trials.", pool.done,
        )
    return Remark(
        "{ended} To get the same result on every run, use --trials.", values={"ended": ended}
    )
