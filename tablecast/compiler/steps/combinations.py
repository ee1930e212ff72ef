"""Steps that combine columns: products of several, and statistics over a group."""

from typing import Any

import numpy as np
from onnx import TensorProto

from tablecast.compiler.arithmetic import join
from tablecast.compiler.frame import Cell, Frame, Number, Step
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import converts
from tablecast.compiler.steps.columnwise import rounded


@converts("sklearn.preprocessing.PolynomialFeatures")
def polynomial(frame: Frame, step: Step) -> dict[str, Cell]:
    """Every product of up to ``degree`` columns."""
    x = frame.matrix(step.name, step.columns, step.single)
    monomials = [_factors(row) for row in step.transformer.powers_]
    tensor = _monomials(frame.builder, x, monomials)
    width = len(monomials)
    return {str(name): Number(tensor, width, i) for i, name in enumerate(step.after.columns)}


def _factors(powers: Any) -> tuple[int, ...]:
    """The columns of a monomial, each as often as its power."""
    return tuple(np.repeat(np.arange(len(powers)), powers).tolist())


def _monomials(builder: Builder, x: Matrix, monomials: list[tuple[int, ...]]) -> str:
    """Products of columns, degree by degree: the first factor times the product of the rest.

    That is the order in which scikit-learn multiplies, so every last bit is the same.
    """
    parts: list[str] = []
    order: list[tuple[int, ...]] = []
    previous: dict[tuple[int, ...], int] = {(i,): i for i in range(x.width)}
    tensor = x.name
    for degree in range(max(len(m) for m in monomials) + 1):
        wanted = [m for m in monomials if len(m) == degree]
        if degree == 0 and wanted:
            zero = builder.op("Mul", builder.columns(x.name, [0]), builder.constant(0.0))
            parts.append(builder.op("Add", zero, builder.constant(1.0)))
        elif degree == 1:
            indices = [m[0] for m in wanted]
            whole = indices == list(range(x.width))
            parts += [x.name if whole else builder.columns(x.name, indices)] if indices else []
        elif degree > 1:
            level = _needed(monomials, degree)
            first = builder.columns(x.name, [m[0] for m in level])
            rest = builder.columns(tensor, [previous[m[1:]] for m in level])
            tensor = rounded(builder, x, builder.op("Mul", first, rest))
            previous = {m: i for i, m in enumerate(level)}
            whole = wanted == level
            indices = [previous[m] for m in wanted]
            parts += [tensor if whole else builder.columns(tensor, indices)] if indices else []
        order += wanted
    joined = join(builder, parts)
    if order == monomials:
        return joined
    return builder.columns(joined, [order.index(m) for m in monomials])


def _needed(monomials: list[tuple[int, ...]], degree: int) -> list[tuple[int, ...]]:
    """The monomials of a degree that are wanted or are the end of a wanted higher one."""
    return list(dict.fromkeys(m[len(m) - degree :] for m in monomials if len(m) >= degree))


@converts("pycaret.internal.preprocess.transformers.GroupFeatures")
def group_statistics(frame: Frame, step: Step) -> dict[str, Cell]:
    """Minimum, maximum, mean, deviation, median and mode over each group's columns."""
    cells = {name: frame.cells[name] for name in step.columns}
    for name, group in step.transformer.group_features.items():
        members = [column for column in group if column in cells]
        if members:
            x = frame.matrix(step.name, members, step.single)
            cells |= _statistics(frame.builder, name, x)
    return {str(name): cells[str(name)] for name in step.after.columns}


def _statistics(builder: Builder, group: str, x: Matrix) -> dict[str, Cell]:
    mean = builder.op("ReduceMean", x.name, axes=[1])
    spread = builder.op("Sub", x.name, mean)
    squares = builder.op("ReduceSum", builder.op("Mul", spread, spread), _axis(builder, 1))
    # With the group's size as divisor, as PyCaret's np.std has it.
    variance = builder.op("Div", squares, builder.constant(float(x.width)))
    tensors = {
        "min": builder.op("ReduceMin", x.name, axes=[1]),
        "max": builder.op("ReduceMax", x.name, axes=[1]),
        "mean": rounded(builder, x, mean),
        "std": rounded(builder, x, builder.op("Sqrt", variance)),
        "median": rounded(builder, x, _median(builder, x)),
        "mode": _mode(builder, x),
    }
    return {f"{name}({group})": Number(tensor, 1, 0) for name, tensor in tensors.items()}


def _median(builder: Builder, x: Matrix) -> str:
    count = builder.constant([x.width], np.int64)
    ordered = builder.ops("TopK", x.name, count, outputs=2, axis=1)[0]
    middle = sorted({(x.width - 1) // 2, x.width // 2})
    return builder.op("ReduceMean", builder.columns(ordered, middle), axes=[1])


def _mode(builder: Builder, x: Matrix) -> str:
    """The most frequent value of each row, the smallest where several are."""
    across = builder.op("Unsqueeze", x.name, _axis(builder, 1))
    down = builder.op("Unsqueeze", x.name, _axis(builder, 2))
    equal = builder.cast(builder.op("Equal", across, down), TensorProto.DOUBLE)
    counts = builder.op("ReduceSum", equal, _axis(builder, 2), keepdims=0)
    most = builder.op("ReduceMax", counts, axes=[1])
    frequent = builder.op("Equal", counts, most)
    values = builder.op("Where", frequent, x.name, builder.constant(np.inf))
    return builder.op("ReduceMin", values, axes=[1])


def _axis(builder: Builder, axis: int) -> str:
    return builder.constant([axis], np.int64)
