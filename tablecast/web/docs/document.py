"""The OpenAPI document ``/openapi.json``, made from the schema."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, request

from tablecast import __version__
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.model_card import card_of
from tablecast.i18n.language import ENGLISH, N_, _, current_language, speaking
from tablecast.inference.predictor import Prediction
from tablecast.schema.schema import Schema
from tablecast.web import api
from tablecast.web.alternatives_json import CLASS
from tablecast.web.answer_log import EXTENSION
from tablecast.web.docs.answer_schemas import TEXT, answer_schemas, ref
from tablecast.web.docs.batch_paths import batch_paths
from tablecast.web.docs.failures import (
    FAILURES,
    FAILURES_OF_ROWS,
    READING,
    SENDING,
    Failure,
    failure_responses,
    operation,
    responses,
)
from tablecast.web.docs.kinds import kinds_of_answers, kinds_of_rows
from tablecast.web.docs.row_schemas import JsonSchema, example_rows, row_schema
from tablecast.web.docs.security import secured
from tablecast.web.http.opened import opened
from tablecast.web.http.page_cache import unless_known
from tablecast.web.http.responses import deployment, json_response

blueprint = Blueprint("openapi", __name__)

#: Where the application keeps its document, by language; a deployment never changes while it is
#: served.
KEPT = "tablecast.web.docs"

TAGS = {
    "prediction": "Get predictions.",
    "model": "About the model.",
    "operations": "For operators of the server.",
}

#: Path to operation id, summary and description of the routes that answer plain text.
TEXT_ROUTES = {
    "/healthz": ("getHealth", N_("Liveness check"), N_("Returns ok.")),
    "/readyz": ("getReadiness", N_("Readiness check"), N_("Returns ready.")),
    "/metrics": (
        "getMetrics",
        N_("Metrics for Prometheus"),
        N_(
            "Requests by route and status, response time by route, and rows predicted by route."
        ),
    ),
}



@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document of the deployment."""
    document = document_served() | {"servers": [{"url": request.script_root or "/"}]}
    return unless_known(json_response(document))


def document_of(
    loaded: Deployment, max_rows: int, max_body: int, max_upload: int
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a deployment, with examples that the deployment answered.

    Args:
        loaded: the deployment.
        max_rows, max_body: most rows and most bytes of one request.
        max_upload: most bytes of one file.
    """
    schema = loaded.schema
    rows = example_rows(schema)
    predictions = loaded.predictor.predict([schema.parse(row) for row in rows])
    return {
        "openapi": "3.1.0",
        "info": _info(loaded, max_rows, max_body),
        "servers": [{"url": "/"}],
        "security": [],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items()],
        "paths": {
            **_predict_paths(loaded, rows, predictions),
            **batch_paths(loaded, max_upload),
            **_other_paths(loaded),
        },
        "components": {
            "schemas": {
                **_row_schemas(loaded, max_rows),
                **answer_schemas(schema, probabilities=predictions[0].probabilities is not None),
            },
            "responses": failure_responses(schema, max_rows),
            "headers": {
                "RequestId": {"description": "Names the request in the log.", "schema": TEXT}
            },
        },
    }


def document_served() -> dict[str, Any]:
    """The document of the deployment that is served, in the reader's language."""
    kept = opened().kept.setdefault(KEPT, {})
    language = current_language()
    if language not in kept:
        config = current_app.config
        limits = (config["MAX_ROWS"], config["MAX_BODY"], config["MAX_UPLOAD"])
        access = current_app.extensions["access"]
        document = document_of(deployment(), *limits)
        if current_app.extensions[EXTENSION]:
            from tablecast.web.docs.logged import with_log
            from tablecast.web.docs.watched import with_watch

            document = with_watch(with_log(document, deployment()), deployment())
        kept[language] = secured(document, access)
    served: dict[str, Any] = kept[language]
    return served


def _info(loaded: Deployment, max_rows: int, max_body: int) -> dict[str, Any]:
    schema = loaded.schema
    return {
        "title": schema.title,
        "version": str(loaded.description["version"]),
        "summary": schema.description or schema.title,
        "description": (
            f"Predicts {schema.target_label or schema.target} from {len(schema.fields)} fields. "
            f"A request holds one row, or a list of at most {max_rows:,} rows, in at most "
            f"{max_body:,} bytes. Letter case and surrounding spaces of a level do not matter. "
            "A number outside the training range gets a prediction with a warning; a number "
            "outside the accepted range is refused. Every error is a problem document (RFC 9457)."
        ),
        "x-tablecast-version": __version__,
    }


def _predict_paths(
    loaded: Deployment, rows: list[dict[str, Any]], predictions: list[Prediction]
) -> dict[str, Any]:
    sent = _json(ref("RowOrRows"), _examples(rows[0], rows))
    with speaking(ENGLISH):  # as programs are answered
        answers = (api.full_answer(loaded, predictions[:1]), api.full_answer(loaded, predictions))
    full = _examples(*answers)
    labels = [prediction.prediction for prediction in predictions]
    bare = {"oneOf": [ref("Answer"), {"type": "array", "items": ref("Answer")}]}
    return {
        "/predict_api": {"post": _predicting(
            "predictPlain",
            _("Predict (value only)"),
            _(
                "Send one row to get its prediction, or a list of rows to get a list of "
                "predictions."
            ),
            sent, _json(bare, _examples(labels[0], labels)),
        )},
        "/api/v1/predict": {"post": _predicting(
            "predict",
            _("Predict (full response)"),
            _(
                "Send one row or a list of rows to get a list of predictions in the same order. "
                "At most {most} rows per request can be explained. Rows can also be sent as NDJSON "
                "(application/x-ndjson, one object per line) or as CSV (text/csv, with column "
                "names in the first line). The Accept header selects the response: JSON, NDJSON "
                "or CSV."
            ).format(most=api.most_explained(loaded)),
            sent | kinds_of_rows(loaded, rows),
            _json(ref("PredictResponse"), full) | kinds_of_answers(loaded, rows, answers[1]),
            FAILURES_OF_ROWS,
        ) | {"parameters": [
            _switch("explain", "contributions"), _switch("whatif", "whatif"),
            *_wishes(loaded.schema),
        ]}},
    }


def _other_paths(loaded: Deployment) -> dict[str, Any]:
    # Its longest parts are for whoever asks for the card itself.
    known = card_of(loaded) | {"evaluation": None, "effects": None}
    card = {"card": {"summary": _("This model's card"), "value": known}}
    texts = {"text/plain": {"schema": TEXT}}
    return {
        "/api/v1/model": {"get": _reading(
            "getModel",
            _("The model card"),
            _("What the model predicts, from which fields, how well, and how it was made."),
            "model", _json(ref("ModelCard"), card),
        )},
        **{
            path: {"get": _reading(name, _(summary), _(description), "operations", texts)}
            for path, (name, summary, description) in TEXT_ROUTES.items()
        },
    }


def _predicting(
    name: str, summary: str, description: str, sent: dict[str, Any], content: dict[str, Any],
    failures: Mapping[int, Failure] = FAILURES,
) -> dict[str, Any]:
    return operation(
        name, summary, description, "prediction", responses(content, SENDING, failures),
        requestBody={"required": True, "content": sent},
    )


def _switch(name: str, filled: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": f"1 fills {filled}.",
        "schema": {"type": "string", "enum": ["0", "1"], "default": "0"},
    }


def _wishes(schema: Schema) -> list[dict[str, Any]]:
    """What fills alternatives: the class, or one of the amounts, that the answer should be."""
    words = "Fills alternatives with the smallest changes that lead to {goal}."
    if schema.task == "classification":
        goals = {CLASS: ("this class", {"type": "string", "enum": list(map(str, schema.classes))})}
    else:
        goals = {
            "at_least": ("at least this amount", {"type": "number"}),
            "at_most": ("at most this amount; not together with at_least", {"type": "number"}),
        }
    return [
        {"name": name, "in": "query", "description": words.format(goal=goal), "schema": kind}
        for name, (goal, kind) in goals.items()
    ]


def _reading(
    name: str, summary: str, description: str, tag: str, content: dict[str, Any]
) -> dict[str, Any]:
    return operation(name, summary, description, tag, responses(content, READING))




def _row_schemas(loaded: Deployment, max_rows: int) -> dict[str, JsonSchema]:
    rows = {"type": "array", "items": ref("Row"), "maxItems": max_rows}
    return {
        "Row": row_schema(loaded.schema),
        "RowOrRows": {"oneOf": [ref("Row"), rows], "description": "One row, or a list of rows."},
    }


def _examples(row: Any, rows: Any) -> dict[str, Any]:
    return {
        "row": {"summary": _("One row"), "value": row},
        "rows": {"summary": _("A list of rows"), "value": rows},
    }


def _json(schema: JsonSchema, examples: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema, "examples": examples}}
