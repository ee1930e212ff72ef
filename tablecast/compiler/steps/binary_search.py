"""Binary search among sorted edges, done by an ensemble with one tree for each column."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from tablecast.compiler.graph import Builder, Matrix

Side = Literal["left", "right"]


def ranks(builder: Builder, x: Matrix, edges: Sequence[NDArray[np.float64]], side: Side) -> str:
    """NumPy's ``searchsorted`` of each column among its own edges, as float64 (rows, width).

    With side "right" that is how many edges are at most the value, with "left" how many are below
    it. NaN is above all edges. Trees search in logarithmic time and need no memory for a
    comparison with every edge; they answer in float32, which holds counts exactly up to 2**24.
    """
    trees = _Trees(side)
    for column, sorted_edges in enumerate(edges):
        trees.add(column, np.asarray(sorted_edges, dtype=np.float64))
    counts = builder.ml("TreeEnsembleRegressor", x.name, n_targets=len(edges), **trees.attributes())
    return builder.cast(counts, TensorProto.DOUBLE)


def memberships(builder: Builder, x: Matrix, edges: Sequence[NDArray[np.float64]]) -> str:
    """1 for the bin that each column's value is in, else 0: float64 (rows, bins of all columns).

    A column has one bin more than edges. A value on an edge belongs to the bin above it.
    """
    trees, bins = _Trees("right"), 0
    for column, sorted_edges in enumerate(edges):
        targets = range(bins, bins + len(sorted_edges) + 1)
        trees.add(column, np.asarray(sorted_edges, dtype=np.float64), targets)
        bins += len(targets)
    counts = builder.ml("TreeEnsembleRegressor", x.name, n_targets=bins, **trees.attributes())
    return builder.cast(counts, TensorProto.DOUBLE)


class _Trees:
    """The node lists of a TreeEnsembleRegressor."""

    def __init__(self, side: Side) -> None:
        # To the left (true) go values that have fewer edges before them than the node's edge.
        self._mode = "BRANCH_LT" if side == "right" else "BRANCH_LEQ"
        self._nodes: list[tuple[int, int, int, float, str, int, int]] = []
        self._leaves: list[tuple[int, int, int, float]] = []

    def add(
        self, column: int, edges: NDArray[np.float64], targets: Sequence[int] | None = None
    ) -> None:
        """Add a column's tree: it answers the rank, or 1 in the target of that rank."""
        count = 0

        def grow(low: int, high: int) -> int:
            """Add the subtree for ranks low to high; returns its node number."""
            nonlocal count
            node = count
            count += 1
            if low == high:
                self._nodes.append((column, node, 0, 0.0, "LEAF", 0, 0))
                target, weight = (column, low) if targets is None else (targets[low], 1)
                self._leaves.append((column, node, target, float(weight)))
                return node
            middle = (low + high) // 2
            row = len(self._nodes)
            self._nodes.append((column, node, column, 0.0, self._mode, 0, 0))
            left, right = grow(low, middle), grow(middle + 1, high)
            edge = float(edges[middle])
            self._nodes[row] = (column, node, column, edge, self._mode, left, right)
            return node

        grow(0, len(edges))

    def attributes(self) -> dict[str, object]:
        tree, node, feature, value, mode, true, false = zip(*self._nodes, strict=True)
        leaf_tree, leaf_node, target, weight = zip(*self._leaves, strict=True)
        return {
            "nodes_treeids": list(tree),
            "nodes_nodeids": list(node),
            "nodes_featureids": list(feature),
            "nodes_values_as_tensor": numpy_helper.from_array(np.array(value), "edges"),
            "nodes_modes": list(mode),
            "nodes_truenodeids": list(true),
            "nodes_falsenodeids": list(false),
            "target_treeids": list(leaf_tree),
            "target_nodeids": list(leaf_node),
            "target_ids": list(target),
            "target_weights_as_tensor": numpy_helper.from_array(np.array(weight), "ranks"),
        }
