"""What a field could have instead of a case's own value, and how far that is."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import pytest

from tablecast.inference import moves
from tablecast.inference.marginals import Background, Marginal
from tablecast.inference.moves import Move, moves_of
from tablecast.schema.field import Field
from tablecast.schema.schema import Row, Schema

SIZE = Field("size", "number", "float64", minimum=0.0, maximum=10.0)
KIND = Field("kind", "category", "object", levels=("a", "b", "c"), closed=True)
FLAG = Field("flag", "integer", "int64", minimum=0, maximum=1)
SIZES = Marginal((2.0, 4.0, 8.0, nan), np.array([0.4, 0.2, 0.2, 0.2]))
KINDS = Marginal(("a", "b", ""), np.array([0.5, 0.3, 0.2]))
FLAGS = Marginal((0.0, 1.0), np.array([0.75, 0.25]))


def test_what_each_field_could_be_and_how_far_that_is() -> None:
    """The share of training between two numbers; what a level lacks of all; not what is fixed."""
    fields = (replace(SIZE, name="fixed", fixed=True), SIZE, KIND, FLAG)
    marginals = {"fixed": SIZES, "size": SIZES, "kind": KINDS, "flag": FLAGS}
    background = Background(marginals, None, {}, 10)
    row = Row((2.0, 4.0, "a", 0.0))
    size, kind, flag = moves_of(Schema(fields, "y", "regression"), background, row)
    assert [one.place for one in (size, kind, flag)] == [1, 2, 3]
    assert size.values.tolist() == [0, 2, 8, 10]
    assert size.costs == pytest.approx([0.625, 0.375, 0.25, 0.375])
    assert kind.values.tolist() == ["b", "c"]
    assert kind.costs == pytest.approx([0.7, 1.0])
    assert flag.values.tolist() == [1]
    assert flag.costs == pytest.approx([1 - 0.375])
    (alone,) = moves_of(Schema((FLAG,), "y", "regression"), None, Row((0.0,)))
    assert alone.costs == pytest.approx([0.75])


@pytest.mark.parametrize(
    ("field", "marginal", "values"),
    [
        (SIZE, SIZES, [0, 2, 4, 8, 10]),
        (replace(SIZE, maximum=5.0), SIZES, [0, 2, 4, 5]),
        (SIZE, None, np.linspace(0, 10, 25).tolist()),
        (SIZE, Marginal((nan,), np.ones(1)), np.linspace(0, 10, 25).tolist()),
        (replace(SIZE, minimum=None), SIZES, []),
        (replace(SIZE, maximum=None), SIZES, []),
        (FLAG, FLAGS, [1, 0]),
        (KIND, None, ["a", "b", "c"]),
        (replace(KIND, levels=tuple(map(str, range(60)))), None, list(map(str, range(50)))),
    ],
)
def test_values_that_are_tried(field: Field, marginal: Marginal | None, values: list[Any]) -> None:
    """Training's numbers with both ends of its range, or 25 of them; choices; up to 50 levels."""
    assert moves._seen(field, marginal) == values


@pytest.mark.parametrize(
    ("present", "costs"), [(4.0, [0.5, 0.125]), (nan, [0.375, 0.25]), (12.0, [0.875, 0.25])]
)
def test_how_far_a_number_moves(present: float, costs: list[float]) -> None:
    """From a missing one as from the median; beyond the range as from its end."""
    found = moves._number_costs(SIZE, present, np.array([1.0, 6.0]), SIZES)
    assert found == pytest.approx(costs)


def test_without_a_distribution_both_ends_count_alike() -> None:
    """A quarter of the way lies before each of them; a range of one number has no width."""
    at, below = moves._distribution(SIZE, None)
    assert (at.tolist(), below.tolist()) == ([0, 0, 10, 10], [0, 0.25, 0.75, 1])
    at, below = moves._distribution(SIZE, SIZES)
    assert at.tolist() == [0, 2, 4, 8, 10]
    assert below == pytest.approx([0, 0.25, 0.625, 0.875, 1])
    beyond = Marginal((-3.0, 12.0), np.array([0.5, 0.5]))
    assert moves._distribution(SIZE, beyond)[0].tolist() == [-3, -3, 12, 12]


@pytest.mark.parametrize(
    ("only", "start", "goes"),
    [("", 3.0, [True] * 3), ("up", 3.0, [False, False, True]), ("down", 3.0, [True, False, False]),
     ("up", nan, [False] * 3), ("down", nan, [False] * 3)],
)  # fmt: skip
def test_what_can_only_rise_or_fall(only: Any, start: float, goes: list[bool]) -> None:
    """It cannot stay, and from nowhere it goes nowhere."""
    field = replace(SIZE, only=only)
    assert [moves._goes(field, start, end) for end in (2.0, 3.0, 4.0)] == goes


@pytest.mark.parametrize(
    ("field", "present", "start", "end", "points"),
    [
        (SIZE, 0.0, 0.0, 8.0, [2, 4, 6]),
        (SIZE, 10.0, 10.0, 2.0, [8, 6, 4]),
        (SIZE, 0.0, 2.0, 4.0, [2.5, 3, 3.5]),
        (SIZE, 12.0, 12.0, 8.0, [10, 9]),  # no farther than training went
        (SIZE, nan, nan, 2.0, []),
        (KIND, "a", "a", "b", []),
        (FLAG, 0.0, 0.0, 1.0, []),
    ],
)
def test_numbers_between(
    field: Field, present: Any, start: Any, end: Any, points: list[float]
) -> None:
    """The nearest to the case's own first, neither end among them; nothing between two choices."""
    move = Move(0, field, present, np.array([end]), np.array([0.5]), None)
    found, costs = move.between(start, end, 4)
    assert found.tolist() == points
    assert len(costs) == len(points)
    if points:
        assert costs == pytest.approx(moves._number_costs(field, present, found, None))


@pytest.mark.parametrize(
    ("marginal", "ends", "rounded"),
    [
        (SIZES, (0, 10), 1234.57),
        (None, (0, 10), 1234.6),
        (None, (0, 9.9), 1234.57),
        (None, (0, 250), 1235),
        (None, (-1000, 1500), 1230),
        (None, (0, 0.5), 1234.568),
        (None, (7, 7), 1234.5678),
    ],
)
def test_numbers_are_round(marginal: Any, ends: tuple[float, float], rounded: float) -> None:
    """To a hundredth of the power of ten below what training spans; one number has no span."""
    field = replace(SIZE, minimum=ends[0], maximum=ends[1])
    assert moves._rounded(field, np.array([1234.5678]), marginal).tolist() == [rounded]


def test_a_missing_value_has_no_share() -> None:
    """Neither among texts nor among numbers; nor has anything where nothing is known."""
    assert moves._shares(KINDS) == {"a": 0.5, "b": 0.3}
    assert moves._shares(SIZES) == {2.0: 0.4, 4.0: 0.2, 8.0: 0.2}
    assert moves._shares(None) == {}
