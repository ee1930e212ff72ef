"""Ensembles of decision trees."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from tablecast.compiler.graph import attribute
from tablecast.compiler.row_program.recorder import Pick, Recorder, Untraceable
from tablecast.compiler.row_program.tensors import Tensor, operator

#: A tree deeper than this does not fit into one expression of Python.
DEEPEST = 60


@operator("TreeEnsembleRegressor")
def tree_ensemble(recorder: Recorder, node: onnx.NodeProto, x: Tensor) -> Tensor:
    """Each target is a lookup by the leaf that the row reaches in the one tree that has it."""
    ensemble = _Ensemble(node)
    values = [recorder.step_of(element) for element in x.values[0]]
    result = np.full((1, attribute(node, "n_targets", 1)), None, dtype=object)
    for tree in ensemble.trees:
        root, leaves, depth = ensemble.nested(tree)
        index = recorder.make("tree", values, root, cost=depth)
        for target, table in ensemble.tables(tree, leaves).items():
            if result[0, target] is not None:
                raise Untraceable("a target of several trees")
            result[0, target] = Pick(index, tuple(table))
    if any(element is None for element in result[0]):
        raise Untraceable("a target of no tree")
    return Tensor(result, TensorProto.FLOAT)


class _Ensemble:
    """The attributes of a TreeEnsembleRegressor, a tree at a time."""

    def __init__(self, node: onnx.NodeProto) -> None:
        if attribute(node, "aggregate_function", b"SUM") != b"SUM" or attribute(
            node, "base_values_as_tensor", None
        ):
            raise Untraceable("an ensemble that is more than its leaves")
        ids = zip(
            attribute(node, "nodes_treeids", []), attribute(node, "nodes_nodeids", []), strict=True
        )
        self._rows = {both: row for row, both in enumerate(ids)}
        self.trees = sorted({tree for tree, _ in self._rows})
        self._feature = attribute(node, "nodes_featureids", [])
        self._mode = [mode.decode() for mode in attribute(node, "nodes_modes", [])]
        self._true = attribute(node, "nodes_truenodeids", [])
        self._false = attribute(node, "nodes_falsenodeids", [])
        empty = [0] * len(self._mode)
        self._missing = attribute(node, "nodes_missing_value_tracks_true", None) or empty
        self._threshold = _doubles(node, "nodes_values_as_tensor")
        self._targets: dict[tuple[int, int], list[tuple[int, float]]] = {}
        weights = _doubles(node, "target_weights_as_tensor")
        for tree, leaf, target, weight in zip(
            attribute(node, "target_treeids", []), attribute(node, "target_nodeids", []),
            attribute(node, "target_ids", []), weights, strict=True,
        ):
            self._targets.setdefault((tree, leaf), []).append((target, weight))

    def nested(self, tree: int) -> tuple[Any, list[int], int]:
        """A tree as ``row_program`` reads it, the node of each of its leaves, its depth."""
        leaves: list[int] = []

        def nest(node: int, depth: int) -> tuple[Any, int]:
            row = self._rows[tree, node]
            if depth > DEEPEST:
                raise Untraceable("a deep tree")
            if self._mode[row] == "LEAF":
                leaves.append(node)
                return len(leaves) - 1, depth
            if self._mode[row] not in ("BRANCH_LT", "BRANCH_LEQ"):
                raise Untraceable(self._mode[row])
            true, below = nest(self._true[row], depth + 1)
            false, beside = nest(self._false[row], depth + 1)
            about = [self._feature[row], self._threshold[row], self._mode[row]]
            return [*about, self._missing[row], true, false], max(below, beside)

        root, depth = nest(0, 0)
        return root, leaves, depth

    def tables(self, tree: int, leaves: list[int]) -> dict[int, list[float]]:
        """For each target of a tree, its value at each leaf."""
        result: dict[int, list[float]] = {}
        for number, leaf in enumerate(leaves):
            for target, weight in self._targets.get((tree, leaf), []):
                table = result.setdefault(target, [0.0] * len(leaves))
                table[number] += float(np.float32(weight))
        return result


def _doubles(node: onnx.NodeProto, name: str) -> list[float]:
    tensor = attribute(node, name, None)
    if tensor is None:
        raise Untraceable(f"{node.op_type} in float32")
    return [float(value) for value in numpy_helper.to_array(tensor)]
