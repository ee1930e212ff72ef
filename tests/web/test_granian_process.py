"""Where granian's processes run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from deployments import ROOT
from flask import Flask

from tablecast.web import answer_log
from tablecast.web.server import granian_app

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="only Linux lets a process choose its cores"
)

#: Says which cores its new threads have and how they are scheduled, then waits to be told to end.
PROCESS = """
import os, sys, threading
from pathlib import Path
from tablecast.web.server.granian_app import keep_together

keep_together(Path(sys.argv[1]), int(sys.argv[2]))
def say():
    batch = os.sched_getscheduler(0) == os.SCHED_BATCH
    print(*sorted(os.sched_getaffinity(0)), batch, flush=True)
thread = threading.Thread(target=say)
thread.start()
thread.join()
sys.stdin.read()
"""


@contextmanager
def worker(folder: Path, workers: int) -> Iterator[list[str]]:
    """A process of a server; what it says of its cores, and whether it is scheduled in batches."""
    with subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder), str(workers)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()


@pytest.mark.server
def test_a_worker_for_each_core_keeps_its_threads_together(tmp_path: Path) -> None:
    """With as many workers as cores, each has a core that no other has, for its threads too."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as started:
        said = [started.enter_context(worker(tmp_path, len(cores))) for _ in cores]
    assert [core for *core, _ in said] == [[str(core)] for core in cores]
    assert {batch for *_, batch in said} == {"True"}


@pytest.mark.server
def test_a_worker_that_is_started_again_takes_the_place_that_is_free(tmp_path: Path) -> None:
    """A worker that ended, however it ended, leaves its core to the one that comes after."""
    cores = len(os.sched_getaffinity(0))
    with worker(tmp_path, cores) as first:
        pass
    with worker(tmp_path, cores) as again:
        assert again == first


@pytest.mark.server
def test_more_workers_than_cores_share_them(tmp_path: Path) -> None:
    """A worker more than there are cores begins again with the first core."""
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as started:
        said = [
            started.enter_context(worker(tmp_path, len(cores) + 1)) for _ in range(len(cores) + 1)
        ]
    assert said[-1] == said[0]


@pytest.mark.server
def test_fewer_workers_than_cores_move_freely(tmp_path: Path) -> None:
    """On a large machine, which other programs share, a worker goes to whatever core is free."""
    cores = sorted(os.sched_getaffinity(0))
    with worker(tmp_path, len(cores) - 1) as said:
        assert said == [*map(str, cores), "False"]
    assert list(tmp_path.iterdir()) == []


def test_each_process_holds_a_place_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first that is free; where all are held, any; one that is given back is held again."""
    held: list[int] = []
    monkeypatch.setattr(granian_app, "_held", held)
    assert [granian_app._place(tmp_path, 2) for _ in range(2)] == [0, 1]
    assert granian_app._place(tmp_path, 2) == os.getpid() % 2
    os.close(held.pop(0))
    assert granian_app._place(tmp_path, 2) == 0
    for one in held:
        os.close(one)


def test_processes_say_once_that_everybody_may_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first that is ready warns, for all that share a folder; none on an own address."""
    app = Flask("served")
    app.extensions |= {"access_log": None, answer_log.EXTENSION: None}
    rehearsed: list[Flask] = []
    monkeypatch.setattr(granian_app, "create_app_or_exit", lambda: app)
    monkeypatch.setattr(granian_app, "keep_together", lambda *_: None)
    monkeypatch.setattr(granian_app.warmup, "rehearse", rehearsed.append)
    idle = SimpleNamespace(collect=lambda: None, freeze=lambda: None)  # what others left takes long
    monkeypatch.setattr(granian_app, "gc", idle)
    monkeypatch.delenv("TABLECAST_KEYS", raising=False)
    for folder, host, said in (
        ("a", "0.0.0.0", 1), ("a", "0.0.0.0", 1), ("b", "127.0.0.1", 1), ("b", "0.0.0.0", 2),
        (None, "0.0.0.0", 3),
    ):  # fmt: skip
        if folder:
            (tmp_path / folder).mkdir(exist_ok=True)
            monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / folder))
        else:
            monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
        monkeypatch.setattr(sys, "argv", ["granian", "--host", host])
        assert granian_app.create_app() is app
        assert len([one for one in caplog.messages if "TABLECAST_KEYS" in one]) == said
    assert rehearsed == [app] * 5
