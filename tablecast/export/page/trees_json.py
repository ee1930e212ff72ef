"""Ensembles of trees as short arrays, for ``trees.js``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from tablecast.compiler.graph import attribute
from tablecast.errors import PageError
from tablecast.export.page.packing import packed

BRANCHES = (b"BRANCH_LT", b"BRANCH_LEQ")


def trees_json(node: onnx.NodeProto) -> dict[str, Any]:
    """The attributes of a TreeEnsembleRegressor of the compiler.

    Raises:
        PageError: it is another one, of float32 or of leaves that have several targets.
    """
    walked = _Walked()
    ensemble = _Ensemble(node)
    for root in ensemble.roots:
        for place in ensemble.walk(root):
            ensemble.tell(place, walked)
    return {
        "targets": attribute(node, "n_targets", 1),
        "strict": ensemble.strict,
        "features": packed(np.array(walked.features)),
        "thresholds": packed(walked.thresholds),
        "missing": packed(walked.missing),
        "leaf_targets": packed(walked.targets),
        "weights": packed(np.asarray(walked.weights, dtype=np.float32)),
    }


@dataclass
class _Walked:
    """The nodes in the order of the walk: a feature each, -1 for a leaf; then of all branches, and
    of all leaves, the rest."""

    features: list[int] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class _Ensemble:
    """The nodes of an ensemble. A *place* is a node's index in the attributes."""

    def __init__(self, node: onnx.NodeProto) -> None:
        tree, number = (attribute(node, name, []) for name in ("nodes_treeids", "nodes_nodeids"))
        self._places = {both: place for place, both in enumerate(zip(tree, number, strict=True))}
        self.roots = [place for place, first in enumerate(_is_first(tree)) if first]
        self._tree = tree
        self._feature = attribute(node, "nodes_featureids", [])
        self._true = attribute(node, "nodes_truenodeids", [])
        self._false = attribute(node, "nodes_falsenodeids", [])
        self._mode = attribute(node, "nodes_modes", [])
        self._missing = attribute(node, "nodes_missing_value_tracks_true", [0] * len(tree))
        self._threshold = _doubles(node, "nodes_values_as_tensor")
        self._leaves = self._targets(node)
        self.strict = _mode(set(self._mode) - {b"LEAF"}) == b"BRANCH_LT"

    def _targets(self, node: onnx.NodeProto) -> dict[int, tuple[int, float]]:
        ids = ("target_treeids", "target_nodeids", "target_ids")
        weights = _doubles(node, "target_weights_as_tensor")
        leaves: dict[int, tuple[int, float]] = {}
        for tree, leaf, target, weight in zip(
            *(attribute(node, name, []) for name in ids), weights, strict=True
        ):
            place = self._places[tree, leaf]
            if place in leaves:
                raise _unsupported("a leaf with several targets")
            leaves[place] = (target, weight)
        return leaves

    def walk(self, root: int) -> Iterator[int]:
        """A tree's places: each branch before its true side, and that before its false side."""
        open_places = [root]
        while open_places:
            place = open_places.pop()
            yield place
            if self._mode[place] != b"LEAF":
                tree = self._tree[place]
                open_places.append(self._places[tree, self._false[place]])
                open_places.append(self._places[tree, self._true[place]])

    def tell(self, place: int, walked: _Walked) -> None:
        """Write a node down."""
        if self._mode[place] == b"LEAF":
            target, weight = self._leaves.get(place, (0, 0.0))
            walked.features.append(-1)
            walked.targets.append(target)
            walked.weights.append(weight)
            return
        walked.features.append(self._feature[place])
        walked.thresholds.append(self._threshold[place])
        walked.missing.append(self._missing[place])


def _is_first(trees: Sequence[int]) -> Iterator[bool]:
    """Of each node, whether it is the first of its tree, which is the root."""
    known: set[int] = set()
    for tree in trees:
        yield tree not in known
        known.add(tree)


def _mode(modes: set[bytes]) -> bytes:
    if len(modes) > 1 or not modes <= set(BRANCHES):
        raise _unsupported(" and ".join(sorted(mode.decode() for mode in modes)))
    return next(iter(modes), BRANCHES[1])


def _doubles(node: onnx.NodeProto, name: str) -> list[float]:
    tensor = attribute(node, name, None)
    if tensor is None:
        raise _unsupported("thresholds of float32")
    numbers: list[float] = numpy_helper.to_array(tensor).tolist()
    return numbers


def _unsupported(what: str) -> PageError:
    return PageError(
        f"A page cannot evaluate this graph: its TreeEnsembleRegressor has {what}. Serve the "
        "deployment instead."
    )
