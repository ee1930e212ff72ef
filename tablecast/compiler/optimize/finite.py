"""Which tensors can hold neither a missing nor an infinite value, as far as their makers tell."""

from __future__ import annotations

import numpy as np
import onnx

from tablecast.compiler.optimize.graph_editor import Worksheet, attribute

#: Finite where all inputs are. Sums and products may overflow in principle; a value has passed the
#: schema's hard limits by then, and PyCaret refuses infinite values as well.
KEEPS = {
    "Abs", "Add", "Cast", "Clip", "Concat", "Cos", "Flatten", "Gather", "GatherElements",
    "GatherND", "Gemm", "MatMul", "Max", "Min", "Mul", "Neg", "ReduceProd", "Sigmoid", "Sin",
    "Split", "Sub", "Tanh",
}  # fmt: skip
#: Finite whatever they are given: places, comparisons, and the weights of a tree's leaves.
MAKES = {
    "ArgMax", "Equal", "Greater", "GreaterOrEqual", "IsNaN", "LabelEncoder", "Less",
    "LessOrEqual", "Not", "TreeEnsembleRegressor",
}  # fmt: skip


def is_finite(sheet: Worksheet, name: str) -> bool:
    """Whether a tensor is finite for every row of finite and missing values."""
    if name not in sheet.finite:
        sheet.finite[name] = _is_finite(sheet, name)
    return sheet.finite[name]


def _is_finite(sheet: Worksheet, name: str) -> bool:
    values = sheet.constant(name)
    if values is not None:
        return bool(np.isfinite(values).all())
    node = sheet.maker(name)
    if node is None:
        return False  # an input, which may be missing
    if node.op_type in KEEPS:
        return all(is_finite(sheet, one) for one in node.input if one)
    if node.op_type == "Div":
        divisor = sheet.constant(node.input[1])
        usable = divisor is not None and bool(np.isfinite(divisor).all() and np.all(divisor != 0))
        return usable and is_finite(sheet, node.input[0])
    if node.op_type == "Imputer":
        return bool(np.isfinite(attribute(node, "imputed_value_floats", [np.nan])).all())
    return node.op_type in MAKES or _fills_missing(sheet, node)


def _fills_missing(sheet: Worksheet, node: onnx.NodeProto) -> bool:
    """Whether a node puts something finite in the place of every missing value."""
    if node.op_type != "Where" or not is_finite(sheet, node.input[1]):
        return False
    asks = sheet.maker(node.input[0])
    return asks is not None and asks.op_type == "IsNaN" and asks.input[0] == node.input[2]
