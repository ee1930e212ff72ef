"""Power and quantile transformers, forward for features and backward for the target."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler.frame import Cell, Frame, Step
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import converts
from tablecast.compiler.steps import normal
from tablecast.compiler.steps.binary_search import ranks
from tablecast.compiler.steps.columnwise import convert_columnwise, rounded
from tablecast.compiler.steps.scaling import center_and_scale_numbers
from tablecast.errors import UnsupportedStep

# scikit-learn's own: this near to the outermost quantile counts as beyond it.
BOUNDS_THRESHOLD = 1e-7
Floats = NDArray[np.float64]


@converts("sklearn.preprocessing.PowerTransformer")
def power(frame: Frame, step: Step) -> dict[str, Cell]:
    """Yeo and Johnson's transform."""
    _check_power(step.name, step.transformer)
    return convert_columnwise(frame, step, _yeo_johnson)


@converts("sklearn.preprocessing.QuantileTransformer")
def to_quantiles(frame: Frame, step: Step) -> dict[str, Cell]:
    """The normal variable with as large a fraction below it as training has below the value."""
    _check_quantile(step.name, step.transformer)
    return convert_columnwise(frame, step, _to_normal)


def invert_target(builder: Builder, step: str, transformer: Any, prediction: str) -> str:
    """From the scale that the estimator was fitted on to the target's own: float64 (rows, 1)."""
    inner = getattr(transformer, "estimator", transformer)
    kind = type(inner).__name__
    if kind == "PossibleTarget":
        return builder.held(prediction, inner.low_, inner.high_)
    if kind == "PowerTransformer":
        _check_power(step, inner)
        return invert_power(builder, inner, prediction)
    if kind == "QuantileTransformer":
        _check_quantile(step, inner)
        return _from_normal(builder, inner, prediction)
    raise UnsupportedStep(step, f"the target is transformed by {kind}")


def _check_power(step: str, transformer: Any) -> None:
    if transformer.method != "yeo-johnson":
        raise UnsupportedStep(step, f"its method is {transformer.method!r}, not 'yeo-johnson'")


def _check_quantile(step: str, transformer: Any) -> None:
    distribution = transformer.output_distribution
    if distribution != "normal":
        raise UnsupportedStep(step, f"its output distribution is {distribution!r}, not 'normal'")


def _yeo_johnson(builder: Builder, transformer: Any, x: Matrix, indices: list[int]) -> str:
    """The part above zero plus the part below; whichever does not apply is exactly zero."""
    lambdas = np.asarray(transformer.lambdas_, dtype=np.float64)[indices]
    above = builder.op("Max", x.name, builder.constant(0.0))
    below = builder.op("Sub", above, x.name)
    up = _raise(builder, x, above, lambdas)
    down = _raise(builder, x, below, 2 - lambdas)
    result = builder.op("Sub", up, down)
    if transformer.standardize:
        scaled = Matrix(result, x.width, x.single)
        result = center_and_scale_numbers(builder, transformer._scaler, scaled, indices)
    return result


def _raise(builder: Builder, x: Matrix, tensor: str, powers: Floats) -> str:
    """((t + 1) ** power - 1) / power for each column, or log(1 + t) where the power is 0."""
    if x.single:  # NumPy computes float32 columns with the power as float32
        powers = powers.astype(np.float32).astype(np.float64)
    flat = np.abs(powers) < np.spacing(1.0)
    exponents = builder.constant(np.where(flat, 1.0, powers).reshape(1, -1))
    base = rounded(builder, x, builder.op("Add", tensor, builder.constant(1.0)))
    raised = rounded(builder, x, builder.op("Pow", base, exponents))
    raised = rounded(builder, x, builder.op("Sub", raised, builder.constant(1.0)))
    raised = rounded(builder, x, builder.op("Div", raised, exponents))
    if not flat.any():
        return raised
    logarithm = rounded(builder, x, builder.op("Log", base))
    return builder.op("Where", builder.constant(flat.reshape(1, -1), np.bool_), logarithm, raised)


def invert_power(builder: Builder, transformer: Any, prediction: str) -> str:
    """From what Yeo and Johnson's or Box and Cox's transform gives back: float64 (rows, 1)."""
    if transformer.standardize:
        scaler = transformer._scaler
        prediction = builder.op("Mul", prediction, builder.constant(scaler.scale_.reshape(1, -1)))
        prediction = builder.op("Add", prediction, builder.constant(scaler.mean_.reshape(1, -1)))
    power, one = float(transformer.lambdas_[0]), builder.constant(1.0)
    if transformer.method == "box-cox":
        return _root(builder, prediction, power)
    above = builder.op("Max", prediction, builder.constant(0.0))
    below = builder.op("Sub", above, prediction)
    up = builder.op("Sub", _root(builder, above, power), one)
    return builder.op("Sub", up, builder.op("Sub", _root(builder, below, 2 - power), one))


def _root(builder: Builder, tensor: str, power: float) -> str:
    """(t * power + 1) ** (1 / power), or exp(t) where the power is 0."""
    if abs(power) < np.spacing(1.0):
        return builder.op("Exp", tensor)
    scaled = builder.op("Mul", tensor, builder.constant(power))
    base = builder.op("Add", scaled, builder.constant(1.0))
    return builder.op("Pow", base, builder.constant(1 / power))


def _to_normal(builder: Builder, transformer: Any, x: Matrix, indices: list[int]) -> str:
    quantiles = [np.asarray(transformer.quantiles_[:, p], dtype=np.float64) for p in indices]
    fractions = np.asarray(transformer.references_, dtype=np.float64)
    # From both ends, and the mean, because equal quantiles span several fractions.
    up = interpolate(builder, x, quantiles, [fractions] * x.width)
    down = interpolate(builder, x, quantiles, [fractions] * x.width, descending=True)
    fraction = rounded(
        builder, x, builder.op("Mul", builder.op("Add", up, down), builder.constant(0.5))
    )
    fraction = _bounded(
        builder,
        x.name,
        fraction,
        [q[[0, -1]] for q in quantiles],
        [np.array([0.0, 1.0])] * x.width,
    )
    result = rounded(builder, x, normal.quantile(builder, fraction))
    low, high = _normal_limits()
    return builder.op("Clip", result, builder.constant(low), builder.constant(high))


def _from_normal(builder: Builder, transformer: Any, prediction: str) -> str:
    fraction = normal.distribution(builder, prediction)
    quantiles = np.asarray(transformer.quantiles_[:, 0], dtype=np.float64)
    fractions = np.asarray(transformer.references_, dtype=np.float64)
    value = interpolate(builder, Matrix(fraction, 1), [fractions], [quantiles])
    return _bounded(builder, fraction, value, [np.array([0.0, 1.0])], [quantiles[[0, -1]]])


def _bounded(
    builder: Builder, x: str, inside: str, limits: list[Floats], outside: list[Floats]
) -> str:
    """The outermost values where x is within a hair of the limits, or beyond them; (rows, width).

    Args:
        limits: the lower and upper limit of each column of x.
        outside: what holds at or beyond them.
    """
    low, high = (builder.constant([[pair[i] for pair in limits]]) for i in (0, 1))
    bottom, top = (builder.constant([[pair[i] for pair in outside]]) for i in (0, 1))
    hair = builder.constant(BOUNDS_THRESHOLD)
    above = builder.op("Greater", builder.op("Add", x, hair), high)
    below = builder.op("Less", builder.op("Sub", x, hair), low)
    return builder.op("Where", below, bottom, builder.op("Where", above, top, inside))


def interpolate(
    builder: Builder, x: Matrix, xs: list[Floats], ys: list[Floats], descending: bool = False
) -> str:
    """NumPy's ``interp`` of each column over its own points, in NumPy's order of operations.

    Descending goes through the points from above, as scikit-learn does by negating everything.
    """
    rank = ranks(builder, x, xs, side="left" if descending else "right")
    tables = [_segments(a, b, descending) for a, b in zip(xs, ys, strict=True)]
    starts = np.cumsum([0, *(len(t) for t in tables[:-1])]).reshape(1, -1)
    index = builder.cast(builder.op("Add", rank, builder.constant(starts)), TensorProto.INT64)
    flat = np.concatenate(tables)
    start, value, slope = (
        builder.op("Gather", builder.constant(flat[:, i]), index) for i in range(3)
    )
    change = builder.op("Mul", slope, builder.op("Sub", x.name, start))
    return builder.op("Add", change, value)


def _segments(xs: Floats, ys: Floats, descending: bool) -> Floats:
    """For each rank of x among xs: a point and the slope there, shape (len(xs) + 1, 3)."""
    segments = np.zeros((len(xs) + 1, 3))
    segments[0] = xs[0], ys[0], 0.0
    segments[-1] = xs[-1], ys[-1], 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.diff(ys) / np.diff(xs)
    anchor = slice(1, None) if descending else slice(None, -1)
    segments[1:-1, 0], segments[1:-1, 1] = xs[anchor], ys[anchor]
    # No x has a rank between equal points, so their infinite slope is never used.
    segments[1:-1, 2] = np.where(np.isfinite(slopes), slopes, 0.0)
    return segments


def _normal_limits() -> tuple[float, float]:
    from scipy.stats import norm

    tail = BOUNDS_THRESHOLD - np.spacing(1.0)
    return float(norm.ppf(tail)), float(norm.ppf(1 - tail))
