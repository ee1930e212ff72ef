"""What if one value were different: the answers of each field's course."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tablecast.inference.whatif import MOST_LEVELS, Course, WhatIf, what_if
from tablecast.schema.schema import Row
from tests.explained import WIDE, charging, deployment_of, grading, of_many_fields, people
from tests.markup import Page
from tests.served import deployment_of as served_of
from tests.served import every_kind_of_column
from tests.started import started

ROW: tuple[Any, ...] = (40.0, 30.0, "yes", "west")


class LengthEngine:
    """Answers how long a town's name is."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(np.array([float(len(name)) for name in columns["town"]]))


def asked(deployment: Deployment, row: tuple[Any, ...]) -> WhatIf:
    return what_if(deployment.schema, deployment.engine, Row(row), deployment.background)


def course_of(found: WhatIf, name: str) -> Course:
    (course,) = [one for one in found.courses if one.field == name]
    return course


@pytest.mark.parametrize("deployment", [charging(), grading()], ids=["number", "class"])
def test_each_answer_is_the_predictors_own(deployment: Deployment) -> None:
    """Every point equals what the predictor answers for the row with that one value."""
    found = asked(deployment, ROW)
    for place, course in enumerate(found.courses):
        for value, answer in zip(course.values, course.answers, strict=True):
            changed = Row((*ROW[:place], value, *ROW[place + 1 :]))
            (prediction,) = deployment.predictor.predict([changed])
            shares = prediction.probabilities
            expected = shares[str(found.label)] if shares else prediction.prediction
            assert answer == pytest.approx(expected, rel=1e-12)


def test_numbers_move_over_the_training_range_with_the_present_value() -> None:
    """A curve rises from the lowest to the highest training value and marks the row's own."""
    deployment = charging()
    field = deployment.schema.field("bmi")
    course = course_of(asked(deployment, ROW), "bmi")
    assert list(course.values) == sorted(set(course.values))
    assert (course.values[0], course.values[-1]) == (field.minimum, field.maximum)
    assert course.present is not None
    assert course.values[course.present] == 30.0
    assert 25 <= len(course.values) <= 26


def test_a_value_outside_the_range_is_on_its_curve() -> None:
    """The curve reaches out to it."""
    course = course_of(asked(charging(), (90.0, *ROW[1:])), "age")
    assert course.values[-1] == 90.0
    assert course.present == len(course.values) - 1


def test_whole_numbers_stay_whole() -> None:
    """No curve asks for half a year of a field that has whole years only."""
    course = course_of(asked(charging(), ROW), "age")
    assert all(value == round(float(value)) for value in course.values)


def test_a_missing_value_marks_no_place() -> None:
    """A curve of a value that was not given has no present place."""
    course = course_of(asked(charging(), (nan, *ROW[1:])), "age")
    assert course.present is None
    assert len(course.values) >= 25


def test_levels_have_one_answer_each() -> None:
    """A category has all its levels, and marks the row's own."""
    course = course_of(asked(charging(), ROW), "region")
    assert course.values == ("north", "south", "west")
    assert course.present == 2


def test_many_levels_are_cut_to_the_frequent_ones_and_the_present_one() -> None:
    """At most twelve levels, the row's own unknown one among them."""
    town = [f"T{place % 40:02}" for place in range(300)] + ["T07"] * 100
    table = pd.DataFrame({"town": pd.Series(town, dtype=object), "age": range(400)})
    deployment = deployment_of(table, "length", "regression", LengthEngine())
    course = course_of(asked(deployment, ("Nowhere", 3.0)), "town")
    assert len(course.values) == MOST_LEVELS
    assert "T07" in course.values
    assert course.present is not None
    assert course.values[course.present] == "Nowhere"


def test_every_kind_of_field_has_a_course() -> None:
    """Dates, open categories, booleans and fields with missing values included."""
    deployment = served_of(every_kind_of_column(), "target", "regression")
    client = started(deployment).test_client()
    rows = client.get("/openapi.json").get_json()["paths"]["/api/v1/predict"]["post"]
    row = rows["requestBody"]["content"]["application/json"]["examples"]["row"]["value"]
    answer = client.post("/api/v1/predict?whatif=1", json=row).get_json()["predictions"][0]
    fields = answer["whatif"]["fields"]
    assert [one["field"] for one in fields] == list(row)
    for one in fields:
        assert len(one["values"]) == len(one["answers"]) >= 1, one["field"]
        given = row[one["field"]]
        assert one["present"] is None or one["values"][one["present"]] == given


def test_every_answer_has_its_range() -> None:
    """With intervals, each point's range is the predictor's own; without, there is none."""
    deployment = charging(WIDE)
    found = what_if(
        deployment.schema, deployment.engine, Row(ROW), interval=deployment.predictor.interval
    )
    course = course_of(found, "smoker")
    (prediction,) = deployment.predictor.predict([Row((*ROW[:2], "no", ROW[3]))])
    assert course.ranges[course.values.index("no")] == pytest.approx(prediction.interval)
    assert not course_of(asked(charging(), ROW), "smoker").ranges


class CountingEngine:
    """Answers the age, and keeps how many rows it was asked for."""

    def answer(self, columns: Columns) -> Answer:
        self.rows = len(columns["age"])
        return Answer(columns["age"])


@pytest.mark.parametrize(("most", "fields"), [(0, 0), (1, 1), (2, 2), (None, 4), (9, 4)])
def test_only_the_first_fields_are_followed(most: int | None, fields: int) -> None:
    """No answer is asked for whose field is not shown; the row's own is the last."""
    engine = CountingEngine()
    found = what_if(charging().schema, engine, Row(ROW), most=most)
    assert [course.field for course in found.courses] == ["age", "bmi", "smoker", "region"][:fields]
    assert engine.rows == 1 + sum(len(course.values) for course in found.courses)
    assert found.answer == 40.0


def test_the_api_answers_what_if_when_asked() -> None:
    """?whatif=1 fills whatif and leaves contributions null; both may be asked for."""
    client = started(of_many_fields(5)).test_client()
    row = {f"x{place}": 0.5 for place in range(5)}
    (answer,) = client.post("/api/v1/predict?whatif=1", json=row).get_json()["predictions"]
    assert answer["contributions"] is None
    assert answer["whatif"]["answer"] == answer["prediction"]
    assert answer["whatif"]["class"] is None
    both = client.post("/api/v1/predict?whatif=1&explain=1", json=row).get_json()
    assert both["predictions"][0]["contributions"]["answer"] == answer["prediction"]
    assert both["predictions"][0]["whatif"] == answer["whatif"]


def test_the_page_names_values_as_the_form_does() -> None:
    """Days in words, yes and no for what the form asks so; a flag's two answers are bars."""
    table = people().assign(
        bought=pd.Timestamp("2020-03-01") + pd.to_timedelta(np.arange(400) % 90, "D"),
        insured=np.arange(400) % 2,
    )
    deployment = deployment_of(table, "charges", "regression", charging().engine)
    client = started(deployment).test_client()
    row = {"age": "40", "bmi": "30", "smoker": "yes", "region": "west", "bought": "2020-04-01",
           "insured": "1"}  # fmt: skip
    page = Page(client.post("/predict", data=row).text)
    said = {one.text.split()[0]: " ".join(one.text.split()) for one in page.of_class("course")}
    assert said["Bought"].startswith("Bought 1 April 2020 ")
    assert said["Bought"].endswith("27,000 at 1 March 2020, 27,000 at 29 May 2020.")
    assert said["Insured"].startswith("Insured Yes")
    levels = [one for one in page.all("table") if one.get("class") == "levels"]
    (flag,) = [one for one in levels if "Insured" in one.text]
    rows = [one.text for one in page.all("th", scope="row") if one.inside("table") is flag]
    assert [text.split()[0] for text in rows] == ["No", "Yes"]
