"""gunicorn's threaded worker, changed so that nobody waits for a slow client.

A thread is for answering. gunicorn's threads wait as well: for a head, for a body, for a client
that reads, and its loop waits for a client to close; so a few hundred slow clients stop a server.
Here the loop reads every request and sends what a client does not take at once. A thread gets whole
requests, and only large bodies while they come, in places of their own.

To hand a request to a thread, and its connection back, costs more than a quick answer: two switches
of thread, changes of the poller, a byte through a pipe. So a plain request is answered in the loop.

It uses gunicorn's worker through the attributes that ``tests/test_worker.py`` names.
"""

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn import SERVER  # type: ignore[import-untyped]
from gunicorn.util import http_date  # type: ignore[import-untyped]
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER  # type: ignore[import-untyped]

from tablecast.log.entries import Parcel
from tablecast.web.fast_path import Answered, FastLane
from tablecast.web.server.client import Client
from tablecast.web.server.connections import ConnectionWorker
from tablecast.web.server.plain_request import PlainRequest, body_length, head_ends, plain_request

#: Bytes of a request, head and body, that the loop reads. A larger body is a thread's, once so much
#: of it has come; a larger head is nobody's (gunicorn takes 8,190 bytes for each header).
MOST_AHEAD = 32768

#: Requests whose bodies threads read at once.
MOST_LARGE = 16

#: Threads, where those have to wait for every client: a hundred that are slow leave some free.
WAITING = 128


class Worker(ConnectionWorker):
    """``worker_class`` for ``gunicorn.conf.py``."""

    _lane: FastLane | None = None
    _head = (0, "")
    _large = 0

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._waiting_threads = ThreadPoolExecutor(max_workers=MOST_LARGE)
        #: What the log is to be told of, since the loop last waited.
        self._asked: list[Parcel] = []
        #: Connections whose plain answers the log was told of: their requests, their answers, what
        #: notes these, and whether they were kept.
        self._kept: deque[tuple[Any, bytes, bytes, Callable[[], None], bool]] = deque()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """The threads that answer whole requests; or wait for them too, where the loop cannot."""
        threads = self.cfg.threads if self._reads else max(self.cfg.threads, WAITING)
        return ThreadPoolExecutor(max_workers=threads)

    def load_wsgi(self) -> None:
        """Load the application, and see whether its plain answers may be given in the loop."""
        super().load_wsgi()
        lane = getattr(self.wsgi, "wsgi_app", None)
        if isinstance(lane, FastLane) and lane.quick and not self._wants_more():
            self._lane = lane

    def _wants_more(self) -> bool:
        """Whether something is configured that only gunicorn's own way does for each request."""
        return bool(
            not self._reads
            or self.log.access_log_enabled
            or self.cfg.statsd_host
            or os.environ.get("SCRIPT_NAME")
            or any(
                self.cfg.settings[hook].value is not self.cfg.settings[hook].default
                for hook in ("pre_request", "post_request")
            )
        )

    # Requests are read, and answered here or by a thread.

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """Read what has come of a request; answer it at once, wait for more, or find a thread."""
        if not self._reads:
            super().on_client_socket_readable(conn, client)
            return
        if not conn.watched:
            return
        try:
            data = client.recv(MOST_AHEAD - len(conn.received))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:  # what is not whole is not answered
            self._drop(conn)
        elif conn.received or not self._answered(conn, data):
            conn.received += data
            conn.progress += len(data)
            self._proceed(conn)

    def _answered(self, conn: Any, data: bytes) -> bool:
        """Answer a plain request that needs no waiting; False where it is not one."""
        # A worker that stops, or is to stop after this request, says so with Connection: close.
        # Nor is there a place for every connection that would like to go on.
        if (
            self._lane is None
            or not self.alive
            or self.nr + 1 >= self.max_requests
            or len(self.keepalived_conns) >= self.max_keepalived
        ):
            return False
        request = plain_request(data, conn.address)
        answer = self._answer(request) if request else None
        if answer is None:
            return False
        head, answered = answer
        self.nr += 1
        parcel = self._lane.awaited(answered, partial(self._told, conn, data, head, answered.note))
        if parcel is None:
            self._give(conn, head)
            return True
        self._asked.append(parcel)
        self._unwatch(conn)
        if conn.line is not None:
            conn.line.remove(conn)
        return True

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Do what there is to do; then have the answers kept that came of it, all together."""
        super().wait_for_and_dispatch_events(timeout)
        if self._asked and self._lane is not None:
            parcels, self._asked = self._asked, []
            self._lane.submit(parcels)

    def _told(
        self, conn: Any, request: bytes, answer: bytes, note: Callable[[], None], kept: bool
    ) -> None:
        """In the log's thread: what is kept may be given, all that were kept together at once."""
        self._kept.append((conn, request, answer, note, kept))
        if len(self._kept) == 1:
            self.method_queue.defer(self._give_kept)

    def _give_kept(self) -> None:
        """Give the answers that were kept; let the application say of others that they were not."""
        while self._kept:  # seen as empty after whatever was added without a call of its own
            conn, request, answer, note, kept = self._kept.popleft()
            if kept:
                note()
                self._give(conn, answer)
            else:
                self._hand_over(conn, request)

    def _give(self, conn: Any, answer: bytes) -> None:
        """Send an answer, and wait for the next request."""
        try:
            rest = answer[conn.sock.send(answer) :]
        except BlockingIOError:
            rest = answer
        except OSError:
            self._drop(conn)
            return
        if rest:
            conn.sock.hold(rest)
            self._send_on(conn, goes_on=True)
        elif conn.line is self.keepalived_conns:  # at its end again
            conn.line.append(conn)
        else:
            self._wait(conn, self.keepalived_conns)

    def _proceed(self, conn: Any) -> None:
        """Do what can be done with what a connection has received."""
        if len(conn.received) < conn.awaited:  # its head was understood when it came
            return
        end = head_ends(conn.received, conn.searched)
        if end < 0:
            conn.searched = len(conn.received)
            if conn.searched >= MOST_AHEAD:
                self._refuse(conn, 431)
            elif conn.line is not self._heads:
                self._wait(conn, self._heads)
            return
        conn.searched = 0
        body = body_length(bytes(conn.received[:end]))
        whole = MOST_AHEAD + 1 if body is None else end + body
        conn.awaited = 0 if body is None else min(whole, MOST_AHEAD)
        if len(conn.received) < conn.awaited:
            conn.progress = 0
            self._wait(conn, self._bodies)
            return
        conn.awaited = 0
        if whole > MOST_AHEAD:
            self._read_in_a_thread(conn)
            return
        request = bytes(conn.received[:whole])
        del conn.received[:whole]
        if conn.received or not self._answered(conn, request):
            self._hand_over(conn, request)

    def _read_in_a_thread(self, conn: Any) -> None:
        """Let a thread read a request of which only gunicorn knows the end, or a large one."""
        if self._large >= MOST_LARGE:
            self._refuse(conn, 503)
            return
        self._large += 1
        conn.large = True
        request = bytes(conn.received)
        conn.received.clear()
        self._hand_over(conn, request)

    def enqueue_req(self, conn: Any) -> None:
        """Let a thread answer: one that may wait, where there is something to wait for."""
        if not conn.large:
            super().enqueue_req(conn)
            return
        done = self._waiting_threads.submit(self.handle, conn)
        done.add_done_callback(
            lambda answered: self.method_queue.defer(self.finish_request, conn, answered)
        )

    def _hand_over(self, conn: Any, request: bytes) -> None:
        self._unwatch(conn)
        if conn.line is not None:
            conn.line.remove(conn)
        conn.request = request
        conn.data_ready = True
        conn.sock.begin()
        self.enqueue_req(conn)

    def _answer(self, request: PlainRequest) -> tuple[bytes, Answered] | None:
        assert self._lane is not None
        answered = self._lane.answer(*request)
        if answered is None:
            return None
        own = _worded(self._lane.own_headers(answered))
        head = f"{self._shared_head(self._lane)}{own}\r\n".encode("latin-1")
        return head + answered.body, answered

    def _shared_head(self, lane: FastLane) -> str:
        """What the heads of all answers begin with, worded once a second."""
        second = int(time.time())
        if self._head[0] != second:
            every = [("Server", SERVER), ("Date", http_date(second)), ("Connection", "keep-alive")]
            words = _worded([*every, *lane.shared_headers])
            self._head = (second, f"HTTP/1.1 200 OK\r\n{words}")
        return self._head[1]

    # Answers are sent, and connections go on or end.

    def finish_request(self, conn: Any, done: Any) -> None:
        """In the loop, after a thread: send what the client has not taken; then go on or end."""
        self._large -= conn.large
        conn.large = False
        failed = not done.cancelled() and done.exception() is not None
        goes_on = not done.cancelled() and not failed and done.result()
        if failed or conn.sock.fileno() < 0:
            self._drop(conn)
        elif goes_on and not self._reads:
            super().finish_request(conn, done)
        else:
            conn.sock.setblocking(False)
            self._send_on(conn, goes_on=bool(goes_on))

    def _send_on(self, conn: Any, goes_on: bool) -> None:
        """Send what is kept for a client as it takes it."""
        conn.goes_on = goes_on
        if not getattr(conn.sock, "unsent", b""):
            self._sent(conn)
            return
        conn.progress = 0
        self._wait(conn, self._sending, self._writable, selectors.EVENT_WRITE)

    def _writable(self, conn: Any, client: Client) -> None:
        if not conn.watched:
            return
        try:
            conn.progress += client.send_unsent()
        except OSError:
            self._drop(conn)
            return
        if not client.unsent:
            self._sent(conn)

    def _sent(self, conn: Any) -> None:
        """The client has its whole answer: wait for its next request, or for its end."""
        if not conn.goes_on:
            self._see_off(conn)
            return
        if conn.parser is not None:
            conn.received[:0] = conn.parser.unreader.take_buffered()
        self._wait(conn, self.keepalived_conns)
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        if conn.received:
            self._proceed(conn)


def _worded(headers: Iterable[tuple[str, str]]) -> str:
    return "".join([f"{name}: {value}\r\n" for name, value in headers])
