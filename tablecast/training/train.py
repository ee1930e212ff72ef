"""From a prepared table to a fitted and checked PyCaret pipeline with its scores."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tablecast.errors import Remark, TrainingError
from tablecast.training.cluster.executor import Executor, Threads
from tablecast.training.evaluation.rounding import readable
from tablecast.training.experiment.agreement import check_self_agreement
from tablecast.training.experiment.leaderboard import as_text
from tablecast.training.experiment.out_of_fold import usual_refits
from tablecast.training.experiment.recipe import TAIL, recipe
from tablecast.training.experiment.scores import (
    gains,
    metrics_of_folds,
    telling,
    weighted_scores,
)
from tablecast.training.experiment.setup import quiet_and_single, start
from tablecast.training.experiment.trained import (
    Trained,
    nothing_learnt,
    trained_of,
)
from tablecast.training.experiment.weights import takes_weights, weighted
from tablecast.training.experiment.whole_table import WholeTable, finished, whole_table
from tablecast.training.graph_cost import joined

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared
    from tablecast.training.interrupts import Interrupts

__all__ = ["Trained", "check_self_agreement", "recipe", "train"]

Progress = Callable[[str], None]


DEFAULT, PLAIN = Remark("default features"), Remark("plain features")

# Estimators that are linear in their features, which the recipe's features are made for. A tree
# cuts at thresholds, where the last bit of a sine decides; distances and densities drown in them.
LINEAR = frozenset(
    "lr lasso ridge en lar llar omp br ard par ransac tr huber svm lda".split()
)
# A web page's answer takes some milliseconds; a row of the graph should not be seen in it.
MAX_LATENCY = 1_000.0
# What a repository and a worker's memory bear easily.
LARGEST_GRAPH = 20e6


@dataclass(frozen=True)
class _Tried:
    """An estimator by PyCaret's id, cross-validated on the training part."""

    model: str
    experiment: Any
    estimator: Any
    scores: Any  # PyCaret's table: a row for each fold, "Mean" and "Std"
    seconds: float


def _print(line: str) -> None:
    print(line, flush=True)


def train(
    prepared: Prepared,
    *,
    model: str = "auto",
    budget: float | None = None,
    trials: int | None = None,
    seed: int = 123,
    max_latency: float = MAX_LATENCY,
    began: float | None = None,
    interrupts: Interrupts | None = None,
    executor: Executor | None = None,
    progress: Progress = _print,
) -> Trained:
    """Train a pipeline on a prepared table.

    Args:
        prepared: what `tablecast.data.sources.prepare` gives.
        model: a PyCaret estimator id, trained with the recipe's features where it is linear;
            "auto" searches, see ``tablecast.training.search``.
        budget: seconds for "auto", from ``began`` to the saved deployment; None for its default.
        trials: estimators that "auto" tries, instead of seconds: the same seed and number give the
            same answers, whatever the clock says, and ``max_latency`` does not count.
        seed: PyCaret's ``session_id``, which decides the split, the folds and the estimators.
        max_latency: microseconds that a row may take in the graph; "auto" chooses nothing slower.
        began: when the budget began, as ``time.monotonic`` counts; None for now.
        executor: fits what "auto" tries; None for this process's threads.
        interrupts: told when the search is over, so that Ctrl-C no longer ends it.
        progress: called with one line for each thing done.

    Raises:
        TrainingError: the estimator is unknown or cannot be fitted, the table cannot be split, or
            the pipeline's answers depend on the batch; or next to nothing fits into memory.
    """
    executor = executor or Threads()
    table = whole_table(prepared, executor.free_bytes())
    with quiet_and_single():
        if model == "auto":
            from tablecast.training.search.budget import DEFAULT_BUDGET, Budget
            from tablecast.training.search.finalize import finish
            from tablecast.training.search.rounds import Search

            allowed = Budget(
                DEFAULT_BUDGET if budget is None else budget, trials, began,
                refits=usual_refits(prepared),
            )
            search = Search(
                table.sample, allowed, seed, LARGEST_GRAPH, progress, max_latency, executor, table
            )
            search.run()
            if interrupts:
                interrupts.searching = False
            trained = finish(search)
        else:
            tried = _try(table.sample, model, seed, progress)
            trained = _finish(table, tried, seed, progress)
    _say(trained, prepared, progress)
    return trained


def _say(trained: Trained, prepared: Prepared, progress: Progress) -> None:
    """The leaderboard, and what training found out about its figures."""
    progress(as_text(trained.leaderboard))
    holdout = trained.metrics["holdout"]
    figures = ", ".join(f"{name} {readable(value)}" for name, value in holdout.items())
    progress(f"Test rows: {figures}.")
    for note in trained.notes:
        if note not in prepared.notes:
            progress(str(note))


def _try(prepared: Prepared, model: str, seed: int, progress: Progress) -> _Tried:
    """With the recipe's features where the estimator is linear, else with plain ones."""
    tail = TAIL if prepared.task == "regression" else 0.0  # a probability cannot run away
    steps = recipe(prepared.table, prepared.target, tail=tail) if model in LINEAR else []
    experiment = start(prepared, seed, steps)
    name = _name(experiment, model)
    _check_weighing(prepared, experiment, model)
    began = time.monotonic()
    try:
        estimator, scores = _created(prepared, experiment, model)
    except Exception as error:  # estimators raise whatever they like
        raise TrainingError(f"{name} could not be fitted on this table: {error}") from error
    seconds = time.monotonic() - began
    decides = telling(scores, prepared.task)
    mean, std = scores.loc["Mean", decides], scores.loc["Std", decides]
    folds = experiment.fold_generator.get_n_splits()
    progress(f"{name}: {decides} {mean:.4f} ± {std:.4f} over {folds} folds, {seconds:.1f} s")
    return _Tried(model, experiment, estimator, scores, seconds)


def _created(prepared: Prepared, experiment: Any, model: str) -> tuple[Any, Any]:
    """The estimator fitted on the training part, and its scores, a row for each fold."""
    about = prepared.about.taken(experiment.X_train.index)
    if about.weights is None:
        return experiment.create_model(model, round=6, verbose=False), experiment.pull()
    estimator = weighted(
        experiment, experiment.create_model(model, cross_validation=False, verbose=False),
        prepared.about,
    )
    return estimator, weighted_scores(experiment, joined(experiment.pipeline, estimator), about)


def _check_weighing(prepared: Prepared, experiment: Any, model: str) -> None:
    """Raises TrainingError where rows have weights that the estimator does not take."""
    if prepared.about.weights is None:
        return
    known = experiment._all_models
    if not takes_weights(known[model].class_def):
        able = [key for key, one in known.items() if takes_weights(one.class_def)]
        raise TrainingError(
            f"{known[model].name} ({model}) cannot weigh rows. Leave --weight out, or choose auto "
            f"or one of: {', '.join(able)}."
        )


def _name(experiment: Any, model: str) -> str:
    """PyCaret's name of an estimator.

    Raises:
        TrainingError: PyCaret has no such id.
    """
    names = experiment.models()["Name"]
    if model in names.index:
        return str(names[model])
    near = get_close_matches(model, list(names.index), n=1, cutoff=0.4)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    known = ", ".join(f"{key} ({name})" for key, name in names.items())
    raise TrainingError(f"PyCaret has no estimator '{model}'. {hint}Choose auto, or: {known}.")


def _finish(table: WholeTable, best: _Tried, seed: int, progress: Progress) -> Trained:
    """Measure the candidate on the holdout, fit it on all rows, check that it is steady."""
    made = finished(best.experiment, best.estimator, table)
    rows = len(table.prepared.table)
    progress(f"Fitted on all {rows:,} rows. Comparing single rows with a batch.")
    agreement = check_self_agreement(made.pipeline, table.sample.table, table.prepared.task)
    progress("Batch size does not change results.")
    folds = metrics_of_folds(best.scores)
    return trained_of(
        table.prepared,
        made.pipeline,
        made.held,
        notes=[*nothing_learnt(gains(folds), made.held.figures), *made.notes],
        model=best.model,
        cross_validation=folds,
        leaderboard=[_entry(best)],
        seed=seed,
        folds=best.experiment.fold_generator.get_n_splits(),
        agreement=agreement,
    )


def _entry(tried: _Tried) -> dict[str, Any]:
    folds, task = metrics_of_folds(tried.scores), tried.experiment._ml_usecase.name.lower()
    return {
        "model": tried.model,
        "name": _name(tried.experiment, tried.model),
        "features": DEFAULT if tried.model in LINEAR else PLAIN,
        "recipe": tried.model in LINEAR,
        "folds": len(tried.scores) - 2,
        "seconds": round(tried.seconds, 2),
        **{metric: figures["mean"] for metric, figures in folds.items()},
        "spread": folds[telling(tried.scores, task)]["std"],
        "why": Remark("requested"),
    }
