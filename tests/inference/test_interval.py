"""Prediction intervals: what they cover, how they are stored, and where they are shown."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablecast.inference.interval import Interval, Limits, Part
from tablecast.inference.predictor import Predictor
from tablecast.schema.schema import Schema
from tests import stand_ins
from tests.started import started

ROW = {
    "age": 40, "sex": "male", "bmi": 30.0, "children": 1, "smoker": "yes", "region": "northwest",
}
HELD = {"low": 16.0, "high": 50.0, "typical": 30.5}
STORED: dict[str, Any] = {
    "level": 0.9,
    "floor": 0.0,
    "coverage": 0.9, "width": 20_000.0, "score": 25_000.0, "method": "Made up.",
    "lower": {
        "at": [10_000.0, 30_000.0],
        "offsets": [-1_000.0, -3_000.0],
        "numbers": [{"field": "age", "slope": -10.0, "low": 20.0, "high": 60.0, "typical": 40.0}],
        "levels": [{"field": "smoker", "adds": {"yes": -500.0}}],
        "terms": [
            {
                "weight": -100.0,
                "factors": [
                    {"field": "smoker", "level": "yes"},
                    {"field": "bmi", "kind": "beyond", "cut": 30.0} | HELD,
                ],
            }
        ],
    },
    "upper": {"at": [20_000.0], "offsets": [4_000.0], "numbers": [], "levels": []},
}


@pytest.fixture(scope="module")
def interval(insurance_schema: Schema) -> Interval:
    return Interval.from_json(json.loads(json.dumps(STORED)), insurance_schema.fields)


def of_row(interval: Interval, schema: Schema, answer: float, **values: Any) -> Any:
    row = schema.parse(ROW | values)
    return interval.of_row(answer, row.values)


@pytest.mark.parametrize(
    ("answer", "values", "ends"),
    [
        (20_000.0, {}, (20_000 - 2_000 - 400 - 500, 24_000)),
        (20_000.0, {"smoker": "no"}, (20_000 - 2_000 - 400, 24_000)),
        (20_000.0, {"bmi": 34.0}, (20_000 - 2_000 - 400 - 500 - 400, 24_000)),
        (20_000.0, {"bmi": 34.0, "smoker": "no"}, (20_000 - 2_000 - 400, 24_000)),
        (50_000.0, {"smoker": "no"}, (50_000 - 3_000 - 400, 54_000)),
        (20_000.0, {"smoker": "no", "age": 64}, (20_000 - 2_000 - 600, 24_000)),
        (1_000.0, {"smoker": "no"}, (0, 5_000)),
        (-200.0, {"smoker": "no"}, (-200, 3_800)),
    ],
    ids=[
        "line and fields", "level", "term", "term of a level", "beyond the line",
        "number held in range", "floor", "below",
    ],
)
def test_ends_by_hand(
    interval: Interval, insurance_schema: Schema, answer: float, values: Any, ends: Any
) -> None:
    """An end is the answer plus the line's offset and what the fields add, held at the floor."""
    assert of_row(interval, insurance_schema, answer, **values) == pytest.approx(ends)


@pytest.mark.parametrize("levels", [STORED["lower"]["levels"], []])
def test_rows_and_columns_agree(levels: Any, insurance_schema: Schema) -> None:
    """A batch's intervals are those of its rows one by one, gaps included."""
    fields = insurance_schema.fields
    lower = STORED["lower"] | {"levels": levels}
    interval = Interval.from_json(STORED | {"lower": lower}, fields)
    rows = [
        tuple({**ROW, "age": age, "smoker": smoker, "bmi": bmi}[field.name] for field in fields)
        for age, bmi in ((18, 34.5), (40, 60.0), (64, 20.0), (math.nan, math.nan))
        for smoker in ("yes", "no", "", "unheard of")
    ]
    answers = np.linspace(-5_000, 60_000, len(rows))
    columns = {
        field.name: field.array_of_table([row[place] for row in rows])
        for place, field in enumerate(fields)
    }
    low, high = interval.of_columns(answers, columns)
    alone = [interval.of_row(answer, row) for answer, row in zip(answers, rows, strict=True)]
    np.testing.assert_allclose(np.column_stack([low, high]), alone, rtol=1e-12)


@pytest.mark.parametrize(
    "kind", ["value", "square", "log", "inverse", "above", "beyond"]
)
def test_factors_are_those_of_training(kind: str) -> None:
    """A factor of one value, of a column and of training's own formula are the same number."""
    terms = pytest.importorskip(
        "tablecast.features.searched_terms", reason="training's formula needs scikit-learn"
    )
    part = Part("bmi", 0, kind=kind, cut=30.0, **HELD)
    values = np.array([10.0, 16.0, 30.0, 30.5, 44.0, 60.0, math.nan])
    known = np.clip(np.nan_to_num(values, nan=30.5), 16.0, 50.0)
    expected = terms.Factor(0, kind, 30.0).of(known, 16.0)
    np.testing.assert_allclose(part.of_column(values), expected, rtol=1e-15)
    np.testing.assert_allclose([part.of_value(one) for one in values.tolist()], expected)


def test_answers_lie_inside(interval: Interval, insurance_schema: Schema) -> None:
    """An offset on the wrong side of the answer moves the end to the answer itself."""
    upside_down = replace(interval, lower=interval.upper, upper=interval.lower)
    assert of_row(upside_down, insurance_schema, 500.0) == (500.0, 500.0)
    columns = insurance_schema.columns_of(pd.DataFrame([ROW]))
    low, high = upside_down.of_columns(np.array([500.0]), columns)
    assert (low.tolist(), high.tolist()) == ([500.0], [500.0])


@pytest.mark.parametrize(
    ("answer", "low", "high", "ends"),
    [
        (2.5, 0.75, 4.75, (1, 4)),
        (2.5, 2.25, 2.75, (2, 3)),
        (3.0, 3.0 - 1e-12, 3.0 + 1e-12, (3, 3)),
        (3.0, 1.0 + 1e-12, 5.0 - 1e-12, (1, 5)),
        (0.25, -2.0, 1.5, (0, 1)),
        (11.0, 8.0, 20.0, (8, 12)),
        (-0.5, -3.0, 1.5, (-1, 1)),
        (13.5, 8.0, 20.0, (8, 14)),
    ],
    ids=["inwards", "none inside", "exact", "a hair off", "floor", "ceiling", "an answer below",
         "an answer above"],
)
def test_ends_of_counts_are_whole(
    answer: float, low: float, high: float, ends: tuple[int, int]
) -> None:
    """The same whole numbers lie inside as before, and the answer, whatever it is."""
    found = Limits(0.0, 12.0, whole=True).of_row(answer, low, high)
    assert found == ends
    assert {type(end) for end in found} == {int}


def test_ends_of_huge_counts_are_those_that_a_float_can_hold() -> None:
    """Beyond 2**53 floats leave whole numbers out."""
    assert Limits(whole=True).of_row(0.0, -1e300, 1e300) == (-(2**53), 2**53)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3),
    st.booleans(),
    st.sampled_from([Limits(), Limits(0.0, 50.0), Limits(-20.0)]),
)
def test_an_answer_lies_within_any_limits(
    numbers: list[float], whole: bool, limits: Limits
) -> None:
    """Whatever the offsets and the limits are; and a row alone has the ends of a batch."""
    limits = replace(limits, whole=whole)
    answer, low, high = numbers
    ends = limits.of_row(answer, low, high)
    assert ends[0] <= answer <= ends[1]
    assert all(float(end).is_integer() for end in ends) >= whole
    together = limits.of_rows(*(np.array([one, one]) for one in numbers))
    assert [end.tolist() for end in together] == [[end, end] for end in ends]


def test_no_range_ends_above_the_ceiling(insurance_schema: Schema) -> None:
    """It is held there as below at the floor; an answer above it is still inside."""
    held = Interval.from_json(STORED | {"ceiling": 60_000.0}, insurance_schema.fields)
    assert of_row(held, insurance_schema, 59_000.0)[1] == 60_000.0
    assert of_row(held, insurance_schema, 61_000.0)[1] == 61_000.0
    assert of_row(held, insurance_schema, 20_000.0)[1] == 24_000.0


def served(description: dict[str, Any]) -> Any:
    made = stand_ins.deploy("fake", stand_ins.insurance_schema(), stand_ins.FormulaEngine())
    deployment = replace(made, description={**made.description, **description})
    return started(deployment).test_client()


def test_the_api_answers_with_the_interval() -> None:
    """/api/v1/predict gives the interval as [low, high], on its fast way and behind it."""
    client = served({"interval": STORED})
    fast = client.post("/api/v1/predict", json=ROW).get_json()["predictions"][0]
    slow = client.post("/api/v1/predict", json=[ROW]).get_json()["predictions"][0]
    assert fast["interval"] == slow["interval"]
    low, high = fast["interval"]
    assert low < fast["prediction"] < high == fast["prediction"] + 4_000


def test_older_deployments_answer_without() -> None:
    """A description that has no interval keeps serving, with null in its place."""
    answer = served({}).post("/api/v1/predict", json=ROW).get_json()["predictions"][0]
    assert answer["interval"] is None


def test_classes_have_none(interval: Interval) -> None:
    """A class has probabilities and no interval."""
    schema = stand_ins.iris_schema()
    predictor = Predictor(schema, stand_ins.NearestPetalEngine(), interval)
    row = schema.parse({"sepal_length": 5.1, "petal_length": 1.4})
    assert predictor.predict([row])[0].interval is None
