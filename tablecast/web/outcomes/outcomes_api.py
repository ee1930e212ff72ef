"""``POST /api/v1/outcomes``: what earlier answers should have been, as programs tell it."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
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
from tablecast.web.outcomes.telling import read_told, tell

blueprint = Blueprint("outcomes", __name__)

TITLES = {
    UNKNOWN: N_("There is no such prediction."),
    ALREADY: N_("Another outcome is known."),
}


@blueprint.post("/api/v1/outcomes")
def outcomes() -> Response:
    """One outcome or a list: all are kept, or none."""
    if request.mimetype == CSV:
        counted = tell(_read_csv())
    else:
        body = _body()
        with _of_a_list(isinstance(body, list)):
            counted = tell(read_told(body if isinstance(body, list) else [body]))
    return json_response({"added": counted.added, "known": counted.known})


@blueprint.app_errorhandler(OutcomesRefused)
def refused(error: OutcomesRefused) -> Response:
    """What is wrong, as a problem."""
    title = _(TITLES.get(error.status, N_("Some values are not valid.")))
    detail = sentences(remark.say() for remark in error.errors[:5])
    return problem(error.status, title, detail, error.errors)


@contextmanager
def _of_a_list(is_list: bool) -> Iterator[None]:
    """Errors within name a place only where there is a list."""
    try:
        yield
    except (InvalidInput, OutcomesRefused) as error:
        if not is_list:
            error.errors = tuple(replace(remark, row=None) for remark in error.errors)
        raise


def _body() -> Any:
    if not request.is_json:
        raise UnsupportedMediaType(_(
            "Send JSON or CSV, with the header Content-Type: application/json or text/csv."
        ))
    body = parse_json(request.get_data())
    if isinstance(body, list):
        _refuse_too_many(len(body))
    return body


def _read_csv() -> Sequence[Told]:
    try:
        read = read_outcomes(deployment(), io.BytesIO(request.get_data()), _("the body"))
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
