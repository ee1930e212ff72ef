"""Calibrated classifiers: another classifier's scores, made into probabilities."""

from typing import Any

import numpy as np

from tablecast.compiler import arithmetic as a
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, classify
from tablecast.compiler.steps.power_and_quantile import interpolate
from tablecast.errors import UnsupportedStep

# scikit-learn takes a probability this little above 1 for 1.
_ROUNDING = 1e-5


@classifies("sklearn.calibration.CalibratedClassifierCV")
def calibrated(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The mean of the probabilities of each fold's calibrated classifier."""
    total = ""
    members = estimator.calibrated_classifiers_
    for member in members:
        chances = _member(builder, member, x)
        total = builder.op("Add", total, chances) if total else chances
    chances = builder.op("Div", total, builder.constant(float(len(members))))
    return Classification(a.first_largest(builder, chances), chances)


@classifies("tablecast.features.Tempered")
def tempered(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Another classifier's labels, and its probabilities raised to a power."""
    output = classify(builder, estimator.estimator_, x)
    if output.probabilities is None:
        raise UnsupportedStep(type(estimator.estimator_).__name__, "it gives no probabilities")
    chances = _raised(builder, output.probabilities, estimator.LEAST, estimator.power)
    return Classification(output.index, a.proportions(builder, chances))


@classifies("tablecast.features.RaisedVote")
def raised_vote(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The product of the members' probabilities, each raised to its power."""
    product = ""
    for member, power in zip(estimator.estimators_, estimator.weights, strict=True):
        chances = classify(builder, member, x).probabilities
        if chances is None:
            raise UnsupportedStep(type(member).__name__, "it gives no probabilities")
        chances = _raised(builder, chances, estimator.LEAST, power)
        product = builder.op("Mul", product, chances) if product else chances
    chances = a.proportions(builder, product)
    return Classification(a.first_largest(builder, chances), chances)


def _raised(builder: Builder, chances: str, least: float, power: float) -> str:
    """Probabilities to a power, not yet shares of one."""
    chances = builder.op("Max", chances, builder.constant(least))
    return builder.op("Pow", chances, builder.constant(float(power)))


def _member(builder: Builder, member: Any, x: Matrix) -> str:
    classes = len(member.classes)
    if len(member.estimator.classes_) != classes:
        raise UnsupportedStep("CalibratedClassifierCV", "a fold has not seen every class")
    scores = _scores(builder, member.estimator, x)
    if classes == 2:
        chances = _calibrate(builder, member.calibrators[0], scores)
        return _no_more_than_one(builder, a.both_classes(builder, chances))
    columns = [
        _calibrate(builder, calibrator, a.column(builder, scores, index))
        for index, calibrator in enumerate(member.calibrators)
    ]
    chances = a.join(builder, columns)
    sums = a.total(builder, chances)
    empty = builder.op("Equal", sums, builder.constant(0.0))
    divisor = builder.op("Where", empty, builder.constant(1.0), sums)
    proportions = builder.op("Div", chances, divisor)
    even = builder.constant(1.0 / classes)
    return _no_more_than_one(builder, builder.op("Where", empty, even, proportions))


def _scores(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The scores that scikit-learn calibrates: the decision function before probabilities."""
    output = classify(builder, estimator, x)
    if output.decision is not None:
        return output.decision
    if output.probabilities is None:
        raise UnsupportedStep(type(estimator).__name__, "it gives neither scores nor probabilities")
    if len(estimator.classes_) == 2:
        return a.column(builder, output.probabilities, 1)
    return output.probabilities


def _no_more_than_one(builder: Builder, chances: str) -> str:
    one = builder.constant(1.0)
    above = builder.op("Greater", chances, one)
    near = builder.op("LessOrEqual", chances, builder.constant(1.0 + _ROUNDING))
    return builder.op("Where", builder.op("And", above, near), one, chances)


def _calibrate(builder: Builder, calibrator: Any, scores: str) -> str:
    """One class's calibrated scores: (rows, 1)."""
    if type(calibrator).__name__ != "IsotonicRegression":
        line = builder.op("Mul", scores, builder.constant(-float(calibrator.a_)))
        line = builder.op("Sub", line, builder.constant(float(calibrator.b_)))
        return a.expit(builder, line)
    knots = np.asarray(calibrator.X_thresholds_, dtype=np.float64)
    values = np.asarray(calibrator.y_thresholds_, dtype=np.float64)
    scores = builder.held(scores, float(calibrator.X_min_), float(calibrator.X_max_))
    return interpolate(builder, Matrix(scores, 1), [knots], [values])
