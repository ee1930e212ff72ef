"""A request whose headers are read within limits, and its form whole or not at all."""

from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_date

from tablecast.i18n.language import _

#: Characters of a header that says what a client prefers. Browsers send 150; Werkzeug's time for
#: one grows with its square, and servers take 8,190. A longer one says nothing.
MOST_PREFERENCES = 1000

PREFERENCES = ("HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_CHARSET", "HTTP_ACCEPT_ENCODING")

#: Headers with a date. Werkzeug ignores what is none, but fails at a year of ten digits.
DATES = ("HTTP_DATE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_RANGE", "HTTP_IF_UNMODIFIED_SINCE")


class BoundedRequest(Request):
    """Flask's request, without the headers that nobody could understand, or only in a long time."""

    def __init__(self, environ: dict[str, Any], *args: Any, **settings: Any) -> None:
        for name in PREFERENCES:
            if len(environ.get(name, "")) > MOST_PREFERENCES:
                del environ[name]
        for name in DATES:
            if name in environ and not _can_be_read(environ[name]):
                del environ[name]
        if "HTTP_HOST" in environ:  # Werkzeug minds how a name is written
            environ["HTTP_HOST"] = environ["HTTP_HOST"].lower()
        # gunicorn says that the body ends by itself, and Werkzeug then takes what there is of one
        # whose client is gone for all of it.
        environ.pop("wsgi.input_terminated", None)
        super().__init__(environ, *args, **settings)

    def make_form_data_parser(self) -> FormDataParser:
        """Werkzeug's, which takes a form that it cannot read for an empty one unless it is told."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except ValueError:
            raise BadRequest(
                _(
                    "The form cannot be read: it must be complete, and its texts and file names "
                    "in UTF-8."
                )
            ) from None


def _can_be_read(date: str) -> bool:
    try:
        parse_date(date)
    except OverflowError:
        return False
    return True
