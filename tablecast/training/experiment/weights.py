"""Rows that count differently, to the estimators that can weigh them.

PyCaret's pipeline cannot hand weights to its estimator (its ``fit_kwargs`` end in a TypeError with
scikit-learn 1.4), so its steps are fitted first, and then the estimator on what they give.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.row_metadata import RowMetadata


def takes_weights(estimator: Any) -> bool:
    """Whether an estimator, or its class, can weigh rows; and what it is a mean or a bound of."""
    from sklearn.utils.validation import has_fit_parameter

    inner = getattr(estimator, "estimator", None)
    weighs = has_fit_parameter(estimator, "sample_weight")
    return bool(weighs) and (inner is None or takes_weights(inner))


def fit(pipeline: Any, features: pd.DataFrame, target: pd.Series, weights: Any = None) -> Any:
    """Fit a pipeline's own steps and estimator.

    Args:
        pipeline: not fitted, PyCaret's.
        features, target: the rows.
        weights: (rows,), which go to an estimator that takes any; None where all count alike.

    Returns:
        The fitted pipeline.
    """
    name, estimator = pipeline.steps[-1]
    if weights is None or not takes_weights(estimator):
        return pipeline.fit(features, target)
    fitted = copy(pipeline)
    fitted.steps = pipeline.steps[:-1]
    made = fitted.fit_transform(features, target)
    x, y = made if isinstance(made, tuple) else (made, target)
    fitted.steps = [*fitted.steps, (name, estimator.fit(x, y, sample_weight=weights))]
    return fitted


def weighted(experiment: Any, estimator: Any, about: RowMetadata) -> Any:
    """PyCaret's estimator of the training part again, with its rows' weights if they have any."""
    from sklearn.base import clone

    weights = about.weights_at(experiment.X_train.index)
    if weights is None:
        return estimator
    x, y = experiment.X_train_transformed, experiment.y_train_transformed
    return clone(estimator).fit(x, y, sample_weight=weights)
