"""``/api/v1/watch`` in the OpenAPI document, where there is a prediction log."""

from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.i18n.language import _
from tablecast.log.watch_report import report_of
from tablecast.web.docs.answer_schemas import (
    NUMBER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    list_of,
    object_of,
    or_null,
    ref,
)
from tablecast.web.docs.failures import READING, operation, responses, unavailable
from tablecast.web.docs.row_schemas import JsonSchema
from tablecast.web.watch.reading import AWAY
from tablecast.web.watch.report_json import report_json

#: The day of the example, since 1970.
EXAMPLE_DAY = 20_600

COUNT: JsonSchema = {"type": "integer", "minimum": 0}
FLAG: JsonSchema = {"type": "boolean"}
SHARE: JsonSchema = {"type": "number", "minimum": 0, "maximum": 1}
DAY: JsonSchema = {"type": "string", "format": "date"}
SINCE: JsonSchema = {"type": ["string", "null"], "format": "date", "description": "Since when."}
P = SHARE | {
    "description": "Valid however often it is looked at, and corrected for all tests of the watch."
}


def with_watch(document: dict[str, Any], loaded: Deployment) -> dict[str, Any]:
    """The document with the route that tells how the deployment is used."""
    example = report_json(loaded, report_of(loaded.description, {}, EXAMPLE_DAY))
    content = {
        "application/json": {
            "schema": ref("Watch"),
            "examples": {"watch": {"summary": _("A log without a prediction"), "value": example}},
        }
    }
    away = unavailable(_("The log cannot be read now."), AWAY)
    document["components"]["schemas"] |= _schemas()
    document["paths"]["/api/v1/watch"] = {
        "get": operation(
            "getWatch",
            _("How the model is used"),
            _(
                "What was asked, refused and warned of, how fields and predictions drift from the "
                "training distribution, and, where outcomes are known, how good the predictions "
                "were."
            ),
            "operations",
            responses(content, READING) | {"503": away},
        )
    }
    return document


def _schemas() -> dict[str, JsonSchema]:
    return {
        "Watch": object_of("How the model is used, over the whole log.", _WATCH),
        "Drift": object_of("Values beside those of training.", _DRIFT),
        "FieldDrift": object_of("A field's values beside those of training.", {
            "field": TEXT, **_DRIFT,
        }),
        "Coverage": object_of("How many outcomes were in the predicted range.", _COVERAGE),
        "ErrorFigure": object_of("An error beside the model card's.", _FIGURE),
        "WatchedWeek": object_of("Seven days.", _WEEK),
    }




_REASONS = list_of(
    object_of("How often for one reason.", {"reason": TEXT, "field": TEXT_OR_NULL, "count": COUNT}),
    "The most frequent first. A reason is the sentence without what is filled in.",
)

_BIN = object_of("A part of the values.", {
    "values": {"description": "Between two numbers, a level, \"other\", or null for missing ones."},
    "training": SHARE,
    "now": NUMBER_OR_NULL | {"description": "The share now; null without rows."},
})

_DRIFT: dict[str, JsonSchema] = {
    "drifted": FLAG | {"description": "Whether the values have changed by more than chance."},
    "since": SINCE,
    "p": P,
    "distance": NUMBER_OR_NULL | {
        "description": "The share of rows that would have to change to be as in training."
    },
    "rows": COUNT | {"description": "Rows since then, or of the last four weeks."},
    "level": TEXT_OR_NULL | {"description": "Of a category: the level that has risen most."},
    "training": NUMBER_OR_NULL | {
        "description": "The mean in training, estimated from the bins, or the level's share."
    },
    "now": NUMBER_OR_NULL | {"description": "The same now."},
    "bins": list_of(_BIN, "How the values are spread."),
    "weeks": list_of(NUMBER_OR_NULL, "The mean, or the level's share, in each of the weeks."),
}

_COVERAGE: dict[str, JsonSchema] = {
    "promised": SHARE, "rows": COUNT, "value": SHARE, "low": SHARE, "high": SHARE, "p": P,
    "below": FLAG | {"description": "Whether it is below what was promised by more than chance."},
    "since": SINCE,
}

_FIGURE: dict[str, JsonSchema] = {
    "name": TEXT | {"description": "As on the card: MAE, RMSE, accuracy, log_loss."},
    "card": NUMBER_OR_NULL, "rows": COUNT, "value": {"type": "number"},
    "low": NUMBER_OR_NULL, "high": NUMBER_OR_NULL,
    "p": NUMBER_OR_NULL | {"description": "Null where it is not tested."},
    "worse": FLAG | {"description": "Whether it is worse than the card's by more than chance."},
    "since": SINCE,
}

_WEEK: dict[str, JsonSchema] = {
    "from": DAY, "predictions": COUNT, "refused": COUNT, "warned": COUNT,
    "covered": NUMBER_OR_NULL | {"description": "The share of outcomes in the range."},
    "error": NUMBER_OR_NULL | {"description": "The mean absolute error, or the log loss."},
}

_WATCH: dict[str, JsonSchema] = {
    "model": object_of("The model.", {
        "name": TEXT, "version": TEXT, "created": TEXT, "sha256": TEXT,
    }),
    "from": DAY,
    "to": DAY,
    "quiet": FLAG | {"description": "Whether nothing has changed and nothing is worse."},
    "false_alarm_rate": SHARE | {
        "description": "The chance that a watch without any change ever raises an alarm."
    },
    "tests": COUNT | {"description": "Tests that share this rate."},
    "predictions": COUNT,
    "refused": COUNT | {"description": "Requests."},
    "warned": COUNT | {"description": "Predictions with a warning."},
    "milliseconds": object_of(
        "Time of a prediction.", dict.fromkeys(("p50", "p90", "p99"), NUMBER_OR_NULL)
    ),
    "refusals": _REASONS,
    "warnings": _REASONS,
    "drift": list_of(ref("FieldDrift"), "The worst field first."),
    "prediction_drift": or_null("Drift", "Null where training kept nothing to compare with."),
    "not_compared": list_of(TEXT, "Fields that are not compared, such as dates."),
    "outcomes": COUNT | {"description": "Predictions whose outcome is known."},
    "coverage": or_null("Coverage", "Null without outcomes or ranges."),
    "errors": list_of(ref("ErrorFigure"), "Empty without outcomes."),
    "weeks": list_of(ref("WatchedWeek"), "At most thirteen; the last one ends today."),
}
