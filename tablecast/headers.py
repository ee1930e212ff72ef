"""The headers that every answer carries, whichever layer gives it."""

from __future__ import annotations

import secrets

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
    return secrets.token_hex(8)
