"""Whether a row gets the same prediction alone and in a batch, and the cause if not.

PyCaret's answers can change with the batch that a row comes in: a singular linear model multiplies
the last bit of rounding, which depends on the batch, by coefficients of 1e16.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tablecast.errors import TrainingError
from tablecast.inference.pycaret_api import predict_with_pycaret

if TYPE_CHECKING:
    import pandas as pd

# Rounding moves a feature's last digits; more than this is a different feature.
SAME_FEATURE = 1e-9
#: Rows that training compares: what depends on the batch does so in nearly every row.
CHECKED_ROWS = 20
#: Of hundreds of columns, which take as many times as long, half as many show it.
FEWEST_ROWS, MOST_CELLS = 10, 2_500
# An answer near zero is compared with the usual size of an answer, not with itself.
NEAR_ZERO = 1e-3


def check_self_agreement(
    pipeline: Any, table: pd.DataFrame, task: str, rows: int = CHECKED_ROWS
) -> float:
    """Compare ``predict_model`` on single rows with ``predict_model`` on all of them at once.

    Args:
        pipeline: a finalized PyCaret pipeline.
        table: raw feature rows; a target column is ignored.
        task: "regression" or "classification".
        rows: how many rows to compare, spread evenly over the table; each costs about 50 ms, and
            more where there are many columns.

    Returns:
        The worst relative difference.

    Raises:
        TrainingError: the difference is larger; the message names the step at fault.
    """
    worst, cause = disagreement(pipeline, table, task, rows)
    if not cause:
        return worst
    raise TrainingError(
        "The pipeline's predictions depend on the batch, so it is not saved: the same row alone "
        f"and in a batch gets different predictions, {cause}"
    )


def disagreement(
    pipeline: Any,
    table: pd.DataFrame,
    task: str,
    rows: int = CHECKED_ROWS,
    tolerance: float = 1e-6,
) -> tuple[float, str]:
    """The worst relative difference, and where it is too large the rest of a sentence on it.

    Its arguments are those of ``check_self_agreement``, and ``tolerance``, the largest relative
    difference allowed. For classes the label must be the same, and the difference is that of the
    probabilities.
    """
    rows = min(rows, max(FEWEST_ROWS, MOST_CELLS // table.shape[1]))
    sample = _sample(pipeline, table, rows)
    batch = _predictions_of(pipeline, sample, task)
    try:
        alone = [_predictions_of(pipeline, sample.iloc[[row]], task) for row in range(len(sample))]
        worst = _worst_difference(np.concatenate(alone), batch, task)
        reason = f"by up to {worst:.2g} relative; {tolerance:g} is allowed"
    except Exception as error:  # whatever a step raises on one row but not on the batch
        worst, reason = np.inf, f"since a single row fails ({_first_line(error)})"
    if worst <= tolerance:
        return worst, ""
    return worst, f"{reason}. {_fault(pipeline, sample, table)}"


def _sample(pipeline: Any, table: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Rows spread evenly over the table, features only."""
    indices = np.linspace(0, len(table) - 1, min(rows, len(table))).astype(int)
    names = list(pipeline.feature_names_in_[:-1])
    return table[names].iloc[indices].reset_index(drop=True)


def _predictions_of(pipeline: Any, table: pd.DataFrame, task: str) -> NDArray[Any]:
    """Shape (rows, 1) for regression; (rows, 1 + classes), the label first, for classification."""
    predicted = predict_with_pycaret(pipeline, table, task)
    if task == "regression":
        return np.asarray(predicted[["prediction_label"]], dtype=np.float64)
    names = [
        name for name in predicted if str(name).startswith("prediction_") and name not in table
    ]
    return np.asarray(predicted[names], dtype=object)


def _worst_difference(alone: NDArray[Any], batch: NDArray[Any], task: str) -> float:
    if task == "regression":
        typical = NEAR_ZERO * float(np.median(np.abs(batch)))
        size = np.maximum(np.abs(batch), max(typical, float(np.finfo(np.float64).tiny)))
        return float((np.abs(alone - batch) / size).max())
    if alone.shape != batch.shape or (alone[:, 0] != batch[:, 0]).any():
        return np.inf
    scores = np.abs(alone[:, 1:].astype(np.float64) - batch[:, 1:].astype(np.float64))
    return float(scores.max(initial=0.0))


def _fault(pipeline: Any, sample: pd.DataFrame, table: pd.DataFrame) -> str:
    """A sentence that names the first step whose output depends on the batch, and a mend."""
    from pycaret.utils.generic import df_shrink_dtypes

    batch = df_shrink_dtypes(sample)
    alone = [df_shrink_dtypes(sample.iloc[[row]]) for row in range(len(sample))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, step in pipeline.steps[:-1]:
            if getattr(step, "_train_only", False):
                continue  # PyCaret leaves such steps out when it predicts
            trial = copy.deepcopy(step)  # some of PyCaret's steps change when they transform
            transform = trial.transform
            try:
                batch, alone = transform(batch), [transform(row) for row in alone]
                same = _same_features(alone, batch)
            except Exception as error:  # as above: the step's own words are what helps
                return f"Step '{name}' fails on a single row: {_first_line(error)}."
            if not same:
                return (
                    f"Step '{name}' makes different features of the same row. Train without it, or "
                    "begin with tablecast.features.AsFloat64()."
                )
        return _estimator_fault(pipeline, table, pipeline.transform)


def _same_features(alone: list[Any], batch: Any) -> bool:
    for index, row in enumerate(alone):
        if list(row.columns) != list(batch.columns):
            return False
        numbers = batch.select_dtypes("number").columns
        alone_values, batch_values = (
            part[numbers].to_numpy(np.float64) for part in (row, batch.iloc[[index]])
        )
        if not np.allclose(
            alone_values, batch_values, rtol=SAME_FEATURE, atol=SAME_FEATURE, equal_nan=True
        ):
            return False
    return True


def _estimator_fault(pipeline: Any, table: pd.DataFrame, transform: Callable[[Any], Any]) -> str:
    """All steps agree, so the estimator is at fault; for a linear one, say by which numbers."""
    from tablecast.features.design_matrix import independent_columns

    estimator = pipeline.steps[-1][1]
    kind = type(estimator).__name__
    coefficients = getattr(estimator, "coef_", None)
    if coefficients is None:
        return f"The estimator, {kind}, is at fault: every step before it agrees. Choose another."
    names = list(pipeline.feature_names_in_[:-1])
    design = np.asarray(transform(table[names]), dtype=np.float64)
    independent = len(independent_columns(design))
    return (
        f"The estimator, {kind}, is at fault: of its {design.shape[1]} features only {independent} "
        f"are independent, and its largest coefficient is {np.abs(coefficients).max():.2g}. Put "
        "tablecast.features.FullRank() last among the feature steps."
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}".removesuffix(".")
