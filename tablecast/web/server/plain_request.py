"""Where a request ends, and whether it is a plain one, decided from its bytes alone.

It reads no more of HTTP than it needs to be certain; gunicorn understands all the rest.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from tablecast.web.http.origins import HOST_HEADER
from tablecast.web.http.proxies import Sender

REQUEST_LINE = re.compile(rb"POST (/[A-Za-z0-9_./-]+) HTTP/1\.1")

#: A header with a value of ASCII. gunicorn refuses more than it must; this takes less. The space
#: around the value is not for a pattern: to find its end takes time that grows with its square.
HEADER = re.compile(rb"([A-Za-z0-9-]+):([\t\x20-\x7e]*)")

#: Headers whose value decides whether a request is plain.
DECIDING = {
    "host": HOST_HEADER,
    "content-type": re.compile("application/json"),
    "content-length": re.compile("[0-9]{1,5}"),
    "connection": re.compile("keep-alive", re.IGNORECASE),
    "accept": re.compile("(?!.*(?:csv|ndjson)).*", re.IGNORECASE),
}

#: Headers that say nothing about where a request ends or how it is answered. A name that is not
#: known here, such as Expect, Transfer-Encoding or Upgrade, is for gunicorn to understand.
HARMLESS = frozenset(
    "accept-charset accept-encoding accept-language authorization baggage cache-control"
    " connect-time cookie dnt forwarded from origin pragma priority referer sec-ch-ua"
    " sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site"
    " total-route-time traceparent tracestate user-agent via x-correlation-id x-forwarded-for"
    " x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto x-real-ip"
    " x-request-id x-request-start"
    .split()
)

#: Headers that a plain request has: HTTP/1.1 asks for the first of them.
REQUIRED = ("host", "content-type", "content-length")

#: What says how long a body is, or whether the client waits before it sends one.
FRAMING = re.compile(rb"content-length|transfer-encoding|expect", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE)

BLANK = b"\r\n\r\n"

#: Heads that are kept, each of so many bytes at most: a client that goes on says the same again.
KEPT_HEADS, LONGEST_KEPT = 256, 2048


class PlainRequest(NamedTuple):
    """A whole plain request: its path, its body, and what it says of who sends it."""

    path: str
    body: bytes
    sender: Sender


class _Head(NamedTuple):
    path: str
    length: int
    sender: Sender


def plain_request(data: bytes, address: str = "") -> PlainRequest | None:
    """The request, where the bytes are one whole plain request and nothing more.

    Args:
        data: what has come.
        address: whom it came from.
    """
    text, blank, body = data.partition(BLANK)
    if not blank:
        return None
    head = (_kept if len(text) <= LONGEST_KEPT else _head)(text, address)
    if head is None or head.length != len(body):
        return None
    return PlainRequest(head.path, body, head.sender)


def _head(text: bytes, address: str) -> _Head | None:
    """What a plain request's head says; None of another."""
    line, *headers = text.split(b"\r\n")
    request = REQUEST_LINE.fullmatch(line)
    values = _values(headers) if request else None
    if request is None or values is None or not all(values.get(name) for name in REQUIRED):
        return None
    sender = Sender(
        address, values["host"], values.get("authorization"), values.get("origin"),
        values.get("x-request-id"), values.get("traceparent"), values.get("x-forwarded-for"),
        values.get("x-forwarded-host"),
    )
    return _Head(request[1].decode(), int(values["content-length"]), sender)


_kept = lru_cache(KEPT_HEADS)(_head)


def _values(headers: list[bytes]) -> dict[str, str] | None:
    """The headers by lower-case names, or None where one is odd, unknown or there twice."""
    seen: dict[str, str] = {}
    for line in headers:
        header = HEADER.fullmatch(line)
        if header is None:
            return None
        name, value = header[1].decode().lower(), header[2].decode().strip(" \t")
        allowed = DECIDING.get(name)
        if name in seen or (allowed is None and name not in HARMLESS):
            return None
        if allowed is not None and allowed.fullmatch(value) is None:
            return None
        seen[name] = value
    return seen


def head_ends(data: bytearray, searched: int = 0) -> int:
    """The place behind a head, or -1 where it is not all there.

    A line that ends otherwise than HTTP says ends the head too: gunicorn refuses it.

    Args:
        data: what has come.
        searched: bytes in which no end was found before.
    """
    index = data.find(BLANK, max(0, searched - len(BLANK)))
    if index >= 0:
        return index + len(BLANK)
    begin = searched - (data[searched - 1 : searched] == b"\r")
    return len(data) if data.count(b"\n", begin) != data.count(b"\r\n", begin) else -1


def body_length(head: bytes) -> int | None:
    """Bytes of the body that follows a head, or None where only gunicorn can tell."""
    framing = FRAMING.findall(head)
    if not framing:
        return 0
    length = LENGTH.search(head) if len(framing) == 1 else None
    return None if length is None else int(length[1])
