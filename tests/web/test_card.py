"""The model card: its figures against independent ones, its page, and its file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.cli.main import main
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.model_card import card_of
from tablecast.errors import CardError
from tablecast.inference.engine import Answer
from tablecast.schema.schema import Schema
from tablecast.training.evaluation.class_metrics import (
    auc_of,
    calibration_of,
    classification_facts,
    roc_of,
)
from tablecast.training.evaluation.partial_dependence import effects_of
from tablecast.training.evaluation.residuals import regression_facts, steady_quantile
from tablecast.training.evaluation.subgroups import (
    FEWEST_IN_GROUP,
    groups_of,
    measure_classes,
    measure_numbers,
)
from tablecast.training.experiment.out_of_fold import UnseenClasses
from tablecast.web.card import card_charts
from tablecast.web.card.effects import importance_of
from tablecast.web.card_export import card_html, write_card
from tests.cards import SHARES, charging_card, columns_of, grading_card, with_facts
from tests.explained import (
    InterplayEngine,
    SumEngine,
    charging,
    deployment_of,
    grading,
    people,
)
from tests.markup import Page
from tests.started import started

metrics = pytest.importorskip("sklearn.metrics", reason="figures are compared with scikit-learn's")

FEWEST = 5


def amounts(rows: int = 400) -> tuple[Any, Any]:
    """Amounts and answers to them that err by a tenth, and once by very much."""
    rng = np.random.default_rng(3)
    actual = rng.gamma(3, 4000, rows)
    predicted = actual * rng.normal(1, 0.1, rows)
    actual[7] = 987_654.25
    return actual, predicted


def guesses(classes: int = 3, rows: int = 600) -> UnseenClasses:
    """Probabilities that know something, to two decimals, so that many are equal."""
    rng = np.random.default_rng(4)
    actual = rng.integers(0, classes, rows)
    weights = rng.gamma(1, 1, (rows, classes)) + 1.5 * np.eye(classes)[actual]
    shares = (weights / weights.sum(axis=1, keepdims=True)).round(2)
    names = ("high", "low", "middle")[:classes]
    return UnseenClasses(names, actual, shares.argmax(axis=1), shares, 5)


def page_of(deployment: Deployment, path: str = "/model") -> Page:
    return Page(started(deployment).test_client().get(path).text)


# What is measured where the answer is a number


def test_overall_figures_are_scikit_learns() -> None:
    """MAE, RMSE, R2 and the median absolute error, to the digits that are kept."""
    actual, predicted = amounts()
    figures = regression_facts(actual, predicted)["figures"]
    assert figures["MAE"] == pytest.approx(metrics.mean_absolute_error(actual, predicted), rel=1e-4)
    mse = metrics.mean_squared_error(actual, predicted)
    assert figures["RMSE"] == pytest.approx(mse**0.5, rel=1e-4)
    assert figures["R2"] == pytest.approx(metrics.r2_score(actual, predicted), rel=1e-4)
    median = metrics.median_absolute_error(actual, predicted)
    assert figures["median_absolute_error"] == pytest.approx(median, rel=1e-4)


def test_groups_of_answers_hold_all_rows() -> None:
    """In the order of their answers, with the means and the coverage that pandas finds."""
    actual, predicted = amounts()
    low, high = predicted * 0.9, predicted * 1.1
    found = regression_facts(actual, predicted, low, high)["by_answer"]
    table = pd.DataFrame({"actual": actual, "predicted": predicted}).sort_values("predicted")
    table["inside"] = (table.actual - table.predicted).abs() <= 0.1 * table.predicted
    parts = np.array_split(np.arange(len(table)), len(found))
    assert sum(one["rows"] for one in found) == len(table)
    assert min(one["rows"] for one in found) >= 30
    for one, part in zip(found, parts, strict=True):
        rows = table.iloc[part]
        assert one["predicted"] == pytest.approx(rows.predicted.mean(), rel=1e-4)
        assert one["residual"] == pytest.approx((rows.actual - rows.predicted).mean(), rel=1e-3)
        assert one["covered"] == pytest.approx(rows.inside.mean(), abs=1e-4)


def test_cells_and_bars_are_of_five_rows_or_none() -> None:
    """What is left out is counted, and nothing else is lost."""
    actual, predicted = amounts()
    facts = regression_facts(actual, predicted)
    counts = [rows for _, _, rows in facts["cells"]["counts"]]
    assert min(counts) >= FEWEST
    assert sum(counts) + facts["cells"]["left_out"] == len(actual)
    bars = facts["residuals"]["counts"]
    assert min(count for count in bars if count) >= FEWEST
    assert sum(bars) + facts["residuals"]["left_out"] == len(actual)
    edges = facts["cells"]["edges"]
    across, upwards, rows = facts["cells"]["counts"][0]
    inside = (edges[across] <= actual) & (actual < edges[across + 1])
    inside &= (edges[upwards] <= predicted) & (predicted < edges[upwards + 1])
    assert inside.sum() == rows


def test_no_single_row_is_told() -> None:
    """The one extreme row is in no figure but the means; quantiles are means of five."""
    actual, predicted = amounts()
    text = json.dumps(regression_facts(actual, predicted))
    assert "98765" not in text
    ordered = np.sort(actual[:40])
    assert steady_quantile(ordered, 0.5) == pytest.approx(ordered[18:23].mean())
    assert steady_quantile(ordered, 1.0) == pytest.approx(ordered[-5:].mean())


def test_a_handful_of_rows_has_no_pictures() -> None:
    """Four rows give figures, and no picture that would show them."""
    facts = regression_facts(np.arange(4.0), np.arange(4.0) + 1)
    assert facts["figures"]["MAE"] == 1
    assert (facts["cells"], facts["residuals"], facts["by_answer"]) == (None, None, [])


# What is measured where the answer is a class


def test_class_figures_are_scikit_learns() -> None:
    """Accuracy, log loss, AUC of each class, precision, recall and the matrix."""
    unseen = guesses()
    shares, actual = unseen.probabilities, unseen.actual
    assert shares is not None
    facts = classification_facts(unseen)
    assert facts["confusion"]["counts"] == metrics.confusion_matrix(
        actual, unseen.answered
    ).tolist()
    right = metrics.accuracy_score(actual, unseen.answered)
    assert facts["figures"]["accuracy"] == pytest.approx(right, abs=1e-4)
    balanced = metrics.balanced_accuracy_score(actual, unseen.answered)
    assert facts["figures"]["balanced_accuracy"] == pytest.approx(balanced, abs=1e-4)
    for place, one in enumerate(facts["by_class"]):
        mine = actual == place
        assert one["auc"] == pytest.approx(metrics.roc_auc_score(mine, shares[:, place]), rel=1e-4)
        brier = metrics.brier_score_loss(mine, shares[:, place])
        assert one["brier"] == pytest.approx(brier, rel=1e-4)
        precision = metrics.precision_score(mine, unseen.answered == place)
        assert one["precision"] == pytest.approx(precision, abs=1e-4)
        recall = metrics.recall_score(mine, unseen.answered == place)
        assert one["recall"] == pytest.approx(recall, abs=1e-4)


def test_a_roc_curve_lies_on_scikit_learns_with_five_rows_a_step() -> None:
    """Every point is one of its thresholds', though many scores are equal."""
    unseen = guesses(2)
    assert unseen.probabilities is not None
    scores, positive = unseen.probabilities[:, 1], unseen.actual == 1
    false, true, _ = metrics.roc_curve(positive, scores, drop_intermediate=False)
    known = set(zip(false.round(4).tolist(), true.round(4).tolist(), strict=True))
    points = roc_of(scores, positive)
    assert all((x, y) in known for x, y in points)
    assert (points[0], points[-1]) == ([0.0, 0.0], [1.0, 1.0])
    counts = np.array(points) @ np.diag([(~positive).sum(), positive.sum()])
    assert np.diff(counts, axis=0).sum(axis=1).min() >= FEWEST - 0.1
    assert auc_of(scores, positive) == pytest.approx(metrics.roc_auc_score(positive, scores))


def test_calibration_is_scikit_learns() -> None:
    """Ten groups of equally many rows: the mean probability, and how often it came true."""
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(7)
    probabilities = rng.random(500)
    happened = rng.random(500) < probabilities**2
    came_true, predicted = calibration_curve(
        happened, probabilities, n_bins=10, strategy="quantile"
    )
    found = calibration_of(probabilities, happened)
    assert [one["predicted"] for one in found] == pytest.approx(predicted, abs=1e-4)
    assert [one["actual"] for one in found] == pytest.approx(came_true, abs=1e-4)


def test_without_probabilities_there_are_no_curves() -> None:
    """An estimator that only names classes has a matrix, and no ROC curve or calibration."""
    unseen = guesses()
    bare = UnseenClasses(unseen.classes, unseen.actual, unseen.answered, None, 5)
    facts = classification_facts(bare)
    assert facts["confidence"] == []
    assert not any("roc" in one or "auc" in one for one in facts["by_class"])
    assert facts["confusion"] == classification_facts(unseen)["confusion"]


def test_many_classes_share_a_row_of_the_matrix() -> None:
    """The twelve most frequent have their own; nobody is left out of the counts."""
    rng = np.random.default_rng(8)
    actual, answered = rng.integers(0, 20, 900), rng.integers(0, 20, 900)
    names = tuple(f"c{place:02}" for place in range(20))
    found = classification_facts(UnseenClasses(names, actual, answered, None, 5))["confusion"]
    assert len(found["classes"]) == 12
    assert found["others"] == 8
    assert np.array(found["counts"]).shape == (13, 13)
    assert np.array(found["counts"]).sum() == 900


# Groups


def test_groups_are_those_of_pandas() -> None:
    """Means, their difference with its standard error, and the mean error, level by level."""
    table, deployment = people(), charging()
    rng = np.random.default_rng(9)
    actual, predicted = rng.gamma(3, 100, len(table)), rng.gamma(3, 100, len(table))
    columns = columns_of(table, deployment.schema)
    found = groups_of(
        deployment.schema, columns, measure_numbers(actual, predicted, None, None), SHARES
    )
    (region,) = [one for one in found if one["field"] == "region"]
    apart = pd.Series(predicted - actual).groupby(table.region)
    for group in region["groups"]:
        level = group["level"]
        assert group["rows"] == (table.region == level).sum()
        assert group["difference"] == pytest.approx(apart.mean()[level], rel=1e-4)
        assert group["error"] == pytest.approx(apart.sem()[level], rel=0.05)
        assert group["MAE"] == pytest.approx(
            metrics.mean_absolute_error(
                actual[table.region == level], predicted[table.region == level]
            ), rel=1e-4,
        )
    (age,) = [one for one in found if one["field"] == "age"]
    missing = [group for group in age["groups"] if group.get("missing")]
    assert [group["rows"] for group in missing] == [table.age.isna().sum()]
    assert sum(group["rows"] for group in age["groups"]) == len(table)


def test_a_level_of_too_few_rows_is_named_and_not_measured() -> None:
    """Its name is told, its figures are not."""
    table = people().assign(region=["east"] * 7 + ["west"] * 393)
    schema = Schema.from_table(table.assign(y=range(400)), "y", "regression")
    zero = np.zeros(400)
    found = groups_of(
        schema, columns_of(table, schema), measure_numbers(zero, zero + 1, None, None), SHARES
    )
    (region,) = [one for one in found if one["field"] == "region"]
    assert region["few"] == ["east"]
    assert [group["level"] for group in region["groups"]] == ["west"]
    assert all(
        group["rows"] >= FEWEST_IN_GROUP for one in found for group in one["groups"]
    )


def test_groups_of_two_classes_have_their_rates() -> None:
    """Accuracy, and how often the second class is found and falsely answered."""
    unseen = guesses(2, 400)
    table = people()
    schema = Schema.from_table(
        table.assign(y=np.where(unseen.actual, "low", "high")), "y", "classification"
    )
    found = groups_of(schema, columns_of(table, schema), measure_classes(unseen), SHARES)
    (smoker,) = [one for one in found if one["field"] == "smoker"]
    for group in smoker["groups"]:
        rows = (table.smoker == group["level"]).to_numpy()
        actual, answered = unseen.actual[rows], unseen.answered[rows]
        assert group["accuracy"] == pytest.approx(
            metrics.accuracy_score(actual, answered), abs=1e-4
        )
        assert group["true_positive_rate"] == pytest.approx(
            metrics.recall_score(actual, answered), abs=1e-4
        )
        assert group["false_positive_rate"] == pytest.approx(
            1 - metrics.recall_score(actual, answered, pos_label=0), abs=1e-4
        )
        assert group["classes"]["low"]["actual"] == pytest.approx(actual.mean(), abs=1e-4)


# Effects


def test_importance_is_drawn_beside_the_largest() -> None:
    """The most important field first, its bar the whole width; without any, no bar has a width."""
    schema = charging_card().schema
    shares = {field.name: 0.0 for field in schema.fields}
    drawn = importance_of(schema, shares | {"smoker": 0.5, "age": 0.125})
    assert [(one.name, one.fraction, one.bar.width) for one in drawn[:3]] == [
        ("Smoker", "50.0%", 100), ("Age", "12.5%", 25), (drawn[2].name, "0.0%", 0),
    ]  # fmt: skip
    assert {one.bar.width for one in importance_of(schema, shares)} == {0}
    assert [one.name for one in importance_of(schema, {"age": 0.25})] == ["Age"]
    assert importance_of(schema, {}) == []


def test_an_effect_is_the_mean_answer_over_the_background() -> None:
    """Smoking costs what the formula says, on average over bmi and age; so does a year of age."""
    deployment = charging()
    background = deployment.background
    assert background
    found = effects_of(deployment.schema, deployment.engine, background)
    smoker = dict(
        zip(*(found["fields"]["smoker"][name] for name in ("values", "answers")), strict=True)
    )
    table = people()
    age = table.age.fillna(40)
    north = (table.region == "north").mean()
    expected = 500 * table.bmi.mean() + 100 * age.mean() + 999 * north
    assert smoker["yes"] - smoker["no"] == pytest.approx(expected, rel=0.02)
    ages = found["fields"]["age"]
    slope = (ages["answers"][-1] - ages["answers"][0]) / (ages["values"][-1] - ages["values"][0])
    assert slope == pytest.approx(200 + 100 * (table.smoker == "yes").mean(), rel=0.02)


def test_effects_of_classes_are_probabilities() -> None:
    """At each value the classes' mean probabilities make 1."""
    found = effects_of(
        (deployment := grading()).schema, deployment.engine, deployment.background  # type: ignore[arg-type]
    )
    assert found["classes"] == ["high", "low", "middle"]
    for one in found["fields"].values():
        assert np.array(one["answers"]).sum(axis=1) == pytest.approx(1, abs=1e-3)


# Pictures


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-3.2, 17), (0, 0), (1e-7, 3e-7), (-5e6, 63770.4), (99.5, 100)]
)
def test_an_axis_spans_its_values_with_even_round_ticks(low: float, high: float) -> None:
    """At most five steps, all of one length, from below the lowest to above the highest."""
    axis = card_charts.axis_over(low, high)
    assert axis.ticks[0] <= low
    assert axis.ticks[-1] >= high
    assert 2 <= len(axis.ticks) <= 6
    steps = np.diff(axis.ticks)
    assert steps == pytest.approx(steps[0])
    assert axis.at(axis.ticks[0]) == 0
    assert axis.at(axis.ticks[-1]) == 100


@pytest.mark.parametrize(
    ("edges", "line"), [([-10, 0, 10], "50,0 50,100"), ([-10, 0, 30], "25,0 25,100"), ([0, 5], "")]
)
def test_a_histogram_marks_zero_between_its_values(edges: list[float], line: str) -> None:
    """Where errors lie on both sides of 0, a line stands there, and none where they do not."""
    plot = card_charts.bars(edges, [3] * (len(edges) - 1))
    assert plot.lines.get("even", "") == line


def test_a_roc_picture_keeps_its_corners() -> None:
    """Points on a straight part are left out; the line is the same."""
    plot = card_charts.roc([[0, 0], [0, 0.5], [0, 1], [0.5, 1], [1, 1]])
    assert plot.lines["line"] == "0,100 0,0 100,0"


# The page


def test_the_page_of_a_number_has_every_part() -> None:
    """Each part has its heading, its link and its figures; each picture its table."""
    page = page_of(charging_card(intended=["Trying."], unsuited=["Deciding."], sensitive=["age"]))
    parts = [one for one in page.all("section") if one.get("id")]
    linked = [one["href"] for one in page.all("a") if one.inside("nav") and one["href"][0] == "#"]
    assert linked == [f"#{one['id']}" for one in parts]
    text = page.one("main").text
    for words in (
        "Trying.", "Deciding.", "Predicted against actual", "Residuals by prediction",
        "Range coverage by prediction", "Shape of each effect", "sensitive",
        "Model Cards for Model Reporting", "Data Cards", "10 folds", "120 test rows", "0" * 64,
        "1.50 to 2.50", "StandardScaler",
    ):
        assert words in text, words
    for plot in page.of_class("plot"):
        tables = [one for one in page.all("table") if one.inside("figure") is plot]
        assert len(tables) == 1, plot.text


def test_the_page_of_classes_has_its_pictures() -> None:
    """Confusion matrix, ROC curves and calibration, each with the class's name."""
    page = page_of(grading_card())
    text = page.one("main").text
    for words in ("Confusion matrix", "Area under the curve", "Frequency", "Accuracy"):
        assert words in text, words
    counts = [one.text for one in page.all("td") if "heat-" in (one.get("class") or "")]
    matrix = card_of(grading_card())["evaluation"]["confusion"]["counts"]
    assert counts == [str(count) for row in matrix for count in row]


@pytest.mark.parametrize("made", ["page", "file"])
def test_ranges_are_told_by_the_size_of_the_answer(made: str) -> None:
    """Who reads that nine in ten are inside sees for which answers fewer are."""
    card = charging_card()
    page = page_of(card) if made == "page" else Page(card_html(card))
    label = "Ranges by size of the prediction"
    (part,) = page.all("div", **{"aria-label": label})
    rows = [
        [one.text.strip() for one in page.elements
         if one.tag in ("th", "td") and one.inside("tr") is row]
        for row in page.all("tr") if row.inside("div") is part
    ]
    assert rows[1:] == [
        ["−12 to 8,000", "134", "94.8%", "20,000"], ["8,001 to 41,000", "266", "83.5%", "42,000"],
    ]
    del card.description["interval"]["by_answer"]
    assert label not in started(card).test_client().get("/model").text


@pytest.mark.parametrize("made", [charging_card, grading_card])
def test_every_scrolled_table_has_a_name_of_its_own(made: Any) -> None:
    """Who hears the page finds each by its name."""
    names = [one["aria-label"] for one in page_of(made()).all("div", role="region")]
    assert len(names) > 5
    assert len(names) == len(set(names))


def test_a_deployment_from_before_leaves_the_parts_out(iris_deployment: Deployment) -> None:
    """Without the facts there is a card without their parts, and their keys are null."""
    page = page_of(iris_deployment)
    parts = {one["id"] for one in page.all("section") if one.get("id")}
    assert {"summary", "quality", "data", "training", "proof"} <= parts
    assert not parts & {"errors", "effects", "groups"}
    card = card_of(iris_deployment)
    assert card["evaluation"] is None
    assert card["effects"] is None
    assert all(field["missing"] is None for field in card["fields"])


def test_the_card_tells_how_much_is_missing() -> None:
    """Every twentieth of the people has no age."""
    fields = {one["name"]: one["missing"] for one in card_of(charging())["fields"]}
    assert fields == {"age": 0.05, "bmi": 0.0, "smoker": 0.0, "region": 0.0}


def test_words_from_the_table_are_not_markup() -> None:
    """A level that looks like HTML is shown as it is."""
    table = people().assign(region=np.resize(["<b>north</b>", "west & south"], 400))
    deployment = deployment_of(table, "charges", "regression", InterplayEngine())
    schema, zero = deployment.schema, np.zeros(400)
    measured = measure_numbers(zero, zero + np.arange(400), None, None)
    groups = groups_of(schema, columns_of(table, schema), measured, SHARES)
    facts = regression_facts(np.arange(400.0), np.arange(400.0) + 1)
    page = page_of(with_facts(deployment, {"rows": 400, "folds": 5, **facts, "groups": groups}))
    assert page.all("b") == []
    assert "<b>north</b>" in page.one("main").text


class SixClasses(SumEngine):
    """Six classes by the first field."""

    def answer(self, columns: Any) -> Answer:
        first = next(iter(columns.values()))
        shares = np.exp(-np.abs(first[:, None] - np.linspace(-2, 2, 6)))
        shares /= shares.sum(axis=1, keepdims=True)
        names = np.array([f"the class {place}" for place in range(6)], dtype=object)
        return Answer(names[shares.argmax(axis=1)], shares)


class FourNumbers(SumEngine):
    """The sum of the first four fields."""

    def answer(self, columns: Any) -> Answer:
        return super().answer({name: columns[name] for name in list(columns)[:4]})


def many_fields(numbers: int) -> pd.DataFrame:
    """Eighty fields, so many of them numbers, and categories of eight levels."""
    rng = np.random.default_rng(10)
    table = pd.DataFrame({f"a number, the {n}th": rng.normal(size=900) for n in range(numbers)})
    levels = [f"a level with a name {n}" for n in range(8)]
    columns = {f"category {n}": rng.choice(levels, 900) for n in range(80 - numbers)}
    return pd.concat([table, pd.DataFrame(columns)], axis=1)


@pytest.mark.thorough
@pytest.mark.parametrize("numbers", [8, 37])
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_card_of_many_fields_stays_below_150_kb(numbers: int, task: str) -> None:
    """Eighty fields, each category with its groups, and six classes or an amount."""
    table, rng = many_fields(numbers), np.random.default_rng(12)
    if task == "classification":
        deployment = deployment_of(table, "kind", task, SixClasses())
        schema = deployment.schema
        columns = columns_of(table, schema)
        shares = SixClasses().answer(columns).probabilities
        assert shares is not None
        unseen = UnseenClasses(
            tuple(map(str, schema.classes)), np.array([rng.choice(6, p=one) for one in shares]),
            shares.argmax(axis=1), shares, 5,
        )
        evaluation = {
            "rows": 900, "folds": 5, **classification_facts(unseen),
            "groups": groups_of(schema, columns, measure_classes(unseen), {}),
        }
        assert page_weight(deployment, evaluation) < 150_000
        return
    deployment = deployment_of(table, "total", task, FourNumbers())
    schema = deployment.schema
    predicted = rng.normal(100_000, 9000, 900)
    actual = predicted + rng.normal(0, 4000, 900)
    low, high = predicted - 6000, predicted + 6000
    evaluation = {
        "rows": 900, "folds": 10, **regression_facts(actual, predicted, low, high),
        "groups": groups_of(
            schema, columns_of(table, schema), measure_numbers(actual, predicted, low, high), {}
        ),
    }
    assert page_weight(deployment, evaluation) < 150_000


def page_weight(deployment: Deployment, evaluation: Any) -> int:
    """Bytes of the card's page, with the styles and scripts that it loads."""
    loaded = with_facts(deployment, evaluation)
    fields = deployment.schema.fields
    loaded.description["card"]["importance"] = {field.name: 1 / 80 for field in fields}
    app = started(loaded)
    html = app.test_client().get("/model").text
    assets = set(re.findall(r'(?:src|href)="/static/([\w.]+)', html))
    assert {"tablecast.css", "card.css"} < assets
    folder = Path(app.static_folder or "")
    return len(html.encode()) + sum((folder / one).stat().st_size for one in assets)


# The file


def test_the_file_needs_nothing_else() -> None:
    """No script, no picture, no style sheet and no address outside of it."""
    html = card_html(charging_card())
    page = Page(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))
    assert not page.all("script") + page.all("link") + page.all("img")
    assert not [one for one in page.elements if "src" in one.attributes]
    ids = {one["id"] for one in page.elements if one.get("id")}
    for link in page.all("a"):
        assert link["href"][0] == "#"
        assert link["href"][1:] in ids
    assert "url(" not in html
    assert "@import" not in html
    assert "://" not in html
    assert ".plot-line" in html


def test_the_command_writes_what_the_ending_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without -o JSON is printed; .json has the same, .html the page."""
    monkeypatch.setattr("tablecast.cli.commands.card_command.load", lambda _name: charging_card())
    assert main(["card", "any"]) == 0
    printed = capsys.readouterr().out
    assert main(["card", "any", "-o", str(tmp_path / "card.json")]) == 0
    assert (tmp_path / "card.json").read_text(encoding="utf-8") == printed
    assert json.loads(printed)["evaluation"]["rows"] == 400
    assert main(["card", "any", "-o", str(tmp_path / "card.html")]) == 0
    assert (tmp_path / "card.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_card_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another ending is refused; a failure half-way leaves no part of a file."""
    with pytest.raises(CardError, match=r"\.html or \.json"):
        write_card(charging_card(), tmp_path / "card.pdf")
    old = tmp_path / "card.html"
    old.write_text("old")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CardError, match="No space left"):
        write_card(charging_card(), old)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("card.html", "old")]


# From a table


@pytest.mark.slow
def test_training_looks_at_rows_that_a_clone_has_not_seen(tmp_path: Path) -> None:
    """A tree knows coin flips by heart; on unseen ones, which the card tells of, it guesses."""
    pytest.importorskip("pycaret", reason="training needs PyCaret")
    from tablecast.deployment.opening import load
    from tablecast.training.cast import cast

    rng = np.random.default_rng(11)
    table = pd.DataFrame({
        "x": rng.normal(size=300), "kind": rng.choice(["a", "b"], 300),
        "coin": rng.choice(["heads", "tails"], 300),
    })
    table.to_csv(tmp_path / "coins.csv", index=False)
    base = cast(
        tmp_path / "coins.csv", "coin", name="coins", out=tmp_path, model="dt",
        progress=lambda _line: None,
    )
    card = card_of(load(base))
    evaluation = card["evaluation"]
    assert np.array(evaluation["confusion"]["counts"]).sum() == 300
    assert 0.4 < evaluation["figures"]["accuracy"] < 0.6
    assert {one["field"] for one in evaluation["groups"]} == {"x", "kind"}
    assert set(card["effects"]["fields"]) == {"x", "kind"}
    assert len(card["metrics"]["cross_validation"]["Accuracy"]["folds"]) == card["folds"]
    assert card["held_out"] == 90
    assert card["steps"]


def test_levels_are_called_on_the_card_as_on_the_form() -> None:
    """The reader of the card sees the names of the levels, whatever the table spells."""
    loaded = charging_card()
    described = loaded.description["schema"]
    for field in described["fields"]:
        if field["name"] == "region":
            field["level_labels"] = {"north": "North of here"}
    text = page_of(loaded).one("main").text
    assert "North of here, south, west" in text
    assert "yes, no" not in text
    assert "Yes, No" in text
