"""The API's prediction routes: the tutorial's own, and the full one."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.model_card import card_of
from tablecast.errors import InvalidInput, Remark
from tablecast.i18n.formats import number
from tablecast.i18n.language import N_, _
from tablecast.inference.engine import Label
from tablecast.inference.predictor import Prediction
from tablecast.schema.schema import Row
from tablecast.schema.texts import quoted
from tablecast.web.alternatives_json import MOST_SEARCHED, alternatives_json, asked_wish
from tablecast.web.answer_kinds import asked_kind, csv_response, ndjson_response
from tablecast.web.answer_log import ids_of, kept
from tablecast.web.bodies import CSV, NDJSON, parse_json, reader_asked, rows_of
from tablecast.web.explanations import contributions_json, whatif_json
from tablecast.web.http import metrics
from tablecast.web.http.page_cache import unless_known
from tablecast.web.http.responses import deployment, json_response

blueprint = Blueprint("api", __name__)

#: Rows of one request that are explained, and the answers of the engine that they take together:
#: with the 80 fields of a house and 300 trees, two seconds of one core.
MOST_EXPLAINED = 100
MOST_EXPLAINING = 310_000

#: What may be asked for in the address, the property that it fills, and what fills it.
REASONS: Mapping[str, tuple[str, Callable[[Deployment, Row], Any]]] = {
    "explain": ("contributions", contributions_json),
    "whatif": ("whatif", whatif_json),
}

NO_COLUMNS = N_(
    "A CSV response cannot include explain, whatif, class, at_least or at_most. Ask for JSON or "
    "NDJSON."
)


@blueprint.post("/predict_api")
def predict_api() -> Response:
    """The tutorial's contract: an object in, the bare prediction out; a list in, a list out."""
    if not request.is_json:
        raise UnsupportedMediaType(
            _("Send JSON, with the header Content-Type: application/json.")
        )
    content = request.get_data(cache=False)
    body = parse_json(content)
    rows = _counted(rows_of(deployment().schema, body, current_app.config["MAX_ROWS"]))
    predictions = deployment().predictor.predict(rows)
    bare = bare_answer if isinstance(body, Mapping) else bare_answers
    response = json_response(bare(predictions))
    return kept(response, ids_of(predictions), predictions, content)


@blueprint.post("/api/v1/predict")
def predict() -> Response:
    """The full answer: prediction, interval, probabilities, warnings, and what was asked for of
    contributions (``?explain=1``), whatif (``?whatif=1``) and alternatives (``?at_most=…``)."""
    asked = [REASONS[part] for part in REASONS if _is_asked(part)]
    wish = asked_wish(deployment().schema, request.args)
    if wish:
        asked.append(("alternatives", partial(alternatives_json, wish=wish)))
    kind = asked_kind()
    if asked and kind == CSV:
        raise InvalidInput([Remark(NO_COLUMNS)])
    read = reader_asked()
    loaded = deployment()
    content = request.get_data()
    rows = _counted(read(loaded.schema, content, current_app.config["MAX_ROWS"]))
    if asked:
        most = most_explained(loaded)
        _refuse_too_many(rows, min(most, MOST_SEARCHED) if wish else most)
    if kind == CSV:
        return csv_response(loaded, rows, content)
    predictions = loaded.predictor.predict(rows)
    ids = ids_of(predictions)
    body = full_answer(loaded, predictions, ids)
    for name, reason in asked:
        for row, prediction in zip(rows, body["predictions"], strict=True):
            prediction[name] = reason(loaded, row)
    response = ndjson_response(body["predictions"]) if kind == NDJSON else json_response(body)
    return kept(response, ids, predictions, content)


@blueprint.get("/api/v1/model")
def model() -> Response:
    """The model card as JSON."""
    return unless_known(json_response(card_of(deployment())))


def bare_answer(predictions: Sequence[Prediction]) -> Label:
    """The body of /predict_api for one row."""
    return predictions[0].prediction


def bare_answers(predictions: Sequence[Prediction]) -> list[Label]:
    """The body of /predict_api for a list."""
    return [prediction.prediction for prediction in predictions]


def full_answer(
    loaded: Deployment, predictions: Sequence[Prediction], ids: Sequence[str] = ()
) -> dict[str, Any]:
    """The body of /api/v1/predict; with ids where the answers are kept in a log."""
    answers = [_prediction_json(prediction) for prediction in predictions]
    if ids:
        answers = [{"id": one, **answer} for one, answer in zip(ids, answers, strict=True)]
    return {
        "model": {key: loaded.description[key] for key in ("name", "version", "created")},
        "predictions": answers,
    }


def _counted(rows: list[Row]) -> list[Row]:
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
            "rows, or leave explain, whatif, class, at_least and at_most out of the address."
        )
        raise RequestEntityTooLarge(words.format(most=most, rows=number(len(rows))))


def _prediction_json(prediction: Prediction) -> dict[str, Any]:
    return {
        "prediction": prediction.prediction,
        "interval": prediction.interval,
        "probabilities": prediction.probabilities,
        "warnings": [warning.say() for warning in prediction.warnings],
        "contributions": None,
        "whatif": None,
    }
