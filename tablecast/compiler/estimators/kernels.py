"""Kernels between rows and stored points: float64 of shape (rows, points)."""

from typing import Any

import numpy as np

from tablecast.compiler import arithmetic as a
from tablecast.compiler.graph import Builder, Matrix
from tablecast.errors import UnsupportedStep


def kernel(
    builder: Builder,
    x: Matrix,
    points: Any,
    kind: str,
    gamma: float,
    shift: float = 0.0,
    degree: float = 3.0,
) -> str:
    """One of the kernels that libsvm and scikit-learn's ``pairwise_kernels`` share.

    Args:
        points: (points, width).
        kind: ``"linear"``, ``"rbf"``, ``"poly"``, ``"sigmoid"`` or ``"laplacian"``.
        gamma: the factor before the product or the distance.
        shift: added to the product by ``"poly"`` and ``"sigmoid"`` (``coef0``).
    """
    if kind in ("rbf", "laplacian"):
        gaps = a.distances(builder, x, points, 2.0 if kind == "rbf" else 1.0)
        return builder.op("Exp", builder.op("Mul", gaps, builder.constant(-float(gamma))))
    # gamma belongs to the points: onnxruntime fuses a MatMul and a scalar that multiplies it, and
    # keeps the scalar as float32.
    points = np.asarray(points, dtype=np.float64) * (1.0 if kind == "linear" else float(gamma))
    product = builder.op("MatMul", x.name, builder.constant(points.T))
    if kind == "linear":
        return product
    product = builder.op("Add", product, builder.constant(float(shift)))
    if kind in ("poly", "polynomial"):
        return builder.op("Pow", product, builder.constant(float(degree)))
    if kind == "sigmoid":
        return builder.op("Tanh", product)
    raise UnsupportedStep("kernel", f"the kernel {kind!r} is not known")


def covariance(builder: Builder, x: Matrix, points: Any, form: Any) -> str:
    """A Gaussian process's kernel object between the rows and the points."""
    kind = type(form).__name__
    if kind in ("Product", "Sum"):
        parts = [covariance(builder, x, points, part) for part in (form.k1, form.k2)]
        return builder.op("Mul" if kind == "Product" else "Add", *parts)
    if kind == "ConstantKernel":
        # As wide as the points, so that it is no scalar: see ``kernel``.
        return builder.constant(np.full((1, len(points)), form.constant_value))
    if kind == "WhiteKernel":
        return builder.constant(np.zeros((1, len(points))))
    if kind == "RBF":
        scale = np.broadcast_to(form.length_scale, (x.width,))
        scaled = builder.op("Div", x.name, builder.constant(scale))
        return kernel(builder, Matrix(scaled, x.width), points / scale, "rbf", 0.5)
    raise UnsupportedStep("Gaussian process", f"its kernel has a {kind} in it")


def own_covariance(form: Any) -> float:
    """What ``covariance`` is between a row and itself; the same for every row."""
    kind = type(form).__name__
    if kind == "Product":
        return own_covariance(form.k1) * own_covariance(form.k2)
    if kind == "Sum":
        return own_covariance(form.k1) + own_covariance(form.k2)
    if kind == "ConstantKernel":
        return float(form.constant_value)
    return float(form.noise_level) if kind == "WhiteKernel" else 1.0
