"""Random rows as people and programs ask them, of any deployment: usual, strange and with gaps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from tablecast.inference.engine import Columns
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tests.markup import Element, Page

SAID = "About 9 in 10 similar cases fall in this range."
NOT_KNOWN = "outside the training data"
AMOUNT = re.compile(r"[−-]?[^\d\s]?\d[\d,]*(?:\.\d+)?")

Draw = Callable[[Field, np.random.Generator], Any]


def within(field: Field, random: np.random.Generator) -> Any:
    """A value of the training range, its ends among them; or a known level."""
    if field.levels:
        return field.json_value(str(random.choice(field.levels)))
    low, high = field.minimum or 0.0, field.maximum or 0.0
    drawn = random.choice([low, high, random.uniform(low, high)], p=[0.1, 0.1, 0.8])
    return field.json_value(float(field.nearest(np.array([drawn]))[0]))


def beyond(field: Field, random: np.random.Generator) -> Any:
    """A value between the training range and the hard limits, where there is one."""
    if field.levels or field.maximum is None or field.minimum is None:
        return within(field, random)
    ends = [field.maximum, field.hard_maximum], [field.hard_minimum, field.minimum]
    low, high = ends[random.integers(2)]
    if low is None or high is None or low >= high:
        return within(field, random)
    far = float(random.choice([low, high]) if random.random() < 0.3 else random.uniform(low, high))
    return field.json_value(float(field.nearest(np.array([far]))[0]))


def missing(field: Field, random: np.random.Generator) -> Any:
    """Half of the values that may be missing are."""
    return None if not field.required and random.random() < 0.5 else within(field, random)


#: Every way of asking, by what a test calls it.
WAYS: dict[str, Draw] = {"within": within, "beyond": beyond, "missing": missing}


def rows_of(schema: Schema, draw: Draw, count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Rows as JSON has them."""
    random = np.random.default_rng(seed)
    return [{field.name: draw(field, random) for field in schema.fields} for _ in range(count)]


def columns_within(schema: Schema, count: int, seed: int = 0) -> Columns:
    """Many rows within the training range, as engines take them; every level known."""
    random = np.random.default_rng(seed)
    columns = {}
    for field in schema.fields:
        if field.levels:
            columns[field.name] = random.choice(np.array(field.levels, dtype=object), count)
        else:
            drawn = random.uniform(field.minimum or 0.0, field.maximum or 0.0, count)
            columns[field.name] = field.nearest(drawn)
    return columns


def check_ranges(client: FlaskClient, schema: Schema, draw: Draw, count: int = 60) -> None:
    """Each number's range holds it, both ends finite, through every way of the API.

    A class has no range.
    """
    rows = rows_of(schema, draw, count)
    answered = client.post("/api/v1/predict", json=rows).json["predictions"]
    alone = [client.post("/api/v1/predict", json=row).json["predictions"][0] for row in rows[:10]]
    assert len(answered) == count
    for one in [*answered, *alone]:
        if schema.task == "classification":
            assert one["interval"] is None
            continue
        low, high = one["interval"]
        assert math.isfinite(low)
        assert math.isfinite(high)
        assert low <= one["prediction"] <= high


def check_page(client: FlaskClient, schema: Schema, draw: Draw, count: int = 5) -> None:
    """The page's range holds the answer as both are written, and what is said of it is true."""
    for row in rows_of(schema, draw, count, seed=1):
        asked = {name: "" if value is None else str(value) for name, value in row.items()}
        response = client.post("/predict", data=asked)
        assert response.status_code == 200, response.text
        if schema.task == "classification":
            assert SAID not in response.text
            continue
        page = Page(response.text)
        (answer,) = amounts_in(next(one.text for one in page.all("p") if _is(one, "answer")))
        low, high = amounts_in(next(one.text for one in page.all("p") if _is(one, "range")))
        assert low <= answer <= high
        seen = _is_seen(schema, row)
        assert (SAID in response.text, NOT_KNOWN in response.text) == (seen, not seen)
        assert ("The band holds" in response.text) <= seen


def amounts_in(text: str) -> list[float]:
    """The numbers that a text shows, without their unit."""
    found = AMOUNT.findall(text)
    return [float(re.sub(r"[^\d.−-]", "", one).replace("−", "-")) for one in found]


def _is(element: Element, name: str) -> bool:
    return name in (element.get("class") or "").split()


def _is_seen(schema: Schema, row: dict[str, Any]) -> bool:
    """Whether no number lies outside of the training range."""
    for field, value in zip(schema.fields, schema.parse(row).values, strict=True):
        ends = field.minimum, field.maximum
        if None not in ends and not isinstance(value, str) and not ends[0] <= value <= ends[1]:
            return value != value  # missing
    return True
