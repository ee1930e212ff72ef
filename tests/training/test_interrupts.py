"""Ctrl-C and the budget: the best so far is kept, or nothing is left; and one thread a fold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")

from deployments import ROOT

from examples.insurance.simulate import simulate
from tablecast.data.sources import prepare, read_table
from tablecast.deployment.model_card import card_of
from tablecast.deployment.opening import load
from tablecast.errors import TrainingError
from tablecast.training.cast import cast
from tablecast.training.train import train

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
posix = pytest.mark.skipif(os.name != "posix", reason="Ctrl-C as a signal is POSIX's")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    simulate(150, seed=4).to_csv(path, index=False)
    return path


def interrupted_at(words: str, table: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with one SIGINT when it has said these words."""
    command = [sys.executable, "-m", "tablecast", "train", str(table), "--target", "charges",
               "--out", str(out), "--name", "kept", "--budget", "600"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            process.send_signal(signal.SIGINT)
            break
    rest, errors = process.communicate(timeout=300)
    return subprocess.CompletedProcess(command, process.returncode, said + rest, errors)


@posix
def test_an_interrupt_keeps_the_best_so_far(table: Path, tmp_path: Path) -> None:
    """A real SIGINT to a real process ends the search, and the deployment is saved and whole."""
    done = interrupted_at("best so far", table, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "keeping the best model so far" in done.stdout
    kept = load(tmp_path / "kept", "onnx")
    assert card_of(kept)["leaderboard"][0]["why"] == "chosen"
    assert kept.description["proof"]["label_mismatches"] == 0


@posix
def test_an_interrupt_before_anything_is_fitted_leaves_nothing(table: Path, tmp_path: Path) -> None:
    """One line on the terminal, status 130, and no file."""
    done = interrupted_at("preparing", table, tmp_path / "out")
    assert done.returncode == 130
    assert done.stderr == "tablecast: stopped. No partial files were left.\n"
    assert not (tmp_path / "out").exists()


class Interrupting:
    """Collects lines, and sends this process SIGINT at each that has one of the words."""

    def __init__(self, *words: str) -> None:
        self.lines: list[str] = []
        self._words = list(words)

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if self._words and self._words[0] in line:
            self._words.pop(0)
            os.kill(os.getpid(), signal.SIGINT)


@posix
@pytest.mark.usefixtures("short_search")
def test_a_second_interrupt_stops_at_once(table: Path, tmp_path: Path) -> None:
    """Even while the graph is proven: no file is left."""
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        cast(table, "charges", out=out, progress=Interrupting("best so far", "Checking that"))
    assert not out.exists() or list(out.iterdir()) == []


@posix
@pytest.mark.usefixtures("short_search")
def test_an_interrupt_after_the_search_says_that_the_best_is_being_saved(
    table: Path, tmp_path: Path
) -> None:
    """Somebody who is a second late does not lose what was found."""
    progress = Interrupting("on all rows")
    cast(table, "charges", name="late", out=tmp_path, progress=progress)
    assert any("Press Ctrl-C again to stop without saving" in line for line in progress.lines)
    assert (tmp_path / "late.onnx").is_file()


def test_a_budget_too_short_for_one_model_is_refused(table: Path) -> None:
    """With the seconds that have gone, and a budget that would do."""
    prepared = prepare(read_table(table), "charges")
    with pytest.raises(TrainingError, match=r"budget of 2 s is too short .*--budget \d+"):
        train(prepared, budget=2, began=time.monotonic() - 5, progress=lambda _: None)


def test_so_few_seconds_are_refused_at_once(tmp_path: Path) -> None:
    """Before the table is read, which would take longer than that."""
    with pytest.raises(TrainingError, match=r"at least 10 \(--budget 30\)"):
        cast(tmp_path / "none.csv", "charges", budget=1)


PARALLEL = """
import os, threading, time
import lightgbm
from examples.insurance.simulate import simulate
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.data.sources import prepare
from tablecast.training.train import train

def count():
    return len(os.listdir("/proc/self/task"))

def watch():
    while True:
        most[0] = max(most[0], count())
        time.sleep(0.01)

with quiet_and_single():  # libraries make their idle threads when they are loaded
    threading.Thread(target=watch, daemon=True).start()
    before = count()
    most = [before]
train(prepare(simulate(300, seed=1), "charges"), budget=25, progress=lambda _: None)
print(most[0] - before)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="counts threads on Linux")
def test_no_level_of_parallelism_multiplies_another() -> None:
    """Whatever the environment says of threads, a search adds at most one a core."""
    variables = {name: value for name, value in os.environ.items() if "THREAD" not in name}
    done = subprocess.run(
        [sys.executable, "-c", PARALLEL], cwd=ROOT, env=variables | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )
    assert int(done.stdout.split()[-1]) <= len(os.sched_getaffinity(0))
