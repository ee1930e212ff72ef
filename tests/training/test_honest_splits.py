"""Rows of one person are never torn apart, later rows are never learnt from, and weights count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the splits are handed to PyCaret")

from sklearn.linear_model import LinearRegression
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

from benchmarks.honest_splits import days, persons
from tablecast import cast, load, publish
from tablecast.data.prepare import prepare
from tablecast.data.prepared import Prepared
from tablecast.data.row_metadata import RowMetadata
from tablecast.deployment.model_card import card_of
from tablecast.errors import Remark, TrainingError
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.schema.options import ReadingOptions
from tablecast.training import train as training
from tablecast.training.experiment import splits
from tablecast.training.experiment.setup import quiet_and_single, start
from tablecast.training.experiment.split_remarks import how_split
from tablecast.training.experiment.trained import finalized
from tablecast.training.experiment.weights import weighted
from tablecast.training.intervals.conformal import learn
from tablecast.training.intervals.over_time import not_covered
from tablecast.training.train import train
from tablecast.web.card.sections import page_of

pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = 200
AMOUNTS = pd.Series(np.random.default_rng(1).normal(size=ROWS), name="y")
CLASSES = pd.Series(np.where(np.arange(ROWS) % 5 == 0, "rare", "usual"), name="kind")
WHO = pd.Series(np.random.default_rng(2).integers(0, 25, ROWS), name="person")
WHEN = pd.Series(np.random.default_rng(3).integers(0, 40, ROWS), name="day")
QUIET = {"session_id": 1, "verbose": False, "html": False, "system_log": False, "n_jobs": 1,
         "memory": False}


def silent(_: str) -> None:
    """Progress that nobody hears."""


def asked(table: pd.DataFrame, target: str = "y", **options: Any) -> Prepared:
    return prepare(table, target, options=ReadingOptions(**options))


@pytest.mark.parametrize("target", [AMOUNTS, CLASSES], ids=["amounts", "classes"])
def test_rows_at_random_are_drawn_as_before(target: pd.Series) -> None:
    """Without an option the folds are scikit-learn's repeated ones, and PyCaret holds out."""
    task = "classification" if target.dtype == object else "regression"
    kind: Any = RepeatedStratifiedKFold if target.dtype == object else RepeatedKFold
    wanted = list(kind(n_splits=5, n_repeats=3, random_state=7).split(np.zeros(ROWS), target))
    found = splits.folds(target, RowMetadata(), task, 5, 7, 3)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one[1], other[1])
    table = pd.DataFrame({"x": range(ROWS), target.name: target})
    assert splits.held_out(Prepared(table, str(target.name), "regression", (), ()), 7) is None


@pytest.mark.parametrize("target", [AMOUNTS, CLASSES], ids=["amounts", "classes"])
def test_a_group_is_never_torn_apart(target: pd.Series) -> None:
    """Each division answers every row once, by folds of about one size, of other groups' rows."""
    task = "classification" if target.dtype == object else "regression"
    found = splits.folds(target, RowMetadata(groups=WHO), task, 5, 7, 3)
    assert len(found) == 15
    for at in range(0, 15, 5):
        unseen = np.concatenate([one for _, one in found[at : at + 5]])
        assert sorted(unseen.tolist()) == list(range(ROWS))
    for learnt, unseen in found:
        assert not set(WHO[learnt]) & set(WHO[unseen])
        assert 20 <= len(unseen) <= 60
    firsts = {tuple(found[at][1].tolist()) for at in (0, 5, 10)}
    assert len(firsts) == 3
    again = splits.folds(target, RowMetadata(groups=WHO), task, 5, 7, 3)
    assert [one[1].tolist() for one in again] == [one[1].tolist() for one in found]


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_test_rows_are_other_groups(task: str) -> None:
    """They are about three rows in ten, and a group with most of the rows is learnt from."""
    target = AMOUNTS if task == "regression" else CLASSES
    for who in (WHO, WHO.where(np.arange(ROWS) % 10 < 4, 99)):
        table = pd.DataFrame({"x": range(ROWS), target.name: target})
        about = RowMetadata(groups=who)
        prepared = Prepared(table, str(target.name), task, (), (), about=about)  # type: ignore[arg-type]
        learnt, test = splits.held_out(prepared, 3) or ([], [])
        assert not set(who[learnt]) & set(who[test])
        assert 0.05 * ROWS < len(test) < 0.45 * ROWS
        assert len(learnt) + len(test) == ROWS


def test_what_is_later_is_never_learnt_from() -> None:
    """Each fold's rows are later than all that it learns from; one moment is not torn apart."""
    found = splits.folds(AMOUNTS, RowMetadata(times=WHEN), "regression", 5, 7)
    assert len(found) == 5
    for learnt, unseen in found:
        assert WHEN[learnt].max() < WHEN[unseen].min()
    answered = np.concatenate([unseen for _, unseen in found])
    assert len(set(answered.tolist())) == len(answered)
    assert WHEN[answered].min() > WHEN.median() - 3
    assert WHEN[answered].max() == WHEN.max()
    later = splits.is_later(WHEN)
    assert WHEN[~later].max() < WHEN[later].min()
    assert 0.25 < later.mean() < 0.35


@pytest.mark.parametrize("target", [AMOUNTS, CLASSES], ids=["amounts", "classes"])
def test_by_time_and_group_later_rows_of_other_groups_are_answered(target: pd.Series) -> None:
    """Folds, refits and test rows are later than what is learnt from, and of other groups."""
    task: Any = "classification" if target.dtype == object else "regression"
    about = RowMetadata(groups=WHO, times=WHEN)
    table = pd.DataFrame({"x": range(ROWS), target.name: target})
    prepared = Prepared(table, str(target.name), task, (), (), about=about)
    test = splits.held_out(prepared, 3)
    assert test is not None
    folds = splits.folds(target, about, task, 5, 7)
    refits = splits.refits(target, about, task, 5, 7)
    for learnt, unseen in [test, *folds, *refits]:
        assert WHEN[learnt].max() < WHEN[unseen].min()
        assert not set(WHO[learnt]) & set(WHO[unseen])
        assert len(learnt) > ROWS / 5
    for divided in (folds, refits):
        answered = np.concatenate([unseen for _, unseen in divided])
        assert len(divided) == splits.refits_of(about, 5) == 6
        assert sorted(answered.tolist()) == np.flatnonzero(WHEN[answered].min() <= WHEN).tolist()


def test_new_groups_are_all_tested() -> None:
    """Where each group has one stretch of its own, test rows are those by time alone."""
    who = WHEN // 4
    table = pd.DataFrame({"x": range(ROWS), "y": AMOUNTS})
    about = RowMetadata(groups=who, times=WHEN)
    both = splits.held_out(Prepared(table, "y", "regression", (), (), about=about), 3)
    assert both is not None
    assert len(both[1]) > 0.9 * splits.is_later(WHEN).sum()
    assert not set(who[both[0]]) & set(who[both[1]])


def test_too_few_rows_by_both_are_refused() -> None:
    """The line has how many are left, and what helps."""
    table = pd.DataFrame({"x": range(20), "y": AMOUNTS[:20]})
    at = pd.Series(range(20), name="at")
    about = RowMetadata(groups=pd.Series(np.arange(20) % 3, name="who"), times=at)
    with pytest.raises(TrainingError, match=r"Of 20 rows, \d are left .* Leave one of them out"):
        splits.held_out(Prepared(table, "y", "regression", (), (), about=about), 3)
    one_each = RowMetadata(groups=pd.Series([0] * 19 + [1], name="who"), times=at)
    with pytest.raises(TrainingError, match="Too few values of who have rows both early and late"):
        splits.folds(AMOUNTS[:20], one_each, "regression", 5, 7)


def test_rows_in_the_order_of_time_are_refitted() -> None:
    """Times of some rows of a sorted table, whose numbers do not begin at 0, are places as well."""
    times = pd.Series(range(100), name="at")
    assert splits.is_later(times[60:]).sum() == 12


def test_even_a_first_moment_of_most_rows_has_later_ones() -> None:
    """Where most rows are of one moment, all others are the test rows."""
    times = pd.Series([1.0] * 90 + [2.0, 3.0] * 5)
    assert splits.is_later(times).sum() == 10


def test_rows_of_one_time_leave_enough_before_them() -> None:
    """A file that was asked at once has one time; with few rows before it, it says what to do."""
    at_once = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0] + [6.0] * 120, name="at")
    with pytest.raises(TrainingError, match=r"120 of 125 rows .*'at', and the 5 before .*--time"):
        splits.is_later(at_once)
    late = pd.Series([*range(20), 20.0, *[21.0] * 20, *range(22, 60)], name="at")
    assert (~splits.is_later(late, 0.01)).sum() == 10
    target = pd.Series(np.arange(125.0))
    with pytest.raises(TrainingError, match="the 1 before"):
        splits.refits(target, RowMetadata(times=at_once), "regression", 5, 7)


def test_a_class_of_few_groups_has_fewer_folds() -> None:
    """Each side of each split holds each class, if need be with fewer folds; else it is refused."""
    target = pd.Series(np.where(WHO < 3, "rare", CLASSES), name="kind")
    target = target.mask((target == "rare") & (WHO >= 3), "usual")
    about = RowMetadata(groups=WHO)
    found = splits.folds(target, about, "classification", 10, 7)
    assert 2 <= len(found) <= 3
    assert all(set(target[side]) == {"rare", "usual"} for split in found for side in split)
    alone = pd.Series(np.where(WHO == 0, "rare", "usual"), name="kind")
    with pytest.raises(TrainingError, match="'rare' of 'kind' is only in 1 value of 'person'"):
        splits.folds(alone, about, "classification", 10, 7)


def test_a_class_that_comes_late_is_refused() -> None:
    """The message says when the class is there, and that it may be merged."""
    target = pd.Series(np.where(WHEN > 30, "new", CLASSES), name="kind")
    table = pd.DataFrame({"x": range(ROWS), "kind": target})
    prepared = Prepared(
        table, "kind", "classification", (), (), about=RowMetadata(times=WHEN)
    )
    with pytest.raises(TrainingError, match=r"from 31 to 39 by 'day'.*without --time"):
        splits.held_out(prepared, 1)


def test_parts_keep_groups_together_and_times_in_order() -> None:
    """What a range's shape is compared by is divided as the folds are."""
    by_group = splits.parts(ROWS, RowMetadata(groups=WHO), 5, 1)
    assert pd.Series(by_group).groupby(WHO).nunique().max() == 1
    assert set(by_group) == set(range(5))
    by_time = splits.parts(ROWS, RowMetadata(times=WHEN), 5, 1)
    assert WHEN.groupby(by_time).min().is_monotonic_increasing
    few = splits.parts(ROWS, RowMetadata(groups=WHO % 3), 5, 1)
    assert set(few) == set(range(5))


def test_rows_are_drawn_as_often_as_they_count() -> None:
    """Of weights 1 and 3 on average, the second is drawn three times as often."""
    weights = pd.Series(np.tile([1.0, 3.0], 100))
    drawn = np.bincount(splits.drawn_by_weight(weights, 1), minlength=ROWS)
    assert drawn.sum() == ROWS
    assert drawn[1::2].sum() == pytest.approx(3 * drawn[::2].sum(), rel=0.25)


def test_ranges_hold_for_what_counts() -> None:
    """A tenth of the rows, that are far off and count ten times, widen the range for all."""
    random = np.random.default_rng(4)
    far = np.arange(1_000) % 10 == 0
    target = np.where(far, 5.0, 1.0) * random.normal(size=1_000)
    features = pd.DataFrame({"x": random.normal(size=1_000)})
    about = RowMetadata(weights=pd.Series(np.where(far, 10.0, 1.0)))
    plain = learn(features, target, np.zeros(1_000), 1)
    heavy = learn(features, target, np.zeros(1_000), 1, about)
    assert heavy["width"] > 1.5 * plain["width"]
    assert heavy["coverage"] == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(
    ("grows", "coverage", "words"),
    [(1, 0.905, ""), (1, 0.87, "can be chance"), (5, 0.6, "errors change over time")],
)
def test_ranges_that_do_not_hold_later_are_said(grows: int, coverage: float, words: str) -> None:
    """Within two points nothing is said; beyond, why: too few rows, or errors that change."""
    times = pd.Series(range(400))
    residuals = np.where(times >= 280, grows, 1.0) * np.random.default_rng(1).normal(size=400)
    remarks = not_covered(times, residuals, {"level": 0.9, "coverage": coverage})
    assert bool(remarks) == bool(words)
    assert all(words in str(remark) for remark in remarks)


@pytest.mark.slow
def test_whole_weights_are_repeated_rows() -> None:
    """An estimator learns from a row of weight 3 as from three rows, on all rows and on 70%."""
    table = pd.DataFrame({"x": np.arange(60.0), "w": np.arange(60) % 3 + 1.0})
    table["y"] = np.square(table["x"]) + 7 * (np.arange(60) % 4)
    prepared = asked(table, weight="w")
    with quiet_and_single():
        experiment = start(prepared, 1, [])
        made = weighted(experiment, experiment.create_model("lr", verbose=False), prepared.about)
        whole = finalized(experiment, made, prepared.about)
        answers = predict_with_pycaret(whole, table[["x"]], "regression")["prediction_label"]
    for fitted, places in ((made, experiment.X_train.index), (whole.steps[-1][1], table.index)):
        rows = table.loc[np.repeat(places, table.loc[places, "w"].astype(int))]
        line = LinearRegression().fit(rows[["x"]], rows["y"])
        np.testing.assert_allclose(fitted.coef_, line.coef_, rtol=1e-9)
    possible = np.maximum(line.predict(table[["x"]]), 0)  # the target is never below zero
    np.testing.assert_allclose(answers, possible, rtol=1e-6)


@pytest.mark.slow
def test_what_is_reported_is_what_new_persons_get(monkeypatch: pytest.MonkeyPatch) -> None:
    """With twenty rows a person, R2 of the test rows is that of new persons to .02, on average."""
    monkeypatch.setattr(training, "LINEAR", frozenset())  # the columns as they are: it is quick
    apart = [
        _above_new_persons(seed, 600, "br", group="person") for seed in range(3)
    ]
    assert abs(np.mean(apart)) < 0.02


@pytest.mark.slow
def test_rows_of_known_persons_flatter() -> None:
    """At random, a tree knows the persons of the test rows; new ones it does not."""
    assert _above_new_persons(1, 60, "dt", drop=["person"]) > 0.2


def _above_new_persons(seed: int, count: int, model: str, **options: Any) -> float:
    """By how much R2 of the test rows is above that of persons nobody has seen."""
    new = persons(100 + seed, 1_000)
    trained = train(asked(persons(seed, count), **options), model=model, progress=silent)
    made = predict_with_pycaret(trained.pipeline, new[list(trained.columns)], "regression")
    error = np.square(new["y"] - made["prediction_label"]).sum()
    true = 1 - error / np.square(new["y"] - new["y"].mean()).sum()
    return float(trained.metrics["holdout"]["R2"] - true)


@pytest.mark.slow
def test_later_rows_reach_the_card(tmp_path: Path) -> None:
    """Ranges are measured on later rows, test rows are the last, and the card says so."""
    days(1, 600).to_csv(tmp_path / "days.csv", index=False)
    said: list[str] = []
    base = cast(
        tmp_path / "days.csv", "y", out=tmp_path, time="day", model="dt", progress=said.append
    )
    card = card_of(load(base))
    assert card["held_out"] == 180
    assert card["evaluation"]["rows"] == 360
    assert card["evaluation"]["folds"] == 2
    assert len(card["split"]) == 1
    assert "models learn from earlier rows" in card["split"][0]
    assert card["split"][0] in said
    assert not card["leaks"]
    covered = card["interval"]["coverage"]
    assert abs(covered - 0.9) <= 0.02 or any("Ranges learnt" in one for one in card["notes"])
    assert [str(one.text) for one in page_of(load(base))["split"]] == card["split"]


@pytest.mark.slow
@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize(
    "options",
    [{"group": "person"}, {"time": "day"}, {"weight": "w"}, {"group": "person", "time": "day"}],
    ids=str,
)
def test_a_search_of_classes_keeps_to_it(tmp_path: Path, options: dict[str, str]) -> None:
    """A search's folds, blends and refits split and weigh rows as they were asked to."""
    random = np.random.default_rng(1)
    table = persons(1, 12).assign(day=random.integers(0, 60, 240), w=random.integers(1, 4, 240))
    table["kind"] = np.where(table.pop("y") > 23, "high", "low")
    path = tmp_path / "kinds.csv"
    table.to_csv(path, index=False)
    base = cast(path, "kind", out=tmp_path, trials=4, progress=silent, **options)  # type: ignore[arg-type]
    card = card_of(load(base))
    assert len(card["split"]) == 1
    assert card["rows"] == 240
    assert card["evaluation"]["rows"] <= 240
    assert 0 < card["metrics"]["holdout"]["Accuracy"] <= 1
    if "weight" in options:
        known = {entry["model"]: str(entry["why"]) for entry in card["leaderboard"]}
        assert all("cannot weigh rows" in known[one] for one in ("lda",) if one in known)


@pytest.mark.slow
def test_an_estimator_that_cannot_weigh_rows_is_refused() -> None:
    """One line names those that can."""
    prepared = asked(persons(1, 10).assign(w=np.arange(200) + 1.0), weight="w")
    with pytest.raises(TrainingError, match=r"K Neighbors Regressor \(knn\) cannot weigh rows.*lr"):
        train(prepared, model="knn", progress=silent)


@pytest.mark.slow
def test_an_experiments_groups_are_published(tmp_path: Path) -> None:
    """PyCaret's fold_groups keep rows together in the refits that errors and ranges come from."""
    from pycaret.regression import RegressionExperiment

    table = persons(1, 12).assign(person=np.repeat(np.arange(12), 20))
    with quiet_and_single():
        experiment = RegressionExperiment().setup(
            table, target="y", fold_strategy="groupkfold", fold_groups="person", fold=3, **QUIET
        )
        model = experiment.create_model("dt", verbose=False)
    publish(experiment, model, name="people", out=tmp_path, progress=silent)
    notes = card_of(load(tmp_path / "people"))["notes"]
    assert "Errors and ranges come from refits that keep rows with the same person together." in (
        notes
    )


def test_how_rows_were_split_is_data() -> None:
    """What the card says is a message with its values, for every language."""
    remarks = how_split(RowMetadata(groups=WHO, weights=AMOUNTS.abs()))
    assert all(isinstance(one, Remark) for one in remarks)
    both = how_split(RowMetadata(groups=WHO, times=WHEN))
    assert [one.values["name"] for one in both] == ["person"]
    assert remarks[0].values == {"name": "person", "count": 25}
