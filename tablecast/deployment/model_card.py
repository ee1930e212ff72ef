"""The body of ``/api/v1/model``: everything known of a deployment, as plain data."""

from collections.abc import Mapping
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.errors import Remark, is_remark
from tablecast.i18n.language import ENGLISH, speaking
from tablecast.schema.field import LATER, Field

#: What training, or a comparison, put into the card, and what stands for it in a deployment from
#: before that.
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
    "split": [],
    "notes": [],
    "leaks": [],
    "dropped": [],
    "comparisons": [],
}


#: Parts of a card that hold remarks.
WITH_REMARKS = ("split", "notes", "leaks", "dropped", "leaderboard", "limits", "interval")


def card_of(loaded: Deployment) -> dict[str, Any]:
    """The model card as plain data, its remarks in English."""
    card = facts_of(loaded)
    with speaking(ENGLISH):
        return card | {part: _as_remarks(card[part]) for part in WITH_REMARKS}


def remark_of(stored: Any) -> Remark | str:
    """What a deployment keeps of a remark, read again; a sentence where it keeps that.

    Deployments of before remarks were kept as data hold English sentences.
    """
    if isinstance(stored, Remark):
        return stored
    try:
        return Remark.from_json(stored)
    except ValueError:
        return str(stored)


def _as_remarks(stored: Any) -> Any:
    """Plain data with every remark in it said."""
    if isinstance(stored, Remark) or is_remark(stored):
        return str(remark_of(stored))
    if isinstance(stored, Mapping):
        return {name: _as_remarks(value) for name, value in stored.items()}
    return [_as_remarks(item) for item in stored] if isinstance(stored, list | tuple) else stored


def facts_of(loaded: Deployment) -> dict[str, Any]:
    """The model card as plain data, its remarks as the deployment keeps them."""
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
        *("written_unit", "placeholders", "codes", *LATER),
    )
    plain = field.to_json()
    plain["default"] = field.json_value(field.default)  # as a row would hold it
    return {renamed.get(key, key): value for key, value in plain.items() if key not in hidden}


#: Estimators that keep training rows inside themselves, by a part of their class's name.
KEEPS_ROWS = ("KNeighbors", "SVC", "SVR", "KernelRidge", "GaussianProcess")


GENERAL_LIMITS = (
    Remark(
        "It knows only the rows that it was trained on. For values outside their range, "
        "predictions come with a warning and are guesses."
    ),
    Remark("It shows correlation in these rows, not cause and effect."),
)


def limits_of(estimator: str) -> list[Remark]:
    """What a reader should know before relying on an answer."""
    limits = list(GENERAL_LIMITS)
    if any(part in estimator for part in KEEPS_ROWS):
        limits.append(Remark(
            "{estimator} stores training rows inside the model: anyone who has the deployment's "
            "files has these rows too.",
            values={"estimator": estimator},
        ))
    return limits
