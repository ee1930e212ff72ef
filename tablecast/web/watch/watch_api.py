"""``GET /api/v1/watch``, where there is a prediction log."""

from flask import Blueprint, Response

from tablecast.web.http.responses import deployment, json_response
from tablecast.web.watch.reading import report
from tablecast.web.watch.report_json import report_json

blueprint = Blueprint("watch_api", __name__)


@blueprint.get("/api/v1/watch")
def watch() -> Response:
    """What was asked, how that drifts, and how good the answers were."""
    return json_response(report_json(deployment(), report()))
