"""The JSON routes: the tutorial's own, and the full answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.model_card import card_of
from tablecast.errors import InvalidInput, Remark
from tablecast.i18n.formats import number
from tablecast.i18n.language import N_, _
from tablecast.inference.engine import Label
from tablecast.inference.predictor import Prediction
from tablecast.schema.schema import Row, Schema
from tablecast.schema.texts import quoted
from tablecast.web.explanations import contributions_json, whatif_json
from tablecast.web.http import metrics
from tablecast.web.http.responses import deployment, json_response

blueprint = Blueprint("api", __name__)

#: Errors after which a list of rows is read no further: who has a hundred has seen enough.
MOST_ERRORS = 100

#: Rows of one request that are explained, and the answers of the engine that they take together:
#: with the 80 fields of a house and 300 trees, two seconds of one core.
MOST_EXPLAINED = 100
MOST_EXPLAINING = 310_000

#: What may be asked for in the address, the property that it fills, and what fills it.
REASONS: Mapping[str, tuple[str, Callable[[Deployment, Row], Any]]] = {
    "explain": ("contributions", contributions_json),
    "whatif": ("whatif", whatif_json),
}

NOT_A_ROW = N_("Send one JSON object of fields and values, or a list of such objects.")


@blueprint.post("/predict_api")
def predict_api() -> Response:
    """The tutorial's contract: an object in, the bare prediction out; a list in, a list out."""
    body = _read_body()
    predictions = deployment().predictor.predict(_read_rows(body))
    if isinstance(body, list):
        return json_response([prediction.prediction for prediction in predictions])
    return json_response(bare_answer(predictions))


@blueprint.post("/api/v1/predict")
def predict() -> Response:
    """The full answer: prediction, interval, probabilities, warnings, and what was asked for of
    contributions (``?explain=1``) and whatif (``?whatif=1``)."""
    asked = [REASONS[part] for part in REASONS if _is_asked(part)]
    rows = _read_rows(_read_body())
    if asked:
        _refuse_too_many(rows, most_explained(deployment()))
    loaded = deployment()
    body = full_answer(loaded, loaded.predictor.predict(rows))
    for name, reason in asked:
        for row, prediction in zip(rows, body["predictions"], strict=True):
            prediction[name] = reason(loaded, row)
    return json_response(body)


@blueprint.get("/api/v1/model")
def model() -> Response:
    """The model card as JSON."""
    return json_response(card_of(deployment()))


def read_rows(schema: Schema, body: Any) -> list[Row]:
    """The valid rows of a JSON body.

    Raises:
        InvalidInput: naming every error, with its row's place where the body is a list.
    """
    if isinstance(body, Mapping):
        return [schema.parse(body)]
    if not isinstance(body, list):
        raise InvalidInput([Remark(NOT_A_ROW)])
    rows: list[Row] = []
    errors: list[Remark] = []
    for index, raw in enumerate(body):
        if len(errors) >= MOST_ERRORS:
            break
        try:
            rows.append(_read_row(schema, raw))
        except InvalidInput as error:
            errors += [replace(remark, row=index) for remark in error.errors]
    if errors:
        raise InvalidInput(errors)
    return rows


def bare_answer(predictions: Sequence[Prediction]) -> Label:
    """The body of /predict_api for one row."""
    return predictions[0].prediction


def full_answer(loaded: Deployment, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """The body of /api/v1/predict."""
    return {
        "model": {key: loaded.description[key] for key in ("name", "version", "created")},
        "predictions": [_prediction_json(prediction) for prediction in predictions],
    }


def parse_json(content: bytes) -> Any:
    """Parse a request's body.

    NaN, Infinity and 1e999 are not JSON, or no numbers; they are let through to the schema, which
    refuses them by the name of their field.

    Raises:
        BadRequest: the body is not JSON.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        reason = str(error)
    try:
        body = json.loads(content.decode())
        json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate cannot be answered with
    except (ValueError, RecursionError):
        words = _("The body is not JSON: {reason}.")
        raise BadRequest(words.format(reason=reason)) from None
    return body


def _read_rows(body: Any) -> list[Row]:
    rows = read_rows(deployment().schema, body)
    metrics.of_route(request.path).count_rows(len(rows))
    return rows


def _is_asked(part: str) -> bool:
    asked = request.args.get(part, "0")
    if asked not in ("0", "1"):
        words = N_("{name} in the address must be 1 or 0, not {value}.")
        raise InvalidInput([Remark(words, None, {"name": part, "value": quoted(asked)})])
    return asked == "1"


def most_explained(loaded: Deployment) -> int:
    """Rows of one request that are explained: the fewer, the more answers each of them takes."""
    if loaded.explainer is None:
        return MOST_EXPLAINED
    return max(1, min(MOST_EXPLAINED, MOST_EXPLAINING // loaded.explainer.answers))


def _refuse_too_many(rows: Sequence[Row], most: int) -> None:
    if len(rows) > most:
        words = _(
            "At most {most} rows per request can be explained, and you sent {rows}. Send fewer "
            "rows, or leave out explain and whatif."
        )
        raise RequestEntityTooLarge(words.format(most=most, rows=number(len(rows))))


def _read_body() -> Any:
    if not request.is_json:
        raise UnsupportedMediaType(
            _("Send JSON, with the header Content-Type: application/json.")
        )
    body = parse_json(request.get_data(cache=False))
    most = current_app.config["MAX_ROWS"]
    if isinstance(body, list) and len(body) > most:
        words = _("The list has more than {most} rows. Send it in parts.")
        raise RequestEntityTooLarge(words.format(most=number(most)))
    return body


def _read_row(schema: Schema, raw: Any) -> Row:
    if not isinstance(raw, Mapping):
        raise InvalidInput([Remark(NOT_A_ROW)])
    return schema.parse(raw)


def _prediction_json(prediction: Prediction) -> dict[str, Any]:
    return {
        "prediction": prediction.prediction,
        "interval": prediction.interval,
        "probabilities": prediction.probabilities,
        "warnings": [warning.say() for warning in prediction.warnings],
        "contributions": None,
        "whatif": None,
    }
