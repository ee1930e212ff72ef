"""Learning prediction intervals from out-of-fold residuals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="intervals are learnt with scikit-learn")

import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tablecast.conformal import interval_of, learn, out_of_fold
from tablecast.inspection import Prepared
from tablecast.interval import Interval
from tablecast.predictor import column_of
from tablecast.schema import Schema
from tablecast.table import read_table

ROWS = 1_500


def simulated(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Amounts whose spread grows with x, and leans upwards for the group "wild" alone."""
    random = np.random.default_rng(seed)
    x = random.uniform(1, 10, rows)
    group = random.choice(["calm", "wild"], rows)
    noise = random.normal(0, 0.1, rows) * x + (group == "wild") * random.exponential(3, rows)
    return pd.DataFrame({"x": x, "group": group, "amount": 100 + 5 * x + noise})


def ends(stored: dict[str, Any], table: pd.DataFrame, target: str, answers: Any) -> Any:
    schema = Schema.from_table(table, target, "regression")
    interval = Interval.from_json(stored, schema.fields)
    columns = {field.name: column_of(field, table[field.name]) for field in schema.fields}
    return interval.of_columns(np.asarray(answers, dtype=np.float64), columns)


def test_new_rows_are_covered_in_every_group() -> None:
    """Nine in ten new rows lie inside, in the calm group and in the wild one, which is wider."""
    known, new = simulated(1), simulated(2, 20_000)
    residuals = known["amount"].to_numpy() - (100 + 5 * known["x"].to_numpy())
    stored = learn(
        known[["x", "group"]], known["amount"].to_numpy(), known["amount"].to_numpy() - residuals, 1
    )
    low, high = ends(stored, new, "amount", 100 + 5 * new["x"])
    inside = (low <= new["amount"]) & (new["amount"] <= high)
    wild = (new["group"] == "wild").to_numpy()
    assert inside[wild].mean() == pytest.approx(0.9, abs=0.04)
    assert inside[~wild].mean() == pytest.approx(0.9, abs=0.04)
    assert (high - low)[wild].mean() > 2 * (high - low)[~wild].mean()
    assert stored["coverage"] == pytest.approx(0.9, abs=0.02)


def test_noise_alone_gets_one_offset() -> None:
    """Where nothing tells rows apart, an end is one number and no shape is imagined."""
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(size=(800, 4)), columns=list("abcd"))
    stored = learn(table, random.normal(size=800), np.zeros(800), 1)
    assert stored["method"].count("one offset") == 2
    assert stored["lower"]["offsets"][0] == pytest.approx(-1.645, abs=0.2)


def test_classes_have_no_interval() -> None:
    """A classifier's pipeline gets none."""
    table = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
    assert interval_of(None, Prepared(table, "y", "classification", (), ())) is None


def insurance_features(table: pd.DataFrame) -> Any:
    smokes = (table["smoker"] == "yes").to_numpy(np.float64)
    regions = [table["region"] == name for name in ("northeast", "northwest", "southeast")]
    age, bmi = table["age"].to_numpy(), table["bmi"].to_numpy()
    heavy = smokes * (bmi > 30)
    return np.column_stack([age**2, age, table["children"], smokes, smokes * bmi, heavy, *regions])


@pytest.mark.slow
def test_insurance_resplit_twenty_times(real_table: Callable[[str], Path]) -> None:
    """With the well-known features, 90% of unseen rows are covered, closely, over 20 splits."""
    table = read_table(real_table("insurance"))
    scores, coverages = [], []
    for seed in range(20):
        known, new = train_test_split(table, test_size=0.3, random_state=seed)
        features, target = known.drop(columns="charges"), known["charges"].to_numpy()
        pipeline = make_pipeline(FunctionTransformer(insurance_features), LinearRegression())
        pipeline.fit(features, target)
        stored = learn(features, target, out_of_fold(pipeline, features, target, seed), seed)
        answers = pipeline.predict(new.drop(columns="charges"))
        low, high = ends(stored, new, "charges", answers)
        y = new["charges"].to_numpy()
        missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        scores.append(np.mean(high - low + 20 * missed))
        coverages.append(np.mean(missed == 0))
    assert np.mean(coverages) == pytest.approx(0.9, abs=0.02)
    assert np.mean(scores) < 17_900
