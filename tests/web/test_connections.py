"""The lines in which connections wait: who may stay, who has to go, and what is said at the end."""

from __future__ import annotations

import errno
import io
import os
import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from tablecast.web.fast_path import Answered
from tablecast.web.server import client as client_module
from tablecast.web.server import connections
from tablecast.web.server import gunicorn_worker as worker_module
from tablecast.web.server.client import Client, Connection
from tablecast.web.server.connections import KERNEL_HOLDS, MOST_DISCARDED
from tablecast.web.server.gunicorn_worker import Worker
from tablecast.web.server.plain_request import head_ends

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


def asked(row: bytes = b"{}") -> bytes:
    """A plain request."""
    return (
        b"POST /predict_api HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(row), row)
    )


class Keeping:
    """A quick way whose answers are kept first, when the test says so."""

    quick, shared_headers = True, (("Content-Type", "text/x"),)

    def __init__(self) -> None:
        self.submitted: list[list[Any]] = []
        self.noted = 0

    def answer(self, path: str, body: bytes, _sender: Any) -> Answered:
        return Answered(body[::-1], path, note=self.note)

    def note(self) -> None:
        self.noted += 1

    def own_headers(self, answered: Answered) -> list[tuple[str, str]]:
        return [("Content-Length", str(len(answered.body)))]

    def awaited(self, _answered: Answered, done: Any) -> Any:
        return done

    def submit(self, parcels: list[Any]) -> None:
        self.submitted.append(parcels)


@pytest.fixture
def keeping(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """A worker whose log is the test's; what is put off or handed to a thread is written down."""
    worker = waiting.worker
    worker._lane = Keeping()
    worker.deferred, worker.handed = [], []
    queue = SimpleNamespace(defer=lambda act, *given: worker.deferred.append((act, *given)))
    monkeypatch.setattr(worker, "method_queue", queue)
    monkeypatch.setattr(worker, "enqueue_req", worker.handed.append)
    monkeypatch.setattr(
        connections.ThreadWorker, "wait_for_and_dispatch_events", lambda *_: None
    )
    return waiting


def test_answers_are_kept_together_and_then_given(keeping: Waiting) -> None:
    """A connection waits in no line meanwhile; the log is told once of all that were asked."""
    worker, lane = keeping.worker, keeping.worker._lane
    before = worker.nr
    clients = []
    for row in (b"[1]", b"[2]", b"[3]"):
        client, conn = keeping.take(f"10.0.0.{len(clients)}")
        client.send(asked(row))
        worker.on_client_socket_readable(conn, conn.sock)
        assert (conn.line, conn.watched) == (None, None)
        clients.append((client, conn))
    assert worker.nr == before + 3
    for _ in range(2):
        worker.wait_for_and_dispatch_events(0)
    ((first, second, third),) = lane.submitted
    first(True)
    second(False)
    assert worker.deferred == [(worker._give_kept,)]
    worker._give_kept()
    assert lane.noted == 1
    answer = clients[0][0].recv(1000)
    assert answer.endswith(b"Content-Type: text/x\r\nContent-Length: 3\r\n\r\n]1[")
    assert clients[0][1].line is worker.keepalived_conns
    assert worker.handed == [clients[1][1]]  # the application says why
    assert clients[1][1].request == asked(b"[2]")
    third(True)
    assert worker.deferred == [(worker._give_kept,)] * 2
    worker._give_kept()
    assert (lane.noted, worker.handed) == (2, [clients[1][1]])


def test_without_a_log_nothing_is_awaited(
    keeping: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is given in the same turn, and the connection may ask again."""
    worker = keeping.worker
    monkeypatch.setattr(worker._lane, "awaited", lambda *_: None)
    client, conn = keeping.take()
    client.send(asked())
    worker.on_client_socket_readable(conn, conn.sock)
    assert client.recv(1000).startswith(b"HTTP/1.1 200 OK\r\nServer: ")
    assert conn.line is worker.keepalived_conns
    worker.wait_for_and_dispatch_events(0)
    assert worker._lane.submitted == []


@pytest.mark.parametrize(
    ("change", "handed"),
    [
        ({}, False), ({"alive": False}, True), ({"max_requests": 1}, True),
        ({"max_requests": 2}, False), ({"max_keepalived": 0}, True), ({"max_keepalived": 1}, False),
        ({"_lane": None}, True),
    ],
)  # fmt: skip
def test_who_cannot_stay_is_answered_by_a_thread(
    change: dict[str, Any], handed: bool, keeping: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the worker ends, or all places are taken: Connection: close is gunicorn's to say."""
    worker = keeping.worker
    monkeypatch.setattr(worker._lane, "awaited", lambda *_: None)
    worker.nr = 0
    for name, value in change.items():
        monkeypatch.setattr(worker, name, value)
    client, conn = keeping.take()
    client.send(asked())
    worker.on_client_socket_readable(conn, conn.sock)
    assert worker.handed == [conn] * handed


def done_with(result: Any) -> Future[Any]:
    """What a thread leaves: a result, an error, or None for one that was never begun."""
    done: Future[Any] = Future()
    if result is None:
        done.cancel()
    elif isinstance(result, Exception):
        done.set_exception(result)
    else:
        done.set_result(result)
    return done


@pytest.mark.parametrize(
    ("result", "line"),
    [(True, "keepalived_conns"), (False, "_leaving"), (None, "_leaving"), (OSError(), None)],
)
def test_after_a_thread_a_connection_goes_on_or_ends(
    result: Any, line: str | None, keeping: Waiting
) -> None:
    """It gives its place for a large request back, however it was answered."""
    worker, (client, conn) = keeping.worker, keeping.take()
    worker._unwatch(conn)
    conn.line.remove(conn)
    conn.large, worker._large = True, 3
    worker.finish_request(conn, done_with(result))
    assert (worker._large, conn.large) == (2, False)
    assert conn.line is (line and getattr(worker, line))
    assert gone(client) == (line != "keepalived_conns")


def test_what_gunicorn_reads_goes_gunicorns_way(
    keeping: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the loop cannot read, it waits for the next request as gunicorn does; ends are ours."""
    worker, (_, conn) = keeping.worker, keeping.take()
    theirs: list[Any] = []
    monkeypatch.setattr(worker, "_reads", False)
    monkeypatch.setattr(
        connections.ThreadWorker, "finish_request", lambda _, *given: theirs.append(given)
    )
    done = done_with(True)
    worker.finish_request(conn, done)
    assert theirs == [(conn, done)]
    worker.finish_request(conn, done_with(False))
    assert (len(theirs), conn.line) == (1, worker._leaving)


def test_what_a_client_has_not_taken_is_sent_on(keeping: Waiting) -> None:
    """When it can take more; one that is gone is dropped, one that is not awaited left alone."""
    worker, (client, conn) = keeping.worker, keeping.take()
    conn.sock.setblocking(False)
    conn.sock.hold(b"abc")
    worker._writable(conn, conn.sock)
    assert client.recv(10) == b"abc"
    assert conn.progress == 3
    conn.sock.hold(b"d")
    worker._send_on(conn, goes_on=False)
    assert (conn.line, conn.progress) == (worker._sending, 0)
    assert conn.watched == (worker._writable, selectors.EVENT_WRITE)
    worker._unwatch(conn)
    worker._writable(conn, conn.sock)
    client.settimeout(0)
    with pytest.raises(BlockingIOError):
        client.recv(1)
    worker._watch(conn, worker._writable, selectors.EVENT_WRITE)
    worker._writable(conn, conn.sock)
    assert client.recv(10) == b"d"
    assert conn.line is worker._leaving
    other, gone_conn = keeping.take("10.0.0.2")
    gone_conn.sock.hold(b"e")
    other.close()
    worker._writable(gone_conn, gone_conn.sock)
    assert gone_conn.sock.fileno() == -1


def test_a_connection_that_is_at_its_lines_end_again_waits_anew(keeping: Waiting) -> None:
    """Whoever asks again and again is never late."""
    worker, (_, conn) = keeping.worker, keeping.take()
    worker._give(conn, b"one")
    assert conn.line is worker.keepalived_conns
    conn.timeout = 0.0
    worker._give(conn, b"two")
    assert conn.timeout > time.monotonic()
    conn.sock.close()
    worker._give(conn, b"three")
    assert worker.nr_conns == 0


@pytest.mark.parametrize(("count", "sent"), [(None, b"cdef"), (3, b"cde"), (9, b"cdef"), (0, b"")])
def test_a_file_is_sent_in_its_turn(
    count: int | None, sent: bytes, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a place on, as much as is asked for or there is, in pieces."""
    monkeypatch.setattr(client_module, "MOST_UNSENT", 2)
    client, conn = waiting.take()
    conn.sock.settimeout(5)
    pieces: list[bytes] = []
    sendall = conn.sock.sendall
    monkeypatch.setattr(conn.sock, "sendall", lambda data: pieces.append(data) or sendall(data))
    assert conn.sock.sendfile(io.BytesIO(b"abcdef"), 2, count) == len(sent)
    client.settimeout(5)
    assert b"".join(pieces) == sent
    assert all(len(piece) <= 2 for piece in pieces)
    assert (client.recv(10) if sent else b"") == sent


def test_what_is_kept_for_clients_is_counted_until_they_are_gone(waiting: Waiting) -> None:
    """Of all of them together."""
    before = Client.held
    _, conn = waiting.take()
    conn.sock.hold(b"abcde")
    assert Client.held == before + 5
    conn.sock.close()
    assert Client.held == before


def test_a_line_is_used_like_a_deque(waiting: Waiting) -> None:
    """gunicorn looks at its first and takes it; there is no second."""
    worker = waiting.worker
    (_, first), (_, second) = waiting.take(), waiting.take("10.0.0.2")
    line = worker._new
    assert (len(line), line[0], list(line)) == (2, first, [first, second])
    with pytest.raises(IndexError):
        line[1]
    line.append(first)
    assert line.popleft() is second
    assert second.line is None
    assert 9 < first.timeout - time.monotonic() <= 10


def head_of(body: int, size: int) -> bytes:
    """A head of so many bytes, with a body's length."""
    head = f"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: {body}\r\nX: \r\n\r\n"
    return head.replace("X: ", "X: " + "x" * (size - len(head))).encode()


@pytest.mark.parametrize(
    ("head", "body", "sent", "large", "line"),
    [
        (100, 100, 200, 0, None), (100, 101, 201, 1, None), (100, 101, 199, 0, "_bodies"),
        (100, 100, 199, 0, "_bodies"), (100, 0, 100, 0, None), (100, 0, 99, 0, "_heads"),
    ],
)  # fmt: skip
def test_a_request_is_read_ahead_up_to_a_limit(
    head: int, body: int, sent: int, large: int, line: str | None, keeping: Waiting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A larger one is read by a thread, from when so much of it has come."""
    monkeypatch.setattr(worker_module, "MOST_AHEAD", 200)
    worker = keeping.worker
    worker._lane = None
    client, conn = keeping.take()
    client.send((head_of(body, head) + b"x" * body)[:sent])
    worker.on_client_socket_readable(conn, conn.sock)
    worker.on_client_socket_readable(conn, conn.sock)
    assert (worker._large, conn.large) == (large, bool(large))
    assert conn.line is (line and getattr(worker, line))
    assert worker.handed == ([conn] if line is None else [])
    if line is None:
        assert len(conn.request) == min(sent, 200)
        assert (len(conn.received), conn.searched) == (0, 0)


def test_a_head_may_not_be_without_an_end(
    keeping: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """431 from a length on; 503 where as many large requests are read as may be."""
    monkeypatch.setattr(worker_module, "MOST_AHEAD", 200)
    worker = keeping.worker
    worker._lane = None
    for sent, answer in ((199, b""), (200, b"HTTP/1.1 431 ")):
        client, conn = keeping.take(f"10.0.0.{sent}")
        client.send(b"GET /" + b"x" * (sent - 5))
        worker.on_client_socket_readable(conn, conn.sock)
        client.settimeout(0.1)
        if answer:
            assert client.recv(1000).startswith(answer)
        else:
            assert conn.line is worker._heads
    for large, refused in ((worker_module.MOST_LARGE - 1, False), (worker_module.MOST_LARGE, True)):
        worker._large = large
        client, conn = keeping.take(f"10.0.1.{large}")
        client.send(head_of(500, 100) + b"x" * 100)
        worker.on_client_socket_readable(conn, conn.sock)
        client.settimeout(0.1)
        assert (conn in worker.handed) is not refused
        if refused:
            assert client.recv(1000).startswith(b"HTTP/1.1 503 ")
    assert head_ends(bytearray(b"\r\n\r\nx")) == 4


def test_a_line_end_may_come_in_two_pieces() -> None:
    """It is one still; a bare one ends a head."""
    begun = b"GET / HTTP/1.1\r\nHost: a\r"
    assert head_ends(bytearray(begun + b"\n"), len(begun)) == -1
    assert head_ends(bytearray(begun + b"\n\r\n"), len(begun)) == len(begun) + 3
    bare = bytearray(begun + b"\nX: y\n")
    assert head_ends(bare, len(begun)) == len(bare)
    assert head_ends(bytearray(b"GET /\n"), 5) == 6
