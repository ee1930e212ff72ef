"""What a deployment says of itself, in the reader's language, for its model card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.model_card import KEEPING_LIMIT
from tablecast.i18n.language import N_, _, current_language

#: Words of ``intervals.conformal``, ``ends`` and ``edges`` for how a range is made.
METHOD_WORDS = (
    N_("conformal, on out-of-fold residuals"),
    N_("one offset"),
    N_("a line through the answers"),
    N_("a curve through the answers"),
    N_("a line through the answers and the fields"),
    N_("an average of lines, curves and the fields"),  # deployments of 0.1.0 have it
    N_("one offset from where most rows lie by their fields"),
    N_("an offset by the fields from where most rows lie"),
)


def in_words(loaded: Deployment) -> Deployment:
    """The deployment with its fields, classes and target called as the reader's language does."""
    schema = loaded.schema.in_language(current_language())
    if schema is loaded.schema:
        return loaded
    return replace(loaded, description={**loaded.description, "schema": schema.to_json()})


def stated_in_words(loaded: Deployment, stated: Mapping[str, Any]) -> dict[str, Any]:
    """What the form file states for the card, as far as it does so in the reader's language."""
    translation = loaded.schema.translations.get(current_language().primary, {})
    return {**stated, **translation.get("card", {})}


def limit_in_words(limit: str) -> str:
    """What a reader should know, where ``training.card_facts`` worded it; else as it is."""
    estimator = limit.partition(" ")[0]
    if limit == KEEPING_LIMIT.format(estimator=estimator):
        return _(KEEPING_LIMIT).format(estimator=estimator)
    return _(limit)


def method_in_words(method: str) -> str:
    """How a range is made; as it is where ``intervals.conformal`` did not word it."""
    match = re.fullmatch("(.*); below: (.*); above: (.*)", method)
    if not match:
        return method
    how, lower, upper = map(_, match.groups())
    words = _("{method}; below: {lower}; above: {upper}")
    return words.format(method=how, lower=lower, upper=upper)
