"""A search on a cluster: the same bits, lost workers, and what cannot work said in one line."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")
pytest.importorskip("distributed", reason="needs tablecast[dask]")

from examples.insurance.simulate import simulate
from tablecast.cli.main import main
from tablecast.data.sources import prepare
from tablecast.errors import EngineError, TrainingError
from tablecast.training.cluster import dask_cluster, worker
from tablecast.training.cluster import open_cluster as opening
from tablecast.training.cluster.executor import Executor, Runner, Threads
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.search import candidates, cross_validation, tuning, views
from tablecast.training.search.budget import Budget
from tablecast.training.search.rounds import Search

# Dask's and PyCaret's own modules warn about one another's versions.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Executor]:
    """A Dask cluster of two processes."""
    with opening.opened("dask", workers=2, progress=lambda _: None) as cluster:
        yield cluster


def who(value: int, barrier: str = "") -> tuple[int, int]:
    """A value, and the number of the process that has it; waits until two have come."""
    if barrier:
        Path(barrier, str(value)).touch()
        while len(os.listdir(barrier)) < 2:
            pass
    return value, os.getpid()


def die_once(value: int, marks: str) -> int:
    """End this process the first time that it is called for a value."""
    mark = Path(marks, f"died {value}")
    if not mark.exists():
        mark.touch()
        time.sleep(0.7)  # Dask begins no worker again that ends while it begins
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * value


def fail(value: int) -> None:
    """Raise an error that cannot be sent."""

    class LocalError(Exception):
        """Known here alone."""

    raise LocalError(f"no {value}" if value else "")


def scribble(values: list[int]) -> int:
    """Change what was sent, and say how much it was."""
    values.append(1)
    return len(values)


class Wide(Threads):
    """Threads that say that they are twelve, and note the models of each round of calls."""

    width = 12  # type: ignore[assignment]

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []

    def share(self, values: Sequence[Any]) -> Runner:
        runner = super().share(values)

        def noting(function: Any, calls: Sequence[Any]) -> list[Any]:
            self.rounds.append([type(arguments[0]).__name__ for _, arguments in calls])
            return runner.map(function, calls)

        return SimpleNamespace(map=noting)  # type: ignore[return-value]


def test_two_workers_and_many_find_what_threads_find(
    two_workers: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same trials, settings, losses and predictions to the last bit, blends included.

    Where there are more workers than one model's folds, those of several models are side by side.
    """
    tried = {"regression": [(model, "plain") for model in ("lasso", "lightgbm", "et", "br")]}
    monkeypatch.setattr(candidates, "STOCK", {"regression": ()})
    monkeypatch.setattr(candidates, "TRIED", tried)
    monkeypatch.setattr(views, "REPEATS", 1)
    monkeypatch.setattr(tuning, "PATIENCE", 2)
    monkeypatch.setattr(tuning, "WORTH_TUNING", 10.0)
    prepared = prepare(simulate(120, seed=4), "charges")
    found, wide = [], Wide()
    for executor in (Threads(), two_workers, wide):
        search = Search(
            prepared, Budget(1e9, trials=8), 1, 20e6, lambda _: None, executor=executor
        )
        with quiet_and_single():
            search.run()
        found.append(search)
    here, *elsewhere = ([*one.ranked(), *one.dropped] for one in found)
    assert len(here) >= 8
    for there in elsewhere:
        assert [(one.name, one.losses) for one in here] == [(one.name, one.losses) for one in there]
        for one, other in zip(here, there, strict=True):
            assert np.array_equal(one.predictions, other.predictions, equal_nan=True)
            assert [dict(c.settings) for c, _ in one.members] == [
                dict(c.settings) for c, _ in other.members
            ]
    assert [len(calls) for calls in wide.rounds[:4]] == [10] * 4  # the first round, then tuning
    assert [len(set(models)) for models in wide.rounds[:4]] == [2] * 4


@dataclass
class Failing:
    """An estimator that fails, as some do on some tables."""

    def fit(self, *_: Any) -> None:
        raise ValueError("not on this table")


def test_what_fails_ahead_fails_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own words, and without harm to what was fitted beside it."""
    tried = {"regression": [(model, "plain") for model in ("br", "lasso")]}
    monkeypatch.setattr(candidates, "STOCK", {"regression": ()})
    monkeypatch.setattr(candidates, "TRIED", tried)
    monkeypatch.setattr(views, "REPEATS", 1)
    make = cross_validation.make
    monkeypatch.setattr(
        cross_validation, "make",
        lambda one, *about: Failing() if one.model == "lasso" else make(one, *about),
    )
    prepared = prepare(simulate(120, seed=4), "charges")
    search = Search(prepared, Budget(1e9, trials=2), 1, 20e6, lambda _: None, executor=Wide())
    with quiet_and_single():
        search.run()
    assert [trial.members[0][0].model for trial in search.trials] == ["br"]
    assert [entry["error"] for entry in search.failed] == ["not on this table"]


def test_both_workers_work(two_workers: Executor, tmp_path: Path) -> None:
    """Two calls are made at once, in two processes, neither of which is this one."""
    answers = two_workers.share([1, 2]).map(who, [(0, (str(tmp_path),)), (1, (str(tmp_path),))])
    assert [value for value, _ in answers] == [1, 2]
    processes = {process for _, process in answers}
    assert len(processes) == two_workers.width == 2
    assert os.getpid() not in processes


def test_a_single_worker_does_all_of_the_work() -> None:
    """This process does none, as where the others have just been lost: a call may end its own."""
    with opening.opened("dask", workers=1, progress=lambda _: None) as cluster:
        answers = cluster.share([1]).map(who, [(0, ())] * 2)
    assert os.getpid() not in {process for _, process in answers}


def test_what_was_sent_is_nobody_elses(two_workers: Executor) -> None:
    """A call that writes to its value changes it for no other call."""
    assert two_workers.share([[]]).map(scribble, [(0, ())] * 4) == [1] * 4


class Fitted:
    """Puts its state back by itself, as estimators do."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def test_names_come_back_as_the_texts_of_code() -> None:
    """Otherwise the saved pickle of the next estimator of that class would have other bytes."""
    fitted = Fitted()
    vars(fitted)["".join(["only_", "here"])] = [1.5]
    again = worker.Packed.of([fitted]).value()[0]
    assert vars(again) == {"only_here": [1.5]}
    assert all(name is sys.intern(name) for name in vars(again))
    assert not all(name is sys.intern(name) for name in vars(pickle.loads(pickle.dumps(fitted))))


def test_lost_workers_cost_time_only(two_workers: Executor, tmp_path: Path) -> None:
    """Both are killed, and with them all copies of what was sent; the answers are the same."""
    runner = two_workers.share([1, 2])
    assert runner.map(die_once, [(place, (str(tmp_path),)) for place in (0, 1)]) == [10, 20]
    assert len(list(tmp_path.iterdir())) == 2
    assert runner.map(who, [(1, ())])[0][0] == 2


def test_an_error_comes_back_in_its_words(two_workers: Executor) -> None:
    """Even one whose class this process cannot know, and one without words."""
    for place, words in ((0, "LocalError"), (1, "no 1")):
        with pytest.raises(TrainingError, match=f"^{words}$"):
            two_workers.share([0, 1]).map(fail, [(place, ())])


def test_workers_share_the_memory_of_their_machine(two_workers: Any) -> None:
    """Each may take its part of what is free, this process too, and no more than its limit."""
    two_workers._client.wait_for_workers(2, timeout=60)  # those that were killed are replaced
    told = two_workers.facts()
    assert len(told) == 2
    assert 0 < two_workers.free_bytes() <= told[0].free / 2
    one = worker.Facts("far away", {}, 8e9, float("inf"))
    assert worker.free_of_each([one, one]) == 4e9
    assert worker.free_of_each([one, replace(one, left=1e9)]) == 1e9
    limited = worker.facts(SimpleNamespace(memory_manager=SimpleNamespace(memory_limit=5e9)))
    assert 1e9 < limited.left < 5e9


def test_workers_of_other_versions_are_refused() -> None:
    """The line names the machine, the package and both versions."""
    other = worker.Facts("far", {**worker.versions(), "scikit-learn": "1.5.0"}, 1.0, 1.0)
    same = replace(other, versions=worker.versions())
    worker.check_versions([same])
    with pytest.raises(EngineError, match=r"on far has scikit-learn 1\.5\.0, .* has 1\.4\.2"):
        worker.check_versions([same, other])
    with pytest.raises(EngineError, match="has tablecast none"):
        worker.check_versions([replace(other, versions={})])


def test_a_cluster_that_goes_away_ends_training_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Calls that nobody will ever answer are not waited for."""
    from distributed import LocalCluster

    monkeypatch.setattr(dask_cluster, "PATIENCE", 2)
    away = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
    with opening.opened("dask", away.scheduler_address, progress=lambda _: None) as cluster:
        runner = cluster.share([1])
        assert runner.map(who, [(0, ())])[0][0] == 1
        threading.Timer(0.5, away.close).start()
        with pytest.raises(EngineError, match="does not answer"):
            for _ in range(100_000):
                runner.map(who, [(0, ())])


def refusal(capsys: pytest.CaptureFixture[str], folder: Path, *more: str) -> str:
    """The one line that the command ends with."""
    simulate(60, seed=4).to_csv(folder / "table.csv", index=False)
    command = ["train", str(folder / "table.csv"), "--target", "charges", "--out", str(folder)]
    assert main([*command, *more]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--workers", "2"], "--workers needs an engine"),
        (["--address", "tcp://127.0.0.1:1"], "--address needs an engine"),
        (["--engine", "dask", "--address", "tcp://127.0.0.1:1", "--workers", "2"], "together"),
        (["--engine", "dask", "--model", "lr"], "--engine spreads a search"),
        (["--engine", "dask", "--address", "tcp://127.0.0.1:1"], "//127.0.0.1:1 does not answer"),
        (["--engine", "dask", "--address", "nonsense"], "nonsense does not answer"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before the table is read."""
    monkeypatch.setattr(dask_cluster, "PATIENCE", 1)
    assert words in refusal(capsys, tmp_path, *more)


@pytest.mark.parametrize(("engine", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_an_engine_that_is_not_installed_is_named_with_its_mend(
    engine: str, package: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line says what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    line = refusal(capsys, tmp_path, "--engine", engine)
    assert f"{engine.capitalize()} is not installed" in line
    assert f"pip install 'tablecast[train,{engine}]'" in line
