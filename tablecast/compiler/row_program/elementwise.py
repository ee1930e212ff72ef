"""Operators that compute each element from the elements at its place."""
# ruff: noqa: ARG001 - every operator is given the recorder and its node

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler.graph import attribute
from tablecast.compiler.row_program.recorder import Element, Made, Pick, Recorder, Untraceable
from tablecast.compiler.row_program.tensors import Tensor, elementwise, operator

ARITHMETIC = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "Max": "max",
    "Min": "min", "Neg": "neg", "Abs": "abs", "Sqrt": "sqrt", "Exp": "exp", "Log": "log",
    "Sin": "sin", "Cos": "cos", "Tanh": "tanh", "Floor": "floor",
}
COMPARISONS = {
    "Less": "lt", "LessOrEqual": "le", "Greater": "gt", "GreaterOrEqual": "ge", "Equal": "eq",
    "And": "and", "Or": "or", "Not": "not", "IsNaN": "isnan",
}


@operator(*ARITHMETIC)
def arithmetic(recorder: Recorder, node: onnx.NodeProto, *given: Tensor) -> Tensor:
    """Whole numbers are added and multiplied as such; float32 is not computed in."""
    kind = given[0].kind
    exact = kind == TensorProto.INT64 and node.op_type in ("Add", "Sub", "Mul", "Max", "Min")
    if kind != TensorProto.DOUBLE and not exact:
        raise Untraceable(f"{node.op_type} in type {kind}")
    arrays = [tensor.values for tensor in given]
    if len(arrays) > 2:
        return Tensor(
            reduce(lambda a, b: elementwise(recorder, ARITHMETIC[node.op_type], a, b), arrays), kind
        )
    return Tensor(elementwise(recorder, ARITHMETIC[node.op_type], *arrays), kind)


@operator(*COMPARISONS)
def comparison(recorder: Recorder, node: onnx.NodeProto, *given: Tensor) -> Tensor:
    if TensorProto.STRING in [tensor.kind for tensor in given]:
        raise Untraceable("a comparison of texts")
    kind = COMPARISONS[node.op_type]
    return Tensor(
        elementwise(recorder, kind, *(tensor.values for tensor in given)), TensorProto.BOOL
    )


@operator("Where")
def where(recorder: Recorder, node: onnx.NodeProto, asked: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return Tensor(elementwise(recorder, "where", asked.values, a.values, b.values), a.kind)


@operator("Identity")
def identity(recorder: Recorder, node: onnx.NodeProto, given: Tensor) -> Tensor:
    return given


@operator("Clip")
def clip(recorder: Recorder, node: onnx.NodeProto, given: Tensor, *ends: Tensor) -> Tensor:
    if given.kind != TensorProto.DOUBLE or len(ends) != 2:
        raise Untraceable("Clip")
    above = elementwise(recorder, "max", given.values, ends[0].values)
    return Tensor(elementwise(recorder, "min", above, ends[1].values), given.kind)


@operator("Cast")
def cast(recorder: Recorder, node: onnx.NodeProto, given: Tensor) -> Tensor:
    kind = attribute(node, "to", 0)
    if TensorProto.STRING in (kind, given.kind):
        raise Untraceable("Cast of texts")
    if kind == TensorProto.FLOAT:
        return Tensor(_rounded(recorder, given.values), kind)
    if given.kind == TensorProto.FLOAT and kind == TensorProto.DOUBLE:
        return Tensor(given.values, kind)
    if kind == TensorProto.BOOL:
        raise Untraceable("Cast to a truth")
    step = "int" if kind in (TensorProto.INT64, TensorProto.INT32) else "float"
    return Tensor(elementwise(recorder, step, given.values), kind)


def _rounded(recorder: Recorder, values: NDArray[Any]) -> NDArray[Any]:
    """The nearest float32 of each number, as a float64."""

    def rounded(element: Element) -> Element:
        if isinstance(element, Made):
            if recorder.steps[element.step][0] == "single":
                return element
            # Packing raises where a number is beyond float32, so what comes out is as finite.
            return recorder.make("single", element.step, cost=3, finite=element.finite)
        if isinstance(element, Pick):
            return Pick(element.index, tuple(float(np.float32(x)) for x in element.table))
        return float(np.float32(element))

    return np.asarray(np.frompyfunc(rounded, 1, 1)(values), dtype=object)


@operator("Imputer")
def imputer(recorder: Recorder, node: onnx.NodeProto, given: Tensor) -> Tensor:
    if not np.isnan(attribute(node, "replaced_value_float", 0.0)):
        raise Untraceable("Imputer of a number")
    filled = np.array(attribute(node, "imputed_value_floats", []), dtype=object).reshape(1, -1)

    def impute(element: Element, value: float) -> Element:
        if not isinstance(element, Made) or element.finite:
            raise Untraceable("Imputer of known numbers")
        missing = recorder.make("isnan", element.step)
        return recorder.make("where", missing.step, float(value), element.step, finite=True)

    values = np.frompyfunc(impute, 2, 1)(given.values, filled)
    return Tensor(np.asarray(values, dtype=object), given.kind)
