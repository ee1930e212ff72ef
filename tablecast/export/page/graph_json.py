"""A compiled graph as the JSON that ``graph.js`` evaluates."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tablecast.compiler.graph import columns_of
from tablecast.errors import PageError
from tablecast.export.page.packing import packed
from tablecast.export.page.tree_sums import with_tree_sums
from tablecast.export.page.trees_json import trees_json

#: TensorProto types, as ``tensors.js`` calls them.
KINDS: Mapping[int, str] = {
    TensorProto.DOUBLE: "double",
    TensorProto.FLOAT: "float",
    TensorProto.INT64: "int",
    TensorProto.INT32: "int",
    TensorProto.BOOL: "bool",
    TensorProto.STRING: "text",
}

#: The attributes of an ensemble of trees.
TREES = (
    "n_targets", "nodes_falsenodeids", "nodes_featureids", "nodes_missing_value_tracks_true",
    "nodes_modes", "nodes_nodeids", "nodes_treeids", "nodes_truenodeids",
    "nodes_values_as_tensor", "target_ids", "target_nodeids", "target_treeids",
    "target_weights_as_tensor",
)  # fmt: skip

#: The operators that the JavaScript evaluates, and the attributes of each that it knows.
OPERATORS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        "Abs Add And Clip Cos Div Equal Exp Expand Floor Gemm Greater GreaterOrEqual Identity "
        "IsNaN Less LessOrEqual Log MatMul Max Min Mul Neg Not Or Pow Relu Reshape Round Sign Sin "
        "Sqrt Squeeze Sub Tanh Unsqueeze Where".split(),
        (),
    ),
    **dict.fromkeys(
        "ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare".split(),
        ("axes", "keepdims"),
    ),
    "ArgMax": ("axis", "keepdims", "select_last_index"),
    "Cast": ("to",),
    "Concat": ("axis",),
    "CumSum": (),
    "Flatten": ("axis",),
    "Gather": ("axis",),
    "GatherElements": ("axis",),
    "GatherND": (),
    "Imputer": ("imputed_value_floats", "replaced_value_float"),
    "LabelEncoder": ("keys_strings", "values_int64s", "default_int64"),
    "Loop": ("body",),
    "Shape": ("start", "end"),
    "Split": ("axis",),
    "TopK": ("axis", "largest"),
    "TreeEnsembleRegressor": TREES,
    "TreeSum": TREES,
}  # fmt: skip


def graph_json(model: onnx.ModelProto) -> dict[str, Any]:
    """A graph of the compiler as plain data; tensors are numbered, the constants first.

    Returns:
        ``{"constants": [{"kind", "shape", "data"}], "inputs": [{"number", "kind", "columns"}],
        "nodes": [[operator, inputs, outputs, attributes]], "outputs": {name: number}}``

    Raises:
        PageError: there is no JavaScript for an operator, an attribute or a type of it.
    """
    graph = model.graph
    numbers = {tensor.name: number for number, tensor in enumerate(graph.initializer)}
    columns = columns_of(model)
    inputs = [
        {
            "number": _numbered(numbers, value.name),
            "kind": _kind(value.type.tensor_type.elem_type),
            "columns": columns[value.name],
        }
        for value in graph.input
    ]
    nodes = [_node(node, numbers) for node in with_tree_sums(graph)]
    return {
        "constants": [_constant(tensor) for tensor in graph.initializer],
        "inputs": inputs,
        "nodes": nodes,
        "outputs": {output.name: numbers[output.name] for output in graph.output},
    }


def _node(node: onnx.NodeProto, numbers: dict[str, int]) -> list[Any]:
    if node.op_type not in OPERATORS:
        raise _unsupported(f"there is no JavaScript for its operator {node.op_type}")
    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    unknown = sorted(attributes.keys() - set(OPERATORS[node.op_type]))
    if unknown:
        named = f"the attribute {unknown[0]} of {node.op_type}"
        raise _unsupported(f"there is no JavaScript for {named}")
    inputs = [numbers[name] if name else None for name in node.input]
    written = _WRITTEN[node.op_type](node, numbers) if node.op_type in _WRITTEN else attributes
    outputs = [_numbered(numbers, name) for name in node.output]
    return [node.op_type, inputs, outputs, _plain(written)]


def _tree_ensemble(node: onnx.NodeProto, _numbers: dict[str, int]) -> dict[str, Any]:
    return trees_json(node)


def _cast(node: onnx.NodeProto, _numbers: dict[str, int]) -> dict[str, Any]:
    kind = _kind(helper.get_attribute_value(node.attribute[0]))
    if kind == "text":
        raise _unsupported("there is no JavaScript for Cast to text")
    return {"to": kind}


def _imputer(node: onnx.NodeProto, _numbers: dict[str, int]) -> dict[str, Any]:
    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    if attributes.get("replaced_value_float") == attributes.get("replaced_value_float"):
        raise _unsupported("there is no JavaScript for an Imputer of a number")
    return {"imputed_value_floats": list(attributes["imputed_value_floats"])}


def _loop(node: onnx.NodeProto, numbers: dict[str, int]) -> dict[str, Any]:
    body = node.attribute[0].g
    inputs = [_numbered(numbers, value.name) for value in body.input]
    nodes = [_node(inner, numbers) for inner in body.node]
    outputs = [numbers[value.name] for value in body.output]
    return {"body": {"inputs": inputs, "nodes": nodes, "outputs": outputs}}


_WRITTEN: Mapping[str, Callable[[onnx.NodeProto, dict[str, int]], dict[str, Any]]] = {
    "TreeEnsembleRegressor": _tree_ensemble, "TreeSum": _tree_ensemble, "Cast": _cast,
    "Imputer": _imputer, "Loop": _loop,
}  # fmt: skip


def _constant(tensor: onnx.TensorProto) -> dict[str, Any]:
    values = numpy_helper.to_array(tensor)
    kind = _kind(tensor.data_type)
    data = [_plain(x) for x in values.reshape(-1)] if kind == "text" else packed(values)
    return {"kind": kind, "shape": list(values.shape), "data": data}


def _numbered(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers))


def _kind(number: int) -> str:
    if number not in KINDS:
        raise _unsupported(f"it has tensors of type {TensorProto.DataType.Name(number)}")
    return KINDS[number]


def _plain(value: Any) -> Any:
    """Attributes as JSON has them: bytes are text."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _unsupported(what: str) -> PageError:
    return PageError(f"A page cannot evaluate this graph: {what}. Serve the deployment instead.")
