"""JSON Schema (2020-12) of the API's responses: predictions, the model card, problems."""

from collections.abc import Mapping

from tablecast.schema.field import KINDS
from tablecast.schema.schema import Schema
from tablecast.schema.texts import fold
from tablecast.web.docs.row_schemas import JsonSchema

TEXT: JsonSchema = {"type": "string"}
NUMBER_OR_NULL: JsonSchema = {"type": ["number", "null"]}
TEXT_OR_NULL: JsonSchema = {"type": ["string", "null"]}
COUNT_OR_NULL: JsonSchema = {"type": ["integer", "null"]}
NOT_GIVEN: JsonSchema = {"type": "null", "description": "Not given by this deployment."}


def answer_schemas(schema: Schema, *, probabilities: bool) -> dict[str, JsonSchema]:
    """The named schemas of every answer.

    Args:
        schema: what is predicted.
        probabilities: whether the deployment gives the classes' probabilities.
    """
    classes = {"Probabilities": _probabilities(schema)} if probabilities else {}
    return {
        "Answer": _answer(schema),
        **classes,
        "Prediction": _prediction(ref("Probabilities") if probabilities else NOT_GIVEN),
        "Contributions": object_of("What each field adds to the average.", _CONTRIBUTIONS),
        "Contribution": object_of("What one field adds.", _CONTRIBUTION),
        "WhatIf": object_of("The prediction when only one field changes, for each field.", _WHATIF),
        "Course": object_of("The prediction when only this field changes.", _COURSE),
        "Alternatives": object_of("What would have to change.", _ALTERNATIVES),
        "Way": object_of("Changes of at most three fields that lead there.", _WAY),
        "ModelReference": object_of("The deployment that made the prediction.", _NAMED),
        "PredictResponse": object_of(
            "One prediction for each row, in the rows' order.",
            {"model": ref("ModelReference"), "predictions": list_of(ref("Prediction"))},
        ),
        "ModelField": object_of("One input field.", _FIELD | {"kind": TEXT | {"enum": [*KINDS]}}),
        "ModelCard": object_of("What the model is and how it was made.", _CARD),
        "RefusedValue": object_of("One refused value.", _REFUSED_VALUE),
        "Problem": object_of("An error, as RFC 9457 defines it.", _PROBLEM),
    }


def ref(name: str) -> JsonSchema:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(schema: Schema) -> JsonSchema:
    name = schema.target_label or schema.target
    if schema.task == "regression":
        unit = f", in {schema.target_unit}" if schema.target_unit else ""
        return {"type": "number", "description": f"{name}{unit}."}
    kind = "string" if isinstance(schema.classes[0], str) else "integer"
    return {
        "type": kind,
        "enum": list(schema.classes),
        "description": f"{name}: one of the classes, as the training table spells them."
        + _meanings(schema),
    }


def _meanings(schema: Schema) -> str:
    """What the form file calls the classes, as a sentence; "" where it says nothing new."""
    shown = [(str(label), schema.show_class(label)) for label in schema.classes]
    meanings = [f"{label}: {words}" for label, words in shown if fold(words) != fold(label)]
    return f" {'; '.join(meanings)}." if meanings else ""


def _prediction(probabilities: JsonSchema) -> JsonSchema:
    always = object_of("The prediction for one row.", {
        "prediction": ref("Answer"),
        "interval": _INTERVAL,
        "probabilities": probabilities,
        "warnings": list_of(TEXT, "Sentences about unusual or missing values."),
        "contributions": or_null("Contributions", "Null without ?explain=1."),
        "whatif": or_null("WhatIf", "Null without ?whatif=1."),
    })
    asked = {"alternatives": ref("Alternatives")}
    return always | {"properties": always["properties"] | asked}




def _probabilities(schema: Schema) -> JsonSchema:
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    return object_of(
        "The probability of each class. They add up to 1.",
        {str(name): probability | _titled(schema, name) for name in schema.classes},
    )


def _titled(schema: Schema, label: str | int) -> JsonSchema:
    words = schema.show_class(label)
    return {} if words == str(label) else {"title": words}


def object_of(description: str, properties: Mapping[str, JsonSchema]) -> JsonSchema:
    """An object that always has these properties. Clients should expect more to come."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(properties),
    }


def list_of(items: JsonSchema, description: str = "") -> JsonSchema:
    """A list of these."""
    described = {"description": description} if description else {}
    return {"type": "array", "items": items, **described}


def or_null(name: str, description: str) -> JsonSchema:
    """A named schema, or null."""
    return {"oneOf": [ref(name), {"type": "null"}], "description": description}


def _free(description: str) -> JsonSchema:
    return {"type": "object", "description": description, "additionalProperties": True}


def _free_or_null(description: str) -> JsonSchema:
    return _free(description) | {"type": ["object", "null"]}


_INTERVAL: JsonSchema = {
    "type": ["array", "null"],
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
    "description": "Low and high end; about 9 in 10 true values fall between. Null for classes.",
}
_MOMENT: JsonSchema = {"type": "string", "format": "date-time"}
_VALUE: JsonSchema = {
    "type": ["number", "string", "boolean", "null"],
    "description": "As a row would hold it.",
}

_CLASS: JsonSchema = {
    "type": ["string", "integer", "null"],
    "description": "The class that the probability belongs to; null for a number.",
}

_ABOUT: dict[str, JsonSchema] = {
    "answer": {"type": "number", "description": "The prediction, or its class's probability."},
    "unit": TEXT,
    "class": _CLASS,
}

_CONTRIBUTION: dict[str, JsonSchema] = {
    "field": TEXT,
    "value": _VALUE,
    "contribution": {"type": "number", "description": "A Shapley value."},
    "error": {"type": "number", "description": "One standard error; 0 where exact."},
}

_CONTRIBUTIONS: dict[str, JsonSchema] = {
    **_ABOUT,
    "base": {"type": "number", "description": "The average; with all contributions, answer."},
    "exact": {"type": "boolean", "description": "Whether the values are exact, not sampled."},
    "fields": list_of(ref("Contribution"), "In the form's order."),
}

_COURSE: dict[str, JsonSchema] = {
    "field": TEXT,
    "values": list_of(_VALUE),
    "answers": list_of({"type": "number"}, "One for each value."),
    "intervals": {
        "type": ["array", "null"],
        "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "description": "The interval at each value; null where the deployment has none.",
    },
    "present": COUNT_OR_NULL | {"description": "Index of the row's own value, from 0."},
}

_WHATIF: dict[str, JsonSchema] = {
    **_ABOUT,
    "fields": list_of(ref("Course"), "In the form's order."),
}

_CHANGED: dict[str, JsonSchema] = {"field": TEXT, "value": _VALUE}

_WAY: dict[str, JsonSchema] = {
    "changes": list_of(object_of("One field's new value.", _CHANGED)),
    "prediction": ref("Answer"),
}

_ALTERNATIVES: dict[str, JsonSchema] = {
    "met": {"type": "boolean", "description": "Whether the row's own prediction is as wished."},
    "ways": list_of(ref("Way"), "At most three, that with the fewest changes first."),
    "nearest": or_null("Way", "Without a way, the changes whose prediction comes nearest."),
}

_NAMED: dict[str, JsonSchema] = {"name": TEXT, "version": TEXT, "created": _MOMENT}

_FIELD: dict[str, JsonSchema] = {
    "name": TEXT,
    "kind": TEXT,
    "label": TEXT,
    "hint": TEXT,
    "unit": TEXT,
    "levels": list_of(TEXT, "The known categories."),
    "closed": {"type": "boolean", "description": "Whether any other category is refused."},
    "min": NUMBER_OR_NULL | {"description": "Lowest in training; seconds since 1970 for a date."},
    "max": NUMBER_OR_NULL | {"description": "Highest in training."},
    "hard_min": NUMBER_OR_NULL | {"description": "Anything lower is refused."},
    "hard_max": NUMBER_OR_NULL | {"description": "Anything higher is refused."},
    "required": {"type": "boolean"},
    "default": _VALUE | {"description": "A typical value, as a row would hold it."},
    "missing": NUMBER_OR_NULL | {"description": "Share of training rows without a value."},
}

_CARD: dict[str, JsonSchema] = {
    **_NAMED,
    "task": {"type": "string", "enum": ["regression", "classification"]},
    "target": TEXT,
    "fields": list_of(ref("ModelField"), "In the form's order."),
    "estimator": TEXT_OR_NULL | {"description": "The estimator's class."},
    "settings": _free("The estimator's settings."),
    "steps": list_of(object_of("A step before the estimator.", {"name": TEXT, "class": TEXT})),
    "rows": COUNT_OR_NULL | {"description": "Training rows."},
    "held_out": COUNT_OR_NULL | {"description": "Test rows."},
    "folds": COUNT_OR_NULL | {"description": "Folds of the cross-validation."},
    "seed": COUNT_OR_NULL,
    "agreement": NUMBER_OR_NULL
    | {"description": "Largest relative difference between one row alone and in a batch."},
    "features": list_of(TEXT, "Columns used by the estimator, after preprocessing."),
    "importance": _free("Each field's share of the total permutation importance."),
    "metrics": _free("Scores of the model."),
    "leaderboard": list_of(_free("One model that was compared.")),
    "search": _free_or_null("What a search for the model did, and what the clock decided in it."),
    "evaluation": _free_or_null("Errors on unseen rows, overall and by group."),
    "effects": _free_or_null("Partial dependence of the prediction on each field."),
    "stated": _free("Stated by a person: intended use, source of the data and the like."),
    "interval": _free_or_null("How the intervals were made, and their coverage on unseen rows."),
    "proof": _free_or_null("How the served model was shown to equal the trained one."),
    "versions": _free("The packages that made the deployment."),
    "sha256": {"type": "string", "description": "Of the trained pipeline's file."},
    "limits": list_of(TEXT, "What the model should not be used for."),
    "split": list_of(
        TEXT, "How the rows were split and counted, where it was not at random and alike."
    ),
    "notes": list_of(TEXT, "Notes from training."),
    "leaks": list_of(_free("What makes the scores too optimistic: its kind, field and message.")),
    "dropped": list_of(object_of("An ignored column.", {"name": TEXT, "reason": TEXT})),
    "comparisons": list_of(_free("Losses beside those of an earlier deployment, on equal rows.")),
}

_REFUSED_VALUE: dict[str, JsonSchema] = {
    "row": {"type": ["integer", "null"], "description": "Index in the list, from 0."},
    "field": TEXT_OR_NULL | {"description": "Null for the whole row."},
    "message": TEXT,
}

_PROBLEM: dict[str, JsonSchema] = {
    "type": {"type": "string", "format": "uri-reference"},
    "title": TEXT,
    "status": {"type": "integer"},
    "detail": {"type": "string", "description": "What went wrong and what to do."},
    "errors": list_of(ref("RefusedValue"), "Every refused value; empty for other errors."),
}
