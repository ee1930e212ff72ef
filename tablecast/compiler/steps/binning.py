"""Binning of numbers by edges from training."""

from typing import Any

from tablecast.compiler.frame import Cell, Frame, Step
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import converts
from tablecast.compiler.steps.binary_search import ranks
from tablecast.compiler.steps.columnwise import convert_columnwise
from tablecast.errors import UnsupportedStep


@converts("sklearn.preprocessing.KBinsDiscretizer")
def discretize(frame: Frame, step: Step) -> dict[str, Cell]:
    """The number of each value's bin."""
    if step.transformer.encode != "ordinal":
        raise UnsupportedStep(step.name, "it encodes bins as one-hot columns")
    return convert_columnwise(frame, step, _bin_numbers)


def _bin_numbers(builder: Builder, bins: Any, x: Matrix, indices: list[int]) -> str:
    return ranks(builder, x, [bins.bin_edges_[index][1:-1] for index in indices], side="right")
