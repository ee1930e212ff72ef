"""Formulas that several estimators share, as float64 nodes.

Tensors are (rows, width) unless a docstring says otherwise.
"""

from typing import Any

import numpy as np
from onnx import TensorProto
from scipy import special

from tablecast.compiler.graph import Builder, Matrix


def total(builder: Builder, x: str) -> str:
    """Sum along axis 1 and keep it, with width 1."""
    return builder.op("ReduceSum", x, builder.constant([1], np.int64), keepdims=1)


def ordered_total(builder: Builder, x: str, count: int) -> str:
    """Sum ``count`` entries along axis 1 one after the other, and drop the axis.

    An ensemble adds its members in turn. Another order can turn a tie between two classes, which
    is common where trees vote, into a win.
    """
    sums = builder.op("CumSum", x, builder.constant(1, np.int64))
    return builder.op("Gather", sums, builder.constant(count - 1, np.int64), axis=1)


def affine(builder: Builder, x: str, weights: Any, bias: Any) -> str:
    """``x @ weights + bias``, with weights (width, outputs) and bias (outputs,)."""
    weights = np.asarray(weights, dtype=np.float64)
    shift = np.broadcast_to(np.asarray(bias, dtype=np.float64).reshape(-1), weights.shape[1:])
    if not shift.any():
        return builder.op("MatMul", x, builder.constant(weights))
    return builder.op("Gemm", x, builder.constant(weights), builder.constant(shift))


def column(builder: Builder, x: str, index: int) -> str:
    """One column, as (rows, 1)."""
    return builder.columns(x, [index])


def join(builder: Builder, parts: list[str]) -> str:
    """Put tensors side by side."""
    return parts[0] if len(parts) == 1 else builder.op("Concat", *parts, axis=1)


def flat(builder: Builder, x: str) -> str:
    """Turn (rows, 1) into (rows,)."""
    return builder.op("Reshape", x, builder.constant([-1], np.int64))


def both_classes(builder: Builder, p: str) -> str:
    """Turn the probability of the second class, (rows, 1), into those of both."""
    return join(builder, [builder.op("Sub", builder.constant(1.0), p), p])


def first_largest(builder: Builder, x: str) -> str:
    """The index of the largest column, the first of several: int64 (rows,)."""
    return builder.op("ArgMax", x, axis=1, keepdims=0)


def is_above(builder: Builder, x: str, limit: float, *, or_equal: bool = False) -> str:
    """0 or 1 for a score of (rows, 1) against a limit: int64 (rows,)."""
    kind = "GreaterOrEqual" if or_equal else "Greater"
    index = builder.op(kind, x, builder.constant(limit))
    return flat(builder, builder.cast(index, TensorProto.INT64))


def expit(builder: Builder, x: str) -> str:
    """The logistic function, in the form that scipy computes it."""
    grown = builder.op("Exp", builder.op("Neg", x))
    one = builder.constant(1.0)
    return builder.op("Div", one, builder.op("Add", one, grown))


def softmax(builder: Builder, x: str) -> str:
    """Normalised exponentials of each row; the largest is taken off first, against overflow."""
    return proportions(builder, exp_below_largest(builder, x))


def exp_below_largest(builder: Builder, x: str) -> str:
    """``exp(x - max(x))`` of each row."""
    top = builder.op("ReduceMax", x, axes=[1], keepdims=1)
    return builder.op("Exp", builder.op("Sub", x, top))


def proportions(builder: Builder, x: str) -> str:
    """Divide each row by its sum."""
    return builder.op("Div", x, total(builder, x))


def distances(builder: Builder, x: Matrix, points: Any, power: float = 2.0) -> str:
    """Sums over features of ``|x - point| ** power``: float64 (rows, points).

    Each difference is taken before it is raised, as scikit-learn's trees and libsvm do. The
    expanded form (|x|² - 2 x·p + |p|²) loses the last digits, and with them the nearest of several
    near neighbours. One feature at a time keeps the memory at (rows, points).
    """
    points = np.asarray(points, dtype=np.float64)
    parts = [x.name]
    if x.width > 1:
        parts = builder.ops("Split", x.name, outputs=x.width, axis=1)
    sums = ""
    for feature, part in enumerate(parts):
        gap = builder.op("Sub", part, builder.constant(points[:, feature][None, :]))
        term = _raised(builder, gap, power)
        sums = builder.op("Add", sums, term) if sums else term
    return sums


def _raised(builder: Builder, gap: str, power: float) -> str:
    if power == 2.0:
        return builder.op("Mul", gap, gap)
    size = builder.op("Abs", gap)
    return size if power == 1.0 else builder.op("Pow", size, builder.constant(power))


# onnxruntime has no Erf for float64. A Taylor polynomial of degree 8 about the nearest of these
# knots is off by less than 1e-16; beyond 6 the function is 1 to the last digit.
_ERF_STEPS = 32
_ERF_END = 6
_ERF_DEGREE = 8


def erf(builder: Builder, x: str) -> str:
    """The error function of a tensor of any shape, to about 1e-16."""
    size = builder.op("Min", builder.op("Abs", x), builder.constant(float(_ERF_END)))
    knot = builder.op("Round", builder.op("Mul", size, builder.constant(float(_ERF_STEPS))))
    near = builder.op("Div", knot, builder.constant(float(_ERF_STEPS)))
    gap = builder.op("Sub", size, near)
    # NaN has no row; its gap, which is NaN as well, makes the answer NaN.
    known = builder.op("Where", builder.op("IsNaN", knot), builder.constant(0.0), knot)
    rows = builder.cast(known, TensorProto.INT64)
    table = _erf_coefficients()
    value = builder.op("Gather", builder.constant(table[:, _ERF_DEGREE]), rows, axis=0)
    for degree in range(_ERF_DEGREE - 1, -1, -1):
        term = builder.op("Gather", builder.constant(table[:, degree]), rows, axis=0)
        value = builder.op("Add", builder.op("Mul", value, gap), term)
    return builder.op("Mul", builder.op("Sign", x), value)


def _erf_coefficients() -> Any:
    """Taylor coefficients of erf about each knot: (knots, degree + 1)."""
    knots = np.arange(_ERF_END * _ERF_STEPS + 1) / _ERF_STEPS
    columns = [special.erf(knots)]
    slope = 2.0 / np.sqrt(np.pi) * np.exp(-(knots**2))
    for degree in range(1, _ERF_DEGREE + 1):
        hermite = special.eval_hermite(degree - 1, knots)
        columns.append((-1) ** (degree - 1) * slope * hermite / special.factorial(degree))
    return np.stack(columns, axis=1)
