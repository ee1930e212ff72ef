"""Operators that move elements or look them up."""
# ruff: noqa: ARG001 - every operator is given the recorder and its node

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler.graph import attribute
from tablecast.compiler.row_program.recorder import Computed, Element, Pick, Recorder, Untraceable
from tablecast.compiler.row_program.tensors import Tensor, operator


@operator("Concat")
def concat(recorder: Recorder, node: onnx.NodeProto, *tensors: Tensor) -> Tensor:
    axis = attribute(node, "axis", 0)
    return Tensor(np.concatenate([tensor.values for tensor in tensors], axis=axis), tensors[0].kind)


@operator("Split")
def split(
    recorder: Recorder, node: onnx.NodeProto, x: Tensor, sizes: Tensor | None = None
) -> list[Tensor]:
    """Without sizes, into as many equal parts as the node makes; the last may be smaller."""
    axis = attribute(node, "axis", 0)
    if sizes is None:
        size = -(-x.values.shape[axis] // len(node.output))
        ends = np.arange(1, len(node.output)) * size
    else:
        ends = np.cumsum(sizes.values.astype(np.int64))[:-1]
    return [Tensor(part, x.kind) for part in np.split(x.values, ends, axis=axis)]


@operator("Flatten")
def flatten(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    if attribute(node, "axis", 1) != 1:
        raise Untraceable("Flatten")
    return Tensor(x.values.reshape(x.values.shape[0], -1), x.kind)


@operator("Reshape")
def reshape(recorder: Recorder, node: onnx.NodeProto, x: Tensor, shape: Tensor) -> Tensor:
    if any(not isinstance(size, int) for size in shape.values.tolist()):
        raise Untraceable("Reshape")
    sizes = [
        x.values.shape[axis] if size == 0 else size
        for axis, size in enumerate(shape.values.tolist())
    ]
    return Tensor(x.values.reshape(sizes), x.kind)


@operator("Unsqueeze")
def unsqueeze(recorder: Recorder, node: onnx.NodeProto, x: Tensor, axes: Tensor) -> Tensor:
    return Tensor(np.expand_dims(x.values, tuple(axes.values.tolist())), x.kind)


@operator("Squeeze")
def squeeze(recorder: Recorder, node: onnx.NodeProto, x: Tensor, axes: Tensor) -> Tensor:
    return Tensor(np.squeeze(x.values, tuple(axes.values.tolist())), x.kind)


@operator("Gather")
def gather(recorder: Recorder, node: onnx.NodeProto, x: Tensor, index: Tensor) -> Tensor:
    axis = attribute(node, "axis", 0)
    if not any(isinstance(element, Computed | Pick) for element in index.values.reshape(-1)):
        return Tensor(np.take(x.values, index.values.astype(np.int64), axis=axis), x.kind)
    if axis != 0:
        raise Untraceable("Gather of columns that a row chooses")
    return Tensor(_looked_up(x.values, index.values), x.kind)


@operator("GatherND")
def gather_nd(recorder: Recorder, node: onnx.NodeProto, x: Tensor, index: Tensor) -> Tensor:
    if index.values.shape[-1] != 1 or attribute(node, "batch_dims", 0):
        raise Untraceable("GatherND")
    return Tensor(_looked_up(x.values, index.values[..., 0]), x.kind)


def _looked_up(table: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    """Rows of a known table, by an index that the row decides: shape (index..., columns...)."""
    columns = table.reshape(len(table), -1)
    if any(isinstance(value, Computed | Pick) for value in columns.reshape(-1)):
        raise Untraceable("a table that the row makes")
    result = np.empty((index.size, columns.shape[1]), dtype=object)
    for row, element in enumerate(index.reshape(-1)):
        for column in range(columns.shape[1]):
            result[row, column] = _row_of(columns[:, column], element)
    return result.reshape(*index.shape, *table.shape[1:])


def _row_of(column: NDArray[Any], index: Element) -> Element:
    if isinstance(index, Computed):
        return Pick(index, tuple(column.tolist()))
    if isinstance(index, Pick):
        return Pick(index.index, tuple(column[int(row)] for row in index.table))
    return column[int(index)]  # type: ignore[no-any-return]


@operator("LabelEncoder")
def label_encoder(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    keys = [key.decode() for key in attribute(node, "keys_strings", [])]
    values = list(attribute(node, "values_int64s", []))
    if not keys or len(values) != len(keys):
        raise Untraceable("LabelEncoder")
    table = (*values, attribute(node, "default_int64", -1))

    def encoded(text: Computed) -> Pick:
        return Pick(recorder.make("level", text.step, keys, cost=2), table)

    codes = np.frompyfunc(encoded, 1, 1)(x.values)
    return Tensor(np.asarray(codes, dtype=object), TensorProto.INT64)
