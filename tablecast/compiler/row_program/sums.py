"""Operators that reduce many numbers to one."""



from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import onnx
from onnx import TensorProto

from tablecast.compiler.graph import attribute
from tablecast.compiler.row_program.recorder import Computed, Element, Pick, Recorder, Untraceable
from tablecast.compiler.row_program.tensors import Tensor, elementwise, operator


@operator("Gemm", "MatMul")
def gemm(
    recorder: Recorder, node: onnx.NodeProto, a: Tensor, b: Tensor, c: Tensor | None = None
) -> Tensor:
    if a.kind != TensorProto.DOUBLE or a.values.ndim != 2 or len(node.attribute):
        raise Untraceable(node.op_type)
    if any(isinstance(weight, Computed | Pick) for weight in b.values.reshape(-1)):
        raise Untraceable("a product of two matrices that the row makes")
    weights = b.values.astype(np.float64)
    bias = np.zeros(weights.shape[1]) if c is None else c.values.astype(np.float64)
    bias = np.broadcast_to(bias, weights.shape[1:])
    row = a.values[0]
    result = np.empty((1, weights.shape[1]), dtype=object)
    for index in range(weights.shape[1]):
        terms = list(zip(weights[:, index].tolist(), row, strict=True))
        result[0, index] = recorder.total([(1.0, float(bias[index])), *terms])
    return Tensor(result, a.kind)


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
    recorder: Recorder, node: onnx.NodeProto, x: Tensor, axes: Tensor | None = None
) -> Tensor:
    if x.kind != TensorProto.DOUBLE:
        raise Untraceable(node.op_type)
    listed = attribute(node, "axes", None) if axes is None else axes.values.tolist()
    if listed is None or len(listed) != 1:
        raise Untraceable(node.op_type)
    moved = np.moveaxis(x.values, listed[0], -1)
    result = np.empty(moved.shape[:-1], dtype=object)
    for index in np.ndindex(result.shape):
        result[index] = REDUCED[node.op_type](recorder, list(moved[index]))
    if attribute(node, "keepdims", 1):
        result = np.expand_dims(result, listed[0])
    return Tensor(result, x.kind)


@operator("CumSum")
def cumulative_sum(
    recorder: Recorder, node: onnx.NodeProto, x: Tensor, axis: Tensor
) -> Tensor:
    if x.kind != TensorProto.DOUBLE or len(node.attribute):
        raise Untraceable("CumSum")
    moved = np.moveaxis(x.values.copy(), int(axis.values), 0)
    for index in range(1, len(moved)):
        moved[index] = elementwise(recorder, "add", moved[index - 1], moved[index])
    return Tensor(np.moveaxis(moved, 0, int(axis.values)), x.kind)


@operator("ArgMax")
def arg_max(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    values = x.values
    if values.ndim != 2 or attribute(node, "axis", 0) not in (1, -1) or len(values) != 1:
        raise Untraceable("ArgMax")
    steps = [recorder.step_of(element) for element in values[0]]
    result = np.empty((1, 1), dtype=object)
    result[0, 0] = recorder.make("largest", *steps, cost=len(steps))
    keep = attribute(node, "keepdims", 1)
    return Tensor(result if keep else result.reshape(1), TensorProto.INT64)
