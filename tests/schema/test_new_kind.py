"""A kind of field that nobody has thought of: a time of day, from a table to every surface.

It is written here, in one class for the field and one for its column; nothing of the package knows
of it.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient

from tablecast.inference.engine import Answer, Columns
from tablecast.inference.marginals import background_of
from tablecast.schema.column_kinds import COLUMN_KINDS, NumberColumn
from tablecast.schema.field import KINDS, Array, Field, Value
from tablecast.schema.kinds.amount import AmountField, Floats
from tablecast.schema.schema import Schema
from tests.markup import Page
from tests.served import deployment_of
from tests.started import started

MINUTE = 60.0


class TimeField(AmountField):
    """A time of day: minutes since midnight to the graph, 13:45 to people and programs."""

    is_whole = True
    kind_words = "Time of day"

    def amount_of(self, value: Any, *, text: bool) -> float:
        try:
            read = time.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.refuse(
                "{field} must be a time, such as {example}.", example=self.example
            ) from None
        return read.hour * MINUTE + read.minute

    def show_known(self, value: Value) -> str:
        return f"{int(float(value) // MINUTE):02}:{int(float(value) % MINUTE):02}"

    def json_known(self, value: Value) -> str:
        return self.show(value)

    def json_limits(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "[0-2][0-9]:[0-5][0-9]"}

    @property
    def pattern_example(self) -> str:
        return self.show(self.minimum)

    def nearest(self, numbers: Floats) -> Floats:
        return np.round(numbers)

    def mean_of(self, group: Floats, known: Floats) -> float:
        return float(round(float(group.mean())))

    def array_of_table(self, column: Any) -> Array:
        return np.array([cell.hour * MINUTE + cell.minute for cell in column])


class TimeColumn(NumberColumn):
    """A column of Python's times."""

    def claims(self, column: pd.Series, known: pd.Series) -> bool:
        return all(isinstance(cell, time) for cell in known)

    def amounts(self, known: pd.Series) -> pd.Series:
        return known.map(lambda cell: cell.hour * MINUTE + cell.minute)

    def described(self, field: Field, known: pd.Series, missing: int) -> Field:
        described = super().described(field, known, missing)
        return replace(described, hard_minimum=0.0, hard_maximum=24 * MINUTE - 1)

    def typical(self, middle: float) -> Value:
        return float(round(middle))

    def series(self, field: Field, values: Array) -> pd.Series:
        return pd.Series([time(int(at // MINUTE), int(at % MINUTE)) for at in values.tolist()])


class MinutesEngine:
    """Answers the minutes since midnight."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(columns["leaves"] + 0.0)


TABLE = pd.DataFrame({
    "leaves": [time(6 + place % 12, place % 60) for place in range(120)],
    "fare": np.arange(120) % 7 + 0.5,
    "target": np.arange(120.0),
})


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Schema:
    """The schema of a table with times, after it was saved and opened again."""
    monkeypatch.setitem(KINDS, "time", TimeField)
    monkeypatch.setitem(COLUMN_KINDS, "time", TimeColumn())
    return Schema.from_json(Schema.from_table(TABLE, "target", "regression").to_json())


@pytest.fixture
def client(schema: Schema) -> FlaskClient:
    deployment = deployment_of(
        TABLE, "target", "regression", background=background_of(TABLE, schema)
    )
    deployment = replace(deployment, engine=MinutesEngine())
    return started(deployment).test_client()


def test_its_column_is_told_apart(schema: Schema) -> None:
    """The table's column is of the kind, with its range, and goes back into a table."""
    field = schema.field("leaves")
    assert (type(field), field.show(field.minimum), field.show(field.maximum)) == (
        TimeField, "06:00", "17:59",
    )  # fmt: skip
    values = field.array_of_table(TABLE["leaves"])
    assert COLUMN_KINDS["time"].series(field, values).tolist() == TABLE["leaves"].tolist()


def test_the_form_asks_for_it(client: FlaskClient) -> None:
    """The page starts with a typical time, says how to write one, and refuses what is none."""
    page = Page(client.get("/").text)
    assert page.filled_in()["leaves"] == "12:00"
    assert "Write it as 06:00. Usually 06:00 to 17:59." in page.by_id("field-0-hint").text
    answer = Page(client.post("/predict", data={"leaves": "14:30", "fare": "2.5"}).text)
    assert answer.of_class("answer")[0].text == "870"
    refused = client.post("/predict", data={"leaves": "half past two", "fare": "2.5"})
    assert refused.status_code == 422
    assert "Leaves must be a time, such as 12:00." in refused.text


def test_programs_send_it_and_the_document_says_how(client: FlaskClient) -> None:
    """The documented example is answered; a time outside the range with a warning."""
    document = client.get("/openapi.json").get_json()
    described = document["components"]["schemas"]["Row"]["properties"]["leaves"]
    assert described["x-training-range"] == ["06:00", "17:59"]
    kinds = document["components"]["schemas"]["ModelField"]["properties"]["kind"]["enum"]
    assert kinds[-1] == "time"
    bodies = document["paths"]["/predict_api"]["post"]["requestBody"]["content"]
    row = bodies["application/json"]["examples"]["row"]["value"]
    assert client.post("/predict_api", json=row).get_json() == 720.0
    late = client.post("/api/v1/predict", json=row | {"leaves": "23:00"}).get_json()
    assert late["predictions"][0]["warnings"] == [
        "leaves: 23:00 is outside the training range (06:00 to 17:59)."
    ]


def test_a_file_holds_it(client: FlaskClient) -> None:
    """A column of times is read and answered; a cell that is none is refused with its line."""
    file = io.BytesIO(b"leaves,fare\n06:30,1.5\n12:00,2.5\nnoon,2.5\n")
    sent = {"file": (file, "in.csv"), "errors": "column"}
    with client.post("/batch", data=sent) as response:
        lines = response.text.splitlines()
    assert [line.split(",")[2] for line in lines] == ["prediction_label", "390.0", "720.0", ""]
    assert "leaves must be a time, such as 12:00." in lines[3]


def test_what_if_and_why_are_told_in_it(client: FlaskClient) -> None:
    """The curve runs over whole minutes; contributions and the pages say the time."""
    row = {"leaves": "14:30", "fare": 2.5}
    answer = client.post("/api/v1/predict?whatif=1&explain=1", json=row).get_json()
    leaves = answer["predictions"][0]["whatif"]["fields"][0]
    assert (leaves["values"][0], leaves["values"][-1]) == ("06:00", "17:59")
    assert leaves["values"][leaves["present"]] == "14:30"
    why = answer["predictions"][0]["contributions"]["fields"][0]
    assert why["value"] == "14:30"
    page = client.get("/?leaves=14:30&fare=2.5").text
    assert "at 06:00, " in page
    assert "06:00 to 17:59" in client.get("/model").text
    for path in ("/model", "/docs", "/batch"):
        assert "Time of day" in client.get(path).text
