"""Linear models: a weighted sum, and each model's link function."""

from typing import Any

import numpy as np

from tablecast.compiler import arithmetic as a
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import Classification, classifies, regress, regresses
from tablecast.errors import UnsupportedStep

_REGRESSORS = (
    "ARDRegression",
    "BayesianRidge",
    "ElasticNet",
    "ElasticNetCV",
    "HuberRegressor",
    "Lars",
    "LarsCV",
    "Lasso",
    "LassoCV",
    "LassoLars",
    "LassoLarsCV",
    "LassoLarsIC",
    "LinearRegression",
    "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV",
    "PassiveAggressiveRegressor",
    "QuantileRegressor",
    "Ridge",
    "RidgeCV",
    "SGDRegressor",
    "TheilSenRegressor",
)


@regresses(*(f"sklearn.linear_model.{name}" for name in _REGRESSORS), "sklearn.svm.LinearSVR")
def scores(builder: Builder, estimator: Any, x: Matrix) -> str:
    """``x @ coef_ + intercept_`` as float64 (rows, outputs).

    Where the pipeline holds float32 throughout, the result is rounded as the estimator's is; the
    order of its float32 sum cannot be known.
    """
    weights = np.atleast_2d(np.asarray(estimator.coef_))
    result = a.affine(builder, x.name, weights.T, estimator.intercept_)
    if x.single and weights.dtype == np.float32:
        return builder.round_to_single(result)
    return result


@regresses("sklearn.linear_model.RANSACRegressor")
def ransac(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The estimator fitted on the inliers answers."""
    return regress(builder, estimator.estimator_, x)


def choose(builder: Builder, decision: str, classes: int) -> str:
    """The class that scikit-learn's linear classifiers take from their scores."""
    if classes == 2:
        return a.is_above(builder, decision, 0.0)
    return a.first_largest(builder, decision)


def one_vs_rest_probabilities(builder: Builder, decision: str, classes: int) -> str:
    """The logistic function of each score, normalised where there are more than two classes."""
    chances = a.expit(builder, decision)
    if classes == 2:
        return a.both_classes(builder, chances)
    return a.proportions(builder, chances)


@classifies(
    "sklearn.linear_model.PassiveAggressiveClassifier",
    "sklearn.linear_model.Perceptron",
    "sklearn.linear_model.RidgeClassifier",
    "sklearn.linear_model.RidgeClassifierCV",
    "sklearn.svm.LinearSVC",
)
def linear_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Classifiers that decide and give no probabilities."""
    decision = scores(builder, estimator, x)
    index = choose(builder, decision, len(estimator.classes_))
    return Classification(index, decision=decision)


@classifies("sklearn.linear_model.LogisticRegression", "sklearn.linear_model.LogisticRegressionCV")
def logistic_regression(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Logistic regression, one-vs-rest or multinomial."""
    classes = len(estimator.classes_)
    decision = scores(builder, estimator, x)
    scheme = estimator.multi_class
    one_vs_rest = scheme == "ovr" or (
        scheme in ("auto", "deprecated") and (classes == 2 or estimator.solver == "liblinear")
    )
    if one_vs_rest:
        chances = one_vs_rest_probabilities(builder, decision, classes)
    elif classes == 2:
        pair = a.join(builder, [builder.op("Neg", decision), decision])
        chances = a.softmax(builder, pair)
    else:
        chances = a.softmax(builder, decision)
    return Classification(choose(builder, decision, classes), chances, decision)


@classifies("sklearn.linear_model.SGDClassifier")
def sgd_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Stochastic gradient descent; only the logistic losses give probabilities."""
    decision = scores(builder, estimator, x)
    classes = len(estimator.classes_)
    index = choose(builder, decision, classes)
    if estimator.loss == "modified_huber":
        raise UnsupportedStep(
            type(estimator).__name__, "the loss 'modified_huber' has its own probabilities"
        )
    if estimator.loss not in ("log_loss", "log"):
        return Classification(index, decision=decision)
    chances = one_vs_rest_probabilities(builder, decision, classes)
    return Classification(index, chances, decision)


@classifies("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
def linear_discriminant_analysis(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """Linear discriminant analysis, whatever its solver."""
    classes = len(estimator.classes_)
    decision = scores(builder, estimator, x)
    if classes == 2:
        chances = a.both_classes(builder, a.expit(builder, decision))
    else:
        chances = a.softmax(builder, decision)
    return Classification(choose(builder, decision, classes), chances, decision)
