"""What a page's form is made of beside its elements: rules, facts, and each language's words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tablecast.deployment.deployment import Deployment
from tablecast.export.page.rules import numbered_words, rules_of
from tablecast.i18n.formats import currency_sign
from tablecast.i18n.language import Language, speaking
from tablecast.inference.marginals import Background
from tablecast.inference.whatif import MOST_LEVELS, POINTS
from tablecast.schema.field import Field, Value
from tablecast.schema.schema import Schema
from tablecast.web.form.answer import MOST_COURSES, is_average
from tablecast.web.form.controls import Control, controls_of
from tablecast.web.form.whatif_cards import FEW_OF_LEVEL

#: Digits of a share of training: what they change is not seen in a bar.
_SHARE_DIGITS = 5


def form_contents(
    loaded: Deployment, contents: Mapping[str, Any], languages: Sequence[Language]
) -> dict[str, Any]:
    """The data that ``startPage`` of ``page.js`` is given.

    Args:
        loaded: the deployment.
        contents: what ``contents_of`` made of it.
        languages: those that the page can speak.
    """
    schema, background = loaded.schema, loaded.background
    interval = loaded.predictor.interval
    return {
        "predictor": contents,
        "rules": rules_of(schema),
        "defaults": schema.defaults,
        "facts": {
            "level": interval.level if interval else None,
            "wholeRange": bool(interval and interval.limits.whole),
            "isAverage": is_average(loaded),
            "fractions": dict(background.class_fractions) if background else {},
            "histogram": _histogram(background),
            "rows": background.rows if background else 0,
            "grids": {field.name: _grid_json(field, background) for field in courses_of(schema)},
            "courses": {field.name: _course(field, background) for field in courses_of(schema)},
        },
        "languages": [_language(schema.in_language(one), one, background) for one in languages],
    }


def courses_of(schema: Schema) -> tuple[Field, ...]:
    """The fields that have a what-if chart."""
    return schema.fields[:MOST_COURSES]


def _histogram(background: Background | None) -> dict[str, Any] | None:
    if background is None or background.histogram is None:
        return None
    histogram = background.histogram
    return {
        "edges": [histogram.edges[0], histogram.edges[-1]],
        "counts": list(histogram.counts),
        "below": histogram.below,
        "above": histogram.above,
    }


def _grid(field: Field, background: Background | None) -> Sequence[Value]:
    frequent = background.frequent.get(field.name, {}) if background else {}
    return field.grid(POINTS, MOST_LEVELS, frequent)


def _grid_json(field: Field, background: Background | None) -> list[Any]:
    return [field.json_value(value) for value in _grid(field, background)]


def _course(field: Field, background: Background | None) -> dict[str, Any]:
    """How a field's chart is drawn, and how many training rows there were around each value."""
    is_curve = not field.choices and not field.is_text
    about: dict[str, Any] = {"curve": is_curve, "isText": field.is_text}
    if not (field.is_text or field.is_whole):
        about["isDecimal"] = True
    if background is None:
        return about
    if not is_curve:
        frequent = background.frequent.get(field.name, {})
        shares = [frequent.get(value, 0.0) for value in _grid(field, background)]
        return about | {"few": [background.rows * share < FEW_OF_LEVEL for share in shares]}
    marginal = background.marginals[field.name]
    pairs = zip(marginal.values, marginal.frequencies.tolist(), strict=True)
    known = sorted((float(value), share) for value, share in pairs if value == value)
    cumulated = np.cumsum([0.0, *(share for _, share in known)])
    return about | {
        "known": [value for value, _ in known] or None,
        "cumulated": cumulated.round(_SHARE_DIGITS).tolist(),
    }


def _language(schema: Schema, language: Language, background: Background | None) -> dict[str, Any]:
    with speaking(language):
        controls = controls_of(schema, schema.defaults)
        forms = {name: fact for name, fact in language.facts.items() if name != "name"}
        classes = {
            str(label): (schema.show_class(label), schema.name_class(label))
            for label in schema.classes
        }
        return {
            "tag": language.tag,
            "words": numbered_words(language),
            "forms": forms,
            "title": schema.title,
            "target": schema.target_label,
            "unit": _unit(schema.target_unit),
            "classes": classes if schema.task == "classification" else None,
            "labels": {field.name: field.label for field in schema.fields},
            "units": {field.name: _unit(field.unit) for field in schema.fields},
            "choices": {
                field.name: [(choice.value, choice.label) for choice in field.choices]
                for field in schema.fields
                if field.choices
            },
            "grids": {
                field.name: [field.in_words(value) for value in _grid(field, background)]
                for field in courses_of(schema)
            },
            "controls": [_control(control) for control in controls],
        }


def _control(control: Control) -> dict[str, Any]:
    """Where a field stands in the form: its id, the names of a date's day, month and year, and
    whether its choices are offered."""
    parts = list(control.part_names) if control.widget == "date" else None
    offers = control.widget in ("radios", "select")
    return {"name": control.field.name, "id": control.id, "parts": parts, "offers": offers}


def _unit(unit: str) -> dict[str, str]:
    return {"name": unit, "sign": currency_sign(unit)}
