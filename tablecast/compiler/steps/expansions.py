"""The steps of ``tablecast.features``."""

from typing import Any

import numpy as np

from tablecast.compiler.frame import Cell, Frame, Lookup, Moment, Number, Step
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import converts
from tablecast.compiler.steps.binary_search import memberships
from tablecast.errors import UnsupportedStep

#: Times its half width from zero, a range's middle costs two digits when it is taken off last.
FAR_FROM_ZERO = 100.0

#: A right angle: the sine is the cosine that much earlier.
RIGHT = np.pi / 2

#: What a category's column is called where it is clipped. No column of a table is.
CLIPPED = "\0clipped"


@converts("tablecast.features.Powers")
def powers(frame: Frame, step: Step) -> dict[str, Cell]:
    """Repeated products, as the step computes them."""
    x = _chosen(frame, step)
    inside = _inside(frame, x.name, step.transformer.low_, step.transformer.high_)
    columns: list[Number] = []
    tensor = inside
    for _ in range(2, step.transformer.degree + 1):
        tensor = frame.builder.op("Mul", tensor, inside)
        columns += _columns_of(tensor, x.width)
    return _appended(frame, step, columns)


@converts("tablecast.features.Trigonometric")
def trigonometric(frame: Frame, step: Step) -> dict[str, Cell]:
    """Sine and cosine of a full turn, and the tangent of up to 72 degrees each way."""
    builder, x = frame.builder, _chosen(frame, step)
    center, half_width = step.transformer.center_, step.transformer.half_width_
    tensor = x.name
    if np.any(np.abs(center) > FAR_FROM_ZERO * half_width):
        tensor = builder.op("Sub", tensor, builder.constant(center.reshape(1, -1)))
        center = np.zeros_like(center)
    inside = _inside(frame, tensor, center - half_width, center + half_width)
    # The cosine is a sine: onnxruntime 1.20 has no cosine of float64. Below the sines and cosines
    # of a full turn is the sine of a right angle, 1.0 exactly: one division makes all columns.
    full, part = np.pi, 0.4 * np.pi
    above = _waves(builder, inside, center, half_width, [(full, 0), (full, RIGHT), (part, 0)])
    below = _waves(builder, inside, center, half_width, [(0, RIGHT), (0, RIGHT), (part, RIGHT)])
    return _appended(frame, step, _columns_of(builder.op("Div", above, below), 3 * x.width))


def _waves(
    builder: Builder, inside: str, center: Any, half_width: Any, turns: list[tuple[float, float]]
) -> str:
    """The sine of each angle: what half a range turns by, and where its middle is."""
    slopes = np.hstack([np.diag(turn / half_width) for turn, _ in turns])
    shifts = np.hstack([shift - turn * center / half_width for turn, shift in turns])
    return builder.op("Sin", builder.op("Gemm", inside, *map(builder.constant, (slopes, shifts))))


@converts("tablecast.features.Bins")
def bins(frame: Frame, step: Step) -> dict[str, Cell]:
    """A one for the bin that each value is in."""
    builder, x = frame.builder, _chosen(frame, step)
    edges = step.transformer.edges_
    ones = _columns_of(memberships(builder, x, edges), sum(len(e) + 1 for e in edges))
    return _appended(frame, step, ones)


@converts("tablecast.features.Interactions")
def interactions(frame: Frame, step: Step) -> dict[str, Cell]:
    """Products of two columns."""
    pairs = step.transformer.pairs_
    if not len(pairs):
        return _appended(frame, step, [])
    # Only the factors are clipped; the columns themselves go on as they are.
    shared = _shared_factor(frame, step)
    if shared is not None:
        return _appended(frame, step, _products_with(frame, step, shared))
    x = frame.matrix(step.name, step.columns, single=False)
    low, high = step.transformer.low_, step.transformer.high_
    builder, factors = frame.builder, pairs.T  # (2, products)
    both = builder.op("Gather", x.name, builder.constant(factors, np.int64), axis=1)
    inside = _inside(frame, both, low[factors], high[factors])  # (rows, 2, products)
    products = builder.op("ReduceProd", inside, axes=[1], keepdims=0)
    return _appended(frame, step, _columns_of(products, len(pairs)))


def _shared_factor(frame: Frame, step: Step) -> int | None:
    """The index of a category's column that is a factor of every product."""
    for index in set.intersection(*map(set, step.transformer.pairs_.tolist())):
        if isinstance(frame.cells[step.columns[index]], Lookup):
            return int(index)
    return None


def _products_with(frame: Frame, step: Step, shared: int) -> list[Number]:
    """Products that have one category's column in common, which is clipped where it is stored."""
    low, high = step.transformer.low_, step.transformer.high_
    cell = frame.cells[step.columns[shared]]
    assert isinstance(cell, Lookup), "see _shared_factor"
    clipped = Lookup(cell.source, np.clip(cell.values.astype(float), low[shared], high[shared]))
    cells = {**frame.cells, CLIPPED: clipped}
    columns = [*step.columns, CLIPPED]
    x = Frame(frame.builder, frame.probe, cells, frame.table).matrix(step.name, columns, False)
    others = [left if right == shared else right for left, right in step.transformer.pairs_]
    inside = _inside(frame, frame.builder.columns(x.name, others), low[others], high[others])
    factor = frame.builder.columns(x.name, [len(step.columns)])
    return _columns_of(frame.builder.op("Mul", inside, factor), len(others))


@converts("tablecast.features.FillDates")
def fill_dates(frame: Frame, step: Step) -> dict[str, Cell]:
    """The date that training found instead of a missing one."""
    cells: dict[str, Cell] = {}
    for name in step.columns:
        cell = frame.cells[name]
        if not isinstance(cell, Moment):
            raise UnsupportedStep(step.name, f"column {name!r} is not a date in the schema")
        seconds = frame.builder.columns(cell.tensor, [cell.index])
        typical = frame.builder.constant(step.transformer.dates_[name].value / 1e9)
        missing = frame.builder.op("IsNaN", seconds)
        cells[name] = Moment(frame.builder.op("Where", missing, typical, seconds), 1, 0)
    return cells


def _inside(frame: Frame, tensor: str, low: Any, high: Any) -> str:
    """Values outside the training range as its nearest end."""
    return frame.builder.held(tensor, low[np.newaxis], high[np.newaxis])


def _chosen(frame: Frame, step: Step) -> Matrix:
    """The columns that the step works on; it casts them to float64 itself."""
    names = [step.columns[index] for index in step.transformer.columns_]
    return frame.matrix(step.name, names, single=False)


def _columns_of(tensor: str, width: int) -> list[Number]:
    return [Number(tensor, width, index) for index in range(width)]


def _appended(frame: Frame, step: Step, added: list[Number]) -> dict[str, Cell]:
    """The columns as they were, then the new ones."""
    cells = [*(frame.cells[name] for name in step.columns), *added]
    return {str(name): cell for name, cell in zip(step.after.columns, cells, strict=True)}
