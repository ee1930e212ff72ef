"""Operators that make one number of many."""
# ruff: noqa: ARG001 - every operator is given the recorder and its node

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import onnx
from onnx import TensorProto

from tablecast.compiler.graph import attribute
from tablecast.compiler.row_program.recorder import Element, Made, Pick, Recorder, Untraceable
from tablecast.compiler.row_program.tensors import Tensor, elementwise, operator


@operator("Gemm", "MatMul")
def gemm(
    recorder: Recorder, node: onnx.NodeProto, a: Tensor, b: Tensor, c: Tensor | None = None
) -> Tensor:
    if a.kind != TensorProto.DOUBLE or a.values.ndim != 2 or len(node.attribute):
        raise Untraceable(node.op_type)
    if any(isinstance(weight, Made | Pick) for weight in b.values.reshape(-1)):
        raise Untraceable("a product of two matrices that the row makes")
    weights = b.values.astype(np.float64)
    bias = np.zeros(weights.shape[1]) if c is None else c.values.astype(np.float64)
    bias = np.broadcast_to(bias, weights.shape[1:])
    row = a.values[0]
    found = np.empty((1, weights.shape[1]), dtype=object)
    for place in range(weights.shape[1]):
        terms = list(zip(weights[:, place].tolist(), row, strict=True))
        found[0, place] = recorder.total([(1.0, float(bias[place])), *terms])
    return Tensor(found, a.kind)


REDUCED: dict[str, Callable[[Recorder, Sequence[Element]], Element]] = {
    "ReduceSum": lambda recorder, row: recorder.total([(1.0, x) for x in row]),
    "ReduceMean": lambda recorder, row: recorder.apply(
        "div", recorder.total([(1.0, x) for x in row]), float(len(row))
    ),
    "ReduceSumSquare": lambda recorder, row: recorder.total(
        [(1.0, recorder.apply("mul", x, x)) for x in row]
    ),
    "ReduceProd": lambda recorder, row: reduce(lambda a, b: recorder.apply("mul", a, b), row),
    "ReduceMax": lambda recorder, row: reduce(lambda a, b: recorder.apply("max", a, b), row),
    "ReduceMin": lambda recorder, row: reduce(lambda a, b: recorder.apply("min", a, b), row),
}


@operator(*REDUCED)
def reduced(
    recorder: Recorder, node: onnx.NodeProto, given: Tensor, axes: Tensor | None = None
) -> Tensor:
    if given.kind != TensorProto.DOUBLE:
        raise Untraceable(node.op_type)
    listed = attribute(node, "axes", None) if axes is None else axes.values.tolist()
    if listed is None or len(listed) != 1:
        raise Untraceable(node.op_type)
    moved = np.moveaxis(given.values, listed[0], -1)
    found = np.empty(moved.shape[:-1], dtype=object)
    for place in np.ndindex(found.shape):
        found[place] = REDUCED[node.op_type](recorder, list(moved[place]))
    if attribute(node, "keepdims", 1):
        found = np.expand_dims(found, listed[0])
    return Tensor(found, given.kind)


@operator("CumSum")
def cumulative_sum(
    recorder: Recorder, node: onnx.NodeProto, given: Tensor, axis: Tensor
) -> Tensor:
    if given.kind != TensorProto.DOUBLE or len(node.attribute):
        raise Untraceable("CumSum")
    moved = np.moveaxis(given.values.copy(), int(axis.values), 0)
    for place in range(1, len(moved)):
        moved[place] = elementwise(recorder, "add", moved[place - 1], moved[place])
    return Tensor(np.moveaxis(moved, 0, int(axis.values)), given.kind)


@operator("Relu")
def relu(recorder: Recorder, node: onnx.NodeProto, given: Tensor) -> Tensor:
    if given.kind != TensorProto.DOUBLE:
        raise Untraceable("Relu")
    return Tensor(elementwise(recorder, "max", given.values, np.array(0.0)), given.kind)


@operator("ArgMax")
def arg_max(recorder: Recorder, node: onnx.NodeProto, given: Tensor) -> Tensor:
    values = given.values
    if values.ndim != 2 or attribute(node, "axis", 0) not in (1, -1) or len(values) != 1:
        raise Untraceable("ArgMax")
    made = [recorder.step_of(element) for element in values[0]]
    found = np.empty((1, 1), dtype=object)
    found[0, 0] = recorder.make("largest", *made, cost=len(made))
    keep = attribute(node, "keepdims", 1)
    return Tensor(found if keep else found.reshape(1), TensorProto.INT64)
