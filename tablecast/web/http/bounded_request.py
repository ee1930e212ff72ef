"""A request whose headers are read within limits, whatever a stranger sends."""

from __future__ import annotations

from typing import Any

from flask import Request

#: Characters of a header that says what a client prefers. Browsers send 150; Werkzeug's time for
#: one grows with its square, and servers take 8,190. A longer one says nothing.
MOST_PREFERENCES = 1000

PREFERENCES = ("HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_CHARSET", "HTTP_ACCEPT_ENCODING")


class BoundedRequest(Request):
    """Flask's request, without the headers that would take long to understand."""

    def __init__(self, environ: dict[str, Any], *args: Any, **settings: Any) -> None:
        for name in PREFERENCES:
            if len(environ.get(name, "")) > MOST_PREFERENCES:
                del environ[name]
        # gunicorn says that the body ends by itself, and Werkzeug then takes what there is of one
        # whose client is gone for all of it.
        environ.pop("wsgi.input_terminated", None)
        super().__init__(environ, *args, **settings)
