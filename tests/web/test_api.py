"""The JSON routes, on both engines, with the deployment that the repository ships."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deployments import SHIPPED, shipped_client
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablecast.deployment.predict_model import predict_model

TUTORIAL = {
    "age": 55, "sex": "male", "bmi": 59, "children": 1, "smoker": "male", "region": "northwest",
}
SMOKER = TUTORIAL | {"smoker": "yes"}


@pytest.fixture(params=["onnx", "pycaret"])
def shipped(request: pytest.FixtureRequest) -> FlaskClient:
    """The shipped insurance deployment, answered by either engine."""
    return shipped_client(request.param)


def errors_of(response: Any, status: int) -> list[dict[str, Any]]:
    """The errors of a problem, whose shape is checked as the contract that it is."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body = response.get_json(force=True)
    assert set(body) == {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert all(set(error) == {"row", "field", "message"} for error in body["errors"])
    return list(body["errors"])


def test_one_object_gives_the_bare_number(shipped: FlaskClient) -> None:
    """The tutorial's contract: one JSON object in, the prediction out."""
    response = shipped.post("/predict_api", json=SMOKER)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert 20_000 < response.get_json() < 80_000


def test_a_list_gives_a_list(shipped: FlaskClient) -> None:
    """A list in, a list out, in its order; an empty list stays empty."""
    one = shipped.post("/predict_api", json=SMOKER).get_json()
    two = shipped.post("/predict_api", json=SMOKER | {"smoker": "no"}).get_json()
    both = shipped.post("/predict_api", json=[SMOKER, SMOKER | {"smoker": "no"}])
    assert both.get_json() == pytest.approx([one, two], rel=1e-9)
    assert shipped.post("/predict_api", json=[]).get_json() == []


def test_the_tutorials_own_request_is_refused(shipped: FlaskClient) -> None:
    """A smoker who is "male" is no patient: 422 names the field, the value and its levels."""
    errors = errors_of(shipped.post("/predict_api", json=TUTORIAL), 422)
    assert [error["field"] for error in errors] == ["smoker"]
    for word in ("smoker", "male", "yes", "no"):
        assert word in errors[0]["message"]


def test_many_errors_are_five_sentences_and_a_count(shipped: FlaskClient) -> None:
    """The detail stays short; the list has all."""
    wrong = [SMOKER | {"age": "x"}] * 8
    response = shipped.post("/predict_api", json=wrong)
    assert len(errors_of(response, 422)) == 8
    detail = response.get_json(force=True)["detail"]
    assert detail.count("Enter age as a number") == 5
    assert detail.endswith("And 3 more.")
    five = shipped.post("/predict_api", json=wrong[:5]).get_json(force=True)["detail"]
    assert five.count("Enter age as a number") == 5
    assert " more." not in five


def test_the_full_answer_carries_warnings(shipped: FlaskClient) -> None:
    """With smoker "yes" it is answered, and told that 59 is outside the training range."""
    response = shipped.post("/api/v1/predict", json=SMOKER)
    body = response.get_json()
    assert set(body) == {"model", "predictions"}
    assert body["model"]["name"] == "deployment_28042020"
    (prediction,) = body["predictions"]
    assert set(prediction) == {
        "prediction", "interval", "probabilities", "warnings", "contributions",
        "whatif",
    }
    assert "59" in prediction["warnings"][0]
    assert "15.96 to 53.13" in prediction["warnings"][0]
    assert prediction["prediction"] == shipped.post("/predict_api", json=SMOKER).get_json()


@pytest.mark.parametrize("spelling", ["YES", " Yes ", "yes"])
def test_spellings_of_a_level_are_one_value(shipped: FlaskClient, spelling: str) -> None:
    """YES, Yes with spaces and yes have one answer."""
    answer = shipped.post("/predict_api", json=SMOKER | {"smoker": spelling}).get_json()
    assert answer == shipped.post("/predict_api", json=SMOKER).get_json()


def test_the_api_answers_as_predict_model_does(shipped: FlaskClient) -> None:
    """Every surface answers through the same predictor."""
    rows = [SMOKER, SMOKER | {"age": 18, "bmi": 22.5}, SMOKER | {"smoker": "no", "children": 0}]
    expected = [row["prediction_label"] for row in predict_model(SHIPPED, rows)]
    assert shipped.post("/predict_api", json=rows).get_json() == pytest.approx(expected, rel=1e-9)


def test_errors_in_a_list_name_their_rows(shipped: FlaskClient) -> None:
    """One refused row refuses the request and says which row it was."""
    errors = errors_of(shipped.post("/api/v1/predict", json=[SMOKER, TUTORIAL, 5]), 422)
    assert [(error["row"], error["field"]) for error in errors] == [(1, "smoker"), (2, None)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"age": NaN}', "age"),
        ('{"age": 1e999}', "age"),
        ('{"age": Infinity}', "age"),
        ('{"age": -1e400}', "age"),
        ('{"age": "NaN"}', "age"),
        ('{"age": "Infinity"}', "age"),
        ('{"age": "1e999"}', "age"),
        ('{"age": "3,900"}', "age"),
        ('{"age": "thirty"}', "age"),
        ('{"age": true}', "age"),
        ('{"age": {"a": 1}}', "age"),
        ('{"age": 1.5}', "age"),
        ('{"age": ' + "9" * 400 + "}", "age"),
        ('{"smoker": 1}', "smoker"),
        ('{"smoker": null}', "smoker"),
        ('{"smoker": ["yes"]}', "smoker"),
        ('{"colour": "red"}', "colour"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("route", ["/predict_api", "/api/v1/predict"])
def test_a_bad_value_names_its_field(
    shipped: FlaskClient, route: str, body: str, field: str
) -> None:
    """What is no number, no level or no field is refused by name, on both routes."""
    response = shipped.post(route, data=body, content_type="application/json")
    assert field in [error["field"] for error in errors_of(response, 422)]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"age=3", b"\xff\xfe", b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a":1}}',
        b"9" * 9999,
    ],
    ids=["empty", "cut", "form", "bytes", "surrogate", "deep", "more", "digits"],
)
def test_what_is_not_json_is_a_400(shipped: FlaskClient, body: bytes) -> None:
    """A body that is not JSON says so."""
    response = shipped.post(
        "/predict_api", data=body, content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": str(len(body))},
    )
    errors_of(response, 400)
    assert "JSON" in response.get_json(force=True)["detail"]


@pytest.mark.parametrize("body", ["null", "5", '"yes"', "true", "[[1]]", "[null]", "[[]]"])
def test_json_that_is_no_row_is_a_422(shipped: FlaskClient, body: str) -> None:
    """null, a number or a list of lists is told what a row is."""
    response = shipped.post("/predict_api", data=body, content_type="application/json")
    assert "object" in errors_of(response, 422)[0]["message"]


def test_another_content_type_is_a_415(shipped: FlaskClient) -> None:
    """JSON must be called JSON."""
    errors_of(shipped.post("/predict_api", data=json.dumps(SMOKER)), 415)


def test_a_large_body_is_a_413(shipped: FlaskClient) -> None:
    """Twenty megabytes are refused by their length, before they are read."""
    response = shipped.post(
        "/predict_api", data=b" " * 20_000_000, content_type="application/json"
    )
    errors_of(response, 413)


def test_a_list_of_too_many_rows_is_a_413(shipped: FlaskClient) -> None:
    """One request holds at most 10,000 rows."""
    errors_of(shipped.post("/predict_api", data="[" + "{}," * 10_000 + "{}]",
                           content_type="application/json"), 413)


def test_a_body_without_a_length_is_a_411(shipped: FlaskClient) -> None:
    """A chunked body would be cut silently, so a length is asked for."""
    response = shipped.post("/predict_api", content_type="application/json",
                            environ_overrides={"wsgi.input_terminated": True})
    errors_of(response, 411)


def test_the_wrong_method_is_a_405(shipped: FlaskClient) -> None:
    """GET on a route that wants POST is told which method it has."""
    response = shipped.get("/predict_api")
    errors_of(response, 405)
    assert "POST" in response.headers["Allow"]


def test_an_unknown_api_route_is_a_404_in_json(shipped: FlaskClient) -> None:
    """Programs get JSON, whatever they ask for."""
    errors_of(shipped.get("/api/v2/predict"), 404)


def test_an_unexpected_failure_gives_a_request_id(shipped: FlaskClient) -> None:
    """What breaks inside is logged under an id; no traceback leaves the server."""
    class Broken:
        def answer(self, columns: Any) -> Any:
            raise RuntimeError("secret detail")

    predictor = shipped.application.extensions["tablecast"].current().loaded.predictor
    engine, predictor.engine = predictor.engine, Broken()
    try:
        response = shipped.post("/predict_api", json=SMOKER)
    finally:
        predictor.engine = engine
    errors_of(response, 500)
    assert "secret" not in response.text
    assert response.headers["X-Request-Id"] in response.text


def test_the_model_describes_its_fields(shipped: FlaskClient) -> None:
    """/api/v1/model lists the fields in the form's order, with what is valid."""
    body = shipped.get("/api/v1/model").get_json()
    assert {"name", "version", "created", "task", "target", "fields", "metrics", "leaderboard",
            "proof", "versions", "sha256", "limits"} <= set(body)
    fields = {field["name"]: field for field in body["fields"]}
    assert list(fields) == ["age", "sex", "bmi", "children", "smoker", "region"]
    for field in fields.values():
        assert {"name", "kind", "label", "required", "min", "max", "hard_min", "hard_max",
                "levels", "closed", "default"} <= set(field)
    assert (fields["bmi"]["min"], fields["bmi"]["max"]) == (15.96, 53.13)
    assert sorted(fields["smoker"]["levels"]) == ["no", "yes"]
    assert fields["smoker"]["closed"]


def test_metrics_count_rows(shipped: FlaskClient) -> None:
    """Prometheus sees requests by route and status, and the rows predicted."""
    shipped.post("/predict_api", json=SMOKER)
    shipped.post("/predict_api", json=TUTORIAL)
    text = shipped.get("/metrics").text
    assert 'tablecast_requests_total{route="/predict_api",status="200"}' in text
    assert 'tablecast_requests_total{route="/predict_api",status="422"}' in text
    assert 'tablecast_rows_total{route="/predict_api"}' in text


def test_every_answer_has_the_headers(shipped: FlaskClient) -> None:
    """Policy, type and no caching go with every answer, good or bad."""
    for response in (
        shipped.post("/predict_api", json=SMOKER), shipped.get("/nowhere"), shipped.get("/healthz"),
    ):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-store"
        assert len(response.headers["X-Request-Id"]) == 16


def test_data_may_load_nothing_and_pages_only_what_is_ours(shipped: FlaskClient) -> None:
    """An answer for a program, shown by a browser, may do nothing; a page has its own files."""
    data = shipped.post("/predict_api", json=SMOKER).headers
    assert data["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    page = shipped.get("/").headers
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert page["Referrer-Policy"] == "same-origin"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=60))
def test_no_body_is_an_unexpected_failure(client: FlaskClient, body: bytes) -> None:
    """Whatever bytes are sent, the answer is a 4xx in the shape of a problem, or a prediction."""
    response = client.post("/predict_api", data=body, content_type="application/json")
    if response.status_code != 200:
        assert 400 <= response.status_code < 500
        errors_of(response, response.status_code)
