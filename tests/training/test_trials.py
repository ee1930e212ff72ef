"""A search counted in trials gives the same answers on every run; one by the clock is its part."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")

from examples.insurance.simulate import simulate
from tablecast.cli.main import main
from tablecast.data.prepared import Prepared
from tablecast.data.row_metadata import RowMetadata
from tablecast.data.sources import prepare
from tablecast.deployment.files import with_ending
from tablecast.errors import Remark
from tablecast.training.cluster import executor
from tablecast.training.experiment.out_of_fold import usual_refits
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.search import (
    budget,
    candidates,
    cross_validation,
    forest_size,
    pool,
    tuning,
    views,
)
from tablecast.training.search.budget import Budget
from tablecast.training.search.finalize import end_of
from tablecast.training.search.rounds import Search
from tablecast.training.search.tuning import Draws

pytestmark = pytest.mark.filterwarnings("ignore")


class Ticking(Budget):
    """Each question whether there is time takes a second."""

    asked = 0

    def spent(self) -> float:
        return float(self.asked)

    def allows(self, done: int, seconds: float, fitting: float = 0.0) -> bool:
        self.asked += 1
        return super().allows(done, min(seconds, 0.5), fitting and 0.1)

    def bears(self, fitting: float) -> bool:
        """No clock is asked whether what was found can follow."""
        return True

    def prepared(self, seconds: float) -> None:
        """Nor what a view took."""


@pytest.fixture
def tuned_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two quick estimators on plain features and one division into folds, both tuned."""
    tried = {"regression": [(model, "plain") for model in ("lasso", "lightgbm")]}
    monkeypatch.setattr(candidates, "STOCK", {"regression": ()})
    monkeypatch.setattr(candidates, "TRIED", tried)
    monkeypatch.setattr(views, "REPEATS", 1)
    monkeypatch.setattr(tuning, "PATIENCE", 3)
    monkeypatch.setattr(cross_validation, "HOPELESS", 1e9)
    monkeypatch.setattr(tuning, "WORTH_TUNING", 10.0)


def searched(allowed: Budget) -> Search:
    """A search of 120 rows."""
    prepared = prepare(simulate(120, seed=4), "charges")
    made = Search(prepared, allowed, 1, 20e6, lambda _: None)
    with quiet_and_single():
        made.run()
    return made


def found_by(made: Search) -> list[tuple[str, Mapping[str, Any], float]]:
    return [(one.name, one.members[0][0].settings, one.loss) for one in made.ranked()]


@pytest.mark.thorough
@pytest.mark.usefixtures("tuned_search")
def test_counted_trials_do_not_depend_on_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long after its seconds, and with other threads, the same trials give the same bits.

    The size of each that is kept is known, tuned or not: a blend must have room for its members.
    """
    first = searched(Budget(1e9, trials=5))
    alone = [one for one in first.trials if len(one.members) == 1]
    assert any(one.members[0][0].tuned for one in alone)
    assert all(one.cost and one.cost.bytes for one in alone)
    monkeypatch.setattr(executor, "threads", lambda: 4)
    late = Budget(1e-9, trials=5)
    late.began -= 1e6
    second = searched(late)
    assert found_by(first) == found_by(second)
    assert (first.done, second.done) == (5, 5)
    for one, other in zip(first.ranked(), second.ranked(), strict=True):
        assert np.array_equal(one.predictions, other.predictions)
    assert str(end_of(first)).endswith("The same seed and --trials give the same result.")


@pytest.mark.thorough
@pytest.mark.usefixtures("tuned_search")
def test_the_time_ends_a_search_without_changing_what_came_before() -> None:
    """What was found until then is what so many counted trials find."""
    by_clock = searched(Ticking(10))
    assert by_clock.ended == "tuning"
    assert 2 < by_clock.done < 8
    assert f"out of time after {by_clock.done} trials." in str(end_of(by_clock))
    assert found_by(searched(Budget(trials=by_clock.done))) == found_by(by_clock)


@pytest.mark.thorough
@pytest.mark.usefixtures("tuned_search")
def test_something_is_found_however_late_it_is() -> None:
    """The first estimator is tried even where its view took all of the time."""
    late = Ticking(100)
    late.check_begun()
    late.asked = 1_000
    late.check_begun = lambda: None  # type: ignore[method-assign]
    made = searched(late)
    assert [trial.name for trial in made.trials] == ["Lasso Regression"]
    assert [entry["why"] for entry in made.skipped] == [Remark("not tried: out of time")]


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "threads", lambda: 2)


@pytest.mark.usefixtures("two_cores")
def test_an_estimator_that_could_not_be_fitted_again_is_not_chosen() -> None:
    """Where seconds count it needs the time of three fits: of five, two are made at once; where
    trials count, no clock decides."""
    most = budget.KEPT_BACK * 100 / 3 / budget.WHOLE_FIT
    assert Budget(100).bears(0.99 * most)
    assert not Budget(100).bears(1.01 * most)
    assert Budget(100, trials=3).bears(1e9)


@pytest.mark.usefixtures("two_cores")
def test_clones_are_as_many_as_there_is_time_for() -> None:
    """Between the fewest and the usual number; the usual one where trials are counted."""
    assert Ticking(60).refits(1.0) == budget.USUAL_REFITS
    assert Ticking(60).refits(20.0) == 6
    slow = Ticking(60)
    Budget.prepared(slow, 2.0)
    assert slow.refits(20.0) == 4
    assert Ticking(60).refits(100.0) == budget.FEWEST_REFITS
    assert Ticking(60, refits=2).refits(100.0) == 2  # by time there are no more
    assert Budget(0.0, trials=3).refits(100.0) == budget.USUAL_REFITS


@pytest.mark.parametrize(
    ("rows", "task", "times", "wanted"),
    [
        (100, "regression", None, 10), (100, "classification", None, 5),
        (6_000, "regression", None, 5), (100, "regression", pd.Series(range(100)), 2),
    ],
)
def test_refits_are_as_many_as_will_be_made(
    rows: int, task: Any, times: pd.Series | None, wanted: int
) -> None:
    """Time is kept for so many, and nobody is told of more: five for classes, two by time."""
    table = pd.DataFrame({"x": range(rows), "y": [0, 1] * (rows // 2)})
    about = RowMetadata(times=times)
    assert usual_refits(Prepared(table, "y", task, (), (), about=about)) == wanted


@pytest.mark.usefixtures("two_cores")
def test_more_is_kept_back_where_preparing_took_long_and_for_slow_estimators() -> None:
    """What follows takes so many times what the first view did; fits have a share."""
    idle, busy = Ticking(100), Budget(100)
    busy.spent = idle.spent  # type: ignore[method-assign]
    for seconds in (3.0, 5.0):  # the second view is not the first
        busy.prepared(seconds)
    assert idle.left() - busy.left() == 3.0 * budget.OTHERWISE
    assert idle.left() - idle.left(0.1) == pytest.approx(0.1 * 6 * 1.6)
    few = Ticking(100, refits=5)
    assert few.left() - few.left(0.1) == pytest.approx(0.1 * 4 * 1.6)
    assert idle.left() - idle.left(1e6) == budget.KEPT_BACK * 100
    over = Budget(100, began=time.monotonic() - 101)
    assert not over.bears(1.0)
    assert over.bears(0.1)  # what is better is not left out for less than a second


def train(folder: Path, *more: str) -> int:
    command = ["train", str(folder / "table.csv"), "--target", "charges", "--out", str(folder)]
    return main([*command, *more])


@pytest.mark.slow
@pytest.mark.usefixtures("tuned_search")
def test_the_command_repeats_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs with the same seed and trials: the same pipeline, ranges and figures."""
    simulate(120, seed=4).to_csv(tmp_path / "table.csv", index=False)
    made = []
    for name in ("first", "second"):
        assert train(tmp_path, "--name", name, "--trials", "4", "--seed", "5") == 0
        whole = json.loads(with_ending(tmp_path / name, ".json").read_text())
        board = [{**one, "seconds": 0, "microseconds": 0} for one in whole["card"]["leaderboard"]]
        made.append((whole["interval"], whole["card"]["evaluation"], board))
    assert made[0] == made[1]
    assert "The search made 4 trials. The same seed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value"), [("--budget", "60"), ("--max-latency", "5"), ("--model", "lr")]
)
def test_trials_are_not_counted_beside_a_clock(
    tmp_path: Path, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What goes by seconds, or tries one estimator alone, is refused in one line."""
    assert train(tmp_path, "--trials", "4", option, value) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--trials and {option} cannot be used together" in line


@pytest.mark.thorough
@pytest.mark.parametrize("known", [True, False])
def test_trees_that_learn_chance_by_heart_are_tried_with_larger_leaves(
    monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Where rows that look alike differ; where trees find what they can, that would be in vain."""
    monkeypatch.setattr(candidates, "STOCK", {"classification": [("lr", "plain")]})
    monkeypatch.setattr(candidates, "TRIED", {"classification": [("et", "scaled")]})
    monkeypatch.setattr(views, "REPEATS", 2)
    monkeypatch.setattr(tuning, "PATIENCE", 0)
    monkeypatch.setattr(forest_size, "MOST_TREES", forest_size.FEWEST_TREES)
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.integers(0, 4, size=(120, 3)), columns=list("abc"))
    chance = 0 if known else 2 * random.normal(size=120)
    table["y"] = np.where(abs(table["a"] - 1.5) + chance > 1, "far", "near")
    search = Search(prepare(table, "y"), Budget(trials=9), 1, 20e6, lambda _: None)
    with quiet_and_single():
        search.run()
    trees = {
        one.members[0][0].settings.get("min_samples_leaf"): one.loss
        for one in (*search.trials, *search.dropped)
        if len(one.members) == 1 and one.members[0][0].model == "et" and one.power == 1
    }
    larger = candidates.CALMER["et"]["min_samples_leaf"]
    assert set(trees) == ({None} if known else {None, larger})
    assert known or trees[larger] < 0.8 * trees[None]


@pytest.mark.parametrize(
    ("worth", "trials", "counts"), [(10.0, 3, [1, 4]), (10.0, 2, [1]), (0.5, 3, [1])]
)
def test_the_best_network_is_averaged_where_a_blend_may_have_it(
    monkeypatch: pytest.MonkeyPatch, worth: float, trials: int, counts: list[int]
) -> None:
    """Of more rows there is one at first; four of it follow while the budget lasts."""
    monkeypatch.setattr(candidates, "STOCK", {"regression": [("br", "plain")]})
    monkeypatch.setattr(candidates, "TRIED", {"regression": [("mlp", "plain")]})
    monkeypatch.setattr(candidates, "NETWORK_ROWS", 100)
    monkeypatch.setattr(views, "REPEATS", 1)
    monkeypatch.setattr(tuning, "PATIENCE", 0)
    monkeypatch.setattr(pool, "WORTH_TUNING", worth)
    monkeypatch.setattr(cross_validation, "HOPELESS", 1e9)
    search = searched(Budget(trials=trials))
    tried = [one.members[0][0] for one in search.trials if len(one.members) == 1]
    networks = [one.settings["networks"] for one in tried if one.model == "mlp"]
    assert sorted(networks) == counts


def test_draws_do_not_depend_on_what_was_drawn_before() -> None:
    """An estimator's settings are its own, whichever others are tuned beside it."""
    lasso, boosted = candidates.Candidate("lasso"), candidates.Candidate("lightgbm")
    alone, beside = (Draws(seed=3) for _ in range(2))
    for _ in range(5):
        beside.next(boosted, "plain")
        assert alone.next(lasso, "plain") == beside.next(lasso, "plain")
    assert Draws(3).next(boosted, "plain") != Draws(4).next(boosted, "plain")


def test_support_vector_machines_are_fitted_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a process's draw from one generator: two at once would mix their probabilities."""
    monkeypatch.setattr(executor, "threads", lambda: 2)
    running, most = 0, {True: 0, False: 0}

    class Slow:
        """Notes how many are fitted at once."""

        def __init__(self, alone: bool) -> None:
            self.alone = alone

        def fit(self, *_: Any) -> None:
            nonlocal running
            running += 1
            most[self.alone] = max(most[self.alone], running)
            None if self.alone else barrier.wait(5)
            running -= 1

        def predict(self, _: Any) -> list[float]:
            return [0.0]

    barrier = threading.Barrier(2)
    fold = views.Fold(None, None, None, None, np.array([0]))
    runner = executor.Threads().share([fold] * 4)
    for alone in (True, False):
        fit = (Slow(alone), "regression", alone, False)
        runner.map(cross_validation.fit_fold, [(place, fit) for place in range(4)])
    assert most == {True: 1, False: 2}
    assert "rbfsvm" in cross_validation.ONE_AT_A_TIME
