"""Rows that are in a frame of some engine already: what its workers call for each piece of it.

Only columns that are read leave the frame, as lists; the answers come back as Arrow arrays. The
modules that people import, ``tablecast.spark``, ``tablecast.dask`` and ``tablecast.ray``, stand in
``frames/``: that folder is on the package's path, so that the names are short and the package's own
folder has no module for each engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any

from tablecast import __version__
from tablecast.batch.answers import ERROR_COLUMN, added_columns
from tablecast.batch.csv_sink import Values
from tablecast.batch.match_columns import match_columns
from tablecast.batch.parquet import CHUNK_ROWS, ParquetChunk, import_pyarrow
from tablecast.batch.parts.score import opened
from tablecast.batch.predict_file import Run
from tablecast.deployment.files import sha256_of
from tablecast.deployment.opening import load
from tablecast.errors import BatchError
from tablecast.inference.onnx_engine import GraphEngine

#: One column of a piece as a list, by its place.
Cells = Callable[[int], Sequence[Any]]


@dataclass(frozen=True)
class FrameGraph:
    """A deployment's graph on its way to workers, with what is known of it before.

    Attributes:
        content, sha256: the graph's bytes, and their hash.
        added: name to kind (``float``, ``int`` or ``str``) of the columns that a frame gets.
        version: of the tablecast that sends it.
    """

    content: bytes
    sha256: str
    added: Mapping[str, type]
    version: str = __version__

    @cached_property
    def replaced(self) -> set[str]:
        """Columns of a frame that are left out, since predictions have their names."""
        return {*self.added, ERROR_COLUMN}

    def kept(self, names: Sequence[str]) -> list[int]:
        """Where the columns are that a frame keeps."""
        return [index for index, name in enumerate(names) if name not in self.replaced]

    def answered(self, names: Sequence[str], rows: int, cells: Cells) -> dict[str, list[Any]]:
        """The added columns for a piece of a frame, one value a row, on a worker.

        Raises:
            BatchError: the worker has another version of tablecast.
            ArtifactError: the graph is not the one that was sent.
        """
        if self.version != __version__:
            raise BatchError(
                f"This worker has tablecast {__version__}, and the graph comes from "
                f"{self.version}. Install the same there: pip install tablecast=={self.version}."
            )
        run, answers = Run(opened(self.content, self.sha256), "column"), _Answers(self.added)
        run.through(_Frame(list(names), rows, cells), lambda: answers)
        return answers.columns

    def with_answers(self, table: Any) -> Any:
        """A piece of a frame as an Arrow table or record batch, with the added columns."""
        pyarrow = import_pyarrow()
        names = table.schema.names
        added = self.answered(names, table.num_rows, lambda index: _cells(table, index))
        kinds = {float: pyarrow.float64(), int: pyarrow.int64(), str: pyarrow.string()}
        arrays = [table.column(index) for index in self.kept(names)]
        fields = [table.schema.field(index) for index in self.kept(names)]
        for name, kind in self.added.items():
            arrays.append(pyarrow.array(added[name], kinds[kind]))
            fields.append(pyarrow.field(name, kinds[kind]))
        return type(table).from_arrays(arrays, schema=pyarrow.schema(fields))


def check_frame(frame: Any, method: str, kind: str) -> None:
    """Raises BatchError where a frame has no such method, by which its engine is known."""
    if not hasattr(frame, method):
        raise BatchError(
            f"This takes {kind}, and not {type(frame).__module__}.{type(frame).__name__}. For a "
            "frame of pandas there is tablecast.predict_model."
        )


def graph_for(name: str | PathLike[str], names: Sequence[str]) -> FrameGraph:
    """The graph of a deployment, once a frame's columns are known to fit.

    Args:
        name: the deployment's path without ending.
        names: the frame's columns.

    Raises:
        ArtifactError: it cannot be opened.
        BatchError: a column is missing, or it has no graph.
    """
    deployment = load(name, "onnx")
    assert isinstance(deployment.engine, GraphEngine)
    match_columns(deployment.schema, names, "The frame", in_lines=False)
    content = deployment.engine.content
    added = added_columns(deployment, with_errors=True)
    return FrameGraph(content, sha256_of(content), added)


def _cells(table: Any, index: int) -> Sequence[Any]:
    return ParquetChunk(table, 0).column(index)


class _Frame:
    """A piece of a frame, read as a file is."""

    begins = ends = in_lines = False
    name = "The frame"
    notes: tuple[str, ...] = ()

    def __init__(self, names: list[str], rows: int, cells: Cells) -> None:
        self.names, self._rows, self._cells = names, rows, cells
        self._lists: dict[int, Sequence[Any]] = {}

    def column(self, index: int) -> Sequence[Any]:
        """A column as a list, made once."""
        if index not in self._lists:
            self._lists[index] = self._cells(index)
        return self._lists[index]

    def chunks(self) -> Iterator[_Rows]:
        """The rows in steps, as those of a Parquet file."""
        for first in range(0, self._rows, CHUNK_ROWS):
            yield _Rows(self, first, min(first + CHUNK_ROWS, self._rows))

    def fraction_read(self) -> float:
        """Nobody waits for it."""
        return 0.0

    def close(self) -> None:
        """The frame is its owner's."""


@dataclass(frozen=True)
class _Rows:
    frame: _Frame
    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first

    def column(self, index: int) -> Sequence[Any]:
        return self.frame.column(index)[self.first : self.end]

    def location_of(self, row: int) -> tuple[str, int]:
        return "row", self.first + row + 1


class _Answers:
    """The added columns, as they come."""

    def __init__(self, added: Mapping[str, type]) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in added}

    def write(
        self,
        chunk: Any,  # noqa: ARG002 - the frame keeps its rows itself
        rows: Sequence[int] | None,  # noqa: ARG002 - and all of them
        added: Mapping[str, Values],
    ) -> None:
        """Keep the answers of a chunk."""
        for name, column in self.columns.items():
            column.extend(added[name])

    def close(self) -> None:
        """There is no more."""
