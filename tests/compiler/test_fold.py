"""The rewriting of finished graphs."""

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
from tablecast.compiler.optimize.simplify import fold
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
    folded = fold(model)
    np.testing.assert_allclose(answers(folded, X), answers(model, X), rtol=rtol, atol=rtol)
    return kinds(folded)


@pytest.fixture
def rows() -> Any:
    """Random rows, one in ten values missing."""
    random = np.random.default_rng(3)
    values = random.normal(size=(200, 4))
    return np.where(random.random(values.shape) < 0.1, np.nan, values)


def imputed(builder: Builder, x: Matrix) -> str:
    """The columns with 0.5 in the place of missing values."""
    return builder.op("Where", builder.op("IsNaN", x.name), builder.constant(0.5), x.name)


def test_equal_nodes_are_one(rows: Any) -> None:
    """What two steps compute alike is computed once, and so is what depends on it."""
    builder = Builder()
    x = declare(builder, 4)
    twice = [builder.op("Exp", builder.op("Neg", x.name)) for _ in range(2)]
    made = assert_same(finished(builder, builder.op("Add", *twice)), rows)
    assert made == ["Concat", "Neg", "Exp", "Add"]


def test_nodes_with_other_attributes_stay_apart(rows: Any) -> None:
    """Sums along different axes are two nodes."""
    builder = Builder()
    x = declare(builder, 4)
    sums = [builder.op("ReduceMax", x.name, axes=[axis], keepdims=1) for axis in (0, 1)]
    made = assert_same(finished(builder, builder.op("Add", *sums)), rows)
    assert made.count("ReduceMax") == 2


def test_clips_that_differ_in_the_last_digit_are_one(rows: Any) -> None:
    """Bounds that agree to twelve digits clip once; others twice."""
    for change, expected in ((1e-15, 1), (1e-9, 2)):
        builder = Builder()
        x = declare(builder, 4)
        clips = [builder.op("Max", x.name, builder.constant(b)) for b in (0.3, 0.3 + change)]
        made = assert_same(finished(builder, builder.op("Mul", *clips)), rows, rtol=1e-14)
        assert made.count("Max") == expected


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
    parts = [builder.columns(x.name, places) for places in ([0, 1], [2, 3])]
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
    """Pairs of factors are picked from the joined columns at once."""
    builder = Builder()
    x = declare(builder, 4)
    some = builder.columns(
        builder.op("Concat", builder.op("Neg", x.name), x.name, axis=1), [6, 1, 3]
    )
    pairs = builder.op("Gather", some, builder.constant([[0, 1], [2, 2]], np.int64), axis=1)
    product = builder.op("ReduceProd", pairs, axes=[1], keepdims=0)
    assert assert_same(finished(builder, product), rows).count("Gather") == 1


def test_float32_that_was_widened_is_not_narrowed_again(rows: Any) -> None:
    """Two roundings to float32 in a row are one, over any choice of columns."""
    builder = Builder()
    x = declare(builder, 4)
    again = builder.round_to_single(builder.columns(builder.round_to_single(x.name), [2, 0]))
    made = assert_same(finished(builder, builder.op("Exp", again)), rows)
    assert made == ["Concat", "Cast", "Gather", "Cast", "Exp"]


def test_tables_with_one_index_are_one() -> None:
    """Two lookups by the same index are one, equal columns once, whichever node looks them up."""
    random = np.random.default_rng(1)
    first, second = random.normal(size=(3, 2)), random.normal(size=(3, 1))
    second = np.hstack([first[:, [1]], second])
    for several in (True, False):
        builder = Builder()
        index = builder.cast(declare(builder, 2 if several else 1).name, TensorProto.INT64)
        found = []
        for table in (first, second):
            stored = builder.constant(table)
            if several:
                found.append(builder.op("Flatten", builder.op("Gather", stored, index)))
            else:
                found.append(builder.op("GatherND", stored, index))
        model = finished(builder, builder.op("Exp", builder.op("Concat", *found, axis=1)))
        X = random.integers(0, 3, size=(20, 2 if several else 1))
        made = assert_same(model, X)
        assert made.count("Gather" if several else "GatherND") == (2 if several else 1)
        sizes = [tuple(tensor.dims) for tensor in fold(model).graph.initializer]
        assert (3, 3) in sizes  # three different columns for three levels


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
    places = [4, 0, 2, 5]
    estimator.fit(X[:, places], y)
    builder = Builder()
    x = declare(builder, X.shape[1])
    joined = builder.op("Concat", builder.op("Neg", x.name), imputed(builder, x), axis=1)
    chosen = Matrix(builder.columns(joined, [6 + place for place in places]), len(places))
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
    once = fold(model)
    assert [node.name for node in once.graph.input] == ["x0", "x1", "x2", "x3"]
    assert [node.name for node in once.graph.output] == ["y"]
    assert once.metadata_props[0].value == "kept"
    assert kinds(fold(once)) == kinds(once)
    assert answers(once, rows).shape == (200, 1)


def texts_looked_up(columns: list[list[int]], text: int = 3) -> onnx.ModelProto:
    """A graph of ``text`` text columns with one shared lookup of two columns each, and picks."""
    random = np.random.default_rng(5)
    builder = Builder()
    sources = [builder.input(f"x{place}", text=True) for place in range(text)]
    levels = ["", "north", "south"]
    code = builder.ml(
        "LabelEncoder", builder.op("Concat", *sources, axis=1),
        keys_strings=levels, values_int64s=[0, 1, 2], default_int64=3,
    )
    starts = builder.constant([np.arange(text) * 4], np.int64)
    table = builder.constant(random.normal(size=(4 * text, 2)))
    flat = builder.op("Flatten", builder.op("Gather", table, builder.op("Add", code, starts)))
    picked = [builder.op("Exp", builder.columns(flat, places)) for places in columns]
    return finished(builder, builder.op("Concat", *picked, axis=1))


def texts(count: int) -> dict[str, Any]:
    """Rows of known, missing and unknown levels."""
    random = np.random.default_rng(6)
    levels = np.array(["", "north", "south", "elsewhere"], dtype=object)
    return {f"x{place}": random.choice(levels, (50, 1)) for place in range(count)}


@pytest.mark.parametrize("columns", [[[0, 2, 3]], [[4], [1, 0]], [[5, 5, 0]]])
def test_few_columns_of_several_texts_are_looked_up_together(columns: list[list[int]]) -> None:
    """Each text is encoded for each column that is picked, and no more; the answers stay."""
    model = texts_looked_up(columns)
    folded = fold(model)
    before, after = (
        session(one.SerializeToString()).run(None, texts(3)) for one in (model, folded)
    )
    np.testing.assert_array_equal(before, after)
    assert kinds(folded)[:3] == ["Concat", "LabelEncoder", "GatherElements"]
    assert "Flatten" not in kinds(folded)
    encoded = next(node for node in folded.graph.node if node.op_type == "Concat")
    assert len(encoded.input) == len({place for places in columns for place in places})


def test_a_lookup_that_is_read_otherwise_stays() -> None:
    """What is looked up for several texts and not flattened keeps its shape."""
    builder = Builder()
    sources = [builder.input(f"x{place}", text=True) for place in range(3)]
    code = builder.ml(
        "LabelEncoder", builder.op("Concat", *sources, axis=1),
        keys_strings=["", "north", "south"], values_int64s=[0, 1, 2], default_int64=3,
    )
    starts = builder.constant([np.arange(3) * 4], np.int64)
    table = builder.constant(np.random.default_rng(5).normal(size=(12, 2)))
    found = builder.op("Exp", builder.op("Gather", table, builder.op("Add", code, starts)))
    last = builder.op("Gather", found, builder.constant([2], np.int64), axis=1)
    model = finished(builder, builder.op("Flatten", last))
    before, after = (
        session(one.SerializeToString()).run(None, texts(3)) for one in (model, fold(model))
    )
    np.testing.assert_array_equal(before, after)


def test_many_columns_of_texts_stay_in_one_table() -> None:
    """Where a lookup has many columns, a text for each would cost more than it saves."""
    model = texts_looked_up([list(range(40))], text=20)
    folded = fold(model)
    before, after = (
        session(one.SerializeToString()).run(None, texts(20)) for one in (model, folded)
    )
    np.testing.assert_array_equal(before, after)
    assert "GatherElements" not in kinds(folded)
