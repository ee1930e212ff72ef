"""The worker reads requests by itself; it answers what gunicorn's own threaded worker does."""

from __future__ import annotations

import os
import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import test_worker
from gunicorn.workers.gthread import ThreadWorker
from test_worker import ROW, QuickEngine, Served, insurance_app

#: Connections with one to three requests each. A longer run: TABLECAST_SAME_REQUESTS=50000.
REQUESTS = int(os.environ.get("TABLECAST_SAME_REQUESTS", "1500"))

OWN = re.compile(rb"(Date|X-Request-Id): [^\r]*")
STATUS = re.compile(rb"HTTP/1\.\d (\d{3})")

LINES = [
    *["POST /predict_api HTTP/1.1", "POST /api/v1/predict HTTP/1.1", "GET /healthz HTTP/1.1"] * 5,
    "POST /predict_api HTTP/1.0", "HEAD / HTTP/1.1", "POST /predict_api HTTP/1.2",
    "POST  /predict_api HTTP/1.1", "post /predict_api HTTP/1.1", "GET * HTTP/1.1",
    "GET http://x/healthz HTTP/1.1", "PUT /predict_api HTTP/1.1", "POST /predict_api?a=1 HTTP/1.1",
    "\r\nPOST /predict_api HTTP/1.1", "\r\n\r\nGET /healthz HTTP/1.1",
]  # fmt: skip
USUAL = ["Host: x", "Content-Type: application/json", "Content-Length: {n}"]
HEADERS = [
    *USUAL, "Content-Type: text/plain", "Host: y", "Host:", "Connection: close",
    "Connection: Keep-Alive, x", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
    "Transfer-Encoding: gzip, chunked", "TE: trailers", "Accept:", "X-Y: z", " folded",
    "Accept: text/csv",
    "Content-Length : 5", "content-length: {n}", "Content-Length: +{n}", "Content-Length: {n}, {n}",
    "Content-Length: 0", "Content-Length: {m}", "Content-Length: 00{n}", "Content-Length: {n} ",
    "Content-Length:\t{n}", "Expect: x", "Cookie: a=b; Content-Length: 5", "X-Content-Length: 3",
    "A_B: c", "Bad Name: x", "X: \x7f", "X: caf\xe9", "Upgrade: h2c", "Transfer_Encoding: chunked",
    "Content-Length: -1", "Content-Length: 1e2", "Via: a\nb",
]  # fmt: skip


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Served, Served]]:
    """Our worker, and gunicorn's, with one application."""
    app = insurance_app(QuickEngine())
    ours = Served(app)
    monkeypatch.setattr(test_worker, "Worker", ThreadWorker)
    theirs = Served(app)
    yield ours, theirs
    ours.stop()
    theirs.stop()


def made(chance: random.Random) -> bytes:
    """A request that may have anything wrong with it."""
    size, body = len(ROW), ROW
    odd = chance.random()
    if odd < 0.1:
        body = ROW[: chance.randint(0, size)]
    elif odd < 0.2:
        body = ROW + b" " * chance.randint(1, 50)
    elif odd < 0.3:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (size, ROW)
    headers = [*USUAL]
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        headers.insert(chance.randint(0, len(headers)), chance.choice(HEADERS))
    if chance.random() < 0.3:
        headers.pop(chance.randrange(len(headers)))
    end = chance.choice(["\r\n"] * 12 + ["\n"])
    head = end.join([chance.choice(LINES), *headers, "", ""])
    lengths = {"{n}": str(size), "{m}": str(size + chance.randint(-20, 20))}
    for sign, length in lengths.items():
        head = head.replace(sign, length)
    return head.encode("latin-1") + body


def asked(server: Served, parts: list[bytes], pause: float = 0) -> bytes:
    """All that a server sends until it closes, for a client that sends no more than the parts."""
    read = b""
    address = server.listener.getsockname()
    gone = suppress(ConnectionResetError, BrokenPipeError)
    with gone, socket.create_connection(address, timeout=5) as client:
        for part in parts:
            client.sendall(part)
            time.sleep(pause)
        client.shutdown(socket.SHUT_WR)
        while more := client.recv(65536):
            read += more
    return OWN.sub(b"", read)


def also_answered(server: Served, parts: list[bytes]) -> list[list[bytes]]:
    """Statuses that the same bytes may have too: gunicorn's depend on how they happen to arrive."""
    ways = (asked(server, [b"".join(parts)]), asked(server, parts, pause=0.02))
    return [STATUS.findall(way) for way in ways]


@pytest.mark.thorough
def test_requests_are_answered_as_gunicorn_answers_them(both: tuple[Served, Served]) -> None:
    """Whole or broken, alone or one behind the other, in one piece or several: the same answers.

    But for a last request that the client's end cuts short: that one is not answered.
    """
    chance = random.Random(20200428 + REQUESTS)
    whole = 0
    for _ in range(REQUESTS):
        content = b"".join(made(chance) for _ in range(chance.choice([1, 1, 1, 2, 3])))
        cuts = sorted(chance.randint(0, len(content)) for _ in range(2))
        parts = [content[: cuts[0]], content[cuts[0] : cuts[1]], content[cuts[1] :]]
        ours, theirs = (asked(server, parts) for server in both)
        if ours == theirs:
            whole += 1
            continue
        told, expected = STATUS.findall(ours), STATUS.findall(theirs)
        if told == expected or (told == expected[:-1] and theirs.startswith(ours)):
            continue
        assert told in also_answered(both[1], parts), content
    assert whole > 0.9 * REQUESTS
