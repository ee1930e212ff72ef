"""JSON responses, and problems in the format of RFC 9457."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response

from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput, Remark
from tablecast.i18n.formats import sentences
from tablecast.i18n.language import _
from tablecast.web.http.opened import opened

#: Sentences that a problem's detail repeats; all of them are in its errors.
SENTENCES_IN_DETAIL = 5


def deployment() -> Deployment:
    """The deployment that the request at hand is about."""
    return opened().loaded


def invalid(error: InvalidInput) -> Response:
    """Refused values as a problem."""
    parts = [remark.say() for remark in error.errors[:SENTENCES_IN_DETAIL]]
    more = len(error.errors) - len(parts)
    rest = _("And {count} more.").format(count=more) if more else ""
    return problem(422, _("Some values are not valid."), sentences([*parts, rest]), error.errors)


def problem(status: int, title: str, detail: str, errors: Iterable[Remark] = ()) -> Response:
    """An error as RFC 9457 problem details."""
    body = problem_body(status, title, detail, errors)
    return json_response(body, status, "application/problem+json")


def problem_body(
    status: int, title: str, detail: str, errors: Iterable[Remark] = ()
) -> dict[str, Any]:
    """The body of ``problem``."""
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [
            {"row": remark.row, "field": remark.field, "message": remark.say()}
            for remark in errors
        ],
    }


def json_response(
    body: Any, status: int = HTTPStatus.OK, content_type: str = "application/json"
) -> Response:
    """A response with a JSON body."""
    return Response(to_json(body), status, content_type=content_type)


def to_json(body: Any) -> bytes:
    """JSON that ends in a newline, as a terminal likes it."""
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)
