"""Explanations and what-ifs in the API's responses."""

from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.inference.shapley import Explanation
from tablecast.inference.whatif import WhatIf, what_if
from tablecast.schema.schema import Row, Schema


def contributions_json(loaded: Deployment, row: Row) -> dict[str, Any] | None:
    """Why a row is answered as it is; None where the deployment keeps no distributions."""
    if loaded.explainer is None:
        return None
    explained = loaded.explainer.explain(row)
    return {
        **_about(loaded.schema, explained),
        "base": explained.base,
        "exact": explained.exact,
        "fields": [
            {
                "field": part.field,
                "value": loaded.schema.field(part.field).json_value(part.value),
                "contribution": part.contribution,
                "error": part.error,
            }
            for part in explained.contributions
        ],
    }


def whatif_json(loaded: Deployment, row: Row) -> dict[str, Any]:
    """How the answer moves as one field alone moves, for each field."""
    schema = loaded.schema
    interval = loaded.predictor.interval
    tried = what_if(schema, loaded.engine, row, loaded.background, interval=interval)
    return {
        **_about(schema, tried),
        "fields": [
            {
                "field": course.field,
                "values": list(map(schema.field(course.field).json_value, course.values)),
                "answers": list(course.answers),
                "present": course.present,
                "intervals": list(course.ranges) or None,
            }
            for course in tried.courses
        ],
    }


def _about(schema: Schema, explained: Explanation | WhatIf) -> dict[str, Any]:
    """The number that is explained, in its unit; of a class, its probability."""
    is_class = schema.task == "classification"
    return {
        "answer": explained.answer,
        "unit": "probability" if is_class else schema.target_unit,
        "class": explained.label,
    }
