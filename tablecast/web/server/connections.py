"""gunicorn's threaded worker, whose connections wait in lines, within what the system allows.

A connection waits in the loop for a client's bytes, for its reading or for its end, in a line of
those that wait for the same; who is at the front too long is closed. Where there are too many, one
that asks for nothing makes room.
"""

import errno
import resource
import selectors
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from tablecast.settings import read_settings
from tablecast.web.server.client import Client, Connection, Line
from tablecast.web.server.refusals import refusal

#: Seconds between two signs of life. gunicorn waits ``timeout`` of them, 30, for one.
BETWEEN_SIGNS = 0.5

#: Seconds that gunicorn, too, gives a client to close its side, and the bytes that it may send
#: meanwhile.
MOST_LINGERING = 2.0
MOST_DISCARDED = 65536

#: Files that a worker keeps free for itself: its own, and some for each large upload.
OWN_FILES = 256

#: Bytes of answers that the kernel holds for a client; it doubles them. By itself it holds 4 MB of
#: forty pages, each of which is made before it turns out that nobody reads it.
KERNEL_HOLDS = 131_072

#: Addresses of which an idle connection is looked for, from the one with most connections on.
MOST_ASKED = 9

#: What accept says when there is no file left for a connection.
NO_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

#: What it says when the listening socket is of no use; all else is about one client (accept(2)).
NO_LISTENER = (errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EOPNOTSUPP)


class ConnectionWorker(ThreadWorker):  # type: ignore[misc]
    """Takes connections, lets them wait, and ends them."""

    _notified = -BETWEEN_SIGNS

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        chosen = read_settings()
        patience, self._least_rate = float(chosen["patience"]), chosen["least_rate"]
        self._patience = patience
        self.keepalived_conns = Line(self.cfg.keepalive)
        #: Before the first byte, in a head, in a body, while an answer is sent, and afterwards.
        self._new, self._heads, self._bodies = Line(patience), Line(patience), Line(patience)
        self._sending, self._leaving = Line(patience), Line(MOST_LINGERING)
        self._allowed = self._most = most_connections(self.cfg.worker_connections)
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_HOLDS)
        self._of_address: Counter[str] = Counter()
        #: Whether the loop may read: what is encrypted or wrapped is gunicorn's to read.
        self._reads = not (self.cfg.is_ssl or self.cfg.proxy_protocol != "off"
                           or self.cfg.http2_cleartext != "off")  # fmt: skip

    def accept(self, listener: socket.socket) -> None:
        """Take a connection; where there are too many, in place of one that asks nothing."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in NO_FILES and not self._make_room():
                self._most = max(self.nr_conns, 1)  # no more than there are now
            if error.errno in NO_LISTENER:
                raise
            return
        client = Client(accepted, self._patience, self._least_rate)
        conn = Connection(self.cfg, client, address, listener.getsockname())
        self.nr_conns += 1
        conn.on_close = self._forget
        self._of_address[conn.household] += 1
        if not self._reads:
            self.enqueue_req(conn)
        elif self._has_room(conn.household):
            self._new.append(conn)
            self._watch(conn, self.on_client_socket_readable)
            self.on_client_socket_readable(conn, client)  # mostly it has asked already
        else:
            self._refuse(conn, 503)

    def _has_room(self, address: str) -> bool:
        """Whether one more of an address may stay; an idle one of it may have to go.

        An address has half of the connections at most. That bars nobody behind a proxy, for whom it
        opens them: it loses those that it does not use.
        """
        if self._of_address[address] > max(self._most // 2, 1):
            return self._make_room(address)
        return self.nr_conns <= self._most or self._make_room()

    def _make_room(self, address: str | None = None) -> bool:
        """Close the connection that has been idle longest, of the address that has most of them."""
        addresses = [most for most, _ in self._of_address.most_common(MOST_ASKED)]
        for of in addresses if address is None else [address]:
            for line in (self._leaving, self._new, self._heads, self.keepalived_conns):
                idle = next((conn for conn in line if conn.household == of), None)
                if idle is not None:
                    self._drop(idle)
                    return True
        return False

    def _forget(self, conn: Any) -> None:
        self._of_address[conn.household] -= 1
        if not self._of_address[conn.household]:
            del self._of_address[conn.household]

    # What a connection waits for.

    def _wait(
        self, conn: Any, line: Line, act: Callable[..., None] | None = None,
        events: int = selectors.EVENT_READ,
    ) -> None:  # fmt: skip
        """Let a connection wait in a line for an event, which by default is more of a request."""
        if conn.line is not None:
            conn.line.remove(conn)
        line.append(conn)
        self._watch(conn, act or self.on_client_socket_readable, events)

    def _watch(
        self, conn: Any, act: Callable[..., None], events: int = selectors.EVENT_READ
    ) -> None:
        if conn.watched == (act, events):
            return
        change = self.poller.modify if conn.watched else self.poller.register
        change(conn.sock, events, partial(act, conn))
        conn.watched = (act, events)

    def _unwatch(self, conn: Any) -> None:
        # What the poller has told already, and is still to be acted on, is then of no interest.
        if conn.watched:
            self.poller.unregister(conn.sock)
            conn.watched = None

    def notify(self) -> None:
        """Tell gunicorn that this worker lives; it looks every few seconds, not at each request.

        It also tells whether to accept: not where each connection is being answered.
        """
        now = time.monotonic()
        if now - self._notified >= BETWEEN_SIGNS:
            self._notified = now
            self._most = min(2 * self._most, self._allowed)  # there may be files again
            super().notify()
        idle = len(self._new) + len(self._heads) + len(self._leaving) + len(self.keepalived_conns)
        self.worker_connections = self._most + (self.nr_conns if idle else 0)


    # How a connection ends.

    def _refuse(self, conn: Any, status: int) -> None:
        """Say in the loop why a request is not answered, and end the connection."""
        with suppress(OSError):  # it is gone, or does not read
            conn.sock.send(refusal(status, getattr(self.wsgi, "extensions", {}).get("access_log")))
        self._see_off(conn)

    def _see_off(self, conn: Any) -> None:
        """Send the end, and let the client close first: to do so here may cut off the answer.

        gunicorn waits for that in its loop, for two seconds in which nobody else is served.
        """
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it is gone already
            self._drop(conn)
            return
        conn.progress = 0
        self._wait(conn, self._leaving, self._discard)

    def _discard(self, conn: Any, client: socket.socket) -> None:
        """Read what a client that leaves still sends, until it has closed or sent too much."""
        if not conn.watched:
            return
        try:
            read = len(client.recv(MOST_DISCARDED))
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            read = 0
        conn.progress += read
        if not read or conn.progress >= MOST_DISCARDED:
            self._drop(conn)

    def murder_pending(self) -> None:
        """After each turn of the loop: end what has had its time."""
        super().murder_pending()
        now = time.monotonic()
        for line in (self._new, self._heads, self._bodies, self._sending, self._leaving):
            while line and (line[0].timeout <= now or (line is self._new and not self.alive)):
                self._end_late(line[0])

    def _end_late(self, conn: Any) -> None:
        enough = self._patience * self._least_rate
        if conn.line in (self._bodies, self._sending) and conn.progress >= enough:
            conn.progress = 0
            conn.line.append(conn)
        elif conn.line in (self._heads, self._bodies):
            self._refuse(conn, 408)
        else:
            self._drop(conn)

    def _drop(self, conn: Any) -> None:
        """Close a connection that nobody waits for any more."""
        self._unwatch(conn)
        if conn.line is not None:
            conn.line.remove(conn)
        self.nr_conns -= 1
        conn.close()


def most_connections(configured: int) -> int:
    """How many connections a worker takes: those configured, where there are files for them."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return configured
    return min(configured, max(files - OWN_FILES, files // 2))
