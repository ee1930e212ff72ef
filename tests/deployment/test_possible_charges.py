"""The shipped deployment answers only what is possible, and steadily where few rows are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from questions import columns_within

from tablecast.inference.engine import Columns
from tests.deployments import shipped_deployment

SEXES, SMOKERS = ("female", "male"), ("no", "yes")
REGIONS = ("northeast", "northwest", "southeast", "southwest")


def answers(columns: Columns) -> np.ndarray:
    """The graph's answers, (rows,)."""
    return shipped_deployment("onnx").engine.answer(columns).labels


def grid(ages: np.ndarray, bmis: np.ndarray) -> Columns:
    """Every combination of these ages and BMIs with all values of the other fields."""
    rows = list(product(ages, SEXES, bmis, range(6), SMOKERS, REGIONS))
    names = ("age", "sex", "bmi", "children", "smoker", "region")
    return {
        name: np.array(column, dtype=object if isinstance(column[0], str) else np.float64)
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def dense() -> Columns:
    """Every other age and a BMI for each half of a point, both ends among them."""
    return grid(np.append(np.arange(18, 64, 2), 64), np.append(np.arange(15.96, 53.13, 0.5), 53.13))


def random() -> Columns:
    """200,000 rows within the training range."""
    return columns_within(shipped_deployment("onnx").schema, 200_000)


@pytest.mark.slow
@pytest.mark.parametrize("made", [dense, random], ids=["grid", "random"])
def test_no_charge_within_the_training_range_is_negative(made: object) -> None:
    """By the graph, and no end of its range either; each answer lies in its range."""
    columns = made()  # type: ignore[operator]
    charges = answers(columns)
    low, high = shipped_deployment("onnx").predictor.interval.of_columns(charges, columns)
    assert charges.min() > 0
    assert low.min() >= 0
    assert ((low <= charges) & (charges <= high)).all()
    assert np.isfinite(high).all()


def test_the_heaviest_are_not_cheaper() -> None:
    """Whoever it is, the greatest BMI of the table costs at least what one of 30 does."""
    ages = np.arange(18, 65, 6)
    usual, heaviest = (answers(grid(ages, np.array([bmi]))) for bmi in (30.0, 53.13))
    assert (heaviest >= usual).all()


def test_every_way_answers_the_same() -> None:
    """predict_model of PyCaret, the graph and the row program, for the youngest and lightest."""
    rows = [
        {"age": 18, "sex": sex, "bmi": bmi, "children": 0, "smoker": "no", "region": region}
        for sex, bmi, region in product(SEXES, (15.96, 24.0, 45.0, 53.13), REGIONS)
    ]
    graph, pycaret = shipped_deployment("onnx"), shipped_deployment("pycaret")
    parsed = [graph.schema.parse(row) for row in rows]
    together = [one.prediction for one in graph.predictor.predict(parsed)]
    alone = [graph.predictor.predict([row])[0].prediction for row in parsed]
    assert alone == pytest.approx(together, rel=1e-9)
    slow = [one.prediction for one in pycaret.predictor.predict(parsed)]
    assert slow == pytest.approx(together, rel=1e-9)
    assert min(together) > 0
