"""Rewrite a finished graph into fewer nodes that give the same answers.

For one row, onnxruntime spends its time on going from node to node and hardly any on arithmetic:
each node costs about a third of a microsecond, whatever it computes. Converters are written one by
one, for clarity, so what they make together repeats itself and moves columns about. Four rules mend
that, each of them local:

- two nodes that compute the same are one (``share``);
- tables that are looked up by the same index are one table (``merge_tables``);
- few columns of several texts are looked up together, a text for each (``spread_tables``);
- columns that are joined and picked several times over are joined and picked once, and a weighted
  sum or a tree reads them where they are (``arrange``);
- what nothing reads is left out (``drop_unused``).

No value that a rule moves changes. Only the order of the terms in a weighted sum may, and with it
its last bits; the proof of the deployment is of the rewritten graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from tablecast.compiler.optimize.graph_editor import Worksheet, attribute, read_inside
from tablecast.compiler.optimize.joined_columns import arrange
from tablecast.compiler.optimize.shared_lookups import spread_tables

Pass = Callable[[Worksheet], None]

#: Clips whose bounds agree to so many digits are one: the bounds of one training range differ in
#: their last digits where one step stores both ends and another one the middle and the width.
DIGITS = 12


def fold(model: onnx.ModelProto, passes: Sequence[Pass] | None = None) -> onnx.ModelProto:
    """The same graph with fewer nodes; its inputs, outputs and metadata are those of ``model``.

    Args:
        model: a finished graph.
        passes: what to do to it, in this order; ``PASSES`` where not given.
    """
    sheet = Worksheet(model)
    for rewrite in PASSES if passes is None else passes:
        rewrite(sheet)
    folded = sheet.model()
    onnx.checker.check_model(folded)
    return folded


def share(sheet: Worksheet) -> None:
    """Compute once what two nodes compute from the same inputs with the same attributes."""
    first: dict[object, list[str]] = {}
    same: dict[str, str] = {}
    for node in sheet.take_nodes():
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
        key = _key(sheet, node)
        outputs = list(node.output)
        if key in first and not sheet.fixed.intersection(outputs):
            same.update(zip(outputs, first[key], strict=True))
        else:
            first.setdefault(key, outputs)
            sheet.add(node)


def _key(sheet: Worksheet, node: onnx.NodeProto) -> object:
    attributes = sorted((one.name, one.SerializeToString()) for one in node.attribute)
    inputs: list[object] = list(node.input)
    if node.op_type in ("Max", "Min"):
        inputs = [_about(sheet, name) for name in node.input]
    return node.domain, node.op_type, tuple(inputs), tuple(attributes), len(node.output)


def _about(sheet: Worksheet, name: str) -> object:
    """A constant's shape and rounded values; another tensor's name."""
    values = sheet.constant(name)
    if values is None:
        return name
    return values.shape, tuple(f"{value:.{DIGITS}g}" for value in values.ravel().tolist())


def merge_tables(sheet: Worksheet) -> None:
    """Look an index up once, in one table that has the columns of all tables it is looked up in.

    Equal columns of the tables are one column of theirs.
    """
    nodes = sheet.take_nodes()
    groups: dict[tuple[str, int], list[str]] = {}
    for output, index, table in _lookups(sheet, nodes):
        groups.setdefault((index, len(table)), []).append(output)
    members = {output: group for group in groups.values() if len(group) > 1 for output in group}
    tables = {output: table for output, _, table in _lookups(sheet, nodes)}
    merged: dict[str, tuple[str, dict[bytes, int]]] = {}
    for node in nodes:
        output = node.output[0]
        if output not in members:
            sheet.add(node)
            continue
        head = members[output][0]
        if head not in merged:
            merged[head] = _merged(sheet, node, [tables[one] for one in members[output]])
        flat, places = merged[head]
        own = [places[column.tobytes()] for column in tables[output].T]
        starts = range(0, sheet.widths[flat], len(places))
        picked = [start + place for start in starts for place in own]
        sheet.add(helper.make_node("Gather", [flat, sheet.store(picked)], [output], axis=1))


def _lookups(
    sheet: Worksheet, nodes: list[onnx.NodeProto]
) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Output, index and table of each lookup of rows that gives a float64 (rows, width).

    Those are a GatherND by an index of shape (rows, 1), and the Flatten of a Gather.
    """
    makers = {node.output[0]: node for node in nodes}
    for node in nodes:
        lookup = makers.get(node.input[0]) if node.op_type == "Flatten" else node
        kind = "Gather" if node.op_type == "Flatten" else "GatherND"
        if lookup is None or lookup.op_type != kind or attribute(lookup, "axis", 0) != 0:
            continue
        table, index = sheet.constant(lookup.input[0]), lookup.input[1]
        if table is None or table.ndim != 2 or table.dtype != np.float64:
            continue
        width = sheet.widths.get(index)
        if width and attribute(node, "axis", 1) == 1 and (kind == "Gather" or width == 1):
            yield node.output[0], index, table


def _merged(
    sheet: Worksheet, node: onnx.NodeProto, tables: list[NDArray[np.float64]]
) -> tuple[str, dict[bytes, int]]:
    """Add the lookup in all tables at once: its tensor, and each column's place in one block."""
    columns: dict[bytes, NDArray[np.float64]] = {}
    for table in tables:
        columns |= {column.tobytes(): column for column in table.T}
    stored = sheet.store(np.column_stack(list(columns.values())))
    flatten = node.op_type == "Flatten"
    lookup = sheet.maker(node.input[0]) if flatten else node
    assert lookup is not None, "lookups are nodes"
    index = lookup.input[1]
    flat = sheet.fresh(len(columns) * sheet.widths[index])
    if flatten:
        rows_of = sheet.fresh(None)
        sheet.add(helper.make_node("Gather", [stored, index], [rows_of], name=rows_of))
        sheet.add(helper.make_node("Flatten", [rows_of], [flat], name=flat))
    else:
        sheet.add(helper.make_node("GatherND", [stored, index], [flat], name=flat))
    return flat, {key: place for place, key in enumerate(columns)}


def drop_unused(sheet: Worksheet) -> None:
    """Leave out every node that no output of the graph depends on."""
    needed = set(sheet.outputs)
    kept = []
    for node in reversed(sheet.take_nodes()):
        if needed.intersection(node.output):
            needed |= set(node.input) | read_inside(node)
            kept.append(node)
    for node in reversed(kept):
        sheet.add(node)


#: Each pass leaves a whole graph. Merged tables are read by equal steps; those that were merged
#: read their index until they are dropped.
PASSES: tuple[Pass, ...] = (
    share, merge_tables, share, drop_unused, spread_tables, arrange, share, drop_unused
)
