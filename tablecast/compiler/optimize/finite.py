"""Which tensors cannot have missing or infinite values, as far as their nodes show."""

import numpy as np
import onnx

from tablecast.compiler.graph import attribute
from tablecast.compiler.optimize.graph_editor import GraphEditor

#: Finite where all inputs are. Sums and products may overflow in principle; a value has passed the
#: schema's hard limits by then, and PyCaret refuses infinite values as well.
KEEPS = {
    "Abs", "Add", "Cast", "Clip", "Concat", "Cos", "Flatten", "Gather", "GatherElements",
    "GatherND", "Gemm", "MatMul", "Max", "Min", "Mul", "Neg", "ReduceProd", "Sigmoid", "Sin",
    "Split", "Sub", "Tanh",
}  # fmt: skip
#: Finite whatever they are given: indices, comparisons, and the weights of a tree's leaves.
MAKES = {
    "ArgMax", "Equal", "Greater", "GreaterOrEqual", "IsNaN", "LabelEncoder", "Less",
    "LessOrEqual", "Not", "TreeEnsembleRegressor",
}  # fmt: skip


def is_finite(editor: GraphEditor, name: str) -> bool:
    """Whether a tensor is finite for every row of finite and missing values."""
    if name not in editor.finite:
        editor.finite[name] = _is_finite(editor, name)
    return editor.finite[name]


def _is_finite(editor: GraphEditor, name: str) -> bool:
    values = editor.constant(name)
    if values is not None:
        return bool(np.isfinite(values).all())
    node = editor.maker(name)
    if node is None:
        return False  # an input, which may be missing
    if node.op_type in KEEPS:
        return all(is_finite(editor, name) for name in node.input if name)
    if node.op_type == "Div":
        divisor = editor.constant(node.input[1])
        usable = divisor is not None and bool(np.isfinite(divisor).all() and np.all(divisor != 0))
        return usable and is_finite(editor, node.input[0])
    if node.op_type == "Imputer":
        return bool(np.isfinite(attribute(node, "imputed_value_floats", [np.nan])).all())
    return node.op_type in MAKES or _fills_missing(editor, node)


def _fills_missing(editor: GraphEditor, node: onnx.NodeProto) -> bool:
    """Whether a node replaces every missing value by a finite one."""
    if node.op_type != "Where" or not is_finite(editor, node.input[1]):
        return False
    asks = editor.maker(node.input[0])
    return asks is not None and asks.op_type == "IsNaN" and asks.input[0] == node.input[2]
