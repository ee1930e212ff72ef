"""gunicorn's threaded worker, which answers a plain request that is all here without a thread.

A thread is for waiting. To hand a request to one, and its connection back, costs more than the
answer: two switches of thread, changes of the poller, a byte through a pipe. So where a connection
that was kept alive holds one whole plain request, the loop that found it answers it. Everything
else, and whatever might take or have to wait, goes gunicorn's own way, with not a byte read.

It reads no more of HTTP than ``plain_request`` needs to be certain, and uses gunicorn's worker
through the attributes that ``tests/web/test_worker.py`` names.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
import ssl
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from gunicorn import SERVER  # type: ignore[import-untyped]
from gunicorn.util import http_date  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from tablecast.web.fast_path import FastLane, Sender

#: Bytes of a request, head and body, that are looked at: what gunicorn reads at once. A row of a
#: table has some hundred.
LARGEST = 8192

#: Seconds between two signs of life. gunicorn waits ``timeout`` of them, 30, for one.
BETWEEN_SIGNS = 0.5

#: Seconds that gunicorn, too, gives a client to close its side, and the bytes that it may send
#: meanwhile.
MOST_LINGERING = 2.0
MOST_DISCARDED = 65536

#: Clients that are given this time at once. Past that the one that had most of it is cut off: they
#: count as connections, of which a worker takes so many and no more.
MOST_LEAVING = 128

REQUEST_LINE = re.compile(rb"POST (/[a-z0-9_/]+) HTTP/1\.1")

#: A header with a value of ASCII. gunicorn refuses more than it must; this takes less. The space
#: around the value is not for a pattern: to find its end takes time that grows with its square.
HEADER = re.compile(rb"([A-Za-z0-9-]+):([\t\x20-\x7e]*)")

#: Headers whose value decides whether a request is plain.
DECIDING = {
    b"content-type": re.compile(rb"application/json"),
    b"content-length": re.compile(rb"[0-9]{1,4}"),
    b"connection": re.compile(rb"keep-alive", re.IGNORECASE),
}

#: Headers that say nothing about where a request ends or how it is answered. A name that is not
#: known here, such as Expect, Transfer-Encoding or Upgrade, is for gunicorn to understand.
HARMLESS = frozenset(
    b"accept accept-charset accept-encoding accept-language authorization baggage cache-control"
    b" connect-time cookie dnt forwarded from host origin pragma priority referer sec-ch-ua"
    b" sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site"
    b" total-route-time traceparent tracestate user-agent via x-correlation-id x-forwarded-for"
    b" x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip x-request-id x-request-start"
    .split()
)


def plain_request(data: bytes) -> tuple[str, bytes] | None:
    """The path and the body, where the bytes are one whole plain request and nothing more."""
    head, blank, body = data.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    request = REQUEST_LINE.fullmatch(line)
    if not blank or request is None:
        return None
    deciding = _deciding_values(headers)
    if deciding is None or b"content-type" not in deciding:
        return None
    if int(deciding.get(b"content-length", -1)) != len(body):
        return None
    return request[1].decode(), body


def _deciding_values(headers: list[bytes]) -> dict[bytes, bytes] | None:
    """The values that decide, or None where a header is odd, unknown or there twice."""
    seen: dict[bytes, bytes] = {}
    for line in headers:
        header = HEADER.fullmatch(line)
        if header is None:
            return None
        name, value = header[1].lower(), header[2].strip(b" \t")
        allowed = DECIDING.get(name)
        if name in seen or (allowed is None and name not in HARMLESS):
            return None
        if allowed is not None and allowed.fullmatch(value) is None:
            return None
        seen[name] = value
    return seen


class Worker(ThreadWorker):  # type: ignore[misc]
    """``worker_class`` for ``gunicorn.conf.py``."""

    _lane: FastLane | None = None
    _head = (0, "")
    _notified = -BETWEEN_SIGNS

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        #: Clients that were answered for the last time, and until when they may close, in turn.
        self._leaving: dict[Any, float] = {}

    def load_wsgi(self) -> None:
        """Load the application, and see whether its plain answers may be given in the loop."""
        super().load_wsgi()
        lane = getattr(self.wsgi, "wsgi_app", None)
        if isinstance(lane, FastLane) and lane.quick and not self._wants_more():
            self._lane = lane

    def _wants_more(self) -> bool:
        """Whether something is configured that only gunicorn's own way does for each request."""
        return bool(
            self.cfg.is_ssl
            or self.log.access_log_enabled
            or self.cfg.statsd_host
            or os.environ.get("SCRIPT_NAME")
            or any(
                self.cfg.settings[hook].value is not self.cfg.settings[hook].default
                for hook in ("pre_request", "post_request")
            )
        )

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Answer at once, or do as gunicorn does."""
        asked = self._asked(client) if self._lane else None
        answer = self._answer(asked[0]) if asked else None
        if asked is None or answer is None:
            super().on_client_socket_readable(conn, client)
            return
        self.nr += 1
        self.keepalived_conns.remove(conn)
        rest = _exchange(client, asked[1], answer)
        if rest:
            self.poller.unregister(client)
            done = self.tpool.submit(_send, client, rest)
            done.add_done_callback(
                lambda sent: self.method_queue.defer(self.finish_request, conn, sent)
            )
            return
        # At the end again: gunicorn keeps these in the order in which they will be too old.
        conn.set_timeout()
        self.keepalived_conns.append(conn)

    def finish_request(self, conn: Any, done: Any) -> None:
        """In the loop, after a request: go on as gunicorn does, but wait for nobody's end.

        gunicorn waits here until a client that is answered for the last time closes its side, for
        two seconds, in which nobody else is served.
        """
        ends = done.cancelled() or (done.exception() is None and not done.result())
        if ends:
            self._see_off(conn)
        else:
            super().finish_request(conn, done)

    def _see_off(self, conn: Any) -> None:
        """Send the end, and let the client close first: to do so here may cut off the answer."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it is gone already
            self._drop(conn)
            return
        if len(self._leaving) >= MOST_LEAVING:
            self._drop(next(iter(self._leaving)))
        self._leaving[conn] = time.monotonic() + MOST_LINGERING
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._discard, conn))

    def _discard(self, conn: Any, client: socket.socket) -> None:
        """Read what a client that leaves still sends, until it has closed or sent too much."""
        try:
            read = len(client.recv(MOST_DISCARDED))
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            read = 0
        conn.discarded = getattr(conn, "discarded", 0) + read
        if not read or conn.discarded >= MOST_DISCARDED:
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close, after each turn of the loop, what has had its time."""
        super().murder_pending()
        now = time.monotonic()
        while self._leaving:
            conn, deadline = next(iter(self._leaving.items()))
            if deadline > now:
                break
            self._drop(conn)

    def _drop(self, conn: Any) -> None:
        """Close a connection that nobody waits for any more."""
        if self._leaving.pop(conn, None) is not None:
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _asked(self, client: socket.socket) -> tuple[tuple[str, bytes], int] | None:
        """A plain request that may be answered now, and its bytes, which stay where they are."""
        # A worker that stops, or is to stop after this request, says so with Connection: close.
        if not self.alive or self.nr + 1 >= self.max_requests:
            return None
        try:
            data = client.recv(LARGEST, socket.MSG_PEEK)
        except OSError:
            return None
        request = plain_request(data)
        return None if request is None else (request, len(data))

    def _answer(self, request: tuple[str, bytes]) -> bytes | None:
        assert self._lane is not None
        answered = self._lane.answer(*request, Sender())
        if answered is None:
            return None
        own = _worded(self._lane.own_headers(answered))
        return f"{self._shared_head(self._lane)}{own}\r\n".encode("latin-1") + answered.body

    def _shared_head(self, lane: FastLane) -> str:
        """What the heads of all answers begin with, worded once a second."""
        second = int(time.time())
        if self._head[0] != second:
            every = [("Server", SERVER), ("Date", http_date(second)), ("Connection", "keep-alive")]
            words = _worded([*every, *lane.shared_headers])
            self._head = (second, f"HTTP/1.1 200 OK\r\n{words}")
        return self._head[1]

    def notify(self) -> None:
        """Tell gunicorn that this worker lives; it looks every few seconds, not at each request."""
        now = time.monotonic()
        if now - self._notified >= BETWEEN_SIGNS:
            self._notified = now
            super().notify()


def _worded(headers: Iterable[tuple[str, str]]) -> str:
    return "".join([f"{name}: {value}\r\n" for name, value in headers])


def _exchange(client: socket.socket, size: int, answer: bytes) -> bytes:
    """Take a request that was looked at and send its answer without waiting.

    Returns:
        What could not be sent: the client reads too slowly, or is gone.
    """
    try:
        client.recv(size)
        return answer[client.send(answer) :]
    except OSError:
        return answer


def _send(client: socket.socket, rest: bytes) -> bool:
    """In a thread: send what is left, however long it takes; then the connection goes on."""
    client.setblocking(True)
    client.sendall(rest)
    return True
