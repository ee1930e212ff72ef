"""What would have to change for another answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.inference.alternatives import (
    MOST_CHANGES,
    MOST_WAYS,
    Alternatives,
    Way,
    _Beside,
    _spread,
    _Trial,
    alternatives,
)
from tablecast.inference.engine import Answer, Columns
from tablecast.inference.marginals import Background, Marginal
from tablecast.inference.moves import _is_seen
from tablecast.inference.predictor import Predictor
from tablecast.inference.wish import Wish
from tablecast.schema.field import Field
from tablecast.schema.schema import Row, Schema
from tests.deployments import shipped_deployment
from tests.explained import charging, deployment_of, grading, of_every_kind, of_long_form

ROW: tuple[Any, ...] = (40.0, 30.0, "yes", "west")


def asked(
    deployment: Deployment, row: tuple[Any, ...], wish: Wish, said: Mapping[str, Any] | None = None
) -> Alternatives:
    """The alternatives, where the form file says more of some fields."""
    predictor = deployment.predictor
    fields = [replace(one, **(said or {}).get(one.name, {})) for one in deployment.schema.fields]
    predictor.schema = replace(deployment.schema, fields=tuple(fields))
    return alternatives(predictor, deployment.background, Row(row), wish)


def changed(way: Way) -> dict[str, Any]:
    return dict(way.changes)


def wished(deployment: Deployment, way: Way, wish: Wish) -> bool:
    (prediction,) = deployment.predictor.predict([way.row])
    return wish.is_met_by(prediction.prediction)


class BothEngine:
    """Says yes only where both switches are on, and neither alone comes any nearer."""

    def answer(self, columns: Columns) -> Answer:
        both = (columns["left"] == "on") & (columns["right"] == "on")
        return Answer(np.where(both, "yes", "no").astype(object))


def switches() -> Deployment:
    places = np.arange(40)
    table = pd.DataFrame(
        {
            "left": np.where(places % 2, "on", "off"),
            "right": np.where(places % 4 > 1, "on", "off"),
            "colour": np.resize(np.array(["red", "blue"], dtype=object), 40),
        }
    )
    return deployment_of(table, "lit", "classification", BothEngine())


@pytest.mark.parametrize(
    ("deployment", "wish"),
    [
        (charging(), Wish(at_most=20_000.0)),
        (charging(), Wish(at_least=32_500.0)),
        (grading(), Wish(label="middle")),
        (grading(probabilities=False), Wish(label="middle")),
        (of_long_form(), Wish(at_least=370_000.0)),
    ],
)
def test_every_way_leads_to_the_wish(deployment: Deployment, wish: Wish) -> None:
    """Each way is answered as wished by the predictor, changes at most three fields, and no two
    change the same; none contains a smaller one."""
    row = tuple(field.typical for field in deployment.schema.fields)
    row = ROW if len(row) == len(ROW) else row
    found = asked(deployment, row, wish)
    assert 1 <= len(found.ways) <= MOST_WAYS
    sets = [frozenset(changed(way)) for way in found.ways]
    assert not any(one < other for one, other in product(sets, sets))
    assert len(set(sets)) == len(sets)
    for way in found.ways:
        assert len(way.changes) <= MOST_CHANGES
        assert wished(deployment, way, wish)
        differs = {
            field.name: value
            for field, mine, value in zip(
                deployment.schema.fields, row, way.row.values, strict=True
            )
            if mine != value
        }
        assert differs == changed(way)


def test_fewer_fields_come_first_then_smaller_changes() -> None:
    """A reader weighs the simplest way first."""
    ways = asked(charging(), ROW, Wish(at_most=25_000.0)).ways
    order = [(len(way.changes), way.cost) for way in ways]
    assert order == sorted(order)
    assert len(ways) > 1


def test_a_number_moves_no_farther_than_it_must() -> None:
    """Of the body mass index, the largest that still leads there, on two round digits."""
    only_bmi = {"age": {"fixed": True}, "smoker": {"fixed": True}, "region": {"fixed": True}}
    (way,) = asked(charging(), ROW, Wish(at_most=26_000.0), only_bmi).ways
    # 200 × 40 + 500 × bmi + 100 × 40: 28 just does.
    assert changed(way) == {"bmi": pytest.approx(28.0, abs=0.1)}
    assert way.prediction.prediction <= 26_000.0


def test_what_is_fixed_stays() -> None:
    """A field that nobody can change is in no way."""
    found = asked(charging(), ROW, Wish(at_most=20_000.0), {"smoker": {"fixed": True}})
    assert found.ways == () or all("smoker" not in changed(way) for way in found.ways)
    assert any("smoker" in changed(way) for way in asked(charging(), ROW, Wish(at_most=2e4)).ways)


@pytest.mark.parametrize(("only", "sign"), [("up", 1), ("down", -1)])
def test_what_goes_one_way_goes_no_other(only: str, sign: int) -> None:
    """A field that can only rise is never lower in any way, and the other way round."""
    said = {"age": {"only": only}, "bmi": {"only": only}}
    for wish in (Wish(at_most=26_000.0), Wish(at_least=28_000.0)):
        for way in asked(charging(), ROW, wish, said).ways:
            for place, name in enumerate(("age", "bmi")):
                assert sign * (changed(way).get(name, ROW[place]) - ROW[place]) >= 0


def test_only_what_training_has_seen_is_suggested() -> None:
    """Numbers lie in the training range, whole where training's are, and levels are known."""
    deployment = of_every_kind()
    row = tuple(field.typical for field in deployment.schema.fields)
    label = deployment.predictor.predict([Row(row)])[0].prediction
    for name in deployment.schema.classes:
        if name == label:
            continue
        for way in asked(deployment, row, Wish(label=name)).ways:
            for change in way.changes:
                field = deployment.schema.field(change.field)
                text = field.show(change.value)
                value, warning = field.read(text, text=True)
                assert (value, warning) == (change.value, None)


def test_two_changes_are_found_that_do_nothing_alone() -> None:
    """Neither switch alone brings the wish any nearer, and both together do."""
    found = asked(switches(), ("off", "off", "red"), Wish(label="yes"))
    assert [changed(way) for way in found.ways] == [{"left": "on", "right": "on"}]


def test_a_wish_that_is_met_needs_no_change() -> None:
    """The case's own answer is as wished."""
    assert asked(charging(), ROW, Wish(at_most=1e6)) == Alternatives(True, ())


def test_where_there_is_no_way_the_nearest_is_told() -> None:
    """No change leads below nothing; the nearest answer is the predictor's own."""
    found = asked(charging(), ROW, Wish(at_most=0.0))
    assert not found.is_met
    assert found.ways == ()
    assert found.nearest is not None
    (own,) = charging().predictor.predict([found.nearest.row])
    assert own.prediction == found.nearest.prediction.prediction < 10_000
    everything = {name: {"fixed": True} for name in ("age", "bmi", "smoker", "region")}
    assert asked(charging(), ROW, Wish(at_most=0.0), everything) == Alternatives(False, ())


def test_a_missing_value_can_be_given() -> None:
    """A case without an age is given one; what can only rise cannot from nowhere."""
    row = (nan, 30.0, "no", "west")
    said = {name: {"fixed": True} for name in ("bmi", "smoker", "region")}
    (way,) = asked(charging(), row, Wish(at_least=11_000.0), said).ways
    assert changed(way)["age"] >= 55
    said["age"] = {"only": "up"}
    assert asked(charging(), row, Wish(at_least=11_000.0), said).ways == ()


def test_the_same_question_has_the_same_answer() -> None:
    """Nothing is drawn at random."""
    wish = Wish(at_most=25_000.0)
    assert asked(charging(), ROW, wish) == asked(charging(), ROW, wish)


def test_a_search_takes_little_of_the_processor() -> None:
    """The shipped deployment's takes below 0.3 seconds, also where there is no way."""
    deployment = shipped_deployment("onnx")
    row = tuple(field.typical for field in deployment.schema.fields)
    asked(deployment, row, Wish(at_most=1.0))
    began = time.process_time()
    asked(deployment, row, Wish(at_most=-1e6))
    assert time.process_time() - began < 0.3


@pytest.mark.parametrize(
    ("count", "taken"), [(1, [0]), (2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10))),
                         (12, list(range(10)))],
)  # fmt: skip
def test_values_to_try_are_spread_evenly(count: int, taken: list[int]) -> None:
    """Both ends are among them; where there is room, all are."""
    assert _spread(list(range(10)), count) == taken


def test_values_that_promise_most_are_tried_before_others() -> None:
    """What is left of the room goes to the others."""
    beside = _Beside(front=[4, 7], others=[0, 1, 2])
    assert beside.first(1) == [4]
    assert beside.first(2) == [4, 7]
    assert beside.first(4) == [4, 7, 0, 2]


def test_numbers_within_the_training_range_are_seen_ones() -> None:
    """Both ends belong to it; without a range nothing does."""
    field = Field("size", "number", "float64", minimum=1.0, maximum=4.0)
    assert [_is_seen(field, at) for at in (0.9, 1.0, 2.5, 4.0, 4.1)] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert not _is_seen(replace(field, minimum=None), 2.0)
    assert not _is_seen(replace(field, maximum=None), 2.0)


class LargerEngine:
    """The first number, or a quarter of the second where that is more."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(np.maximum(columns["coarse"], columns["fine"] / 4))


def of_numbers(engine: Any, **known: tuple[float, ...]) -> tuple[Predictor, Background]:
    """A predictor of numbers from 0 to 10, of which training had some."""
    fields = tuple(Field(name, "number", "float64", minimum=0.0, maximum=10.0) for name in known)
    marginals = {
        name: Marginal(values, np.full(len(values), 1 / len(values)))
        for name, values in known.items()
    }
    background = Background(marginals, None, {}, 10)
    return Predictor(Schema(fields, "y", "regression"), engine), background


def test_ways_are_in_order_after_they_came_nearer() -> None:
    """A far value that is brought near goes before one that was nearer at first."""
    ten = tuple(map(float, range(11)))
    predictor, background = of_numbers(LargerEngine(), fine=ten, coarse=(0.0, 10.0))
    found = alternatives(predictor, background, Row((0.0, 0.0)), Wish(at_least=1.0))
    assert [[change.field for change in way.changes] for way in found.ways] == [
        ["coarse"], ["fine"],
    ]  # fmt: skip
    assert found.ways[0].cost < found.ways[1].cost
    assert _Trial({}, {1: 0.25, 4: 0.5}).cost == 0.75


class SwitchEngine:
    """How many fields are on, of so many."""

    def __init__(self, asked: int) -> None:
        self.asked = asked

    def answer(self, columns: Columns) -> Answer:
        return Answer(1.0 * (sum(columns.values()) >= self.asked))


@pytest.mark.parametrize(("asked", "ways"), [(1, 3), (2, 3), (3, 3), (4, 0)])
def test_three_ways_of_up_to_three_changes_are_shown(asked: int, ways: int) -> None:
    """A reader weighs no more of either."""
    names = [f"s{at}" for at in range(5)]
    fields = tuple(Field(name, "integer", "int64", minimum=0, maximum=1) for name in names)
    predictor = Predictor(Schema(fields, "y", "regression"), SwitchEngine(asked))
    found = alternatives(predictor, None, Row((0.0,) * 5), Wish(at_least=1.0))
    assert [len(way.changes) for way in found.ways] == [asked] * ways


class FirstEngine:
    """The first field."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(next(iter(columns.values())))


@pytest.mark.parametrize(
    ("present", "wish", "value"),
    [
        (0.0, Wish(at_least=5.013), 5.02), (0.0, Wish(at_least=0.02), 0.04),
        (10.0, Wish(at_most=5.013), 5.0), (10.0, Wish(at_least=9.0), None),
    ],
)  # fmt: skip
def test_a_number_is_placed_to_a_256th_of_the_way(
    present: float, wish: Wish, value: float | None
) -> None:
    """Sixteen numbers are tried between the case's own and one that leads there, twice."""
    predictor, background = of_numbers(FirstEngine(), size=(0.0, 9.0))
    found = alternatives(predictor, background, Row((present,)), wish)
    assert found.is_met is (value is None)
    assert [way.changes[0].value for way in found.ways] == ([] if value is None else [value])


@pytest.mark.parametrize("probable", [True, False])
def test_how_near_a_class_is(probable: bool) -> None:
    """By how much more probable it is than the most probable other one; else it is or is not."""
    schema = Schema((), "y", "classification", classes=(1, 2, 3))
    shares = np.array([[0.2, 0.5, 0.3], [0.1, 0.2, 0.7]])
    answer = Answer(np.array([2, 3]), shares if probable else None)
    met, near = Wish(label=2).judge(schema, answer)
    assert met.tolist() == [True, False]
    assert near == pytest.approx([0.2, -0.5] if probable else [1, 0])


@pytest.mark.parametrize(
    ("wish", "met", "near"),
    [
        (Wish(at_least=2.0), [False, True, True], [-1, 0, 1]),
        (Wish(at_most=2.0), [True, True, False], [1, 0, -1]),
        (Wish(label=2.0), [False, True, False], [0, 1, 0]),
    ],
)
def test_an_amount_that_is_wished_for_is_enough(
    wish: Wish, met: list[bool], near: list[float]
) -> None:
    """Of many answers, as of one."""
    answers = np.array([1.0, 2.0, 3.0])
    found = wish.judge(Schema((), "y", "regression"), Answer(answers))
    assert [part.tolist() for part in found] == [met, near]
    assert [wish.is_met_by(one) for one in answers.tolist()] == met
    assert Wish(label=0).is_met_by(0)
