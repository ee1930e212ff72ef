"""Join and pick columns once, where they are read, or not at all.

Converters are written one by one, for clarity: each joins the columns that it needs and picks them
from what the one before it made. In a batch that copying is a third of a linear model's work (see
``docs/decisions.md``). Two rules mend it:

- columns that are joined and picked several times over are joined and picked once;
- a weighted sum reads the joined columns as they are: those that it does not need weigh nothing.

No value that the first rule moves changes. The second may change the order of the terms of a sum,
and with it its last bits; the proof of a deployment is of the rewritten graph.
"""

import numpy as np
import onnx

from tablecast.compiler.graph import attribute
from tablecast.compiler.optimize.finite import is_finite
from tablecast.compiler.optimize.graph_editor import GraphEditor

Columns = tuple[tuple[str, int], ...]  # tensor and index in it, for each column


def join_columns(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with at most one Concat and one Gather wherever columns are read."""
    editor = GraphEditor(model)
    _Rewriter(editor).run()
    return editor.model()


class _Rewriter:
    def __init__(self, editor: GraphEditor) -> None:
        self._editor = editor
        self._columns: dict[str, Columns] = {}  # of tensors that join or pick columns of others
        self._known: dict[tuple[str, ...] | Columns, str] = {}  # what was joined, what was picked

    def run(self) -> None:
        for node in self._editor.take_nodes():
            columns = self._joined_or_picked(node)
            if columns is not None:
                self._columns[node.output[0]] = columns
            if columns is None or node.output[0] in self._editor.fixed:
                self._add(node)

    def _joined_or_picked(self, node: onnx.NodeProto) -> Columns | None:
        """Which columns a node puts side by side; None if it does anything else."""
        if node.op_type == "Concat" and attribute(node, "axis", 0) == 1:
            parts = [self._columns_of(name) for name in node.input]
            known = [part for part in parts if part is not None]
            return sum(known, ()) if len(known) == len(parts) else None
        if node.op_type == "Gather" and attribute(node, "axis", 0) == 1:
            source, indices = self._columns_of(node.input[0]), self._editor.constant(node.input[1])
            if source is not None and indices is not None and indices.ndim == 1:
                return tuple(source[index] for index in indices.tolist())
        return None

    def _columns_of(self, name: str) -> Columns | None:
        if name in self._columns:
            return self._columns[name]
        width = self._editor.widths.get(name)
        return None if width is None else tuple((name, index) for index in range(width))

    def _add(self, node: onnx.NodeProto) -> None:
        if node.op_type in ("MatMul", "Gemm") and node.input[0] in self._columns:
            self._weigh_all(node)
        for number, name in enumerate(node.input):
            if name in self._columns:
                node.input[number] = self._picked(self._columns[name])
        self._editor.add(node)

    def _picked(self, columns: Columns) -> str:
        """A tensor of these columns."""
        joined, index_of = self._joined(columns)
        indices = [index_of[column] for column in columns]
        if indices == list(range(len(index_of))):
            return joined
        if columns not in self._known:
            inputs = [joined, self._editor.store(indices)]
            self._known[columns] = self._editor.add_columns("Gather", inputs, len(columns))
        return self._known[columns]

    def _joined(self, columns: Columns) -> tuple[str, dict[tuple[str, int], int]]:
        """The tensors that have the columns side by side, and each column's index there."""
        tensors = tuple(dict.fromkeys(name for name, _ in columns))
        widths = self._editor.widths
        every = [(name, index) for name in tensors for index in range(widths[name])]
        if len(tensors) > 1 and tensors not in self._known:
            inputs = list(tensors)
            self._known[tensors] = self._editor.add_columns("Concat", inputs, len(every))
        joined = self._known[tensors] if len(tensors) > 1 else tensors[0]
        return joined, {column: index for index, column in enumerate(every)}

    def _weigh_all(self, node: onnx.NodeProto) -> None:
        """Give a constant matrix a row for each joined column, 0 for those that are not needed.

        Only where 0 times such a column is 0, so where it is neither missing nor infinite; and
        where no column is there twice, as adding two weights first may lose digits.
        """
        weights, columns = self._editor.constant(node.input[1]), self._columns[node.input[0]]
        once = len(set(columns)) == len(columns)
        if weights is None or weights.ndim != 2 or node.attribute or not once:
            return
        joined, index_of = self._joined(columns)
        unneeded = index_of.keys() - set(columns)
        if len(unneeded) > len(columns):
            return
        if all(is_finite(self._editor, name) for name in {name for name, _ in unneeded}):
            wider = np.zeros((len(index_of), weights.shape[1]), weights.dtype)
            wider[[index_of[column] for column in columns]] = weights
            node.input[0], node.input[1] = joined, self._editor.store(wider)
