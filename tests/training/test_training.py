"""Training: the tutorial's published figures, any table, and what is refused."""

from __future__ import annotations

import json
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycaret", reason="training needs PyCaret")

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from examples.insurance.simulate import simulate
from tablecast.data.prepared import Prepared
from tablecast.data.sources import prepare, read_table
from tablecast.errors import TrainingError
from tablecast.training.cast import cast
from tablecast.training.evaluation.importance import importance_of
from tablecast.training.experiment.recipe import recipe
from tablecast.training.experiment.setup import quiet_and_single, start
from tablecast.training.train import check_self_agreement, train

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

QUIET = {"html": False, "verbose": False, "system_log": False, "n_jobs": 1, "memory": False}


@pytest.fixture(scope="module")
def insurance(real_table: Callable[[str], Path]) -> pd.DataFrame:
    return read_table(real_table("insurance"))


def cross_validated(table: pd.DataFrame, **options: Any) -> tuple[Any, Any, pd.Series]:
    """The tutorial's protocol: its session id, ten folds, linear regression."""
    from pycaret.regression import RegressionExperiment

    experiment = RegressionExperiment()
    with quiet_and_single():
        experiment.setup(table, target="charges", session_id=123, **QUIET, **options)
        estimator = experiment.create_model("lr", verbose=False)
    return experiment, estimator, experiment.pull().loc["Mean"]


@pytest.fixture(scope="module")
def second_experiment(insurance: pd.DataFrame) -> tuple[Any, Any, pd.Series]:
    steps = recipe(insurance, "charges", bins=["age", "bmi"])
    return cross_validated(insurance, normalize=True, custom_pipeline=steps)


def test_first_experiment_is_the_tutorials(insurance: pd.DataFrame) -> None:
    """Stock setup and linear regression give the tutorial's R2 within 0.005."""
    _, _, mean = cross_validated(insurance)
    assert mean["R2"] == pytest.approx(0.7308, abs=0.005)
    assert mean["MAE"] == pytest.approx(4323.6, rel=0.01)


def test_second_experiment_beats_the_tutorials(second_experiment: Any) -> None:
    """The recipe's features give linear regression a higher R2 and a lower MAE than published."""
    _, _, mean = second_experiment
    assert mean["R2"] >= 0.8272
    assert mean["MAE"] <= 2952.7


def test_second_experiment_is_full_rank(second_experiment: Any) -> None:
    """With an intercept, no feature of the second experiment is a sum of others."""
    experiment, _, _ = second_experiment
    design = experiment.X_train_transformed
    names = set(design.columns)
    assert {"age_Power2", "sin(age)", "cos(bmi)", "tan(bmi)", "age_bin0", "bmi_bin0"} <= names
    assert "bmi*smoker" in names
    whole = np.column_stack([np.ones(len(design)), design])
    assert np.linalg.matrix_rank(whole) == whole.shape[1]


def test_second_experiment_agrees_with_itself(
    second_experiment: Any, insurance: pd.DataFrame
) -> None:
    """A hundred rows one by one get their answers in a batch to 1e-6 relative, pickled or not."""
    experiment, estimator, _ = second_experiment
    with quiet_and_single():
        pipeline = pickle.loads(pickle.dumps(experiment.finalize_model(estimator)))
        assert check_self_agreement(pipeline, insurance, "regression", rows=100) <= 1e-6


def test_singular_design_is_refused(insurance: pd.DataFrame) -> None:
    """PyCaret's own polynomial features are refused, naming the estimator and the cause."""
    experiment, estimator, _ = cross_validated(insurance, normalize=True, polynomial_features=True)
    pipeline = experiment.finalize_model(estimator)
    with pytest.raises(
        TrainingError, match=r"LinearRegression, is at fault: of its \d+ features only \d+"
    ):
        check_self_agreement(pipeline, insurance, "regression", rows=20)


class CentersOnItsBatch(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step whose answer for a row depends on the other rows."""

    def fit(self, X: Any) -> CentersOnItsBatch:
        return self

    def transform(self, X: Any) -> Any:
        numbers = X.select_dtypes("number")
        return X.assign(**(numbers - numbers.mean()))


def test_step_that_depends_on_the_batch_is_named() -> None:
    """A step that looks at the whole batch is refused by its name."""
    experiment, estimator, _ = cross_validated(
        simulate(200, seed=1), custom_pipeline=[("centers", CentersOnItsBatch())]
    )
    pipeline = experiment.finalize_model(estimator)
    with pytest.raises(TrainingError, match="Step 'centers' makes different features"):
        check_self_agreement(pipeline, simulate(200, seed=1), "regression", rows=10)


def test_training_on_a_simulated_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training says what it does, has figures for folds and holdout, and leaves no file."""
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    trained = train(prepare(simulate(400, seed=2), "charges"), model="lr", progress=lines.append)
    assert trained.columns == ("age", "sex", "bmi", "children", "smoker", "region")
    assert re.match(r"Linear Regression: R2 0\.\d+ ± 0\.\d+ over 10 folds", lines[0])
    assert trained.metrics["holdout"]["R2"] > 0.5
    assert trained.metrics["cross_validation"]["R2"]["std"] > 0
    assert "age_Power2" in trained.feature_names
    assert trained.agreement <= 1e-6
    assert os.listdir(tmp_path) == []


def test_unknown_estimator_is_refused() -> None:
    """An unknown id is answered with the nearest one and the list."""
    prepared = prepare(simulate(60, seed=1), "charges")
    with pytest.raises(TrainingError, match=r"no estimator 'lightgmb'. Did you mean 'lightgbm'\?"):
        train(prepared, model="lightgmb", progress=lambda _: None)


def awkward(rows: int) -> pd.DataFrame:
    """Gaps in numbers, text and dates, 40 levels, and a column name with odd characters."""
    random = np.random.default_rng(7)
    size = random.normal(size=rows)
    days = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(rows) * 5, unit="D"))
    return pd.DataFrame(
        {
            "Size (m²), raw": np.where(random.random(rows) < 0.1, np.nan, size),
            "count": random.integers(0, 1000, rows),
            "town": random.choice([f"town {i}" for i in range(40)], rows),
            "fuel": pd.Series(random.choice(["gas", "oil", "wood"], rows)).where(
                random.random(rows) > 0.1
            ),
            "sold": days.where(random.random(rows) > 0.05),
            "goal": size + random.normal(size=rows) / 10,
        }
    )


@pytest.mark.parametrize("rows", [30, 300])
@pytest.mark.parametrize("kind", ["amount", "text", "whole", "from 0"])
def test_any_table(rows: int, kind: str) -> None:
    """Gaps, many levels, dates, and classes of every type are trained on, however few the rows."""
    table = awkward(rows)
    if kind == "text":
        table["goal"] = np.where(table["goal"] > 0.3, "größer", "kleiner")
    elif kind == "whole":
        table["goal"] = np.digitize(table["goal"], table["goal"].quantile([0.3, 0.6])) * 5
    elif kind == "from 0":  # the classes that PyCaret does not encode
        table["goal"] = (table["goal"] > 0.3).astype(int)
    task = "regression" if kind == "amount" else "classification"
    prepared = Prepared(table, "goal", task, (), ())  # type: ignore[arg-type]
    trained = train(prepared, model="lr", progress=lambda _: None)
    assert trained.agreement <= 1e-6
    assert trained.rows == rows


def test_a_text_without_a_value_in_the_training_part() -> None:
    """It is trained with, in every fold, and says something once all rows are learnt from."""
    table = simulate(80, seed=3)
    with quiet_and_single():
        held_out = list(start(prepare(table, "charges"), 1, []).X_test.index[:3])
    said = pd.Series(None, table.index, dtype=object)
    said[held_out] = ["left", "right", "left"]
    table.insert(2, "said", said)
    trained = train(prepare(table, "charges"), model="lr", seed=1, progress=lambda _: None)
    assert "said" in trained.columns
    assert any(name.startswith("said") for name in trained.feature_names)
    # PyCaret counts a fold that fails as 0.
    assert 0.0 not in trained.metrics["cross_validation"]["R2"]["folds"]


def test_features_are_float64_throughout() -> None:
    """Whatever types a batch comes in, every step after the first works in float64."""
    prepared = Prepared(awkward(120), "goal", "regression", (), ())
    with quiet_and_single():
        experiment = start(prepared, 1, recipe(prepared.table, "goal"))
    assert (experiment.X_train_transformed.dtypes == np.float64).all()


def test_a_target_with_cents_can_be_straightened() -> None:
    """Yeo and Johnson's powers of amounts such as 48,173.36 overflow in PyCaret's float32."""
    prepared = prepare(simulate(150, seed=3), "charges")
    with quiet_and_single():
        experiment = start(prepared, 1, [], transform_target=True)
    target = prepared.table["charges"]
    assert experiment.y_train.dtype == np.float64
    np.testing.assert_array_equal(experiment.y_train, target[experiment.y_train.index])
    assert abs(experiment.y_train_transformed.skew()) < abs(target.skew()) / 2


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (["a"] * 29 + ["b"], "the class 'b' has 1 row, but"),
        (["a"] * 28 + ["b"] * 2, "the class 'b' has 2 rows, but"),
        ([f"class {i // 3}" for i in range(30)], "too few for the 10 classes"),
    ],
)
def test_classes_that_cannot_be_split_are_refused(classes: list[str], said: str) -> None:
    """A class that cannot be on both sides of the split is refused in plain words."""
    table = pd.DataFrame({"x": np.arange(30.0) ** 2, "y": classes})
    with pytest.raises(TrainingError, match=said):
        train(Prepared(table, "y", "classification", (), ()), progress=lambda _: None)


def test_a_rare_class_that_is_told_apart_is_learnt(tmp_path: Path) -> None:
    """Nothing says that no pattern was found where few rows are of a class and the AUC is high.

    Always answering the usual class is right on 97 rows of a hundred, and nearly all that it does.
    """
    random = np.random.default_rng(4)
    table = pd.DataFrame(random.normal(size=(3_000, 3)), columns=list("abc"))
    chance = 1 / (1 + np.exp(5.2 - 2 * table["a"]))
    table["goal"] = np.where(random.random(3_000) < chance, "fraud", "usual")
    assert 0.02 < (table["goal"] == "fraud").mean() < 0.05
    said: list[str] = []
    table.to_csv(tmp_path / "table.csv", index=False)
    base = cast(tmp_path / "table.csv", "goal", model="lr", out=tmp_path, progress=said.append)
    card = json.loads(base.with_suffix(".json").read_text(encoding="utf-8"))["card"]
    assert not any("No pattern" in line for line in said)
    assert any(line.startswith("Logistic Regression: AUC 0.") for line in said)
    assert card["leaderboard"][0]["spread"] == card["metrics"]["cross_validation"]["AUC"]["std"]
    figures = card["evaluation"]["figures"]
    assert 0.1 < figures["average_precision"] < 0.5  # guessing would have .03
    assert figures["balanced_accuracy"] < 0.7 < figures["AUC"]
    assert any("average precision of the rarest class" in line for line in said)


@pytest.mark.parametrize("model", ["lr", "ridge"])
def test_classes_without_a_pattern_are_said_to_have_none(model: str) -> None:
    """With probabilities or without, and however rare a class is."""
    random = np.random.default_rng(9)
    table = pd.DataFrame(random.normal(size=(600, 3)), columns=list("abc"))
    table["goal"] = np.where(random.random(600) < 0.1, "rare", "usual")
    said: list[str] = []
    train(Prepared(table, "goal", "classification", (), ()), model=model, progress=said.append)
    assert any("No pattern was found" in line for line in said)


def test_importance_shuffles_one_column_at_a_time() -> None:
    """Columns of every type keep it, and one that decides has all of the importance."""
    table = awkward(200).drop(columns="goal").assign(flag=True)
    table["goal"] = 3 * table["count"]
    asked: list[pd.DataFrame] = []

    def answers(_: Any, rows: pd.DataFrame, *_task: str) -> pd.DataFrame:
        asked.append(rows)
        return rows.assign(prediction_label=3.0 * rows["count"])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tablecast.training.evaluation.importance.predict_with_pycaret", answers)
        shares = importance_of(None, table, "goal", "regression")
    assert shares == {name: float(name == "count") for name in table.columns if name != "goal"}
    usual, shuffled = asked
    assert (shuffled.dtypes == usual.dtypes).all()
    for at, name in enumerate(usual.columns):
        part = shuffled.iloc[at * len(usual) : (at + 1) * len(usual)].reset_index(drop=True)
        assert not name.startswith("Size") or not part[name].equals(usual[name])
        assert part.drop(columns=name).equals(usual.drop(columns=name))
