"""Operators that move elements about, or look them up."""
# ruff: noqa: ARG001 - every operator is given the recorder and its node

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler.graph import attribute
from tablecast.compiler.row_program.recorder import Element, Made, Pick, Recorder, Untraceable
from tablecast.compiler.row_program.tensors import Tensor, operator


@operator("Concat")
def concat(recorder: Recorder, node: onnx.NodeProto, *given: Tensor) -> Tensor:
    axis = attribute(node, "axis", 0)
    return Tensor(np.concatenate([tensor.values for tensor in given], axis=axis), given[0].kind)


@operator("Split")
def split(
    recorder: Recorder, node: onnx.NodeProto, given: Tensor, sizes: Tensor | None = None
) -> list[Tensor]:
    """Without sizes, into as many equal parts as the node makes; the last may be smaller."""
    axis = attribute(node, "axis", 0)
    if sizes is None:
        size = -(-given.values.shape[axis] // len(node.output))
        ends = np.arange(1, len(node.output)) * size
    else:
        ends = np.cumsum(sizes.values.astype(np.int64))[:-1]
    return [Tensor(part, given.kind) for part in np.split(given.values, ends, axis=axis)]


@operator("Flatten")
def flatten(recorder: Recorder, node: onnx.NodeProto, given: Tensor) -> Tensor:
    if attribute(node, "axis", 1) != 1:
        raise Untraceable("Flatten")
    return Tensor(given.values.reshape(given.values.shape[0], -1), given.kind)


@operator("Reshape")
def reshape(recorder: Recorder, node: onnx.NodeProto, given: Tensor, shape: Tensor) -> Tensor:
    if any(not isinstance(size, int) for size in shape.values.tolist()):
        raise Untraceable("Reshape")
    sizes = [
        given.values.shape[place] if size == 0 else size
        for place, size in enumerate(shape.values.tolist())
    ]
    return Tensor(given.values.reshape(sizes), given.kind)


@operator("Unsqueeze")
def unsqueeze(recorder: Recorder, node: onnx.NodeProto, given: Tensor, axes: Tensor) -> Tensor:
    return Tensor(np.expand_dims(given.values, tuple(axes.values.tolist())), given.kind)


@operator("Squeeze")
def squeeze(recorder: Recorder, node: onnx.NodeProto, given: Tensor, axes: Tensor) -> Tensor:
    return Tensor(np.squeeze(given.values, tuple(axes.values.tolist())), given.kind)


@operator("Gather")
def gather(recorder: Recorder, node: onnx.NodeProto, given: Tensor, index: Tensor) -> Tensor:
    axis = attribute(node, "axis", 0)
    if not any(isinstance(place, Made | Pick) for place in index.values.reshape(-1)):
        return Tensor(np.take(given.values, index.values.astype(np.int64), axis=axis), given.kind)
    if axis != 0:
        raise Untraceable("Gather of columns that a row chooses")
    return Tensor(_looked_up(given.values, index.values), given.kind)


@operator("GatherND")
def gather_nd(recorder: Recorder, node: onnx.NodeProto, given: Tensor, index: Tensor) -> Tensor:
    if index.values.shape[-1] != 1 or attribute(node, "batch_dims", 0):
        raise Untraceable("GatherND")
    return Tensor(_looked_up(given.values, index.values[..., 0]), given.kind)


@operator("GatherElements")
def gather_elements(
    recorder: Recorder, node: onnx.NodeProto, given: Tensor, index: Tensor
) -> Tensor:
    if attribute(node, "axis", 0) != 0 or index.values.ndim != 2:
        raise Untraceable("GatherElements")
    columns = [
        _looked_up(given.values[:, column], index.values[:, column])
        for column in range(index.values.shape[1])
    ]
    return Tensor(np.stack(columns, axis=1), given.kind)


def _looked_up(table: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    """Rows of a known table, by an index that the row decides: shape (index..., columns...)."""
    columns = table.reshape(len(table), -1)
    if any(isinstance(value, Made | Pick) for value in columns.reshape(-1)):
        raise Untraceable("a table that the row makes")
    found = np.empty((index.size, columns.shape[1]), dtype=object)
    for row, place in enumerate(index.reshape(-1)):
        for column in range(columns.shape[1]):
            found[row, column] = _row_of(columns[:, column], place)
    return found.reshape(*index.shape, *table.shape[1:])


def _row_of(column: NDArray[Any], place: Element) -> Element:
    if isinstance(place, Made):
        return Pick(place, tuple(column.tolist()))
    if isinstance(place, Pick):
        return Pick(place.index, tuple(column[int(row)] for row in place.table))
    return column[int(place)]  # type: ignore[no-any-return]


@operator("LabelEncoder")
def label_encoder(recorder: Recorder, node: onnx.NodeProto, given: Tensor) -> Tensor:
    keys = [key.decode() for key in attribute(node, "keys_strings", [])]
    values = list(attribute(node, "values_int64s", []))
    if not keys or len(values) != len(keys):
        raise Untraceable("LabelEncoder")
    table = (*values, attribute(node, "default_int64", -1))

    def encoded(text: Made) -> Pick:
        return Pick(recorder.make("level", text.step, keys, cost=2), table)

    made = np.frompyfunc(encoded, 1, 1)(given.values)
    return Tensor(np.asarray(made, dtype=object), TensorProto.INT64)
