"""Compares a compiled estimator with the estimator itself."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto

from tablecast.compiler import estimators  # noqa: F401 - registers the converters
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import classify, regress
from tablecast.compiler.row_program.recorder import Recorder, Untraceable
from tablecast.compiler.row_program.trace import walk
from tablecast.deployment.graph_file import check_fields

TOLERANCE = 1e-9  # relative for regression, absolute for probabilities
# Where large terms cancel, what is left has their rounding errors, in the estimator as in the
# graph: this share of the largest answer.
ROUNDING = 1e-11

Table = tuple[Any, Any]  # features (rows, width), target (rows,)
Outputs = list[tuple[str, str, int, list[Any]]]


def declare(builder: Builder, width: int) -> Matrix:
    """A matrix of ``width`` raw columns."""
    columns = [builder.input(f"x{place}", text=False) for place in range(width)]
    return Matrix(builder.op("Concat", *columns, axis=1), width)


def session(model: bytes) -> onnxruntime.InferenceSession:
    """Open a graph on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def feed(X: Any) -> dict[str, Any]:
    """The columns of X as the graph takes them."""
    X = np.asarray(X, dtype=np.float64)
    return {f"x{place}": X[:, [place]] for place in range(X.shape[1])}


def run(builder: Builder, outputs: Outputs, X: Any) -> list[Any]:
    """Finish the graph and answer for the rows of X.

    On the way it is unrolled, which every graph must let happen or refuse, and looked at as it is
    when a server opens it.
    """
    model = builder.finish(outputs)
    check_fields(memoryview(model.SerializeToString()))
    with suppress(Untraceable):
        walk(model, Recorder())
    return list(session(model.SerializeToString()).run(None, feed(X)))


def hard_rows(X: Any, count: int = 2000, seed: int = 0) -> Any:
    """Rows that find differences, made from training rows (n, width).

    The training rows themselves (distance 0), rows whose every value is halfway between two
    training values (tree thresholds, equal distances), the same a hair to either side, mixtures of
    training values, and values from around and beyond the training range.
    """
    rng = np.random.default_rng(seed)
    middles = np.empty((count // 4, X.shape[1]))
    for place in range(X.shape[1]):
        values = np.unique(X[:, place])
        middle = (values[1:] + values[:-1]) / 2 if len(values) > 1 else values
        middles[:, place] = rng.choice(middle, len(middles))
    above, below = np.nextafter(middles, np.inf), np.nextafter(middles, -np.inf)
    mixed = np.stack([rng.choice(X[:, place], count) for place in range(X.shape[1])], axis=1)
    spread = X.std(axis=0) + 1e-3
    around = X[rng.integers(0, len(X), count)] + rng.normal(size=(count, X.shape[1])) * spread
    return np.concatenate([X, middles, above, below, mixed, around])


def assert_same_regression(estimator: Any, X: Any) -> None:
    """The graph answers every row as ``estimator.predict`` does."""
    builder = Builder()
    tensor = regress(builder, estimator, declare(builder, X.shape[1]))
    (answer,) = run(builder, [(tensor, "y", TensorProto.DOUBLE, ["rows", 1])], X)
    expected = np.asarray(estimator.predict(X), dtype=np.float64).reshape(-1, 1)
    assert answer.shape == expected.shape
    np.testing.assert_allclose(
        answer, expected, rtol=TOLERANCE, atol=ROUNDING * np.nanmax(np.abs(expected))
    )


def assert_same_classification(estimator: Any, X: Any) -> None:
    """The graph gives the labels, probabilities and scores that the estimator does."""
    builder = Builder()
    found = classify(builder, estimator, declare(builder, X.shape[1]))
    outputs: Outputs = [(found.index, "index", TensorProto.INT64, ["rows"])]
    assert (found.probabilities is not None) == hasattr(estimator, "predict_proba")
    assert (found.decision is not None) == hasattr(estimator, "decision_function")
    if found.probabilities is not None:
        outputs.append((found.probabilities, "p", TensorProto.DOUBLE, ["rows", "classes"]))
    if found.decision is not None:
        outputs.append((found.decision, "d", TensorProto.DOUBLE, ["rows", "scores"]))
    answers = dict(zip([name for _, name, _, _ in outputs], run(builder, outputs, X), strict=True))
    expected = np.asarray(estimator.predict(X))
    wrong = int((np.asarray(estimator.classes_)[answers["index"]] != expected).sum())
    assert wrong == 0, f"{wrong} of {len(X)} labels differ"
    if "p" in answers:
        difference = np.abs(answers["p"] - estimator.predict_proba(X)).max()
        assert difference <= TOLERANCE, f"probabilities differ by {difference:.1e}"
    if "d" in answers:
        scores = np.asarray(estimator.decision_function(X), dtype=np.float64)
        scores = scores.reshape(len(X), -1)
        np.testing.assert_allclose(answers["d"], scores, rtol=TOLERANCE, atol=TOLERANCE)


def one_line(estimator: Any) -> str:
    """A readable id for a parametrised test."""
    return " ".join(str(estimator).split())
