"""A loaded deployment: its schema, its engine and its description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tablecast.inference.engine import Engine
from tablecast.inference.interval import read_interval
from tablecast.inference.marginals import Background
from tablecast.inference.predictor import Predictor
from tablecast.inference.shapley import Explainer
from tablecast.schema.schema import Schema


@dataclass(frozen=True)
class Deployment:
    """A loaded deployment: what it is, and what answers for it."""

    description: Mapping[str, Any]
    engine: Engine = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.description["name"])

    @cached_property
    def schema(self) -> Schema:
        return Schema.from_json(self.description["schema"])

    @cached_property
    def predictor(self) -> Predictor:
        interval = read_interval(self.description, self.schema.fields)
        return Predictor(self.schema, self.engine, interval)

    @cached_property
    def background(self) -> Background | None:
        """The training rows' distributions; None in a deployment made before they were kept."""
        kept = self.description.get("background")
        return Background.from_json(kept, self.schema) if kept else None

    @cached_property
    def explainer(self) -> Explainer | None:
        """What says why; None where there is no background."""
        if self.background is None:
            return None
        return Explainer(self.schema, self.engine, self.background)
