"""What all engines share, and the processes of this machine, without a process or a cluster."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tablecast.batch import engines
from tablecast.batch.engines import EngineFailed, processes_engine
from tablecast.batch.parts import score
from tablecast.batch.predict_parts import Workers, _words_of
from tablecast.errors import BatchError


class Worker:
    """Stands in for a process: ends as often as it is told to, then answers."""

    made: list[Worker] = []  # noqa: RUF012 - emptied by the fixture
    ends = 0

    def __init__(self) -> None:
        self.made.append(self)
        self.graph, self.stopped = b"", 0

    def take(self, graph: bytes) -> None:
        self.graph = graph

    def answer(self, order: str) -> str:
        if Worker.ends:
            Worker.ends -= 1
            raise EOFError
        return f"{order} by {self.graph.decode()}"

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """The workers that are made from now on."""
    monkeypatch.setattr(processes_engine, "_Worker", Worker)
    monkeypatch.setattr(processes_engine.resource_tracker, "ensure_running", lambda: None)
    monkeypatch.setattr(Worker, "made", [])
    monkeypatch.setattr(Worker, "ends", 0)
    return Worker.made


def test_a_worker_that_ends_is_replaced(workers: list[Worker]) -> None:
    """It keeps the graph for its next part; four that end with the same part are enough."""
    pool: Any = processes_engine._Pool(b"graph")
    assert [pool.answer("one"), pool.answer("two")] == ["one by graph", "two by graph"]
    assert len(workers) == 1
    Worker.ends = 3
    assert pool.answer("three") == "three by graph"
    assert len(workers) == 4
    Worker.ends = 4
    with pytest.raises(EngineFailed, match=r"ended 4 times with the same part.*fewer --workers"):
        pool.answer("four")
    assert Worker.ends == 0


def test_a_pool_that_is_stopped_begins_nothing_more(workers: list[Worker]) -> None:
    """What it has made is stopped, and a part that ends with it is not tried again."""
    pool: Any = processes_engine._Pool(b"graph")
    pool.answer("one")
    pool.stop()
    assert [one.stopped for one in workers] == [1]
    Worker.ends = 9
    with pytest.raises(EngineFailed):
        pool.answer("two")
    assert Worker.ends == 8


@pytest.mark.parametrize(("asked", "count"), [(3, 3), (None, 7)])
def test_there_are_as_many_workers_as_are_asked_for(
    asked: int | None, count: int, workers: list[Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one for each processor; each has a thread, and all are stopped at the end."""
    monkeypatch.setattr(processes_engine, "processors", lambda: 7)
    with processes_engine.started(asked, None, b"graph") as cluster:
        assert cluster.workers == count
        assert cluster.submit("one").result() == "one by graph"
        threads = cluster.submit.__closure__[1].cell_contents  # type: ignore[attr-defined]
        assert threads._max_workers == count
    assert [one.stopped for one in workers] == [2]  # those just started, too
    with pytest.raises(RuntimeError, match="shutdown"):
        cluster.submit("two")


def test_processes_have_no_address() -> None:
    """They run on this machine."""
    with (
        pytest.raises(BatchError, match="leave out --address"),
        processes_engine.started(1, "tcp://127.0.0.1:9", b""),
    ):
        pass


class Asker:
    """Stands in for the pipe to who started a worker: some orders, and then nobody."""

    def __init__(self, orders: list[str]) -> None:
        self.orders, self.sent = orders, list[Any]()

    def recv_bytes(self) -> bytes:
        return b"graph"

    def recv(self) -> str:
        if not self.orders:
            raise EOFError
        return self.orders.pop(0)

    def send(self, scored: Any) -> None:
        self.sent.append(scored)


def test_a_worker_answers_until_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each order with the one graph that it was given; Ctrl-C is not for it."""
    monkeypatch.setattr(processes_engine, "score", lambda order, graph: (order, graph))
    ignored: list[Any] = []
    monkeypatch.setattr(signal, "signal", lambda *told: ignored.append(told))
    asker: Any = Asker(["one", "two"])
    processes_engine._work(asker)
    assert asker.sent == [("one", b"graph"), ("two", b"graph")]
    assert ignored == [(signal.SIGINT, signal.SIG_IGN)]


def test_processors_are_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system does not tell, those of the machine; one at least."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 4, 5}, raising=False)
    assert engines.processors() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    for told, count in ((5, 5), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda told=told: told)
        assert engines.processors() == count


def test_engines_are_known_by_their_modules() -> None:
    """By name, without what their files' names end in."""
    assert engines.engine_names() == ["dask", "processes", "ray", "spark"]


def test_an_engine_is_given_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster's address, once it takes connections; how many workers, and the graph."""
    told: list[Any] = []
    monkeypatch.setattr(processes_engine, "started", lambda *given: told.append(given) or "context")
    monkeypatch.setattr(engines, "refused", lambda address: told.append(address) or "")
    assert engines.started("processes", 2, "host:1", b"graph") == "context"  # type: ignore[comparison-overlap]
    assert engines.started("processes", None, None, b"graph") == "context"  # type: ignore[comparison-overlap]
    assert told == ["host:1", (2, "host:1", b"graph"), (None, None, b"graph")]
    with pytest.raises(BatchError, match="--address is empty"):
        engines.started("processes", None, "", b"")


@pytest.fixture
def there() -> Iterator[str]:
    """An address that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_what_takes_connections_is_there(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless something else listens; what has no host and port is the engine's to judge."""
    for address in (there, f"tcp://{there}", f"ray://{there}/", "yarn", "local[2]", "host:port"):
        assert engines.refused(address) == ""
    assert engines.refused(there, lambda _: True) == "something else listens there"
    waited: list[float] = []
    monkeypatch.setattr(
        socket, "create_connection", lambda where, seconds: waited.append((where, seconds)) or 1 / 0
    )
    for address in ("tcp://[::1]:8786", "a.b:1"):
        with pytest.raises(ZeroDivisionError):
            engines.refused(address)
    assert waited == [(("::1", 8786), 5.0), (("a.b", 1), 5.0)]


def test_what_takes_none_is_told_with_the_reason(there: str) -> None:
    """When it is looked for, and when a run that uses it hears nothing of it."""
    gone = "tcp://127.0.0.1:9"
    assert engines.refused(gone) == "Connection refused"
    assert "too large" in engines.refused(f"127.0.0.1:{'9' * 30}")
    with pytest.raises(EngineFailed, match=r"of dask at tcp://.* went away \(Connection refused\)"):
        engines.check_there("dask", gone)
    with pytest.raises(BatchError, match=r"^No cluster of dask answers at .*\(Connection refused"):
        engines._reach("dask", gone)
    engines.check_there("dask", None)
    engines.check_there("dask", there)
    for address, words in ((None, "starts here"), ("a:1", "answers at a:1")):
        error = engines.not_started("Dask", address, ValueError("it is so."))
        assert str(error) == f"No cluster of Dask {words} (it is so)."


def test_an_answer_travels_without_tablecast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function finds what it needs where it runs."""
    monkeypatch.setattr(score, "score", lambda *given: given)
    assert engines.portable_score()("order", b"graph") == ("order", b"graph")


@pytest.mark.parametrize(
    ("workers", "here"),
    [(Workers(), False), (Workers("dask"), True), (Workers("dask", 1, "a:1"), False)],
)
def test_workers_of_this_machine_write_to_its_disk(workers: Workers, here: bool) -> None:
    """Not those of a cluster, and this process need not."""
    assert workers.write_here == here


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(), "The workers were lost (ValueError)."),
        (ValueError("\n  so \nand so"), "The workers were lost (ValueError: so)."),
        (ValueError("x" * 400), f"The workers were lost (ValueError: {'x' * 288})."),
        (OSError("a\nNo module named 'tablecast'\nb"),
         "The workers lack what this part of tablecast needs (No module named 'tablecast')."),
        (OSError("it has attribute\nscore has no attribute x"), "needs (score has no attribute x)"),
        (OSError("cannot import name y"), "needs (cannot import name y)"),
    ],
)  # fmt: skip
def test_why_workers_are_lost_is_one_line(error: Exception, words: str) -> None:
    """An engine's own words, of which those about a package say what to do."""
    said = _words_of(error)
    assert words in said
    assert "\n" not in said
    assert ("pip install tablecast==" in said) == ("lack" in said)
