"""The shape of each field's effect: the mean prediction when one field changes.

Partial dependence (Friedman, *Greedy function approximation*, 2001), by the graph, over synthetic
rows that are drawn from each field's own distribution, as explanations are (``inference.shapley``).
Worked out once, when a deployment is compiled, and kept in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Engine
from tablecast.inference.marginals import Background
from tablecast.inference.shapley import draw, strata
from tablecast.schema.field import Field, Value
from tablecast.schema.schema import Schema
from tablecast.training.cluster.executor import Threads
from tablecast.training.evaluation.rounding import rounded

Floats = npt.NDArray[np.float64]

#: Points of a curve over a number's range; of many fields only the ends of most are told.
POINTS, FEW_POINTS, MANY_FIELDS = 21, 6, 100
#: Levels of a category, the most frequent.
MOST_LEVELS = 12
#: Classes whose probability is followed, the most frequent.
MOST_CLASSES = 6
#: Rows that the graph is asked: a second for the largest table of the examples.
MOST_ROWS = 120_000
#: Artificial rows behind a point of a curve. Of 256 the mean's error is 6% of the predictions'
#: spread, of 32 it is 18%: fewer would show steps that are none.
FEWEST_DRAWS, MOST_DRAWS = 32, 256


def effects_of(schema: Schema, engine: Engine, background: Background) -> dict[str, Any]:
    """Every field's effect.

    Args:
        schema, engine: what answers.
        background: the distributions that the other fields are drawn from.

    Returns:
        ``{"rows", "mean", "classes", "fields": {name: {"values", "answers"}}}``: ``mean`` is the
        mean answer over the drawn rows, a list of probabilities for classes, whose names are in
        ``classes``; ``answers`` has such a number or list for each value.
    """
    points = POINTS if len(schema.fields) <= MANY_FIELDS else FEW_POINTS
    tried = {
        field.name: field.grid(points, MOST_LEVELS, background.frequent[field.name])
        for field in schema.fields
    }
    asked = sum(map(len, tried.values())) + 1
    draws = max(FEWEST_DRAWS, min(MOST_DRAWS, MOST_ROWS // asked))
    rows = draw(schema, background, strata(draws, len(schema.fields)))
    shown = _shown(schema, background)
    repeated = {
        times: {name: np.tile(values, times) for name, values in rows.items()}
        for times in {len(values) for values in tried.values()}
    }

    def effect(field: Field) -> dict[str, Any]:
        values = field.array(tried[field.name])
        asked_of = repeated[len(values)] | {field.name: np.repeat(values, draws)}
        means = _means(schema, engine, asked_of, len(values), shown)
        return {"values": [_kept(field, value) for value in tried[field.name]], "answers": means}

    calls = [(place, ()) for place in range(len(schema.fields))]
    effects = Threads().share(schema.fields).map(effect, calls)  # large graphs take 0.1 ms a row
    whole = _means(schema, engine, rows, 1, shown)
    return {
        "rows": draws,
        "mean": whole[0],
        "classes": [str(schema.classes[index]) for index in shown],
        "fields": {
            field.name: one for field, one in zip(schema.fields, effects, strict=True)
        },
    }


def _means(
    schema: Schema, engine: Engine, columns: Mapping[str, npt.NDArray[Any]], values: int,
    shown: list[int],
) -> list[Any]:
    if not values:
        return []
    output = engine.answer(columns)
    if schema.task == "regression":
        return [rounded(mean) for mean in output.labels.reshape(values, -1).mean(axis=1)]
    probabilities = output.probabilities
    if probabilities is None:
        names = np.array([str(name) for name in schema.classes])
        probabilities = (output.labels.astype(str)[:, None] == names).astype(np.float64)
    means = probabilities[:, shown].reshape(values, -1, len(shown)).mean(axis=1)
    return [[rounded(value, 4) for value in row] for row in means.tolist()]


def _shown(schema: Schema, background: Background) -> list[int]:
    if schema.task == "regression":
        return []
    frequencies = [background.class_fractions.get(str(name), 0.0) for name in schema.classes]
    return sorted(np.argsort(-np.array(frequencies), kind="stable")[:MOST_CLASSES].tolist())


def _kept(field: Field, value: Value) -> Value:
    return value if isinstance(value, str) or field.is_whole else rounded(value)
