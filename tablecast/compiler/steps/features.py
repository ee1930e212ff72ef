"""The steps of ``tablecast.features``."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from tablecast.compiler.frame import Cell, Frame, Moment, Number, Step
from tablecast.compiler.graph import Matrix
from tablecast.compiler.registry import converts
from tablecast.compiler.steps.search import ranks
from tablecast.errors import UnsupportedStep


@converts("tablecast.features.Powers")
def powers(frame: Frame, step: Step) -> dict[str, Cell]:
    """Repeated products, as the step computes them."""
    x = _chosen(frame, step)
    inside = _inside(frame, x.name, step.transformer.low_, step.transformer.high_)
    made, tensor = [], inside
    for _ in range(2, step.transformer.degree + 1):
        tensor = frame.builder.op("Mul", tensor, inside)
        made.append((tensor, x.width))
    return _appended(frame, step, made)


@converts("tablecast.features.Trigonometric")
def trigonometric(frame: Frame, step: Step) -> dict[str, Cell]:
    """Sine and cosine of a full turn, and the tangent of up to 72 degrees each way."""
    builder, x = frame.builder, _chosen(frame, step)
    center = builder.constant(step.transformer.center_.reshape(1, -1))
    half_width = builder.constant(step.transformer.half_width_.reshape(1, -1))
    turn = builder.op("Div", builder.op("Sub", x.name, center), half_width)
    turn = builder.op("Clip", turn, builder.constant(-1.0), builder.constant(1.0))
    full = builder.op("Mul", turn, builder.constant(np.pi))
    part = builder.op("Mul", turn, builder.constant(0.4 * np.pi))
    made = [
        builder.op("Sin", full),
        builder.op("Cos", full),
        builder.op("Div", builder.op("Sin", part), builder.op("Cos", part)),
    ]
    return _appended(frame, step, [(tensor, x.width) for tensor in made])


@converts("tablecast.features.Bins")
def bins(frame: Frame, step: Step) -> dict[str, Cell]:
    """The number of each value's bin, compared with every number."""
    builder, x = frame.builder, _chosen(frame, step)
    edges = step.transformer.edges_
    found = ranks(builder, x, edges, side="right")
    columns = [place for place, e in enumerate(edges) for _ in range(len(e) + 1)]
    numbers = [float(n) for e in edges for n in range(len(e) + 1)]
    equal = builder.op("Equal", builder.columns(found, columns), builder.constant([numbers]))
    return _appended(frame, step, [(builder.cast(equal, TensorProto.DOUBLE), len(numbers))])


@converts("tablecast.features.Interactions")
def interactions(frame: Frame, step: Step) -> dict[str, Cell]:
    """Products of two columns."""
    pairs = step.transformer.pairs_
    if not len(pairs):
        return _appended(frame, step, [])
    x = frame.matrix(step.name, step.columns, single=False)
    # Only the factors are clipped; the columns themselves go on as they are.
    low, high = step.transformer.low_, step.transformer.high_
    first, second = (
        _inside(frame, frame.builder.columns(x.name, side.tolist()), low[side], high[side])
        for side in (pairs[:, 0], pairs[:, 1])
    )
    return _appended(frame, step, [(frame.builder.op("Mul", first, second), len(pairs))])


@converts("tablecast.features.FillDates")
def fill_dates(frame: Frame, step: Step) -> dict[str, Cell]:
    """The date that training found in the place of a missing one."""
    cells: dict[str, Cell] = {}
    for name in step.columns:
        cell = frame.cells[name]
        if not isinstance(cell, Moment):
            raise UnsupportedStep(step.name, f"column {name!r} is not a date in the schema")
        seconds = frame.builder.columns(cell.tensor, [cell.place])
        typical = frame.builder.constant(step.transformer.dates_[name].value / 1e9)
        missing = frame.builder.op("IsNaN", seconds)
        cells[name] = Moment(frame.builder.op("Where", missing, typical, seconds), 1, 0)
    return cells


def _inside(frame: Frame, tensor: str, low: Any, high: Any) -> str:
    """Values outside the training range as its nearest end."""
    builder = frame.builder
    raised = builder.op("Max", tensor, builder.constant(np.reshape(low, (1, -1))))
    return builder.op("Min", raised, builder.constant(np.reshape(high, (1, -1))))


def _chosen(frame: Frame, step: Step) -> Matrix:
    """The columns that the step works on; it casts them to float64 itself."""
    names = [step.columns[place] for place in step.transformer.columns_]
    return frame.matrix(step.name, names, single=False)


def _appended(frame: Frame, step: Step, made: list[tuple[str, int]]) -> dict[str, Cell]:
    """The columns as they were, then those of the new tensors, given with their widths."""
    cells = [frame.cells[name] for name in step.columns]
    cells += [Number(tensor, width, place) for tensor, width in made for place in range(width)]
    return {str(name): cell for name, cell in zip(step.after.columns, cells, strict=True)}
