"""What a server with a prediction log does besides, in the OpenAPI document."""

from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.i18n.language import _
from tablecast.log.outcomes import schema_of_outcomes
from tablecast.web.answer_log import HEADER, MOST_KEY, NOT_KEPT
from tablecast.web.docs.answer_schemas import TEXT, ref
from tablecast.web.docs.failures import SENDING, operation, problem_response, responses, unavailable
from tablecast.web.http.responses import problem_body
from tablecast.web.outcomes.telling import AWAY

ID = {
    "type": "string",
    "description": "Names the prediction in the log; its outcome is told by it.",
}


def with_log(document: dict[str, Any], loaded: Deployment) -> dict[str, Any]:
    """The document with ids, Idempotency-Key, 503, and the route that takes outcomes."""
    paths, components = document["paths"], document["components"]
    components["headers"]["PredictionId"] = {
        "description": "The id of the prediction, or those of a list with commas between. Of more "
        "than 100 the first: the others count up by one.",
        "schema": TEXT,
    }
    schemas = components["schemas"]
    prediction = schemas["Prediction"]
    schemas["Prediction"] = prediction | {"properties": {"id": ID, **prediction["properties"]}}
    schemas |= _outcome_schemas(loaded)
    for path in ("/predict_api", "/api/v1/predict"):
        paths[path]["post"] = _logged(paths[path]["post"])
    paths["/batch"]["post"]["responses"]["503"] = _unavailable(NOT_KEPT)
    paths["/api/v1/outcomes"] = {"post": _telling(loaded)}
    return document


def _logged(described: dict[str, Any]) -> dict[str, Any]:
    """A prediction's operation, where its answers are kept."""
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A text that is new for each request. Sent again with the same request, it "
        "gets the same response, and nothing is kept twice; with another one it is refused (422).",
        "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY},
    }
    answered = described["responses"]["200"]
    headers = answered["headers"] | {HEADER: {"$ref": "#/components/headers/PredictionId"}}
    more = {"200": answered | {"headers": headers}, "503": _unavailable(NOT_KEPT)}
    parameters = [*described.get("parameters", ()), key]
    return described | {"parameters": parameters, "responses": described["responses"] | more}


def _telling(loaded: Deployment) -> dict[str, Any]:
    one = "01932f1a-7c21-7d4e-9b0c-5f6a7b8c9d0e"
    example = _example(loaded)
    other = one[:-1] + "f"
    row, rows = {"id": one, "outcome": example}, [
        {"id": one, "outcome": example}, {"id": other, "outcome": example},
    ]  # fmt: skip
    sent = {
        "application/json": {
            "schema": {
                "oneOf": [ref("Outcome"), {"type": "array", "items": ref("Outcome")}],
            },
            "examples": {
                "row": {"summary": _("One outcome"), "value": row},
                "rows": {"summary": _("A list of outcomes"), "value": rows},
            },
        },
        "text/csv": {
            "schema": TEXT | {"description": "With the columns id and outcome."},
            "example": f"id,outcome\n{one},{example}\n",
        },
    }
    kept = {"row": {"summary": _("One outcome"), "value": {"added": 1, "known": 0}}}
    content = {"application/json": {"schema": ref("OutcomesKept"), "examples": kept}}
    return operation(
        "tellOutcomes",
        _("Tell what it was"),
        _(
            "Send what earlier predictions should have been, one or a list. All of them are kept, "
            "or none. To send one again changes nothing."
        ),
        "prediction",
        dict(sorted((responses(content, SENDING) | _failures()).items()))
        | {"503": _unavailable(AWAY)},
        requestBody={"required": True, "content": sent},
    )


def _failures() -> dict[str, Any]:
    unknown = problem_body(
        404, "There is no such prediction.",
        "There is no prediction with the id “x”. Copy the id as the prediction gave it.",
    )
    told = problem_body(409, "Another outcome is known.", "…")
    no_such, otherwise = (
        _("There is no prediction with one of the ids."),
        _("Another outcome of one of the predictions is known."),
    )
    return {
        "404": problem_response(no_such, {}, example=unknown),
        "409": problem_response(otherwise, {}, example=told),
    }


def _unavailable(detail: str) -> dict[str, Any]:
    return unavailable(_("The log cannot be written to now."), detail)


def _outcome_schemas(loaded: Deployment) -> dict[str, Any]:
    count = {"type": "integer", "minimum": 0}
    return {
        "Outcome": {
            "type": "object",
            "description": "What a prediction should have been.",
            "properties": {"id": TEXT, "outcome": _kind(loaded)},
            "required": ["id", "outcome"],
            "additionalProperties": False,
        },
        "OutcomesKept": {
            "type": "object",
            "description": "How many outcomes are new, and how many were known already.",
            "properties": {"added": count, "known": count},
            "required": ["added", "known"],
        },
    }


def _kind(loaded: Deployment) -> dict[str, Any]:
    (field,) = schema_of_outcomes(loaded).fields
    return dict(field.json_schema())


def _example(loaded: Deployment) -> Any:
    (field,) = schema_of_outcomes(loaded).fields
    return field.json_examples()[0] if field.default is not None else field.json_edge()
