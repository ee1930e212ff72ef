"""The result of training: a pipeline fitted on all rows, its scores, and how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.data.prepared import Leak
from tablecast.errors import Remark
from tablecast.i18n.language import N_
from tablecast.inference.pycaret_api import classes_of, names_of_labels
from tablecast.training.experiment.scores import GUESSED
from tablecast.training.experiment.setup import members_at_once
from tablecast.training.experiment.weights import fit
from tablecast.training.graph_cost import joined

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared
    from tablecast.data.row_metadata import RowMetadata

#: Equal rows are worth a word where at least this share of the holdout has a twin.
WORTH_SAYING = 0.01
# Folds of a second division of the same rows tell little that the first ones did not.
INDEPENDENT_FOLDS = 10
# One or two equal rows happen by chance in any table of whole numbers.
FEWEST_TWINS = 3
# Fewer rows without a twin say nothing about how good the answers to them are.
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Trained:
    """What training made.

    Attributes:
        pipeline: PyCaret's finalized pipeline, fitted on all rows.
        task: "regression" or "classification".
        target: the target's name.
        columns: the raw feature columns, in the pipeline's order.
        model: PyCaret's id of the estimator; ids joined by "+" for a blend.
        metrics: ``{"cross_validation": {metric: {"mean", "std"}}, "holdout": {metric: value}}``.
        leaderboard: one entry for each candidate, best first; ``leaderboard.as_text`` shows it.
        feature_names: what the estimator sees.
        seed: PyCaret's ``session_id``.
        rows: how many rows the pipeline was fitted on.
        held_out: how many of them were test rows before.
        folds: how many folds the cross-validation had.
        agreement: the worst relative difference between one-row and batch answers.
        notes: for the terminal and the model card.
        leaks: what makes the figures too good; their messages are among the notes.
        refits: how many there is time for to learn from what they get wrong; None for the usual.
        search: how many trials the search made, and what ended it; None where one estimator was
            asked for.
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
    held_out: int
    folds: int
    agreement: float
    notes: tuple[Remark, ...]
    leaks: tuple[Leak, ...] = ()
    refits: int | None = None
    search: dict[str, Any] | None = None


@dataclass(frozen=True)
class HeldOut:
    """An estimator on the rows that were held out.

    Attributes:
        figures: PyCaret's metrics.
        rows: how many there are.
        leak: equal rows on both sides of the split, and what they do to the figures; or None.
    """

    figures: dict[str, float]
    rows: int
    leak: Leak | None


def held_out(experiment: Any, estimator: Any) -> HeldOut:
    """PyCaret's figures for an estimator that is fitted on the training part, or for a pipeline."""
    is_classes = experiment._ml_usecase.name == "CLASSIFICATION"
    # With one score a row PyCaret would look for the class 2 where it is called "02".
    options: dict[str, Any] = {"raw_score": True} if is_classes else {}
    known: tuple[Any, ...] = (experiment.pipeline, estimator)
    if hasattr(estimator, "steps"):
        known, options = (estimator,), options | {"data": experiment.test}
    predicted = experiment.predict_model(estimator, verbose=False, **options)
    if is_classes:
        spelled = names_of_labels(classes_of(*known))
        predicted = predicted.assign(prediction_label=predicted["prediction_label"].map(spelled))
    figures = experiment.pull().drop(columns="Model").iloc[0]
    plain = {str(name): float(value) for name, value in figures.items()}
    return HeldOut(plain, len(predicted), _twins(experiment, predicted))


def finalized(experiment: Any, estimator: Any, about: RowMetadata) -> Any:
    """The pipeline fitted on all rows, by PyCaret if they all count alike.

    Args:
        experiment, estimator: PyCaret's.
        about: of the table's rows.
    """
    from sklearn.base import clone

    forget_columns(experiment.pipeline)
    with members_at_once():
        if about.weights is None:
            return experiment.finalize_model(estimator)
        whole = clone(joined(experiment.pipeline, estimator))
        return fit(whole, experiment.X, experiment.y, about.weights_at(experiment.X.index))


def trained_of(
    prepared: Prepared,
    pipeline: Any,
    held: HeldOut,
    *,
    notes: Sequence[Remark] = (),
    **details: Any,
) -> Trained:
    """Put together what is known of a pipeline that was fitted on all rows of a table.

    Args:
        prepared: the table.
        pipeline: fitted on all of it.
        held: its figures on the holdout.
        notes: those besides the table's own.
        details: ``Trained``'s other attributes; "cross_validation" goes into its metrics.
    """
    columns = tuple(str(name) for name in pipeline.feature_names_in_[:-1])
    twins = (held.leak,) if held.leak else ()
    return Trained(
        pipeline=pipeline,
        task=prepared.task,
        target=prepared.target,
        columns=columns,
        metrics={"cross_validation": details.pop("cross_validation"), "holdout": held.figures},
        feature_names=feature_names(pipeline, prepared.table[list(columns)]),
        rows=len(prepared.table),
        held_out=held.rows,
        notes=(*prepared.notes, *(twin.message for twin in twins), *notes),
        leaks=(*prepared.leaks, *twins),
        **details,
    )


def nothing_learnt(gain: Sequence[float], holdout: Mapping[str, float]) -> list[Remark]:
    """A remark where nothing is certain to have been learnt.

    The best of many candidates looks better on the folds than it is, so that two standard errors
    are asked for, and something on the holdout as well.

    Args:
        gain: for each fold, by how much a measure is better than always giving the same answer.
        holdout: PyCaret's figures; R2 and Kappa are 0 where always the same is answered. Where a
            class is so rare that the others are always likelier, AUC tells whether rows differ.
    """
    error = float(np.std(gain)) / min(len(gain), INDEPENDENT_FOLDS) ** 0.5
    beyond = holdout.get("R2", holdout.get("Kappa", 1.0))
    if area := holdout.get("AUC", 0.0):  # PyCaret's for what it does not know is 0
        beyond = area - GUESSED
    if np.mean(gain) > 2 * error and beyond > 0:
        return []
    return [Remark(
        "No pattern was found: the best model is no better than a constant prediction. The "
        "columns may be unrelated to the target."
    )]


def forget_columns(pipeline: Any) -> None:
    """Let every step look at all rows' columns when the pipeline is fitted again.

    PyCaret's wrapper keeps the columns that its first fit met, so that the one-hot columns of a
    level which only the holdout has would pass by every step after the encoder.
    """
    for _, step in pipeline.steps:
        if hasattr(step, "_include"):
            step._include = step.include


def feature_names(pipeline: Any, table: Any) -> list[str]:
    """The columns that the estimator sees. It may transform, as LDA does, and is left out."""
    before = copy(pipeline)
    before.steps = pipeline.steps[:-1]
    return [str(name) for name in before.transform(table.head(2)).columns]


_TWINS = N_(
    "{count} of the {total} test rows also appear in the training rows; the folds overlap in the "
    "same way."
)
_TWINS_AND_OTHERS = N_(
    "{count} of the {total} test rows also appear in the training rows; the folds overlap in the "
    "same way. {measure} is {whole:.3f} on all test rows and {others:.3f} on the rows that appear "
    "only there. Expect the second figure, unless such repeats are usual."
)


def _twins(experiment: Any, predicted: pd.DataFrame) -> Leak | None:
    """Holdout rows that equal one that was learnt from, and the figures without them."""
    learnt, held = experiment.train, experiment.test
    twins = _hashes(held).isin(_hashes(learnt)).to_numpy()
    rows = int(twins.sum())
    if rows < max(FEWEST_TWINS, WORTH_SAYING * len(twins)):
        return None
    name, whole = _measure(experiment, predicted)
    figures = {"rows": float(rows), "share": rows / len(twins), "all": whole}
    values = {"count": rows, "total": len(twins), "measure": Remark(name), "whole": whole}
    if len(twins) - rows < FEWEST_ROWS:
        return Leak("twins", None, Remark(_TWINS, values=values), figures)
    figures["others"] = values["others"] = _measure(experiment, predicted[~twins])[1]
    return Leak("twins", None, Remark(_TWINS_AND_OTHERS, values=values), figures)


def _hashes(table: pd.DataFrame) -> pd.Series:
    from pandas.util import hash_pandas_object

    return hash_pandas_object(table, index=False)


def _measure(experiment: Any, predicted: pd.DataFrame) -> tuple[str, float]:
    """R2, or the accuracy, of rows with their answers."""
    wanted, answered = predicted[experiment.target_param], predicted["prediction_label"]
    if experiment._ml_usecase.name == "CLASSIFICATION":
        return N_("Accuracy"), float((wanted.astype(str) == answered.astype(str)).mean())
    error, spread = wanted - answered, wanted - wanted.mean()
    return N_("R2"), float(1 - (error**2).sum() / (spread**2).sum())


def metrics_by_fold(names: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Any]]:
    """Each metric's mean and deviation over the folds, and the folds' own figures."""
    return {
        name: {"mean": float(np.mean(values)), "std": float(np.std(values)), "folds": list(values)}
        for name, values in names.items()
    }
