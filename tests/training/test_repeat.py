"""The same seed gives the same answers: what the clock decides in a search, and doing it again."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")

from examples.insurance.simulate import simulate
from tablecast.cli.main import main
from tablecast.data.sources import prepare, read_table
from tablecast.deployment.files import with_ending
from tablecast.deployment.opening import load
from tablecast.errors import TrainingError
from tablecast.training.cast import cast
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.graph_cost import Cost
from tablecast.training.search import (
    budget,
    candidates,
    cross_validation,
    pool,
    rounds,
    tuning,
    views,
)
from tablecast.training.search.budget import Clock
from tablecast.training.search.replay import Plan, fingerprint
from tablecast.training.search.rounds import Search
from tablecast.training.search.sampling import Trials

pytestmark = pytest.mark.filterwarnings("ignore")

BUDGET = 1_000.0
SPEEDS = {"fast": 0.1, "slow": 8.0, "too slow": 70.0}


class Ticking(Clock):
    """Each decision takes so many seconds."""

    tick = SPEEDS["fast"]

    def spent(self) -> float:
        return self.tick * self.asked


@pytest.fixture
def tuned_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two quick estimators on plain features and one division into folds, both tuned."""
    tried = {"regression": [(model, "plain") for model in ("lasso", "lightgbm")]}
    monkeypatch.setattr(candidates, "TRIED", tried)
    monkeypatch.setattr(rounds, "recipes", lambda _: [views.Recipe("plain")])
    monkeypatch.setattr(views, "REPEATS", 1)
    monkeypatch.setattr(tuning, "DRAWS", 3)
    monkeypatch.setattr(tuning, "WORTH_TUNING", 10.0)


def searched(speed: str, then: Plan | None = None) -> Search:
    """A search whose time passes at this speed."""
    clock = Ticking(BUDGET, then=then)
    clock.tick = SPEEDS[speed]
    prepared = prepare(simulate(120, seed=4), "charges")
    made = Search(prepared, clock, 1, 20e6, lambda _: None, max_latency=1e6)
    with quiet_and_single():
        made.run()
    return made


def found_by(made: Search) -> list[tuple[str, Mapping[str, Any], float]]:
    return [(one.name, one.members[0][0].settings, one.loss) for one in made.ranked()]


@pytest.mark.usefixtures("tuned_search")
def test_a_search_that_comes_to_its_own_end_does_not_depend_on_the_clock() -> None:
    """At two speeds it makes the same trials and finds the same."""
    fast, slow = searched("fast"), searched("slow")
    assert found_by(fast) == found_by(slow)
    assert np.array_equal(fast.ranked()[0].answers, slow.ranked()[0].answers)
    for one in (fast, slow):
        assert (one.clock.said, one.clock.close, one.ended, one.draws) == ({}, False, "", 3)


def graph_answers(base: Path, table: Path) -> Any:
    """What the deployment's graph answers on a whole table: amounts, and the ends of the ranges."""
    rows = read_table(table).drop(columns="charges").to_dict("records")
    loaded = load(base, "onnx")
    made = loaded.predictor.predict([loaded.schema.parse(row) for row in rows])
    return np.array([[one.prediction, *(one.interval or ())] for one in made], dtype=np.float64)


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a deployment whose search the time has ended; its table is beside it."""
    simulate(120, seed=4).to_csv(tmp_path / "table.csv", index=False)
    monkeypatch.setattr(budget, "Clock", Ticking)
    monkeypatch.setattr(Ticking, "tick", SPEEDS["too slow"])
    lines: list[str] = []
    base = cast(
        tmp_path / "table.csv", "charges", name="cut", out=tmp_path, budget=BUDGET, seed=5,
        progress=lines.append,
    )
    assert any(line.startswith("The time ended the search in tuning, after") for line in lines)
    return base


def again(base: Path, *more: str) -> int:
    table = str(base.with_name("table.csv"))
    command = ["train", table, "--target", "charges", "--repeat", str(base), *more]
    return main([*command, "--out", str(base.parent), "--name", "again"])


@pytest.mark.slow
@pytest.mark.usefixtures("tuned_search")
def test_a_repeated_search_finds_the_same_whatever_the_clock_says(
    cut: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A search that the time ended, again with all the time: the same plan, answers and ranges.

    It is refused beside what it decides itself, with another table, versions or format.
    """
    monkeypatch.setattr(Ticking, "tick", SPEEDS["fast"])
    assert again(cut) == 0, capsys.readouterr().err
    assert "This repeats an earlier search, decision by decision" in capsys.readouterr().out
    first, second = (load(cut.with_name(name), "onnx") for name in ("cut", "again"))
    plan = first.description["card"]["search"]
    assert second.description["card"]["search"] == plan
    assert second.description["card"]["seed"] == plan["seed"] == 5
    assert (plan["ended"], plan["interrupted"]) == ("tuning", None)
    assert 0 < plan["draws"] < 3
    names, table = ("cut", "again"), cut.with_name("table.csv")
    one, other = (graph_answers(cut.with_name(name), table) for name in names)
    assert one.shape == (120, 3)
    assert other == pytest.approx(one, rel=1e-9)
    assert again(cut, "--seed", "5") == 1
    assert "--seed cannot be given beside it" in capsys.readouterr().err
    refused_with_other_rows(cut, capsys)
    refused_with_other_plans(cut, capsys)


def refused_with_other_rows(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = cut.with_name("table.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *lines[2:], lines[1]]) + "\n")
    assert again(cut) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "belongs to another table" in line


def refused_with_other_plans(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_ending(cut, ".json")
    whole = json.loads(path.read_text())
    plan = whole["card"]["search"]
    others = {
        "was made with numpy 0.1, and": plan | {"versions": plan["versions"] | {"numpy": "0.1"}},
        "its plan has format 0, and": plan | {"format": 0},
        "was not made by a search that keeps its plan": None,
    }
    for words, other in others.items():
        path.write_text(json.dumps(whole | {"card": whole["card"] | {"search": other}}))
        assert again(cut) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line


def plan_with(**parts: Any) -> Plan:
    plain: dict[str, Any] = dict.fromkeys(Plan.__dataclass_fields__, 0)
    return Plan(**plain | {"said": {}, "interrupted": None, "chosen": "a", "loss": 1.0} | parts)


def test_a_repeated_clock_decides_as_it_did_and_ends_where_ctrl_c_did() -> None:
    """By the decision's number; the time that it is now has no say."""
    clock = Clock(0.0, then=plan_with(said={1: True, 2: "too slow"}, interrupted=3))
    assert clock.has(1e9)
    assert not clock.has(0.0)
    assert clock.decide("", "") == "too slow"
    with pytest.raises(KeyboardInterrupt):
        clock.decide("", "")
    clock.interrupt()
    assert clock.decide(2, 0) == 0  # what follows the search is decided as ever
    assert (clock.said, clock.interrupted) == ({1: True, 2: "too slow"}, 3)
    with pytest.raises(TrainingError, match="takes another way"):
        Clock(0.0, then=plan_with(said={0: "too slow"})).has(0.0)


def test_what_is_found_again_must_be_the_same() -> None:
    """Where a machine computes otherwise, nothing is saved, and the reason is said."""
    plan = plan_with()
    plan.confirm(plan_with(loss=1 + 1e-12).to_json())
    for other in ({"loss": 1.001}, {"chosen": "b"}, {"asked": 1}):
        with pytest.raises(TrainingError, match="this machine computes otherwise"):
            plan.confirm(plan_with(**other).to_json())


def test_a_plan_belongs_to_every_row_and_column() -> None:
    """Another value, order, column, or kind of column makes another table."""
    table = simulate(60, seed=1)
    changed = table.assign(bmi=table["bmi"].where(table.index > 0, 30.125))
    renamed = table.rename(columns={"bmi": "BMI"})
    whole = table.assign(children=table["children"].astype(float) + 0.5)
    tables = [table, changed, table.iloc[::-1], renamed, whole]
    prints = {fingerprint(prepare(one, "charges", "regression")) for one in tables}
    assert len(prints) == len(tables)
    assert fingerprint(prepare(table.copy(), "charges", "regression")) in prints


def test_draws_do_not_depend_on_what_was_drawn_before() -> None:
    """An estimator's settings are its own, whichever others are tuned beside it."""
    lasso, boosted = candidates.Candidate("lasso"), candidates.Candidate("lightgbm")
    alone, beside = (Trials(rows=100, seed=3) for _ in range(2))
    for _ in range(5):
        beside.drawn(boosted, "plain")
        assert alone.drawn(lasso, "plain") == beside.drawn(lasso, "plain")
        assert alone.stepped(lasso, "plain") == beside.stepped(lasso, "plain")
    assert Trials(100, 3).drawn(boosted, "plain") != Trials(100, 4).drawn(boosted, "plain")


@pytest.mark.parametrize(
    ("rounds", "wanted"), [(0, []), (1, [1]), (3, [1, 1, 1]), (8, [1, 1, 2, 2, 2])]
)
def test_rounds_of_tuning_come_in_parts(rounds: int, wanted: list[int]) -> None:
    """One first, so that a short budget has some; then two, so that few moments decide."""
    assert tuning.parts(rounds) == wanted


def test_support_vector_machines_are_fitted_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a process's draw from one generator: two at once would mix their probabilities."""
    running, most = 0, {"rbfsvm": 0, "lr": 0}

    def fit_one(candidate: Any, *_: Any) -> None:
        nonlocal running
        running += 1
        most[candidate.model] = max(most[candidate.model], running)
        barrier.wait(5) if candidate.model == "lr" else None
        running -= 1

    barrier = threading.Barrier(2)
    monkeypatch.setattr(cross_validation, "_fit_one", fit_one)
    monkeypatch.setattr(cross_validation, "threads", lambda: 2)
    for model in most:
        cross_validation._fit(candidates.Candidate(model), None, [None] * 4)  # type: ignore[arg-type, list-item]
    assert most == {"rbfsvm": 1, "lr": 2}


def test_only_a_graph_near_the_limit_is_a_matter_of_the_moment() -> None:
    """A busy machine takes up to twice as long for a row; farther off, it does not matter."""
    near = {micros: Cost(micros, 1).may_be_too_slow(1_000) for micros in (30, 600, 1_900, 2_100)}
    assert near == {30: False, 600: True, 1_900: True, 2_100: False}
    assert not Cost(1_000, 1).too_slow(1_000)
    assert Cost(1_001, 1).too_slow(1_000)


@pytest.mark.slow
@pytest.mark.usefixtures("tuned_search")
def test_an_interrupted_search_is_repeated_to_where_it_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C in the middle of a trial keeps the best so far, and so does its repetition."""
    whole, count = cross_validation.try_candidate, 0

    def interrupted(*given: Any) -> Any:
        nonlocal count
        count += 1
        if count == 5:
            raise KeyboardInterrupt
        return whole(*given)

    monkeypatch.setattr(pool, "try_candidate", interrupted)
    first = searched("fast")
    monkeypatch.setattr(pool, "try_candidate", whole)
    clock = first.clock
    assert clock.interrupted == clock.asked
    second = searched("slow", plan_with(said=clock.said, interrupted=clock.interrupted))
    assert len(first.tried) + len(first.dropped) == 4
    assert found_by(second) == found_by(first)
