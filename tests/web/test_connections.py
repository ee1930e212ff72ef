"""The lines in which connections wait: who may stay, who has to go, and what is said at the end."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from tablecast.web.server import connections
from tablecast.web.server.client import Connection
from tablecast.web.server.connections import KERNEL_HOLDS, MOST_DISCARDED
from tablecast.web.server.gunicorn_worker import Worker

#: Seconds that a worker here waits for a client, times the bytes of a second that it asks for.
ENOUGH = 10 * 100


class Listening:
    """A listening socket whose clients the test holds, or that fails."""

    def __init__(
        self, error: int | None = None, address: str = "10.0.0.1", asked: bytes = b""
    ) -> None:
        self.error, self.address, self.asked = error, address, asked

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))
        accepted, self.client = socket.socketpair()
        self.client.settimeout(5)
        self.client.send(self.asked)
        return accepted, (self.address, 5000)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 80)


class Waiting:
    """A worker whose loop the test turns by hand.

    Attributes:
        taken: for each client, its socket and the worker's connection, in the order in which they
            came.
    """

    def __init__(self, *listeners: socket.socket, **settings: Any) -> None:
        config = Config()
        for name, value in {"threads": 1, **settings}.items():
            config.set(name, value)
        loaded = type("Loaded", (), {"wsgi": lambda _: None})()
        self.worker = Worker(1, os.getppid(), list(listeners), loaded, 30, config, Logger(config))
        self.worker.wsgi = None  # no log to tell of refusals
        self.worker.poller = selectors.DefaultSelector()
        self.taken: list[tuple[socket.socket, Connection]] = []

    def take(
        self, address: str = "10.0.0.1", asked: bytes = b""
    ) -> tuple[socket.socket, Connection]:
        """One more client, which asks nothing yet, or a part of something."""
        listening = Listening(address=address, asked=asked)
        lines = [self.worker._heads, self.worker._new]
        known = {conn for line in lines for conn in line}
        self.worker.accept(listening)
        conn = next((one for line in lines for one in line if one not in known), None)
        self.taken.append((listening.client, conn))
        return self.taken[-1]

    def stop(self) -> None:
        for client, conn in self.taken:
            client.close()
            if conn is not None:
                conn.sock.close()
        self.worker.poller.close()
        self.worker.tmp.close()


def gone(client: socket.socket) -> bool:
    """Whether the worker closed a client's connection, and said nothing."""
    client.settimeout(0)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    """A worker that takes four connections."""
    monkeypatch.setenv("TABLECAST_PATIENCE", "10")
    monkeypatch.setenv("TABLECAST_LEAST_RATE", "100")
    made = Waiting(worker_connections=4)
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("error", "idle", "busy", "most", "closed"),
    [
        (errno.EMFILE, 1, 1, 4, True),
        (errno.ENFILE, 0, 3, 3, False),
        (errno.ENOMEM, 0, 0, 1, False),
        (errno.ECONNABORTED, 1, 1, 4, False),
    ],
)
def test_only_a_lack_of_files_costs_a_connection(
    waiting: Waiting, error: int, idle: int, busy: int, most: int, closed: bool
) -> None:
    """The idle one where there is one; else no more are taken than there are, and one at least."""
    for number in range(busy):
        _, conn = waiting.take(f"10.0.1.{number}")
        waiting.worker._wait(conn, waiting.worker._bodies)
    clients = [waiting.take()[0] for _ in range(idle)]
    waiting.worker.accept(Listening(error))
    assert waiting.worker._most == most
    assert [gone(client) for client in clients] == [closed] * idle
    assert waiting.worker.nr_conns == busy + idle - closed


def test_a_listening_socket_that_is_of_no_use_is_an_error(waiting: Waiting) -> None:
    """The worker ends by it, instead of asking it again without an end."""
    with pytest.raises(OSError, match="Bad file"):
        waiting.worker.accept(Listening(errno.EBADF))


def test_an_address_has_half_of_the_connections(waiting: Waiting) -> None:
    """Its third takes the place of its first; an address of its own network counts with it."""
    first, second, third = (waiting.take(f"2001:db8::{number}")[0] for number in range(3))
    other, _ = waiting.take("2001:db8:1::1")
    assert [gone(client) for client in (first, second, third, other)] == [True] + 3 * [False]
    assert waiting.worker.nr_conns == 3
    assert sorted(waiting.worker._of_address.values()) == [1, 2]


def test_an_address_may_have_one_at_least(waiting: Waiting) -> None:
    """Also where a worker takes hardly any."""
    waiting.worker._most = 2
    (first, _), (second, _) = waiting.take(), waiting.take()
    assert [gone(client) for client in (first, second)] == [True, False]


def test_what_has_been_asked_is_read_at_once(waiting: Waiting) -> None:
    """The loop need not be told of it by the poller."""
    _, conn = waiting.take(asked=b"GET / HT")
    assert (conn.received, conn.line) == (b"GET / HT", waiting.worker._heads)


def test_who_has_most_loses_what_is_idle(waiting: Waiting) -> None:
    """Where all places are taken, a new client takes one of an address that has more."""
    many = [waiting.take("10.0.0.9")[0] for _ in range(2)]
    few = [waiting.take(address)[0] for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3")]
    assert [gone(client) for client in many] == [True, False]
    assert not any(map(gone, few))
    assert waiting.worker.nr_conns == 4


def test_idle_ones_go_in_the_order_of_what_they_lose(waiting: Waiting) -> None:
    """First who leaves, then who sent nothing, a part of a head, or may ask once more."""
    worker = waiting.worker
    worker._most = 8  # so that one address may have four
    lines = [worker.keepalived_conns, worker._heads, worker._new, worker._leaving]
    taken = [waiting.take() for _ in lines]
    for (_, conn), line in zip(taken, lines, strict=True):
        worker._wait(conn, line)
    for client, _ in reversed(taken):
        assert not gone(client)
        assert worker._make_room()
        assert gone(client)
    assert not worker._make_room()
    assert (worker.nr_conns, dict(worker._of_address)) == (0, {})


def test_without_an_idle_one_there_is_no_room(waiting: Waiting) -> None:
    """A client is told so, and its connection counts until it has closed it."""
    for number in range(4):
        _, conn = waiting.take(f"10.0.0.{number}")
        waiting.worker._wait(conn, waiting.worker._sending)
    client, conn = waiting.take("10.0.1.1")
    assert conn is None
    assert client.recv(1000).startswith(b"HTTP/1.1 503 ")
    assert gone(client)
    (leaving,) = waiting.worker._leaving
    client.send(b"x" * 100)
    waiting.worker._discard(leaving, leaving.sock)
    assert waiting.worker.nr_conns == 5
    client.close()
    waiting.worker._discard(leaving, leaving.sock)
    waiting.worker._discard(leaving, leaving.sock)  # told of once more, after it is gone
    assert waiting.worker.nr_conns == 4


def test_who_leaves_may_not_send_without_an_end(waiting: Waiting) -> None:
    """What it sends is read up to so many bytes, and then it is cut off."""
    client, conn = waiting.take()
    waiting.worker._refuse(conn, 408)
    conn.progress = MOST_DISCARDED - 10
    client.send(b"x" * 9)
    waiting.worker._discard(conn, conn.sock)
    assert waiting.worker.nr_conns == 1
    waiting.worker._discard(conn, conn.sock)  # nothing has come
    assert waiting.worker.nr_conns == 1
    client.send(b"x")
    waiting.worker._discard(conn, conn.sock)
    assert waiting.worker.nr_conns == 0


@pytest.mark.parametrize(
    ("line", "progress", "told"),
    [
        ("_bodies", ENOUGH, None), ("_bodies", ENOUGH - 1, b"HTTP/1.1 408 "),
        ("_sending", ENOUGH, None), ("_sending", ENOUGH - 1, b""),
        ("_heads", ENOUGH, b"HTTP/1.1 408 "), ("_new", ENOUGH, b""), ("_leaving", ENOUGH, b""),
    ],
)  # fmt: skip
def test_who_is_late_is_told_where_an_answer_is_awaited(
    waiting: Waiting, line: str, progress: int, told: bytes | None
) -> None:
    """Who was quick enough so far goes on in a body or an answer, and has to be so again."""
    worker, (client, conn) = waiting.worker, waiting.take()
    worker._wait(conn, getattr(worker, line))
    conn.progress, conn.timeout = progress, time.monotonic() + 60
    worker.murder_pending()  # in time
    assert conn.line is getattr(worker, line)
    conn.timeout = 0.0
    worker.murder_pending()
    if told is None:
        assert (conn.line, conn.progress) == (getattr(worker, line), 0)
        assert conn.timeout > time.monotonic()
    else:
        read = client.recv(1000)
        assert read.startswith(told)
        assert bool(read) == bool(told)


def test_a_worker_that_stops_keeps_only_who_has_asked(waiting: Waiting) -> None:
    """Who has sent nothing is let go at once; a request that has begun may come to its end."""
    worker = waiting.worker
    (new, _), (begun, conn) = waiting.take(), waiting.take()
    worker._wait(conn, worker._heads)
    worker.murder_pending()
    assert not gone(new)
    worker.alive = False
    worker.murder_pending()
    assert gone(new)
    assert not gone(begun)


def test_a_sign_of_life_twice_a_second(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then twice as many connections are taken as lately, up to those that are configured."""
    signs: list[float] = []
    monkeypatch.setattr(connections.ThreadWorker, "notify", lambda _: signs.append(now))
    monkeypatch.setattr(connections.time, "monotonic", lambda: now)
    worker, now = waiting.worker, 0.0
    worker._most = 1
    known = []
    for now in (100.0, 100.4, 100.5, 100.9, 101.1):  # noqa: B007 - the clock reads it
        worker.notify()
        known.append(worker._most)
    assert signs == [100.0, 100.5, 101.1]
    assert known == [2, 2, 4, 4, 4]


def test_where_an_idle_one_can_go_another_is_accepted(waiting: Waiting) -> None:
    """gunicorn accepts up to ``worker_connections``: what may be, or more than there are."""
    worker = waiting.worker
    worker.notify()
    assert worker.worker_connections == 4
    taken = [waiting.take(f"10.0.0.{number}")[1] for number in range(4)]
    for idle in (worker._new, worker._heads, worker._leaving, worker.keepalived_conns):
        for conn in taken:
            worker._wait(conn, worker._bodies)
        worker.notify()
        assert worker.worker_connections == 4
        worker._wait(taken[0], idle)
        worker.notify()
        assert worker.worker_connections == 8


def test_the_poller_is_told_of_changes_alone(waiting: Waiting) -> None:
    """One that waits for the same again is left as it is; one that does not wait is not polled."""
    worker, (_, conn) = waiting.worker, waiting.take()
    registered = worker.poller.get_map()
    key = registered[conn.sock.fileno()]
    worker._watch(conn, worker.on_client_socket_readable)
    assert registered[conn.sock.fileno()] is key
    worker._watch(conn, worker.on_client_socket_readable, selectors.EVENT_WRITE)
    assert registered[conn.sock.fileno()].events == selectors.EVENT_WRITE
    for _ in range(2):
        worker._unwatch(conn)
        assert (len(registered), conn.watched) == (0, None)


def test_each_request_has_all_patience(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a slow client used up with one request is not missing for its next."""
    worker, (_, conn) = waiting.worker, waiting.take()
    handed: list[Any] = []
    monkeypatch.setattr(worker, "enqueue_req", handed.append)
    conn.sock._patience = 0.1
    worker._hand_over(conn, b"GET / HTTP/1.1\r\n\r\n")
    assert handed == [conn]
    assert (conn.sock._patience, conn.line, conn.watched, conn.data_ready) == (10, None, None, True)


@pytest.mark.parametrize(
    ("setting", "reads"),
    [
        ({}, True), ({"proxy_protocol": "v1"}, False), ({"certfile": "c.pem"}, False),
        ({"http2_cleartext": "prior-knowledge"}, False),
    ],
)  # fmt: skip
def test_a_worker_reads_what_it_can(setting: dict[str, str], reads: bool) -> None:
    """Not what is encrypted, nor what begins with a proxy's own words or may be HTTP/2."""
    made = Waiting(**setting)
    assert made.worker._reads is reads
    made.stop()


def test_the_kernel_holds_little_for_a_client() -> None:
    """A connection has the buffer of the socket that it came by, which Linux doubles."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Waiting(listener)
        held = listener.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        made.stop()
    assert held in (KERNEL_HOLDS, 2 * KERNEL_HOLDS)
