"""Outcomes that were told, and the answer to whoever told them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import current_app, g
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import ServiceUnavailable

from tablecast.errors import InvalidInput, LogError, Remark
from tablecast.i18n.language import N_, _
from tablecast.log import reader
from tablecast.log.entries import read_id
from tablecast.log.outcomes import (
    NAME,
    Counted,
    Told,
    add_outcomes,
    may_be_id,
    read_outcome,
    schema_of_outcomes,
)
from tablecast.log.prediction_log import PredictionLog
from tablecast.schema.schema import Schema
from tablecast.schema.texts import quoted
from tablecast.web.answer_log import EXTENSION, RETRY_AFTER
from tablecast.web.http.opened import opened
from tablecast.web.http.responses import deployment

#: Errors after which a list is read no further.
MOST_ERRORS = 100

AWAY = N_("The log cannot be reached. Nothing was kept; try again in a few seconds.")
NOT_AN_OUTCOME = N_(
    'Send {"id": …, "outcome": …} or a list of such objects. The id is the one that the prediction '
    "gave."
)
UNKNOWN_NAME = N_("{name} is not part of an outcome. Send id and outcome only.")


def read_told(raws: Sequence[Any]) -> list[Told]:
    """Outcomes as programs tell them.

    Raises:
        InvalidInput: naming what is wrong, with its place in the list.
    """
    outcomes = schema_of_outcomes(deployment())
    told: list[Told] = []
    errors: list[Remark] = []
    for row, raw in enumerate(raws):
        try:
            told.append(_told(outcomes, raw))
        except InvalidInput as error:
            errors += [replace(remark, row=row) for remark in error.errors]
        if len(errors) >= MOST_ERRORS:
            break
    if errors:
        raise InvalidInput(errors)
    return told


def _told(outcomes: Schema, raw: Any) -> Told:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("id"), str) or NAME not in raw:
        raise InvalidInput([Remark(NOT_AN_OUTCOME)])
    if others := raw.keys() - {"id", NAME}:
        raise InvalidInput([Remark(UNKNOWN_NAME, None, {"name": quoted(str(min(others)))})])
    return Told(read_id(raw["id"]), read_outcome(outcomes, raw[NAME]))


def tell(told: Sequence[Told]) -> Counted:
    """Keep outcomes.

    Raises:
        OutcomesRefused: one of them cannot be kept, and so none is.
        ServiceUnavailable: the log is away.
    """
    try:
        key = g.key.name if g.key else None
        return add_outcomes(the_log().engine, opened().logged_as, told, key)
    except (SQLAlchemyError, LogError):
        raise ServiceUnavailable(_(AWAY), retry_after=RETRY_AFTER) from None


def answer_of(one: str) -> tuple[reader.Row | None, reader.Row | None]:
    """An answer of this deployment and its outcome, where there are such.

    Raises:
        ServiceUnavailable: the log is away.
    """
    engine = the_log().engine
    if not may_be_id(one):
        return None, None
    try:
        found = reader.answer_of(engine, one)
        if found is None or found["deployment"] != opened().logged_as:
            return None, None
        return found, reader.outcome_of(engine, one)
    except LogError:
        raise ServiceUnavailable(_(AWAY), retry_after=RETRY_AFTER) from None


def the_log() -> PredictionLog:
    """The log, which is there where these routes are."""
    log: PredictionLog = current_app.extensions[EXTENSION].log
    return log
