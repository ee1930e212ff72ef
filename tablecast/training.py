"""From a prepared table to a fitted PyCaret pipeline, its figures, and proof that it is steady."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from tablecast.agreement import check_self_agreement
from tablecast.card import metrics_of
from tablecast.errors import TrainingError
from tablecast.experiment import quiet_and_single, start
from tablecast.recipe import recipe

if TYPE_CHECKING:
    from tablecast.inspection import Prepared

__all__ = ["Trained", "check_self_agreement", "recipe", "train"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Candidate:
    """One thing to try: a PyCaret estimator id, with the recipe's features or with plain ones."""

    model: str
    with_recipe: bool


# Estimators that are linear in their features, which the recipe's features are made for. A tree
# cuts at thresholds, where the last bit of a sine decides; distances and densities drown in them.
LINEAR = frozenset(
    "lr lasso ridge en lar llar omp br ard par ransac tr huber svm lda".split()
)
# A web page's answer takes some milliseconds; a row of the graph should not be seen in it.
MAX_LATENCY = 1_000.0
# What a repository and a worker's memory bear easily.
LARGEST_GRAPH = 20e6
# What "best" means, as PyCaret's compare_models sorts.
DECIDES = {"regression": "R2", "classification": "Accuracy"}


@dataclass(frozen=True)
class Trained:
    """What training made.

    Attributes:
        pipeline: PyCaret's finalized pipeline, fitted on all rows.
        task: "regression" or "classification".
        target: the target's name.
        columns: the raw feature columns, in the pipeline's order.
        model: PyCaret's id of the estimator.
        metrics: ``{"cross_validation": {metric: {"mean", "std"}}, "holdout": {metric: value}}``.
        leaderboard: one entry for each candidate, best first: "model", "name", "recipe", "seconds"
            and each metric's mean, or "error" for one that could not be fitted.
        feature_names: what the estimator sees.
        seed: PyCaret's ``session_id``.
        rows: how many rows the pipeline was fitted on.
        folds: how many folds the cross-validation had.
        agreement: the worst relative difference between one-row and batch answers.
        notes: sentences for the terminal and the model card.
    """

    pipeline: Any
    task: str
    target: str
    columns: tuple[str, ...]
    model: str
    metrics: dict[str, Any]
    leaderboard: list[dict[str, Any]]
    feature_names: list[str]
    seed: int
    rows: int
    folds: int
    agreement: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Tried:
    """One candidate, cross-validated on the training part."""

    candidate: Candidate
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
    seed: int = 123,
    max_latency: float = MAX_LATENCY,
    began: float | None = None,
    progress: Progress = _print,
) -> Trained:
    """Train a pipeline on a prepared table.

    Args:
        prepared: what `tablecast.table.prepare` gives.
        model: a PyCaret estimator id, trained with the recipe's features where it is linear;
            "auto" searches, see ``tablecast.automl``.
        budget: seconds for "auto", from ``began`` to the saved deployment; None for its default.
        seed: PyCaret's ``session_id``, which decides the split, the folds and the estimators.
        max_latency: microseconds that a row may take in the graph; "auto" chooses nothing slower.
        began: when the budget began, as ``time.monotonic`` counts; None for now.
        progress: called with one line for each thing done.

    Raises:
        TrainingError: the estimator is unknown or cannot be fitted, the table cannot be split, or
            the pipeline's answers depend on the batch.
    """
    with quiet_and_single():
        if model == "auto":
            return _searched(prepared, budget, seed, max_latency, began, progress)
        tried = _try(prepared, Candidate(model, model in LINEAR), seed, progress)
        return _finish(prepared, tried, seed, progress)


def _searched(
    prepared: Prepared,
    budget: float | None,
    seed: int,
    max_latency: float,
    began: float | None,
    progress: Progress,
) -> Trained:
    from tablecast.automl import DEFAULT_BUDGET, Clock, Search, finish

    clock = Clock(DEFAULT_BUDGET if budget is None else budget, began)
    search = Search(
        prepared, clock, seed, LARGEST_GRAPH, progress, max_latency=max_latency
    )
    search.run()
    return finish(search)


def _try(
    prepared: Prepared,
    candidate: Candidate,
    seed: int,
    progress: Progress,
) -> _Tried:
    steps = recipe(prepared.table, prepared.target) if candidate.with_recipe else []
    experiment = start(prepared, seed, steps)
    name = _name(experiment, candidate.model)
    began = time.monotonic()
    try:
        estimator = experiment.create_model(candidate.model, round=6, verbose=False)
    except Exception as error:  # estimators raise whatever they like
        raise TrainingError(f"{name} could not be fitted on this table: {error}") from error
    scores, seconds = experiment.pull(), time.monotonic() - began
    decides = DECIDES[prepared.task]
    mean, std = scores.loc["Mean", decides], scores.loc["Std", decides]
    folds = experiment.fold_generator.get_n_splits()
    progress(f"{name}: {decides} {mean:.4f} ± {std:.4f} over {folds} folds, {seconds:.1f} s")
    return _Tried(candidate, experiment, estimator, scores, seconds)


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


def _finish(
    prepared: Prepared,
    best: _Tried,
    seed: int,
    progress: Progress,
) -> Trained:
    """Measure the candidate on the holdout, fit it on all rows, check that it is steady."""
    experiment = best.experiment
    experiment.predict_model(best.estimator, verbose=False)
    metrics = metrics_of(best.scores, experiment.pull())
    forget_columns(experiment.pipeline)
    pipeline = experiment.finalize_model(best.estimator)
    progress(f"Fitted on all {len(prepared.table):,} rows; checking single rows against a batch.")
    agreement = check_self_agreement(pipeline, prepared.table, prepared.task)
    progress(f"A row alone and in a batch agree to {agreement:.1g} relative.")
    columns = tuple(str(name) for name in pipeline.feature_names_in_[:-1])
    return Trained(
        pipeline=pipeline,
        task=prepared.task,
        target=prepared.target,
        columns=columns,
        model=best.candidate.model,
        metrics=metrics,
        leaderboard=[_entry(best)],
        feature_names=feature_names(pipeline, prepared.table[list(columns)]),
        seed=seed,
        rows=len(prepared.table),
        folds=experiment.fold_generator.get_n_splits(),
        agreement=agreement,
        notes=prepared.notes,
    )


def forget_columns(pipeline: Any) -> None:
    """Let every step look at all rows' columns when the pipeline is fitted again.

    PyCaret's wrapper keeps the columns that its first fit met, so that the one-hot columns of a
    level which only the holdout has would pass by every step after the encoder.
    """
    for _, step in pipeline.steps:
        if hasattr(step, "_include"):
            step._include = step.include


def _entry(tried: _Tried) -> dict[str, Any]:
    means = tried.scores.loc["Mean"]
    return {
        "model": tried.candidate.model,
        "name": _name(tried.experiment, tried.candidate.model),
        "recipe": tried.candidate.with_recipe,
        "seconds": round(tried.seconds, 2),
        **{str(metric): float(value) for metric, value in means.items()},
    }


def feature_names(pipeline: Any, table: Any) -> list[str]:
    """The columns that the estimator sees. It may transform, as LDA does, and is left out."""
    before = copy(pipeline)
    before.steps = pipeline.steps[:-1]
    return [str(name) for name in before.transform(table.head(2)).columns]
