"""A page's JavaScript answers as the server does, or there is no page."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import numpy as np
import onnx
import pytest
from deployments import SHIPPED, shipped_client, shipped_deployment
from onnx import TensorProto, helper
from same_page import in_javascript

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.graph_file import read_graph
from tablecast.errors import PageError
from tablecast.export.page import contents as page_contents
from tablecast.export.page.contents import contents_of
from tablecast.export.page.graph_json import OPERATORS, graph_json
from tablecast.export.page.javascript import JavaScript, PagePredictor
from tablecast.export.page.packing import packed
from tablecast.export.page.proof import prove_page
from tablecast.export.page.script import FOLDER, MODULES, PAGE, RULES, predictor_script
from tablecast.inference import difference, shapley
from tablecast.inference.onnx_engine import WIDE_INPUTS, session_of
from tablecast.schema.factors import FORMULAS
from tablecast.schema.schema import Row

ROW = {"age": 19.0, "sex": "male", "bmi": 27.9, "children": 2.0, "smoker": "yes",
       "region": "southeast"}  # fmt: skip


@cache
def shipped_contents() -> dict[str, Any]:
    """What a page holds of the shipped deployment."""
    return contents_of(shipped_deployment("onnx"), read_graph(SHIPPED)[0])


@pytest.mark.thorough
def test_the_shipped_deployment_is_proven() -> None:
    """2,000 random rows have the same answers and ranges, and 20 the same explanations."""
    proof = prove_page(shipped_deployment("onnx"), shipped_contents())
    assert (proof.rows, proof.explained_rows) == (2000, 20)
    assert max(proof.worst_relative, proof.worst_interval, proof.worst_explained) < 1e-12
    assert proof.to_json()["tolerance"] == 1e-9


def test_an_answer_is_the_apis() -> None:
    """One row gives what /api/v1/predict has in predictions, key by key."""
    asked = {**ROW, "age": 19, "children": 2}
    served = shipped_client("onnx").post("/api/v1/predict?explain=1&whatif=1", json=asked).json
    expected = served["predictions"][0]
    found = PagePredictor(shipped_contents()).predict(ROW, explain=True, whatif=True)
    assert list(found) == list(expected)
    assert found["prediction"] == pytest.approx(expected["prediction"], rel=1e-12)
    assert found["interval"] == pytest.approx(expected["interval"], rel=1e-12)
    assert (found["probabilities"], found["warnings"]) == (None, [])
    for part, number in (("contributions", "contribution"), ("whatif", "present")):
        assert found[part].keys() == expected[part].keys()
        for ours, theirs in zip(found[part]["fields"], expected[part]["fields"], strict=True):
            assert ours.keys() == theirs.keys()
            assert ours["field"] == theirs["field"]
            assert ours[number] == pytest.approx(theirs[number], rel=1e-9)


def test_what_was_not_asked_for_is_null() -> None:
    """Without explain and whatif, both are null, as in the API."""
    found = PagePredictor(shipped_contents()).predict(ROW)
    assert (found["contributions"], found["whatif"]) == (None, None)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("floor", "ceiling"), [(-np.inf, np.inf), (0.0, 30_000.0), (9e3, 1e4)])
def test_ranges_keep_to_their_limits(whole: bool, floor: float, ceiling: float) -> None:
    """A floor, a ceiling and whole ends are the same in JavaScript."""
    shipped = shipped_deployment("onnx")
    description = dict(shipped.description)
    limits = {"floor": floor, "ceiling": ceiling, "whole": whole}
    description["interval"] = {**description["interval"], **limits}
    limited = Deployment(description, shipped.engine)
    contents = contents_of(limited, read_graph(SHIPPED)[0])
    proof = prove_page(limited, contents, rows=200, explained_rows=1)
    assert proof.worst_interval < 1e-12


OTHER = {"age": 51.0, "sex": "female", "bmi": 40.0, "children": 0.0, "smoker": "no",
         "region": "southeast"}  # fmt: skip


@pytest.mark.parametrize("most", [10, 2])
def test_two_cases_differ_for_the_same_reasons(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over every set of fields and over drawn orders, the parts are the server's, and add up."""
    for module in (difference, shapley):
        monkeypatch.setattr(module, "MOST_EXACT", most)
    loaded = shipped_deployment("onnx")
    contents = contents_of(loaded, read_graph(SHIPPED)[0])
    script = JavaScript()
    script.open("predictor", "openPredictor", contents)
    cases = [Row(tuple(row[field.name] for field in loaded.schema.fields)) for row in (ROW, OTHER)]
    for mine, theirs in (cases, cases[::-1], [cases[0]] * 2):
        asked = [
            dict(zip((field.name for field in loaded.schema.fields), case.values, strict=True))
            for case in (mine, theirs)
        ]
        found = script.ask("predictor.difference(...pair)", pair=asked)
        expected = difference.difference(loaded.schema, loaded.engine, mine, theirs)
        assert found["exact"] == expected.exact
        assert found["first"] == pytest.approx(expected.first, rel=1e-12)
        assert found["other"] == pytest.approx(expected.other, rel=1e-12)
        assert [part["field"] for part in found["fields"]] == [p.field for p in expected.parts]
        for own, other in zip(found["fields"], expected.parts, strict=True):
            assert own["contribution"] == pytest.approx(other.contribution, rel=1e-9, abs=1e-7)
            assert own["error"] == pytest.approx(other.error, rel=1e-6, abs=1e-7)
        total = found["first"] + sum(part["contribution"] for part in found["fields"])
        assert total == pytest.approx(found["other"], rel=1e-9)


def altered(*path: Any, value: Any) -> dict[str, Any]:
    """The shipped deployment's contents with one value replaced."""
    contents = copy.deepcopy(shipped_contents())
    part: Any = contents
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return contents


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (lambda: altered("graph", "nodes", 0, 0, value="Nothing"), None),
        (lambda: altered("interval", "upper", "offsets", value=[1.0]), "an end of a range"),
        (lambda: altered("fields", 0, "grid", value=[18.0]), "a number of an explanation"),
        (lambda: altered("background", "draws", "age", value={"numbers": {"fill": [30], "of": 64}}),
         "a number of an explanation"),
    ],
)  # fmt: skip
def test_a_page_that_answers_otherwise_fails_its_proof(contents: Any, words: str | None) -> None:
    """A wrong operator, range, what-if or background is found, and the error says which."""
    error = PageError if words else Exception
    with pytest.raises(error, match=words):
        prove_page(shipped_deployment("onnx"), contents(), rows=50, explained_rows=2)


def test_a_wrong_weight_fails_the_proof() -> None:
    """A constant that is off by a millionth is found."""
    contents = copy.deepcopy(shipped_contents())
    for constant in contents["graph"]["constants"]:
        if constant["kind"] == "double" and isinstance(constant["data"], list):
            constant["data"] = [x * (1 + 1e-6) for x in constant["data"]]
    with pytest.raises(PageError, match="a prediction differs by"):
        prove_page(shipped_deployment("onnx"), contents, rows=50, explained_rows=0)


def graph_of(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    """A graph of one column x that makes y."""
    tensors = [helper.make_tensor_value_info(n, TensorProto.DOUBLE, ["rows", 1]) for n in "xy"]
    return helper.make_model(helper.make_graph(list(nodes), "g", tensors[:1], tensors[1:]))


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (helper.make_node("Erf", ["x"], ["y"]), "for its operator Erf"),
        (helper.make_node("Cast", ["x"], ["y"], to=TensorProto.STRING), "Cast to text"),
        (helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16), "type FLOAT16"),
        (helper.make_node("TopK", ["x", "x"], ["y"], sorted=0), "attribute sorted of TopK"),
        (helper.make_node("TreeEnsembleRegressor", ["x"], ["y"]), "thresholds of float32"),
    ],
)
def test_what_no_javascript_is_there_for_is_refused_by_name(
    node: onnx.NodeProto, words: str
) -> None:
    """An operator, an attribute or a type without JavaScript is named in one line."""
    with pytest.raises(PageError, match=words) as refused:
        graph_json(graph_of(node))
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("Serve the deployment instead.")


def test_a_page_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size that forbids a page is in the error."""
    monkeypatch.setattr(page_contents, "LARGEST", 5_000)
    with pytest.raises(PageError, match="more than the 0 MB"):
        contents_of(shipped_deployment("onnx"), read_graph(SHIPPED)[0])


def test_both_lists_of_operators_are_one() -> None:
    """What Python lets through JavaScript evaluates, and nothing is evaluated that never comes."""
    script = predictor_script().replace("openPredictor, openGraph", "operators, openGraph")
    engine = JavaScript()
    engine.define("whole", f"(() => {{ {script}; return Object.keys(operators); }})()")
    assert sorted(engine.ask("whole")) == sorted(OPERATORS)


def test_both_lists_of_formulas_are_one() -> None:
    """A range's factors are the same functions in both languages."""
    script = predictor_script().replace("openPredictor, openGraph", "formulas, openGraph")
    engine = JavaScript()
    engine.define("found", f"(() => {{ {script}; return formulas; }})()")
    assert sorted(engine.ask("Object.keys(found)")) == sorted(FORMULAS)
    for name, formula in FORMULAS.items():
        for value in (2.5, 7.0):
            ours = engine.ask(f"found.{name}({value}, 4.0, 1.5)")
            assert ours == pytest.approx(float(formula(value, 4.0, 1.5)), rel=1e-15)


@pytest.mark.parametrize(
    "numbers",
    [
        [], [1.5], [0.0, -0.0], [np.nan, np.inf, -np.inf, 1.0], range(5000), [7.25] * 3000,
        np.arange(3000) % 7 / 3, np.random.default_rng(1).normal(size=2000), [255, 256, 70_000],
        [-1, 2**31], np.float32([0.1, 0.2]), [5e-324, 1.7976931348623157e308],
    ],
    ids=lambda numbers: f"{len(numbers)} numbers",
)  # fmt: skip
def test_numbers_arrive_to_the_last_bit(numbers: Any) -> None:
    """JavaScript unpacks each number as it was, whatever form was the shortest."""
    values = np.asarray(numbers, dtype=np.float64)
    graph = graph_of(helper.make_node("Identity", ["c"], ["y"]))
    graph.graph.initializer.append(onnx.numpy_helper.from_array(values, "c"))
    found = in_javascript(graph, {"x": np.zeros((1, 1))}, "y")
    known = ~np.isnan(values)
    assert found[known].tobytes() == values[known].tobytes() or 0.0 in values
    np.testing.assert_array_equal(found, values)
    assert len(json.dumps(packed(values))) <= 11 * len(values) + 100


def _stump_forest(mode: str, seed: int) -> onnx.ModelProto:
    """Thirty trees of depth two over three columns; y is each tree's leaf, and s what all say."""
    rng = np.random.default_rng(seed)
    count = 30
    thresholds = np.where(np.arange(7) < 3, rng.integers(0, 5, (count, 7)), 0.0).reshape(-1)
    leaf = np.tile(np.arange(7) > 2, count)
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["leaf"], domain="ai.onnx.ml", n_targets=count,
        nodes_treeids=np.repeat(np.arange(count), 7), nodes_nodeids=np.tile(np.arange(7), count),
        nodes_featureids=np.where(leaf, 0, rng.integers(0, 3, 7 * count)),
        nodes_values_as_tensor=onnx.numpy_helper.from_array(thresholds, "t"),
        nodes_modes=np.where(leaf, "LEAF", mode).tolist(),
        nodes_truenodeids=np.tile([1, 3, 5, 0, 0, 0, 0], count),
        nodes_falsenodeids=np.tile([2, 4, 6, 0, 0, 0, 0], count),
        nodes_missing_value_tracks_true=np.where(leaf, 0, rng.integers(0, 2, 7 * count)),
        target_treeids=np.repeat(np.arange(count), 4), target_ids=np.repeat(np.arange(count), 4),
        target_nodeids=np.tile([3, 4, 5, 6], count),
        target_weights_as_tensor=onnx.numpy_helper.from_array(np.arange(4.0 * count), "w"),
    )  # fmt: skip
    nodes = [
        node,
        helper.make_node("Cast", ["leaf"], ["number"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "number"], ["said"], axis=0),
        helper.make_node("CumSum", ["said", "one"], ["sums"]),
        helper.make_node("Gather", ["sums", "last"], ["y"], axis=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["rows", 3])
    y = helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["rows", 2])
    constants = {"table": rng.normal(size=(4 * count, 2)), "one": 1, "last": count - 1}
    tensors = [onnx.numpy_helper.from_array(np.array(x), name) for name, x in constants.items()]
    graph = helper.make_graph(nodes, "g", [x], [y], tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    helper.set_model_props(model, {WIDE_INPUTS: json.dumps({"x": ["a", "b", "c"]})})
    return model


@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT"])
@pytest.mark.parametrize("rows", [1, 3, 5, 31, 32, 33, 127, 128, 129, 300])
@pytest.mark.parametrize("values", [2, 6, 1000])
def test_rows_go_through_trees_together_as_alone(mode: str, rows: int, values: int) -> None:
    """Rows of few values, which share their ways, and of many reach onnxruntime's leaves; missing
    values too, and the forest is one operator."""
    model = _stump_forest(mode, seed=rows)
    assert [node[0] for node in graph_json(model)["nodes"]] == ["TreeSum"]
    rng = np.random.default_rng(values)
    x = rng.integers(0, values, (rows, 3)).astype(np.float64) * (6 / values)
    x[rng.random((rows, 3)) < 0.1] = np.nan
    expected = session_of(model.SerializeToString()).run(["y"], {"x": x})[0]
    found = in_javascript(model, dict(zip("abc", x.T, strict=True)), "y")
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_trees_whose_sum_is_read_otherwise_stay_as_they_are() -> None:
    """Where something else reads a leaf's number, or not all trees are added, nothing is joined."""
    model = _stump_forest("BRANCH_LEQ", seed=0)
    model.graph.initializer[2].CopyFrom(onnx.numpy_helper.from_array(np.array(3), "last"))
    assert graph_json(model)["nodes"][0][0] == "TreeEnsembleRegressor"
    x = np.arange(6.0).reshape(2, 3)
    expected = session_of(model.SerializeToString()).run(["y"], {"x": x})[0]
    found = in_javascript(model, dict(zip("abc", x.T, strict=True)), "y")
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    other = _stump_forest("BRANCH_LEQ", seed=0)
    other.graph.output.append(helper.make_tensor_value_info("number", TensorProto.INT64, None))
    assert graph_json(other)["nodes"][0][0] == "TreeEnsembleRegressor"


def test_the_script_evaluates_nothing_and_asks_nobody() -> None:
    """No word of it compiles text, or reaches a network or a store."""
    assert not {
        word for word in ("eval(", "Function(", "fetch", "XMLHttp", "import", "localStorage")
        if word in predictor_script()
    }  # fmt: skip
    assert sorted(path.stem for path in FOLDER.glob("*.js")) == sorted(
        (*MODULES, *RULES, *PAGE, "parsed", "opening")
    )
