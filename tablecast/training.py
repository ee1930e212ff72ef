"""From a prepared table to a fitted PyCaret pipeline, its figures, and proof that it is steady."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
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


# Cheap ones first, so that a budget that runs out has tried the most.
CANDIDATES: Mapping[str, Sequence[Candidate]] = {
    "regression": (
        Candidate("lr", True),
        Candidate("br", True),
        Candidate("lightgbm", False),
        Candidate("gbr", False),
        Candidate("rf", False),
        Candidate("et", False),
    ),
    "classification": (
        Candidate("lr", True),
        Candidate("lda", True),
        Candidate("lightgbm", False),
        Candidate("rf", False),
        Candidate("et", False),
        Candidate("gbc", False),
    ),
}
# Estimators that are linear in their features, which the recipe's features are made for. A tree
# cuts at thresholds, where the last bit of a sine decides; distances and densities drown in them.
LINEAR = frozenset(
    "lr lasso ridge en lar llar omp br ard par ransac tr huber svm lda".split()
)
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
    progress: Progress = _print,
) -> Trained:
    """Train a pipeline on a prepared table.

    Args:
        prepared: what `tablecast.table.prepare` gives.
        model: a PyCaret estimator id, trained with the recipe's features where it is linear;
            "auto" compares several.
        budget: seconds after which "auto" begins no further candidate; None for no limit.
        seed: PyCaret's ``session_id``, which decides the split, the folds and the estimators.
        progress: called with one line for each thing done.

    Raises:
        TrainingError: the estimator is unknown or cannot be fitted, the table cannot be split, or
            the pipeline's answers depend on the batch.
    """
    with quiet_and_single():
        named = [Candidate(model, model in LINEAR)]
        wanted = CANDIDATES[prepared.task] if model == "auto" else named
        tried, failed = _search(prepared, wanted, budget, seed, progress)
        return _finish(prepared, tried, failed, seed, progress)


def _search(
    prepared: Prepared,
    wanted: Sequence[Candidate],
    budget: float | None,
    seed: int,
    progress: Progress,
) -> tuple[list[_Tried], list[dict[str, Any]]]:
    """Cross-validate candidates within the budget; the place of a cleverer search.

    Returns:
        Those that could be fitted, best first, and leaderboard entries of those that could not.
    """
    began = time.monotonic()
    experiments: dict[bool, Any] = {}
    tried: list[_Tried] = []
    failed: list[dict[str, Any]] = []
    for candidate in wanted:
        spent = time.monotonic() - began
        # The slowest so far is what the next one may take.
        expected = max((one.seconds for one in tried), default=0.0)
        if budget is not None and tried and spent + expected > budget:
            progress(f"Budget of {budget:g} s used; {candidate.model} and later ones are left out.")
            break
        try:
            tried.append(_try(prepared, candidate, experiments, seed, progress))
        except TrainingError as error:
            if len(wanted) == 1:
                raise
            progress(str(error))
            failed.append({"model": candidate.model, "error": str(error)})
    if not tried:
        raise TrainingError(f"No candidate could be fitted. The first said: {failed[0]['error']}")
    decides = DECIDES[prepared.task]
    return sorted(tried, key=lambda one: -one.scores.loc["Mean", decides]), failed


def _try(
    prepared: Prepared,
    candidate: Candidate,
    experiments: dict[bool, Any],
    seed: int,
    progress: Progress,
) -> _Tried:
    if candidate.with_recipe not in experiments:
        steps = recipe(prepared.table, prepared.target) if candidate.with_recipe else []
        experiments[candidate.with_recipe] = start(prepared, seed, steps)
    experiment = experiments[candidate.with_recipe]
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
    tried: Sequence[_Tried],
    failed: Sequence[dict[str, Any]],
    seed: int,
    progress: Progress,
) -> Trained:
    """Measure the best candidate on the holdout, fit it on all rows, check that it is steady."""
    best = tried[0]
    experiment = best.experiment
    experiment.predict_model(best.estimator, verbose=False)
    metrics = metrics_of(best.scores, experiment.pull())
    _forget_columns(experiment.pipeline)
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
        leaderboard=[*map(_entry, tried), *failed],
        feature_names=_feature_names(pipeline, prepared.table[list(columns)]),
        seed=seed,
        rows=len(prepared.table),
        folds=experiment.fold_generator.get_n_splits(),
        agreement=agreement,
        notes=prepared.notes,
    )


def _forget_columns(pipeline: Any) -> None:
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


def _feature_names(pipeline: Any, table: Any) -> list[str]:
    """The columns that the estimator sees. It may transform, as LDA does, and is left out."""
    before = copy(pipeline)
    before.steps = pipeline.steps[:-1]
    return [str(name) for name in before.transform(table.head(2)).columns]
