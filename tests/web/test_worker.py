"""The gunicorn worker: what it answers in its loop, and that nobody can tell."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import stand_ins
from flask import Flask
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker
from hypothesis import given
from hypothesis import strategies as st

from tablecast.web.fast_path import FastLane
from tablecast.web.server import gunicorn_worker as worker
from tablecast.web.server.client import Client
from tablecast.web.server.connections import most_connections
from tablecast.web.server.gunicorn_worker import MOST_AHEAD, Worker
from tablecast.web.server.plain_request import body_length, head_ends, plain_request
from tests.started import started

PATIENT = {
    "age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest",
}
ROW = json.dumps(PATIENT).encode()
#: What differs from one answer to the next by its nature.
OWN = re.compile(rb"(?<=\r\n)(Date|X-Request-Id): [^\r]*")


def request(
    body: bytes = ROW, line: str = "POST /predict_api HTTP/1.1", length: object = None, *more: str
) -> bytes:
    """One request's bytes."""
    size = len(body) if length is None else length
    head = [line, "Host: x", "Content-Type: application/json", f"Content-Length: {size}", *more]
    return "\r\n".join([*head, "", ""]).encode() + body


class QuickEngine(stand_ins.FormulaEngine):
    """A formula that may be worked out in the loop."""

    quick = True


class Served:
    """A worker that serves on a thread of this process.

    Attributes:
        threads: how many requests went to a thread of the worker's pool.
    """

    def __init__(self, app: Flask, send_buffer: int = 0, **settings: Any) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        config = Config()
        for name, value in {"keepalive": 5, "threads": 4, "errorlog": "-", **settings}.items():
            config.set(name, value)
        loaded = type("Loaded", (), {"wsgi": lambda _: app})()
        self.worker = Worker(
            1, os.getppid(), [self.listener], loaded, 30, config, Logger(config)
        )
        if send_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.threads = 0
        self.clients: list[socket.socket] = []
        # What init_process does, but for signals, which only a main thread may have.
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = selectors.DefaultSelector()
        self.worker.method_queue.init()
        self.worker.load_wsgi()
        enqueue = self.worker.enqueue_req

        def counted(conn: Any) -> None:
            self.threads += 1
            enqueue(conn)

        self.worker.enqueue_req = counted
        self.loop = threading.Thread(target=self.worker.run, daemon=True)
        self.loop.start()

    def connect(self) -> Connection:
        """A connection that was kept alive: its first request has been answered."""
        connection = Connection(self.client())
        connection.ask(request())
        time.sleep(0.05)  # until it is back in the loop
        self.threads = 0
        return connection

    def client(self, receive_buffer: int = 0) -> socket.socket:
        """A new client's socket, closed when the worker stops."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(10)
        client.connect(self.listener.getsockname())
        self.clients.append(client)
        return client

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        self.worker.handle_exit(0, None)
        self.loop.join(10)
        assert not self.loop.is_alive()
        self.worker.tmp.close()
        for log in (self.worker.log.access_log, self.worker.log.error_log):
            for handler in list(log.handlers):
                log.removeHandler(handler)
                handler.close()


class Connection:
    """A client's side, which reads one answer at a time."""

    def __init__(self, client: socket.socket) -> None:
        self.socket = client
        self.unread = b""

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def ask(self, content: bytes) -> bytes:
        self.send(content)
        return self.answer()

    def answer(self, has_body: bool = True) -> bytes:
        """The next whole answer, without what is its own."""
        while b"\r\n\r\n" not in self.unread:
            self._read()
        head, _, rest = self.unread.partition(b"\r\n\r\n")
        size = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) if has_body else 0  # type: ignore[index]
        while len(rest) < size:
            self._read()
            rest = self.unread.partition(b"\r\n\r\n")[2]
        self.unread = rest[size:]
        return OWN.sub(b"", head) + b"\r\n\r\n" + rest[:size]

    def ends(self) -> bool:
        """Whether the server closed it, with nothing left to read."""
        try:
            return not self.unread and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _read(self) -> None:
        more = self.socket.recv(65536)
        assert more, f"the connection ended after {self.unread!r}"
        self.unread += more


def insurance_app(engine: Any) -> Flask:
    return started(stand_ins.deploy("fake", stand_ins.insurance_schema(), engine))


@pytest.fixture(scope="module")
def app() -> Flask:
    """The insurance form, answered at once by a formula."""
    return insurance_app(QuickEngine())


@pytest.fixture
def served(app: Flask) -> Iterator[Served]:
    """The worker with everything in its loop that may be."""
    running = Served(app)
    yield running
    running.stop()


@pytest.fixture
def plainly(app: Flask) -> Iterator[Served]:
    """The same worker, asked to write an access log: everything goes gunicorn's own way."""
    running = Served(app, accesslog=os.devnull)
    yield running
    running.stop()


def test_a_plain_row_needs_no_thread(served: Served) -> None:
    """Rows for both routes are answered in the loop, one after the other on one connection."""
    connection = served.connect()
    for _ in range(3):
        assert connection.ask(request()).endswith(b"\r\n\r\n9750.0\n")
        assert b'"prediction":9750.0' in connection.ask(
            request(line="POST /api/v1/predict HTTP/1.1")
        )
    assert served.threads == 0


ODD = {
    "a list": request(b"[" + ROW + b"]"),
    "an invalid value": request(ROW.replace(b'"no"', b'"male"')),
    "not JSON": request(b"{"),
    "no body": request(b""),
    "a query": request(line="POST /api/v1/predict?explain=0 HTTP/1.1"),
    "an empty host": request().replace(b"Host: x", b"Host:"),
    "another method": request(line="PUT /predict_api HTTP/1.1"),
    "another path": request(line="POST /predict HTTP/1.1"),
    "another type": request().replace(b"application/json", b"text/plain"),
    "an unknown header": request(ROW, "POST /predict_api HTTP/1.1", None, "X-Other: 1"),
    "a header twice": request(ROW, "POST /predict_api HTTP/1.1", None, "Via: a", "Via: b"),
    "keep-alive": request(ROW, "POST /predict_api HTTP/1.1", None, "Connection: Keep-Alive"),
    "an empty header": request(ROW, "POST /predict_api HTTP/1.1", None, "Accept:"),
    "spaces": request(ROW, "POST /predict_api HTTP/1.1", None, "User-Agent: \t some  thing \t"),
    "a large body": request(ROW + b" " * MOST_AHEAD),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_nobody_can_tell(served: Served, plainly: Served, content: bytes) -> None:
    """The same bytes come back as from gunicorn alone, and so they do for the next request."""
    quick, slow = served.connect(), plainly.connect()
    for _ in range(2):
        assert quick.ask(content) == slow.ask(content)
        assert quick.ask(request()) == slow.ask(request())


ENDS = {
    "HTTP/1.0": request(line="POST /predict_api HTTP/1.0"),
    "close": request(ROW, "POST /predict_api HTTP/1.1", None, "Connection: close"),
    "two hosts": request(ROW, "POST /predict_api HTTP/1.1", None, "Host: y"),
    "a broken header": request(ROW, "POST /predict_api HTTP/1.1", None, "Host : y"),
    "a folded header": request(ROW, "POST /predict_api HTTP/1.1", None, "Accept: a", " b"),
    "two lengths": request(ROW, "POST /predict_api HTTP/1.1", None, "Content-Length: 5"),
    "a signed length": request(length=f"+{len(ROW)}"),
    "a length and chunks": request(
        ROW, "POST /predict_api HTTP/1.1", None, "Transfer-Encoding: chunked"
    ),
    "a bare line feed": request().replace(b"\r\nHost", b"\nHost"),
    "an unknown expectation": request(ROW, "POST /predict_api HTTP/1.1", None, "Expect: tea"),
}


@pytest.mark.parametrize("content", ENDS.values(), ids=ENDS.keys())
def test_what_ends_a_connection_still_does(
    served: Served, plainly: Served, content: bytes
) -> None:
    """What is not whole HTTP/1.1 that goes on gets gunicorn's own answer, and its end."""
    quick, slow = served.connect(), plainly.connect()
    assert quick.ask(content) == slow.ask(content)
    assert quick.ends()
    assert slow.ends()


@given(
    names=st.lists(st.sampled_from(["Accept", "Cookie", "Via", "Expect", "Upgrade", "TE", "X-Y"])),
    values=st.lists(st.binary(max_size=6), min_size=8, max_size=8),
    length=st.integers(0, 9),
    body=st.binary(max_size=9),
)
def test_a_plain_request_is_whole(
    names: list[str], values: list[bytes], length: int, body: bytes
) -> None:
    """What counts as plain has one length, which is the body's, and no header twice or unknown."""
    lines = [name.encode() + b": " + value for name, value in zip(names, values, strict=False)]
    fixed = [b"POST /a HTTP/1.1", b"Content-Type: application/json"]
    head = b"\r\n".join([*fixed, b"Content-Length: %d" % length, *lines, b"", b""])
    found = plain_request(head + body)
    if found is not None:
        assert (found.path, found.body) == ("/a", body)
        assert length == len(body)
        assert len(set(names)) == len(names)
        assert not {"Expect", "Upgrade", "TE", "X-Y"} & set(names)
        parts = [(head + body)[:end] for end in range(len(head) + len(body))]
        assert not any(map(plain_request, parts))


def test_a_head_that_came_before_says_the_same_again() -> None:
    """It is understood as the first time, and as each address's own."""
    sent = [request(ROW, "POST /predict_api HTTP/1.1", None, f"X-Request-Id: {number % 3}")
            for number in range(9)]  # fmt: skip
    for data, address in zip(sent, ["10.0.0.1", "10.0.0.2"] * 5, strict=False):
        found = plain_request(data, address)
        assert found is not None
        assert (found.path, found.body, found.sender.address) == ("/predict_api", ROW, address)
        assert b"X-Request-Id: %s\r\n" % str(found.sender.request_id).encode() in data
        assert plain_request(data + b" ", address) is None
        assert plain_request(data[:-1], address) is None


def test_parts_of_a_request_are_put_together(served: Served) -> None:
    """A request that comes in parts is answered once it is whole, and holds nobody up."""
    content = request()
    split = content.index(b"\r\n\r\n") + 4
    other = served.connect()
    for parts in ((40, 90), (split, split + 7), (split - 2, split)):
        connection = served.connect()
        for begin, end in zip((0, *parts), (*parts, len(content)), strict=True):
            connection.send(content[begin:end])
            began = time.perf_counter()
            other.ask(request())
            assert time.perf_counter() - began < 1
        assert connection.answer().endswith(b"9750.0\n")


def test_a_head_is_not_read_again_for_each_byte(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once as it comes and once as its body is whole: a long one takes 0.4 ms each time."""
    read: list[bytes] = []
    monkeypatch.setattr(
        worker, "body_length", lambda head: read.append(head) or body_length(head)
    )
    connection, other = served.connect(), served.connect()
    connection.send(request(ROW, "POST /predict_api HTTP/1.1", None, "X-Y: " + "z" * 5_000)[:-30])
    for byte in ROW[-30:]:
        connection.send(bytes([byte]))
        other.ask(request())
    assert connection.answer().endswith(b"9750.0\n")
    assert len(read) <= 2


@given(
    text=st.text(alphabet="a\r\n", max_size=12), cuts=st.lists(st.integers(0, 12), max_size=5)
)
def test_a_heads_end_is_found_in_whatever_parts_it_comes(text: str, cuts: list[int]) -> None:
    """What has been searched need not be searched again."""
    searched = 0
    for cut in sorted({*cuts, len(text)}):
        data = bytearray(text[:cut].encode())
        found = head_ends(data, searched)
        assert found == head_ends(data)
        if found >= 0:
            break
        searched = len(data)


def test_requests_that_come_together_are_answered_in_turn(served: Served) -> None:
    """Requests sent without waiting for answers get all of them, in order, and none twice."""
    connection = served.connect()
    ages = list(range(20, 60))
    rows = [json.dumps({**PATIENT, "age": age}).encode() for age in ages]
    connection.send(b"".join(request(row) for row in rows))
    for age in ages:
        assert connection.answer().endswith(f"\r\n\r\n{250.0 * age}\n".encode())
    assert connection.ask(request()).endswith(b"9750.0\n")


def test_who_expects_100_continue_gets_it(served: Served) -> None:
    """A client that waits for leave to send its body is given it."""
    connection = served.connect()
    head, _, body = request(
        ROW, "POST /predict_api HTTP/1.1", None, "Expect: 100-continue"
    ).partition(b"\r\n\r\n")
    connection.send(head + b"\r\n\r\n")
    assert connection.answer(has_body=False).startswith(b"HTTP/1.1 100 Continue")
    assert connection.ask(body).endswith(b"9750.0\n")


def test_head_has_no_body(served: Served) -> None:
    """HEAD is answered with headers alone, and the connection goes on."""
    connection = served.connect()
    connection.send(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.answer(has_body=False).startswith(b"HTTP/1.1 200 OK")
    assert connection.ask(request()).endswith(b"9750.0\n")


def test_who_does_not_read_holds_nobody_up(app: Flask) -> None:
    """A client that sends and never reads fills its own connection; nothing of it is lost."""
    served = Served(app, send_buffer=4096)
    greedy = served.client(receive_buffer=2048)
    other = served.connect()
    many = 60
    for _ in range(many):
        greedy.sendall(request())
        time.sleep(0.002)
        began = time.perf_counter()
        other.ask(request())
        assert time.perf_counter() - began < 1
    assert served.threads > 0
    read = b""
    while read.count(b"9750.0\n") < many:
        read += greedy.recv(65536)
    assert read.count(b"HTTP/1.1 200 OK") == many
    served.stop()


def test_who_does_not_close_holds_nobody_up(served: Served) -> None:
    """Clients that asked for the end, and keep their side open, do not stop the others."""
    other = served.connect()
    staying = [served.connect() for _ in range(3)]
    for connection in staying:
        connection.ask(request(ROW, "POST /predict_api HTTP/1.1", None, "Connection: close"))
    began = time.perf_counter()
    other.ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert time.perf_counter() - began < 1


@pytest.mark.thorough
def test_who_is_gone_harms_nothing(served: Served) -> None:
    """Connections that are reset, or closed while they are answered, leave the others alone."""
    other = served.connect()
    for _ in range(20):
        connection = served.connect()
        connection.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"  # close with a reset
        )
        connection.send(request())
        connection.socket.close()
    assert other.ask(request()).endswith(b"9750.0\n")
    time.sleep(0.2)
    assert served.worker.nr_conns <= 1


@pytest.mark.thorough
def test_idle_connections_are_closed(app: Flask) -> None:
    """The time that a connection is kept counts from its last answer, wherever that was given."""
    served = Served(app, keepalive=2)
    early, late = served.connect(), served.connect()
    for _ in range(3):
        time.sleep(0.8)
        assert late.ask(request()).endswith(b"9750.0\n")
    early.socket.settimeout(1.5)
    assert early.ends()
    assert late.ask(request()).endswith(b"9750.0\n")
    assert late.ends()
    served.stop()


def test_a_worker_that_stops_says_so(served: Served) -> None:
    """A request on a connection that was kept is still answered, with Connection: close."""
    connection = served.connect()
    served.worker.handle_exit(0, None)
    answer = connection.ask(request())
    assert b"Connection: close" in answer
    assert answer.endswith(b"9750.0\n")
    assert connection.ends()


@pytest.mark.thorough
def test_a_worker_ends_after_so_many_requests(app: Flask) -> None:
    """max_requests counts what the loop answers, and the last answer says close."""
    served = Served(app, max_requests=5)
    connection = served.connect()
    answers = [connection.ask(request()) for _ in range(4)]
    assert [b"Connection: close" in answer for answer in answers] == [False] * 3 + [True]
    served.loop.join(10)
    assert not served.loop.is_alive()
    served.stop()


def test_a_slow_engine_gets_a_thread() -> None:
    """An engine that does not say that it is quick never holds up the loop."""
    served = Served(insurance_app(stand_ins.FormulaEngine()))
    connection = served.connect()
    assert connection.ask(request()).endswith(b"9750.0\n")
    assert served.threads == 1
    served.stop()


def test_what_is_logged_gets_a_thread(plainly: Served) -> None:
    """With an access log every request is gunicorn's, so that every request is in the log."""
    connection = plainly.connect()
    connection.ask(request())
    assert plainly.threads == 1


def test_a_failing_engine_is_worded_by_the_application(served: Served, app: Flask) -> None:
    """What breaks in the loop breaks again behind it, where it is logged and given an id."""

    class Broken:
        def answer(self, columns: Any) -> Any:
            raise RuntimeError("broken")

    connection = served.connect()
    predictor = app.extensions["tablecast"].current().loaded.predictor
    engine, predictor.engine = predictor.engine, Broken()
    try:
        assert connection.ask(request()).startswith(b"HTTP/1.1 500")
    finally:
        predictor.engine = engine
    assert connection.ask(request()).endswith(b"9750.0\n")


# Nobody waits for a slow client without an end, and nobody else waits for it at all.


@pytest.fixture
def hasty(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A worker that waits a second."""
    monkeypatch.setenv("TABLECAST_PATIENCE", "1")
    running = Served(app, threads=2, worker_connections=40)
    yield running
    running.stop()


UPLOAD = b"POST /batch HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n"
SLOW = {
    "nothing": (b"", b""),
    "a part of a head": (request()[:30], b"HTTP/1.1 408"),
    "no line's end": (b"\x16\x03\x01", b"HTTP/1.1 408"),
    "a part of a body": (request()[:-1], b"HTTP/1.1 408"),
    "a part of a large body": (UPLOAD, b"HTTP/1.1 408"),
    "a larger part of it": (UPLOAD + b"x" * MOST_AHEAD, b"HTTP/1.1 4"),
    "a part of a chunk": (
        b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\na", b"HTTP/1.1 4"
    ),
}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("content", SLOW.values(), ids=SLOW.keys())
def test_what_does_not_come_in_time_is_refused(hasty: Served, content: tuple[bytes, bytes]) -> None:
    """A request that stops half way is ended after some seconds, and holds no thread before."""
    asked, told = content
    slow, other = [hasty.client() for _ in range(6)], hasty.connect()
    for client in slow[:1] if b"99999" in asked or b"chunked" in asked else slow:
        client.sendall(asked)
    began = time.perf_counter()
    assert other.ask(request(line="POST /api/v1/predict?explain=0 HTTP/1.1"))
    assert time.perf_counter() - began < 0.5
    slow[0].settimeout(8)
    read = b"".join(iter(lambda: slow[0].recv(65536), b""))
    assert read.startswith(told)
    assert bool(read) == bool(told)


@pytest.mark.parametrize("line", ["POST /predict_api HTTP/1.1", "POST /api/v1/predict?a HTTP/1.1"])
def test_a_body_that_ends_too_early_is_not_answered(served: Served, line: str) -> None:
    """A request whose client is gone before all of it has come is answered by nobody."""
    for size in (1, 40000):
        client = served.client()
        client.sendall(request(ROW, line, length=len(ROW) + size) + b" " * (size - 1))
        client.shutdown(socket.SHUT_WR)
        assert not client.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_a_head_without_an_end_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of a head is kept than any browser sends; the log has who was refused."""
    noted: list[tuple[Any, ...]] = []
    log = served.worker.wsgi.extensions["access_log"]
    monkeypatch.setattr(log, "note", lambda *said: noted.append(said))
    client = served.client()
    client.sendall(b"GET / HTTP/1.1\r\nCookie: " + b"x" * MOST_AHEAD)
    answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 431")
    ((method, route, status, _, request_id),) = noted
    assert (method, route, status) == ("none", "none", 431)
    assert b"X-Request-Id: %s\r\n" % request_id.encode() in answer


def test_large_requests_have_places_of_their_own(
    hasty: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past so many large bodies at a time, another is told when to come again."""
    monkeypatch.setattr(worker, "MOST_LARGE", 1)
    first, second = hasty.client(), hasty.client()
    chunked = b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\na"
    first.sendall(chunked)
    time.sleep(0.2)
    second.sendall(chunked)
    answer = second.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"Retry-After" in answer
    assert b'"status":503' in answer


@pytest.mark.thorough
def test_who_reads_nothing_is_dropped(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is kept for a client that reads it, and not for one that never does."""
    monkeypatch.setenv("TABLECAST_PATIENCE", "1")
    served = Served(app, send_buffer=4096)
    greedy = served.client(receive_buffer=2048)
    greedy.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    slow = served.client(receive_buffer=2048)
    slow.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    read = b""
    while more := slow.recv(1024):
        read += more
        time.sleep(0.05)
    assert len(read.partition(b"\r\n\r\n")[2]) == int(read.split(b"Content-Length: ")[1].split()[0])
    until = time.monotonic() + 6
    while served.worker.nr_conns and time.monotonic() < until:
        time.sleep(0.1)
    assert served.worker.nr_conns == 0
    assert Client.held == 0
    served.stop()


@pytest.mark.thorough
def test_an_address_loses_the_connections_that_it_does_not_use(hasty: Served) -> None:
    """Where one address has many connections, a new one takes the place of the idlest."""
    idle = [hasty.connect() for _ in range(30)]
    assert hasty.worker.nr_conns <= 21
    assert idle[-1].ask(request()).endswith(b"9750.0\n")
    assert idle[0].ends()


def test_a_worker_without_files_makes_room(hasty: Served) -> None:
    """What accept says when there are no files left costs an idle connection, and no worker."""
    idle, more = hasty.connect(), hasty.connect()

    class Full:
        def accept(self) -> Any:
            raise OSError(errno.EMFILE, "too many open files")

    hasty.worker.method_queue.defer(hasty.worker.accept, Full())
    assert idle.ends()
    assert more.ask(request()).endswith(b"9750.0\n")
    hasty.worker.method_queue.defer(hasty.worker.accept, Full())
    hasty.worker.method_queue.defer(hasty.worker.accept, Full())
    time.sleep(0.1)
    assert hasty.connect().ask(request()).endswith(b"9750.0\n")


def test_a_worker_takes_what_the_system_has_files_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections and its own files never need more than it may open."""
    for files, most in ((1024, 768), (64, 32), (1_000_000, 1000), (resource.RLIM_INFINITY, 1000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert most_connections(1000) == most


def test_what_the_loop_cannot_read_goes_gunicorns_way(app: Flask) -> None:
    """With a proxy's own protocol, or TLS, threads read, and still nobody waits for an end."""
    served = Served(app, proxy_protocol="v1", threads=2)
    other, staying = Connection(served.client()), [Connection(served.client()) for _ in range(3)]
    for connection in staying:
        connection.ask(request(ROW, "POST /predict_api HTTP/1.1", None, "Connection: close"))
    began = time.perf_counter()
    for _ in range(3):
        assert other.ask(request()).endswith(b"9750.0\n")
    assert time.perf_counter() - began < 1
    assert served.threads == 6
    other.socket.close()
    served.stop()


def test_gunicorn_still_has_what_the_worker_uses(app: Flask) -> None:
    """A new gunicorn that names its parts otherwise fails here first, by their names."""
    methods = [
        *("handle", "load_wsgi", "on_client_socket_readable", "enqueue_req", "finish_request"),
        *("accept", "murder_pending", "notify", "get_thread_pool", "init_process"),
    ]
    missing = [name for name in methods if not callable(getattr(ThreadWorker, name, None))]
    missing += [name for name in ("set_timeout", "close", "init") if not hasattr(TConn, name)]
    served = Served(app)
    parts = [
        *("keepalived_conns", "pending_conns", "poller", "tpool", "method_queue", "sockets"),
        *("alive", "nr", "max_requests", "nr_conns", "worker_connections", "max_keepalived"),
    ]
    missing += [name for name in parts if not hasattr(served.worker, name)]
    missing += [] if hasattr(served.worker.log, "access_log_enabled") else ["access_log_enabled"]
    served.stop()
    assert missing == []
    assert isinstance(app.wsgi_app, FastLane)
