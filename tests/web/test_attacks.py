"""What strangers may try on a started gunicorn, while others are served as before."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from test_server import GUNICORN, PATIENT, served

pytestmark = pytest.mark.server

ROW = json.dumps(PATIENT).encode()

#: Seconds that the slowest of a healthy client's requests may take meanwhile. An attack that works
#: takes seconds; what is left is for a machine of two cores that runs other tests.
MOST = 0.5


def request(*headers: str, line: str = "POST /predict_api HTTP/1.1") -> bytes:
    """A plain request's bytes, with more headers."""
    known = ("Host: x", "Content-Type: application/json", f"Content-Length: {len(ROW)}")
    return "\r\n".join([line, *known, *headers, "", ""]).encode() + ROW


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def answer(client: socket.socket) -> bytes:
    """The next answer, which comes in two pieces where a thread gives it, or less at the end."""
    read = b""
    while not read.partition(b"\r\n\r\n")[2].endswith(b"\n"):
        more = client.recv(65536)
        if not more:
            break
        read += more
    return read


@contextmanager
def alone(folder: Path, **environment: str) -> Iterator[int]:
    """A server with a single worker, which nobody can stand in for: its port."""
    with served(GUNICORN, folder, WEB_CONCURRENCY="1", **environment) as url:
        yield int(url.rsplit(":", 1)[1])


class Healthy:
    """A client that keeps asking for a row, each time on a new connection and on a kept one."""

    def __init__(self, port: int) -> None:
        self.times: list[float] = []
        self.failures: list[object] = []
        self._port = port
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._ask_on)

    def __enter__(self) -> Healthy:
        self._kept = connect(self._port)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._kept.close()

    def _ask_on(self) -> None:
        while not self._stopped.is_set():
            with connect(self._port) as new:
                for client in (self._kept, new):
                    began = time.perf_counter()
                    try:
                        client.sendall(request())
                        answered = answer(client)
                    except OSError as error:
                        answered = str(error).encode()
                    self.times.append(time.perf_counter() - began)
                    if not answered.startswith(b"HTTP/1.1 200 OK"):
                        self.failures.append(answered)
            time.sleep(0.02)


LAST_REQUESTS = {
    "a last request": request("Connection: close"),
    "an old protocol": request(line="POST /predict_api HTTP/1.0"),
    "no request": b"\x16\x03\x01 nothing of HTTP\r\n\r\n",
    "a broken header": request("Host : y"),
    "two lengths": request("Content-Length: 1"),
    "chunks that are none": b"POST /predict_api HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",
}


def test_who_is_answered_for_the_last_time_is_not_waited_for(tmp_path: Path) -> None:
    """Clients that stay after their last answer, however it came about, hold nobody up."""
    with alone(tmp_path) as port, ExitStack() as staying, Healthy(port) as healthy:
        for content in LAST_REQUESTS.values():
            for kept in (False, True):
                for _ in range(10):
                    client = staying.enter_context(connect(port))
                    if kept:
                        client.sendall(request())
                        answer(client)
                    client.sendall(content)
                    assert client.recv(4096)
        time.sleep(2)
    assert healthy.failures == []
    assert max(healthy.times) < MOST


def test_a_stayer_is_closed_in_the_end(tmp_path: Path) -> None:
    """A client that does not close is closed after some seconds, and sooner if it sends on."""
    with alone(tmp_path) as port, connect(port) as silent, connect(port) as chatty:
        for client in (silent, chatty):
            client.sendall(request("Connection: close"))
            answer(client)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            for _ in range(1000):
                chatty.sendall(b" " * 8192)
        time.sleep(4)
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            for _ in range(2):
                silent.sendall(b" ")
                time.sleep(0.1)


@pytest.mark.parametrize("header", ["Accept: a{}\x01", "Accept:{}\x01", "A{}", "Cookie: a{}\x7f"])
def test_spaces_cost_nothing(tmp_path: Path, header: str) -> None:
    """Heads made to be searched again and again take no longer than others."""
    odd = request(header.format(" " * 7900))
    with alone(tmp_path) as port, Healthy(port) as healthy, ExitStack() as opened:
        clients = [opened.enter_context(connect(port)) for _ in range(20)]
        for client in clients:
            client.sendall(request())
            answer(client)
        time.sleep(0.2)
        for client in clients:
            client.sendall(odd)
        for client in clients:
            client.recv(4096)
    assert healthy.failures == []
    assert max(healthy.times) < MOST
