"""The watch's figures, tables and pictures, made of numbers whose places are easily worked out."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tablecast.log.bins import ANSWERS, Bins
from tablecast.log.evidence import Expected
from tablecast.log.watch_report import Drift
from tablecast.schema.schema import Schema
from tablecast.web.watch import pictures
from tablecast.web.watch.values import figure_of, values_of
from tablecast.web.watch.watch_parts import _decimals, _levels, _ratio, _tiles
from tablecast.web.watch.watch_tables import MOST_REASONS, quality_table, reasons_table
from tests.stand_ins import insurance_schema, iris_schema


def test_tiles_are_counts_with_what_they_are_of() -> None:
    """Refused requests are a share of all, warnings and outcomes of what was predicted."""
    sums = {"rows": 200, "refused": 50, "warned": 30, "outcomes": {"rows": 25}}
    took = {0.5: 1.234, 0.99: 12.7}
    assert _tiles(SimpleNamespace(sums=sums, milliseconds=took.get)) == [
        ("200", "Predictions", ""), ("50", "Refused requests", "20.0%"),
        ("30", "With a warning", "15.0%"), ("25", "Outcomes", "12.5%"),
        ("1.2 ms", "Median time", "99% within 13 ms"),
    ]  # fmt: skip


def test_tiles_of_nothing_have_no_shares() -> None:
    """Nor a time where none is known."""
    tiles = _tiles(SimpleNamespace(sums={}, milliseconds=lambda _share: None))
    assert [(figure, of) for figure, _, of in tiles] == [("0", "")] * 4


def measured(name: str, value: float, high: float, card: float | None) -> Any:
    return SimpleNamespace(name=name, value=value, low=value / 2, high=high, card=card, rows=40)


def test_quality_stands_beside_what_was_promised() -> None:
    """A figure has its own words for too few outcomes, and for a card that has no such figure."""
    covered = SimpleNamespace(value=0.875, promised=0.9, low=0.8, high=0.9375, rows=80)
    figures = [measured("MAE", 3000.0, 4500.0, 2952.7), measured("RMSE", 5000.0, math.inf, None)]
    table = quality_table(
        insurance_schema(), SimpleNamespace(coverage=covered, figures=figures)
    )
    assert table is not None
    assert table.rows == (
        ("Outcomes in the range", "87.5%", "90%", "80.0% to 93.8%", "80"),
        ("Mean absolute error", "$3,000", "$2,953", "$1,500 to $4,500", "40"),
        ("Root mean squared error", "$5,000", "–", "too few yet", "40"),
    )
    assert quality_table(insurance_schema(), SimpleNamespace(coverage=None, figures=[])) is None


def test_an_error_is_written_as_its_kind_is() -> None:
    """Accuracy is a percentage, a log loss has three decimals, and what is not known a dash."""
    schema = iris_schema()
    assert figure_of(schema, "accuracy", 0.875) == "87.5%"
    assert figure_of(schema, "log_loss", 0.12345) == "0.123"
    assert figure_of(schema, "log_loss", math.inf) == "–"


def counted(
    field: str, levels: tuple[str, ...] = (), middles: tuple[float, ...] = (), rising: int = 0
) -> Drift:
    """What the watch knows of a field all of whose rows are of late in one bin."""
    size = len(middles) + 1 if middles else len(levels) + 2
    expected = Expected(np.full(size, 1 / size), np.zeros(size) if middles else None, 100)
    bins = Bins(middles[1:], {level: at for at, level in enumerate(levels)}, middles, expected)
    shares = tuple(np.eye(size)[rising].tolist())
    return Drift(field, 1.0, None, 9, shares, 0.0, bins, ())


def test_a_level_is_followed_by_its_share() -> None:
    """Written as a percentage with a decimal; the other levels and missing values have words."""
    values = values_of(insurance_schema(), counted("sex", ("male", "female")))
    assert (values.what, values.of(0.25), values.of(0.0004)) == ("Male", "25.0%", "0.0%")
    assert values.bins() == ["Male", "Female", "other values", "missing"]
    assert values_of(insurance_schema(), counted("sex", ("male",), rising=1)).what == (
        "other or missing values"
    )


def test_a_number_is_followed_by_its_mean() -> None:
    """In its unit, with four digits at most; its bins are the spaces between amounts."""
    values = values_of(insurance_schema(), counted("bmi", middles=(20.0, 25.0, 30.127)))
    assert (values.what, values.of(30.12745)) == ("Estimated mean", "30.13 kg/m²")
    assert values.bins() == [
        "below 25 kg/m²", "25 kg/m² to 30.13 kg/m²", "30.13 kg/m² or more", "missing",
    ]  # fmt: skip


def test_answers_are_followed_as_they_are_answered() -> None:
    """An amount with the digits of the largest, or a class by its name and its share."""
    amounts = values_of(insurance_schema(), counted(ANSWERS, middles=(-2000.0, 500.0)))
    assert (amounts.label, amounts.of(1234.6)) == ("The predictions", "$1,235")
    schema = iris_schema()
    name = schema.classes[0]
    classes = values_of(
        replace(schema, class_labels={str(name): "The first"}), counted(ANSWERS, (str(name),))
    )
    assert (classes.what, classes.of(0.125), classes.level("?")) == ("The first", "12.5%", "?")


def test_reasons_are_told_without_values() -> None:
    """A field by its label; what it belongs to is gone, and so is the value."""
    found = [("Enter {field} as a number, not {value}.", "age", 7), ("Say it again.", None, 2)]
    report = SimpleNamespace(reasons=lambda _name: [*found, *found[:1] * MOST_REASONS])
    schema: Schema = insurance_schema()
    table = reasons_table(schema, report, "refusals")
    assert table is not None
    label = schema.field("age").label
    assert len(table.rows) == MOST_REASONS
    assert table.rows[:2] == (
        (f"Enter {label} as a number, not ….", label, "7"), ("Say it again.", "–", "2"),
    )  # fmt: skip
    assert reasons_table(schema, SimpleNamespace(reasons=lambda _name: []), "refusals") is None


@pytest.mark.parametrize(
    ("ticks", "decimals"), [((0, 0.5, 1), 0), ((0, 0.025, 0.05), 1), ((0.1, 0.2, 0.3), 0)]
)
def test_ticks_have_the_decimals_that_tell_them_apart(
    ticks: tuple[float, ...], decimals: int
) -> None:
    """None, or one."""
    assert _decimals(ticks) == decimals


def test_a_part_of_nothing_is_nothing() -> None:
    """A week without requests has no share of refused ones."""
    assert (_ratio(0, 0), _ratio(1, 4)) == (0.0, 0.25)


def test_levels_that_are_most_frequent_come_first() -> None:
    """In training or now; one that was next to never there and is not now is left out."""
    names = ["a", "b", "c", "d"]
    levels = _levels(names, [0.2, 0.5, 0.0004, 0.0005], (0.7, 0.2, 0.0, 0.0))
    assert [(level.name, level.trained, level.now) for level in levels] == [
        ("a", "20.0%", "70.0%"), ("b", "50.0%", "20.0%"), ("d", "0.1%", "0.0%"),
    ]  # fmt: skip
    assert levels[0].widths == pytest.approx((20, 70))


# Pictures


def test_pairs_of_bars_stand_side_by_side() -> None:
    """Each bin has a slot, and 6% of it is free on either side; no bar stands for nothing."""
    plot = pictures.pairs([0.5, 0.0], [0.25, 1.0])
    assert plot.up.ticks == (0, 0.5, 1)
    assert plot.areas == {2: "M3 100v-50h22V100z", 5: "M25 100v-25h22V100zM75 100v-100h22V100z"}
    assert plot.across.ticks == (0, 1)
    assert pictures.pairs([0.0], [0.0]).up.ticks[-1] == 1


def test_a_bar_stands_for_each_week() -> None:
    """As high as its value; of no weeks there is a picture without bars."""
    plot = pictures.bars([2.0, 0.0, 4.0, 1.0])
    assert plot.up.ticks == (0, 2, 4)
    assert plot.areas == {5: "M1.5 100v-50h22V100zM51.5 100v-100h22V100zM76.5 100v-25h22V100z"}
    assert plot.across.ticks == (0, 3)
    assert pictures.bars([]).areas == {5: ""}


def test_a_course_leaves_out_weeks_without_a_value() -> None:
    """The line goes on behind them; a second one stands at what it is compared with."""
    plot = pictures.course([0.0, None, 4.0], 2.0)
    assert plot.up.ticks == (0, 2, 4)
    assert plot.lines == {"line": "0,100 100,0", "even": "0,50 100,50"}
    assert plot.dots == ((0, 100), (100, 0))
    assert pictures.course([0.0, 4.0], None).lines == {"line": "0,100 100,0"}
    assert pictures.course([1.0, 3.0], 5.0).up.ticks[-1] >= 5
