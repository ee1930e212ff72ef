"""The words and places of the pages one by one, each at its limits."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tablecast.inference.marginals import Histogram
from tablecast.log.bins import ANSWERS, Bins
from tablecast.log.evidence import Expected
from tablecast.log.watch_report import Drift, Report, Week
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.card import card_charts
from tablecast.web.card.class_figures import class_table
from tablecast.web.card.comparisons import _loss, comparisons_of
from tablecast.web.card.effects import effects_of, importance_of, spans
from tablecast.web.card.group_tables import _class_cells, _few, _group_name, groups_of
from tablecast.web.card.quality import metrics_of
from tablecast.web.card.regression_figures import regression_figures, target_figure, ticks_of
from tablecast.web.card.sections import (
    _amount,
    _by_answer,
    _cell,
    _classes,
    _in_short,
    _interval,
    _leaderboard,
    _shown,
    _target,
)
from tablecast.web.display.amounts import (
    Wording,
    answer_in_words,
    likelihood,
    prediction_in_words,
    wording_of,
    wording_of_all,
)
from tablecast.web.display.axis import Axis, axis_over
from tablecast.web.display.charts import Scale, Span, curve, fraction_below, from_zero, height
from tablecast.web.display.code_samples import curl_of, python_of
from tablecast.web.form.answer import (
    _coverage_in_words,
    _likely,
    _rank_in_words,
    is_average,
    steps_of,
)
from tablecast.web.form.controls import controls_of, free_name
from tablecast.web.form.layout import layout_of
from tablecast.web.form.whatif_cards import Option, _is_shared, _support, _thin_in_words
from tablecast.web.pages import batch_page
from tablecast.web.watch.findings import findings_of
from tablecast.web.watch.report_json import _drift, _figure, _finite, _week, bins_json
from tablecast.web.watch.values import values_of
from tablecast.web.watch.watch_parts import _course, _outcome_weeks, _status, _summary, _weeks
from tablecast.web.watch.watch_parts import _shown as shown_drift
from tests.stand_ins import insurance_schema

#: Amounts in dollars, and in points.
MONEY = insurance_schema()
POINTS = replace(MONEY, target_unit="points")
TWO = Schema((), "y", "classification", classes=("a", "b"), class_labels={"b": "Bee"})


@pytest.mark.parametrize(
    ("largest", "interval", "money", "points"),
    [
        (0.0, None, 3, 3), (0.5, None, 4, 4), (0.99, None, 4, 4), (1.0, None, 2, 3),
        (9.99, None, 2, 3), (100.0, None, 2, 1), (1000.0, None, 0, 0), (1e6, None, 0, 0),
        (5000.0, (4000.0, 6000.0), -1, -1), (500.0, (0.0, 99.0), 2, 1), (500.0, (0.0, 100.0), 0, 0),
        (5.0, (0.0, 1e6), 0, 0), (0.5, (0.0, 1e6), 0, 0), (50.0, (0.0, 1e6), -1, -1),
        (5000.0, (7.0, 7.0), 0, 0), (2.0, (1.0, 2.5), 2, 2),
    ],
)  # fmt: skip
def test_amounts_have_the_digits_that_say_something(
    largest: float, interval: tuple[float, float] | None, money: int, points: int
) -> None:
    """Four of the largest, or three of the range; of money cents or none."""
    assert wording_of(MONEY, largest, interval).decimals == money
    assert wording_of(POINTS, largest, interval).decimals == points


@pytest.mark.parametrize(("rows", "decimals"), [(9_999, 0), (10_000, 1)])
def test_tenths_of_a_per_cent_need_many_rows(rows: int, decimals: int) -> None:
    """Of a class, and not without knowing how many there were."""
    background: Any = SimpleNamespace(rows=rows)
    wording = wording_of(TWO, 1.0, None, background)
    assert wording == Wording("", decimals, is_probability=True)
    assert wording_of(TWO, 1.0) == Wording("", 0, is_probability=True)


@pytest.mark.parametrize(
    ("wording", "step", "tick", "change", "nothing"),
    [
        (Wording("$", 0), 1.0, "$0", "+$2", "$0"), (Wording("", -2), 100.0, "0", "0", "0"),
        (Wording("", 1), 0.1, "0.3", "+1.6", "0.0"),
        (Wording("", 0, is_probability=True), 0.01, "29%", "+160", "0"),
        (Wording("", 1, is_probability=True), 0.001, "29%", "+160.0", "0.0"),
    ],
)  # fmt: skip
def test_figures_of_one_picture_are_written_alike(
    wording: Wording, step: float, tick: str, change: str, nothing: str
) -> None:
    """A change has its sign unless it rounds to nothing; what is certain needs no decimals."""
    assert wording.step == pytest.approx(step)
    assert wording.tick(0.29) == tick
    assert (wording.change(1.6), wording.change(1e-9), wording.change(-1e-9)) == (
        change, nothing, nothing,
    )  # fmt: skip
    assert wording.change(-1.6) == change.replace("+", "−")
    fine = Wording("", 1, is_probability=True)
    assert [fine.tick(value) for value in (0.0, 1.0, 0.295, 0.29 + 1e-8)] == [
        "0%", "100%", "29.5%", "29.0%",
    ]  # fmt: skip
    assert (fine.error(0.0123), Wording("$", 0).error(12.3)) == ("± 1.2", "± 12")


@pytest.mark.parametrize(
    ("fraction", "decimals", "words"),
    [
        (0.0, 0, "under 1%"), (0.0049, 0, "under 1%"), (0.0051, 0, "1%"), (0.5, 0, "50%"),
        (0.9949, 0, "99%"), (0.9951, 0, "over 99%"), (1.0, 0, "over 99%"), (0.0, 1, "under 0.1%"),
        (0.001, 1, "0.1%"), (0.9996, 1, "over 99.9%"),
    ],
)  # fmt: skip
def test_a_probability_is_never_certain(fraction: float, decimals: int, words: str) -> None:
    """However near it is."""
    assert likelihood(fraction, decimals) == words


def predicted(label: Any, interval: Any = None, probabilities: Any = None) -> Any:
    return SimpleNamespace(
        prediction=label, interval=interval, probabilities=probabilities, ranges=None
    )


def test_answers_are_worded_beside_one_another() -> None:
    """As the surest of them is: by the narrowest range and the largest amount."""
    answers = [predicted(10.0, (0.0, 5000.0)), predicted(-300.0, (100.0, 150.0)), predicted(20.0)]
    assert wording_of_all(POINTS, answers, None) == wording_of(POINTS, 5000.0, (100.0, 150.0))
    assert wording_of_all(POINTS, [predicted(-7.0), predicted(2)], None).decimals == 3
    assert wording_of_all(POINTS, [], None).decimals == 3
    wording = Wording("", 0, is_probability=True)
    chances = {"a": 0.09, "b": 0.91}
    assert prediction_in_words(TWO, predicted("b", None, chances), wording) == "Bee (91%)"
    assert prediction_in_words(TWO, predicted("b"), wording) == "Bee"
    assert answer_in_words(TWO, "a", wording) == "a"
    assert answer_in_words(MONEY, 1234.5, Wording("$", 0)) in ("$1,234", "$1,235")


HISTOGRAM = Histogram((0.0, 10.0, 20.0), (30, 50), 15, 5)


@pytest.mark.parametrize(
    ("value", "below"),
    [(-1, 0.0), (0, 0.15), (5, 0.3), (10, 0.45), (20, 0.95), (21, 0.95)],
)
def test_how_many_are_below_a_value(value: float, below: float) -> None:
    """A bar's are taken as evenly spread; beyond the ends all of that side are."""
    assert fraction_below(HISTOGRAM, value) == pytest.approx(below)


@pytest.mark.parametrize(
    ("low", "high", "value", "span"),
    [(0, 10, 5, (0, 50)), (5, 10, 5, (0, 50)), (-10, 10, -5, (25, 25)), (-10, -5, -5, (50, 50)),
     (-10, 10, 10, (50, 50))],
)  # fmt: skip
def test_a_bar_begins_at_zero(low: float, high: float, value: float, span: Any) -> None:
    """Which its scale has, whatever the values are."""
    assert from_zero(Scale(low, high), value) == Span(*map(float, span))


def test_a_curve_is_firm_where_training_was() -> None:
    """From a point to the next where both stand for enough; bars show how many rows there were."""
    drawn = curve([0, 1, 3, 4], [0, 10, 10, 0], None, 5, Scale(0, 10), [], [0.1, 0.0, 0.4, 0.2],
                  [False, False, True, False])  # fmt: skip
    assert drawn.firm == "M0 92L25 8"
    assert drawn.rows == "M0 100V95H12.5V100M50 100V80H87.5V100M87.5 100V90H100V100"
    assert (drawn.mark, drawn.level, drawn.band) == (None, 50.0, "")
    whole = curve([0, 1, 2], [0, 5, 10], 1, 5, Scale(0, 10), [(0, 1), (4, 6), (9, 10)])
    assert (whole.firm, whole.rows) == ("M0 92L50 50L100 8", "")
    assert whole.mark == (50.0, 50.0)
    assert whole.band == "0,92 50,58.4 100,16.4 100,8 50,41.6 0,83.6"
    assert curve([3], [5], 0, 5, Scale(0, 10), [], [1.0]).rows == ""
    assert [height(Scale(0, 1), value) for value in (0, 0.5, 1)] == [92, 50, 8]


def test_programs_ask_with_a_row_as_it_is() -> None:
    """Quoted for a shell, and for Python."""
    row = {"it's": "é", "n": None}
    assert curl_of("http://a/?b&c", row) == (
        "curl 'http://a/?b&c' \\\n  -H 'Content-Type: application/json' \\\n"
        "  -d '{\n  \"it'\"'\"'s\": \"é\",\n  \"n\": null\n}'"
    )
    program = python_of("http://a", row)
    assert """row = {\n    "it's": 'é',\n    'n': None,\n}\n""" in program
    assert "timeout=10)\nanswer.raise_for_status()" in program


@pytest.mark.parametrize(
    ("fraction", "words"),
    [(0.0, "Lower than nearly"), (0.0049, "Lower than nearly"), (0.005, "Higher than about 0%"),
     (0.25, "Higher than about 25% of the 1,338"), (0.995, "Higher than about 100%"),
     (0.9951, "Higher than nearly")],
)  # fmt: skip
def test_an_answers_rank_is_a_sentence(fraction: float, words: str) -> None:
    """Which says nearly all where a percentage would say all or none."""
    assert _rank_in_words(fraction, 1338).startswith(words)


@pytest.mark.parametrize(
    ("level", "beyond", "words"),
    [(0.9, False, "About 9 in 10 "), (0.95, False, "About 95.0% of"), (0.9, True, "outside the"),
     (0.80000001, False, "About 8 in 10 ")],
)  # fmt: skip
def test_how_often_a_range_holds_is_a_sentence(level: float, beyond: bool, words: str) -> None:
    """In tenths where it is some; not where the case is none of training's."""
    assert words in _coverage_in_words(level, beyond)


@pytest.mark.parametrize(
    ("interval", "whole", "decimals", "ends"),
    [
        ((1.234, 5.671), False, 2, ("1.23", "5.68")), ((2.3, 2.3), False, 3, ("2.300", "2.300")),
        ((1.2, 5.6), True, 1, ("1", "6")), ((1234.0, 5671.0), True, -2, ("1,200", "5,700")),
        ((1.0, 2.0), False, 0, ("1", "2")),
    ],
)  # fmt: skip
def test_a_ranges_ends_are_rounded_outwards(
    interval: tuple[float, float], whole: bool, decimals: int, ends: tuple[str, str]
) -> None:
    """So that the answer lies between them as shown; whole answers have whole ends."""
    ranges = SimpleNamespace(limits=SimpleNamespace(whole=whole))
    answer: Any = SimpleNamespace(interval=interval, ranges=ranges)
    assert _likely(answer, Wording("", decimals)) == ends
    for missing in ({"interval": None}, {"ranges": None}):
        assert _likely(SimpleNamespace(**{**vars(answer), **missing}), Wording("", 0)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "card", "average"),
    [
        ("regression", {}, True), ("classification", {}, False),
        ("regression", {"estimator": "HuberRegressor"}, False),
        ("regression", {"estimator": "Ridge", "steps": [{"class": "Scaler"}]}, True),
        ("regression", {"steps": [{"class": "TargetTransformer"}]}, False),
    ],
)
def test_an_answer_is_an_average_where_squares_were_held_down(
    task: Any, card: dict[str, Any], average: bool
) -> None:
    """And nothing bent the target."""
    loaded: Any = SimpleNamespace(
        description={"card": card}, schema=SimpleNamespace(task=task)
    )
    assert is_average(loaded) is average


@pytest.mark.parametrize(
    ("fields", "lines", "last"),
    [(10, 10, "f9"), (11, 11, "f10"), (12, 11, "2 other fields"), (13, 11, "3 other fields")],
)
def test_the_smallest_contributions_are_told_together(fields: int, lines: int, last: str) -> None:
    """From the eleventh on, where that makes the list shorter."""
    schema: Any = SimpleNamespace(
        fields=[SimpleNamespace(name=f"f{at}", label=f"f{at}") for at in range(fields)]
    )
    parts: Any = [
        SimpleNamespace(field=f"f{at}", contribution=(-1) ** at * (100.0 - at), error=3.0)
        for at in range(fields)
    ]
    steps = steps_of(schema, 0.0, parts, Wording("", 0), {"f0": "given"}, exact=False)
    assert (len(steps), steps[-1].name) == (lines, last)
    assert (steps[0].value, steps[0].amount, steps[0].rises) == ("given", "+100", True)
    assert (steps[1].amount, steps[1].rises, steps[1].error) == ("−99", False, "± 3")
    if fields == 12:
        assert (steps[-1].amount, steps[-1].error) == ("+1", "± 4")
    exact = steps_of(schema, 0.0, parts[:2], Wording("", 0), {}, exact=True)
    assert [step.error for step in exact] == ["", ""]


def form_of(fields: int, name: str = "f") -> Schema:
    """A form of so many numbers."""
    names = [f"{name}{at}" for at in range(fields)]
    return Schema(
        tuple(Field(one, "number", "float64", label=one) for one in names), "y", "regression"
    )


def test_a_long_form_is_searched_and_not_sent_by_address() -> None:
    """From the twenty-first field on, and where a query would have more than 3,000 bytes."""
    for fields, is_long in ((20, False), (21, True)):
        layout = layout_of(controls_of(form_of(fields), {}))
        assert (layout.is_long, layout.fits_address) == (is_long, True)
    for spare, fits in ((0, True), (1, False)):
        # 2 bytes of the name, 2 of = and &, 12 at least of the value
        schema = form_of(1, "f" * (3000 - 12 - 2 - 1 + spare))
        assert layout_of(controls_of(schema, {})).fits_address is fits
    value = "é" * 600  # six bytes each
    assert not layout_of(controls_of(form_of(1), {"f0": value})).fits_address
    assert free_name("wish", {"wish", "wish-"}) == "wish--"


def option(value: str, thin: bool) -> Option:
    return Option(value, "", 0.0, Span(0, 0), False, thin)


@pytest.mark.parametrize(
    ("thin", "words"),
    [
        ("....", []), ("xxxx", ["There were few training cases anywhere."]),
        ("xx..", ["Few training cases below c."]), ("..xx", ["Few training cases above b."]),
        (".xx.", ["Few training cases between a and d."]),
        ("x.x.", ["Few training cases below b.", "Few training cases between b and d."]),
    ],
)
def test_where_training_had_few_rows_is_said(thin: str, words: list[str]) -> None:
    """From the nearest value on that had enough."""
    options = [option(name, sign == "x") for name, sign in zip("abcd", thin, strict=True)]
    assert list(_thin_in_words(options)) == words


def test_few_rows_are_few_of_all() -> None:
    """Fewer than twenty, and less than a quarter of an even spread; of a level, fewer than ten."""
    background: Any = SimpleNamespace(
        rows=100, marginals={"x": SimpleNamespace(around=np.array)},
        frequent={"x": {"a": 0.1, "b": 0.09}},
    )
    field: Any = SimpleNamespace(name="x")
    _, thin = _support(field, [0.0, 0.06, 0.07, 0.5], background, is_curve=True)
    assert thin == [True, True, False, False]
    background.rows = 1000
    _, thin = _support(field, [0.0, 0.019, 0.02, 0.5], background, is_curve=True)
    assert thin == [True, True, False, False]
    background.rows = 100
    assert _support(field, ["a", "b", "c"], background, is_curve=False) == (
        [], [False, True, True],
    )  # fmt: skip
    assert _support(field, ["a"], None, is_curve=False) == ([], [False])


@pytest.mark.parametrize(("flat", "shared"), [(1, True), (2, True), (3, False)])
def test_half_of_the_curves_must_show_something(flat: int, shared: bool) -> None:
    """A tenth of the scale at least; levels have bars and do not count."""
    courses = [SimpleNamespace(field="f", answers=[0.0, 1.0])] * 2
    courses += [SimpleNamespace(field="f", answers=[0.0, 0.99])] * flat
    courses += [SimpleNamespace(field="level", answers=[0.0, 0.0])] * 9
    courses += [SimpleNamespace(field="f", answers=[])]
    schema: Any = SimpleNamespace(
        field=lambda name: SimpleNamespace(choices=() if name == "f" else (1,))
    )
    found: Any = SimpleNamespace(courses=courses)
    assert _is_shared(schema, found, Scale(0.0, 10.0)) is shared


# The model card


def test_figures_of_a_model_are_short() -> None:
    """An amount with its unit, a share per cent, others with four digits; a sentence as it is."""
    assert _amount("MAE", -1234.56, MONEY) == "−$1,235"
    assert _amount("Accuracy", 0.95671, TWO) == "95.7%"
    assert _amount("AUC", 0.987654, TWO) == "0.9877"
    assert [_in_short(value) for value in (1234.56, 999.96, 12345, 0.123456, None, "x")] == [
        1235, 1000, 12345, 0.1235, None, "x",
    ]  # fmt: skip
    assert _in_short(5.0) == 5.0
    assert isinstance(_in_short(5.0), float)
    assert _cell("It is so.").text == "It is so."
    assert (_cell(1234.56).text, _cell(None).text, _cell(0.5).text) == ("1,235", "", "0.5")


def test_what_was_tried_has_its_figures() -> None:
    """Those that more than half of the models have, three at most; whoever failed says why."""
    assert _leaderboard([]) is None
    entries: list[dict[str, Any]] = [
        {"model": "lr", "name": "Linear", "MAE": 2952.7, "RMSE": 4810.0, "R2": 0.75, "MSE": 1.0,
         "RMSLE": 0.5, "seconds": 1.25, "why": "It is simple."},
        {"model": "et", "MAE": 2000.0, "RMSE": 1.0, "R2": 0.8, "MAPE": 0.3, "recipe": "All."},
        {"model": "nn", "error": "No time was left."},
    ]
    found = _leaderboard(entries)
    assert found is not None
    table, rows = found
    assert table.head == ("Model", "R²", "MAE", "RMSE", "Seconds", "Why")
    assert [row.name for row in rows] == ["Linear", "et", "nn"]
    assert [cell.text for cell in rows[0].cells] == ["0.75", "2,953", "4,810", "1.25",
                                                     "It is simple."]  # fmt: skip
    assert rows[1].features.text == "All."
    assert rows[0].error is None
    assert rows[2].error is not None
    assert rows[2].error.text == "No time was left."


def test_ranges_are_told_with_what_they_hold() -> None:
    """Of all rows, and by how large the answer is."""
    assert _interval(None, MONEY) == {}
    interval = {"level": 0.9, "coverage": 0.9125, "width": 12345.6, "score": 15000.2,
                "method": "By conformal prediction."}  # fmt: skip
    assert list(_interval(interval, MONEY).values()) == [
        "90%", "91.2%", "$12,346", "$15,000", "By conformal prediction.",
    ]  # fmt: skip
    assert _by_answer(None, MONEY) is None
    assert _by_answer({"by_answer": []}, MONEY) is None
    groups = [{"from": -5.0, "to": 1000.0, "rows": 1234, "coverage": 0.9, "width": 12.0}]
    table = _by_answer({"by_answer": groups}, MONEY)
    assert table is not None
    assert table.rows == (("−$5 to $1,000", "1,234", "90.0%", "$12"),)


def test_a_page_has_room_for_so_many_figures() -> None:
    """Fields are left out from the first on that does not fit."""
    def group(rows: int) -> Any:
        return SimpleNamespace(table=SimpleNamespace(rows=[()] * rows, head=("a", "b")))

    groups = [group(2), group(3), group(1), group(1)]
    assert [len(_shown(groups, most)) for most in (3, 4, 9, 10, 12, 13, 14)] == [
        0, 1, 1, 2, 3, 3, 4,
    ]  # fmt: skip


def test_importance_is_drawn_beside_the_largest() -> None:
    """The largest first; what is not known has no bar."""
    found = importance_of(MONEY, {"age": 0.25, "bmi": 0.5, "other": 0.9})
    assert [(one.fraction, one.bar) for one in found] == [
        ("50.0%", Span(0, 100.0)), ("25.0%", Span(0, 50.0)),
    ]  # fmt: skip
    assert importance_of(MONEY, {}) == []
    assert importance_of(MONEY, {"age": 0.0})[0].bar == Span(0, 0.0)


def effects(schema: Schema, fields: dict[str, Any], **changed: Any) -> Any:
    data = {"classes": [], "fields": fields, "mean": 5.0, "rows": 2000, **changed}
    loaded: Any = SimpleNamespace(
        description={"effects": data}, schema=schema, background=changed.get("background")
    )
    return effects_of(loaded, {"f1": 0.9})


@pytest.mark.parametrize(("fields", "drawn"), [(9, 9), (10, 9), (30, 9), (31, 6)])
def test_the_most_important_effects_are_drawn(fields: int, drawn: int) -> None:
    """Then those that move the answer most; of the others a line says how far."""
    data = {f"f{at}": {"values": [0.0, 1.0, 2.0], "answers": [1.0, 2.0 + at, 1.5]}
            for at in range(fields)}  # fmt: skip
    found = effects(form_of(fields), data)
    assert (len(found.drawn), len(found.others)) == (drawn, fields - drawn)
    assert [effect.name for effect in found.drawn[:2]] == ["f1", f"f{fields - 1}"]
    assert found.rows == "2,000"
    first = found.drawn[0]
    assert (first.low, first.high, first.options, first.rug) == ("0", "2", (), "")
    assert first.plot is not None
    assert first.table.rows[1][0] == "1"
    if found.others:
        assert found.others[-1][0] == "f0"
        assert " – " in found.others[-1][1]
    nothing: Any = SimpleNamespace(description={}, schema=form_of(1))
    assert effects_of(nothing, {}) is None
    assert spans({"fields": {"a": {"answers": [1.0, 4.0]}, "b": {"answers": []}}}) == {"a": 3.0}


@pytest.mark.parametrize(("classes", "drawn", "told"), [(3, 6, 3), (4, 3, 2)])
def test_many_classes_leave_less_room(classes: int, drawn: int, told: int) -> None:
    """Fewer pictures, and every second value behind each."""
    names = [str(at) for at in range(classes)]
    schema = replace(form_of(31), task="classification", classes=tuple(names))
    answers = [[1 / classes] * classes, [1.0, *[0.0] * (classes - 1)], [1 / classes] * classes]
    data = {f"f{at}": {"values": [0.0, 1.0, 2.0], "answers": answers} for at in range(31)}
    found = effects(schema, data, classes=names)
    assert len(found.drawn) == drawn
    assert len(found.drawn[0].table.rows) == told
    assert found.tones == card_charts.TONES[classes]
    assert found.others[0] == (f"f{drawn}" if drawn == 3 else "f6", f"{100 - 100 / classes:.1f}%")


def test_two_values_are_drawn_as_levels() -> None:
    """A bar for each, or for each class one behind the other."""
    data = {"f0": {"values": [0.0, 1.0], "answers": [10.0, -10.0]}}
    (effect,) = effects(form_of(1), data).drawn
    assert effect.plot is None
    assert [(one.name, one.answer) for one in effect.options] == [("0", "10.00"), ("1", "−10.00")]
    assert [one.bars for one in effect.options] == [(Span(50, 50),), (Span(0, 50),)]
    schema = replace(form_of(1), task="classification", classes=("a", "b"))
    data = {"f0": {"values": [0.0, 1.0], "answers": [[0.25, 0.75], [1.0, 0.0]]}}
    (effect,) = effects(schema, data, classes=["a", "b"]).drawn
    assert effect.options[0].bars == (Span(0.0, 25.0), Span(25.0, 75.0))
    assert effect.options[0].answer == ""


@pytest.mark.parametrize(("known", "marks"), [(5, 5), (16, 16), (31, 31), (32, 16), (48, 16)])
def test_training_values_are_marked_below_an_effect(known: int, marks: int) -> None:
    """Some of them, and none where they are missing."""
    values = [*np.linspace(0, 2, known), math.nan]
    background = SimpleNamespace(marginals={"f0": SimpleNamespace(values=values)}, rows=9)
    data = {"f0": {"values": [0.0, 1.0, 2.0], "answers": [1.0, 2.0, 3.0]}}
    (effect,) = effects(form_of(1), data, background=background).drawn
    assert effect.rug.count("M") == marks


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ({"missing": True}, "No value"), ({"range": (None, 5)}, "Below 5"),
        ({"range": (5, None)}, "5 and more"), ({"range": (5, 9)}, "5 to below 9"),
    ],
)
def test_a_group_is_named_by_what_it_holds(group: dict[str, Any], name: str) -> None:
    """A level, a range, or no value."""
    assert _group_name(form_of(1).fields[0], group) == name
    assert _group_name(MONEY.field("sex"), {"level": "male"}) == "Male"


def test_groups_that_are_too_small_are_named() -> None:
    """And how many rows are in none."""
    field = form_of(1).fields[0]
    assert _few(field, {"few": [], "rest": 0}) == ()
    assert _few(field, {"few": [1.0, 2.0], "rest": 3}) == (
        "Too few rows to measure: 1, 2.", "3 rows are in no group.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "opened", "bars"), [(1, 1, 2), (12, 6, 2), (13, 0, 2), (16, 0, 2), (17, 0, 0)]
)
def test_few_fields_groups_stand_open(fields: int, opened: int, bars: int) -> None:
    """Six at most, and none of many; pictures are drawn of sixteen fields. Sensitive ones first."""
    one = {"rows": 1200, "actual": 10.0, "predicted": 12.0, "difference": 2.0,
           "error": 0.5, "MAE": 3.0, "range": (0, 1)}  # fmt: skip
    entry = {"groups": [one, one | {"MAE": 5.0}], "few": [], "rest": 0}
    measured = [{"field": f"f{at}", **entry} for at in range(fields)]
    found = groups_of(form_of(fields), measured, [f"f{fields - 1}"])
    assert sum(groups.is_open for groups in found) == opened
    assert {len(groups.bars) for groups in found} == {bars}
    assert [groups.is_sensitive for groups in found] == [True, *[False] * (fields - 1)]
    assert found[0].name == f"f{fields - 1}"
    assert found[0].summary == "Mean error from 3.00 to 5.00"
    single = groups_of(form_of(1), [{"field": "f0", **entry, "groups": [one]}], [])
    assert (single[0].summary, single[0].table.head[-1]) == ("", "Mean error")
    assert single[0].table.rows == (
        ("0 to below 1", "1,200", "10.00", "12.00", "+2.00 ± 0.50", "3.00"),
    )
    covered = {**entry, "groups": [one | {"covered": 0.9}]}
    (with_range,) = groups_of(form_of(1), [{"field": "f0", **covered}], [])
    assert (with_range.table.head[-1], with_range.table.rows[0][-1]) == ("In the range", "90.0%")


def test_groups_of_classes_have_their_rates() -> None:
    """Of two classes the second alone; a rate that no group has has no column."""
    group = {"rows": 1200, "accuracy": 0.9567, "error": 0.0123, "true_positive_rate": 0.8,
             "classes": {"a": {"actual": 0.4, "answered": 0.3},
                         "b": {"actual": 0.6, "answered": 0.7}}}  # fmt: skip
    other = {**group}
    del other["true_positive_rate"]
    head, cells = _class_cells([group, other], TWO)
    assert head == ("Rows", "Accuracy", "True positives", "Bee: actual, predicted")
    assert cells[0] == ("1,200", "95.7% ± 1.2", "80.0%", "60%, 70%")
    assert cells[1][2] == "–"
    three = replace(TWO, classes=("a", "b", "c"))
    assert len(_class_cells([group], three)[0]) == 5
    assert _class_cells([], TWO) == (("Rows", "Accuracy"), [])


def test_each_class_has_its_figures() -> None:
    """Shares per cent, others with three decimals; a dash where one has none."""
    facts = {"by_class": [
        {"class": "a", "rows": 1234, "precision": 0.5, "auc": 0.98765},
        {"class": "b", "rows": 5, "recall": 0.25, "f1": 1.0, "brier": 0.1234},
    ]}  # fmt: skip
    table = class_table(TWO, facts)
    assert table.head[0] == "Class"
    assert table.rows == (
        ("a", "1,234", "50.0%", "–", "–", "0.988", "–"), ("Bee", "5", "–", "25.0%", "100.0%", "–",
                                                          "0.123"),
    )  # fmt: skip
    bare = class_table(TWO, {"by_class": [{"class": "a", "rows": 1}]})
    assert bare.head == ("Class", "Rows")


def test_rows_outside_the_targets_chart_are_counted() -> None:
    """Below and above; nothing is said where there are none."""
    figure = target_figure(HISTOGRAM, MONEY)
    assert figure.caption.startswith("20 more rows lie outside")
    assert figure.table.rows == (("0", "10", "30"), ("10", "20", "50"))
    assert figure.across.endswith("($)")
    within = replace(HISTOGRAM, below=0, above=0)
    assert target_figure(within, MONEY).caption == ""
    assert target_figure(within, replace(MONEY, target_unit="")).across == MONEY.target_label
    assert ticks_of(Axis(Scale(0, 1), (0.0, 0.5, 1.0)), per_cent=True) == ("0%", "50%", "100%")
    assert ticks_of(Axis(Scale(0, 2e3), (0.0, 2e3))) == ("0", "2,000")


def test_pictures_of_errors_are_those_that_are_known() -> None:
    """None of a part that a deployment does not have."""
    nothing: dict[str, Any] = {"by_answer": [], "cells": None, "residuals": None}
    assert regression_figures(MONEY, nothing, 0.9) == []
    group = {"predicted": 10.0, "rows": 1200, "actual": 12.0, "residual": 2.0,
             "residual_low": -3.0, "residual_high": 4.0}  # fmt: skip
    groups = [group, group | {"predicted": 20.0}]
    facts = nothing | {"by_answer": groups}
    (errors,) = regression_figures(MONEY, facts, 0.9)
    assert "about 1,200 rows" in errors.caption
    assert errors.table.rows[0] == ("$10.00", "1,200", "$12.00", "+$2.00", "−$3.00", "+$4.00")
    residuals = {"edges": [-1.0, 0.0, 1.0], "counts": [0, 0], "left_out": 1500}
    assert len(regression_figures(MONEY, facts | {"residuals": residuals}, 0.9)) == 1
    residuals["counts"] = [0, 7]
    *_, spread = regression_figures(MONEY, facts | {"residuals": residuals}, 0.9)
    assert "Not shown: 1,500 rows" in spread.caption
    assert spread.table.rows == (("0", "1", "7"),)
    covered = [one | {"covered": 0.875, "width": 5.0} for one in groups]
    for level, count in ((0.9, 2), (None, 1), (0.0, 1)):
        assert len(regression_figures(MONEY, nothing | {"by_answer": covered}, level)) == count
    *_, range_ = regression_figures(MONEY, nothing | {"by_answer": covered}, 0.9)
    assert "The target is 90%" in range_.caption
    assert range_.table.rows[0] == ("$10.00", "87.5%", "$5.00")
    squares = {"edges": [0.0, 1.0, 2.0], "counts": [(0, 1, 1500)], "left_out": 1234}
    (cells,) = regression_figures(MONEY, nothing | {"cells": squares})
    assert "(1,234 rows in total)" in cells.caption
    assert cells.table.rows == (("$0.00 – $1.00", "$1.00 – $2.00", "1,500"),)


def test_losses_beside_an_earlier_deployment_are_worded() -> None:
    """An amount, a share, or a log loss."""
    assert _loss("absolute error", 1234.5, MONEY) in ("$1,234", "$1,235")
    assert _loss("share of wrong classes", 0.1234, TWO) == "12.3%"
    assert _loss("log loss", 0.123456, TWO) == "0.1235"
    entry = {"old_deployment": {"name": "old", "version": "1"}, "rows": 1234, "loss": "log loss",
             "verdict": "worse", "old": 0.1, "new": 0.2, "at": "2026-01-02T03:04:05"}  # fmt: skip
    (line,) = comparisons_of([entry], TWO)
    assert "on 1,234 rows" in line
    assert "Log loss: 0.1000 before, 0.2000 now." in line
    assert line.endswith("It is worse by more than chance.")


def test_pictures_have_their_own_scales_and_tones() -> None:
    """Shares stand between 0 and 1, and classes are as far apart as they can be."""
    whole = card_charts.FROM_0_TO_1
    assert (whole.scale, whole.ticks) == (Scale(0.0, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0))
    assert [card_charts.TONES[classes] for classes in range(1, 7)] == [
        (5,), (1, 4), (1, 3, 5), (1, 2, 4, 5), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6),
    ]  # fmt: skip
    plot = card_charts.bars([0.0, 2.0, 10.0], [10, 1])
    assert plot.across.ticks == plot.up.ticks == (0.0, 2.5, 5.0, 7.5, 10.0)
    assert card_charts.bars([0.0, 10.0, 20.0, 30.0], [0, 10, 0]).across.ticks[0] == 10.0
    assert card_charts.cells({"edges": [0.0, 5.0, 10.0], "counts": []}).across.ticks[1] == 2.5
    assert axis_over(5.0, 44.6, 4).ticks == (0.0, 20.0, 40.0, 60.0)


def test_classes_are_told_with_their_shares() -> None:
    """In words, and in per cent for a bar."""
    background = SimpleNamespace(class_fractions={"a": 0.25, "b": 0.75}, histogram=None)
    loaded: Any = SimpleNamespace(schema=TWO, background=background)
    assert _classes(loaded) == [("a", "25.0%", 25.0), ("Bee", "75.0%", 75.0)]
    assert _target(loaded) is None
    for nothing in (_classes, _target):
        assert not nothing(SimpleNamespace(schema=TWO, background=None))  # type: ignore[operator]
    known, odd = metrics_of({"cross_validation": {"MAE": {"mean": 1.0}, "odd": {"mean": 2.0}}})
    assert known.meaning.startswith("mean absolute error")
    assert odd.meaning == ""


# The watch


def drift(rows: int = 9, since: date | None = None, weeks: Any = (), **changed: Any) -> Drift:
    """A number's values: half of them in each of two bins in training, and missing never."""
    expected = Expected(np.array([0.4996, 0.5, 0.0004]), np.zeros(3), 100)
    bins = Bins((10.0,), {}, (5.0, 15.0), expected)
    return Drift("bmi", 0.5, since, rows, changed.get("shares", (0.25, 0.75, 0.0)), 12.5, bins,
                 tuple(weeks))  # fmt: skip


def report(**changed: Any) -> Report:
    weeks = tuple(Week(date(2026, 1, 1 + 7 * at), 100 * at, 25 * at, 10 * at, None, None)
                  for at in range(2))  # fmt: skip
    known: dict[str, Any] = {
        "first": date(2026, 1, 1), "last": date(2026, 1, 14), "sums": {}, "tests": 1, "drifts": (),
        "answers": None, "not_compared": (), "coverage": None, "figures": (), "weeks": weeks,
    }
    return Report(**{**known, **changed})


def test_a_field_without_values_has_no_picture() -> None:
    """What it was like in training stands in the table."""
    values = values_of(MONEY, drift())
    empty = shown_drift(drift(0), values, report())
    assert (empty.status, empty.summary) == ("No values yet.", "")
    assert (empty.spread, empty.levels) == (None, ())
    assert [row[1:] for row in empty.table.rows] == [("50.0%", ""), ("50.0%", "")]
    full = shown_drift(drift(since=date(2026, 1, 5)), values, report())
    assert full.status.startswith("Changed since")
    assert full.drifted
    assert full.spread is not None
    assert full.spread.table.rows == full.table.rows
    assert [row[2] for row in full.table.rows] == ["25.0%", "75.0%"]
    assert _status(drift()) == "Too few values to tell."
    assert _status(drift(1_000_000)) == "No change."
    assert _summary(drift(), values).endswith(" in training, 12.5 kg/m² now.")
    assert "–" in _summary(replace(drift(), mean=math.nan), values)
    late = shown_drift(drift(shares=(0.25, 0.7, 0.05)), values, report())
    assert len(late.table.rows) == 3


def test_a_course_needs_two_weeks_with_a_value() -> None:
    """A week without one has an empty cell."""
    values = values_of(MONEY, drift())
    for weeks in ((), (1.0,), (None, 1.0), (math.nan, 1.0)):
        assert _course(drift(weeks=weeks), values, report()) is None
    three = report(weeks=(*report().weeks, replace(report().weeks[1], first=date(2026, 1, 15))))
    picture = _course(drift(weeks=(None, 11.0, 12.0)), values, three)
    assert picture is not None
    assert [row[1] for row in picture.table.rows] == ["", "11 kg/m²", "12 kg/m²"]


def test_weeks_are_drawn_where_there_are_two() -> None:
    """How much was asked, refused and warned of; outcomes where they are known."""
    assert _weeks(MONEY, report(weeks=report().weeks[:1])) == []
    asked, refused, warned = _weeks(MONEY, report())
    assert [row[1] for row in asked.table.rows] == ["0", "100"]
    assert [row[1] for row in refused.table.rows] == ["0.0%", "20.0%"]
    assert [row[1] for row in warned.table.rows] == ["0.0%", "10.0%"]
    first, second = report().weeks
    weeks = (replace(first, covered=0.8, error=1000.0), replace(second, covered=None, error=None))
    coverage: Any = SimpleNamespace(promised=0.9)
    figures: Any = (SimpleNamespace(name="RMSE", card=1.0), SimpleNamespace(name="MAE", card=900.0))
    known = report(weeks=weeks, coverage=coverage, figures=figures)
    covered, error = _outcome_weeks(MONEY, known)
    assert [row[1] for row in covered.table.rows] == ["80.0%", ""]
    assert [row[1] for row in error.table.rows] == ["$1,000", ""]
    assert _outcome_weeks(MONEY, report(coverage=coverage, figures=figures)) == []
    assert len(_outcome_weeks(MONEY, report(weeks=weeks, figures=figures))) == 1
    assert len(_outcome_weeks(MONEY, report(weeks=weeks, figures=figures[:1]))) == 0


def test_the_watch_is_told_to_programs() -> None:
    """What is not known is null, and a week is one by its first day."""
    week = Week(date(2026, 1, 8), 100, 25, 10, 0.5, None)
    assert _week(week) == {"from": "2026-01-08", "predictions": 100, "refused": 25, "warned": 10,
                           "covered": 0.5, "error": None}  # fmt: skip
    told = _drift(drift(since=date(2026, 1, 5), weeks=(None, 2.0)))
    assert (told["since"], told["drifted"], told["weeks"]) == ("2026-01-05", True, [None, 2.0])
    assert [(one["values"], one["now"]) for one in told["bins"]] == [
        ([None, 10.0], 0.25), ([10.0, None], 0.75), (None, 0.0),
    ]  # fmt: skip
    assert told["distance"] == pytest.approx(0.25)
    none = _drift(drift(0))
    assert (none["since"], none["distance"], none["bins"][0]["now"]) == (None, None, None)
    assert [_finite(value) for value in (1.5, 0.0, None, math.nan, math.inf)] == [
        1.5, 0.0, None, None, None,
    ]  # fmt: skip
    levels = Bins((), {"a": 0}, (), Expected(np.array([0.5, 0.3, 0.2]), None, 9))
    assert bins_json(levels) == ["a", "other", None]
    figure: Any = SimpleNamespace(name="MAE", card=1.0, rows=9, value=2.0, low=1.0, high=math.inf,
                                  p=0.5, worse=True, start=3)  # fmt: skip
    said = _figure(report(), figure)
    assert (said["since"], said["high"], said["worse"]) == ("2026-01-04", None, True)
    figure.worse = False
    assert _figure(report(), figure)["since"] is None


@pytest.mark.parametrize(("missing", "named"), [(0.05, False), (0.0505, True)])
def test_missing_values_are_what_has_changed_from_five_in_a_hundred_on(
    missing: float, named: bool
) -> None:
    """Beyond training's; else the mean is what is told."""
    changed = drift(since=date(2026, 1, 5), shares=(0.5, 0.5 - missing, missing))
    (finding,) = findings_of(MONEY, report(drifts=(changed, drift())))
    assert ("is missing in" in finding.text) is named
    assert ("left out" in finding.advice) is named
    answers = replace(changed, field=ANSWERS)
    assert len(findings_of(MONEY, report(answers=answers))) == 1
    assert findings_of(MONEY, report(answers=replace(answers, since=None))) == []


# The batch page


@pytest.mark.parametrize(("columns", "shown"), [(30, 30), (31, 31), (40, 31)])
def test_a_wide_table_is_shown_by_its_ends(columns: int, shown: int) -> None:
    """Fifteen on either side."""
    (row,) = batch_page._narrow([[str(at) for at in range(columns)]])
    assert len(row) == shown
    assert (row[0], row[-1]) == ("0", str(columns - 1))
    assert (row[15] == "…") is (columns > 30)


@pytest.mark.parametrize(
    ("sent", "name", "download", "book"),
    [
        ("C:\\a\\b.csv", "b.csv", "b_predicted.csv", "b_predicted.xlsx"),
        ("b.csv.gz", "b.csv.gz", "b_predicted.csv", "b_predicted.xlsx"),
        ("b.XLSM", "b.XLSM", "b_predicted.csv", "b_predicted.xlsm"),
        ("b\n\x00.xls", "b.xls", "b_predicted.csv", "b_predicted.xlsx"),
        ("x" * 200 + ".csv", "x" * 146 + ".csv", "x" * 146 + "_predicted.csv",
         "x" * 146 + "_predicted.xlsx"),
        ("", "The file", "The file_predicted.csv", "The file_predicted.xlsx"),
    ],
)  # fmt: skip
def test_an_answered_file_is_called_after_the_one_that_was_sent(
    sent: str, name: str, download: str, book: str
) -> None:
    """Without its folders, and with no sign that a header cannot hold."""
    file: Any = SimpleNamespace(filename=sent)
    assert batch_page._name_of(file) == name
    for is_workbook, wanted in ((False, download), (True, book)):
        done: Any = SimpleNamespace(is_workbook=is_workbook)
        assert batch_page._download_name(file, done) == wanted
    assert batch_page._media_type(SimpleNamespace(is_workbook=False)) == "text/csv"  # type: ignore[arg-type]


def test_room_and_turns_are_small() -> None:
    """Figures that each have their reason beside them."""
    assert (batch_page.MOST_AT_ONCE, batch_page.MOST_WAITING) == (1, 20)
    assert batch_page.MOST_TIMES == 3
