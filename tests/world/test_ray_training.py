"""A search on Ray: the same bytes, and a lost worker, with the packages of build/ray."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from deployments import ROOT

from examples.insurance.simulate import simulate

RAY = ROOT / "build" / "ray"

pytestmark = [
    pytest.mark.world,
    pytest.mark.skipif(not RAY.is_dir(), reason="make test-world installs Ray into build/ray"),
]


def python(*arguments: str, folder: Path) -> str:
    """What a Python with Ray says, which finds the modules of a folder."""
    paths = os.pathsep.join(map(str, (ROOT, RAY, folder)))
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=400,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_ray_trains_the_same_pickle(tmp_path: Path) -> None:
    """Of two workers, and of this process's threads, byte by byte."""
    simulate(120, seed=4).to_csv(tmp_path / "table.csv", index=False)
    for name, more in (("here", []), ("there", ["--engine", "ray", "--workers", "2"])):
        said = python(
            "-m", "tablecast", "train", str(tmp_path / "table.csv"), "--target", "charges",
            "--out", str(tmp_path), "--name", name, "--trials", "3", *more,
            folder=tmp_path,
        )
        assert ("Ray fits the models (workers: 2, machines: 1)." in said) == bool(more)
    here, there = ((tmp_path / f"{name}.pkl").read_bytes() for name in ("here", "there"))
    assert here == there


CALLS = """
import ray_calls
from tablecast.errors import TrainingError
from tablecast.training.cluster.open_cluster import opened

with opened("ray", workers=2) as cluster:
    assert cluster.width == 2
    assert cluster.free_bytes() > 0
    runner = cluster.share([1, 2, []])
    calls = [(place, (MARKS,)) for place in (0, 1)]
    assert runner.map(ray_calls.die_once, calls) == [10, 20]
    assert runner.map(ray_calls.scribble, [(2, ())] * 3) == [1, 1, 1]
    for _ in range(300):  # one cancellation of what has just ended in 40 ended this process
        try:
            runner.map(ray_calls.fail, [(0, ())])
        except TrainingError as error:
            assert str(error) == "no 1"
        else:
            raise AssertionError("nothing was raised")
"""

WORKED = '''
import os
import signal
from pathlib import Path


def die_once(value, marks):
    mark = Path(marks, f"died {value}")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * value


def scribble(values):
    values.append(1)
    return len(values)


def fail(value):
    class LocalError(Exception):
        pass

    raise LocalError(f"no {value}")
'''


def test_lost_workers_of_ray_cost_time_only(tmp_path: Path) -> None:
    """Both are killed once; what was sent stays as it was, and errors come back in their words."""
    marks = tmp_path / "marks"
    marks.mkdir()
    (tmp_path / "ray_calls.py").write_text(WORKED)
    python("-c", f"MARKS = {str(marks)!r}{CALLS}", folder=tmp_path)
    assert len(list(marks.iterdir())) == 2
