"""Stand-ins for a trained deployment, so that a test of a page or a route takes milliseconds.

Their answers can be worked out by hand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.description import describe
from tablecast.inference.engine import Answer, Columns, Engine
from tablecast.schema.form_file import read_form
from tablecast.schema.schema import Schema

FORM = Path(__file__).parents[1] / "examples" / "insurance" / "form.toml"


class FormulaEngine:
    """Charges by a formula that a reader can follow: 250 a year of age, 20,000 for smoking."""

    def answer(self, columns: Columns) -> Answer:
        smokes = columns["smoker"] == "yes"
        return Answer(250.0 * columns["age"] + 20_000.5 * smokes)


class NearestPetalEngine:
    """Iris species by how near the petal's length is to the species' usual one."""

    SPECIES = ("Iris-setosa", "Iris-versicolor", "Iris-virginica")
    USUAL = (1.5, 4.3, 5.5)

    def answer(self, columns: Columns) -> Answer:
        distance = np.abs(columns["petal_length"][:, None] - np.array(self.USUAL))
        weights = np.exp(-2 * distance)
        shares = weights / weights.sum(axis=1, keepdims=True)
        species = np.array(self.SPECIES, dtype=object)
        return Answer(species[shares.argmax(axis=1)], shares)


def deploy(name: str, schema: Schema, engine: Engine) -> Deployment:
    """A deployment that was never on disk."""
    card = {
        "metrics": {"cross_validation": {"MAE": {"mean": 2952.7, "std": 201.5}}},
        "leaderboard": [{"model": "lr", "MAE": 2952.7}, {"model": "et", "error": "no time left"}],
        "limits": ["It shows correlation in these rows, not cause and effect."],
    }
    made = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return Deployment(describe(name, schema, card, made) | {"sha256": "0" * 64}, engine)


def insurance_schema() -> Schema:
    """The six insurance fields with the real table's ranges, from four rows of our own."""
    table = pd.DataFrame(
        {
            "age": [18, 39, 39, 64],
            "sex": ["female", "male", "male", "male"],
            "bmi": [15.96, 30.4, 30.4, 53.13],
            "children": [0, 1, 1, 5],
            "smoker": ["no", "yes", "no", "no"],
            "region": ["northeast", "northwest", "southeast", "southwest"],
            "charges": [1121.87, 9382.03, 9382.03, 63770.43],
        }
    )
    return Schema.from_table(table, "charges", "regression", read_form(FORM))


def iris_schema() -> Schema:
    """Two of the iris fields, and three species."""
    table = pd.DataFrame(
        {
            "sepal_length": [4.3, 5.8, 7.9],
            "petal_length": [1.0, 4.35, 6.9],
            "species": NearestPetalEngine.SPECIES,
        }
    )
    return Schema.from_table(table, "species", "classification")
