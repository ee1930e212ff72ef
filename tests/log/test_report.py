"""What the watch says of some days, from their sums alone."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import pytest
from watched import TODAY, Row, days_of, heavier, rows_of, shipped, with_outcomes

from tablecast.log.daily_sums import Counting, added, of_outcome
from tablecast.log.watch_report import report_of

SHIPPED = shipped()


def smokes(row: Row) -> None:
    """Whoever is asked about smokes."""
    row["given"]["smoker"] = "yes"


def test_usual_days_are_quiet() -> None:
    """Thirty days like training's raise no alarm, and are counted."""
    report = report_of(SHIPPED, days_of(SHIPPED, 30, 200), TODAY)
    assert report.is_quiet
    assert report.sums["rows"] == 6000
    assert (report.last - report.first).days == 29
    assert [week.rows for week in report.weeks] == [400, 1400, 1400, 1400, 1400]
    assert report.coverage is None
    assert report.figures == ()
    assert {drift.since for drift in report.drifts} == {None}


def test_the_field_that_has_changed_comes_first() -> None:
    """With the day since which, what it was in training, and what it is now."""
    report = report_of(SHIPPED, days_of(SHIPPED, 20, 500, heavier, 2), TODAY)
    worst, others = report.drifts[0], report.drifts[1:]
    assert worst.field == "bmi"
    assert worst.drifted
    assert worst.p < 0.001
    assert worst.since == date(1970, 1, 1).fromordinal(date(1970, 1, 1).toordinal() + TODAY - 1)
    assert worst.rows == 1000
    assert worst.trained == pytest.approx(30.66, abs=0.1)
    assert worst.now == pytest.approx(33.5, abs=0.4)
    assert worst.distance > 0.1
    assert not any(drift.drifted for drift in others)
    assert not report.is_quiet


def test_a_level_that_is_asked_more_often_is_named() -> None:
    """The level whose share has risen most, then and now."""
    worst = report_of(SHIPPED, days_of(SHIPPED, 3, 100, smokes, 3), TODAY).drifts[0]
    assert worst.field == "smoker"
    assert worst.level == "yes"
    assert worst.trained == pytest.approx(0.205, abs=0.01)
    assert worst.now == 1.0


def test_answers_that_have_changed_are_told() -> None:
    """By themselves, beside those to rows that training had not seen."""

    def dearer(row: Row) -> None:
        row["prediction"] += 8000

    report = report_of(SHIPPED, days_of(SHIPPED, 3, 200, dearer, 3), TODAY)
    assert report.answers is not None
    assert report.answers.drifted
    assert not any(drift.drifted for drift in report.drifts)


def test_values_missing_and_never_seen_are_drift() -> None:
    """A field that comes empty, and levels that training did not have."""

    def odd(row: Row) -> None:
        row["given"] |= {"children": None, "region": "northwest "}

    report = report_of(SHIPPED, days_of(SHIPPED, 2, 100, odd, 2), TODAY)
    region, children = report.drifts[:2]
    assert (region.field, children.field) == ("region", "children")
    assert region.drifted
    assert children.drifted
    assert math.isnan(children.now)
    assert region.level == ""
    assert region.now == 1.0


def test_outcomes_are_judged_beside_the_promise_and_the_card() -> None:
    """Errors like the card's are no alarm; twice as large ones are, and leave the ranges."""
    usual = days_of(SHIPPED, 30, 50)
    fair = report_of(SHIPPED, with_outcomes(SHIPPED, usual, 40, 2400), TODAY)
    assert fair.is_quiet
    assert fair.coverage
    assert fair.coverage.promised == 0.9
    assert fair.coverage.low < fair.coverage.value < fair.coverage.high
    assert fair.coverage.rows == 1200
    mae, rmse = fair.figures
    assert (mae.name, rmse.name) == ("MAE", "RMSE")
    assert mae.card == 2683.5
    assert mae.value == pytest.approx(2400 * 0.798, rel=0.08)
    assert mae.low < mae.value < mae.high
    worse = with_outcomes(SHIPPED, days_of(SHIPPED, 30, 50), 40, 6000)
    bad = report_of(SHIPPED, worse, TODAY)
    assert bad.figures[0].worse
    assert bad.coverage
    assert bad.coverage.below
    assert bad.coverage.value == pytest.approx(0.495, abs=0.05)
    assert bad.coverage.late == pytest.approx(bad.coverage.value, abs=0.05)
    assert bad.weeks[-1].covered == pytest.approx(0.495, abs=0.08)
    assert bad.weeks[-1].error == pytest.approx(6000 * 0.798, rel=0.2)


def test_it_says_since_when_predictions_are_worse() -> None:
    """After twenty-one good days, nine on which half of the outcomes are outside their range."""
    days = with_outcomes(SHIPPED, days_of(SHIPPED, 30, 50), 40, 1500)
    bad = with_outcomes(SHIPPED, days_of(SHIPPED, 9, 50), 40, 6000)
    report = report_of(SHIPPED, {**days, **bad}, TODAY)
    assert report.coverage
    assert report.coverage.below
    assert report.day(report.coverage.start) == report.last - timedelta(8)
    assert report.coverage.late < 0.6 < report.coverage.value


def test_classes_are_judged_by_accuracy_and_log_loss() -> None:
    """What was surely wrong has a large loss, and not an endless one."""
    description: dict[str, Any] = {
        **SHIPPED,
        "schema": {**SHIPPED["schema"], "task": "classification", "classes": ["a", "b"]},
        "interval": None,
        "card": {"evaluation": {"rows": 500, "figures": {"accuracy": 0.9, "log_loss": 0.3}}},
    }
    right = {"prediction": "a", "probabilities": {"a": 0.9, "b": 0.1}}
    sure = {"prediction": "a", "probabilities": {"a": 1.0, "b": 0.0}}
    sums = added(of_outcome(right, "a"), of_outcome(sure, "b"))
    for _ in range(99):
        added(sums, of_outcome(right, "b"))
        added(sums, of_outcome(right, "a"))
    report = report_of(description, {TODAY: sums}, TODAY)
    accuracy, loss = report.figures
    assert (accuracy.name, accuracy.value, accuracy.rows) == ("accuracy", 0.5, 200)
    assert accuracy.worse
    assert loss.value == pytest.approx((100 * 0.10536 + 99 * 2.302585 + 13.8155) / 200, rel=1e-4)
    assert loss.worse
    assert report.coverage is None


def test_classes_of_whole_numbers_are_compared_as_texts() -> None:
    """An outcome of a file is text, where the class is a number."""
    sums = of_outcome({"prediction": 1, "probabilities": None}, "1")
    assert sums == {"outcomes": {"rows": 1, "right": 1}}


def test_what_was_refused_and_warned_of_is_counted_by_reason() -> None:
    """The most frequent first; names that nobody knows are no new ones."""
    counting = Counting.of(SHIPPED)
    late = {"field": "age", "kind": "Enter {field} as text."}
    unknown = [{"field": f"made up {at}", "kind": "No such field."} for at in range(50)]
    sums = counting.refusals([{"reasons": [late, *unknown]}, {"reasons": unknown}])
    report = report_of(SHIPPED, {TODAY: sums}, TODAY)
    assert report.sums["refused"] == 2
    assert report.reasons("refusals") == [
        ("No such field.", "", 100), ("Enter {field} as text.", "age", 1),
    ]
    assert report.reasons("warnings") == []


def test_how_fast_is_told_from_groups() -> None:
    """Half of the answers within a group's ends."""
    fast = rows_of(SHIPPED, TODAY, 100)
    for row in fast[:10]:
        row["ms"] = 40.0
    report = report_of(SHIPPED, {TODAY: Counting.of(SHIPPED).answers(fast)}, TODAY)
    assert 0.25 <= (report.milliseconds(0.5) or 0) <= 0.5
    assert 25 <= (report.milliseconds(0.99) or 0) <= 50


def test_nothing_yet_is_no_failure() -> None:
    """A log without a row has a report without news."""
    report = report_of(SHIPPED, {}, TODAY)
    assert report.is_quiet
    assert report.sums == {}
    assert report.milliseconds(0.5) is None
    assert [week.rows for week in report.weeks] == [0]


def test_days_without_rows_stand_between() -> None:
    """A pause is drawn as one; so is the time since the last row."""
    days = days_of(SHIPPED, 30, 10)
    for day in range(TODAY - 20, TODAY + 1):
        days.pop(day)
    report = report_of(SHIPPED, days, TODAY)
    assert [week.rows for week in report.weeks] == [20, 70, 0, 0, 0]
    assert report.drifts[0].weeks[-1] is None


def test_an_error_that_is_no_number_any_more_still_counts() -> None:
    """Its fourth power would be none."""
    row = {"prediction": 1e300, "low": None, "high": None}
    sums = of_outcome(row, -1e300)["outcomes"]
    assert all(math.isfinite(value) for value in sums.values())
    assert "ranged" not in sums
