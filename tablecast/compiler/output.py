"""From the estimator's prediction to that of ``predict_model``: its labels and its scale."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import classify, regress
from tablecast.compiler.steps.power_and_quantile import invert_target
from tablecast.inference.pycaret_api import classes_of, names_of_labels
from tablecast.schema.texts import class_names

Output = tuple[str, str, int, list[Any]]


def add_output(
    builder: Builder, pipeline: Any, matrix: Matrix, task: Literal["regression", "classification"]
) -> list[Output]:
    """Add the estimator and what follows it; returns the graph's outputs."""
    estimator = pipeline.steps[-1][1]
    if task == "classification":
        return _classes(builder, pipeline, estimator, matrix)
    # PyCaret passes predictions through nan_to_num. scikit-learn's estimators refuse rows that
    # they have no answer for, so the graph's NaN there is kept: 0 would look like an answer.
    prediction = regress(builder, estimator, matrix)
    for name, step in reversed(pipeline.steps[:-1]):
        if hasattr(step, "inverse_transform"):
            transformer = getattr(step, "transformer", step)
            prediction = invert_target(builder, name, transformer, prediction)
    return [(prediction, "prediction_label", TensorProto.DOUBLE, ["rows", 1])]


def _classes(builder: Builder, pipeline: Any, estimator: Any, matrix: Matrix) -> list[Output]:
    output = classify(builder, estimator, matrix)
    labels = _labels(pipeline)
    kind = TensorProto.STRING if labels.dtype == object else TensorProto.INT64
    label = builder.op(
        "Gather", builder.constant(labels.reshape(-1, 1), labels.dtype), output.index, axis=0
    )
    outputs: list[Output] = [(label, "prediction_label", kind, ["rows", 1])]
    if output.probabilities:
        shape = ["rows", len(labels)]
        outputs.append((output.probabilities, "probabilities", TensorProto.DOUBLE, shape))
    return outputs


def _labels(pipeline: Any) -> NDArray[Any]:
    """The classes as ``predict_with_pycaret`` spells them: int64 where all are, else text."""
    names_of_labels(classes_of(pipeline))  # refuses classes that PyCaret cannot tell apart
    names = class_names(classes_of(pipeline))
    return np.array(names, dtype=np.int64 if isinstance(names[0], int) else object)
