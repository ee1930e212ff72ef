"""The parts of learning an interval, each beside a value known from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="intervals are learnt with scikit-learn")

import pandas as pd
from scipy.optimize import minimize
from scipy.stats.mstats import hdquantiles
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, QuantileRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeRegressor

from tablecast.data.row_metadata import RowMetadata
from tablecast.features.searched_terms import Factor
from tablecast.training.experiment import splits
from tablecast.training.experiment.splits import folds_of
from tablecast.training.intervals import bounds, conformal, offset_shapes
from tablecast.training.intervals.bounds import Rows
from tablecast.training.intervals.conditional_median import least_absolute, middle
from tablecast.training.intervals.offset_shapes import SHAPES, Column, Encoded, Fitted, encode
from tablecast.training.intervals.over_time import not_covered
from tablecast.training.intervals.quantiles import (
    NEAR,
    PENALTY,
    shrunken_slopes,
    smoothed_quantile,
)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.95])
def test_a_smoothed_quantile_is_harrells_and_davis(quantile: float) -> None:
    """It is what scipy's independent implementation gives."""
    values = np.random.default_rng(1).exponential(size=61)
    assert smoothed_quantile(values, quantile) == pytest.approx(hdquantiles(values, [quantile])[0])


@pytest.mark.parametrize("quantile", [0.05, 0.95])
def test_shrunken_slopes_have_the_least_penalised_loss(quantile: float) -> None:
    """A general optimizer finds the same slopes of the loss that Hunter and Lange's steps lower."""
    random = np.random.default_rng(2)
    columns = random.normal(3, [2, 0.5], size=(800, 2))
    values = 5 * (columns[:, 0] + 0.3 * random.normal(size=800) * (1 + columns[:, 1]))
    size, spread = np.abs(values).mean(), columns.std(axis=0)
    design = (columns - columns.mean(axis=0)) / spread

    def cost(found: np.ndarray) -> float:
        left = values / size - found[0] - design @ found[1:]
        near = np.abs(left) - NEAR * np.log(NEAR + np.abs(left))
        loss = (near + (2 * quantile - 1) * left).mean()
        return float(loss + PENALTY / 2 * (found[1:] ** 2).sum())

    best = minimize(cost, [1.0, 0.0, 0.0], method="Nelder-Mead", options={"fatol": 1e-10})
    slopes = shrunken_slopes(columns, values, quantile)
    assert slopes * spread / size == pytest.approx(best.x[1:], abs=0.02)
    assert (NEAR, PENALTY) == (0.02, 0.03)
    assert shrunken_slopes(columns, 0 * values, quantile).tolist() == [0, 0]
    assert shrunken_slopes(columns[:, :0], values, quantile).shape == (0,)


def test_a_constant_is_not_shrunken() -> None:
    """Slopes keep what they explain, however far from 0 the values lie."""
    random = np.random.default_rng(14)
    columns = random.normal(size=(800, 1))
    values = 100 + 8 * columns[:, 0] + random.normal(size=800)
    assert shrunken_slopes(columns, values, 0.5)[0] == pytest.approx(8, abs=2.0)


def test_least_absolute_deviations_are_a_median_regression() -> None:
    """They are as small as those of scikit-learn's linear programme, to a part in ten thousand."""
    random = np.random.default_rng(3)
    design = random.normal(5, [1, 40], size=(301, 2))
    goal = 7 + design @ [2.0, -0.5] + random.standard_t(2, size=301)
    programme = QuantileRegressor(quantile=0.5, alpha=0.0, solver="highs").fit(design, goal)
    constant, *slopes = least_absolute(design, goal)
    least = np.abs(goal - programme.predict(design)).mean()
    assert np.abs(goal - constant - design @ slopes).mean() < 1.0001 * least


def test_fields_become_columns() -> None:
    """Numbers with the median where one is missing; levels of 20 rows, but the first; no dates."""
    rows = 70
    features = pd.DataFrame({
        "x": [1.0, np.nan, *[float(at) for at in range(2, rows)]],
        "none": np.nan,
        "kind": ["a"] * 30 + ["b"] * 20 + ["c"] * 19 + [None],
        "when": pd.Timestamp("2020-01-01"),
    })
    encoded = encode(features)
    assert encoded.columns == (Column("x", None, 1.0, 69.0, 35.0), Column("kind", "b"))
    assert encoded.values[:, 0].tolist() == [1.0, 35.0, *range(2, rows)]
    assert np.flatnonzero(encoded.values[:, 1]).tolist() == list(range(30, 50))
    many = pd.DataFrame({"kind": np.repeat(list("abcdefghi"), range(28, 19, -1))})
    assert [one.level for one in encode(many).columns] == list("bcdefg")
    assert encode(pd.DataFrame({"when": [pd.Timestamp(0)]})).values.shape == (1, 0)


def test_an_end_is_kept_by_its_fields_names() -> None:
    """Numbers with their range, levels by field, terms by factors; nothing that adds nothing."""
    columns = (
        Column("x", None, 1.0, 9.0, 4.0), Column("y", None, 0.0, 2.0, 1.0),
        Column("kind", "b"), Column("kind", "c"), Column("sort", "d"),
    )
    product = (Factor(0, "above", 3.0), Factor(2))
    fitted = Fitted(np.array([5.0]), np.array([-1.0]), np.array([0.5, 0, 2, 3, 0]), (product,),
                    np.array([7.0]))
    assert fitted.to_json(columns) == {
        "at": [5.0], "offsets": [-1.0],
        "numbers": [{"field": "x", "slope": 0.5, "low": 1.0, "high": 9.0, "typical": 4.0}],
        "levels": [{"field": "kind", "adds": {"b": 2.0, "c": 3.0}}],
        "terms": [{"weight": 7.0, "factors": [
            {"field": "x", "kind": "above", "cut": 3.0, "low": 1.0, "high": 9.0, "typical": 4.0},
            {"field": "kind", "level": "b"},
        ]}],
    }
    encoded = Encoded(columns, np.array([[4.0, 1, 1, 0, 0], [2.0, 1, 1, 0, 0]]))
    by_hand = [-1 + 2 + 2 + 7 * product[0].of(np.array([4.0]), 1.0)[0], -1 + 1 + 2]
    assert fitted.offsets(np.zeros(2), encoded).tolist() == by_hand
    assert fitted.moved(2.5).offsets(np.zeros(2), encoded) == pytest.approx(np.add(by_hand, 2.5))


NO_FIELDS = Encoded((), np.empty((480, 0)))


def test_a_curve_has_a_quantile_for_each_bin() -> None:
    """480 rows are eight bins of 60; each has its own quantile at its middle prediction."""
    predictions = np.arange(480.0)
    residuals = predictions % 60 + 100 * (predictions // 60)
    curve = SHAPES["a curve over the predictions"](predictions, NO_FIELDS, residuals, 0.5)
    assert curve.at.tolist() == [29.5 + 60 * place for place in range(8)]
    assert curve.heights.tolist() == [29.5 + 100 * place for place in range(8)]
    few = SHAPES["a curve over the predictions"](
        predictions[:130], NO_FIELDS.rows(np.arange(130)), residuals[:130], 0.5
    )
    assert len(few.at) == 2
    alike = SHAPES["a curve over the predictions"](np.zeros(480), NO_FIELDS, residuals, 0.5)
    assert alike.heights == pytest.approx([smoothed_quantile(residuals, 0.5)])
    assert alike.at.tolist() == [0.0]


def test_two_lines_meet_at_the_median_prediction() -> None:
    """Residuals that follow two lines are found again; where there is no error, one number is."""
    predictions = np.arange(480.0)
    bent = np.where(predictions < 239.5, 239.5 - predictions, 2 * (predictions - 239.5))
    line = SHAPES["a line over the predictions"](predictions, NO_FIELDS, bent, 0.5)
    assert line.at.tolist() == [0, 239.5, 479]
    assert line.heights == pytest.approx([239.5, 0, 479], abs=1e-6)
    for at, residuals in ((np.zeros(480), bent), (predictions, np.zeros(480))):
        flat = SHAPES["a line over the predictions"](at, NO_FIELDS, residuals, 0.95)
        assert flat.heights == pytest.approx([smoothed_quantile(residuals, 0.95)])


def test_the_fields_that_tell_most_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns without variation tell nothing, however many may be taken."""
    random = np.random.default_rng(4)
    values = np.column_stack([np.full(900, 1e6), random.normal(size=(900, 3))])
    residuals = random.normal(size=900) + 3 * values[:, 2] + values[:, 3]
    for most, quantile, expected in [(2, 0.95, [2, 3]), (1, 0.05, [2]), (9, 0.5, [1, 2, 3])]:
        monkeypatch.setattr(offset_shapes, "MOST_COLUMNS", most)
        below = (residuals < np.quantile(residuals, quantile)).astype(np.float64)
        assert offset_shapes.telling(values, below).tolist() == expected


def test_the_loss_of_a_quantile() -> None:
    """A residual above costs the quantile of it, one below the rest."""
    losses = bounds._pinball(np.array([-2.0, 0.0, 4.0]), 0.95)
    assert losses == pytest.approx([0.1, 0, 3.8])


def test_less_is_clear_beyond_the_standard_error() -> None:
    """The mean gain of 1 has a standard error of 1/2: clear by one error and not by two."""
    loss, than = np.zeros(16), 1 + 2.0 * np.tile([-1, 1], 8)
    rows = bounds.Rows(loss, encode(pd.DataFrame({"x": loss})), loss, np.arange(16))
    assert bounds._clearly_less(rows, loss, than)
    assert bounds._clearly_less(rows, loss, than, 1.99)
    assert not bounds._clearly_less(rows, loss, than, 2.0)
    assert not bounds._clearly_less(rows, than, loss)


def test_rows_of_a_group_count_as_one() -> None:
    """The same gain in two groups, of which one loses, has an error of the groups' own."""
    loss, than = np.zeros(16), np.repeat([3.0, -1.0], 8)
    encoded = encode(pd.DataFrame({"x": loss}))
    alone = bounds.Rows(loss, encoded, loss, np.arange(16))
    together = bounds.Rows(loss, encoded, loss, np.arange(16), np.repeat([0, 1], 8))
    assert bounds._clearly_less(alone, loss, than, 1.5)
    assert not bounds._clearly_less(together, loss, than, 1.5)


def test_a_rows_height_comes_from_the_other_folds() -> None:
    """Each fold gets the quantile of all rows but its own; a quantile is one of the values."""
    values, fold_of = np.arange(10.0), np.arange(10) % 5
    heights = bounds._cross_quantile(values, fold_of, 1.0)
    assert heights.tolist() == [9, 9, 9, 9, 8] * 2
    assert bounds._quantile(np.array([-np.inf, 1.0, 2.0, np.inf]), 0.4) == 1.0


def test_rows_on_the_other_side_of_their_answer_count_without_end() -> None:
    """No lower end can leave out a row above its answer, and no upper end one below it."""
    residuals, unseen = np.array([-3.0, 0.0, 5.0]), np.array([1.0, 1.0, 1.0])
    assert bounds._counted(residuals, unseen, 0.05).tolist() == [-4, np.inf, np.inf]
    assert bounds._counted(residuals, unseen, 0.95).tolist() == [-np.inf, -1, 4]


def test_an_end_beside_most_rows_is_one_number_from_the_middle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each row's is that of the other folds' rows, from the middle that was fitted without it."""
    monkeypatch.setattr(bounds, "_clearly_less", lambda *_: True)
    at, rows = np.array([0.0]), 400
    unseen = np.where(np.arange(rows) % 2, 4.0, -6.0)
    residuals = unseen + np.where(np.arange(rows) % 20 < 2, -1.0, 0.5) - np.arange(rows) % 7 / 100
    fold_of = np.arange(rows) % 5
    encoded = Encoded((Column("x"),), np.arange(float(rows))[:, None])
    middle = bounds.Middle(Fitted(at, np.array([2.0]), np.array([0.0])), unseen)
    learnt = bounds.learn_end(Rows(np.zeros(rows), encoded, residuals, fold_of), middle, 0.05)
    counted = np.where(residuals < 0, residuals - unseen, np.inf)
    heights = [np.quantile(counted[fold_of != fold], 0.05, method="nearest") for fold in range(5)]
    assert learnt.shape == bounds.AROUND_MIDDLE
    assert learnt.unseen == pytest.approx(unseen + np.array(heights)[fold_of])
    height = np.quantile(counted, 0.05, method="nearest")
    assert learnt.fitted.heights == pytest.approx([2.0 + height])


def test_the_middle_has_to_halve_what_the_answers_leave() -> None:
    """Of a median deviation of 4 from the answers, 1.9 from the middle is half, and 2 is not."""
    residuals = np.array([-4.0, -4, 0, 4, 4])
    rows = Rows(np.zeros(5), Encoded((Column("x"),), residuals[:, None]), residuals, np.arange(5))
    for beside, near in ((1.9, True), (2.0, False)):
        flat = Fitted(np.array([0.0]), np.array([beside]), np.array([1.0]))
        assert bounds._nearer(flat, rows, np.full(5, True)) is near


def test_a_middle_bends_where_a_field_does() -> None:
    """A step, a slope and a level are found whether they bend the answers or the fields."""
    random = np.random.default_rng(6)
    x, kind = random.uniform(0, 10, 600).round(1), random.choice(["a", "b"], 600)
    encoded = encode(pd.DataFrame({"x": x, "kind": kind}))
    rule = 3 * x + np.where((x > 6) & (kind == "b"), 50, 0) + np.where(kind == "b", 7, 0)
    target = rule + (random.random(600) < 0.1) * 300
    for answers in (rule.mean() + x - 5, rule + 30 + 0.2 * rule):
        found = middle(answers, encoded, target - answers)
        assert found is not None
        left = target - answers - found.offsets(answers, encoded)
        assert np.quantile(np.abs(left), 0.85) < 0.05
    assert middle(np.full(600, 5.0), encoded, target - 5) is None
    assert middle(answers[:99], encoded.rows(np.arange(99)), (target - answers)[:99]) is None
    assert middle(answers[:100], encoded.rows(np.arange(100)), (target - answers)[:100]) is not None


def test_thirds_of_the_answers_are_counted_apart() -> None:
    """Each third says where it begins and ends, its coverage and its mean width."""
    answers = np.arange(9.0)
    low, high = answers - 1, answers + 1 + (answers > 5)
    target = answers + np.array([0, 0, 2, 0, 0, 0, -1, -2, 2])
    assert conformal._by_prediction(answers, low, high, target) == [
        {"from": 0.0, "to": 2.0, "rows": 3, "coverage": pytest.approx(2 / 3), "width": 2.0},
        {"from": 3.0, "to": 5.0, "rows": 3, "coverage": 1.0, "width": 2.0},
        {"from": 6.0, "to": 8.0, "rows": 3, "coverage": pytest.approx(2 / 3), "width": 3.0},
    ]
    assert len(conformal._by_prediction(np.zeros(3), low[:3], high[:3], target[:3])) == 1


def test_clones_answer_in_ten_five_or_three_folds() -> None:
    """Few rows need a model that is near to the whole one's; many do not."""
    folds = [folds_of(rows) for rows in (5_000, 5_001, 20_000, 20_001)]
    assert folds == [10, 5, 5, 3]


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (0.885, []), (0.915, []), (0.9, []),
        (0.82, ["82.0% of the 50 latest rows, not 90%. With so few rows, that can be chance."]),
        (0.98, ["98.0% of the 50 latest rows, not 90%. With so few rows, that can be chance."]),
        (0.81, ["81.0% of the 50 latest rows, not 90%, because errors change over time: on average "
                "1 before and 3 in the latest rows. Train again as new rows come in."]),
    ],
)  # fmt: skip
def test_later_rows_that_are_not_covered_are_told(coverage: float, words: list[str]) -> None:
    """From two hundredths on; beyond two standard errors with the errors before and after."""
    residuals = np.repeat([-1.0, 3.0], 50)
    found = not_covered(pd.Series(range(100)), residuals, {"level": 0.9, "coverage": coverage})
    said = [f"Ranges learnt from earlier rows cover {one}" for one in words]
    assert [one.say() for one in found] == said


LINEAR = Pipeline([("same", FunctionTransformer()), ("model", LinearRegression())])


def tabled(rows: int, columns: int = 2) -> tuple[pd.DataFrame, np.ndarray]:
    """Some numbers, and an amount that follows them with an error, the last of them the most."""
    random = np.random.default_rng(12)
    values = random.normal(5, 2, size=(rows, columns))
    table = pd.DataFrame(values, columns=[f"x{at}" for at in range(columns)])
    return table, values @ np.arange(1.0, columns + 1) + random.normal(size=rows)


@pytest.mark.parametrize("folds", [None, 2])
def test_refits_are_moved_to_where_the_pipeline_stands(folds: int | None) -> None:
    """By all of a linear model's difference, as that is linear in the features."""
    table, target = tabled(60)
    pipeline = clone(LINEAR).fit(table, target)
    plain, moved = conformal.refit_predictions(pipeline, table, target, folds=folds)
    final = pipeline.predict(table)
    assert moved == pytest.approx(final)
    assert 0.001 < np.abs(plain - final).mean() < 0.5
    parts = splits.refits(pd.Series(target), RowMetadata(), "regression", folds or 10, 123)
    (learnt, unseen), *_ = parts
    refit = LinearRegression().fit(table.iloc[learnt], target[learnt])
    assert plain[unseen] == pytest.approx(refit.predict(table.iloc[unseen]))


def test_by_time_refits_stay_where_they_are() -> None:
    """The pipeline itself knows what comes later; nobody answers the earliest rows."""
    table, target = tabled(60)
    pipeline = clone(LINEAR).fit(table, target)
    about = RowMetadata(times=pd.Series(range(60)))
    plain, moved = conformal.refit_predictions(pipeline, table, target, about=about)
    np.testing.assert_array_equal(plain, moved)
    answered = ~np.isnan(plain)
    assert answered[-1]
    assert not answered[0]


@pytest.mark.parametrize(("rows", "columns", "taken"), [(45, 5, 3), (60, 3, 3), (300, 15, 12)])
def test_other_refits_are_moved_by_the_fields_that_tell_most(
    rows: int, columns: int, taken: int
) -> None:
    """One for fifteen rows, at most twelve; each as far from its mean as it varies."""
    table, target = tabled(rows, columns)
    tree = Pipeline([("model", DecisionTreeRegressor(max_depth=3))]).fit(table, target)
    final = tree.predict(table)
    design = conformal._alignment(tree, table, final, target)
    assert design.shape == (rows, 2 + taken)
    assert design[:, 0].tolist() == [1] * rows
    assert design[:, 1:].mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert design[:, 1:].std(axis=0) == pytest.approx(1)
    related = [abs(np.corrcoef(table[name], target)[0, 1]) for name in table]
    expected = table.iloc[:, np.argsort(related)[::-1][:taken]]
    assert [np.corrcoef(design[:, 2 + at], expected.iloc[:, at])[0, 1] for at in range(taken)] == (
        pytest.approx([1] * taken)
    )


@pytest.mark.parametrize(("rows", "columns", "linear"), [(30, 2, True), (29, 2, False)])
def test_a_linear_model_says_what_it_sees(rows: int, columns: int, linear: bool) -> None:
    """As long as there are fifteen rows for each of its columns."""
    table, target = tabled(rows, columns)
    model = clone(LINEAR).fit(table, target)
    design = conformal._alignment(model, table, model.predict(table), target)
    assert design.shape[1] - 2 == (columns if linear else rows // 15)


def test_rows_that_weigh_more_are_drawn_oftener() -> None:
    """Ranges are those of the drawn rows, of which each stays with itself."""
    table, target = tabled(60)
    weights = pd.Series(np.arange(60.0))
    predictions = table["x0"].to_numpy() + 10
    places = splits.drawn_by_weight(weights, 7)
    stored = conformal.learn(table, target, predictions, 7, RowMetadata(weights=weights))
    drawn = table.iloc[places].reset_index(drop=True)
    together = RowMetadata(groups=pd.Series(places))
    assert stored == conformal.learn(drawn, target[places], predictions[places], 7, together)
    assert stored["rows"] == len(places)
