"""The step ``tablecast.features.SearchedTerms``."""

from typing import Protocol

import numpy as np
from onnx import TensorProto

from tablecast.compiler.frame import Cell, Frame, Number, Step
from tablecast.compiler.graph import Builder
from tablecast.compiler.registry import converts


class Factor(Protocol):
    """What is read of a ``tablecast.features.Factor``; the compiler knows its classes by name."""

    column: int
    kind: str
    cut: float


@converts("tablecast.features.SearchedTerms")
def searched_terms(frame: Frame, step: Step) -> dict[str, Cell]:
    """Each factor once, side by side with the others of its kind; then the products."""
    terms = step.transformer.terms_
    cells = [frame.cells[name] for name in step.columns]
    if terms:
        numbers = _factors(frame, step, [factor for term in terms for factor in term])
        products = [term for term in terms if len(term) == 2]
        both = _product(frame.builder, numbers, products)
        cells += [
            numbers[term[0]]
            if len(term) == 1
            else Number(both, len(products), products.index(term))
            for term in terms
        ]
    return {str(name): cell for name, cell in zip(step.after.columns, cells, strict=True)}


def _factors(frame: Frame, step: Step, factors: list[Factor]) -> dict[Factor, Number]:
    """Where each factor is in the graph."""
    builder, low, high = frame.builder, step.transformer.low_, step.transformer.high_
    x = frame.matrix(step.name, step.columns, single=False)
    numbers: dict[Factor, Number] = {}
    for kind in dict.fromkeys(factor.kind for factor in factors):
        alike = [factor for factor in dict.fromkeys(factors) if factor.kind == kind]
        columns = [factor.column for factor in alike]
        values = builder.held(builder.columns(x.name, columns), [low[columns]], [high[columns]])
        lowest = builder.constant([low[columns]])
        cuts = builder.constant([[factor.cut for factor in alike]])
        tensor = _values(builder, kind, values, cuts, lowest)
        numbers |= {name: Number(tensor, len(alike), index) for index, name in enumerate(alike)}
    return numbers


def _values(builder: Builder, kind: str, values: str, cuts: str, low: str) -> str:
    """What ``Factor.of`` makes of several columns at once."""
    one, zero = builder.constant(1.0), builder.constant(0.0)
    if kind == "square":
        return builder.op("Mul", values, values)
    if kind == "log":
        return builder.op("Log", builder.op("Add", builder.op("Sub", values, low), one))
    if kind == "above":
        return builder.cast(builder.op("Greater", values, cuts), TensorProto.DOUBLE)
    if kind == "beyond":
        return builder.op("Max", builder.op("Sub", values, cuts), zero)
    return builder.op("Div", one, values) if kind == "inverse" else values


def _product(
    builder: Builder, numbers: dict[Factor, Number], terms: list[tuple[Factor, ...]]
) -> str:
    """A tensor of the products, shape (rows, products); of no meaning where there are none."""
    if not terms:
        return ""
    tensors = list(dict.fromkeys(number.tensor for number in numbers.values()))
    widths = {number.tensor: number.width for number in numbers.values()}
    starts = dict(
        zip(tensors, np.cumsum([0, *(widths[tensor] for tensor in tensors)]), strict=False)
    )
    joined = builder.op("Concat", *tensors, axis=1)
    first, second = (
        builder.columns(
            joined,
            [int(starts[numbers[term[side]].tensor]) + numbers[term[side]].index for term in terms],
        )
        for side in (0, 1)
    )
    return builder.op("Mul", first, second)
