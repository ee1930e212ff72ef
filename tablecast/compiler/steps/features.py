"""The steps of ``tablecast.features``."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from tablecast.compiler.frame import Cell, Frame, Number, Step
from tablecast.compiler.graph import Matrix
from tablecast.compiler.registry import converts
from tablecast.compiler.steps.search import ranks


@converts("tablecast.features.Powers")
def powers(frame: Frame, step: Step) -> dict[str, Cell]:
    """Repeated products, as the step computes them."""
    x = _chosen(frame, step)
    made, tensor = [], x.name
    for _ in range(2, step.transformer.degree + 1):
        tensor = frame.builder.op("Mul", tensor, x.name)
        made.append((tensor, x.width))
    return _appended(frame, step, made)


@converts("tablecast.features.Trigonometric")
def trigonometric(frame: Frame, step: Step) -> dict[str, Cell]:
    """Sine and cosine of a full turn, and the tangent of a quarter each way."""
    builder, x = frame.builder, _chosen(frame, step)
    center = builder.constant(step.transformer.center_.reshape(1, -1))
    half_width = builder.constant(step.transformer.half_width_.reshape(1, -1))
    turn = builder.op("Div", builder.op("Sub", x.name, center), half_width)
    turn = builder.op("Clip", turn, builder.constant(-1.0), builder.constant(1.0))
    full = builder.op("Mul", turn, builder.constant(np.pi))
    quarter = builder.op("Mul", turn, builder.constant(np.pi / 4))
    made = [
        builder.op("Sin", full),
        builder.op("Cos", full),
        builder.op("Div", builder.op("Sin", quarter), builder.op("Cos", quarter)),
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
    first = frame.builder.columns(x.name, pairs[:, 0].tolist())
    second = frame.builder.columns(x.name, pairs[:, 1].tolist())
    return _appended(frame, step, [(frame.builder.op("Mul", first, second), len(pairs))])


def _chosen(frame: Frame, step: Step) -> Matrix:
    """The columns that the step works on; it casts them to float64 itself."""
    names = [step.columns[place] for place in step.transformer.columns_]
    return frame.matrix(step.name, names, single=False)


def _appended(frame: Frame, step: Step, made: list[tuple[str, int]]) -> dict[str, Cell]:
    """The columns as they were, then those of the new tensors, given with their widths."""
    cells = [frame.cells[name] for name in step.columns]
    cells += [Number(tensor, width, place) for tensor, width in made for place in range(width)]
    return {str(name): cell for name, cell in zip(step.after.columns, cells, strict=True)}
