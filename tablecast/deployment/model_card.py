"""The body of ``/api/v1/model``: everything that is known of a deployment, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tablecast.i18n.language import N_
from tablecast.schema.field import Field

if TYPE_CHECKING:
    from tablecast.deployment.deployment import Deployment

#: What training put into the card, and what stands for it in a deployment from before it did.
FROM_TRAINING: Mapping[str, Any] = {
    "estimator": None,
    "settings": {},
    "steps": [],
    "rows": None,
    "held_out": None,
    "folds": None,
    "seed": None,
    "agreement": None,
    "features": [],
    "importance": {},
    "metrics": {},
    "leaderboard": [],
    "search": None,
    "evaluation": None,
    "stated": {},
    "limits": [],
    "notes": [],
    "leaks": [],
    "dropped": [],
}


def card_of(loaded: Deployment) -> dict[str, Any]:
    """The model card as plain data."""
    description, schema = loaded.description, loaded.schema
    card, missing = description["card"], _missing(description.get("background"))
    return {
        "name": description["name"],
        "version": description["version"],
        "created": description["created"],
        "task": schema.task,
        "target": schema.target,
        "fields": [
            _field_json(field) | {"missing": missing.get(field.name)} for field in schema.fields
        ],
        **{name: card.get(name, absent) for name, absent in FROM_TRAINING.items()},
        "effects": description.get("effects"),
        "interval": _interval_json(description.get("interval")),
        "proof": description.get("proof"),
        "versions": description["versions"],
        "sha256": description["sha256"],
    }


def _missing(background: Mapping[str, Any] | None) -> dict[str, float]:
    """Each field's share of training rows without a value."""
    fractions = {}
    for name, spread in (background or {"fields": {}})["fields"].items():
        rows = sum(spread["counts"]) + spread["rest"] + spread["missing"]
        fractions[name] = spread["missing"] / rows if rows else 0.0
    return fractions


def _interval_json(interval: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How the intervals were made and how well they hold, without the numbers they are made of."""
    kept = ("level", "method", "coverage", "width", "score", "by_answer")
    return {name: interval[name] for name in kept if name in interval} if interval else None


def _field_json(field: Field) -> dict[str, Any]:
    renamed = {
        "minimum": "min", "maximum": "max",
        "hard_minimum": "hard_min", "hard_maximum": "hard_max",
    }
    hidden = (
        *("dtype", "level_labels", "folded", "date_format", "spelling"),
        *("written_unit", "placeholders", "codes"),
    )
    plain = field.to_json()
    plain["default"] = field.json_value(field.default)  # as a row would hold it
    return {renamed.get(key, key): value for key, value in plain.items() if key not in hidden}


#: Estimators that keep training rows inside themselves, by a part of their class's name.
KEEPS_ROWS = ("KNeighbors", "SVC", "SVR", "KernelRidge", "GaussianProcess")


GENERAL_LIMITS = (
    N_(
        "It answers from the rows that it was trained on; a value outside their range is answered "
        "with a warning, and is a guess."
    ),
    N_("It shows what goes together in those rows, not what causes what."),
)


KEEPING_LIMIT = N_(
    "{estimator} works by keeping training rows: whoever has the deployment's files has those rows "
    "too."
)


def limits_of(estimator: str) -> list[str]:
    """What a reader should know before relying on an answer."""
    limits = list(GENERAL_LIMITS)
    if any(part in estimator for part in KEEPS_ROWS):
        limits.append(KEEPING_LIMIT.format(estimator=estimator))
    return limits
