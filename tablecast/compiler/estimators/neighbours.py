"""Nearest neighbours, which store every training row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler import arithmetic as a
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, regresses
from tablecast.errors import UnsupportedStep


def _power(estimator: Any) -> float:
    """The exponent of the Minkowski distance in use."""
    known = {"euclidean": 2.0, "manhattan": 1.0, "l1": 1.0, "l2": 2.0, "cityblock": 1.0}
    metric = estimator.effective_metric_
    if metric in known:
        return known[metric]
    parameters = dict(estimator.effective_metric_params_)
    if metric == "minkowski" and parameters.get("w") is None:
        return float(parameters.get("p", 2.0))
    raise UnsupportedStep(type(estimator).__name__, f"its metric is {metric!r}")


def _visiting_order(estimator: Any) -> NDArray[np.int64]:
    """The training rows as scikit-learn's search meets them, so that ties fall alike.

    The first of several equally near rows is kept, within a leaf of the tree in the leaf's order.
    """
    if estimator._tree is None:
        return np.arange(len(estimator._fit_X))
    return np.asarray(estimator._tree.get_arrays()[1])


def _nearest(builder: Builder, estimator: Any, x: Matrix) -> tuple[str, str | None]:
    """The targets' rows of the nearest neighbours, (rows, k), and their weights or None."""
    if estimator.weights not in ("uniform", "distance", None):
        raise UnsupportedStep(type(estimator).__name__, "its weights are a function")
    points = np.asarray(estimator._fit_X, dtype=np.float64)[_visiting_order(estimator)]
    power = _power(estimator)
    sums = a.distances(builder, x, points, power)
    count = builder.constant([int(estimator.n_neighbors)], np.int64)
    nearest, indices = builder.ops("TopK", sums, count, outputs=2, axis=1, largest=0)
    if estimator.weights != "distance":
        return indices, None
    return indices, _closeness(builder, nearest, power)


def _closeness(builder: Builder, sums: str, power: float) -> str:
    """One over the distance; where a row is met exactly, 1 for it and 0 for the others."""
    zero, one = builder.constant(0.0), builder.constant(1.0)
    met = builder.op("Equal", sums, zero)
    hits = builder.op("Where", met, one, zero)
    any_met = builder.op("ReduceMax", hits, axes=[1], keepdims=1)
    gaps = sums
    if power == 2.0:
        gaps = builder.op("Sqrt", sums)
    elif power != 1.0:
        gaps = builder.op("Pow", sums, builder.constant(1.0 / power))
    inverse = builder.op("Div", one, gaps)
    return builder.op("Where", builder.op("Greater", any_met, zero), hits, inverse)


def _targets(builder: Builder, estimator: Any, indices: str, table: Any) -> str:
    ordered = np.asarray(table, dtype=np.float64)[_visiting_order(estimator)]
    return builder.op("Gather", builder.constant(ordered), indices, axis=0)


@regresses("sklearn.neighbors.KNeighborsRegressor")
def neighbours_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The mean of the neighbours' targets, plain or weighted by closeness."""
    indices, weights = _nearest(builder, estimator, x)
    values = _targets(builder, estimator, indices, np.reshape(estimator._y, -1))
    if weights is None:
        if np.asarray(estimator._y).dtype == np.float32:
            return _single_mean(builder, values, int(estimator.n_neighbors))
        return builder.op("ReduceMean", values, axes=[1], keepdims=1)
    weighted = a.total(builder, builder.op("Mul", values, weights))
    return builder.op("Div", weighted, a.total(builder, weights))


def _single_mean(builder: Builder, values: str, count: int) -> str:
    """The mean that numpy makes of ``count`` float32 values in each row, in its order."""
    values = builder.cast(values, TensorProto.FLOAT)
    parts = [values] if count == 1 else builder.ops("Split", values, outputs=count, axis=1)
    mean = builder.op("Div", _single_sum(builder, parts), builder.constant(count, dtype=np.float32))
    return builder.cast(mean, TensorProto.DOUBLE)


def _single_sum(builder: Builder, parts: list[str]) -> str:
    """Fewer than eight one by one; more in eight running sums, and the rest one by one."""
    whole = len(parts) - len(parts) % 8
    lanes = parts[:8] if whole else []
    for start in range(8, whole, 8):
        block = parts[start : start + 8]
        lanes = [builder.op("Add", left, right) for left, right in zip(lanes, block, strict=True)]
    while len(lanes) > 1:
        lanes = [
            builder.op("Add", left, right)
            for left, right in zip(lanes[::2], lanes[1::2], strict=True)
        ]
    for part in parts[whole:]:
        lanes = [builder.op("Add", lanes[0], part)] if lanes else [part]
    return lanes[0]


@classifies("sklearn.neighbors.KNeighborsClassifier")
def neighbours_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The share of each class among the neighbours, plain or weighted by closeness."""
    indices, weights = _nearest(builder, estimator, x)
    labels = np.eye(len(estimator.classes_))[np.reshape(estimator._y, -1)]
    votes = _targets(builder, estimator, indices, labels)
    if weights is not None:
        wide = builder.op("Unsqueeze", weights, builder.constant([2], np.int64))
        votes = builder.op("Mul", votes, wide)
    sums = a.ordered_total(builder, votes, int(estimator.n_neighbors))
    return Classification(a.first_largest(builder, sums), a.proportions(builder, sums))
