"""A number and its range, on every surface: they never contradict each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from markup import Page
from questions import WAYS, amounts_in, check_page, check_ranges

from tablecast.batch.predict_file import predict_file
from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tests import stand_ins
from tests.deployments import shipped_deployment
from tests.started import started

PERSON = {
    "age": 40, "sex": "male", "bmi": 30.0, "children": 1, "smoker": "yes", "region": "northwest",
}
#: An offset to either side; the ends of a count are whole numbers nonetheless.
BELOW, ABOVE = (
    {"at": [0.0], "offsets": [offset], "numbers": [], "levels": []} for offset in (-1.75, 2.25)
)
#: What training measures of a range, for the model card.
MEASURED = {"coverage": 0.9, "width": 4.0, "score": 5.0, "method": "Made up."}
COUNTED = {
    **MEASURED,
    "level": 0.9, "floor": 0.0, "ceiling": 12.0, "whole": True, "lower": BELOW, "upper": ABOVE,
}


class VisitsEngine:
    """Visits to a doctor, a mean for each age: 2.5 at 40."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(columns["age"] / 16.0)


@pytest.fixture
def counting() -> Deployment:
    made = stand_ins.deploy("fake", stand_ins.insurance_schema(), VisitsEngine())
    return replace(made, description={**made.description, "interval": COUNTED})


@pytest.mark.thorough
@pytest.mark.parametrize("way", ["within", "beyond"])
@pytest.mark.parametrize("engine", ["onnx", "pycaret"])
def test_the_shipped_ranges_hold_their_answers(way: str, engine: str) -> None:
    """Within the training range and beyond, alone and in a list; never below zero."""
    deployment = shipped_deployment(engine)
    client = started(deployment).test_client()
    check_ranges(client, deployment.schema, WAYS[way])
    check_page(client, deployment.schema, WAYS[way])


def test_a_count_has_whole_ends_in_the_api(counting: Deployment) -> None:
    """Alone, in a list and at every value of ``whatif``; the answer itself is a mean."""
    client = started(counting).test_client()
    alone = client.post("/api/v1/predict?whatif=1", json=PERSON).json["predictions"][0]
    listed = client.post("/api/v1/predict", json=[PERSON, PERSON | {"age": 64}]).json
    assert alone["prediction"] == 2.5
    assert alone["interval"] == [1, 4]
    assert [one["interval"] for one in listed["predictions"]] == [[1, 4], [3, 6]]
    ends = [end for course in alone["whatif"]["fields"] for ends in course["intervals"]
            for end in ends]
    assert {type(end) for end in [*ends, *alone["interval"]]} == {int}


def test_a_count_has_whole_ends_on_the_page(counting: Deployment) -> None:
    """The range is told without decimals, and the mean with some."""
    asked = {name: str(value) for name, value in PERSON.items()}
    page = Page(started(counting).test_client().post("/predict", data=asked).text)
    (told,) = [one.text for one in page.all("p") if one.get("class") == "range"]
    assert amounts_in(told) == [1, 4]
    assert "." not in told


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_count_has_whole_ends_in_a_file(
    counting: Deployment, tmp_path: Path, kind: str
) -> None:
    """``1`` and ``4``, not ``1.0`` and ``4.0``, and nothing for a refused row."""
    pd = pytest.importorskip("pandas")
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    source, output = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    table = pd.DataFrame([PERSON, PERSON | {"smoker": "perhaps"}, PERSON | {"age": 64}])
    write = getattr(table, "to_csv" if kind == "csv" else "to_parquet")
    write(source, index=False)
    predict_file(counting, source, output, errors="column")
    if kind == "csv":
        lines = output.read_text(encoding="utf-8-sig").splitlines()
        ends = [line.split(",")[7:9] for line in lines[1:]]
        assert ends == [["1", "4"], ["", ""], ["3", "6"]]
        return
    import pyarrow.parquet as pq

    found = pq.read_table(output).select(["prediction_low", "prediction_high"])
    assert {str(one) for one in found.schema.types} == {"int64"}
    assert found.to_pylist()[2] == {"prediction_low": 3, "prediction_high": 6}


@pytest.mark.thorough
def test_an_end_is_not_rounded_past_its_answer(counting: Deployment) -> None:
    """Where the range is the answer alone, what the page shows of both agrees."""
    zero = {"at": [0.0], "offsets": [0.0], "numbers": [], "levels": []}
    narrow = {**MEASURED, "level": 0.9, "floor": 0.0, "lower": zero, "upper": zero}
    deployment = replace(
        counting, description={**counting.description, "interval": narrow}
    )
    client = started(deployment).test_client()
    for age in np.arange(18, 65):
        asked = {name: str(value) for name, value in (PERSON | {"age": age}).items()}
        page = Page(client.post("/predict", data=asked).text)
        shown = next(one.text for one in page.all("p") if "answer" in (one.get("class") or ""))
        told = next(one.text for one in page.all("p") if one.get("class") == "range")
        low, high = amounts_in(told)
        assert low <= amounts_in(shown)[0] <= high
