"""Classifiers that use Bayes' rule: naive Bayes, quadratic discriminants, Gaussian processes."""

from typing import Any

import numpy as np

from tablecast.compiler import arithmetic as a
from tablecast.compiler.estimators.kernels import covariance, own_covariance
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, classify

# Williams and Barber's approximation of the logistic function by error functions, as
# sklearn.gaussian_process._gpc has it.
_ERF_SCALES = np.array([[0.41, 0.4, 0.37, 0.44, 0.39]])
_ERF_WEIGHTS = np.array([-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654])


@classifies("sklearn.naive_bayes.GaussianNB")
def gaussian_naive_bayes(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Naive Bayes with a normal distribution for each class and feature."""
    variances = np.asarray(estimator.var_, dtype=np.float64)
    rows = builder.op("Unsqueeze", x.name, builder.constant([1], np.int64))
    gaps = builder.op("Sub", rows, builder.constant(np.asarray(estimator.theta_)))
    squares = builder.op("Div", builder.op("Mul", gaps, gaps), builder.constant(variances))
    sums = builder.op("ReduceSum", squares, builder.constant([2], np.int64), keepdims=0)
    start = np.log(estimator.class_prior_) - 0.5 * np.sum(np.log(2.0 * np.pi * variances), axis=1)
    half = builder.op("Mul", sums, builder.constant(-0.5))
    joint = builder.op("Add", half, builder.constant(start))
    return Classification(a.first_largest(builder, joint), a.softmax(builder, joint))


@classifies("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis")
def quadratic_discriminant_analysis(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """A normal distribution for each class, turned to its own axes."""
    parts = []
    for mean, turn, scale in zip(
        estimator.means_, estimator.rotations_, estimator.scalings_, strict=True
    ):
        centred = builder.op("Sub", x.name, builder.constant(mean))
        turned = builder.op("MatMul", centred, builder.constant(turn * scale**-0.5))
        parts.append(builder.op("ReduceSumSquare", turned, axes=[1], keepdims=1))
    shift = np.array([np.sum(np.log(scale)) for scale in estimator.scalings_])
    sums = builder.op("Add", a.join(builder, parts), builder.constant(shift))
    half = builder.op("Mul", sums, builder.constant(-0.5))
    joint = builder.op("Add", half, builder.constant(np.log(estimator.priors_)))
    decision = joint
    if len(estimator.classes_) == 2:
        decision = builder.op("Sub", a.column(builder, joint, 1), a.column(builder, joint, 0))
    return Classification(a.first_largest(builder, joint), a.softmax(builder, joint), decision)


@classifies("sklearn.gaussian_process.GaussianProcessClassifier")
def gaussian_process(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Two classes, or one process for each of several."""
    return classify(builder, estimator.base_estimator_, x)


@classifies("sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace")
def laplace_gaussian_process(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Two classes by Laplace's approximation (Rasmussen and Williams, algorithm 3.2)."""
    points = np.asarray(estimator.X_train_, dtype=np.float64)
    near = covariance(builder, x, points, estimator.kernel_)
    mode = (estimator.y_train_ - estimator.pi_).reshape(-1, 1)
    mean = a.affine(builder, near, mode, 0.0)
    spread = np.linalg.solve(estimator.L_, np.diag(estimator.W_sr_))
    known = builder.op("MatMul", near, builder.constant(spread.T))
    known = builder.op("ReduceSumSquare", known, axes=[1], keepdims=1)
    variance = builder.op("Sub", builder.constant(own_covariance(estimator.kernel_)), known)
    chances = a.both_classes(builder, _expected_logistic(builder, mean, variance))
    return Classification(a.is_above(builder, mean, 0.0), chances)


def _expected_logistic(builder: Builder, mean: str, variance: str) -> str:
    """The logistic function's mean over a normal distribution, both given as (rows, 1)."""
    one, two = builder.constant(1.0), builder.constant(2.0)
    # With alpha = 1 / (2 variance), the factor sqrt(pi / alpha) / (2 sqrt(2 pi variance)) is 1/2.
    alpha = builder.op("Div", one, builder.op("Mul", two, variance))
    wide = builder.op("Add", alpha, builder.constant(_ERF_SCALES**2))
    root = builder.op("Sqrt", builder.op("Div", alpha, wide))
    scaled = builder.op("Mul", mean, builder.constant(_ERF_SCALES))
    halves = builder.op(
        "Mul", a.erf(builder, builder.op("Mul", scaled, root)), builder.constant(0.5)
    )
    return a.affine(builder, halves, _ERF_WEIGHTS.reshape(-1, 1), 0.5 * _ERF_WEIGHTS.sum())
