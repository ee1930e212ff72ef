"""Build an ONNX graph a node at a time, in float64 throughout."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tablecast.inference.onnx_engine import WIDE_INPUTS

# Old enough that onnxruntime 1.19 reads it, new enough for every operator used here. Trees stay at
# ai.onnx.ml 3: the TreeEnsemble of opset 5 gave wrong labels in onnxruntime 1.22 and 1.23.
OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
ML_DOMAIN = "ai.onnx.ml"


@dataclass(frozen=True)
class Matrix:
    """A float64 tensor of shape (rows, width), and how wide the pipeline's own numbers are there.

    ``single`` is True where the pipeline holds these numbers as float32: a step that computes on
    them elementwise must round its result (``Builder.round_to_single``) to stay equal.
    """

    name: str
    width: int
    single: bool = False


class Builder:
    """Collects nodes and constants; every method returns the name of the tensor that it made."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._wide: dict[str, list[str]] = {}
        self._count = 0

    def input(self, name: str, *, text: bool) -> str:
        """Declare a raw column of shape (rows, 1): text, or float64 with NaN for missing."""
        kind = TensorProto.STRING if text else TensorProto.DOUBLE
        self._inputs.append(helper.make_tensor_value_info(name, kind, ["rows", 1]))
        return name

    def wide_input(self, columns: list[str]) -> str:
        """Declare many raw columns of numbers as one input of shape (rows, columns)."""
        name = self._fresh("columns")
        shape: list[str | int | None] = ["rows", len(columns)]
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape))
        self._wide[name] = columns
        return name

    def constant(self, value: Any, dtype: Any = np.float64) -> str:
        """Store an array once, whoever asks for it, and return its name."""
        array = np.ascontiguousarray(np.asarray(value, dtype=dtype))
        array = array.reshape(np.shape(value))
        key = (str(array.dtype), array.shape, array.tobytes())
        if array.dtype != object and key in self._known:
            return self._known[key]
        name = self._fresh("c")
        self._known[key] = name
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output."""
        return self.ops(kind, *inputs, outputs=1, domain=domain, **attributes)[0]

    def ops(
        self, kind: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs."""
        names = [self._fresh(kind.lower()) for _ in range(outputs)]
        # Named, because onnxruntime 1.20 calls all nodes that it makes of nameless ones the same.
        node = helper.make_node(
            kind, list(inputs), names, name=names[0], domain=domain, **attributes
        )
        self._nodes.append(node)
        return names

    def ml(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of ai.onnx.ml with one output."""
        return self.op(kind, *inputs, domain=ML_DOMAIN, **attributes)

    def cast(self, name: str, kind: int) -> str:
        """Cast to a TensorProto type, such as ``TensorProto.INT64``."""
        return self.op("Cast", name, to=kind)

    def round_to_single(self, name: str) -> str:
        """Round float64 values to the nearest float32 and carry on in float64."""
        return self.cast(self.cast(name, TensorProto.FLOAT), TensorProto.DOUBLE)

    def held(self, name: str, low: Any, high: Any) -> str:
        """Values beyond either end as that end; the ends are arrays that broadcast, float64."""
        raised = self.op("Max", name, self.constant(low))
        return self.op("Min", raised, self.constant(high))

    def columns(self, name: str, indices: list[int]) -> str:
        """Take columns of a (rows, width) tensor, in the order given."""
        return self.op("Gather", name, self.constant(indices, np.int64), axis=1)

    def repeat(self, limit: int, state: str, body: Callable[[str], tuple[str, str]]) -> str:
        """Apply ``body`` to a float64 tensor until it says stop, at most ``limit`` times.

        ``body`` takes the name of the present state and returns the names of a boolean of shape ()
        (whether to go on) and of the next state. It may use any tensor made before.
        """
        outer, self._nodes = self._nodes, []
        turn, going, before = self._fresh("turn"), self._fresh("going"), self._fresh("state")
        again, after = body(before)
        inner, self._nodes = self._nodes, outer
        inputs = [
            helper.make_tensor_value_info(turn, TensorProto.INT64, []),
            helper.make_tensor_value_info(going, TensorProto.BOOL, []),
            helper.make_tensor_value_info(before, TensorProto.DOUBLE, None),
        ]
        outputs = [
            helper.make_tensor_value_info(again, TensorProto.BOOL, []),
            helper.make_tensor_value_info(after, TensorProto.DOUBLE, None),
        ]
        graph = helper.make_graph(inner, "repeated", inputs, outputs)
        turns, start = self.constant(limit, np.int64), self.constant(True, np.bool_)
        return self.op("Loop", turns, start, state, body=graph)

    def finish(self, outputs: list[tuple[str, str, int, list[Any]]]) -> onnx.ModelProto:
        """Make the model from outputs given as (tensor, public name, TensorProto type, shape)."""
        infos = []
        for tensor, public, kind, shape in outputs:
            self._nodes.append(helper.make_node("Identity", [tensor], [public]))
            infos.append(helper.make_tensor_value_info(public, kind, shape))
        graph = helper.make_graph(
            self._nodes, "tablecast", self._inputs, infos, initializer=self._constants
        )
        model = helper.make_model(
            graph,
            producer_name="tablecast",
            ir_version=IR_VERSION,
            opset_imports=[
                helper.make_opsetid("", OPSET),
                helper.make_opsetid(ML_DOMAIN, ML_OPSET),
            ],
        )
        if self._wide:
            helper.set_model_props(model, {WIDE_INPUTS: json.dumps(self._wide)})
        onnx.checker.check_model(model)
        return model

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"_{stem}_{self._count}"


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """A node's attribute as a Python value."""
    for candidate in node.attribute:
        if candidate.name == name:
            return helper.get_attribute_value(candidate)
    return default


def read_inside(node: onnx.NodeProto) -> set[str]:
    """Every name that the body of a node, such as a loop's, reads."""
    names: set[str] = set()
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            names |= {output.name for output in attribute.g.output}
            for inner in attribute.g.node:
                names |= set(inner.input) | read_inside(inner)
    return names


def columns_of(model: onnx.ModelProto) -> dict[str, list[str]]:
    """Which columns each input of a graph has, in their order: one, or many side by side."""
    wide = {prop.key: prop.value for prop in model.metadata_props}.get(WIDE_INPUTS, "{}")
    columns: dict[str, list[str]] = json.loads(wide)
    return {value.name: columns.get(value.name, [value.name]) for value in model.graph.input}
