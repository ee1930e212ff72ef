"""The headers that every answer carries, whichever layer gives it."""

from __future__ import annotations

import random

#: Nothing is loaded from elsewhere, nobody may frame the form, and no answer is kept by a cache.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def new_request_id() -> str:
    """Sixteen hexadecimal digits, sent with the answer and written with whatever is logged."""
    # No secret, so no system call for each. Python seeds this generator anew in a forked process.
    return f"{random.getrandbits(64):016x}"
