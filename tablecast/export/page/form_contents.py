"""What a page's form is made of beside its elements: rules, facts, and each language's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.export.page.rules import rules_of, words_of
from tablecast.i18n.formats import currency_sign
from tablecast.i18n.language import Language, speaking
from tablecast.schema.schema import Schema
from tablecast.web.form.answer import is_average
from tablecast.web.form.controls import Control, controls_of


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
        "defaults": defaults_of(schema),
        "facts": {
            "level": interval.level if interval else None,
            "wholeRange": bool(interval and interval.limits.whole),
            "isAverage": is_average(loaded),
            "fractions": dict(background.class_fractions) if background else {},
        },
        "languages": [_language(schema.in_language(one), one) for one in languages],
    }


def _language(schema: Schema, language: Language) -> dict[str, Any]:
    with speaking(language):
        controls = controls_of(schema, defaults_of(schema))
        forms = {name: fact for name, fact in language.facts.items() if name != "name"}
        classes = {
            str(label): (schema.show_class(label), schema.name_class(label))
            for label in schema.classes
        }
        return {
            "tag": language.tag,
            "words": words_of(language),
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
            "controls": [_control(control) for control in controls],
        }


def _control(control: Control) -> dict[str, Any]:
    """Where a field stands in the form: its id, and the names of a date's day, month and year."""
    parts = list(control.part_names) if control.widget == "date" else None
    return {"name": control.field.name, "id": control.id, "parts": parts}


def _unit(unit: str) -> dict[str, str]:
    return {"name": unit, "sign": currency_sign(unit)}


def defaults_of(schema: Schema) -> dict[str, str]:
    """What the form starts with: field name to text."""
    return {field.name: field.show(field.default) for field in schema.fields}
