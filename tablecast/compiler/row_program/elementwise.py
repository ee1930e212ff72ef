"""Operators that compute each element from the elements at its index."""
# ruff: noqa: ARG001 - every operator is given the recorder and its node

from functools import reduce
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler.graph import attribute
from tablecast.compiler.row_program.recorder import Computed, Element, Pick, Recorder, Untraceable
from tablecast.compiler.row_program.tensors import Tensor, elementwise, operator

ARITHMETIC = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "Max": "max",
    "Min": "min", "Neg": "neg", "Abs": "abs", "Sqrt": "sqrt", "Exp": "exp", "Log": "log",
    "Sin": "sin", "Tanh": "tanh", "Floor": "floor",
}
COMPARISONS = {
    "Less": "lt", "LessOrEqual": "le", "Greater": "gt", "GreaterOrEqual": "ge", "Equal": "eq",
    "And": "and", "IsNaN": "isnan",
}


@operator(*ARITHMETIC)
def arithmetic(recorder: Recorder, node: onnx.NodeProto, *tensors: Tensor) -> Tensor:
    """Whole numbers are added and multiplied as such; float32 is not computed in."""
    kind = tensors[0].kind
    exact = kind == TensorProto.INT64 and node.op_type in ("Add", "Sub", "Mul", "Max", "Min")
    if kind != TensorProto.DOUBLE and not exact:
        raise Untraceable(f"{node.op_type} in type {kind}")
    arrays = [tensor.values for tensor in tensors]
    if len(arrays) > 2:
        return Tensor(
            reduce(lambda a, b: elementwise(recorder, ARITHMETIC[node.op_type], a, b), arrays), kind
        )
    return Tensor(elementwise(recorder, ARITHMETIC[node.op_type], *arrays), kind)


@operator(*COMPARISONS)
def comparison(recorder: Recorder, node: onnx.NodeProto, *tensors: Tensor) -> Tensor:
    if TensorProto.STRING in [tensor.kind for tensor in tensors]:
        raise Untraceable("a comparison of texts")
    kind = COMPARISONS[node.op_type]
    return Tensor(
        elementwise(recorder, kind, *(tensor.values for tensor in tensors)), TensorProto.BOOL
    )


@operator("Where")
def where(recorder: Recorder, node: onnx.NodeProto, asked: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return Tensor(elementwise(recorder, "where", asked.values, a.values, b.values), a.kind)


@operator("Identity")
def identity(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    return x


@operator("Clip")
def clip(recorder: Recorder, node: onnx.NodeProto, x: Tensor, *ends: Tensor) -> Tensor:
    if x.kind != TensorProto.DOUBLE or len(ends) != 2:
        raise Untraceable("Clip")
    above = elementwise(recorder, "max", x.values, ends[0].values)
    return Tensor(elementwise(recorder, "min", above, ends[1].values), x.kind)


@operator("Relu")
def relu(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    if x.kind != TensorProto.DOUBLE:
        raise Untraceable(node.op_type)
    return Tensor(elementwise(recorder, "max", x.values, np.array(0.0)), x.kind)


@operator("Cast")
def cast(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    kind = attribute(node, "to", 0)
    if TensorProto.STRING in (kind, x.kind):
        raise Untraceable("Cast of texts")
    if kind == TensorProto.FLOAT:
        return Tensor(_rounded(recorder, x.values), kind)
    if x.kind == TensorProto.FLOAT and kind == TensorProto.DOUBLE:
        return Tensor(x.values, kind)
    if kind == TensorProto.BOOL:
        raise Untraceable("Cast to a truth")
    step = "int" if kind in (TensorProto.INT64, TensorProto.INT32) else "float"
    return Tensor(elementwise(recorder, step, x.values), kind)


def _rounded(recorder: Recorder, values: NDArray[Any]) -> NDArray[Any]:
    """The nearest float32 of each number, as a float64."""

    def rounded(element: Element) -> Element:
        if isinstance(element, Computed):
            if recorder.steps[element.step][0] == "single":
                return element
            # Packing raises where a number is beyond float32, so what comes out is as finite.
            return recorder.make("single", element.step, cost=3, finite=element.finite)
        if isinstance(element, Pick):
            return Pick(element.index, tuple(float(np.float32(x)) for x in element.table))
        return float(np.float32(element))

    return np.asarray(np.frompyfunc(rounded, 1, 1)(values), dtype=object)


@operator("Imputer")
def imputer(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    if not np.isnan(attribute(node, "replaced_value_float", 0.0)):
        raise Untraceable("Imputer of a number")
    filled = np.array(attribute(node, "imputed_value_floats", []), dtype=object).reshape(1, -1)

    def impute(element: Element, value: float) -> Element:
        if not isinstance(element, Computed) or element.finite:
            raise Untraceable("Imputer of known numbers")
        missing = recorder.make("isnan", element.step)
        return recorder.make("where", missing.step, float(value), element.step, finite=True)

    values = np.frompyfunc(impute, 2, 1)(x.values, filled)
    return Tensor(np.asarray(values, dtype=object), x.kind)
