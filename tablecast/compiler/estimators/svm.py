"""Support vector machines and kernel ridge regression, which store training rows."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from tablecast.compiler import arithmetic as a
from tablecast.compiler.estimators.kernels import kernel
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, regresses
from tablecast.errors import UnsupportedStep

Doubles = NDArray[np.float64]

# libsvm keeps each pair's probability this far from 0 and 1.
_LEAST_PROBABILITY = 1e-7


def _support_kernel(builder: Builder, estimator: Any, x: Matrix) -> str:
    if not isinstance(estimator.kernel, str) or estimator.kernel == "precomputed":
        raise UnsupportedStep(type(estimator).__name__, "its kernel is not one of libsvm's own")
    return kernel(
        builder,
        x,
        estimator.support_vectors_,
        estimator.kernel,
        estimator._gamma,
        estimator.coef0,
        estimator.degree,
    )


@regresses("sklearn.svm.SVR", "sklearn.svm.NuSVR")
def support_vector_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The weighted sum of kernels."""
    near = _support_kernel(builder, estimator, x)
    return a.affine(builder, near, estimator.dual_coef_.T, estimator.intercept_)


@regresses("sklearn.kernel_ridge.KernelRidge")
def kernel_ridge(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The weighted sum of kernels; a linear kernel is a linear model."""
    duals = np.asarray(estimator.dual_coef_, dtype=np.float64).reshape(-1, 1)
    points = np.asarray(estimator.X_fit_, dtype=np.float64)
    if estimator.kernel == "linear":
        return a.affine(builder, x.name, points.T @ duals, 0.0)
    gamma = 1.0 / x.width if estimator.gamma is None else estimator.gamma
    near = kernel(
        builder, x, points, str(estimator.kernel), gamma, estimator.coef0, estimator.degree
    )
    return a.affine(builder, near, duals, 0.0)


@classifies("sklearn.svm.SVC", "sklearn.svm.NuSVC")
def support_vector_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """One machine for each pair of classes, which vote; pairs are coupled for probabilities."""
    classes = len(estimator.classes_)
    near = _support_kernel(builder, estimator, x)
    weights = _pair_weights(estimator, classes)
    # Positive speaks for a pair's first class; scikit-learn turns the sign for two classes.
    scores = a.affine(builder, near, weights, estimator._intercept_)
    chances = None
    if estimator.probability:
        chances = _coupled(builder, _pair_probabilities(builder, estimator, scores), classes)
    if classes == 2:
        second = builder.op("LessOrEqual", scores, builder.constant(0.0))
        index = a.flat(builder, builder.cast(second, TensorProto.INT64))
        return Classification(index, chances, builder.op("Neg", scores))
    first, second_of = _pair_members(classes)
    lost = builder.op("LessOrEqual", scores, builder.constant(0.0))
    votes = _votes(builder, lost, first, second_of)
    decision = _decision(builder, estimator, scores, first, second_of)
    by_score = estimator.break_ties and estimator.decision_function_shape == "ovr"
    index = a.first_largest(builder, decision if by_score else votes)
    return Classification(index, chances, decision)


def _pair_members(classes: int) -> tuple[Doubles, Doubles]:
    """Which class is first and which second in each pair: (pairs, classes), zeros and ones."""
    pairs = np.array(list(combinations(range(classes), 2)))
    return np.eye(classes)[pairs[:, 0]], np.eye(classes)[pairs[:, 1]]


def _pair_weights(estimator: Any, classes: int) -> Doubles:
    """Each support vector's weight in each pair: (support vectors, pairs)."""
    duals = np.asarray(estimator._dual_coef_)
    ends = np.cumsum(estimator._n_support[:classes])
    mine = [slice(end - count, end) for end, count in zip(ends, estimator._n_support, strict=False)]
    columns = []
    for i, j in combinations(range(classes), 2):
        column = np.zeros(duals.shape[1])
        column[mine[i]] = duals[j - 1, mine[i]]
        column[mine[j]] = duals[i, mine[j]]
        columns.append(column)
    return np.stack(columns, axis=1)


def _votes(builder: Builder, second_wins: str, first: Doubles, second: Doubles) -> str:
    lost = builder.cast(second_wins, TensorProto.DOUBLE)
    won = builder.op("Sub", builder.constant(1.0), lost)
    ours = builder.op("MatMul", won, builder.constant(first))
    return builder.op("Add", ours, builder.op("MatMul", lost, builder.constant(second)))


def _decision(
    builder: Builder, estimator: Any, scores: str, first: Doubles, second: Doubles
) -> str:
    """scikit-learn's one-vs-rest scores: votes, and the sums of scores to part equal ones."""
    if estimator.decision_function_shape == "ovo":
        return scores
    votes = _votes(builder, builder.op("Less", scores, builder.constant(0.0)), first, second)
    sums = builder.op("MatMul", scores, builder.constant(first - second))
    size = builder.op("Add", builder.op("Abs", sums), builder.constant(1.0))
    shrunk = builder.op("Div", sums, builder.op("Mul", size, builder.constant(3.0)))
    return builder.op("Add", votes, shrunk)


def _pair_probabilities(builder: Builder, estimator: Any, scores: str) -> str:
    """The probability of each pair's first class by Platt's sigmoid: (rows, pairs)."""
    slope = builder.constant(np.asarray(estimator._probA))
    shift = builder.constant(np.asarray(estimator._probB))
    line = builder.op("Add", builder.op("Mul", scores, slope), shift)
    chances = a.expit(builder, builder.op("Neg", line))
    return builder.held(chances, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)


def _coupled(builder: Builder, pairs: str, classes: int) -> str:
    """Class probabilities from those of pairs, by libsvm's own iteration.

    Wu, Lin and Weng (2004), algorithm 2, as ``multiclass_probability`` has it. libsvm stops early,
    and so short of the limit, for two classes as well.
    """
    matrix, diagonal = _coupling_matrix(builder, pairs, classes)
    even = builder.constant(np.full((1, classes), 1.0 / classes))
    rows = builder.op("Shape", pairs, start=0, end=1)
    shape = builder.op("Concat", rows, builder.constant([1], np.int64), axis=0)
    start = builder.op("Expand", even, shape)
    smallest = builder.constant(0.005 / classes)

    def step(p: str) -> tuple[str, str]:
        product = _row_products(builder, matrix, p)
        whole = a.total(builder, builder.op("Mul", p, product))
        gaps = builder.op("Abs", builder.op("Sub", product, whole))
        error = builder.op("ReduceMax", gaps, axes=[1], keepdims=1)
        unfinished = builder.op("GreaterOrEqual", error, smallest)
        better = _improved(builder, p, product, whole, matrix, diagonal, classes)
        after = builder.op("Where", unfinished, better, p)
        left = builder.cast(unfinished, TensorProto.DOUBLE)
        count = builder.op("ReduceSum", left, keepdims=0)
        return builder.op("Greater", count, builder.constant(0.0)), after

    return builder.repeat(max(100, classes), start, step)


def _coupling_matrix(builder: Builder, pairs: str, classes: int) -> tuple[str, str]:
    """libsvm's Q, (rows, classes, classes), and its diagonal, (rows, classes)."""
    count = classes * (classes - 1) // 2
    complement = builder.op("Sub", builder.constant(1.0), pairs)
    zero = builder.op("Sub", a.column(builder, pairs, 0), a.column(builder, pairs, 0))
    every = a.join(builder, [pairs, complement, zero])
    indices = np.full((classes, classes), 2 * count)
    for number, (i, j) in enumerate(combinations(range(classes), 2)):
        indices[i, j], indices[j, i] = number, count + number
    ours = builder.op("Gather", every, builder.constant(indices, np.int64), axis=1)
    theirs = builder.op("Gather", every, builder.constant(indices.T, np.int64), axis=1)
    squares = builder.op("Mul", theirs, theirs)
    diagonal = builder.op("ReduceSum", squares, builder.constant([2], np.int64), keepdims=0)
    spread = builder.op("Unsqueeze", diagonal, builder.constant([2], np.int64))
    spread = builder.op("Mul", spread, builder.constant(np.eye(classes)))
    return builder.op("Sub", spread, builder.op("Mul", ours, theirs)), diagonal


def _row_products(builder: Builder, matrix: str, p: str) -> str:
    terms = builder.op("Mul", matrix, builder.op("Unsqueeze", p, builder.constant([1], np.int64)))
    return builder.op("ReduceSum", terms, builder.constant([2], np.int64), keepdims=0)


def _improved(
    builder: Builder, p: str, product: str, whole: str, matrix: str, diagonal: str, classes: int
) -> str:
    """One round over the classes."""
    one, two = builder.constant(1.0), builder.constant(2.0)
    for t in range(classes):
        own = a.column(builder, product, t)
        weight = a.column(builder, diagonal, t)
        change = builder.op("Div", builder.op("Sub", whole, own), weight)
        grown = builder.op("Add", one, change)
        here = builder.constant(np.eye(classes)[[t]])
        p = builder.op("Add", p, builder.op("Mul", change, here))
        inner = builder.op("Mul", change, weight)
        inner = builder.op("Add", inner, builder.op("Mul", two, own))
        whole = builder.op("Add", whole, builder.op("Mul", change, inner))
        whole = builder.op("Div", builder.op("Div", whole, grown), grown)
        row = builder.op("Gather", matrix, builder.constant(t, np.int64), axis=1)
        product = builder.op("Add", product, builder.op("Mul", change, row))
        product = builder.op("Div", product, grown)
        p = builder.op("Div", p, grown)
    return p
