"""The prediction log in Debian's PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgresql import Server, postgresql

from tablecast.cli.main import main
from tablecast.log.database import engine_of, upgrade
from tablecast.log.prediction_log import PredictionLog
from tablecast.log.tables import METADATA
from tests.deployments import SHIPPED, shipped_deployment
from tests.logged import ROW, insurance, soon
from tests.started import started

pytestmark = pytest.mark.world

BARE, V1 = "/predict_api", "/api/v1/predict"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A server for all tests of this file."""
    with postgresql() as server:
        yield server


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """It has no tables, and no log has it open."""
    opened: dict[Any, PredictionLog] = {}
    monkeypatch.setattr("tablecast.log.open_log._opened", opened)
    running.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    yield running
    for log in opened.values():
        log.finish()


def client_of(server: Server, patch: pytest.MonkeyPatch, **settings: str) -> Any:
    """A client of an application that keeps its answers there."""
    patch.setenv("TABLECAST_LOG", server.address)
    patch.setenv("TABLECAST_ACCESS_LOG", "off")
    for name, value in settings.items():
        patch.setenv(name, value)
    return started(insurance()).test_client()


def test_the_steps_make_the_tables(server: Server) -> None:
    """As in SQLite; by Heroku's name for it, too."""
    engine = engine_of(server.address.replace("postgresql://", "postgres://"))
    upgrade(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_answers_are_kept_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, in a list, in CSV; and the same key gets the same answer."""
    client = client_of(server, monkeypatch)
    named = client.post(BARE, json=ROW).headers["X-Prediction-Id"].split(", ")
    named += client.post(V1, json=[ROW, ROW | {"age": 70}]).headers["X-Prediction-Id"].split(", ")
    same = {"Idempotency-Key": "1"}
    first, again = (client.post(V1, json=ROW, headers=same) for _ in range(2))
    assert first.data == again.data
    assert client.post(V1, json=[ROW], headers=same).status_code == 422
    named.append(first.headers["X-Prediction-Id"])
    assert client.post(V1, json={"age": "\0"}).status_code == 422
    assert server.ask("SELECT id FROM prediction ORDER BY id") == sorted(named)
    given = server.ask("SELECT given FROM prediction ORDER BY id")
    assert json.loads(given[0]) == ROW
    assert server.ask("SELECT count(*) FROM refusal") == ["1"]


def test_outcomes_are_told_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in SQLite."""
    client = client_of(server, monkeypatch)
    one = client.post(BARE, json=ROW).headers["X-Prediction-Id"]
    told = {"id": one, "outcome": 9000}
    assert client.post("/api/v1/outcomes", json=told).json == {"added": 1, "known": 0}
    assert client.post("/api/v1/outcomes", json=told).json == {"added": 0, "known": 1}
    assert client.post("/api/v1/outcomes", json=told | {"outcome": 1}).status_code == 409
    assert client.post("/api/v1/outcomes", json=told | {"id": "x"}).status_code == 404
    assert "9,000" in client.get(f"/outcome?id={one}").text


def test_a_server_that_stops_is_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 while it is away, and soon after it is back the answers are kept again."""
    client = client_of(server, monkeypatch)
    assert client.post(BARE, json=ROW).status_code == 200
    server.stop()
    try:
        for _ in range(3):
            response = client.post(BARE, json=ROW)
            assert response.status_code == 503
            assert int(response.headers["Retry-After"]) > 0
    finally:
        server.start()
    soon(lambda: client.post(BARE, json=ROW).status_code == 200, 5)
    assert int(server.ask("SELECT count(*) FROM prediction")[0]) == 2


def test_a_locked_table_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """For two seconds; then 503, until it is free."""
    client = client_of(server, monkeypatch)
    assert client.post(BARE, json=ROW).status_code == 200
    holder = engine_of(server.address)
    with holder.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE prediction IN ACCESS EXCLUSIVE MODE")
        assert client.post(BARE, json=ROW).status_code == 503
    soon(lambda: client.post(BARE, json=ROW).status_code == 200, 5)
    holder.dispose()


def test_a_relaxed_log_keeps_what_waits(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are given while the server is away, and kept once it is back."""
    client = client_of(server, monkeypatch, TABLECAST_LOG_MODE="relaxed")
    server.stop()
    try:
        named = [client.post(BARE, json=ROW).headers["X-Prediction-Id"] for _ in range(20)]
    finally:
        server.start()
    soon(lambda: server.ask("SELECT id FROM prediction ORDER BY id") == named)


def test_the_commands_work(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Export, outcomes, erase and prune."""
    monkeypatch.setenv("TABLECAST_LOG", server.address)
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", str(SHIPPED))
    monkeypatch.setenv("TABLECAST_ACCESS_LOG", "off")
    monkeypatch.chdir(tmp_path)
    client = started(shipped_deployment("onnx")).test_client()
    ids = client.post(BARE, json=[ROW] * 5).headers["X-Prediction-Id"].split(", ")
    Path("told.csv").write_text("id,charges\n" + "".join(f"{one},9\n" for one in ids[:2]))
    assert main(["outcomes", "add", "told.csv"]) == 0
    assert main(["log", "erase", ids[0]]) == 0
    assert main(["log", "prune", "--days", "1"]) == 0
    assert main(["log", "export", "-o", "asked.csv"]) == 0
    lines = Path("asked.csv").read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["id", *ids[1:]]
    assert lines[1].endswith(",9.0")
    assert lines[2].endswith(",")
