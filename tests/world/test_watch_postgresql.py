"""The days' sums in Debian's PostgreSQL, where several processes add to them at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from postgresql import Server, postgresql
from watched import TODAY, keep, rows_of, shipped

from tablecast.log import daily
from tablecast.log.database import engine_of, upgrade, writing
from tablecast.log.retention import erase
from tablecast.log.tables import PREDICTION
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


def keep_and_count(address: str, number: int) -> None:
    """Keep rows one by one and count what there is, as every process does; erase some."""
    engine, counted = engine_of(address), daily.Daily()
    counted.learn(shipped()["name"], shipped())
    for row in rows_of(shipped(), TODAY, TIMES, seed=number):
        keep(engine, [row])
        counted.fold(engine)
        if row["at"] % 5 == 0:
            erase(engine, row["id"])
    engine.dispose()


def test_rows_count_once_between_processes(server: Server) -> None:
    """Though each counts what any of them has kept; what was erased leaves no number."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=keep_and_count, args=(server.address, number))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    engine, counted = engine_of(server.address), daily.Daily()
    counted.learn(shipped()["name"], shipped())
    counted.fold(engine)
    with engine.connect() as connection:
        sums = daily.read(connection, shipped()["name"], shipped()["sha256"])[TODAY]
        assert daily.uncounted_ids(connection) == set()
        kept = connection.execute(sa.select(PREDICTION.c.given)).scalars().all()
    engine.dispose()
    assert len(kept) == PROCESSES * TIMES * 4 // 5
    assert len(kept) <= sums["rows"] <= PROCESSES * TIMES
    ages = sums["totals"]["age"]
    assert ages["rows"] == len(kept)
    assert ages["sum"] == pytest.approx(sum(given["age"] for given in kept))


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
