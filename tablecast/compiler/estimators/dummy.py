"""Estimators that predict the same for every row."""

from typing import Any

import numpy as np
from onnx import TensorProto

from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, regresses
from tablecast.errors import UnsupportedStep


def _every_row(builder: Builder, x: Matrix, value: Any) -> str:
    """Repeat an answer (width,) for every row."""
    rows = builder.op("Shape", x.name, start=0, end=1)
    shape = builder.op("Concat", rows, builder.constant([1], np.int64), axis=0)
    return builder.op("Expand", builder.constant(np.reshape(value, (1, -1))), shape)


@regresses("sklearn.dummy.DummyRegressor")
def dummy_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The training target's mean, median or quantile, or a constant."""
    return _every_row(builder, x, estimator.constant_)


@classifies("sklearn.dummy.DummyClassifier")
def dummy_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The most frequent class, or a constant one."""
    classes = np.asarray(estimator.classes_)
    chances = np.asarray(estimator.class_prior_, dtype=np.float64)
    chosen = int(np.argmax(chances))
    if estimator.strategy == "constant":
        chosen = int(np.flatnonzero(classes == np.ravel(estimator.constant)[0])[0])
    elif estimator.strategy not in ("prior", "most_frequent"):
        raise UnsupportedStep(
            type(estimator).__name__, f"its strategy {estimator.strategy!r} answers at random"
        )
    if estimator.strategy != "prior":
        chances = np.eye(len(classes))[chosen]
    index = builder.cast(_every_row(builder, x, [float(chosen)]), TensorProto.INT64)
    index = builder.op("Reshape", index, builder.constant([-1], np.int64))
    return Classification(index, _every_row(builder, x, chances))
