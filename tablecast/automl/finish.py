"""From the best that was found to a finished pipeline, and the leaderboard that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.agreement import check_self_agreement
from tablecast.automl.limits import Cost, measure
from tablecast.automl.search import Search, said_of
from tablecast.automl.tried import Tried, metrics
from tablecast.errors import TrainingError, UnsupportedStep

if TYPE_CHECKING:
    from tablecast.training import Trained

#: Rows answered one by one, to see that they get what they get in a batch; 0.15 s each.
CHECKED_ROWS = 20
#: How many of the best are fitted until one keeps within the limits.
MOST_CONTENDERS = 5


def finish(search: Search) -> Trained:
    """Fit the best on all rows; the next best, where it breaks a limit.

    Raises:
        TrainingError: none of the best keeps within the limits.
    """
    refused: dict[int, str] = {}
    for tried in search.ranked()[:MOST_CONTENDERS]:
        search.clock.line(f"fitting {tried.name} on all rows", "", search.progress)
        estimator, holdout = _held_out(tried)
        pipeline = _finalized(tried, estimator)
        try:
            cost = measure(pipeline, search.prepared)
            reason = cost.beyond(search.max_latency, search.largest)
            if not reason:
                agreement = check_self_agreement(
                    pipeline, search.prepared.table, search.prepared.task, rows=CHECKED_ROWS
                )
                board = leaderboard(search, tried, refused, cost)
                return _trained(search, tried, pipeline, holdout, agreement, board)
        except (UnsupportedStep, TrainingError) as error:
            reason = str(error)
        refused[id(tried)] = reason
        search.progress(f"{tried.name} is not chosen: {reason}")
    raise TrainingError(
        "None of the best pipelines keeps within the limits: " + "; ".join(refused.values())
    )


def leaderboard(
    search: Search, chosen: Tried, refused: dict[int, str], measured: Cost
) -> list[dict[str, Any]]:
    """Every candidate, best first, with why it was or was not chosen."""
    entries = []
    for one in [*search.ranked(), *search.dropped]:
        cost = measured if one is chosen else one.cost
        entry = {
            "model": "+".join(member.model for member, _ in one.members),
            "name": one.name,
            "features": one.view.recipe.name,
            "folds": len(one.losses),
            "seconds": round(one.seconds * len(one.losses), 2),
            **{name: value["mean"] for name, value in metrics(one).items()},
            "microseconds": round(cost.microseconds, 1) if cost else None,
            "why": _why(one, chosen, refused),
        }
        entries.append(entry)
    return [*entries, *search.failed, *search.skipped]


def _why(one: Tried, chosen: Tried, refused: dict[int, str]) -> str:
    if one is chosen:
        return "chosen"
    if one.why or id(one) in refused:
        return one.why or refused[id(one)]
    return f"{one.loss / chosen.loss - 1:.1%} more loss than the chosen one"


def _held_out(tried: Tried) -> tuple[Any, dict[str, float]]:
    """The estimator fitted by PyCaret on the training part, and its figures on the holdout."""
    experiment = tried.view.experiment
    estimator = experiment.create_model(
        tried.estimator(), cross_validation=False, verbose=False
    )
    experiment.predict_model(estimator, verbose=False)
    figures = experiment.pull().drop(columns="Model").iloc[0]
    return estimator, {str(name): float(value) for name, value in figures.items()}


def _finalized(tried: Tried, estimator: Any) -> Any:
    from tablecast.training import forget_columns

    forget_columns(tried.view.experiment.pipeline)
    return tried.view.experiment.finalize_model(estimator)


def _trained(
    search: Search,
    tried: Tried,
    pipeline: Any,
    holdout: dict[str, float],
    agreement: float,
    board: list[dict[str, Any]],
) -> Trained:
    from tablecast.training import Trained, feature_names

    prepared = search.prepared
    columns = tuple(str(name) for name in pipeline.feature_names_in_[:-1])
    return Trained(
        pipeline=pipeline,
        task=prepared.task,
        target=prepared.target,
        columns=columns,
        model="+".join(member.model for member, _ in tried.members),
        metrics={"cross_validation": metrics(tried), "holdout": holdout},
        leaderboard=board,
        feature_names=feature_names(pipeline, prepared.table[list(columns)]),
        seed=search.seed,
        rows=len(prepared.table),
        folds=len(tried.view.folds),
        agreement=agreement,
        notes=(*prepared.notes, *_judgement(search, tried)),
    )


def _judgement(search: Search, tried: Tried) -> list[str]:
    """What a reader should know of the figures, and whether there is anything in them."""
    notes = [
        f"Chosen by cross-validation on 70% of the rows ({said_of(tried)}); the holdout's figures "
        "are of the other 30%, which no choice has seen."
    ]
    nothing = _loss_of_knowing_nothing(tried)
    spread = float(np.std(tried.losses)) / len(tried.losses) ** 0.5
    if tried.loss > nothing - spread:
        notes.append(
            "Nothing could be learnt: the best pipeline is no better than always giving the same "
            "answer. The columns may have nothing to do with the target."
        )
    if search.skipped:
        notes.append(
            f"The budget of {search.clock.budget:g} s left out {len(search.skipped)} trials, the "
            f"first of them {search.skipped[0]['name']}."
        )
    return notes


def _loss_of_knowing_nothing(tried: Tried) -> float:
    target = tried.view.target
    if tried.view.task == "regression":
        return float(np.var(target))
    shares = np.unique(target, return_counts=True)[1] / len(target)
    return float(-(shares * np.log(shares)).sum())
