"""A graph while it is rewritten: its nodes in order, its constants and widths."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

from tablecast.compiler.graph import read_inside


class GraphEditor:
    """The parts of a model, to be read and replaced.

    Attributes:
        fixed: names that a rewrite has to keep: outputs, and what the body of a loop reads.
        widths: the number of columns of each tensor of shape (rows, columns) where it is known.
        finite: what ``is_finite`` answered so far.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._model = model
        self._constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._nodes: list[onnx.NodeProto] = []
        self._makers: dict[str, onnx.NodeProto] = {}
        self._count = 0
        self.widths = _widths(model)
        self.finite: dict[str, bool] = {}
        self.fixed = {output.name for output in model.graph.output}
        for node in model.graph.node:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            self.add(copy)
            self.fixed |= read_inside(node)

    def add(self, node: onnx.NodeProto) -> None:
        """Put a node behind the others."""
        self._nodes.append(node)
        self._makers.update(dict.fromkeys(node.output, node))

    def take_nodes(self) -> list[onnx.NodeProto]:
        """Take all nodes out, to add again those that stay. They still can be asked for."""
        nodes, self._nodes = self._nodes, []
        return nodes

    def maker(self, name: str) -> onnx.NodeProto | None:
        """The node that made a tensor; None for inputs and constants."""
        return self._makers.get(name)

    def constant(self, name: str) -> NDArray[Any] | None:
        """A stored number array; None for other tensors and for texts."""
        tensor = self._constants.get(name)
        if tensor is None or tensor.data_type == onnx.TensorProto.STRING:
            return None
        return numpy_helper.to_array(tensor)

    def store(self, values: ArrayLike) -> str:
        """Store an array and return its name."""
        name = self._fresh()
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def add_columns(self, kind: str, inputs: list[str], width: int) -> str:
        """Put a node that makes ``width`` columns behind the others; returns its tensor."""
        name = self._fresh()
        self.widths[name] = width
        self.add(helper.make_node(kind, inputs, [name], name=name, axis=1))
        return name

    def _fresh(self) -> str:
        self._count += 1
        return f"_joined_{self._count}"

    def model(self) -> onnx.ModelProto:
        """The rewritten model, with those constants that something reads."""
        read = {name for node in self._nodes for name in [*node.input, *read_inside(node)]}
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
        model.graph.node.extend(self._nodes)
        model.graph.initializer.extend(
            tensor for name, tensor in self._constants.items() if name in read
        )
        onnx.checker.check_model(model)
        return model


def _widths(model: onnx.ModelProto) -> dict[str, int]:
    known: dict[str, int] = {}
    while True:
        widths = _inferred(model, known)
        imputed = {
            node.output[0]: widths[node.input[0]]
            for node in model.graph.node
            if node.op_type == "Imputer" and node.input[0] in widths
        }
        if imputed == known:
            return widths
        known = imputed


def _inferred(model: onnx.ModelProto, imputed: dict[str, int]) -> dict[str, int]:
    """What onnx infers, with the widths of what it knows nothing about: Imputer."""
    hinted = onnx.ModelProto()
    hinted.CopyFrom(model)
    hinted.graph.value_info.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", width])
        for name, width in imputed.items()
    )
    graph = onnx.shape_inference.infer_shapes(hinted).graph
    widths = {}
    for value in [*graph.input, *graph.value_info]:
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 2 and dims[1].HasField("dim_value"):
            widths[value.name] = dims[1].dim_value
    return widths
