"""The days' sums in Debian's PostgreSQL, where several processes add to them at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from postgresql import Server, postgresql

from tablecast.log import daily
from tablecast.log.database import engine_of, upgrade, writing
from tests.logged import ROW, insurance
from tests.started import started

pytestmark = pytest.mark.world

PROCESSES, THREADS, TIMES = 3, 4, 25


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with the log's tables."""
    with postgresql() as running:
        engine = engine_of(running.address)
        upgrade(engine)
        engine.dispose()
        yield running


def add_often(address: str) -> None:
    """Add to the same days from some threads, in either order."""
    engine = engine_of(address)

    def once(number: int) -> None:
        days = [daily.Place("one", "sha", 1), daily.Place("one", "sha", 2),
                daily.Place("one", "other", 1)]  # fmt: skip
        with writing(engine) as connection:
            turned = days[:: 1 if number % 2 else -1]
            daily.add(connection, {place: {"rows": 1} for place in turned})

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(once, range(TIMES)))
    engine.dispose()


def test_nothing_is_lost_between_processes(server: Server) -> None:
    """Every row counts once, and nobody waits for ever."""
    context = multiprocessing.get_context("spawn")
    started_ = [
        context.Process(target=add_often, args=(server.address,)) for _ in range(PROCESSES)
    ]
    for process in started_:
        process.start()
    for process in started_:
        process.join(60)
    assert [process.exitcode for process in started_] == [0] * PROCESSES
    engine = engine_of(server.address)
    with engine.connect() as connection:
        assert daily.read(connection, "one", "sha") == {
            day: {"rows": PROCESSES * TIMES} for day in (1, 2)
        }
    engine.dispose()


def test_the_watch_reads_what_was_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in SQLite; an outcome counts once."""
    monkeypatch.setattr("tablecast.log.open_log._opened", {})
    monkeypatch.setenv("TABLECAST_LOG", server.address)
    monkeypatch.setenv("TABLECAST_ACCESS_LOG", "off")
    client = started(insurance()).test_client()
    one = client.post("/predict_api", json=ROW).headers["X-Prediction-Id"]
    client.post("/predict_api", json={"age": "old"})
    for _ in range(2):
        client.post("/api/v1/outcomes", json={"id": one, "outcome": 9000})
    found = client.get("/api/v1/watch").get_json()
    assert (found["predictions"], found["refused"], found["outcomes"]) == (1, 1, 1)
    assert client.get("/watch").status_code == 200
