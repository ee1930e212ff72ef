"""The graph unrolled into plain arithmetic: it answers as the graph does, or is not used."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto
from sklearn.datasets import load_diabetes, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import HuberRegressor, LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tablecast.compiler import estimators  # noqa: F401 - registers the converters
from tablecast.compiler.graph import Builder
from tablecast.compiler.proof.check_row_program import RowProgramCheck
from tablecast.compiler.proof.random_rows import random_rows
from tablecast.compiler.registry import classify, regress
from tablecast.compiler.row_program.trace import row_program_of
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.inference.predictor import Predictor
from tablecast.inference.row_program import BEYOND, RowProgram, function_of
from tablecast.schema.schema import Row, Schema
from tests.compiler.equality import declare, feed, hard_rows, session
from tests.deployments import shipped_deployment

REGRESSORS = [
    LinearRegression(),
    HuberRegressor(max_iter=1000),
    DecisionTreeRegressor(max_depth=5, random_state=0),
    GradientBoostingRegressor(n_estimators=20, random_state=0),
    MLPRegressor((3,), random_state=0, max_iter=300),
]
CLASSIFIERS = [
    LogisticRegression(max_iter=1000),
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(),
    GaussianNB(),
    DecisionTreeClassifier(max_depth=4, random_state=0),
]


def names(width: int) -> list[str]:
    return [f"x{place}" for place in range(width)]


def regression_graph(estimator: Any, X: Any, y: Any) -> onnx.ModelProto:
    """A graph of the fitted estimator alone."""
    builder = Builder()
    answer = regress(builder, estimator.fit(X, y), declare(builder, X.shape[1]))
    return builder.finish([(answer, "prediction_label", TensorProto.DOUBLE, ["rows", 1])])


def row_program(model: onnx.ModelProto, width: int) -> RowProgram:
    """The model's function, by way of the text that a deployment keeps."""
    program = row_program_of(model)
    assert program is not None
    return function_of(json.loads(json.dumps(program)), names(width))


def answers(program: RowProgram, rows: Any) -> list[Any]:
    """What the function answers; None where it leaves the row to the graph."""
    found = []
    for row in rows.tolist():
        try:
            found.append(program(row))
        except BEYOND:
            found.append(None)
    return found


@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda one: type(one).__name__)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_unrolled_regression_answers_as_its_graph(estimator: Any) -> None:
    """The function answers every row, at thresholds and beyond the range too, as the graph does."""
    X, y = load_diabetes(return_X_y=True)
    X = X[:, :5]
    model = regression_graph(estimator, X, y)
    rows = hard_rows(X, 400)
    (expected,) = session(model.SerializeToString()).run(["prediction_label"], feed(rows))
    found = [answer[0] for answer in answers(row_program(model, X.shape[1]), rows)]
    np.testing.assert_allclose(found, expected[:, 0], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda one: type(one).__name__)
def test_unrolled_classes_answer_as_their_graph(estimator: Any) -> None:
    """The function gives the graph's class and its probabilities for every row that it answers."""
    X, y = load_iris(return_X_y=True)
    builder = Builder()
    made = classify(builder, estimator.fit(X, y), declare(builder, X.shape[1]))
    labels = builder.constant(np.array([["a"], ["b"], ["c"]], dtype=object), object)
    assert made.probabilities is not None
    model = builder.finish([
        (builder.op("Gather", labels, made.index, axis=0), "prediction_label",
         TensorProto.STRING, ["rows", 1]),
        (made.probabilities, "probabilities", TensorProto.DOUBLE, ["rows", 3]),
    ])
    rows = hard_rows(X, 400)
    label, shares = session(model.SerializeToString()).run(None, feed(rows))
    found = answers(row_program(model, X.shape[1]), rows)
    assert sum(answer is not None for answer in found) > 0.9 * len(rows)
    for place, answer in enumerate(found):
        if answer is not None:
            assert answer[0] == label.reshape(-1)[place]
            np.testing.assert_allclose(answer[1], shares[place], rtol=0, atol=1e-12)


def test_a_split_without_sizes_makes_equal_parts() -> None:
    """A node that splits by the number of its outputs is unrolled as onnxruntime runs it."""
    builder = Builder()
    parts = builder.ops("Split", declare(builder, 3).name, outputs=3, axis=1)
    label = builder.op("Sub", builder.op("Mul", parts[0], parts[1]), parts[2])
    model = builder.finish([(label, "prediction_label", TensorProto.DOUBLE, ["rows", 1])])
    assert answers(row_program(model, 3), np.array([[2.0, 3.0, 1.0]])) == [(5.0, None)]


def test_a_number_is_rounded_to_float32_once() -> None:
    """Two roundings in a row are one: the second changes nothing, and would need the first."""
    builder = Builder()
    twice = builder.round_to_single(builder.round_to_single(declare(builder, 1).name))
    model = builder.finish([(twice, "prediction_label", TensorProto.DOUBLE, ["rows", 1])])
    assert answers(row_program(model, 1), np.array([[0.1]])) == [(float(np.float32(0.1)), None)]


def test_an_operator_without_what_its_step_needs_stays_in_onnxruntime() -> None:
    """What ONNX lets a node leave out, and the step for it needs, is not guessed."""
    builder = Builder()
    label = builder.op("Squeeze", builder.op("Unsqueeze", declare(builder, 1).name,
                                             builder.constant([2], np.int64)))
    model = builder.finish([(label, "prediction_label", TensorProto.DOUBLE, ["rows", 1])])
    assert row_program_of(model) is None


@pytest.mark.thorough
def test_a_large_graph_stays_in_onnxruntime() -> None:
    """A forest is more arithmetic than Python does in the time that onnxruntime takes."""
    X, y = load_diabetes(return_X_y=True)
    model = regression_graph(RandomForestRegressor(random_state=0), X, y)
    assert row_program_of(model) is None


def test_what_has_no_step_stays_in_onnxruntime() -> None:
    """A graph with an operator that nobody wrote a step for is not unrolled."""
    builder = Builder()
    matrix = declare(builder, 2)
    sorted_ = builder.ops("TopK", matrix.name, builder.constant([1], np.int64), outputs=2)[0]
    model = builder.finish([(sorted_, "prediction_label", TensorProto.DOUBLE, ["rows", 1])])
    assert row_program_of(model) is None


def test_the_shipped_deployment_answers_alike_alone_and_in_a_list() -> None:
    """One row, which plain arithmetic answers, and the same row among others, agree."""
    deployment = shipped_deployment("onnx")
    assert deployment.engine.row_program is not None  # type: ignore[attr-defined]
    table = random_rows(deployment.schema.fields, 300, 1)
    rows = [Row(tuple(values)) for values in table.itertuples(index=False)]
    predict = deployment.predictor.predict
    together = [one.prediction for one in predict(rows)]
    alone = [predict([row])[0].prediction for row in rows]
    np.testing.assert_allclose(alone, together, rtol=1e-12)


def test_beyond_pythons_arithmetic_the_graph_answers() -> None:
    """Where Python raises, as at a division by zero, onnxruntime answers the row."""
    builder = Builder()
    matrix = declare(builder, 2)
    first, second = (builder.columns(matrix.name, [place]) for place in (0, 1))
    model = builder.finish([
        (builder.op("Div", first, second), "prediction_label", TensorProto.DOUBLE, ["rows", 1])
    ])
    table = pd.DataFrame({"x0": [1.5, 2.5], "x1": [0.0, 1.0], "y": [1.0, 2.0]})
    schema = Schema.from_table(table, "y", "regression")
    predictor = Predictor(schema, GraphEngine(model.SerializeToString(), row_program(model, 2)))
    (whole,) = predictor.predict([Row((1.0, 2.0))])
    (infinite,) = predictor.predict([Row((1.0, 0.0))])
    assert (whole.prediction, infinite.prediction) == (0.5, np.inf)


def test_a_function_that_answers_otherwise_is_not_kept() -> None:
    """The proof finds a function that differs from PyCaret in one row of many."""
    schema = shipped_deployment("onnx").schema
    table = random_rows(schema.fields, 50, 2)
    expected = np.arange(50.0)

    def scalar(wrong: int) -> Any:
        place = next(places)
        return (place + 0.001 * (place == wrong), None)

    for wrong, kept in ((-1, 50), (20, None)):
        places = iter(expected.tolist())
        compared = RowProgramCheck(
            lambda _row, wrong=wrong: scalar(wrong), schema.fields, "regression"
        )
        graph = {"prediction_label": expected.reshape(-1, 1)}
        compared.compare(graph, pd.DataFrame({"prediction_label": expected}), table)
        assert compared.facts()["scalar_rows"] == kept


@pytest.mark.parametrize(
    "steps",
    [
        [["input", 0], ["add", 0, 5]],
        [["input", 0], ["add", 0, "__import__('os')"]],
        [["input", 0], ["__import__('os').getcwd", 0]],
        [["input", 0], ["function", 0]],
        [["input", 7]],
        [["input", 0], ["tree", [0], [0, 1.0, "or", 0, 0, 1]]],
        [["input", 0], ["tree", [0], ["0", 1.0, "BRANCH_LT", 0, 0, 1]]],
    ],
)
def test_a_list_that_the_compiler_does_not_write_is_refused(steps: Any) -> None:
    """Nothing but numbers of earlier steps, and known kinds of step, becomes a function."""
    with pytest.raises((ValueError, KeyError, TypeError, IndexError)):
        function_of(
            {"inputs": ["x0"], "steps": steps, "label": len(steps) - 1, "probabilities": None},
            ["x0"],
        )
