"""The style sheet with the colour of the deployment's organisation.

A page may hold no style of its own (see ``headers``), and a colour is no file.
"""

from flask import Blueprint, Response, request

from tablecast.web.display.organisation import style_of
from tablecast.web.http.responses import deployment
from tablecast.web.http.static_files import ASK_AGAIN, FOR_GOOD, digest

blueprint = Blueprint("accent", __name__)


@blueprint.get("/accent.css")
def style() -> Response:
    """The colour; nothing where the organisation has none."""
    response = Response(style_of(deployment().schema), mimetype="text/css")
    is_right = request.args.get("v") == version()
    response.headers["Cache-Control"] = FOR_GOOD if is_right else ASK_AGAIN
    return response


def version() -> str:
    """What the style sheet's address names of its content; "" where there is no colour."""
    content = style_of(deployment().schema)
    return digest(content.encode()) if content else ""
