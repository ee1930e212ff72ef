"""The model card's pictures, drawn of figures whose places are easily worked out."""

from __future__ import annotations

import pytest

from tablecast.schema.schema import Schema
from tablecast.web.card import card_charts
from tablecast.web.card.class_figures import _strength, class_figures, confusion_of
from tablecast.web.card.group_tables import _differences
from tablecast.web.display.amounts import Wording
from tablecast.web.display.axis import Axis, ticks_within
from tablecast.web.display.charts import Scale
from tablecast.web.form.whatif_cards import legible


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0, 10, 5, (0, 2, 4, 6, 8, 10)),
        (1, 9, 4, (0, 2.5, 5, 7.5, 10)),
        (0, 1, 4, (0, 0.25, 0.5, 0.75, 1)),
        (-30, 70, 5, (-50, -25, 0, 25, 50, 75)),
        (0.1, 0.3, 4, (0.1, 0.15, 0.2, 0.25, 0.3)),
        (0, 4_100, 4, (0, 2_000, 4_000, 6_000)),
        (7, 7, 5, (2, 4, 6, 8, 10, 12)),
        (0, 0, 5, (-0.5, -0.25, 0, 0.25, 0.5)),
    ],
)
def test_an_axis_has_round_ticks(low: float, high: float, most: int, ticks: tuple) -> None:
    """At most so many steps of 1, 2, 2.5 or 5 times a power of ten span both ends."""
    axis = card_charts.axis_over(low, high, most)
    assert axis.ticks == ticks
    assert axis.scale == Scale(ticks[0], ticks[-1])


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (3, 97, (25, 50, 75)),
        (20, 100, (20, 40, 60, 80, 100)),
        (-0.3, 0.3, (-0.2, 0, 0.2)),
        (5, 5, ()),
        (9, 3, ()),
    ],
)
def test_ticks_stand_within_what_is_drawn(low: float, high: float, ticks: tuple) -> None:
    """Round numbers between both ends, the ends among them; one value has none."""
    assert ticks_within(low, high) == ticks


def test_a_crowded_cell_is_strong() -> None:
    """A cell stands at its actual and its predicted edges, as strong as the root of its rows."""
    plot = card_charts.cells({"edges": [0, 10, 20], "counts": [(0, 0, 100), (1, 0, 1), (0, 1, 36)]})
    assert plot.areas == {
        5: "M0 100V50H50V100z", 1: "M50 100V50H100V100z", 3: "M0 50V0H50V50z",
    }  # fmt: skip
    assert plot.lines == {"even": "0,100 100,0"}
    assert card_charts.cells({"edges": [0, 10], "counts": []}).areas == {}


def test_bars_leave_a_gap_and_mark_zero_between_them() -> None:
    """6% of a bar is free on either side; a line at 0 stands only between negative and positive."""
    plot = card_charts.bars([-30, -20, 0, 20, 30], [0, 1, 4, 0])
    assert plot.across.ticks == (-20, -10, 0, 10, 20)
    assert plot.up.ticks == (0, 1, 2, 3, 4)
    assert plot.areas == {5: "M3 100V75H47V100zM53 100V0H97V100z"}
    assert plot.lines == {"even": "50,0 50,100"}
    for edges in ([0, 20], [-20, 0]):
        assert card_charts.bars(edges, [3]).lines == {}
    empty = card_charts.bars([0, 10, 20], [0, 0])
    assert (empty.areas, empty.across.ticks[-1], empty.up.ticks[-1]) == ({5: ""}, 20, 1)


def group(predicted: float, low: float, mean: float, high: float) -> dict[str, float]:
    return {
        "predicted": predicted, "residual_low": low, "residual": mean, "residual_high": high
    }


def test_errors_are_drawn_over_the_predictions() -> None:
    """A band of eight in ten, the mean on it, and a line where there is no error."""
    plot = card_charts.errors_by_answer([group(0, -10, 0, 10), group(4, -5, 5, 10)])
    assert plot.up.ticks == (-10, -5, 0, 5, 10)
    assert plot.areas == {1: "M0 100L100 75L100 0L0 0z"}
    assert plot.lines == {"even": "0,50 100,50", "line": "0,50 100,25"}
    assert plot.dots == ((0, 50), (100, 25))


def test_one_group_of_extreme_errors_does_not_press_the_others() -> None:
    """Beyond three times the others' height it is drawn at the edge; no errors are drawn too."""
    groups = [group(place, -1, 0, 1) for place in range(4)] + [group(4, -1, 0, 90)]
    assert card_charts.errors_by_answer(groups).up.ticks == (-4, -2, 0, 2, 4)
    groups = [group(place, -1, 0, 1) for place in range(3)] + [group(4, -90, 0, 1)]
    assert card_charts.errors_by_answer(groups).up.ticks == (-100, -50, 0, 50, 100)
    none = card_charts.errors_by_answer([group(0, 0, 0, 0), group(1, 0, 0, 0)])
    assert none.up.ticks == (-1, -0.5, 0, 0.5, 1)


def test_coverage_is_drawn_beside_what_it_is_meant_to_be() -> None:
    """The share inside over the predictions, up to 1, and a line at the level."""
    groups = [{"predicted": 0, "covered": 1.0}, {"predicted": 8, "covered": 0.8}]
    plot = card_charts.coverage(groups, 0.9)
    assert plot.up.ticks == (0.8, 0.85, 0.9, 0.95, 1)
    assert plot.lines == {"even": "0,50 100,50", "line": "0,0 100,100"}
    assert plot.dots == ((0, 0), (100, 100))
    groups[1]["covered"] = 0.95
    assert card_charts.coverage(groups, 0.8).up.ticks[0] == 0.8


def test_a_roc_curve_keeps_its_corners() -> None:
    """Points on a straight part say nothing; the area under the curve is filled."""
    plot = card_charts.roc([(0, 0), (0, 0.25), (0, 0.5), (0.5, 0.75), (1, 1)])
    assert plot.lines == {"even": "0,100 100,0", "line": "0,100 0,50 100,0"}
    assert plot.areas == {1: "M0 100L0 50L100 0L100 100z"}


def test_calibration_is_drawn_over_the_probability() -> None:
    """A dot at how often it came true, in per cent of the picture."""
    plot = card_charts.calibration([{"predicted": 0.2, "actual": 0.1}])
    assert plot.dots == ((20, 90),)
    assert plot.lines == {"even": "0,100 100,0", "line": "20,90"}


def test_an_effect_is_drawn_over_its_values() -> None:
    """The mean prediction at each value, and a line at the mean of all."""
    up = Axis(Scale(0, 10), (0, 10))
    plot = card_charts.effect([2, 3, 6], [0, 5, 10], up, 2.5)
    assert plot.lines == {"even": "0,75 100,75", "line": "0,100 25,50 100,0"}
    assert plot.across.ticks == (2, 6)
    assert card_charts.rug([2, 3, 6], plot.across) == "M0 0V100M25 0V100M100 0V100"


def test_areas_of_classes_stand_one_on_the_other() -> None:
    """The first class is the faintest and lowest; what is without a name is free above."""
    plot = card_charts.class_areas([0, 1], [(0.5, 0.25), (0.25, 0.25)])
    assert plot.areas == {
        1: "M0 50L100 75L100 100L0 100z", 4: "M0 25L100 50L100 75L0 50z",
    }  # fmt: skip


def test_two_to_six_classes_are_told_apart() -> None:
    """Each has a strength of its own, stronger than the one below it."""
    for classes, tones in card_charts.TONES.items():
        assert len(tones) == classes
        assert list(tones) == sorted(set(tones))


@pytest.mark.parametrize(("groups", "drawn"), [(1, []), (2, ["b", "All predictions"])])
def test_a_calibration_needs_two_points(groups: int, drawn: list[str]) -> None:
    """One group of probabilities is no curve; of two classes the second one is drawn."""
    schema = Schema((), "y", "classification", classes=("a", "b"))
    points = [{"predicted": 0.2, "actual": 0.1, "rows": 9}] * groups
    curve = {"roc": [(0, 0), (1, 1)], "auc": 0.5, "calibration": points}
    facts = {"by_class": [{"class": name, **curve} for name in "ab"], "confidence": points}
    rocs, calibrations = class_figures(schema, facts)
    assert [figure.title for figure in rocs] == ["b"]
    assert [figure.title for figure in calibrations] == drawn


@pytest.mark.parametrize(
    ("fraction", "strength"), [(0, 0), (0.01, 1), (0.2, 2), (0.39, 2), (0.8, 5), (1, 5)]
)
def test_a_cell_of_the_confusion_matrix_has_the_strength_of_its_fraction(
    fraction: float, strength: int
) -> None:
    """Nothing is white, all is strongest, and each fifth is one step."""
    assert _strength(fraction) == strength


def test_the_confusion_matrix_sums_up_what_it_does_not_name() -> None:
    """Classes beyond those shown have one row, named by how many they are."""
    schema = Schema((), "y", "classification", classes=("a", "b"))
    counts = [[3, 1, 0], [0, 4, 0], [0, 0, 0]]
    facts = {"confusion": {"classes": ["a", "b"], "others": 7, "counts": counts}}
    confusion = confusion_of(schema, facts)
    assert [name for name, _ in confusion.rows] == ["a", "b", "7 other classes"]
    first = confusion.rows[0][1]
    assert [cell.strength for cell in first] == [4, 2, 0]


def test_differences_of_groups_stand_on_one_scale() -> None:
    """Two standard errors on either side; 0 is in the middle, and the widest fills its side."""
    groups = [{"difference": 10.0, "error": 2.0}, {"difference": -4.0, "error": 1.5}, {},
              {"difference": 3.0, "error": 2.0}, {"difference": 4.0, "error": 2.0}]
    first, second, third, fourth = _differences(groups)
    assert (first.low, first.at, first.high) == pytest.approx((1000 / 14, 1200 / 14, 100))
    assert (second.low, second.at, second.high) == pytest.approx((25, 500 / 14, 650 / 14))
    assert [bar.is_apart for bar in (first, second, third, fourth)] == [True, True, False, False]
    assert third.low < 50 < third.high
    (even,) = _differences([{"difference": 0.0, "error": 0.0}])
    assert (even.low, even.at, even.high, even.is_apart) == (50, 50, 50, False)
    assert _differences([{}]) == ()


@pytest.mark.parametrize(
    ("low", "high", "wording", "shown"),
    [
        (0, 100, Wording("", 0), (0, 100)),
        (50, 50, Wording("", 0), (40, 60)),
        (1, 1, Wording("", 0), (0, 20)),
        (-1, 1, Wording("", 1), (-1, 1)),
        (1, 1, Wording("", 0, is_probability=True), (0.8, 1)),
        (0, 0, Wording("", 1, is_probability=True), (0, 0.02)),
    ],
)  # fmt: skip
def test_a_scale_is_as_wide_as_its_digits_tell_apart(
    low: float, high: float, wording: Wording, shown: tuple[float, float]
) -> None:
    """Twenty steps of the last digit; on one side of 0 where its values are, and at most at 1."""
    scale = legible(Scale(low, high), wording)
    assert (scale.low, scale.high) == pytest.approx(shown)
