"""Look the few columns of several texts up in one step, one text for each column."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from tablecast.compiler.optimize.graph_editor import Worksheet, attribute, read_inside

#: To encode a text once more costs about a tenth of a node; the rule saves two nodes.
MOST_MORE = 8

Column = tuple[int, bytes]  # number of the text, and float64 values by its rows


@dataclass(frozen=True)
class Shared:
    """A lookup that several texts share: each one's rows follow those of the one before it.

    Attributes:
        sources: the texts' tensors.
        encoder: gives each text its row.
        tables: float64 (sources, rows, width).
    """

    sources: list[str]
    encoder: onnx.NodeProto
    tables: NDArray[np.float64]

    def columns(self, places: list[int]) -> dict[int, Column]:
        """Each place's column. All that hold nothing but zeros, as padding does, are one."""
        width = self.tables.shape[2]
        found: dict[int, Column] = {}
        for place in places:
            values = self.tables[place // width, :, place % width]
            found[place] = (place // width if values.any() else 0, values.tobytes())
        return found


def spread_tables(sheet: Worksheet) -> None:
    """Encode a text once for each column that is looked up by it, and look all up together.

    The place of a row in a shared table is a sum, what is found there has a row for each text, and
    has to be flattened. With a text for each column neither is needed.
    """
    nodes = sheet.take_nodes()
    reads = Counter(name for node in nodes for name in [*node.input, *read_inside(node)])
    for node in nodes:
        shared = _shared(sheet, node, reads)
        if shared is None or not _spread(sheet, shared, node.output[0], nodes):
            sheet.add(node)


def _shared(sheet: Worksheet, node: onnx.NodeProto, reads: Counter[str]) -> Shared | None:
    """What a Flatten flattens, where that is a shared lookup which nothing else reads."""
    if node.op_type != "Flatten":
        return None
    chain = [node]
    for kind, place in (("Gather", 0), ("Add", 1), ("LabelEncoder", 0), ("Concat", 0)):
        before = sheet.maker(chain[-1].input[place])
        if before is None or before.op_type != kind or reads[before.output[0]] != 1:
            return None
        chain.append(before)
    flatten, lookup, offset, encoder, joined = chain
    table, starts = sheet.constant(lookup.input[0]), sheet.constant(offset.input[1])
    sources = list(joined.input)
    by_rows = attribute(lookup, "axis", 0) == 0 and attribute(flatten, "axis", 1) == 1
    if table is None or starts is None or table.ndim != 2 or not by_rows:
        return None
    rows = len(table) // len(sources)
    if starts.reshape(-1).tolist() != list(range(0, len(table), rows)):
        return None
    return Shared(sources, encoder, table.reshape(len(sources), rows, -1))


def _picks(sheet: Worksheet, reader: onnx.NodeProto) -> NDArray[Any] | None:
    by_columns = reader.op_type == "Gather" and attribute(reader, "axis", 0) == 1
    return sheet.constant(reader.input[1]) if by_columns else None


def _spread(sheet: Worksheet, shared: Shared, flat: str, nodes: list[onnx.NodeProto]) -> bool:
    """Add the lookup of those columns that are picked, and let the picks find them there.

    Returns:
        False, with nothing changed, where more than picks reads them, or they are too many.
    """
    readers = [node for node in nodes if flat in node.input]
    picks = [places for reader in readers if (places := _picks(sheet, reader)) is not None]
    if flat in sheet.fixed or len(picks) < len(readers):
        return False
    columns = shared.columns(sorted({p for picked in picks for p in picked.ravel().tolist()}))
    kept = list(dict.fromkeys(columns.values()))
    if len(kept) - len(shared.sources) > MOST_MORE:
        return False
    _add_lookup(sheet, shared, kept, flat)
    own = {place: kept.index(column) for place, column in columns.items()}
    for reader, picked in zip(readers, picks, strict=True):
        moved = np.vectorize(own.__getitem__, otypes=[np.int64])(picked)
        reader.input[1] = sheet.store(moved)
    return True


def _add_lookup(sheet: Worksheet, shared: Shared, kept: list[Column], flat: str) -> None:
    joined, code = sheet.fresh(len(kept)), sheet.fresh(len(kept))
    texts = [shared.sources[source] for source, _ in kept]
    sheet.add(helper.make_node("Concat", texts, [joined], name=joined, axis=1))
    encoder = onnx.NodeProto()
    encoder.CopyFrom(shared.encoder)
    encoder.name, encoder.input[0], encoder.output[0] = code, joined, code
    sheet.add(encoder)
    table = sheet.store(np.column_stack([np.frombuffer(values) for _, values in kept]))
    sheet.add(helper.make_node("GatherElements", [table, code], [flat], name=flat, axis=0))
    sheet.widths[flat] = len(kept)
