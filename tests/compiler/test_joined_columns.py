"""A graph joins and picks its columns once, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from equality import Table, declare, feed, hard_rows, session
from onnx import TensorProto, helper
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor, StackingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor

from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.optimize.joined_columns import join_columns
from tablecast.compiler.registry import classify, regress

DOUBLE = TensorProto.DOUBLE


def finished(builder: Builder, tensor: str, kind: int = DOUBLE) -> onnx.ModelProto:
    """The graph that answers one tensor, before it is rewritten; whole numbers are (rows,)."""
    shape = ["rows", "columns"] if kind == DOUBLE else ["rows"]
    return builder.finish([(tensor, "y", kind, shape)])


def kinds(model: onnx.ModelProto) -> list[str]:
    """What the nodes of a graph do, without the one that names the output."""
    return [node.op_type for node in model.graph.node if node.op_type != "Identity"]


def answers(model: onnx.ModelProto, X: Any) -> Any:
    """What a graph answers."""
    return session(model.SerializeToString()).run(None, feed(X))[0]


def assert_same(model: onnx.ModelProto, X: Any, rtol: float = 0.0) -> list[str]:
    """The rewritten graph answers as before; returns what its nodes do."""
    rewritten = join_columns(model)
    np.testing.assert_allclose(answers(rewritten, X), answers(model, X), rtol=rtol, atol=rtol)
    return kinds(rewritten)


@pytest.fixture
def rows() -> Any:
    """Random rows, one in ten values missing."""
    random = np.random.default_rng(3)
    values = random.normal(size=(200, 4))
    return np.where(random.random(values.shape) < 0.1, np.nan, values)


def imputed(builder: Builder, x: Matrix) -> str:
    """The columns with 0.5 in the index of missing values."""
    return builder.op("Where", builder.op("IsNaN", x.name), builder.constant(0.5), x.name)


def test_picks_of_picks_are_one(rows: Any) -> None:
    """Columns that are joined, picked, joined and picked again are joined and picked once."""
    builder = Builder()
    x = declare(builder, 4)
    first = builder.columns(x.name, [3, 1, 0])
    joined = builder.op("Concat", first, builder.op("Neg", x.name), x.name, axis=1)
    picked = builder.columns(builder.columns(joined, [4, 2, 0, 9]), [2, 0, 0])
    made = assert_same(finished(builder, builder.op("Exp", picked)), rows)
    assert made == ["Concat", "Neg", "Concat", "Gather", "Exp"]


def test_a_pick_of_everything_is_nothing(rows: Any) -> None:
    """All columns in their order need no node."""
    builder = Builder()
    x = declare(builder, 4)
    parts = [builder.columns(x.name, indices) for indices in ([0, 1], [2, 3])]
    whole = builder.op("Concat", *parts, axis=1)
    assert assert_same(finished(builder, builder.op("Exp", whole)), rows) == ["Concat", "Exp"]


def test_an_output_that_is_a_pick_stays(rows: Any) -> None:
    """A graph may end with columns of another tensor."""
    builder = Builder()
    x = declare(builder, 4)
    picked = builder.columns(builder.op("Neg", x.name), [2, 0])
    assert "Gather" in assert_same(finished(builder, picked), rows)


def test_weights_take_the_place_of_a_pick(rows: Any) -> None:
    """A weighted sum of some finite columns reads all of them, with weight 0 for the others."""
    builder = Builder()
    x = imputed(builder, declare(builder, 4))
    product = builder.op("MatMul", builder.columns(x, [3, 1]), builder.constant([[2.0], [0.1]]))
    assert "Gather" not in assert_same(finished(builder, product), rows, rtol=1e-14)


def test_weights_do_not_touch_what_may_be_missing(rows: Any) -> None:
    """A missing value in a column that is not picked does not reach the answer."""
    builder = Builder()
    x = builder.op("Neg", declare(builder, 4).name)
    product = builder.op("MatMul", builder.columns(x, [3, 1]), builder.constant(np.ones((2, 1))))
    assert "Gather" in assert_same(finished(builder, product), rows, rtol=1e-14)


def test_weights_of_a_column_that_is_there_twice_are_not_added() -> None:
    """Two large weights that cancel keep their own terms."""
    builder = Builder()
    x = imputed(builder, declare(builder, 4))
    weights = builder.constant([[1e16], [-1e16], [1.0]])
    product = builder.op("MatMul", builder.columns(x, [1, 1, 2]), weights)
    made = assert_same(finished(builder, product), np.ones((1, 4)))
    assert "Gather" in made


def test_a_pick_of_few_columns_among_many_stays() -> None:
    """A sum does not read hundreds of columns to save one node."""
    builder = Builder()
    x = imputed(builder, declare(builder, 300))
    product = builder.op("MatMul", builder.columns(x, [7, 5]), builder.constant(np.ones((2, 1))))
    made = assert_same(finished(builder, product), np.random.default_rng(0).normal(size=(5, 300)))
    assert "Gather" in made


def test_picks_into_two_rows_come_from_where_the_columns_are(rows: Any) -> None:
    """Pairs of factors are picked from joined columns, in two steps at most."""
    builder = Builder()
    x = declare(builder, 4)
    some = builder.columns(
        builder.op("Concat", builder.op("Neg", x.name), x.name, axis=1), [6, 1, 3]
    )
    pairs = builder.op("Gather", some, builder.constant([[0, 1], [2, 2]], np.int64), axis=1)
    product = builder.op("ReduceProd", pairs, axes=[1], keepdims=0)
    assert assert_same(finished(builder, product), rows).count("Gather") == 2


def test_what_a_loop_reads_keeps_its_name(rows: Any) -> None:
    """The body of a loop still finds the columns that it reads."""
    builder = Builder()
    x = declare(builder, 4)
    step = builder.columns(builder.op("Neg", x.name), [1, 0])
    limit = builder.constant(False, np.bool_)

    def body(state: str) -> tuple[str, str]:
        return builder.op("Not", limit), builder.op("Add", state, step)

    looped = builder.repeat(3, builder.columns(x.name, [2, 3]), body)
    assert "Loop" in assert_same(finished(builder, looped), rows)


REGRESSORS = [
    LinearRegression(),
    MLPRegressor([5], max_iter=200, random_state=0, tol=1e-2),
    RandomForestRegressor(5, random_state=0),
    StackingRegressor(
        [("tree", RandomForestRegressor(3, random_state=1)), ("ridge", Ridge())], passthrough=True
    ),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # speed, not quality
@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda one: type(one).__name__)
def test_estimators_answer_as_before(estimator: Any, numbers: Table) -> None:
    """On hard rows, behind a choice of columns, the answers agree to 1e-12 in fewer nodes."""
    X, y = numbers
    indices = [4, 0, 2, 5]
    estimator.fit(X[:, indices], y)
    builder = Builder()
    x = declare(builder, X.shape[1])
    joined = builder.op("Concat", builder.op("Neg", x.name), imputed(builder, x), axis=1)
    chosen = Matrix(builder.columns(joined, [6 + index for index in indices]), len(indices))
    model = finished(builder, regress(builder, estimator, chosen))
    made = assert_same(model, hard_rows(X), rtol=1e-12)
    assert len(made) < len(kinds(model))


@pytest.mark.parametrize(
    "estimator",
    [RandomForestClassifier(5, random_state=0), LogisticRegression(max_iter=1000)],
    ids=lambda one: type(one).__name__,
)
def test_classes_are_as_before(estimator: Any, three_classes: Table) -> None:
    """The predicted class of every hard row is the same."""
    X, y = three_classes
    estimator.fit(X[:, [2, 3, 0]], y)
    builder = Builder()
    x = imputed(builder, declare(builder, X.shape[1]))
    found = classify(builder, estimator, Matrix(builder.columns(x, [2, 3, 0]), 3))
    assert_same(finished(builder, found.index, TensorProto.INT64), hard_rows(X))


def test_metadata_inputs_and_outputs_stay(rows: Any) -> None:
    """A rewritten graph is called as before, and rewriting it again changes nothing."""
    builder = Builder()
    x = declare(builder, 4)
    model = finished(builder, builder.columns(builder.op("Neg", x.name), [1]))
    helper.set_model_props(model, {"name": "kept"})
    once = join_columns(model)
    assert [node.name for node in once.graph.input] == ["x0", "x1", "x2", "x3"]
    assert [node.name for node in once.graph.output] == ["y"]
    assert once.metadata_props[0].value == "kept"
    assert kinds(join_columns(once)) == kinds(once)
    assert answers(once, rows).shape == (200, 1)