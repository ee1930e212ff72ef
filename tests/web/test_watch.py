"""The watch: its page, its JSON, its gauges, and what they say where there is no log."""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from watched import Row, heavier, keep_days, rows_of, shipped, unchanged

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.log.daily import Place, add
from tablecast.log.daily_sums import Counting, added
from tablecast.log.database import engine_of, upgrade, writing
from tablecast.log.entries import Asked, Parcel, new_ids
from tablecast.log.open_log import open_log
from tablecast.settings import read_settings
from tablecast.web.app import create_app
from tests.deployments import SHIPPED
from tests.logged import ROW, logged, soon
from tests.logged import rows_of as rows_of_log
from tests.markup import Page
from tests.stand_ins import NearestPetalEngine, deploy, iris_schema
from tests.started import started

TODAY = int(time.time() // 86_400)


def fill(
    folder: Path, change: Callable[[Row], None] = unchanged, off: float | None = None
) -> None:
    """Keep the sums of thirty days, the last three of which may be changed."""
    wrong = None if off is None else (lambda _day: off)
    keep_days(f"sqlite:///{folder / 'log.db'}", TODAY, change=change, off=wrong)


def watching(
    folder: Path, patch: pytest.MonkeyPatch, deployment: Deployment | None = None
) -> FlaskClient:
    """Asks the shipped deployment, whose log is in the folder."""
    return logged(folder, patch, deployment or load(SHIPPED)).test_client()


def words_of(html: str) -> str:
    """The text of the page's main part."""
    main = html.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", main))


def test_without_a_log_the_page_says_how_to_keep_one() -> None:
    """And programs are told that there is no such route; metrics are as before."""
    client = started(load(SHIPPED)).test_client()
    page = client.get("/watch")
    assert page.status_code == 200
    assert "TABLECAST_LOG=sqlite:///log.db" in page.text
    assert "make run LOG=1" in page.text
    assert client.get("/api/v1/watch").status_code == 404
    assert "tablecast_watch" not in client.get("/metrics").text
    assert "/api/v1/watch" not in client.get("/openapi.json").get_json()["paths"]


def test_a_new_log_is_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was asked, and nothing is wrong."""
    client = watching(tmp_path, monkeypatch)
    text = words_of(client.get("/watch").text)
    assert "0 predictions since" in text
    assert "No values yet." in text
    assert "No outcome is known yet" in text
    found = client.get("/api/v1/watch").get_json()
    assert found["quiet"] is True
    assert found["predictions"] == 0
    assert {drift["now"] for drift in found["drift"]} == {None}


def test_what_was_asked_is_there_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions, refusals, warnings and outcomes, as soon as they are answered."""
    client = watching(tmp_path, monkeypatch)
    asked = client.post("/api/v1/predict", json=[ROW, ROW | {"bmi": 60.0}])
    assert client.post("/predict_api", json=ROW | {"age": "old"}).status_code == 422
    one = asked.get_json()["predictions"][0]
    for _ in range(2):  # told twice, it counts once
        told = {"id": one["id"], "outcome": one["prediction"] + 100}
        assert client.post("/api/v1/outcomes", json=told).status_code == 200
    found = client.get("/api/v1/watch").get_json()
    assert (found["predictions"], found["refused"], found["warned"]) == (2, 1, 1)
    assert [(it["field"], it["count"]) for it in found["refusals"]] == [("age", 1)]
    assert [(it["field"], it["count"]) for it in found["warnings"]] == [("bmi", 1)]
    assert found["outcomes"] == 1
    assert found["coverage"]["value"] == 1.0
    assert found["errors"][0]["value"] == pytest.approx(100)
    assert found["milliseconds"]["p50"] > 0
    text = words_of(client.get("/watch").text)
    assert re.search(r"Enter Age .*…\. Age 1", text)
    assert "Body mass index (BMI): … is outside the training range (… to …)." in text
    assert "{" not in text


@pytest.mark.thorough
def test_a_field_that_has_changed_is_first_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the page, in JSON and for Prometheus alike."""
    fill(tmp_path, heavier)
    client = watching(tmp_path, monkeypatch)
    found = client.get("/api/v1/watch").get_json()
    assert found["quiet"] is False
    first = found["drift"][0]
    assert (first["field"], first["drifted"]) == ("bmi", True)
    assert first["now"] == pytest.approx(33.6, abs=0.4)
    assert sum(one["now"] for one in first["bins"]) == pytest.approx(1)
    text = words_of(client.get("/watch").text)
    assert "Body mass index (BMI): changed since" in text
    assert "Ask whoever brings these rows whether Body mass index (BMI) is measured" in text
    assert "tablecast log export" in text
    gauges = client.get("/metrics").text
    assert 'tablecast_watch_field_drifted{field="bmi"} 1.0' in gauges
    assert 'tablecast_watch_field_drifted{field="age"} 0.0' in gauges
    assert "tablecast_watch_alarm 1.0" in gauges
    assert "tablecast_watch_predictions 6000.0" in gauges


@pytest.mark.thorough
def test_ranges_and_errors_that_are_worse_than_promised_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share of outcomes in their range, and the error beside the card's."""
    fill(tmp_path, off=4500.0)
    client = watching(tmp_path, monkeypatch)
    found = client.get("/api/v1/watch").get_json()
    assert found["coverage"]["below"]
    assert found["errors"][0]["worse"]
    text = words_of(client.get("/watch").text)
    assert "only 0.0% of the outcomes were in the predicted range; it should be 90%." in text
    assert "predictions are off by $4,500 on average; the model card says $2,684." in text
    gauges = client.get("/metrics").text
    assert "tablecast_watch_coverage 0.0" in gauges
    assert 'tablecast_watch_error{figure="MAE"} 4500.0' in gauges
    assert 'tablecast_watch_error_card{figure="MAE"} 2683.5' in gauges


@pytest.mark.parametrize(("rows", "few"), [(1, True), (49, True), (50, False)])
def test_too_few_rows_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, few: bool
) -> None:
    """One row shows no change, and does not show that there is none either."""
    client = watching(tmp_path, monkeypatch)
    usual = [row["given"] for row in rows_of(shipped(), 0, rows)]
    assert client.post("/predict_api", json=usual).status_code == 200
    text = words_of(client.get("/watch").text)
    assert ("Too few predictions to tell" in text) is few
    assert ("Too few values to tell." in text) is few
    assert ("Nothing to look into" in text) is not few
    assert ("No change." in text) is not few


@pytest.mark.thorough
def test_usual_days_are_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With weeks as pictures, and a table behind each of them."""
    fill(tmp_path, off=1500.0)
    client = watching(tmp_path, monkeypatch)
    page = Page(client.get("/watch").text)
    assert "Nothing to look into" in words_of(client.get("/watch").text)
    headings = [one.text for one in page.all("h3")]
    assert headings[:2] == ["The predictions", "Age"] or headings[0] == "The predictions"
    assert {"Predictions", "Refused requests", "Outcomes in the range"} <= set(headings)
    assert len(client.get("/api/v1/watch").get_json()["weeks"]) == 5


@pytest.mark.parametrize("language", ["zh", "es"])
def test_the_page_speaks_the_readers_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """Its own words are translated, and so are the sentences of refusals."""
    client = watching(tmp_path, monkeypatch)
    client.post("/predict_api", json=ROW | {"age": "old"})
    text = words_of(client.get(f"/watch?lang={language}").text)
    for english in ("Predictions", "Training", "Reason", "Nothing", "Enter", "below", "Mean"):
        assert english not in text


@pytest.mark.thorough
def test_the_document_describes_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without rows and outcomes, of numbers and of classes."""
    fill(tmp_path, heavier, off=4500.0)
    (tmp_path / "iris").mkdir()
    iris = deploy("iris", iris_schema(), NearestPetalEngine())
    for client in (
        watching(tmp_path, monkeypatch), watching(tmp_path / "iris", monkeypatch, iris)
    ):
        document = client.get("/openapi.json").get_json()
        described = document["paths"]["/api/v1/watch"]["get"]["responses"]["200"]
        content = described["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        for answer in (
            client.get("/api/v1/watch").get_json(), content["examples"]["watch"]["value"]
        ):
            assert list(OAS31Validator(schema).iter_errors(answer)) == []
            assert set(answer) == set(document["components"]["schemas"]["Watch"]["properties"])


def test_a_log_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, and a gauge that says so; nothing else of the server stops."""
    client = watching(tmp_path, monkeypatch)
    client.post("/predict_api", json=ROW)
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("ALTER TABLE daily RENAME TO hidden")
    for path in ("/watch", "/api/v1/watch"):
        response = client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "The log cannot be read now." in response.text
    gauges = client.get("/metrics")
    assert gauges.status_code == 200
    assert "tablecast_watch_up 0.0" in gauges.text
    assert "tablecast_watch_predictions" not in gauges.text


def test_classes_are_watched_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment that keeps nothing of training has no drift, and says what is not compared."""
    iris = deploy("iris", iris_schema(), NearestPetalEngine())
    client = watching(tmp_path, monkeypatch, iris)
    flower = {"sepal_length": 5.0, "petal_length": 1.4}
    one = client.post("/api/v1/predict", json=flower).get_json()["predictions"][0]
    client.post("/api/v1/outcomes", json={"id": one["id"], "outcome": "Iris-setosa"})
    found = client.get("/api/v1/watch").get_json()
    assert found["drift"] == []
    assert found["prediction_drift"] is None
    assert found["not_compared"] == ["sepal_length", "petal_length"]
    assert [figure["name"] for figure in found["errors"]] == ["accuracy", "log_loss"]
    assert found["errors"][0]["value"] == 1.0
    text = words_of(client.get("/watch").text)
    assert "Not compared:" in text
    assert "Accuracy 100.0%" in text


def test_a_field_that_comes_empty_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing values are what has changed, not the mean of the others."""

    def empty(row: Row) -> None:
        row["given"]["children"] = None

    fill(tmp_path, empty)
    text = words_of(watching(tmp_path, monkeypatch).get("/watch").text)
    assert "Children is missing in 100.0% of the rows since" in text
    assert "Ask whoever brings these rows why it is left out." in text


@pytest.mark.thorough
def test_a_field_that_the_log_leaves_out_is_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even as sums."""
    loaded = load(SHIPPED)
    schema: dict[str, Any] = {**loaded.description["schema"]}
    schema["fields"] = [
        one | {"log": "no"} if one["name"] == "bmi" else one for one in schema["fields"]
    ]
    hidden = replace(loaded, description={**loaded.description, "schema": schema})
    client = watching(tmp_path, monkeypatch, hidden)
    client.post("/predict_api", json=ROW)
    found = client.get("/api/v1/watch").get_json()
    assert found["not_compared"] == ["bmi"]
    ((sums,),) = soon(lambda: rows_of_log(tmp_path, "daily", "sums"))
    assert '"age"' in sums
    assert '"bmi"' not in sums


@pytest.mark.thorough
def test_a_field_that_is_hidden_later_is_no_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new form file leaves a field out: no value of it counts as missing."""
    loaded = load(SHIPPED)
    monkeypatch.setenv("TABLECAST_LOG", f"sqlite:///{tmp_path / 'log.db'}")
    log = open_log(read_settings())
    assert log
    for hidden in ({}, {"bmi": "no"}):
        schema = {**loaded.description["schema"]}
        schema["fields"] = [one | {"log": hidden.get(one["name"], "")} for one in schema["fields"]]
        changed = replace(loaded, description={**loaded.description, "schema": schema})
        notes = log.notes(changed, loaded.name)
        predictions = changed.predictor.predict([changed.schema.typical])
        log.keep(Parcel(notes.answered(new_ids(1), predictions, Asked("r", None, 1.0))))
        days = log.days(loaded.name, loaded.description["sha256"], 0)
    (sums,) = days.values()
    assert sums["rows"] == 2
    assert sum(sums["bins"]["age"].values()) == 2
    assert sum(sums["bins"].get("bmi", {}).values()) <= 1


@pytest.mark.thorough
def test_a_page_of_ten_million_rows_is_quick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums are as many for ten million rows as for some: less than 300 ms of the processor."""
    description = shipped()
    engine, counting = engine_of(f"sqlite:///{tmp_path / 'log.db'}"), Counting.of(description)
    upgrade(engine)
    sums = counting.answers(rows_of(description, TODAY, 100))
    for _ in range(8):  # 25,600 rows a day
        added(sums, deepcopy(sums))
    with writing(engine) as connection:
        whose = description["name"], description["sha256"]
        add(connection, {Place(*whose, TODAY - day): sums for day in range(400)})
    client = watching(tmp_path, monkeypatch)
    took = []
    for _ in range(5):
        began = time.process_time()
        page = client.get("/watch")
        took.append(time.process_time() - began)
        assert "10,240,000 predictions since" in page.text
    assert min(took) < 0.3


def copies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Asks a server of a folder in which the shipped deployment stands twice."""
    models = folder / "models"
    models.mkdir()
    for name in ("one", "two"):
        for ending in (".onnx", ".onnx.sha256"):
            shutil.copy(f"{SHIPPED}{ending}", models / f"{name}{ending}")
    monkeypatch.setenv("TABLECAST_LOG", f"sqlite:///{folder / 'log.db'}")
    monkeypatch.setenv("TABLECAST_ACCESS_LOG", "off")
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", str(models))
    return create_app().test_client()


def test_copies_of_a_deployment_are_watched_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by the name that it is served under: its answers, its outcomes, its sums."""
    client = copies(tmp_path, monkeypatch)
    mine = [client.post("/one/predict_api", json=ROW).headers["X-Prediction-Id"] for _ in range(3)]
    client.post("/two/predict_api", json=ROW)
    told = {"id": mine[0], "outcome": 9000}
    assert client.post("/two/api/v1/outcomes", json=told).status_code == 404
    assert client.post("/one/api/v1/outcomes", json=told).status_code == 200
    assert client.get(f"/two/outcome?id={mine[0]}").status_code == 404
    found = [client.get(f"/{name}/api/v1/watch").get_json() for name in ("one", "two")]
    assert [(it["predictions"], it["outcomes"]) for it in found] == [(3, 1), (1, 0)]


@pytest.mark.thorough
def test_a_folders_metrics_have_every_deployments_gauges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its name; one of a deployment that is not there any more is left out."""
    monkeypatch.setattr("tablecast.web.watch.gauges.FRESHNESS", 0.0)
    monkeypatch.setattr("tablecast.web.mounts.fleet.FRESHNESS", 0)
    client = copies(tmp_path, monkeypatch)
    assert "tablecast_watch_up 1.0" in client.get("/metrics").text
    for name, times in (("one", 2), ("two", 1)):
        for _ in range(times):
            client.post(f"/{name}/predict_api", json=ROW)
    soon(lambda: len(rows_of_log(tmp_path, "daily")) == 2)
    text = client.get("/metrics").text
    assert 'tablecast_watch_predictions{deployment="one"} 2.0' in text
    assert 'tablecast_watch_predictions{deployment="two"} 1.0' in text
    assert 'tablecast_watch_field_drifted{deployment="two",field="bmi"} 0.0' in text
    assert text.count("# TYPE tablecast_watch_predictions gauge") == 1
    for file in (tmp_path / "models").glob("one.*"):
        file.unlink()
    soon(lambda: 'deployment="one"' not in client.get("/metrics").text)
    assert 'tablecast_watch_predictions{deployment="two"} 1.0' in client.get("/metrics").text
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("ALTER TABLE daily RENAME TO hidden")
    text = client.get("/metrics").text
    assert "tablecast_watch_up 0.0" in text
    assert "tablecast_watch_predictions" not in text


def test_means_are_those_of_the_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of the bins that they fell into."""
    client = watching(tmp_path, monkeypatch)
    for bmi in (20.25, 31.5, 44.0):
        client.post("/predict_api", json=ROW | {"bmi": bmi})
    drift = {one["field"]: one for one in client.get("/api/v1/watch").get_json()["drift"]}
    assert drift["bmi"]["now"] == pytest.approx((20.25 + 31.5 + 44.0) / 3)
    assert drift["age"]["now"] == pytest.approx(ROW["age"])


def test_what_is_shown_while_somebody_types_is_a_preview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be looked up and judged, and counts nowhere; what they stay with does."""
    client = watching(tmp_path, monkeypatch)
    shown = client.post("/predict?part=answer", data=ROW)
    assert client.post("/predict?part=answer", data=ROW | {"age": "4x"}).status_code == 422
    client.post("/predict?part=answer&meant=answer", data=ROW | {"age": "41"})
    found = client.get("/api/v1/watch").get_json()
    assert (found["predictions"], found["refused"]) == (1, 0)
    assert [one for (one,) in rows_of_log(tmp_path, "prediction", "preview")] == [0, 1]
    one = shown.headers["X-Prediction-Id"]
    assert client.get(f"/outcome?id={one}").status_code == 200
    told = client.post("/api/v1/outcomes", json={"id": one, "outcome": 9000})
    assert told.status_code == 200
    assert client.get("/api/v1/watch").get_json()["outcomes"] == 1
