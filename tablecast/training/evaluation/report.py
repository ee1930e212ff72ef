"""The evaluation of a pipeline on unseen rows for the model card, in aggregates only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Columns
from tablecast.inference.interval import Interval
from tablecast.training.evaluation.class_metrics import classification_facts
from tablecast.training.evaluation.residuals import regression_facts
from tablecast.training.evaluation.rounding import readable
from tablecast.training.evaluation.subgroups import groups_of, measure_classes, measure_numbers
from tablecast.training.experiment import splits
from tablecast.training.experiment.out_of_fold import MOST_ROWS, sampled, unseen_classes
from tablecast.training.intervals.conformal import learn, refit_predictions
from tablecast.training.intervals.over_time import not_covered

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared
    from tablecast.schema.schema import Schema

Floats = npt.NDArray[np.float64]


def look_at_unseen(
    pipeline: Any,
    prepared: Prepared,
    schema: Schema,
    card: dict[str, Any],
    seed: int,
    progress: Callable[[str], None],
    refits: int | None = None,
) -> dict[str, Any] | None:
    """Learn a prediction's interval from refits of the pipeline, None for classes; and put into
    the card where answers to unseen rows are wrong.

    Args:
        pipeline: a pipeline that is fitted on all rows of the table.
        prepared, schema: the table, and the schema made from it.
        card: has "importance", and gets "evaluation".
        seed: decides the folds.
        progress: called with a line.
        refits: how many at most; None for as many as the rows ask for.
    """
    prepared = sampled(prepared, MOST_ROWS, seed)
    answers = learnt = None
    if prepared.task == "regression":
        features = prepared.table.drop(columns=prepared.target)
        target = prepared.table[prepared.target].to_numpy(float)
        plain, shifted = refit_predictions(
            pipeline, features, target, seed, refits, prepared.about
        )
        known = ~np.isnan(plain)  # by time the earliest rows are not answered
        prepared, answers = prepared.taken(known), (plain[known], shifted[known])
        shown = _as_shown(features[known].reset_index(drop=True), schema)
        learnt = learn(shown, target[known], answers[1], seed, prepared.about)
        progress(
            f"{learnt['level']:.0%} ranges: {learnt['coverage']:.1%} of unseen rows fall inside; "
            f"average width {readable(learnt['width'])}."
        )
        if prepared.about.times is not None:
            remarks = not_covered(prepared.about.times, target[known] - answers[0], learnt)
            card["notes"] += remarks
            for remark in remarks:
                progress(str(remark))
    card["evaluation"] = evaluation_of(
        pipeline, prepared, schema, card["importance"],
        answers=answers, interval=learnt, seed=seed, folds=refits,
    )
    if prepared.task == "classification":
        progress(_said(card["evaluation"]["figures"]))
    return learnt


#: Figures of classes that are told in the terminal: those that hold for rare ones as well.
TOLD = {
    "log_loss": "log loss", "AUC": "mean AUC",
    "average_precision": "average precision of the rarest class",
    "balanced_accuracy": "balanced accuracy",
}


def _said(figures: Mapping[str, float]) -> str:
    told = [f"{words} {figures[name]:.4g}" for name, words in TOLD.items() if name in figures]
    return f"All rows, each unseen when answered: {', '.join(told)}."


def _as_shown(features: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The columns, with numbers and truth values that are categories as their fields' texts."""
    coded = [field for field in schema.fields if field.is_text and field.dtype != "object"]
    texts = {field.name: field.array_of_table(features[field.name]) for field in coded}
    known = {name: np.where(column == "", np.nan, column) for name, column in texts.items()}
    return features.assign(**known)


def evaluation_of(
    pipeline: Any,
    prepared: Prepared,
    schema: Schema,
    importance: Mapping[str, float],
    *,
    answers: tuple[Floats, Floats] | None = None,
    interval: Mapping[str, Any] | None = None,
    seed: int = 123,
    folds: int | None = None,
) -> dict[str, Any]:
    """Where answers to unseen rows are right and wrong, overall and by group.

    Args:
        pipeline: a pipeline that is fitted on all rows of the table.
        prepared, schema: the table, and the schema made from it.
        importance: each field's part of the whole.
        answers: for a number, what ``conformal.refit_predictions`` gives.
        interval: what ``conformal.learn`` gives, where there are intervals.
        seed: decides the folds.
        folds: how many refits answered, or shall at most; None for as many as the rows ask for.

    Returns:
        Plain data: ``rows``, what ``residuals.regression_facts`` or
        ``class_figures.classification_facts`` gives, and ``groups`` from ``groups.groups_of``.
    """
    if prepared.task == "classification":
        unseen = unseen_classes(pipeline, prepared, schema, seed, folds)
        columns = schema.columns_of(prepared.table.iloc[unseen.rows])
        return {
            "rows": len(unseen.actual),
            "folds": unseen.folds,
            **classification_facts(unseen),
            "groups": groups_of(schema, columns, measure_classes(unseen), importance),
        }
    if answers is None:
        raise ValueError("a number's answers to unseen rows are needed")
    predicted, moved = answers
    columns = schema.columns_of(prepared.table)
    actual = prepared.table[prepared.target].to_numpy(np.float64)
    low, high = _ends(interval, schema, moved, columns)
    return {
        "rows": len(actual),
        "folds": splits.refits_of(prepared.about, folds or splits.folds_of(len(actual))),
        **regression_facts(actual, predicted, low, high, prepared.about.weights_at(slice(None))),
        "groups": groups_of(
            schema, columns, measure_numbers(actual, predicted, low, high), importance
        ),
    }


def _ends(
    interval: Mapping[str, Any] | None, schema: Schema, predictions: Floats, columns: Columns
) -> tuple[Floats | None, Floats | None]:
    if interval is None:
        return None, None
    return Interval.from_json(interval, schema.fields).of_columns(predictions, columns)
