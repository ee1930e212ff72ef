"""Deployments with a model card of today, for the tests of pages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tablecast.deployment.deployment import Deployment
from tablecast.schema.schema import Schema
from tablecast.training.evaluation.class_metrics import (
    classification_facts,
)
from tablecast.training.evaluation.partial_dependence import effects_of
from tablecast.training.evaluation.residuals import regression_facts
from tablecast.training.evaluation.subgroups import groups_of, measure_classes, measure_numbers
from tablecast.training.experiment.out_of_fold import UnseenClasses
from tests.explained import (
    WIDE,
    GradeEngine,
    InterplayEngine,
    charging,
    grading,
    people,
)

SHARES = {"age": 0.3, "bmi": 0.2, "smoker": 0.4, "region": 0.1}


def columns_of(table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    return schema.columns_of(table)


def with_facts(deployment: Deployment, evaluation: Any, **stated: Any) -> Deployment:
    """The same deployment with what training finds out today."""
    background = deployment.background
    assert background
    card = {
        "estimator": "LinearRegression", "rows": 400, "held_out": 120, "folds": 10, "seed": 1,
        "importance": SHARES, "evaluation": evaluation, "stated": stated,
        "settings": {"alpha": 0.5}, "steps": [{"name": "scale", "class": "StandardScaler"}],
        "metrics": {
            "cross_validation": {"MAE": {"mean": 2.0, "std": 0.5, "folds": [1.5, 2.0, 2.5]}},
            "holdout": {"MAE": 2.25},
        },
        "limits": ["It is a guess."],
    }
    effects = effects_of(deployment.schema, deployment.engine, background)
    description = {**deployment.description, "card": card, "effects": effects}
    return Deployment(description, deployment.engine)


def charging_card(**stated: Any) -> Deployment:
    """A deployment for a number with a card of today."""
    told = {"method": "conformal", "coverage": 0.9, "width": 42_000.0, "score": 50_000.0}
    thirds = [
        {"from": -12.0, "to": 8_000.0, "rows": 134, "coverage": 0.9477, "width": 20_000.0},
        {"from": 8_001.0, "to": 41_000.0, "rows": 266, "coverage": 0.8346, "width": 42_000.0},
    ]
    deployment, table = charging(WIDE | told | {"by_answer": thirds}), people()
    predicted = InterplayEngine().answer(columns_of(table, deployment.schema)).labels
    actual = predicted + np.random.default_rng(5).normal(0, 3000, len(table))
    low, high = predicted - 5000, predicted + 5000
    measured = measure_numbers(actual, predicted, low, high)
    columns = columns_of(table, deployment.schema)
    evaluation = {
        "rows": len(table), "folds": 10, **regression_facts(actual, predicted, low, high),
        "groups": groups_of(deployment.schema, columns, measured, SHARES),
    }
    return with_facts(deployment, evaluation, **stated)


def grading_card() -> Deployment:
    """A deployment for classes with a card of today."""
    deployment, table = grading(), people()
    columns = columns_of(table, deployment.schema)
    shares = GradeEngine().answer(columns).probabilities
    assert shares is not None
    rng = np.random.default_rng(6)
    actual = np.array([rng.choice(3, p=one) for one in shares])
    unseen = UnseenClasses(("high", "low", "middle"), actual, shares.argmax(axis=1), shares, 5)
    evaluation = {
        "rows": len(table), "folds": 5, **classification_facts(unseen),
        "groups": groups_of(deployment.schema, columns, measure_classes(unseen), SHARES),
    }
    return with_facts(deployment, evaluation)
