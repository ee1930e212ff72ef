"""What a card says of a pipeline's answers on rows that it had not seen, all in aggregates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tablecast.class_figures import classification_facts
from tablecast.conformal import folds_of
from tablecast.groups import Classes, Numbers, groups_of
from tablecast.interval import Interval
from tablecast.predictor import Columns, column_of
from tablecast.residuals import regression_facts
from tablecast.unseen import unseen_classes

if TYPE_CHECKING:
    from tablecast.inspection import Prepared
    from tablecast.schema import Schema

Floats = npt.NDArray[np.float64]


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
        importance: each field's share.
        answers: for a number, what ``tablecast.conformal.clones_answer`` gives.
        interval: what ``tablecast.conformal.learn`` gives, where there are intervals.
        seed: decides the folds.
        folds: how many clones answered, or shall at most; None for as many as the rows ask for.

    Returns:
        Plain data: ``rows``, what ``residuals.regression_facts`` or
        ``class_figures.classification_facts`` gives, and ``groups`` from ``groups.groups_of``.
    """
    columns = {field.name: column_of(field, prepared.table[field.name]) for field in schema.fields}
    if prepared.task == "classification":
        unseen = unseen_classes(pipeline, prepared, schema, seed, folds)
        return {
            "rows": len(unseen.actual),
            "folds": unseen.folds,
            **classification_facts(unseen),
            "groups": groups_of(schema, columns, Classes(unseen), importance),
        }
    if answers is None:
        raise ValueError("a number's answers to unseen rows are needed")
    predicted, moved = answers
    actual = prepared.table[prepared.target].to_numpy(np.float64)
    low, high = _ends(interval, schema, moved, columns)
    return {
        "rows": len(actual),
        "folds": folds or folds_of(len(actual)),
        **regression_facts(actual, predicted, low, high),
        "groups": groups_of(schema, columns, Numbers(actual, predicted, low, high), importance),
    }


def _ends(
    interval: Mapping[str, Any] | None, schema: Schema, answers: Floats, columns: Columns
) -> tuple[Floats | None, Floats | None]:
    if interval is None:
        return None, None
    return Interval.from_json(interval, schema.fields).of_columns(answers, columns)
