"""What a stranger may try on a server, each with some hundred connections over loopback.

An attack runs until it is told to stop. Nothing leaves the machine, and each has a bounded number
of connections and of bytes.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread

from benchmarks.servers import ROW

BODY = json.dumps(ROW).encode()

#: Connections of one kind.
CROWD = 300

#: How a form with a file is sent.
MULTIPART = "multipart/form-data; boundary=x"

#: Seconds between two bytes of a slow client.
DRIP = 1.0

TIMEOUT = 20.0


@dataclass(frozen=True)
class Attack:
    """One kind of attack.

    Attributes:
        name: what tables call it.
        run: takes the server's port, and goes on until an event is set.
    """

    name: str
    run: Callable[[int, Event], None]


def request(
    *headers: str, line: str = "POST /predict_api HTTP/1.1", body: bytes = BODY
) -> bytes:
    """A plain request's bytes, with more headers."""
    known = ("Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}")
    return "\r\n".join([line, *known, *headers, "", ""]).encode() + body


def connect(port: int, receive_buffer: int = 0) -> socket.socket:
    """A client's connection."""
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(TIMEOUT)
    client.connect(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def answer(client: socket.socket) -> bytes:
    """The next answer to a row, or what there is of it where the connection ends."""
    read = b""
    while not read.partition(b"\r\n\r\n")[2].endswith(b"\n"):
        more = client.recv(65536)
        if not more:
            break
        read += more
    return read


@contextmanager
def crowd(port: int, size: int, receive_buffer: int = 0) -> Iterator[list[socket.socket]]:
    """Some connections, or as many of them as the server takes."""
    with ExitStack() as opened:
        clients = []
        with suppress(OSError):
            for _ in range(size):
                clients.append(opened.enter_context(connect(port, receive_buffer)))
        yield clients


def _slowly(start: bytes, drop: bytes) -> Callable[[int, Event], None]:
    """An attack by many who send a beginning, and then a little each second."""

    def run(port: int, stop: Event) -> None:
        while not stop.wait(0.05):
            with crowd(port, CROWD) as clients:
                sent = [client for client in clients if _send(client, start)]
                while sent and not stop.wait(DRIP):
                    sent = [client for client in sent if _send(client, drop)]

    return run


def _send(client: socket.socket, content: bytes) -> bool:
    """Send, unless the server has ended the connection."""
    try:
        client.sendall(content)
        client.setblocking(False)
        with suppress(BlockingIOError):
            if client.recv(1 << 16) == b"":
                return False
        client.settimeout(TIMEOUT)
    except OSError:
        return False
    return True


def _large_body(length: int) -> bytes:
    """The beginning of a row with so much space behind it."""
    return request(body=BODY + b" " * length)[:-length]


def _large_head(length: int) -> bytes:
    head = f"POST /batch HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
    return head.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"


def slow_readers(port: int, stop: Event) -> None:
    """Ask for pages on many connections, and read nothing."""
    asked = b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n" * 40
    while not stop.is_set():
        with crowd(port, CROWD, receive_buffer=4096) as clients:
            for client in clients:
                with suppress(OSError):
                    client.sendall(asked)
            stop.wait(15)


def _idle(size: int) -> Callable[[int, Event], None]:
    def run(port: int, stop: Event) -> None:
        while not stop.is_set():
            with crowd(port, size):
                stop.wait(15)

    return run


def stayers(port: int, stop: Event) -> None:
    """Ask for a last answer, or for nothing that can be answered, and then stay."""
    last = [
        request("Connection: close"), request(line="POST /predict_api HTTP/1.0"),
        b"\x16\x03\x01 nothing of HTTP\r\n\r\n", request("Host : y"), request("Content-Length: 1"),
    ]  # fmt: skip
    with ExitStack() as staying:
        for place in range(CROWD):
            with suppress(OSError):
                client = staying.enter_context(connect(port))
                client.sendall(last[place % len(last)])
                client.recv(4096)
            if stop.is_set():
                return
        stop.wait()


def spaces(port: int, stop: Event) -> None:
    """Send heads with thousands of spaces, on connections that were kept."""
    odd = request("Accept:" + " " * 7900 + "\x01")
    while not stop.wait(0.05):
        with suppress(OSError), crowd(port, 10) as clients:
            for content in (request(), odd):
                for client in clients:
                    client.sendall(content)
                for client in clients:
                    client.recv(4096)


def byte_by_byte(port: int, stop: Event) -> None:
    """Send bodies in single bytes behind heads as long as a server takes."""
    long = [f"X-{place}: {'x' * 7900}" for place in range(3)]
    content = request(*long, body=BODY + b" " * 3000)
    while not stop.is_set():
        with suppress(OSError), crowd(port, 20) as clients:
            for client in clients:
                client.sendall(content[:-3000])
            for _ in range(2900):
                for client in clients:
                    client.sendall(b" ")
                if stop.is_set():
                    break


def packed_bodies(port: int, stop: Event) -> None:
    """Send much that is said to be packed, a few at once."""
    head = request("Content-Encoding: gzip", body=b"").replace(
        b"Content-Length: 0", b"Content-Length: 300000000"
    )

    def send() -> None:
        while not stop.is_set():
            with suppress(OSError), connect(port) as client:
                client.sendall(head)
                for _ in range(300):
                    client.sendall(bytes(1_000_000))
                    if stop.is_set():
                        break

    _together(send, 4)


def long_methods(port: int, stop: Event) -> None:
    """Ask with methods of many letters."""
    while not stop.wait(0.05):
        with suppress(OSError), connect(port) as client:
            client.sendall(request(line="X" * 5000 + " / HTTP/1.1"))
            client.recv(4096)


SLOW = (
    Attack(f"{CROWD} clients that send a head slowly",
           _slowly(b"POST /predict_api HTTP/1.1\r\nHost: x\r\n", b"X")),
    Attack(f"{CROWD} clients that send a body slowly", _slowly(_large_body(5000), b" ")),
    Attack(f"{CROWD} clients that send a file slowly",
           _slowly(_large_head(5_000_000) + b" " * 40_000, b" " * 100)),
    Attack(f"{CROWD} clients that send chunks slowly",
           _slowly(b"POST /predict_api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                   b"1\r\na\r\n")),
    Attack(f"{CROWD} clients that do not read their pages", slow_readers),
    Attack(f"{CROWD} clients that do not close", stayers),
)  # fmt: skip

def _multipart(content: bytes, **fields: str) -> bytes:
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    return b"".join([*parts, file, content, b"\r\n--x--\r\n"])


def wrong_file() -> bytes:
    """A form with a file whose every row is wrong in every cell."""
    names = ",".join(ROW).encode()
    rows = b"\n".join(b"x%d,ma%d,y%d,z%d,noo%d,no%d" % ((place,) * 6) for place in range(120_000))
    return _multipart(names + b"\n" + rows, errors="column")


def refused_files(port: int, stop: Event) -> None:
    """Send such files, a few at once, again and again."""
    _sent_again(port, stop, _post("/batch", MULTIPART, wrong_file()), at_once=4)


def large_forms(port: int, stop: Event) -> None:
    """Send forms of 5 MB, a dozen at once, again and again."""
    body = b"age=" + b"1" * 4_900_000
    _sent_again(
        port, stop, _post("/predict", "application/x-www-form-urlencoded", body), at_once=12
    )


def _post(path: str, kind: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _sent_again(port: int, stop: Event, content: bytes, at_once: int) -> None:
    def send() -> None:
        while not stop.is_set():
            with suppress(OSError), connect(port) as client:
                client.sendall(content)
                while client.recv(1 << 16):
                    pass
            stop.wait(0.05)

    _together(send, at_once)


def _together(act: Callable[[], None], times: int) -> None:
    """Do the same so many times at once."""
    senders = [Thread(target=act, daemon=True) for _ in range(times)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


IDLE = tuple(Attack(f"{size:,} idle connections", _idle(size)) for size in (1500, 2500))

ATTACKS = (
    *SLOW,
    *IDLE,
    Attack("heads of spaces", spaces),
    Attack("bodies sent byte by byte behind heads of 24 KB", byte_by_byte),
    Attack("packed bodies of 300 MB", packed_bodies),
    Attack("methods of 5,000 letters", long_methods),
    Attack("files of 5 MB in which every cell is wrong", refused_files),
    Attack("forms of 5 MB", large_forms),
)
