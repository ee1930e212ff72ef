"""Steps that turn each column into one column of the same name, independently of the others.

What such a step makes of a text is read from the probe, so it costs the graph nothing; only
numbers are computed in the graph.
"""

from collections.abc import Callable
from typing import Any

from tablecast.compiler.frame import Cell, Frame, Lookup, Number, Step
from tablecast.compiler.graph import Builder, Matrix

# (builder, transformer, its number columns, their indices among all its columns) -> the new tensor
Columnwise = Callable[[Builder, Any, Matrix, list[int]], str]


def convert_columnwise(frame: Frame, step: Step, compute: Columnwise) -> dict[str, Cell]:
    """Read text columns from the probe, and compute the number columns in the graph."""
    kept = [name for name in step.columns if name in step.after.columns]
    cells: dict[str, Cell] = {
        name: frame.lookup(cell.source, step.after[name])
        for name in kept
        if isinstance(cell := frame.cells[name], Lookup)
    }
    numbers = [name for name in kept if name not in cells]
    if numbers:
        x = frame.matrix(step.name, numbers, step.single)
        indices = [step.columns.index(name) for name in numbers]
        tensor = compute(frame.builder, step.transformer, x, indices)
        cells |= {name: Number(tensor, x.width, i) for i, name in enumerate(numbers)}
    return cells


def rounded(builder: Builder, x: Matrix, tensor: str) -> str:
    """The result of one arithmetic operation as the pipeline holds it."""
    return builder.round_to_single(tensor) if x.single else tensor
