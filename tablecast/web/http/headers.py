"""The headers that every answer carries, whichever layer gives it."""

from __future__ import annotations

import random

#: No answer is taken for another kind than it says, and none is kept by a cache.
SHARED = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

#: Nothing is loaded from elsewhere, and nobody may frame the form.
PAGE = SHARED | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}

#: What is meant for a program loads nothing and leads nowhere, should a browser show it.
DATA = SHARED | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


def headers_of(mimetype: str) -> dict[str, str]:
    """The headers of an answer of this type."""
    return DATA if mimetype in ("application/json", "application/problem+json") else PAGE


def new_request_id() -> str:
    """Sixteen hexadecimal digits, sent with the answer and written with whatever is logged."""
    # No secret, so no system call for each. Python seeds this generator anew in a forked process.
    return f"{random.getrandbits(64):016x}"
