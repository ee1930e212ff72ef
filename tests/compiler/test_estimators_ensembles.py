"""Estimators made of other estimators answer in the graph as they do, as PyCaret builds them."""

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
)
from lightgbm import LGBMClassifier
from pycaret.internal.meta_estimators import (
    CustomProbabilityThresholdClassifier,
    PowerTransformedTargetRegressor,
)
from pycaret.internal.tunable import (
    TunableMLPClassifier,
    TunableMLPRegressor,
    TunableVotingClassifier,
    TunableVotingRegressor,
)
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tablecast.compiler.graph import Builder
from tablecast.compiler.registry import classify, regress
from tablecast.errors import UnsupportedStep
from tablecast.features.bounded import Bounded, BoundedVote
from tablecast.features.searched_terms import SearchedTerms
from tablecast.features.temperature import RaisedVote, Tempered

TREE = DecisionTreeRegressor(random_state=1, max_depth=4)
FOREST = RandomForestRegressor(n_estimators=10, random_state=1)
MEMBERS = [("lr", LinearRegression()), ("dt", TREE), ("rf", FOREST)]

REGRESSORS = [
    BaggingRegressor(TREE, random_state=1),
    BaggingRegressor(TREE, random_state=1, bootstrap_features=True, max_features=0.5),
    BaggingRegressor(LinearRegression(), random_state=1),
    BaggingRegressor(Ridge(), random_state=1, bootstrap_features=True, max_features=0.7),
    VotingRegressor(MEMBERS),
    Bounded(LinearRegression()),
    BoundedVote(MEMBERS, weights=[2, 1, 1], apart=[(-0.5, 0.2), None, None]),
    VotingRegressor(MEMBERS, weights=[0.5, 0.2, 0.3]),
    TunableVotingRegressor(MEMBERS, weights=[1, 2, 3]),
    StackingRegressor(MEMBERS, LinearRegression()),
    StackingRegressor(MEMBERS, TREE, passthrough=True),
    PowerTransformedTargetRegressor(LinearRegression()),
    PowerTransformedTargetRegressor(TREE, power_transformer_method="yeo-johnson"),
    TransformedTargetRegressor(TREE, transformer=StandardScaler()),
    TunableMLPRegressor(hidden_layer_sizes=[8, 4], random_state=1, max_iter=30),
]

LOGISTIC = LogisticRegression(max_iter=5000)
CLASS_TREE = DecisionTreeClassifier(random_state=1, max_depth=4)
CLASS_FOREST = RandomForestClassifier(n_estimators=10, random_state=1)
GRADIENT = GradientBoostingClassifier(n_estimators=5, random_state=1)
CLASS_MEMBERS = [("lr", LOGISTIC), ("dt", CLASS_TREE), ("nb", GaussianNB())]
MIXED = [("ridge", RidgeClassifier()), ("gbc", GRADIENT), ("rf", CLASS_FOREST)]

CLASSIFIERS = [
    BaggingClassifier(CLASS_TREE, random_state=1),
    BaggingClassifier(CLASS_TREE, random_state=1, bootstrap_features=True, max_features=0.5),
    BaggingClassifier(LOGISTIC, random_state=1),
    BaggingClassifier(RidgeClassifier(), random_state=1, max_features=0.6),
    VotingClassifier(CLASS_MEMBERS, voting="soft"),
    VotingClassifier(CLASS_MEMBERS, voting="soft", weights=[3, 1, 1]),
    VotingClassifier(MIXED, voting="hard"),
    TunableVotingClassifier(MIXED[:2], voting="hard"),
    TunableVotingClassifier(MIXED[:2], voting="hard", weights=[1, 2]),
    StackingClassifier(CLASS_MEMBERS, LOGISTIC),
    StackingClassifier(MIXED, LOGISTIC, passthrough=True),
    StackingClassifier(CLASS_MEMBERS, RidgeClassifier(), stack_method="predict"),
    CalibratedClassifierCV(LOGISTIC, cv=3),
    CalibratedClassifierCV(CLASS_TREE, cv=3),
    CalibratedClassifierCV(CLASS_FOREST, method="isotonic", cv=5),
    CalibratedClassifierCV(GRADIENT, method="isotonic", cv=3),
    CalibratedClassifierCV(RidgeClassifier(), method="isotonic", cv=3, ensemble=False),
    CalibratedClassifierCV(BaggingClassifier(LinearDiscriminantAnalysis(), random_state=1), cv=3),
    CalibratedClassifierCV(AdaBoostClassifier(n_estimators=5, algorithm="SAMME"), cv=3),
    CalibratedClassifierCV(SVC(random_state=1), cv=3),
    Tempered(VotingClassifier(CLASS_MEMBERS, voting="soft"), 1.3),
    Tempered(GRADIENT, 0.3),
    RaisedVote(CLASS_MEMBERS, voting="soft", weights=[0.4, 0.25, 0.7]),
    OneVsRestClassifier(LOGISTIC),
    OneVsRestClassifier(CLASS_TREE),
    OneVsRestClassifier(RidgeClassifier()),
    TunableMLPClassifier(hidden_layer_sizes=[8, 4], random_state=1, max_iter=30),
]

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # nothing here needs a good fit
)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=one_line)
def test_regressors_of_regressors_answer_alike(estimator: Any, numbers: Table) -> None:
    """Every regressor made of others gives the same number in the graph."""
    X, y = numbers
    assert_same_regression(clone(estimator).fit(X, np.abs(y) + 1.0), hard_rows(X))


@pytest.mark.parametrize("classes", ["two_classes", "three_classes"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=one_line)
def test_classifiers_of_classifiers_answer_alike(
    estimator: Any, classes: str, request: pytest.FixtureRequest
) -> None:
    """Every classifier made of others gives the same label, probabilities and scores."""
    X, y = request.getfixturevalue(classes)
    assert_same_classification(clone(estimator).fit(X, y), hard_rows(X))


@pytest.mark.parametrize("limit", [0.2, 0.5, 0.75])
@pytest.mark.parametrize("inner", [LOGISTIC, CLASS_TREE, RidgeClassifier()], ids=one_line)
def test_probability_limits_hold_alike(inner: Any, limit: float, two_classes: Table) -> None:
    """PyCaret's threshold takes the second class from the limit on, where there are chances."""
    X, y = two_classes
    estimator = CustomProbabilityThresholdClassifier(inner, probability_threshold=limit).fit(X, y)
    assert_same_classification(estimator, hard_rows(X))


def test_calibration_of_lightgbm_answers_alike(two_classes: Table) -> None:
    """A classifier without scores is calibrated on its probabilities."""
    X, y = two_classes
    booster = LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1)
    estimator = CalibratedClassifierCV(booster, cv=3).fit(X, y)
    assert_same_classification(estimator, hard_rows(X))


def test_bagging_answers_alike_where_a_member_missed_a_class() -> None:
    """A member that has not seen a class gives it nothing."""
    X = np.random.default_rng(4).normal(size=(60, 3))
    y = np.array(["rare"] * 3 + ["common", "usual"] * 28 + ["usual"])
    members = KNeighborsClassifier(3)
    estimator = BaggingClassifier(members, random_state=1, max_samples=0.3).fit(X, y)
    assert any(len(inner.classes_) < 3 for inner in estimator.estimators_)
    assert_same_classification(estimator, hard_rows(X))


def test_what_has_no_converter_is_refused(numbers: Table, two_classes: Table) -> None:
    """An unknown member or target transformer is refused by name."""
    X, y = numbers
    builder = Builder()
    x = declare(builder, 6)
    unknown = PowerTransformedTargetRegressor(LinearRegression()).fit(X, np.abs(y) + 1.0)
    unknown.transformer_ = QuantileTransformer()
    with pytest.raises(UnsupportedStep, match="QuantileTransformer"):
        regress(builder, unknown, x)
    hidden = BaggingClassifier(LOGISTIC).fit(*two_classes)
    hidden.estimators_ = [QuantileTransformer()] * 10
    with pytest.raises(UnsupportedStep, match="no converter is registered"):
        classify(builder, hidden, x)


def test_a_chain_of_steps_answers_alike(numbers: Table, three_classes: Table) -> None:
    """An estimator with steps of its own before it: scaled, with searched terms, as in a vote."""
    X, y = numbers
    chain = Pipeline(
        [("scale", StandardScaler()), ("terms", SearchedTerms(4)), ("last", LinearRegression())]
    )
    vote = VotingRegressor([("chain", chain), ("dt", TREE)], weights=[2, 1])
    assert_same_regression(vote.fit(X, y), hard_rows(X))
    X, labels = three_classes
    chain = Pipeline([("skipped", "passthrough"), ("scale", StandardScaler()), ("last", LOGISTIC)])
    assert_same_classification(chain.fit(X, labels), hard_rows(X))
