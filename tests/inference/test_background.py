"""The distributions that a deployment keeps instead of rows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.data.sources import prepare, read_table
from tablecast.inference.marginals import (
    FEWEST,
    GROUPS,
    Background,
    Marginal,
    background_of,
    borders_of,
    round_edges,
)
from tablecast.schema.schema import Schema


def kept_of(table: pd.DataFrame, task: Any = "regression") -> tuple[dict[str, Any], Schema]:
    schema = Schema.from_table(table, "target", task)
    return json.loads(json.dumps(background_of(table, schema))), schema


def test_numbers_are_kept_as_means_of_equal_groups() -> None:
    """A field of many numbers is 32 values, each the mean of as many rows, and keeps its mean."""
    values = np.random.default_rng(0).lognormal(size=1000)
    kept, _ = kept_of(pd.DataFrame({"size": values, "target": values}))
    field = kept["fields"]["size"]
    assert len(field["values"]) == GROUPS
    assert sum(field["counts"]) == 1000
    assert set(field["counts"]) == {31, 32}
    mean = np.average(field["values"], weights=field["counts"])
    assert mean == pytest.approx(values.mean(), 1e-3)


def test_no_row_alone_can_be_read_from_it() -> None:
    """Rare values, an outlier and a rare level among them, are merged with others."""
    size = np.concatenate([np.arange(100.0) / 7, [9876.5]])
    town = np.array(["Aa"] * 60 + ["Bb"] * 39 + ["Hermitage", "Ruin"], dtype=object)
    kept, _ = kept_of(pd.DataFrame({"size": size, "town": town, "target": size}))
    text = json.dumps(kept)
    assert "9876.5" not in text
    assert "Hermitage" not in text
    assert "Ruin" not in text
    assert all(count >= FEWEST for field in kept["fields"].values() for count in field["counts"])
    assert kept["fields"]["town"]["rest"] == 2


def test_five_rows_are_enough_to_be_kept() -> None:
    """A value, a level or a whole field of five rows is told, and one of four is not."""
    for rows, values in ((FEWEST, [3.5]), (FEWEST - 1, [])):
        filled = [3.5] * rows + [np.nan] * (20 - rows)
        town = ["Aa"] * (20 - rows) + ["Bb"] * rows
        kept, _ = kept_of(pd.DataFrame({"size": filled, "town": town, "target": np.arange(20.0)}))
        assert kept["fields"]["size"]["values"] == values
        assert kept["fields"]["size"]["counts"] == [rows] * len(values)
        assert kept["fields"]["town"]["values"] == ["Aa", "Bb"][: 1 + len(values)]
        assert kept["fields"]["town"]["rest"] == (0 if values else rows)


def test_a_few_shared_numbers_are_kept_as_they_are() -> None:
    """Whole numbers that many rows share keep their own frequencies."""
    children = np.repeat([0, 1, 2], [60, 30, 10])
    kept, _ = kept_of(pd.DataFrame({"children": children, "target": np.arange(100.0)}))
    assert kept["fields"]["children"] == {
        "values": [0, 1, 2], "counts": [60, 30, 10], "rest": 0, "missing": 0,
    }


def test_what_is_read_back_has_every_share() -> None:
    """Missing values and rare levels have their share, and all shares make 1."""
    town = np.array(["Aa"] * 50 + [""] * 25 + ["Bb"] * 21 + ["Cc"] * 2 + ["Dd"] * 2, dtype=object)
    table = pd.DataFrame({"town": town, "target": np.arange(100.0)}).replace("", np.nan)
    kept, schema = kept_of(table)
    background = Background.from_json(kept, schema)
    assert background.frequent["town"] == pytest.approx(
        {"Aa": 0.5, "Bb": 0.21, "Cc": 0.02, "Dd": 0.02, "": 0.25}
    )


def test_dates_stay_days() -> None:
    """A group of days is represented by a day."""
    days = pd.Timestamp("2020-03-01") + pd.to_timedelta(np.arange(300), "D")
    kept, _ = kept_of(pd.DataFrame({"bought": days, "target": np.arange(300.0)}))
    assert all(value % 86400 == 0 for value in kept["fields"]["bought"]["values"])


def test_the_histogram_has_round_borders_and_every_row() -> None:
    """Bars between round numbers, and rows beyond them counted apart."""
    target = np.random.default_rng(3).lognormal(9, 1, 1000)
    kept, _ = kept_of(pd.DataFrame({"x": np.arange(1000.0), "target": target}))
    found = kept["target"]
    assert found["below"] + sum(found["counts"]) + found["above"] == 1000
    assert found["edges"][-1] < target.max()
    assert len(found["counts"]) <= 40
    step = found["edges"][1] - found["edges"][0]
    assert found["edges"] == [found["edges"][0] + step * n for n in range(len(found["edges"]))]
    assert step in (1000, 2000, 2500, 5000)


def test_a_constant_target_has_a_histogram() -> None:
    """A target that never changes is one bar, and no error."""
    kept, _ = kept_of(pd.DataFrame({"x": np.arange(30.0), "target": np.full(30, 7.0)}))
    assert sum(kept["target"]["counts"]) == 30


def test_classes_keep_their_shares() -> None:
    """Whole numbers as classes are written without a fraction."""
    table = pd.DataFrame({"x": np.arange(40.0), "target": np.repeat([3.0, 10.0], [30, 10])})
    kept, schema = kept_of(table, "classification")
    assert Background.from_json(kept, schema).class_fractions == {"3": 0.75, "10": 0.25}


@pytest.mark.thorough
def test_real_tables_fit_in_a_few_kilobytes(real_table: Callable[[str], Path]) -> None:
    """The widest real table's distributions are under 20 kB."""
    prepared = prepare(read_table(real_table("house")), "SalePrice")
    schema = Schema.from_table(prepared.table, "SalePrice", "regression")
    assert len(json.dumps(background_of(prepared.table, schema))) < 20_000


@pytest.mark.parametrize(
    ("low", "high", "most", "edges"),
    [
        (0, 100, 12, range(0, 101, 10)),
        (0, 1000, 12, range(0, 1001, 100)),
        (3, 17, 10, range(2, 19, 2)),
        (-4, 21, 7, range(-5, 26, 5)),
        (0.3, 1.7, 10, [0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8]),
        (5, 5, 12, range(11)),
        (0, 0, 6, [-1, -0.5, 0, 0.5, 1]),
        (-3, -3, 8, range(-6, 1)),
    ],
)
def test_a_histograms_edges_are_round(
    low: float, high: float, most: int, edges: Iterable[float]
) -> None:
    """Steps of 1, 2, 2.5 or 5 times a power of ten span both ends, in at most so many bars."""
    assert round_edges(low, high, most) == pytest.approx(list(edges))
    assert len(round_edges(low, high, most)) - 1 <= most


def test_a_number_stands_for_what_is_nearest_to_it() -> None:
    """Borders are midway between neighbours, and as far out at either end as they are inside."""
    assert borders_of(np.array([1.0, 2.0, 4.0])).tolist() == [0.5, 1.5, 3.0, 5.0]
    assert borders_of(np.array([7.0])).tolist() == [6.5, 7.5]


def test_the_share_around_numbers_is_of_what_lies_nearest() -> None:
    """What is kept of a number is spread evenly around it; a missing one is around nothing."""
    marginal = Marginal((1.0, 2.0, 3.0, math.nan), np.array([0.25, 0.5, 0.125, 0.125]))
    assert marginal.around([1.0, 2.0, 3.0]) == pytest.approx([0.25, 0.5, 0.125])
    assert marginal.around([1.0, 3.0]) == pytest.approx([0.5, 0.375])
    assert marginal.around([9.0, 10.0]) == pytest.approx([0.0, 0.0])
    assert Marginal((math.nan,), np.array([1.0])).around([1.0, 2.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("rows_of", "kept_as_they_are"),
    [([5] * 32, True), ([5] * 33, False), ([5] * 31 + [4], False), ([40, 5], True)],
)
def test_numbers_that_five_rows_share_are_kept_as_they_are(
    rows_of: list[int], kept_as_they_are: bool
) -> None:
    """Up to 32 of them; else they are merged into groups of five rows and more."""
    values = np.repeat(np.arange(len(rows_of)) + 0.5, rows_of)
    kept, _ = kept_of(pd.DataFrame({"x": values, "target": values}))
    found = kept["fields"]["x"]
    assert (found["counts"] == rows_of) is kept_as_they_are
    assert sum(found["counts"]) == len(values)
    assert min(found["counts"]) >= 5
    assert len(found["counts"]) <= 32


def test_too_few_values_are_not_kept_at_all() -> None:
    """Four rows could be traced; those without a value are counted, and have no rest."""
    filled = np.where(np.arange(20) < 4, np.arange(20.0), np.nan)
    kept, schema = kept_of(pd.DataFrame({"x": filled, "target": np.arange(20.0)}))
    assert kept["fields"]["x"] == {"values": [], "counts": [], "rest": 0, "missing": 16}
    assert Background.from_json(kept, schema).rows == 20


def test_the_fifty_commonest_levels_have_their_shares() -> None:
    """Of levels that as many rows have, the first in the alphabet; the others share the rest."""
    town = [f"T{at % 60:02}" for at in range(600)]
    kept, _ = kept_of(pd.DataFrame({"town": town, "target": np.arange(600.0)}))
    assert kept["fields"]["town"]["values"] == [f"T{at:02}" for at in range(50)]
    assert kept["fields"]["town"]["rest"] == 100


def test_rows_are_those_of_the_target() -> None:
    """Bars and what lies beyond them, or classes; a class without a row has none."""
    target = np.random.default_rng(3).normal(9, 99, 1000)
    kept, schema = kept_of(pd.DataFrame({"x": np.arange(1000.0), "target": target}))
    assert min(kept["target"]["below"], kept["target"]["above"]) > 0
    assert Background.from_json(kept, schema).rows == 1000
    table = pd.DataFrame({"x": np.arange(40.0), "target": np.repeat(["a", "b"], 20)})
    schema = Schema.from_table(table, "target", "classification")
    kept = background_of(table[:20], schema)
    assert kept["target"] == {"classes": {"a": 20, "b": 0}}
    assert Background.from_json(kept, schema).rows == 20


def test_a_histogram_has_forty_bars_at_most() -> None:
    """Of 0 to 77 a bar of 2 would make too many, with one on either side."""
    kept, _ = kept_of(pd.DataFrame({"x": np.arange(200.0), "target": np.repeat([0.0, 77.0], 100)}))
    assert kept["target"]["edges"][:2] == [0, 2.5]


@pytest.mark.parametrize("first", [0, 1])
def test_rows_on_the_outermost_borders_are_in_a_bar(first: int) -> None:
    """Each is counted once."""
    target = np.tile(np.arange(40.0) + first, 9)
    kept, _ = kept_of(pd.DataFrame({"x": np.arange(360.0), "target": target}))
    found = kept["target"]
    assert found["edges"][0] == target.min() or found["edges"][-1] == target.max()
    assert (found["below"], sum(found["counts"]), found["above"]) == (0, 360, 0)


@pytest.mark.parametrize(
    ("position", "value"), [(0.0, 5.0), (0.0999, 5.0), (0.1, 6.0), (0.301, 7.0), (1.0, 7.0)]
)
def test_a_position_has_the_value_whose_rows_lie_there(position: float, value: float) -> None:
    """At a border the next one; at the very end the last one, in spite of rounding."""
    marginal = Marginal((5.0, 6.0, 7.0), np.array([0.1, 0.2, 0.7 - 1e-9]))
    assert marginal.values[marginal.at(np.array([position]))[0]] == value


@pytest.mark.parametrize(
    ("low", "high", "step", "first", "last"),
    [(0.0, 38.0, 1.0, 0.0, 38.0), (0.0, 76.0, 2.0, 0.0, 76.0), (0.0, 77.0, 2.5, 0.0, 77.5),
     (0.0, 96.0, 5.0, 0.0, 100.0), (0.0, 300.0, 10.0, 0.0, 300.0), (5.0, 5.0, 0.5, 0.0, 10.0),
     (0.0, 0.0, 0.1, -1.0, 1.0), (3.0, 2.0, 0.2, 0.0, 4.0)],
)  # fmt: skip
def test_borders_are_round(low: float, high: float, step: float, first: float, last: float) -> None:
    """The smallest of 1, 2, 2.5 and 5 times a power of ten that needs no more than 40 bars."""
    edges = round_edges(low, high, 40)
    assert edges[1] - edges[0] == pytest.approx(step)
    assert (edges[0], edges[-1]) == pytest.approx((first, last))
