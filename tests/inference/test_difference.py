"""Why two cases differ: each field's part, adding up to the difference."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.inference.difference import Difference, difference, orders_of
from tablecast.inference.engine import Answer, Columns
from tablecast.inference.permutations import _differing
from tablecast.inference.shapley import MOST_EXACT
from tablecast.schema.schema import Row
from tests.explained import charging, deployment_of, grading, of_many_fields

FIRST: tuple[Any, ...] = (40.0, 30.0, "no", "west")
OTHER: tuple[Any, ...] = (50.0, 38.0, "yes", "north")


def between(deployment: Deployment, first: tuple[Any, ...], other: tuple[Any, ...]) -> Difference:
    return difference(deployment.schema, deployment.engine, Row(first), Row(other))


@pytest.mark.parametrize("deployment", [charging(), grading()], ids=["number", "class"])
def test_the_parts_add_up_to_the_difference(deployment: Deployment) -> None:
    """From the first answer, all parts lead to the other one; both are the predictor's own."""
    found = between(deployment, FIRST, OTHER)
    mine, theirs = deployment.predictor.predict([Row(FIRST), Row(OTHER)])
    label = str(mine.prediction)
    expected = [one.probabilities[label] if one.probabilities else one.prediction
                for one in (mine, theirs)]  # fmt: skip
    assert [found.first, found.other] == pytest.approx(expected)
    total = sum(part.contribution for part in found.parts)
    assert total == pytest.approx(found.other - found.first, rel=1e-12)
    assert found.exact


def test_each_part_is_what_its_definition_says() -> None:
    """Of two fields, each has the mean of what it changes when it comes first and when last."""
    found = between(charging(), FIRST, (40.0, 38.0, "yes", "west"))
    none, bmi, smoker, both = 8000.0, 9000.0, 8000.0 + 15_000 + 4000, 9000.0 + 19_000 + 4000
    assert [part.field for part in found.parts] == ["bmi", "smoker"]
    assert [part.value for part in found.parts] == [38.0, "yes"]
    assert [part.contribution for part in found.parts] == pytest.approx(
        [((bmi - none) + (both - smoker)) / 2, ((smoker - none) + (both - bmi)) / 2]
    )


def test_cases_that_are_alike_have_no_parts() -> None:
    """What both share has no part in the difference; nor do two missing values."""
    found = between(charging(), (nan, 30.0, "no", "west"), (nan, 30.0, "no", "west"))
    assert found.parts == ()
    assert found.first == found.other


def test_exchanged_cases_have_the_opposite_parts() -> None:
    """The way back is the same way."""
    there, back = between(charging(), FIRST, OTHER), between(charging(), OTHER, FIRST)
    assert [part.contribution for part in there.parts] == pytest.approx(
        [-part.contribution for part in back.parts]
    )


def test_of_many_fields_the_parts_are_sampled_and_still_add_up() -> None:
    """Past ten fields orders are drawn; the sum stays exact, and each part tells its error."""
    deployment = of_many_fields()
    count = len(deployment.schema.fields)
    assert count > MOST_EXACT
    first, other = (0.5,) * count, tuple(1.0 + 0.1 * place for place in range(count))
    found = between(deployment, first, other)
    assert not found.exact
    total = sum(part.contribution for part in found.parts)
    assert total == pytest.approx(found.other - found.first, rel=1e-9)
    last = found.parts[-1]  # adds its weight times its change, whatever joined before it
    assert last.contribution == pytest.approx(count * (other[-1] - 0.5))
    assert last.error == pytest.approx(0, abs=1e-9)
    assert found.parts[0].error > 0
    assert found == between(deployment, first, other)


@pytest.mark.parametrize(("differing", "exact"), [(10, True), (11, False)])
def test_up_to_ten_fields_that_differ_are_tried_in_every_order(differing: int, exact: bool) -> None:
    """However many both cases share."""
    other = (1.0,) * differing + (0.5,) * (14 - differing)
    found = between(of_many_fields(), (0.5,) * 14, other)
    assert (found.exact, len(found.parts)) == (exact, differing)


def test_a_value_differs_from_a_missing_one() -> None:
    """Whichever of both cases has it."""
    missing, given = (nan, 30.0, "no", "west"), (50.0, 30.0, "no", "west")
    for first, other in ((missing, given), (given, missing)):
        assert [part.field for part in between(charging(), first, other).parts] == ["age"]


class ProductEngine:
    """The product of the first three fields."""

    def answer(self, columns: Columns) -> Answer:
        first, second, third = list(columns.values())[:3]
        return Answer(first * second * third)


def test_each_part_and_its_error_are_those_of_the_drawn_orders() -> None:
    """Of 32 orders and their reverses: what a field changes, given those that came before."""
    table = pd.DataFrame({f"x{at}": np.arange(40.0) for at in range(11)})
    deployment = deployment_of(table, "product", "regression", ProductEngine())
    first, other = (1.0, 2.0, 5.0, *[1.0] * 8), (3.0, 7.0, 4.0, *[2.0] * 8)
    gains = np.zeros((32, 11))
    for walk, places in enumerate(orders_of(11).tolist()):
        for order in (places, [-place for place in places]):
            for field in range(3):
                before = [at for at in range(3) if order[at] < order[field]]
                row = [first[at] if at in before else other[at] for at in range(3)]
                rest = np.prod([row[at] for at in range(3) if at != field])
                gains[walk, field] += (other[field] - first[field]) * rest / 2
    found = between(deployment, first, other).parts
    assert [part.contribution for part in found] == pytest.approx(gains.mean(axis=0))
    errors = gains.std(axis=0, ddof=1) / np.sqrt(32)
    assert [part.error for part in found] == pytest.approx(errors)
    assert errors[:3].min() > 0


def test_two_missing_values_are_no_step() -> None:
    """A background row without a value has none to change where the explained row has none."""
    draws = {"age": np.array([nan, 40.0]), "bmi": np.array([30.0, nan]),
             "smoker": np.array(["no", "yes"], dtype=object), "region": np.array(["west"] * 2)}
    schema = charging().schema
    assert _differing(schema, draws, Row((nan, 30.0, "yes", "west"))).tolist() == [
        [False, False, True, False], [True, True, False, False],
    ]  # fmt: skip
