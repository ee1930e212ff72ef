"""``POST /api/v1/outcomes``: what earlier answers should have been, as programs tell it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from tablecast.batch.outcome_file import read_outcomes
from tablecast.batch.summary import RowsRefused, located
from tablecast.errors import BatchError, InvalidInput, Remark
from tablecast.i18n.formats import number, sentences
from tablecast.i18n.language import N_, _
from tablecast.log.outcomes import ALREADY, UNKNOWN, OutcomesRefused, Told
from tablecast.web.bodies import CSV, parse_json
from tablecast.web.http.responses import deployment, json_response, problem
from tablecast.web.outcomes.telling import NOT_AN_OUTCOME, read_told, tell

blueprint = Blueprint("outcomes", __name__)

TITLES = {
    UNKNOWN: N_("There is no such prediction."),
    ALREADY: N_("Another outcome is known."),
}


@blueprint.post("/api/v1/outcomes")
def outcomes() -> Response:
    """One outcome or a list: all are kept, or none."""
    told = _read_csv() if request.mimetype == CSV else read_told(_listed())
    counted = tell(told)
    return json_response({"added": counted.added, "known": counted.known})


@blueprint.app_errorhandler(OutcomesRefused)
def refused(error: OutcomesRefused) -> Response:
    """What is wrong, as a problem."""
    title = _(TITLES.get(error.status, N_("Some values are not valid.")))
    detail = sentences(remark.say() for remark in error.errors[:5])
    return problem(error.status, title, detail, error.errors)


def _listed() -> list[Any]:
    if not request.is_json:
        raise UnsupportedMediaType(_(
            "Send JSON or CSV, with the header Content-Type: application/json or text/csv."
        ))
    body = parse_json(request.get_data())
    if isinstance(body, Mapping):
        return [body]
    if not isinstance(body, list):
        raise InvalidInput([Remark(NOT_AN_OUTCOME)])
    _refuse_too_many(len(body))
    return body


def _read_csv() -> Sequence[Told]:
    try:
        read = read_outcomes(deployment().schema, io.BytesIO(request.get_data()), _("the body"))
    except RowsRefused as error:
        raise InvalidInput(list(located(error.refusals))) from None
    except BatchError as error:
        raise InvalidInput([Remark("{remark}", None, {"remark": str(error)})]) from None
    _refuse_too_many(len(read.told))
    return read.told


def _refuse_too_many(count: int) -> None:
    most = current_app.config["MAX_ROWS"]
    if count > most:
        words = _("The list has more than {most} rows. Send it in parts.")
        raise RequestEntityTooLarge(words.format(most=number(most)))
