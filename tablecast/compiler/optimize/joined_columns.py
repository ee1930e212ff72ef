"""Join and pick columns once, at the node that reads them, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper

from tablecast.compiler.optimize.finite import is_finite
from tablecast.compiler.optimize.graph_editor import Worksheet, attribute

Columns = tuple[tuple[str, int], ...]  # tensor and place in it, for each column
TREES = ("TreeEnsembleRegressor", "TreeEnsembleClassifier")

#: A sum over so many columns more than it needs costs less than picking those that it needs, as
#: long as there are not many rows of many unneeded columns.
MOST_UNNEEDED = 100


def arrange(sheet: Worksheet) -> None:
    """Replace chains of Concat and Gather along columns by at most one of each."""
    _Arranger(sheet).run()


class _Arranger:
    def __init__(self, sheet: Worksheet) -> None:
        self._sheet = sheet
        self._columns: dict[str, Columns] = {}  # of tensors that are arrangements of others
        self._joins: dict[tuple[str, ...], str] = {}  # tensors, and what they are joined in
        self._made: dict[tuple[str, Columns], str] = {}  # what was picked

    def run(self) -> None:
        for node in self._sheet.take_nodes():
            columns = self._arrangement(node)
            if columns is not None:
                self._columns[node.output[0]] = columns
            if columns is None or node.output[0] in self._sheet.fixed:
                self._add(node)

    def _arrangement(self, node: onnx.NodeProto) -> Columns | None:
        """Which columns a node puts side by side; None if it does anything else."""
        if self._sheet.texts.intersection(node.input):
            return None  # joined, maybe several times over, for an encoder
        if node.op_type == "Concat" and attribute(node, "axis", 0) == 1:
            parts = [self._columns_of(name) for name in node.input]
            known = [part for part in parts if part is not None]
            return sum(known, ()) if len(known) == len(parts) else None
        if node.op_type == "Gather" and attribute(node, "axis", 0) == 1:
            source, places = self._columns_of(node.input[0]), self._sheet.constant(node.input[1])
            if source is not None and places is not None and places.ndim == 1:
                return tuple(source[place] for place in places.tolist())
        if node.op_type == "Cast" and attribute(node, "to", 0) == TensorProto.FLOAT:
            return self._never_widened(node.input[0])
        return None

    def _never_widened(self, name: str) -> Columns | None:
        """Columns as they were in float32, where they all are float32 cast to float64."""
        columns = self._columns_of(name)
        narrow: dict[str, str] = {}
        for tensor in _tensors(columns or ()):
            widens = self._sheet.maker(tensor)
            if widens is None or widens.op_type != "Cast":
                return None
            maker = self._sheet.maker(widens.input[0])
            if maker is None or not _is_single(maker):
                return None
            narrow[tensor] = widens.input[0]
        return tuple((narrow[tensor], place) for tensor, place in columns) if columns else None

    def _columns_of(self, name: str) -> Columns | None:
        if name in self._columns:
            return self._columns[name]
        width = self._sheet.widths.get(name)
        return None if width is None else tuple((name, place) for place in range(width))

    def _add(self, node: onnx.NodeProto) -> None:
        if node.op_type in TREES:
            self._read_in_place(node)
        elif node.op_type in ("MatMul", "Gemm") and node.input[0] in self._columns:
            self._weigh_in_place(node)
        elif node.op_type == "Gather" and node.input[0] in self._columns:
            self._pick_in_place(node)
        for place, name in enumerate(node.input):
            if name in self._columns:
                node.input[place] = self._place(self._columns[name])
        self._sheet.add(node)

    def _pick_in_place(self, node: onnx.NodeProto) -> None:
        """Pick into another shape, such as two rows of factors, from the joined columns."""
        columns, places = self._columns[node.input[0]], self._sheet.constant(node.input[1])
        if places is not None and attribute(node, "axis", 0) == 1:
            joined, own = self._joined(tuple(columns[place] for place in places.ravel().tolist()))
            moved = np.array([own[columns[place]] for place in places.ravel().tolist()], np.int64)
            node.input[0], node.input[1] = joined, self._sheet.store(moved.reshape(places.shape))

    def _place(self, columns: Columns) -> str:
        """Join the tensors that have the columns, and pick the columns from them."""
        joined, own = self._joined(columns)
        places = [own[column] for column in columns]
        if places == list(range(len(own))):
            return joined
        if (joined, columns) not in self._made:
            inputs = [joined, self._sheet.store(places)]
            self._made[joined, columns] = self._new("Gather", inputs, columns)
        return self._made[joined, columns]

    def _new(self, kind: str, inputs: Sequence[str], columns: Columns) -> str:
        name = self._sheet.fresh(len(columns))
        self._sheet.add(helper.make_node(kind, inputs, [name], name=name, axis=1))
        self._columns[name] = columns
        return name

    def _joined(self, columns: Columns) -> tuple[str, dict[tuple[str, int], int]]:
        """The tensors that have the columns side by side, and each column's place there."""
        tensors = _tensors(columns)
        whole = self._largest_part(tensors)
        tensors = [*whole, *(name for name in tensors if name not in whole)]
        all_columns = tuple((name, i) for name in tensors for i in range(self._sheet.widths[name]))
        key = tuple(tensors)
        if len(tensors) == 1:
            self._joins[key] = tensors[0]
        elif key not in self._joins:
            parts = [self._joins[whole], *tensors[len(whole) :]] if whole else tensors
            self._joins[key] = self._new("Concat", parts, all_columns)
        return self._joins[key], {column: place for place, column in enumerate(all_columns)}

    def _largest_part(self, tensors: Sequence[str]) -> tuple[str, ...]:
        """The most of the tensors that were joined before, in the order of that."""
        parts = [part for part in self._joins if len(part) > 1 and set(part) <= set(tensors)]
        return max(parts, key=len, default=())

    def _weigh_in_place(self, node: onnx.NodeProto) -> None:
        """Give a constant matrix's rows the order of the joined columns, 0 for those not needed.

        Only where 0 times such a column is 0, so where it is neither missing nor infinite; and
        where no column is there twice, as adding two weights first may lose digits.
        """
        weights, columns = self._sheet.constant(node.input[1]), self._columns[node.input[0]]
        plain = node.op_type == "MatMul" or all(one.name == "beta" for one in node.attribute)
        if weights is None or weights.ndim != 2 or not plain or not self._may_keep_all(columns):
            return
        if len(set(columns)) < len(columns):
            return
        joined, own = self._joined(columns)
        spread = np.zeros((len(own), weights.shape[1]), weights.dtype)
        spread[[own[column] for column in columns]] = weights
        node.input[0], node.input[1] = joined, self._sheet.store(spread)

    def _may_keep_all(self, columns: Columns) -> bool:
        taken = set(columns)
        tensors = _tensors(columns)
        widths = {name: self._sheet.widths[name] for name in tensors}
        if sum(widths.values()) - len(taken) > MOST_UNNEEDED:
            return False
        partly = [
            name
            for name, width in widths.items()
            if any((name, place) not in taken for place in range(width))
        ]
        return all(is_finite(self._sheet, name) for name in partly)

    def _read_in_place(self, node: onnx.NodeProto) -> None:
        """Let trees read the joined columns, by their places there, through any casts."""
        casts, name = [], node.input[0]
        while name not in self._columns:
            maker = self._sheet.maker(name)
            if maker is None or maker.op_type != "Cast":
                return
            casts.append(maker)
            name = maker.input[0]
        columns = self._columns[name]
        joined, own = self._joined(columns)
        if len(own) - len(set(columns)) > MOST_UNNEEDED:
            return
        for cast in reversed(casts):
            joined = self._cast(joined, cast, len(own))
        node.input[0] = joined
        for one in node.attribute:
            if one.name == "nodes_featureids":
                _renumber(one, [own[column] for column in columns])

    def _cast(self, name: str, cast: onnx.NodeProto, width: int) -> str:
        output = self._sheet.fresh(width)
        kind = attribute(cast, "to", None)
        self._sheet.add(helper.make_node("Cast", [name], [output], name=output, to=kind))
        return output


def _is_single(maker: onnx.NodeProto) -> bool:
    """Whether a node's answer is float32 for certain."""
    to_single = maker.op_type == "Cast" and attribute(maker, "to", 0) == TensorProto.FLOAT
    return to_single or maker.op_type in ("Imputer", *TREES[:1])


def _tensors(columns: Columns) -> list[str]:
    return list(dict.fromkeys(name for name, _ in columns))


def _renumber(features: AttributeProto, places: Sequence[int]) -> None:
    """Put each feature's new place in a tree's list; a leaf's is not read."""
    numbers = [places[feature] for feature in features.ints]
    del features.ints[:]
    features.ints.extend(numbers)
