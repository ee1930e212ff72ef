"""A request's id and trace, taken from the request if it has them."""

import random
import re

from flask import Flask

#: What a client or a proxy may call a request: it goes into the log and back as it is.
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")

#: W3C Trace Context, version 00: the trace's id is the first of two numbers, neither of them 0.
TRACE = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def request_id_of(sent: str | None) -> str:
    """The id that was sent along, where it can be one, else a new one of 16 hexadecimal digits."""
    if sent and REQUEST_ID.fullmatch(sent):
        return sent
    # No secret, so no system call for each. Python seeds this generator anew in a forked process.
    return f"{random.getrandbits(64):016x}"


def instrument(app: Flask) -> bool:
    """Let OpenTelemetry follow the application's requests, where its packages are installed.

    Returns:
        Whether it does. Then every request goes through Flask, where it is followed.
    """
    try:
        from opentelemetry.instrumentation.flask import FlaskInstrumentor
    except ImportError:
        return False
    FlaskInstrumentor().instrument_app(app)
    return True


def trace_of(sent: str | None) -> str:
    """The trace id of a ``traceparent`` header; empty where there is none, or one that is wrong."""
    match = TRACE.fullmatch(sent) if sent else None
    return match[1] if match else ""
