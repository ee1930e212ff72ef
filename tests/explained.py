"""Deployments with distributions, and answers that no sum of the fields makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tablecast.inference.marginals import background_of
from tablecast.schema.schema import Schema
from tests.served import every_kind_of_column

ROWS = 400

#: Intervals that reach 30,000 below an answer, but not below 0, and 12,000 above it.
WIDE = {
    "level": 0.9,
    "lower": {"at": [0.0], "offsets": [-30_000.0], "numbers": [], "levels": []},
    "upper": {"at": [0.0], "offsets": [12_000.0], "numbers": [], "levels": []},
    "floor": 0.0,
    "coverage": 0.9, "width": 20_000.0, "score": 25_000.0, "method": "Made up.",
}


class InterplayEngine:
    """Charges where smoking costs the more the heavier a person is; a missing age counts as 40."""

    def answer(self, columns: Columns) -> Answer:
        age = np.where(np.isnan(columns["age"]), 40.0, columns["age"])
        smokes = columns["smoker"] == "yes"
        north = columns["region"] == "north"
        bmi = columns["bmi"]
        charges = 200 * age + smokes * (500 * bmi + 100 * age) + np.where(north & smokes, 999.0, 0)
        return Answer(charges + np.where(bmi > 35, 1000.0, 0.0) * (columns["region"] == "west"))


class GradeEngine:
    """Three grades and their probabilities, by age and smoking together."""

    def __init__(self, *, probabilities: bool = True) -> None:
        self._probabilities = probabilities

    def answer(self, columns: Columns) -> Answer:
        age = np.nan_to_num(columns["age"], nan=40.0)
        height = age / 20 + 2.0 * (columns["smoker"] == "yes") * (columns["bmi"] > 30)
        weights = np.exp(-np.abs(height[:, None] - np.array([1.0, 3.0, 5.0])))
        shares = weights / weights.sum(axis=1, keepdims=True)
        labels = np.array(["high", "low", "middle"], dtype=object)[shares.argmax(axis=1)]
        return Answer(labels, shares if self._probabilities else None)


class SumEngine:
    """Many fields: their sum, each with its own weight, and one product of two."""

    def answer(self, columns: Columns) -> Answer:
        total = sum((place + 1) * values for place, values in enumerate(columns.values()))
        first, second = list(columns.values())[:2]
        return Answer(np.asarray(total + first * second))


class SizeEngine:
    """One of three grades, by two of every kind of column."""

    def answer(self, columns: Columns) -> Answer:
        height = columns["age"] / 20 + (columns["grade"] == "60")
        weights = np.exp(-np.abs(height[:, None] - np.array([1.0, 2.0, 3.0])))
        shares = weights / weights.sum(axis=1, keepdims=True)
        labels = np.array(["high", "low", "middle"], dtype=object)[shares.argmax(axis=1)]
        return Answer(labels, shares)


def people() -> pd.DataFrame:
    """400 made-up people; every twentieth has no age."""
    rng = np.random.default_rng(1)
    age = np.where(np.arange(ROWS) % 20, rng.integers(18, 65, ROWS), np.nan)
    return pd.DataFrame(
        {
            "age": age,
            "bmi": rng.gamma(30, 1, ROWS).round(2),
            "smoker": np.where(np.arange(ROWS) % 5, "no", "yes"),
            "region": np.resize(np.array(["north", "west", "south", "west"], dtype=object), ROWS),
        }
    )


def charging(interval: Any = None) -> Deployment:
    """Answers a number from four fields, with a range where one is given."""
    return deployment_of(people(), "charges", "regression", InterplayEngine(), interval=interval)


def grading(*, probabilities: bool = True) -> Deployment:
    """Answers one of three grades."""
    return deployment_of(
        people(), "grade", "classification", GradeEngine(probabilities=probabilities)
    )


def of_many_fields(count: int = 14) -> Deployment:
    """Answers a number from more fields than all their sets can be evaluated."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame({f"x{place}": rng.normal(size=ROWS) for place in range(count)})
    return deployment_of(table, "total", "regression", SumEngine())


def of_long_form() -> Deployment:
    """Answers a number with a range from eighty fields, whose names need a line and more.

    Each field's range in training is 0 to 210; three times its place is outside from 71 on.
    """
    values = np.resize(np.arange(0.0, 211.0, 5.0), ROWS)
    named = {f"Surface of room {place}": np.roll(values, place) for place in range(80)}
    return deployment_of(pd.DataFrame(named), "total", "regression", SumEngine(), interval=WIDE)


class LevelEngine:
    """The sum of the numbers at the levels' ends."""

    def answer(self, columns: Columns) -> Answer:
        numbers = [[float(level.split()[-1]) for level in values] for values in columns.values()]
        return Answer(np.sum(numbers, axis=0))


def of_many_levels() -> Deployment:
    """Answers a number with a range from eight categories of up to forty levels."""
    places = np.arange(ROWS)
    table = pd.DataFrame(
        {f"Part {n}": [f"level number {at}" for at in places * n % 40] for n in range(1, 9)}
    )
    return deployment_of(table, "total", "regression", LevelEngine(), interval=WIDE)


def of_every_kind() -> Deployment:
    """Classes, from every kind of field and control, with reasons that are sampled."""
    towns = [f"Town {place % 9}" for place in range(len(every_kind_of_column()))]
    table = every_kind_of_column().drop(columns="target").assign(town=towns)
    return deployment_of(table, "grade given", "classification", SizeEngine())


def deployment_of(
    table: pd.DataFrame, target: str, task: Any, engine: Any, **parts: Any
) -> Deployment:
    """A deployment with the table's schema and distributions, and the engine's own target."""
    columns = {
        name: values.to_numpy(dtype=float if values.dtype.kind in "if" else object)
        for name, values in table.items()
    }
    whole = table.assign(**{target: engine.answer(columns).labels})
    schema = Schema.from_table(whole, target, task)
    return Deployment(
        {
            "name": "explained", "version": "1", "created": "2020-04-28T00:00:00+00:00",
            "schema": schema.to_json(), "card": {}, "versions": {}, "sha256": "0" * 64,
            "background": background_of(whole, schema), **parts,
        },
        engine,
    )
