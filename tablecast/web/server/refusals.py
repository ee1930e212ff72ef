"""Responses of the loop to requests that no thread will see."""

from __future__ import annotations

from functools import cache

import orjson

#: Status to its name and to what is wrong. In English: such a client's language was not read.
WORDS = {
    408: ("Request Timeout", "The request did not come in time; send it again, without pauses."),
    431: ("Request Header Fields Too Large", "The headers are too long; send fewer cookies."),
    503: ("Service Unavailable", "Too many requests are being read or sent; try again soon."),
}

#: Seconds after which to ask again; a place for a large request is free when the next one is done.
RETRY_AFTER = 5


@cache
def refusal(status: int) -> bytes:
    """A whole answer that says so, in the shape that every failure has, and ends the connection."""
    title, detail = WORDS[status]
    body = orjson.dumps(
        {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": []}
    )
    head = [
        f"HTTP/1.1 {status} {title}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
    ]
    if status == 503:
        head.append(f"Retry-After: {RETRY_AFTER}")
    return "\r\n".join([*head, "", ""]).encode() + body
