"""Linear models answer in the graph as they do in scikit-learn."""

from __future__ import annotations

from typing import Any

import pytest
from equality import (
    Table,
    assert_same_classification,
    assert_same_regression,
    declare,
    hard_rows,
    one_line,
)
from sklearn import linear_model as lm
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.svm import LinearSVC, LinearSVR

from tablecast.compiler.graph import Builder
from tablecast.compiler.registry import classify
from tablecast.errors import UnsupportedStep

REGRESSORS = [
    lm.LinearRegression(),
    lm.LinearRegression(fit_intercept=False),
    lm.Lasso(),
    lm.Ridge(),
    lm.ElasticNet(),
    lm.Lars(random_state=1),
    lm.LassoLars(random_state=1),
    lm.OrthogonalMatchingPursuit(),
    lm.BayesianRidge(),
    lm.ARDRegression(),
    lm.PassiveAggressiveRegressor(random_state=1),
    lm.RANSACRegressor(random_state=1, min_samples=0.5),
    lm.TheilSenRegressor(random_state=1, max_iter=100, n_jobs=1),
    lm.HuberRegressor(max_iter=2000),
    lm.SGDRegressor(random_state=1, eta0=1e-6, max_iter=20, tol=None),
    LinearSVR(random_state=1, max_iter=50000, C=0.001, dual=True),
]

CLASSIFIERS = [
    lm.LogisticRegression(max_iter=5000),
    lm.LogisticRegression(solver="liblinear"),
    lm.LogisticRegression(max_iter=5000, multi_class="ovr"),
    lm.LogisticRegression(max_iter=5000, multi_class="multinomial"),
    lm.RidgeClassifier(),
    lm.SGDClassifier(tol=0.001, loss="hinge", eta0=0.001, random_state=1),
    lm.SGDClassifier(loss="log_loss", random_state=1),
    lm.PassiveAggressiveClassifier(random_state=1),
    lm.Perceptron(random_state=1),
    LinearSVC(random_state=1, dual=False),
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1),
]


@pytest.mark.parametrize("estimator", REGRESSORS, ids=one_line)
def test_linear_regressors_answer_alike(estimator: Any, numbers: Table) -> None:
    """Every linear regressor gives the same number in the graph."""
    X, y = numbers
    assert_same_regression(clone(estimator).fit(X, y), hard_rows(X))


@pytest.mark.parametrize("classes", ["two_classes", "three_classes"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=one_line)
def test_linear_classifiers_answer_alike(
    estimator: Any, classes: str, request: pytest.FixtureRequest
) -> None:
    """Every linear classifier gives the same label, probabilities and scores in the graph."""
    X, y = request.getfixturevalue(classes)
    assert_same_classification(clone(estimator).fit(X, y), hard_rows(X))


def test_other_probabilities_are_refused(two_classes: Table) -> None:
    """A loss whose probabilities have a formula of their own is refused, not approximated."""
    estimator = lm.SGDClassifier(loss="modified_huber", random_state=1).fit(*two_classes)
    builder = Builder()
    with pytest.raises(UnsupportedStep, match="modified_huber"):
        classify(builder, estimator, declare(builder, 6))
