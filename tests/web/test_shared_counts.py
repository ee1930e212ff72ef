"""The files in which processes count: there is room for them, or nobody maps them."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from deployments import ROOT

from benchmarks.attack import processes_of, started
from tablecast.web.http import metrics, shared_counts

ROW = {"age": 19, "sex": "female", "bmi": 27.9, "children": 0, "smoker": "yes",
       "region": "southwest"}

#: Stands for a file system that is full.
FULL = """
import errno, os
def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
os.posix_fallocate = full
"""


def test_a_folder_without_room_is_not_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first parent that has room for every process is taken; nothing stays in the others."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.mkdir()
    large.mkdir()
    allocate = os.posix_fallocate

    def only_in_large(file: int, start: int, size: int) -> None:
        if "small" in os.readlink(f"/proc/self/fd/{file}"):
            raise OSError(errno.ENOSPC, "full")
        allocate(file, start, size)

    monkeypatch.setattr(os, "posix_fallocate", only_in_large)
    parents = (str(tmp_path / "none"), str(small), str(large))
    folder = shared_counts.make_folder(3, parents)
    assert folder is not None
    assert Path(folder).parent == large
    assert list(small.iterdir()) == []
    assert shared_counts.make_folder(3, parents[:2]) is None


def test_a_process_that_has_room_counts_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are as large as they may become, and it is not told to count alone."""
    monkeypatch.setenv(shared_counts.VARIABLE, str(tmp_path))
    shared_counts.take_room_or_count_alone()
    assert os.environ[shared_counts.VARIABLE] == str(tmp_path)
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert sizes == [shared_counts.SIZE] * len(shared_counts.KINDS)


@pytest.mark.thorough
def test_the_counts_of_a_process_that_is_gone_stay_without_its_files(tmp_path: Path) -> None:
    """What was counted adds up over all that are gone, however many they are."""
    code = (
        "from tablecast.web.http import metrics;"
        "route = metrics.of_route('/x'); [route.observe(200, 0.002) for _ in range(3)];"
        "route.count(); import os; print(os.getpid())"
    )
    environment = {**os.environ, shared_counts.VARIABLE: str(tmp_path), "PYTHONPATH": str(ROOT)}
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True,
            check=True,
        )
        assert shared_counts.take_room(str(tmp_path), shared_counts.GONE)
        shared_counts.keep_counts(str(tmp_path), int(done.stdout))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["counter_gone.db", "histogram_gone.db"]
    text = _collected(tmp_path)
    assert 'tablecast_requests_total{route="/x",status="200"} 9.0' in text
    assert 'tablecast_request_seconds_count{route="/x"} 9.0' in text


def _collected(folder: Path) -> str:
    code = (
        "from prometheus_client import CollectorRegistry, generate_latest, multiprocess as many;"
        f"registry = CollectorRegistry(); many.MultiProcessCollector(registry, {str(folder)!r});"
        "print(generate_latest(registry).decode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, shared_counts.VARIABLE: str(folder)},
    )
    return done.stdout


@pytest.mark.thorough
def test_a_process_without_room_counts_alone(tmp_path: Path) -> None:
    """Where the folder is full from the beginning, /metrics tells of this process."""
    code = FULL + (
        "import app; client = app.app.test_client(); client.get('/healthz');"
        "print('tablecast_requests_total' in client.get('/metrics').text, list(os.scandir("
        f"{str(tmp_path)!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, shared_counts.VARIABLE: str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    assert "True []" in done.stdout


def test_a_process_that_finds_no_room_later_answers_and_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is started when the folder is full writes to no file."""

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setenv(shared_counts.VARIABLE, str(tmp_path))
    monkeypatch.setattr(os, "posix_fallocate", full)
    route = metrics.of_route("/full")
    monkeypatch.setattr(metrics, "_pending", metrics._pending)
    monkeypatch.setattr(metrics, "_without_room", False)
    metrics._start_anew()
    route.observe(200, 0.1)
    assert not route._noted
    assert metrics.of_route("/never before") in metrics._routes
    assert list(tmp_path.iterdir()) == []


@pytest.mark.server
def test_workers_that_are_killed_leave_counts_and_no_files() -> None:
    """However many workers are killed, each request is still counted, in as many files."""
    with started("gunicorn") as (port, process):
        url = f"http://127.0.0.1:{port}"
        folder = _folder_of(process)
        for _ in range(3):
            requests.post(f"{url}/predict_api", json=ROW, timeout=10)
            time.sleep(3 * metrics.DELAY)
            workers = processes_of(process)[1:]
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
            while len(now := processes_of(process)) < 3 or set(now) & set(workers):
                time.sleep(0.2)
            time.sleep(1)
        text = requests.get(f"{url}/metrics", timeout=10).text
        files = [path.name for path in Path(folder).iterdir()]
    assert 'tablecast_requests_total{route="/predict_api",status="200"} 3.0' in text
    assert len(files) == 2 * 4  # of the master, two workers, and all that are gone


def _folder_of(process: int) -> str:
    maps = Path(f"/proc/{process}/maps").read_text()
    [folder] = {line.split()[-1].rpartition("/")[0] for line in maps.splitlines()
                if "tablecast-metrics-" in line}  # fmt: skip
    return folder
