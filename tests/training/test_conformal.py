"""Learning prediction intervals from out-of-fold residuals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="intervals are learnt with scikit-learn")

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, TargetEncoder

from tablecast.data.row_metadata import RowMetadata
from tablecast.data.sources import read_table
from tablecast.inference.interval import Interval
from tablecast.inference.pycaret_api import import_pycaret
from tablecast.schema.schema import Schema
from tablecast.training.experiment.splits import folds_of
from tablecast.training.intervals import conformal
from tablecast.training.intervals.bounds import AROUND_MIDDLE, BY_FIELDS, Rows, _aligned, learn_end
from tablecast.training.intervals.conditional_median import roundest
from tablecast.training.intervals.conformal import (
    _seen_by_linear,
    interval_score,
    learn,
    limits_of,
    refit_predictions,
)
from tablecast.training.intervals.offset_shapes import SHAPES, Fitted, encode
from tablecast.training.intervals.quantiles import shrunken_slopes, smoothed_quantile

ROWS = 1_500


def simulated(seed: int, rows: int = ROWS) -> pd.DataFrame:
    """Amounts whose spread grows with x, and leans upwards for the group "wild" alone."""
    random = np.random.default_rng(seed)
    x = random.uniform(1, 10, rows)
    group = random.choice(["calm", "wild"], rows)
    noise = random.normal(0, 0.1, rows) * x + (group == "wild") * random.exponential(3, rows)
    return pd.DataFrame({"x": x, "group": group, "amount": 100 + 5 * x + noise})


def ends(stored: dict[str, Any], table: pd.DataFrame, target: str, answers: Any) -> Any:
    schema = Schema.from_table(table, target, "regression")
    interval = Interval.from_json(stored, schema.fields)
    columns = schema.columns_of(table)
    return interval.of_columns(np.asarray(answers, dtype=np.float64), columns)


@pytest.mark.thorough
def test_new_rows_are_covered_in_every_group() -> None:
    """Nine in ten new rows lie inside, in the calm group and in the wild one, which is wider."""
    known, new = simulated(1), simulated(2, 20_000)
    residuals = known["amount"].to_numpy() - (100 + 5 * known["x"].to_numpy())
    stored = learn(
        known[["x", "group"]], known["amount"].to_numpy(), known["amount"].to_numpy() - residuals, 1
    )
    low, high = ends(stored, new, "amount", 100 + 5 * new["x"])
    inside = (low <= new["amount"]) & (new["amount"] <= high)
    wild = (new["group"] == "wild").to_numpy()
    assert inside[wild].mean() == pytest.approx(0.9, abs=0.04)
    assert inside[~wild].mean() == pytest.approx(0.9, abs=0.04)
    assert (high - low)[wild].mean() > 2 * (high - low)[~wild].mean()
    assert stored["coverage"] == pytest.approx(0.9, abs=0.02)


def test_noise_alone_gets_one_offset() -> None:
    """Where nothing tells rows apart, an end is one number and no shape is imagined."""
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(size=(800, 4)), columns=list("abcd"))
    stored = learn(table, random.normal(size=800), np.zeros(800), 1)
    assert str(stored["method"]).count("a fixed distance.") == 2
    assert stored["lower"]["offsets"][0] == pytest.approx(-1.645, abs=0.2)


def rarely_dear(seed: int, rows: int = 1_000) -> pd.DataFrame:
    """Nine rows in ten follow a rule with a cut at 30 exactly; the tenth is far dearer."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame({
        "size": random.uniform(15, 50, rows).round(2),
        "kind": random.choice(["a", "b"], rows, p=[0.6, 0.4]),
    })
    rule = 2 * table["size"] + 100 * ((table["kind"] == "b") & (table["size"] > 30))
    return table.assign(cost=rule + (random.random(rows) < 0.1) * random.uniform(200, 900, rows))


@pytest.mark.thorough
def test_an_end_follows_where_most_rows_lie() -> None:
    """Where most rows follow a rule, the lower end is that rule, its cut found to the digit."""
    known, new = rarely_dear(3), rarely_dear(2)
    features, target = known[["size", "kind"]], known["cost"].to_numpy()
    answers = 55 + 1.5 * known["size"].to_numpy() + 50 * (known["kind"] == "b").to_numpy()
    stored = learn(features, target, answers, 1)
    assert f"Low end: {AROUND_MIDDLE}." in str(stored["method"])
    factors = [one for term in stored["lower"]["terms"] for one in term["factors"]]
    assert {one["cut"] for one in factors if one.get("kind") == "above"} == {30.0}
    shifted = 55 + 1.5 * new["size"].to_numpy() + 50 * (new["kind"] == "b").to_numpy()
    low, _ = ends(stored, new, "cost", shifted)
    dear = (new["kind"] == "b").to_numpy() & (new["size"] > 30).to_numpy()
    rule = 2 * new["size"].to_numpy() + 100 * dear
    inside = rule < shifted  # elsewhere the end is the answer itself
    assert np.quantile(np.abs(low - rule)[inside], 0.95) < 1.0


@pytest.mark.thorough
def test_the_other_end_is_measured_from_most_rows_too() -> None:
    """The end far from most rows adds what the fields tell, more for those who are dear oftener."""
    random = np.random.default_rng(5)
    table = rarely_dear(5).assign(often=random.choice(["no", "yes"], 1_000))
    dear = (table["often"] == "yes") * (random.random(1_000) < 0.1) * 900
    target = (table["cost"] + dear).to_numpy()
    answers = 55 + 1.5 * table["size"].to_numpy() + 50 * (table["kind"] == "b").to_numpy()
    stored = learn(table[["size", "kind", "often"]], target, answers, 1)
    assert str(stored["method"]).endswith(f"High end: {BY_FIELDS}.")
    adds = {one["field"]: one["adds"] for one in stored["upper"]["levels"]}["often"]
    assert sum(adds.get(level, 0.0) * side for level, side in (("yes", 1), ("no", -1))) > 0
    _, high = ends(stored, table, "cost", answers)
    assert 0.93 < (target <= high).mean() < 0.97


@pytest.mark.parametrize("rows", [12, 150])
def test_answers_without_errors_have_ranges_without_width(rows: int) -> None:
    """A pipeline that knows every row by a formula is sure of it, on few rows and on many."""
    random = np.random.default_rng(10)
    table = pd.DataFrame({"x": random.normal(size=rows), "kind": random.choice(["a", "b"], rows)})
    stored = learn(table, table["x"].to_numpy(), table["x"].to_numpy(), 1)
    assert (stored["coverage"], stored["width"]) == (1.0, 0.0)


def test_an_end_with_hardly_a_row_beyond_it_is_finite() -> None:
    """Where no answer lies above its true value, the lower end is a number all the same."""
    known = rarely_dear(11, 400)
    features, target = known[["size", "kind"]], known["cost"].to_numpy()
    stored = learn(features, target, 0.9 * np.minimum(target, 2 * known["size"].to_numpy()), 1)
    assert np.isfinite([*stored["lower"]["offsets"], *stored["upper"]["offsets"]]).all()
    assert stored["coverage"] > 0.85


@pytest.mark.thorough
def test_an_end_has_the_shape_that_serves_unseen_rows_best() -> None:
    """Where a field tells more than a curve through the answers, the end goes by the field."""
    random = np.random.default_rng(6)
    answers, wild = random.uniform(0, 10, 12_000), random.random(12_000) < 0.5
    spread = 1 + (np.abs(answers % 5 - 2.5) < 1) + 4 * wild
    residuals = random.normal(size=12_000) * spread
    encoded = encode(pd.DataFrame({"wild": np.where(wild, "yes", "no")}))
    known, new = np.arange(12_000) < 2_000, np.arange(12_000) >= 2_000
    seen = answers[known], encoded.rows(known), residuals[known]
    learnt = learn_end(Rows(*seen, np.arange(2_000) % 5), None, 0.95)
    assert learnt.shape == "a line over the predictions and the fields"

    def loss(fitted: Fitted) -> float:
        left = residuals[new] - fitted.offsets(answers[new], encoded.rows(new))
        return float(np.maximum(0.95 * left, -0.05 * left).mean())

    others = [loss(SHAPES[name](*seen, 0.95)) for name in SHAPES if name != learnt.shape]
    assert loss(learnt.fitted) < min(others)


def test_fits_are_added_row_by_row() -> None:
    """A sum's offsets are the sum of the offsets."""
    encoded = encode(pd.DataFrame({"x": [1.0, 2.0, 4.0, 9.0]}))
    answers = np.array([-1.0, 0.5, 3.0, 8.0])
    bent = Fitted(np.array([0.0, 1.0, 5.0]), np.array([1.0, -2.0, 4.0]), np.array([0.5]))
    flat = Fitted(np.array([2.0]), np.array([3.0]), np.array([-1.0]))
    one, other = (fit.offsets(answers, encoded) for fit in (bent, flat))
    assert bent.plus(flat).offsets(answers, encoded) == pytest.approx(one + other)


def test_middles_of_folds_are_moved_to_where_the_whole_one_stands() -> None:
    """What differs between folds' middles in proportion to answers and fields is not an error."""
    random = np.random.default_rng(7)
    encoded = encode(pd.DataFrame({"x": random.normal(size=200)}))
    answers, fold_of = random.normal(size=200), np.arange(200) % 5
    at = np.array([-9.0, 9.0])
    whole = Fitted(at, np.array([1.0, 2.0]), np.array([0.5]))
    folds = [Fitted(at, np.array([1.1, 2.0 + fold]), np.array([0.4])) for fold in range(5)]
    moved = _aligned(folds, whole, Rows(answers, encoded, np.zeros(200), fold_of))
    assert moved == pytest.approx(whole.offsets(answers, encoded), abs=1e-3)


def test_a_smoothed_quantile_varies_less() -> None:
    """It is near the quantile, and from sample to sample it moves less than the row there."""
    random = np.random.default_rng(8)
    samples = random.normal(size=(400, 200))
    smoothed = [smoothed_quantile(sample, 0.95) for sample in samples]
    assert np.mean(smoothed) == pytest.approx(1.645, abs=0.03)
    assert np.std(smoothed) < np.std(np.quantile(samples, 0.95, axis=1))
    assert smoothed_quantile(np.full(9, 3.0), 0.05) == pytest.approx(3.0)


def test_shares_are_shrunken_and_scale_with_the_values() -> None:
    """A column that tells keeps most of its share, one that tells nothing hardly any."""
    random = np.random.default_rng(9)
    wide = (random.random(2_000) < 0.3).astype(np.float64)
    columns = np.column_stack([wide, random.normal(size=(2_000, 2))])
    values = random.normal(size=2_000) * (1 + 3 * wide)
    slopes = shrunken_slopes(columns, values, 0.95)
    assert 0.6 * 3 * 1.645 < slopes[0] < 3 * 1.645
    assert np.abs(slopes[1:]).max() < 0.2
    assert shrunken_slopes(columns, 1_000 * values, 0.95) == pytest.approx(1_000 * slopes)


@pytest.mark.parametrize(
    ("left", "right", "between"),
    [(29.925, 30.02, 30.0), (45.0, 46.0, 45.0), (-0.3, 0.2, 0.0), (0.123, 0.1269, 0.123),
     (1_234.0, 2_777.0, 2_000.0), (-25.0, -18.0, -20.0), (99.5, 100.5, 100.0), (95.0, 146.0, 100.0),
     (-146.0, -95.0, -100.0), (-105.0, -100.0, -105.0), (0.0, 0.0, 0.0), (1e-9, 2e-9, 1e-9)],
)
def test_cuts_are_round(left: float, right: float, between: float) -> None:
    """A cut between two values is the number with the fewest digits there."""
    assert roundest(left, right) == between


@pytest.mark.thorough
def test_the_card_says_how_thirds_of_the_answers_are_covered() -> None:
    """Coverage and width of small, middling and large answers, which together are the whole's."""
    table = simulated(4)
    answers = 100 + 5 * table["x"].to_numpy()
    stored = learn(table[["x", "group"]], table["amount"].to_numpy(), answers, 1)
    thirds = stored["by_answer"]
    assert [third["rows"] for third in thirds] == [500, 500, 500]
    for name in ("coverage", "width"):
        assert np.mean([third[name] for third in thirds]) == pytest.approx(stored[name])
    assert thirds[0]["width"] < thirds[2]["width"]


def insurance_features(table: pd.DataFrame) -> Any:
    smokes = (table["smoker"] == "yes").to_numpy(np.float64)
    regions = [table["region"] == name for name in ("northeast", "northwest", "southeast")]
    age, bmi = table["age"].to_numpy(), table["bmi"].to_numpy()
    heavy = smokes * (bmi > 30)
    return np.column_stack([age**2, age, table["children"], smokes, smokes * bmi, heavy, *regions])


@pytest.mark.slow
def test_insurance_resplit_twenty_times(real_table: Callable[[str], Path]) -> None:
    """With the well-known features, 9 in 10 unseen rows are covered, closely, over 20 splits."""
    table = read_table(real_table("insurance"))
    scores, coverages = [], []
    for seed in range(20):
        known, new = train_test_split(table, test_size=0.3, random_state=seed)
        features, target = known.drop(columns="charges"), known["charges"].to_numpy()
        pipeline = make_pipeline(FunctionTransformer(insurance_features), LinearRegression())
        pipeline.fit(features, target)
        _, moved = refit_predictions(pipeline, features, target, seed)
        stored = learn(features, target, moved, seed)
        answers = pipeline.predict(new.drop(columns="charges"))
        low, high = ends(stored, new, "charges", answers)
        y = new["charges"].to_numpy()
        missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
        scores.append(np.mean(high - low + 20 * missed))
        coverages.append(np.mean(missed == 0))
    assert 0.88 < np.mean(coverages) < 0.92
    assert np.mean(scores) < 17_800


@pytest.mark.parametrize(
    ("target", "score"), [(100.0, 10.0), (110.0, 10.0), (97.0, 70.0), (111.0, 30.0)]
)
def test_the_interval_score_charges_twenty_for_each_unit_outside(
    target: float, score: float
) -> None:
    """Of a 90% range: its width, and 2 / 0.1 times how far the true value is beyond an end."""
    low, high, values = (np.array([value]) for value in (100.0, 110.0, target))
    assert interval_score(low, high, values) == pytest.approx([score])


def test_fewer_rows_are_answered_by_more_folds() -> None:
    """From small tables to large ones the number of refits never rises, and is never below two."""
    folds = [folds_of(rows) for rows in (1, 100, 1_000, 10_000, 100_000, 10**7)]
    assert folds == sorted(folds, reverse=True)
    assert folds[0] > folds[-1] >= 2


def test_an_end_leaves_one_row_in_twenty_beyond_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which makes a range of nine in ten, as many below it as above."""
    asked: list[float] = []
    monkeypatch.setattr(conformal, "middle_of", lambda _: None)
    monkeypatch.setattr(conformal, "learn_end", lambda _rows, _middle, level: asked.append(level))
    conformal._ends(Rows(np.zeros(1), encode(pd.DataFrame({"x": [1.0]})), np.zeros(1), np.zeros(1)))
    assert asked == pytest.approx([0.05, 0.95])


@pytest.mark.parametrize(("groups", "kept"), [(None, [2, 0, 2]), ([7, 8, 9], [9, 7, 9])])
def test_a_row_that_is_drawn_twice_stays_with_itself(
    groups: list[int] | None, kept: list[int]
) -> None:
    """Else one draw of it would be answered by what learnt from the other; a group is wider."""
    about = RowMetadata(groups and pd.Series(groups), pd.Series([1, 2, 3]))
    drawn = conformal._of_drawn(about, np.array([2, 0, 2]))
    assert drawn.groups.tolist() == kept
    assert drawn.times.tolist() == [3, 1, 3]


@pytest.mark.thorough
def test_counts_have_ranges_of_whole_numbers() -> None:
    """What is measured of them is measured of whole ends, and they cover what they promise."""
    random = np.random.default_rng(5)
    table = pd.DataFrame({"x": random.uniform(1, 9, 2_000)})
    counts = random.poisson(table["x"]).astype(np.float64)
    stored = learn(table, counts, table["x"].to_numpy(), 1)
    low, high = ends(stored, table.assign(y=counts), "y", table["x"])
    assert (stored["floor"], stored["ceiling"]) == (0.0, 2 * counts.max() - counts.min())
    assert (low.dtype, high.dtype) == (np.int64, np.int64)
    assert ((low <= table["x"]) & (table["x"] <= high)).all()
    # More than nine in ten of few counts: the next narrower range would hold too few.
    assert 0.88 < stored["coverage"] < 0.96
    inside = (low <= counts) & (counts <= high)
    assert inside.mean() == pytest.approx(stored["coverage"], abs=0.01)
    halves = learn(table, counts + 0.5, table["x"].to_numpy() + 0.5, 1)
    assert (halves["whole"], stored["whole"]) == (False, True)


def test_what_is_said_of_ranges_counts_the_floor() -> None:
    """Ranges of amounts that are never negative end at 0, and are said to be that much narrower."""
    random = np.random.default_rng(8)
    table = pd.DataFrame(random.normal(size=(800, 2)), columns=list("ab"))
    target = random.exponential(size=800)
    low = learn(table, target, np.full(800, 0.2), 1)
    high = learn(table, target + 1_000, np.full(800, 1_000.2), 1)
    assert (low["floor"], high["floor"]) == (0.0, 0.0)
    assert low["width"] < high["width"]


@pytest.mark.thorough
def test_by_time_ranges_are_measured_on_later_rows_by_what_earlier_ones_taught() -> None:
    """Errors that double are covered too rarely, as they would have been; groups stay together."""
    random = np.random.default_rng(7)
    rows = 600
    error = random.uniform(-1, 1, rows) * np.where(np.arange(rows) < rows // 2, 1, 2)
    table = pd.DataFrame({"x": random.uniform(0, 9, rows)})
    times, groups = pd.Series(np.arange(rows)), pd.Series(np.arange(rows) // 2)
    target = 10 * table["x"].to_numpy()
    for about in (RowMetadata(times=times), RowMetadata(groups=groups, times=times)):
        stored = learn(table, target + error, target, 1, about)
        assert stored["coverage"] == pytest.approx(0.45, abs=0.06)
        assert stored["rows"] == rows
        # The ends that are kept have learnt from all rows: nine in ten of both halves together.
        low, high = stored["lower"]["offsets"][0], stored["upper"]["offsets"][0]
        assert ((low <= error) & (error <= high)).mean() == pytest.approx(0.9, abs=0.02)


def test_what_ends_are_held_to_is_what_the_target_was() -> None:
    """Its range once more on either side, but not below 0 where it never was; whole numbers."""
    counts = limits_of(np.array([0.0, 3.0, 8.0]))
    assert (counts.floor, counts.ceiling, counts.whole) == (0.0, 16.0, True)
    below = limits_of(np.array([-2.0, 3.5]))
    assert (below.floor, below.ceiling, below.whole) == (-7.5, 9.0, False)
    assert limits_of(np.array([0.0, 2.0**52])).whole
    assert not limits_of(np.array([0.0, 2.0**53])).whole  # beyond, floats leave some out


@pytest.mark.parametrize(
    ("encoder", "known"), [(TargetEncoder(), False), (OneHotEncoder(sparse_output=False), True)]
)
def test_refits_are_not_moved_by_means_of_their_own_answers(encoder: Any, known: bool) -> None:
    """Of two columns of noise by forty levels, such means are left out; other columns are not."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.integers(0, 40, (300, 2)).astype(str), columns=["a", "b"])
    target = random.normal(size=300)
    transformers = import_pycaret("pycaret.internal.preprocess.transformers")
    for step in (encoder, make_column_transformer((encoder, ["a"]), (FunctionTransformer(), [])),
                 transformers.TransformerWrapper(encoder)):  # fmt: skip
        pipeline = Pipeline([("encoder", step), ("ridge", Ridge())]).fit(table, target)
        assert (_seen_by_linear(pipeline, table) is not None) is known
