"""The compiled graph in onnxruntime. Needs neither PyCaret nor its Python."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tablecast.errors import ArtifactError
from tablecast.inference.engine import Answer, Columns
from tablecast.inference.row_program import RowProgram

#: The key of the graph's metadata that names the columns of its wide inputs.
WIDE_INPUTS = "tablecast.columns"
#: Rows that onnxruntime is given at a time: its arena then stays small however long the table.
CHUNK = 1000


class GraphEngine:
    """The compiled graph in onnxruntime. Needs neither PyCaret nor its Python.

    Attributes:
        content: the graph's bytes.
        row_program: answers one row without onnxruntime, where the graph is small enough for it.

    onnxruntime is imported, and the session opened, at the first answer: a server may load the
    deployment once, fork, and let each worker open its own session.
    """

    #: One row takes microseconds: a server may answer it where it stands, as
    #: ``tablecast.web.server.gunicorn_worker`` does.
    quick = True

    def __init__(self, content: bytes, row_program: RowProgram | None = None) -> None:
        self.content = content
        self.row_program = row_program

    @cached_property
    def _session(self) -> Any:
        try:
            return session_of(self.content)
        except Exception as error:  # onnxruntime's have no class of their own in common
            reason = str(error).split("\n")[0]
            raise ArtifactError(
                f"onnxruntime cannot open the graph ({reason}); compile it again, or serve with "
                "TABLECAST_ENGINE=pycaret."
            ) from error

    @cached_property
    def _inputs(self) -> dict[str, list[str]]:
        return columns_read(self._session)

    @cached_property
    def _outputs(self) -> list[str]:
        known = {output.name for output in self._session.get_outputs()}
        return [name for name in ("prediction_label", "probabilities") if name in known]

    def answer(self, columns: Columns) -> Answer:
        """Answer by running the graph, 1,000 rows at a time."""
        rows = len(next(iter(columns.values())))
        if rows <= CHUNK:
            return self._answer_chunk(columns)
        parts = [
            self._answer_chunk({name: values[i : i + CHUNK] for name, values in columns.items()})
            for i in range(0, rows, CHUNK)
        ]
        labels = np.concatenate([part.labels for part in parts])
        probabilities = [part.probabilities for part in parts if part.probabilities is not None]
        return Answer(labels, np.concatenate(probabilities) if probabilities else None)

    def _answer_chunk(self, columns: Columns) -> Answer:
        feeds = fed(self._inputs, columns)
        label, *probabilities = self._session.run(self._outputs, feeds)
        return Answer(label.reshape(-1), probabilities[0] if probabilities else None)


def columns_read(session: Any) -> dict[str, list[str]]:
    """Each input of a graph and the columns that it takes, side by side: mostly the one it names.

    A graph of hundreds of numbers takes them as one input, since each costs some microseconds.
    """
    wide = json.loads(session.get_modelmeta().custom_metadata_map.get(WIDE_INPUTS, "{}"))
    return {node.name: wide.get(node.name, [node.name]) for node in session.get_inputs()}


def fed(inputs: Mapping[str, Sequence[str]], columns: Columns) -> dict[str, Any]:
    """Columns, (rows,) or (rows, 1), as a graph's inputs of shape (rows, columns)."""
    return {
        name: columns[names[0]].reshape(-1, 1) if len(names) == 1 else _side_by_side(names, columns)
        for name, names in inputs.items()
    }


def _side_by_side(names: Sequence[str], columns: Columns) -> Any:
    # One after the other is quicker than side by side, which for one row is the same.
    whole = np.concatenate([columns[name] for name in names])
    return np.ascontiguousarray(whole.reshape(len(names), -1).T)


def session_of(content: bytes) -> Any:
    """An onnxruntime session on one thread: a second one only spins, and hangs after a fork."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    # Tensors of a row or of a thousand are as quickly had from the system, and given back.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
