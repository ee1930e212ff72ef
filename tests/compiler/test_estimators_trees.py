"""Trees, forests and boosted trees answer in the graph as they do in their libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
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
from lightgbm import LGBMClassifier, LGBMRegressor
from onnx import TensorProto
from sklearn import ensemble, tree
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression

from tablecast.compiler.graph import Builder
from tablecast.compiler.registry import regress
from tablecast.errors import UnsupportedStep

GBR = ensemble.GradientBoostingRegressor
GBC = ensemble.GradientBoostingClassifier
ADA = ensemble.AdaBoostClassifier
QUIET: dict[str, Any] = {"verbose": -1, "n_jobs": 1, "random_state": 1}

REGRESSORS = [
    tree.DecisionTreeRegressor(random_state=1),
    tree.DecisionTreeRegressor(criterion="absolute_error", max_depth=4, random_state=1),
    tree.ExtraTreeRegressor(random_state=1),
    ensemble.RandomForestRegressor(random_state=1, n_jobs=1),
    ensemble.ExtraTreesRegressor(random_state=1, n_jobs=1),
    GBR(random_state=1),
    GBR(random_state=1, loss="huber", subsample=0.5),
    GBR(random_state=1, init="zero", n_estimators=10),
    ensemble.AdaBoostRegressor(random_state=1),
    ensemble.AdaBoostRegressor(random_state=1, n_estimators=2, loss="square"),
    ensemble.AdaBoostRegressor(LinearRegression(), random_state=1, n_estimators=5),
    LGBMRegressor(**QUIET),
    LGBMRegressor(n_estimators=1, **QUIET),
    LGBMRegressor(objective="poisson", n_estimators=20, **QUIET),
    LGBMRegressor(boosting_type="rf", subsample=0.5, subsample_freq=1, **QUIET),
]

CLASSIFIERS = [
    tree.DecisionTreeClassifier(random_state=1),
    tree.DecisionTreeClassifier(max_depth=3, class_weight="balanced", random_state=1),
    tree.DecisionTreeClassifier(min_impurity_decrease=0.9, random_state=1),
    ensemble.RandomForestClassifier(random_state=1, n_jobs=1),
    ensemble.RandomForestClassifier(n_estimators=20, max_depth=2, random_state=1, n_jobs=1),
    ensemble.ExtraTreesClassifier(random_state=1, n_jobs=1, class_weight="balanced"),
    GBC(random_state=1, n_estimators=30),
    GBC(random_state=1, n_estimators=10, max_depth=1, learning_rate=0.5),
    ADA(random_state=1, algorithm="SAMME"),
    ADA(random_state=1, algorithm="SAMME.R"),
    ADA(
        tree.DecisionTreeClassifier(max_depth=2), random_state=1, algorithm="SAMME", n_estimators=4
    ),
    ADA(LogisticRegression(max_iter=5000), random_state=1, algorithm="SAMME", n_estimators=5),
    ADA(LogisticRegression(max_iter=5000), random_state=1, algorithm="SAMME.R", n_estimators=5),
    LGBMClassifier(**QUIET),
    LGBMClassifier(num_leaves=5, learning_rate=0.5, n_estimators=10, **QUIET),
]

pytestmark = [
    pytest.mark.filterwarnings("ignore:The SAMME.R algorithm:FutureWarning"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning"),
]


def test_lightgbm_may_have_a_backslash_in_a_name(numbers: Table) -> None:
    """A feature may be named after a level that holds one, which LightGBM's JSON cannot say."""
    X, y = numbers
    named = pd.DataFrame(X, columns=["c\\d", *(f"x{at}" for at in range(X.shape[1] - 1))])
    fitted = LGBMRegressor(**QUIET).fit(named, np.abs(y))
    assert_same_regression(fitted, hard_rows(X))


@pytest.mark.parametrize("estimator", REGRESSORS, ids=one_line)
def test_tree_regressors_answer_alike(estimator: Any, numbers: Table) -> None:
    """Every tree regressor gives the same number in the graph, thresholds included."""
    X, y = numbers
    assert_same_regression(clone(estimator).fit(X, np.abs(y)), hard_rows(X))


@pytest.mark.parametrize("classes", ["two_classes", "three_classes"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=one_line)
def test_tree_classifiers_answer_alike(
    estimator: Any, classes: str, request: pytest.FixtureRequest
) -> None:
    """Every tree classifier gives the same label and probabilities, ties included."""
    X, y = request.getfixturevalue(classes)
    assert_same_classification(clone(estimator).fit(X, y), hard_rows(X))


def test_exponential_loss_answers_alike(two_classes: Table) -> None:
    """Gradient boosting with AdaBoost's loss has its own link."""
    X, y = two_classes
    estimator = GBC(loss="exponential", random_state=1, n_estimators=10).fit(X, y)
    assert_same_classification(estimator, hard_rows(X))


@pytest.mark.parametrize("gaps", [False, True], ids=["trained whole", "trained with gaps"])
def test_lightgbm_takes_missing_values_alike(numbers: Table, gaps: bool) -> None:
    """LightGBM sends a missing value where it learned to, or takes it for 0."""
    X, y = numbers
    holes = np.random.default_rng(3).random(X.shape) < 0.2
    estimator = LGBMRegressor(**QUIET).fit(np.where(holes, np.nan, X) if gaps else X, y)
    assert_same_regression(estimator, np.where(holes, np.nan, X))


@pytest.mark.parametrize(
    "settings",
    [{"zero_as_missing": True}, {"linear_tree": True}, {"reg_sqrt": True}],
    ids=["zero as missing", "linear leaves", "root of the target"],
)
def test_other_lightgbm_trees_are_refused(numbers: Table, settings: dict[str, Any]) -> None:
    """A LightGBM model that the graph cannot hold is refused with its reason."""
    estimator = LGBMRegressor(n_estimators=3, **settings, **QUIET).fit(*numbers)
    builder = Builder()
    with pytest.raises(UnsupportedStep, match="no graph form"):
        regress(builder, estimator, declare(builder, 6))


def test_other_starts_of_boosting_are_refused(numbers: Table) -> None:
    """Gradient boosting on top of another model is refused with its reason."""
    estimator = GBR(init=LinearRegression(), n_estimators=3).fit(*numbers)
    builder = Builder()
    with pytest.raises(UnsupportedStep, match="init estimator"):
        regress(builder, estimator, declare(builder, 6))


@pytest.mark.parametrize(
    "estimator",
    [tree.DecisionTreeRegressor(max_depth=5), ensemble.RandomForestRegressor(5, n_jobs=1)],
    ids=one_line,
)
def test_missing_values_go_where_training_sent_them(estimator: Any, numbers: Table) -> None:
    """scikit-learn's trees learn a side for them at each split."""
    X, y = numbers
    gaps = np.random.default_rng(5).random(X.shape) < 0.3
    missing = np.where(gaps, np.nan, X)
    fitted = clone(estimator).set_params(random_state=1).fit(missing, y + 50 * gaps[:, 0])
    builder = Builder()
    tensor = regress(builder, fitted, declare(builder, X.shape[1]))
    (answer,) = run(builder, [(tensor, "y", TensorProto.DOUBLE, ["rows", 1])], missing)
    np.testing.assert_allclose(answer[:, 0], fitted.predict(missing), rtol=1e-12)
