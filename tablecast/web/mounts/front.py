"""The list of the deployments that a server has."""

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import ServiceUnavailable

from tablecast.i18n.formats import day
from tablecast.i18n.language import ENGLISH, _, current_language
from tablecast.web.http.rendering import render_page
from tablecast.web.http.responses import json_response
from tablecast.web.mounts.dispatch import CLOSED
from tablecast.web.mounts.fleet import Fleet, Listed

#: Where an application keeps its ``Fleet``.
FLEET = "tablecast.web.mounts.fleet"

blueprint = Blueprint("front", __name__)


class Line(NamedTuple):
    """A deployment as the page lists it."""

    name: str
    address: str
    title: str
    predicts: str
    version: str
    created: str
    made_on: str
    problem: str


@blueprint.get("/")
def index() -> Response:
    """The deployments, with what each predicts; as JSON for whoever prefers it."""
    kinds = request.accept_mimetypes
    if kinds.best_match(("text/html", "application/json"), "text/html") != "text/html":
        return json_response({"deployments": [_json(one) for one in _fleet().listed()]})
    lines = [_line(listed) for listed in _fleet().listed()]
    return render_page(
        "deployments.html",
        served=[line for line in lines if not line.problem],
        broken=[line for line in lines if line.problem],
    )


@blueprint.before_app_request
def say_that_it_is_closed() -> None:
    """For a deployment that is there and cannot be opened; the list, which not all see, says why.

    Raises:
        ServiceUnavailable: it is about such a one.
    """
    if name := request.environ.get(CLOSED):
        words = _("{name} cannot be used at the moment. The page All forms says why.")
        raise ServiceUnavailable(words.format(name=name))


def _fleet() -> Fleet:
    fleet: Fleet = current_app.extensions[FLEET]
    return fleet


def _line(listed: Listed) -> Line:
    title, predicts = listed.words.get(current_language().primary, ("", ""))
    made_on = day(datetime.fromisoformat(listed.created)) if listed.created else ""
    return Line(
        listed.name, _address(listed), title or listed.name, predicts, listed.version,
        listed.created, made_on, listed.problem,
    )


def _json(listed: Listed) -> dict[str, Any]:
    title, predicts = listed.words.get(ENGLISH.primary, ("", ""))
    return {
        "name": listed.name, "url": _address(listed), "title": title or None,
        "target": predicts or None, "version": listed.version or None,
        "created": listed.created or None, "problem": listed.problem or None,
    }


def _address(listed: Listed) -> str:
    return f"{request.script_root}/{quote(listed.name, safe='', errors='replace')}/"
