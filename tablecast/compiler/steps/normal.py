"""The normal distribution's distribution function and its inverse, to full double precision.

The rational approximations of the inverse are those of Wichura (1988), algorithm AS 241, PPND16.
"""

from collections.abc import Sequence

import numpy as np

from tablecast.compiler.arithmetic import erf
from tablecast.compiler.graph import Builder

# fmt: off
# AS 241: numerators and denominators, highest power first.
CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)
NEAR = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
     4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
     2.05319162663775882187, 1.0),
)
FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
     0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
     5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
     7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
     0.59983220655588793769, 1.0),
)
# fmt: on


def quantile(builder: Builder, p: str) -> str:
    """The value below which a standard normal variable is with probability p, 0 <= p <= 1.

    At 0 and 1 it is -37 and 37, not infinite.
    """
    constant = builder.constant
    q = builder.op("Sub", p, constant(0.5))
    centre = builder.op(
        "Mul", q, _ratio(builder, _from(builder, 0.180625, builder.op("Mul", q, q)), CENTRE)
    )
    tail = builder.op("Min", p, _from(builder, 1.0, p))
    tail = builder.op("Max", tail, constant(1e-300))
    r = builder.op("Sqrt", builder.op("Neg", builder.op("Log", tail)))
    near = _ratio(builder, builder.op("Sub", r, constant(1.6)), NEAR)
    far = _ratio(builder, builder.op("Sub", r, constant(5.0)), FAR)
    size = builder.op("Where", builder.op("LessOrEqual", r, constant(5.0)), near, far)
    outer = builder.op("Mul", builder.op("Sign", q), size)
    inner = builder.op("LessOrEqual", builder.op("Abs", q), constant(0.425))
    return builder.op("Where", inner, centre, outer)


def distribution(builder: Builder, x: str) -> str:
    """The probability that a standard normal variable is at most x, to about 1e-16."""
    half = builder.constant(0.5)
    error = erf(builder, builder.op("Mul", x, builder.constant(np.sqrt(0.5))))
    return builder.op("Add", builder.op("Mul", error, half), half)


def _from(builder: Builder, value: float, tensor: str) -> str:
    return builder.op("Sub", builder.constant(value), tensor)


def _ratio(builder: Builder, x: str, ratio: tuple[Sequence[float], Sequence[float]]) -> str:
    numerator, denominator = ratio
    return builder.op(
        "Div", _polynomial(builder, x, numerator), _polynomial(builder, x, denominator)
    )


def _polynomial(builder: Builder, x: str, coefficients: Sequence[float]) -> str:
    """Horner's rule, the highest power's coefficient first."""
    result = builder.constant(coefficients[0])
    for coefficient in coefficients[1:]:
        result = builder.op("Add", builder.op("Mul", result, x), builder.constant(coefficient))
    return result
