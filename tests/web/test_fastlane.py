"""The fast lane: with and without it, every request gets the same answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tablecast.deployment.deployment import Deployment
from tablecast.web.app import create_app
from tablecast.web.fast_path import FastLane

PATIENT = {
    "age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest",
}
#: What differs from one request to the next by its nature.
OWN = {"X-Request-Id"}


@pytest.fixture(scope="module")
def both(fake_deployment: Deployment) -> tuple[Flask, Flask]:
    """The application with the fast lane, and the same without."""
    with_lane, without = create_app(fake_deployment), create_app(fake_deployment)
    assert isinstance(without.wsgi_app, FastLane)
    without.wsgi_app = without.wsgi_app._app  # type: ignore[method-assign]
    return with_lane, without


def answer(app: Flask, **request: Any) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    response = app.test_client().open(method=request.pop("method", "POST"), **request)
    headers = {name: value for name, value in response.headers if name not in OWN}
    body = response.data
    if response.status_code == 500:  # names its own request
        body = b""
    return response.status_code, headers, body


VALUES = st.one_of(
    st.integers(-200, 200), st.floats(), st.text(max_size=5), st.none(), st.booleans(),
    st.sampled_from(["yes", " YES", "male", "northwest"]),
)
ROWS = st.dictionaries(st.sampled_from([*PATIENT, "other"]), VALUES, max_size=3).map(
    lambda changes: {**PATIENT, **changes}
)
BODIES = st.one_of(
    ROWS.map(lambda row: json.dumps(row).encode()),
    st.lists(ROWS, max_size=2).map(lambda rows: json.dumps(rows).encode()),
    st.binary(max_size=30),
)


@pytest.mark.thorough
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=BODIES,
    path=st.sampled_from(["/predict_api", "/api/v1/predict", "/predict", "/healthz"]),
    kind=st.sampled_from(["application/json", "application/json; charset=utf-8", "text/plain"]),
    query=st.sampled_from(["", "explain=0", "x"]),
    accept=st.sampled_from(["", "*/*", "text/csv", "application/x-ndjson, */*", "Text/CSV;q=0"]),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "HEAD", "OPTIONS"]),
)
def test_the_lane_changes_no_answer(
    both: tuple[Flask, Flask], body: bytes, path: str, kind: str, query: str, accept: str,
    method: str,
) -> None:
    """Byte for byte the same body, the same status and the same headers."""
    request = {
        "path": path, "query_string": query, "data": body, "content_type": kind, "method": method,
        "headers": {"Accept": accept},
    }
    quick, slow = (answer(app, **dict(request)) for app in both)
    assert quick == slow


def test_plain_rows_take_the_lane(both: tuple[Flask, Flask]) -> None:
    """A valid JSON row never reaches Flask."""
    app, _ = both
    lane = app.wsgi_app
    assert isinstance(lane, FastLane)

    def refuse(*_: Any) -> Any:
        raise AssertionError("the request was handed on")

    behind, lane._app = lane._app, refuse
    try:
        for path in ("/predict_api", "/api/v1/predict"):
            assert answer(app, path=path, json=PATIENT)[0] == 200
    finally:
        lane._app = behind


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/1.2"])
@pytest.mark.parametrize("host", ["", "a,b", "a b", "a/b@c", "a:b", "[::1", "a\x00", "é"])
def test_an_odd_host_is_refused(both: tuple[Flask, Flask], host: str, protocol: str) -> None:
    """A Host header that is not there, is there twice or names no host gets 400 (RFC 9112)."""
    for app in both:
        answer = app.test_client().post(
            "/predict_api", json=PATIENT,
            environ_overrides={"HTTP_HOST": host, "SERVER_PROTOCOL": protocol},
        )
        assert answer.status_code == 400
        assert "Host header" in answer.json["detail"]


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1"])
def test_the_first_http_needs_no_host(both: tuple[Flask, Flask], protocol: str) -> None:
    """A request of HTTP/1.0 has none; granian writes its version shorter."""
    for app in both:
        answer = app.test_client().get(
            "/healthz", environ_overrides={"HTTP_HOST": "", "SERVER_PROTOCOL": protocol}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("host", ["a", "A.example.:80", "127.0.0.1:5000", "[::1]:80", "my_host"])
def test_a_usual_host_is_taken(both: tuple[Flask, Flask], host: str) -> None:
    """Names, addresses and ports."""
    for app in both:
        answer = app.test_client().post(
            "/predict_api", json=PATIENT, environ_overrides={"HTTP_HOST": host}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("length", ["", "-1", "1e3", "9" * 5000, "٣"])
def test_an_odd_length_is_handed_on(both: tuple[Flask, Flask], length: str) -> None:
    """A Content-Length that is no plain number gets a 4xx, with the lane as without."""
    for app in both:
        response = app.test_client().post(
            "/predict_api", content_type="application/json",
            environ_overrides={"CONTENT_LENGTH": length},
        )
        assert 400 <= response.status_code < 500


def test_a_failing_engine_is_worded_by_the_application(both: tuple[Flask, Flask]) -> None:
    """What breaks in the lane breaks again behind it, where it is logged and given an id."""

    class Broken:
        def answer(self, columns: Any) -> Any:
            raise RuntimeError("broken")

    predictor = both[0].extensions["tablecast"].current().loaded.predictor
    engine, predictor.engine = predictor.engine, Broken()
    try:
        assert [answer(app, path="/predict_api", json=PATIENT)[0] for app in both] == [500, 500]
    finally:
        predictor.engine = engine


def test_both_ways_are_counted_alike(both: tuple[Flask, Flask]) -> None:
    """A request counts once, under the same names."""
    def counted(app: Flask) -> float:
        text = app.test_client().get("/metrics").text
        line = 'tablecast_requests_total{route="/predict_api",status="200"} '
        found = [row for row in text.splitlines() if row.startswith(line)]
        return float(found[0].split()[-1]) if found else 0.0

    for app in both:
        before = counted(app)
        answer(app, path="/predict_api", json=PATIENT)
        assert counted(app) == before + 1
