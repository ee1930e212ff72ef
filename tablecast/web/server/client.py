"""A client's connection: the received part of its request and the unsent part of its response."""

import errno
import math
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]

from tablecast.web.http.proxies import household

#: Bytes of an answer that are kept for a client, so that no thread waits for it, and of all
#: answers of a worker together.
MOST_UNSENT = 1_000_000
MOST_HELD = 64_000_000


class Client(socket.socket):
    """A socket that a thread never waits for without an end.

    A thread waits ``patience`` seconds at most; each second's worth of bytes, at the least rate,
    gives one of them back.

    Attributes:
        unsent: what the loop is to send once the thread is done.
    """

    held = 0
    _counting = Lock()

    def __init__(self, accepted: socket.socket, patience: float, least_rate: int) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.unsent = bytearray()
        self._most_patience = self._patience = patience
        self._least_rate = least_rate

    def begin(self) -> None:
        """Have all patience again, for another request."""
        self._patience = self._most_patience

    def recv(self, size: int, flags: int = 0) -> bytes:
        """In a thread: what comes in time. In the loop, which never waits: what is there."""
        limit = self.gettimeout()
        if limit == 0:
            return super().recv(size, flags)
        data: bytes = self._waited(limit, lambda: socket.socket.recv(self, size, flags), len)
        return data

    def sendall(self, data: Any, _flags: int = 0) -> None:
        """Send what the client takes at once and keep the rest, unless that is too much."""
        limit = self.gettimeout()
        self.settimeout(0)
        try:
            self.hold(data)
            self.send_unsent()
        finally:
            self.settimeout(limit)
        while self.unsent and len(self.unsent) > (MOST_UNSENT if Client.held < MOST_HELD else 0):
            self._waited(limit, self.send_unsent, int)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send a file's content as any other, in its turn."""
        file.seek(offset)
        left = math.inf if count is None else count
        while left and (content := file.read(int(min(left, MOST_UNSENT)))):
            self.sendall(content)
            left -= len(content)
        return int(file.tell()) - offset

    def send_unsent(self) -> int:
        """Send some of what is left, as much as the socket may without or with waiting once."""
        sent = 0
        try:
            while self.unsent and (now := self.send(self.unsent[:MOST_UNSENT])):
                self._release(now)
                sent += now
                if self.gettimeout() != 0:
                    break
        except BlockingIOError:
            pass
        return sent

    def close(self) -> None:
        """Close, and keep nothing for a client that is gone."""
        self._release(len(self.unsent))
        super().close()

    def _waited(
        self, limit: float | None, act: Callable[[], Any], size: Callable[[Any], int]
    ) -> Any:
        """What a call returns that may wait for the client, which must not be too slow."""
        began = time.monotonic()
        self.settimeout(self._patience if limit is None else min(limit, self._patience))
        try:
            done = act()
        except TimeoutError:
            # As if it had gone: gunicorn makes no noise of it, and sends nothing after it.
            raise ConnectionResetError(errno.ECONNRESET, "the client is too slow") from None
        finally:
            self.settimeout(limit)
        gained = size(done) / self._least_rate - (time.monotonic() - began)
        self._patience = min(self._patience + gained, self._most_patience)
        if self._patience <= 0:
            raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")
        return done

    def hold(self, data: Any) -> None:
        """Keep what the client has not taken."""
        self.unsent += data
        with self._counting:
            Client.held += len(data)

    def _release(self, size: int) -> None:
        del self.unsent[:size]
        with self._counting:
            Client.held -= size


class Connection(TConn):  # type: ignore[misc]
    """gunicorn's connection, which the loop feeds.

    Attributes:
        address, household: of the client, and what its connections are counted as.
        received: bytes that the loop has read and no request was made of.
        searched: how many of them hold no head's end.
        awaited: how many have to come, as far as its head is known, before there is more to do.
        request: bytes for the thread that answers next.
        line: where it waits, if it does.
        watched: what the poller calls for it, and for which events.
        on_close: is told when it is closed.
        large: whether its request has one of the places for large ones.
        goes_on: whether another request may follow the answer that is being sent.
        progress: bytes that were read or sent since it began to wait.
    """

    def __init__(self, cfg: Any, sock: Client, address: Any, server: Any) -> None:
        super().__init__(cfg, sock, address, server)
        self.address = address[0] if isinstance(address, tuple) else ""
        self.household = household(self.address)
        self.received = bytearray()
        self.searched = self.awaited = 0
        self.request = b""
        self.line: Line | None = None
        self.watched: Any = None
        self.on_close: Callable[[Any], None] = lambda _: None
        self.large = False
        self.goes_on = True
        self.progress = 0

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002 - gunicorn names it
        """Close at once; the loop has waited for what there was to wait for."""
        super().close()
        self.on_close(self)

    def init(self) -> None:
        """In a thread: make what reads requests, and give it what the loop has read."""
        super().init()
        if self.request:
            self.parser.unreader.unread(self.request)
            self.request = b""


class Line:
    """Connections that wait for the same thing, as long as one another: the next to be late first.

    gunicorn's own line, of connections without a request, is used like a deque.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._conns: OrderedDict[Any, None] = OrderedDict()

    def append(self, conn: Any) -> None:
        """Let a connection wait from now on."""
        conn.timeout = time.monotonic() + self.seconds
        conn.line = self
        self._conns[conn] = None
        self._conns.move_to_end(conn)

    def remove(self, conn: Any) -> None:
        """Let a connection wait no longer."""
        del self._conns[conn]
        conn.line = None

    def popleft(self) -> Any:
        """The one that has waited longest, which waits no longer."""
        conn, _ = self._conns.popitem(last=False)
        conn.line = None
        return conn

    def __getitem__(self, index: int) -> Any:
        if index:
            raise IndexError(index)
        return next(iter(self._conns))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._conns)

    def __len__(self) -> int:
        return len(self._conns)
