"""The page that takes the outcome of an answer, and a file of many."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, request

from tablecast.batch.outcome_file import read_outcomes
from tablecast.batch.summary import RowsRefused
from tablecast.errors import BatchError, InvalidInput, Remark
from tablecast.i18n.formats import day
from tablecast.i18n.language import N_, _
from tablecast.inference.engine import Label
from tablecast.log.entries import read_id
from tablecast.log.outcomes import (
    NAME,
    Counted,
    OutcomesRefused,
    Told,
    read_outcome,
    schema_of_outcomes,
)
from tablecast.log.reader import Row
from tablecast.schema.field import Field, Refusal
from tablecast.schema.form_keys import is_hashed
from tablecast.schema.schema import Schema
from tablecast.web.display.amounts import answer_in_words, wording_of
from tablecast.web.form.controls import Control, controls_of
from tablecast.web.http.rendering import render_page, schema_shown
from tablecast.web.http.responses import deployment
from tablecast.web.outcomes.telling import answer_of, tell

blueprint = Blueprint("outcome", __name__)

NO_ANSWER = N_("There is no prediction with this id. Copy the whole id, or use the link.")
CHOOSE = N_("Choose a CSV or Excel file.")


@blueprint.get("/outcome")
def ask() -> Response:
    """The answer of an id, and a form for what it should have been; without an id, for the id."""
    one = read_id(request.args.get("id", ""))
    return _page(one)


@blueprint.post("/outcome")
def told() -> Response:
    """Keep what somebody told."""
    one = read_id(request.form.get("id", ""))
    raw = request.form.get(NAME, "")
    found, _known = answer_of(one)
    if found is None:
        return _page(one)
    outcomes = _outcomes(found)
    try:
        outcome = read_outcome(outcomes, raw, text=True)
        tell([Told(one, outcome)])
    except InvalidInput as error:
        return _page(one, controls=controls_of(outcomes, {NAME: raw}, error.errors))
    except OutcomesRefused as error:
        remark = Remark(error.errors[0].message, NAME, error.errors[0].values)
        return _page(one, controls=controls_of(outcomes, {NAME: raw}, [remark]))
    return _page(one, done=True)


@blueprint.post("/outcome/file")
def file() -> Response:
    """Keep the outcomes of a file: all of them, or none."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page("", wrong_file=_(CHOOSE))
    name = PurePath(sent.filename.replace("\\", "/")).name[-150:]
    try:
        read = read_outcomes(deployment(), cast(BinaryIO, sent.stream), name)
        try:
            counted = tell(read.told)
        except OutcomesRefused as refused:
            raise read.not_kept(refused) from None
    except BatchError as error:
        refusals = error.refusals if isinstance(error, RowsRefused) else ()
        return _page("", wrong_file=str(error).split("\n")[0], refusals=refusals)
    return _page("", counted=counted, empty=read.empty)


def _page(
    one: str,
    *,
    controls: Sequence[Control] = (),
    done: bool = False,
    counted: Counted | None = None,
    **values: Any,
) -> Response:
    found, known = answer_of(one) if one else (None, None)
    schema = schema_shown()
    wrong = _(NO_ANSWER) if one and found is None else ""
    if found is not None and not controls:
        controls = controls_of(_outcomes(found), {})
    summary = [(control.error_id, control.error) for control in controls if control.error]
    status = 404 if wrong else 422 if values.get("wrong_file") or summary else 200
    return render_page(
        "outcome.html",
        status=status,
        id=one,
        wrong=wrong,
        answer=_shown_answer(schema, found) if found else "",
        made=day(datetime.fromtimestamp(found["at"] / 1e6, UTC)) if found else "",
        given=_given(schema, found) if found else [],
        is_earlier=bool(found and found["sha256"] != deployment().description["sha256"]),
        known=_shown_outcome(schema, known["outcome"]) if known else "",
        controls=controls,
        summary=summary,
        done=done,
        counted=counted,
        **values,
    )


def _outcomes(found: Row) -> Schema:
    return schema_of_outcomes(deployment(), schema_shown(), found["prediction"])




def _shown_answer(schema: Schema, found: Row) -> str:
    """The answer as it was shown."""
    label, low, high = found["prediction"], found["low"], found["high"]
    ends = None if low is None or high is None else (low, high)
    size = abs(label) if isinstance(label, float) else 0.0
    return answer_in_words(schema, label, wording_of(schema, size, ends))


def _shown_outcome(schema: Schema, outcome: Label) -> str:
    if schema.task == "classification":
        return schema.show_class(outcome)
    return schema_of_outcomes(deployment(), schema).fields[0].in_words(outcome)


def _given(schema: Schema, found: Row) -> list[tuple[str, str]]:
    """What was asked, as far as the log keeps it: each field's label and its value."""
    fields = {name: schema.find(name) for name in found["given"]}
    return [
        (field.label if field else name, _shown_value(field, found["given"][name]))
        for name, field in fields.items()
    ]


def _shown_value(field: Field | None, value: Any) -> str:
    if value is None:
        return "–"
    if is_hashed(value):
        return _("(hidden)")
    if field is None:  # only an earlier version of the deployment has it
        return str(value)
    try:
        return field.in_words(field.read(value, text=False)[0])
    except Refusal:  # an earlier version of the deployment had another field of this name
        return str(value)
