"""A deployment's own statements in the reader's language, for its model card."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.i18n.language import current_language


def in_words(loaded: Deployment) -> Deployment:
    """The deployment with its fields, classes and target called as the reader's language does."""
    schema = loaded.schema.in_language(current_language())
    if schema is loaded.schema:
        return loaded
    return replace(loaded, description={**loaded.description, "schema": schema.to_json()})


def stated_in_words(loaded: Deployment, stated: Mapping[str, Any]) -> dict[str, Any]:
    """What the form file states for the card, as far as it does so in the reader's language."""
    texts = loaded.schema.translations.get(current_language().primary, {})
    return {**stated, **texts.get("card", {})}
