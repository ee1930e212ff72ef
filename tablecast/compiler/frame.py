"""The columns between two steps: where each is in the graph, and its values in the probe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tablecast.compiler.arithmetic import join
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.probe import Probe
from tablecast.errors import UnsupportedStep


@dataclass(frozen=True)
class Number:
    """Column ``index`` of a float64 tensor of shape (rows, width)."""

    tensor: str
    width: int
    index: int


@dataclass(frozen=True)
class Moment:
    """A date: column ``index`` of a float64 tensor of seconds since 1970 UTC, NaN for missing."""

    tensor: str
    width: int
    index: int


@dataclass(frozen=True)
class Lookup:
    """A column that depends on one raw text column alone: one value for each of its probe's keys.

    ``values`` has shape (keys,), in the order of ``Probe.keys``; NaN where the step refused it.
    """

    source: str
    values: NDArray[Any]


Cell = Number | Moment | Lookup


@dataclass(frozen=True)
class Step:
    """One fitted transformer of the pipeline, and what it made of the probe.

    Attributes:
        name: its name in the pipeline.
        transformer: the transformer itself, without PyCaret's wrapper.
        columns: the columns that it is given.
        before, after: the probe's rows that it was given and returned, in its own column order.
    """

    name: str
    transformer: Any
    columns: list[str]
    before: pd.DataFrame
    after: pd.DataFrame

    @property
    def single(self) -> bool:
        """Whether the transformer computes in float32, as it does where it is given that."""
        return is_single(self.before)


class Frame:
    """The pipeline's table at one step: its columns as cells, and the probe's rows as they are."""

    def __init__(
        self, builder: Builder, probe: Probe, cells: dict[str, Cell], table: pd.DataFrame
    ) -> None:
        self.builder = builder
        self.probe = probe
        self.cells = cells
        self.table = table

    def lookup(self, source: str, column: pd.Series) -> Lookup:
        """A column of the probe's rows as a lookup by the text of ``source``."""
        return Lookup(source, self.probe.values_by_key(source, column))

    def matrix(self, step: str, columns: Sequence[str], single: bool | None = None) -> Matrix:
        """The named columns as one tensor, in that order.

        Args:
            step: the step that asks for it, named in the error.
            columns: at least one column.
            single: whether the pipeline holds it as float32; None asks the probe's dtypes.

        Raises:
            UnsupportedStep: a column is still text or a date.
        """
        layout = _Layout(self.builder)
        lookups: dict[str, list[str]] = {}
        for name in columns:
            cell = self.cells[name]
            if isinstance(cell, Number):
                layout.add(cell.tensor, cell.width)
            elif isinstance(cell, Lookup):
                lookups.setdefault(cell.source, []).append(name)
            else:
                raise UnsupportedStep(step, f"column {name!r} is a date where numbers are needed")
        indices: dict[str, int] = {}
        for source, names in lookups.items():
            # GatherND, not Gather: its result is (rows, width) without a reshape.
            table = self.builder.constant(self._table(step, names))
            rows = self.builder.op("GatherND", table, self._code(source))
            start = layout.add(rows, len(names))
            indices |= {name: start + index for index, name in enumerate(names)}
        wanted = [
            layout.start(cell.tensor) + cell.index
            if isinstance(cell := self.cells[name], Number)
            else indices[name]
            for name in columns
        ]
        if single is None:
            single = is_single(self.table[list(columns)])
        return Matrix(layout.take(wanted), len(columns), single)

    def _table(self, step: str, columns: list[str]) -> NDArray[np.float64]:
        """Values of lookup columns of one source, shape (keys, columns)."""
        values = []
        for name in columns:
            cell = self.cells[name]
            assert isinstance(cell, Lookup)
            numbers = _as_numbers(cell.values)
            if numbers is None:
                raise UnsupportedStep(step, f"column {name!r} is text where numbers are needed")
            if not _same(numbers[-1], numbers[-2]):
                raise UnsupportedStep(step, f"two unknown values of {cell.source!r} differ in it")
            values.append(numbers[:-1])
        return np.column_stack(values)

    def _code(self, source: str) -> str:
        """The row of a raw text in its source's tables, int64 (rows, 1)."""
        if source not in self.probe.codes:
            self.probe.codes[source] = _encode(self.builder, source, self.probe.texts(source))
        return self.probe.codes[source]


def _as_numbers(values: NDArray[Any]) -> NDArray[np.float64] | None:
    """What an estimator makes of values: of texts of digits, such as 02, their numbers.

    NaN for the two unknown texts at their end, which it refuses where the others are texts; None
    where it refuses another.
    """
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        pass
    try:
        return np.append(values[:-2].astype(np.float64), [np.nan, np.nan])
    except (TypeError, ValueError):
        return None


class _Layout:
    """Tensors side by side, and which columns of them are wanted."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._starts: dict[str, int] = {}
        self._width = 0

    def add(self, tensor: str, width: int) -> int:
        """Put a tensor to the right of the others, once; returns its first column."""
        if tensor not in self._starts:
            self._starts[tensor] = self._width
            self._width += width
        return self._starts[tensor]

    def start(self, tensor: str) -> int:
        return self._starts[tensor]

    def take(self, wanted: list[int]) -> str:
        tensors = list(self._starts)
        joined = join(self._builder, tensors)
        if wanted == list(range(self._width)):
            return joined
        return self._builder.columns(joined, wanted)


def is_single(table: pd.DataFrame) -> bool:
    """Whether NumPy computes on these columns together in float32."""
    kinds = [np.dtype(d) if isinstance(d, np.dtype) else np.dtype(object) for d in table.dtypes]
    return bool(kinds) and np.result_type(*kinds) == np.float32


def _encode(builder: Builder, text: str, texts: list[str]) -> str:
    return builder.ml(
        "LabelEncoder",
        text,
        keys_strings=texts,
        values_int64s=list(range(len(texts))),
        default_int64=len(texts),
    )


def _same(left: float, right: float) -> bool:
    return bool(left == right or (np.isnan(left) and np.isnan(right)))
