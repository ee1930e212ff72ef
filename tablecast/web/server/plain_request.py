"""Where a request ends, and whether it is a plain one, decided from its bytes alone.

It reads no more of HTTP than it needs to be certain; gunicorn understands all the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from tablecast.web.http.proxies import Sender

REQUEST_LINE = re.compile(rb"POST (/[A-Za-z0-9_./-]+) HTTP/1\.1")

#: A header with a value of ASCII. gunicorn refuses more than it must; this takes less. The space
#: around the value is not for a pattern: to find its end takes time that grows with its square.
HEADER = re.compile(rb"([A-Za-z0-9-]+):([\t\x20-\x7e]*)")

#: Headers whose value decides whether a request is plain.
DECIDING = {
    b"content-type": re.compile(rb"application/json"),
    b"content-length": re.compile(rb"[0-9]{1,5}"),
    b"connection": re.compile(rb"keep-alive", re.IGNORECASE),
    b"accept": re.compile(rb"(?!.*(?:csv|ndjson)).*", re.IGNORECASE),
}

#: Headers that say nothing about where a request ends or how it is answered. A name that is not
#: known here, such as Expect, Transfer-Encoding or Upgrade, is for gunicorn to understand.
HARMLESS = frozenset(
    b"accept-charset accept-encoding accept-language authorization baggage cache-control"
    b" connect-time cookie dnt forwarded from host origin pragma priority referer sec-ch-ua"
    b" sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site"
    b" total-route-time traceparent tracestate user-agent via x-correlation-id x-forwarded-for"
    b" x-forwarded-host x-forwarded-port x-forwarded-prefix x-forwarded-proto x-real-ip"
    b" x-request-id x-request-start"
    .split()
)

#: Headers that a plain request has: HTTP/1.1 asks for the first of them.
REQUIRED = (b"host", b"content-type", b"content-length")

#: What says how long a body is, or whether the client waits before it sends one.
FRAMING = re.compile(rb"content-length|transfer-encoding|expect", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE)

BLANK = b"\r\n\r\n"


class PlainRequest(NamedTuple):
    """A whole plain request: its path, its body, and its headers by their lower-case names."""

    path: str
    body: bytes
    headers: Mapping[bytes, bytes]

    def sent_from(self, address: str) -> Sender:
        """What it says of who sends it, from this address."""
        value = self._value
        return Sender(
            address, value(b"host") or "", value(b"authorization"), value(b"origin"),
            value(b"x-request-id"), value(b"traceparent"), value(b"x-forwarded-for"),
            value(b"x-forwarded-host"),
        )

    def _value(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("ascii")


def plain_request(data: bytes) -> PlainRequest | None:
    """The request, where the bytes are one whole plain request and nothing more."""
    head, blank, body = data.partition(BLANK)
    line, *headers = head.split(b"\r\n")
    request = REQUEST_LINE.fullmatch(line)
    if not blank or request is None:
        return None
    seen = _values(headers)
    if seen is None or not all(seen.get(name) for name in REQUIRED):
        return None
    if int(seen[b"content-length"]) != len(body):
        return None
    return PlainRequest(request[1].decode(), body, seen)


def _values(headers: list[bytes]) -> dict[bytes, bytes] | None:
    """The headers, or None where one is odd, unknown or there twice."""
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
    return len(data) if data.count(b"\n") != data.count(b"\r\n") else -1


def body_length(head: bytes) -> int | None:
    """Bytes of the body that follows a head, or None where only gunicorn can tell."""
    framing = FRAMING.findall(head)
    if not framing:
        return 0
    length = LENGTH.search(head) if len(framing) == 1 else None
    return None if length is None else int(length[1])
