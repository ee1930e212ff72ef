"""Pictures as plain numbers, and the pages that draw them."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient

from tablecast.inference.engine import Answer, Columns
from tablecast.inference.marginals import Histogram, Marginal
from tablecast.web.display import charts
from tablecast.web.display.amounts import Wording
from tests.explained import (
    WIDE,
    SumEngine,
    charging,
    deployment_of,
    grading,
    of_many_fields,
)
from tests.markup import Page
from tests.started import started

PERSON = {"age": "40", "bmi": "30", "smoker": "yes", "region": "west"}
HISTOGRAM = Histogram((0.0, 10.0, 20.0, 30.0), (5, 10, 0), below=1, above=4)


class OneOfFourEngine:
    """Answers a thousand times the first field, and hardly anything of the others."""

    def answer(self, columns: Columns) -> Answer:
        first, *others = columns.values()
        return Answer(1000 * first + sum(others))


class FirstEngine:
    """Answers the first field."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(np.asarray(next(iter(columns.values())), dtype=float))


def page_of(client: FlaskClient, address: str = "/predict", **given: str) -> Page:
    response = client.post(address, data=given)
    assert response.status_code == 200
    return Page(response.get_data(as_text=True))


def test_a_waterfall_leads_from_base_to_end() -> None:
    """Each bar begins where the last one ended, whichever way it goes."""
    picture = charts.waterfall(10.0, [30.0, -20.0])
    assert (picture.base, picture.end) == (0.0, pytest.approx(100 / 3 * 1))
    assert picture.bars[0] == charts.Span(0.0, 100.0)
    assert picture.bars[1].start == pytest.approx(picture.end)
    assert picture.bars[1].start + picture.bars[1].width == pytest.approx(100.0)


def test_a_waterfall_of_nothing_stands_still() -> None:
    """Where no field matters there is no bar to see, and no division by zero."""
    assert charts.waterfall(3.0, [0.0, 0.0]).bars[0] == charts.Span(50.0, 0.0)


def test_a_histogram_marks_the_answer_and_its_range() -> None:
    """The tallest bar fills the height; the mark and the band lie on the training values."""
    picture = charts.columns(HISTOGRAM, 15.0, (10.0, 25.0))
    assert picture.width == 3
    assert picture.path.count("M") == 2, "an empty bar is not drawn"
    assert "V0h" in picture.path
    assert picture.mark == 50.0
    assert not picture.outside
    assert picture.band is not None
    assert picture.band.start == pytest.approx(100 / 3)
    assert picture.band.width == pytest.approx(50.0)


def test_an_answer_beyond_the_histogram_stands_at_its_end() -> None:
    """It is marked at the border and known to be outside."""
    picture = charts.columns(HISTOGRAM, 99.0)
    assert (picture.mark, picture.outside, picture.band) == (100.0, True, None)


@pytest.mark.parametrize(
    ("value", "share"), [(-5.0, 0.0), (0.0, 0.05), (5.0, 0.175), (20.0, 0.8), (31.0, 0.8)]
)
def test_the_share_below_counts_rows(value: float, share: float) -> None:
    """Rows beyond the borders count, and a bar's rows are taken as evenly spread."""
    assert charts.fraction_below(HISTOGRAM, value) == pytest.approx(share)


def test_a_curve_marks_the_present_value() -> None:
    """Higher answers stand higher, and the mark lies on the line."""
    picture = charts.curve([0, 5, 10], [100.0, 150.0, 200.0], 1, 150.0, charts.Scale(100, 200))
    (first, middle, last) = [
        tuple(map(float, point.split(","))) for point in picture.points.split()
    ]
    assert picture.mark == middle == (50.0, 50.0)
    assert first[1] > middle[1] > last[1]
    assert (first[0], last[0]) == (0.0, 100.0)
    assert picture.band == ""


def test_a_curve_with_ranges_has_a_band() -> None:
    """The band's outline goes along the lower ends and back along the upper ones."""
    scale = charts.Scale(0, 100)
    picture = charts.curve([0, 1], [50.0, 60.0], None, 50.0, scale, [(40.0, 60.0), (50.0, 70.0)])
    assert picture.mark is None
    points = [tuple(map(float, point.split(","))) for point in picture.band.split()]
    assert [x for x, _ in points] == [0.0, 100.0, 100.0, 0.0]
    assert points[0][1] > points[3][1]


@pytest.mark.parametrize(
    ("wording", "value", "text", "change"),
    [
        (Wording("$", 0), -1234.5, "−$1,234", "−$1,234"),
        (Wording("$", 2), 0.5, "$0.50", "+$0.50"),
        (Wording("$", 2), 0.0, "$0.00", "$0.00"),
        (Wording("$", -2), -12_345.6, "−$12,300", "−$12,300"),
        (Wording("$", -2), -12.3, "$0", "$0"),
        (Wording("points", 2), 5.628, "5.63 points", "+5.63 points"),
        (Wording("", 1, is_probability=True), 0.2917, "29.2%", "+29.2"),
    ],
)
def test_amounts_are_written_with_their_unit(
    wording: Wording, value: float, text: str, change: str
) -> None:
    """An amount, a change with its sign, and a probability in per cent."""
    assert wording.of(value) == text
    assert wording.change(value) == change


def test_the_page_says_why() -> None:
    """Every field with its value and change, the average before and the answer after them."""
    page = page_of(started(charging()).test_client(), **PERSON)
    (table,) = page.of_class("steps")
    rows = [row for row in page.all("tr") if row.inside("table") is table]
    said = [" ".join(row.text.split()) for row in rows if row.get("aria-hidden") is None]
    assert said[1].startswith("Average prediction")
    assert said[-1].startswith("This prediction")
    assert any(re.match(r"Smoker yes \+[\d,]+$", line, re.IGNORECASE) for line in said)
    assert len(said) == 1 + 1 + 4 + 1


def test_the_page_says_what_if() -> None:
    """A picture for each number, a bar for each level, and tables for who cannot see them."""
    page = page_of(started(charging()).test_client(), **PERSON)
    assert len(page.of_class("curve")) == 2
    assert len(page.of_class("levels")) == 2
    tables = [one for one in page.all("table") if one.inside("details") is not None]
    assert len(tables) == 2


def test_the_page_shows_ranges_where_it_knows_them() -> None:
    """The range in words, as a band on the training values, and around each curve."""
    page = page_of(started(charging(WIDE)).test_client(), **PERSON)
    (likely,) = page.of_class("range")
    assert likely.text == "Likely 0 to 39,000"
    assert len(page.of_class("histogram-band")) == 1
    assert len(page.of_class("curve-band")) == 2
    plain = page_of(started(charging()).test_client(), **PERSON)
    assert not plain.of_class("range") + plain.of_class("curve-band")


def test_the_page_of_a_class_speaks_of_probability() -> None:
    """The reasons of a class are in percentage points of its probability."""
    page = page_of(started(grading()).test_client(), **PERSON)
    (panel,) = page.of_class("panel")
    assert "percentage points" in panel.text
    assert len(page.of_class("track-usual")) == 3


def test_a_large_form_shows_the_first_fields_and_sums_up_the_rest() -> None:
    """Ten reasons and one line for all others; twelve pictures; sampling errors are shown."""
    given = {f"x{place}": "0.5" for place in range(14)}
    page = page_of(started(of_many_fields()).test_client(), **given)
    (panel,) = page.of_class("panel")
    assert "4 other fields" in panel.text
    assert "±" in panel.text
    assert len(page.of_class("course")) == 12


@pytest.mark.parametrize("make", [charging, grading])
def test_pictures_need_no_inline_style(make: object) -> None:
    """The page's policy forbids inline styles; no attribute style, no style element."""
    client = started(make()).test_client()  # type: ignore[operator]
    html = client.post("/predict", data=PERSON).get_data(as_text=True)
    assert not re.search(r"<style|\sstyle=", html)
    assert "NaN" not in html
    assert "nan%" not in html


def test_a_missing_value_is_explained_too() -> None:
    """A field that may be left empty has its reason and its curve, without a mark."""
    page = page_of(started(charging()).test_client(), **PERSON | {"age": ""})
    assert "not given" in page.of_class("steps")[0].text
    assert len(page.of_class("curve")) == 2
    assert len(page.of_class("curve-dot")) == 1


def test_a_script_gets_the_answer_alone() -> None:
    """?part=answer gives the panel and what follows it, without the form around them."""
    page = page_of(started(charging()).test_client(), "/predict?part=answer", **PERSON)
    assert page.of_class("panel")
    assert page.by_id("beyond")
    assert not page.all("form")
    assert not page.all("html")


def test_a_script_is_told_why_there_is_no_answer() -> None:
    """Wrong values get the words of the form's own errors, escaped, as a part of a page."""
    client = started(charging()).test_client()
    given = PERSON | {"bmi": "<b>x</b>"}
    response = client.post("/predict?part=answer", data=given)
    assert response.status_code == 422
    page = Page(response.get_data(as_text=True))
    assert "as a number" in page.of_class("live-problem")[0].text
    assert not page.all("b")


def test_every_curve_has_axes() -> None:
    """Round amounts upwards, the first, middle and last value across, where each of them is."""
    page = page_of(started(charging(WIDE)).test_client(), **PERSON)
    ticks = page.of_class("curve-tick")
    across = [tick.text for tick in ticks if tick.get("text-anchor")]
    upwards = [tick.text for tick in ticks if not tick.get("text-anchor")]
    assert len(across) == 3 * len(page.of_class("curve"))
    assert len(upwards) > 2 * len(page.of_class("curve"))
    assert all(re.fullmatch(r"[0-9]+,000|0", word) for word in upwards)


@pytest.mark.parametrize(("engine", "shared"), [(SumEngine(), True), (OneOfFourEngine(), False)])
def test_curves_share_a_scale_where_that_shows_something(engine: Any, shared: bool) -> None:
    """One scale if half of the curves cover a tenth of it; else each its own, and it is said."""
    table = pd.DataFrame({f"x{place}": np.linspace(0, 1, 200) for place in range(4)})
    client = started(deployment_of(table, "total", "regression", engine)).test_client()
    page = page_of(client, **{f"x{place}": "0.5" for place in range(4)})
    said = page.of_class("whatif")[0].text
    assert ("share one scale" in said) == shared
    assert ("its own scale" in said) != shared


def test_what_hardly_moves_the_answer_looks_flat() -> None:
    """No scale is narrower than the digits that are written, and no two of its ticks read alike."""
    table = pd.DataFrame({"x": np.linspace(9, 9.0001, 200), "y": np.linspace(0, 1, 200)})
    client = started(deployment_of(table, "total", "regression", FirstEngine())).test_client()
    page = page_of(client, x="9", y="0.5")
    assert len(page.of_class("curve")) == 2
    ticks = {tick.text for tick in page.of_class("curve-up")}
    assert ticks == {"8.990", "8.995", "9.000", "9.005", "9.010"}


def test_curves_stand_in_rows_and_levels_in_columns() -> None:
    """Pictures of one height are not mixed with lists of any length."""
    page = page_of(started(charging()).test_client(), **PERSON)
    names = [" ".join(one.text.split()) for one in page.of_class("course-name")]
    assert [name.split()[0] for name in names] == ["Age", "Bmi", "Smoker", "Region"]
    (levels,) = page.of_class("courses-levels")
    assert "Smoker" in levels.text
    assert "Age" not in levels.text


def test_levels_that_are_all_rare_are_marked_by_one_sentence() -> None:
    """The words are not said again at each of them."""
    table = pd.DataFrame({"x": np.linspace(0, 1, 200), "seat": [f"s{n}" for n in range(40)] * 5})
    client = started(deployment_of(table, "total", "regression", FirstEngine())).test_client()
    page = page_of(client, x="0.5", seat="s1")
    assert not any("few training cases" in level for level in _levels(page))
    assert "There were few training cases anywhere." in page.of_class("courses-levels")[0].text


def test_levels_are_sorted_by_what_they_do() -> None:
    """The level with the largest answer is the first; codes and yes or no keep their order."""
    page = page_of(started(charging()).test_client(), **PERSON | {"bmi": "40"})
    assert _levels(page)[2:] == ["west (your case)", "north", "south"]


def test_a_curve_is_weak_where_training_had_few_rows() -> None:
    """Beyond the crowd the firm line ends, the words name the place, and bars show the rows."""
    crowd = np.concatenate([np.linspace(0, 10, 500), [100.0]])
    table = pd.DataFrame({"x": crowd, "y": np.linspace(0, 1, 501)})
    client = started(deployment_of(table, "total", "regression", SumEngine())).test_client()
    page = page_of(client, x="5", y="0.5")
    lonely, even = page.of_class("course")
    assert "Few training cases above" in lonely.text
    assert "Few training cases" not in even.text
    lines = [line["d"] for line in page.all("path") if line["class"] == "curve-line"]
    assert max(map(float, re.findall(r"[ML]([0-9.]+) ", lines[0]))) < 20
    assert lines[1].count("L") == 24
    assert page.of_class("curve-rows")


def test_a_rare_level_is_marked() -> None:
    """A level of fewer than ten rows has a weak bar, and the words for it."""
    table = pd.DataFrame({"x": np.linspace(0, 1, 200), "town": ["A"] * 193 + ["B"] * 7})
    client = started(deployment_of(table, "total", "regression", FirstEngine())).test_client()
    page = page_of(client, x="0.5", town="A")
    assert _levels(page) == ["A (your case)", "B (few training cases)"]
    assert len(page.of_class("track-weak")) == 1


def _levels(page: Page) -> list[str]:
    """The levels of every what-if table, with what is said of them."""
    return [" ".join(one.text.split()) for one in page.all("th", scope="row")
            if (table := one.inside("table")) is not None and table.get("class") == "levels"]


def test_support_is_the_training_around_a_value() -> None:
    """Shares add up to all of training; a value without rows near it has none."""
    marginal = Marginal((0.0, 1.0, 2.0, math.nan), np.array([0.5, 0.2, 0.2, 0.1]))
    assert marginal.around([0.0, 1.0, 2.0]) == pytest.approx([0.5, 0.2, 0.2])
    assert marginal.around([-4.0, 0.0, 2.0, 9.0]) == pytest.approx([0.0, 0.6, 0.3, 0.0])
    assert Marginal((math.nan,), np.array([1.0])).around([1.0, 2.0]).tolist() == [0.0, 0.0]
