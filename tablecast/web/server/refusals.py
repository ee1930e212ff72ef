"""Responses of the loop to requests that no thread will see."""

import orjson

from tablecast.web.http import metrics
from tablecast.web.http.access_log import AccessLog
from tablecast.web.http.tracing import request_id_of

#: Status to its name and to what is wrong. In English: such a client's language was not read.
WORDS = {
    408: ("Request Timeout", "The request did not come in time; send it again, without pauses."),
    431: ("Request Header Fields Too Large", "The headers are too long; send fewer cookies."),
    503: ("Service Unavailable", "Too many requests are being read or sent; try again soon."),
}

#: Seconds after which to ask again; a place for a large request is free when the next one is done.
RETRY_AFTER = 5


def refusal(status: int, access_log: AccessLog | None) -> bytes:
    """A whole answer that says so, in the shape that every failure has, and ends the connection.

    It is counted and logged as any other; which route it was for is not known.
    """
    request_id = request_id_of(None)
    metrics.of_route("none").observe(status, 0.0)
    if access_log:
        access_log.note("none", "none", status, 0.0, request_id)
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
        f"X-Request-Id: {request_id}",
    ]
    if status == 503:
        head.append(f"Retry-After: {RETRY_AFTER}")
    return "\r\n".join([*head, "", ""]).encode() + body
