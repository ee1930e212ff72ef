"""Estimators that remember rows, Bayesian ones and networks answer in the graph as they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from equality import (
    Table,
    assert_same_classification,
    assert_same_regression,
    declare,
    hard_rows,
    one_line,
    run,
)
from onnx import TensorProto
from scipy import special
from sklearn import svm
from sklearn.base import clone
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tablecast.compiler import arithmetic
from tablecast.compiler.graph import Builder
from tablecast.compiler.registry import classify, regress
from tablecast.compiler.steps import normal
from tablecast.errors import UnsupportedStep

REGRESSORS = [
    KernelRidge(),
    KernelRidge(kernel="rbf"),
    KernelRidge(kernel="poly", degree=2, gamma=0.01),
    svm.SVR(),
    svm.SVR(kernel="linear", C=0.1),
    svm.SVR(kernel="sigmoid"),
    svm.NuSVR(kernel="poly", degree=2),
    KNeighborsRegressor(),
    KNeighborsRegressor(n_neighbors=9, weights="distance", metric="manhattan"),
    KNeighborsRegressor(algorithm="brute"),
    KNeighborsRegressor(metric="minkowski", p=3, weights="distance"),
    MLPRegressor(random_state=1, max_iter=60),
    MLPRegressor(random_state=1, max_iter=60, activation="tanh", hidden_layer_sizes=(9, 5)),
    DummyRegressor(),
    DummyRegressor(strategy="quantile", quantile=0.8),
]

WIDE = 2.0 * RBF(1.5) + WhiteKernel(0.1)
RBF_SVM: dict[str, Any] = {"gamma": "auto", "probability": True, "random_state": 1}

CLASSIFIERS = [
    svm.SVC(**RBF_SVM),
    svm.SVC(C=30.0, class_weight="balanced", **RBF_SVM),
    svm.SVC(kernel="linear"),
    svm.SVC(break_ties=True),
    svm.NuSVC(nu=0.3, kernel="sigmoid", gamma=0.01),
    GaussianNB(),
    GaussianNB(var_smoothing=0.1),
    QuadraticDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(reg_param=0.4),
    GaussianProcessClassifier(random_state=1, copy_X_train=False),
    GaussianProcessClassifier(WIDE, random_state=1, optimizer=None),
    GaussianProcessClassifier(ConstantKernel(0.7) * RBF([1.0, 2.0, 3.0, 4.0]), optimizer=None),
    MLPClassifier(random_state=1, max_iter=60),
    MLPClassifier(random_state=1, max_iter=60, activation="logistic"),
    MLPClassifier(random_state=1, max_iter=60, activation="identity", hidden_layer_sizes=(7, 7)),
    DummyClassifier(),
    DummyClassifier(strategy="most_frequent"),
]

NEIGHBOURS = [
    KNeighborsClassifier(),
    KNeighborsClassifier(n_neighbors=8, weights="distance"),
    KNeighborsClassifier(n_neighbors=12, metric="manhattan"),
    KNeighborsClassifier(algorithm="brute"),
]

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # nothing here needs a good fit
)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=one_line)
def test_regressors_answer_alike(estimator: Any, numbers: Table) -> None:
    """Every regressor that remembers rows or layers gives the same number in the graph."""
    X, y = numbers
    assert_same_regression(clone(estimator).fit(X, y), hard_rows(X))


@pytest.mark.parametrize("classes", ["two_classes", "three_classes"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=one_line)
def test_classifiers_answer_alike(
    estimator: Any, classes: str, request: pytest.FixtureRequest
) -> None:
    """Every such classifier gives the same label, probabilities and scores in the graph."""
    X, y = request.getfixturevalue(classes)
    assert_same_classification(clone(estimator).fit(X[:, :4], y), hard_rows(X[:, :4]))


def test_many_classes_are_coupled_alike() -> None:
    """libsvm's coupling of pairs stops at the same step for every row, whatever the classes."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(150, 3))
    y = rng.integers(0, 6, 150)
    estimator = svm.SVC(probability=True, random_state=1).fit(X, y)
    assert_same_classification(estimator, hard_rows(X))


@pytest.mark.parametrize("estimator", NEIGHBOURS, ids=one_line)
def test_neighbours_answer_alike(estimator: Any, three_classes: Table) -> None:
    """Nearest neighbours give the same label and probabilities, met rows included."""
    X, y = three_classes
    X = X + np.random.default_rng(7).normal(size=X.shape) * 1e-3
    assert_same_classification(clone(estimator).fit(X, y), hard_rows(X))


def test_tied_neighbours_are_mostly_those_that_scikit_learn_takes(three_classes: Table) -> None:
    """Of equally near rows the graph takes those first in their leaf, the search nearly always."""
    X, y = three_classes
    rows = hard_rows(X)
    estimator = KNeighborsClassifier().fit(X, y)
    builder = Builder()
    index = classify(builder, estimator, declare(builder, 4)).index
    (answer,) = run(builder, [(index, "y", TensorProto.INT64, ["rows"])], rows)
    assert np.mean(estimator.classes_[answer] == estimator.predict(rows)) > 0.99


@pytest.mark.parametrize("count", [1, 5, 8, 21])
def test_single_precision_targets_are_averaged_alike(count: int, numbers: Table) -> None:
    """Neighbours with float32 targets, as PyCaret keeps them, are averaged in float32."""
    X, y = numbers
    estimator = KNeighborsRegressor(count).fit(X, y.astype(np.float32))
    rows = X + np.random.default_rng(8).normal(size=X.shape) * 1e-2
    assert_same_regression(estimator, rows)


def test_error_function_is_exact() -> None:
    """The error function is scipy's to the last digits, at both ends and between."""
    X = np.concatenate([np.linspace(-7, 7, 5001), [0.0, 1e-9, 40.0, -40.0]]).reshape(-1, 1)
    builder = Builder()
    tensor = arithmetic.erf(builder, declare(builder, 1).name)
    (answer,) = run(builder, [(tensor, "y", TensorProto.DOUBLE, ["rows", 1])], X)
    np.testing.assert_allclose(answer, special.erf(X), rtol=1e-15, atol=2e-16)


@pytest.mark.parametrize(
    ("compiled", "exact"), [(arithmetic.erf, special.erf), (normal.distribution, special.ndtr)]
)
def test_a_missing_value_stays_missing(compiled: Any, exact: Any) -> None:
    """One row without a value is NaN, and the others of its batch are answered."""
    X = np.array([[np.nan], [0.3], [np.inf], [-np.inf], [-8.0], [1e-9], [0.0]])
    builder = Builder()
    tensor = compiled(builder, declare(builder, 1).name)
    (answer,) = run(builder, [(tensor, "y", TensorProto.DOUBLE, ["rows", 1])], X)
    np.testing.assert_allclose(answer, exact(X), rtol=1e-15, atol=2e-16)


@pytest.mark.parametrize("strategy", ["stratified", "uniform"])
def test_random_answers_are_refused(strategy: str, two_classes: Table) -> None:
    """A dummy that draws lots has no graph."""
    estimator = DummyClassifier(strategy=strategy).fit(*two_classes)
    builder = Builder()
    with pytest.raises(UnsupportedStep, match="at random"):
        classify(builder, estimator, declare(builder, 6))


@pytest.mark.parametrize(
    "estimator",
    [KNeighborsRegressor(metric="chebyshev"), KNeighborsRegressor(weights=np.exp)],
    ids=["metric", "weights"],
)
def test_other_neighbourhoods_are_refused(estimator: Any, numbers: Table) -> None:
    """A metric or a weighting that the graph does not know is refused with its reason."""
    builder = Builder()
    with pytest.raises(UnsupportedStep, match=r"metric is|are a function"):
        regress(builder, clone(estimator).fit(*numbers), declare(builder, 6))
