"""Parts on several processes, and on Dask: real workers on this machine."""

from __future__ import annotations

import os
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from deployments import ROOT, SHIPPED

from tablecast.batch import predict_parts
from tablecast.batch.engines import Cluster, EngineFailed, engine_names, ray_engine, started
from tablecast.batch.predict_file import predict_file
from tablecast.batch.predict_parts import Workers
from tablecast.cli.main import main
from tests.engine_checks import (
    DEPLOYMENT,
    GRAPH,
    bad_rows,
    check_bytes,
    check_refusals,
    check_strangers,
    once,
)
from tests.insured import rows_of, text

#: Dask's and its packages' own.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", params=["processes", "dask"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Two workers of an engine."""
    with started(request.param, 2, None, GRAPH) as running:
        yield running


@pytest.mark.slow
def test_the_bytes_are_those_of_one_process(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten bad rows in three parts, two workers, one of them killed in the middle."""
    assert cluster.workers == 2
    path = bad_rows(tmp_path, 20_000)
    check_bytes(cluster, path, once(path), monkeypatch)


@pytest.mark.slow
def test_refusals_are_those_of_one_process(cluster: Cluster, tmp_path: Path) -> None:
    """The first bad rows with their lines."""
    check_refusals(cluster, tmp_path)


@pytest.mark.slow
def test_workers_refuse_what_is_not_the_same(cluster: Cluster, tmp_path: Path) -> None:
    """Another graph than was named, and another version."""
    check_strangers(cluster, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--engine", "dask", "--address", "tcp://127.0.0.1:9"], "No cluster of dask answers at"),
        (["--engine", "processes", "--address", "tcp://127.0.0.1:9"], "No cluster of processes"),
        (["--engine", "processes", "--address", "local"], "leave out --address"),
        (["--engine", "dask", "--address", "nonsense"], "No cluster of Dask answers at nonsense"),
        (["--workers", "2"], "add --engine"),
        (["--address", ""], "add --engine"),
        (["--engine", "dask", "--address", ""], "--address is empty"),
    ],
)
def test_clusters_that_are_not_there(
    options: list[str], words: str, tmp_path: Path, capsys: Any
) -> None:
    """One line says what, and what to do; nothing is left."""
    (tmp_path / "in.csv").write_text(text(rows_of(10)))
    out = tmp_path / "out.csv"
    assert main(["predict", str(SHIPPED), str(tmp_path / "in.csv"), "-o", str(out), *options]) == 1
    error = capsys.readouterr().err.strip()
    assert words in error
    assert "\n" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.fixture
def other_service() -> Iterator[str]:
    """Where something listens that is no cluster, and answers as web servers do."""
    class Deaf(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1_000)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Deaf) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.thorough
def test_something_else_at_the_address(other_service: str, tmp_path: Path, capsys: Any) -> None:
    """One line, whatever the client makes of the answer; nothing is left."""
    (tmp_path / "in.csv").write_text(text(rows_of(10)))
    command = ["predict", str(SHIPPED), str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv")]
    assert main([*command, "--engine", "dask", "--address", f"tcp://{other_service}"]) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("tablecast: No cluster of Dask answers at tcp://")
    assert "\n" not in error
    with pytest.raises(EngineFailed, match="something else listens there"):
        ray_engine.check_speech(other_service)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("end", "words"),
    [("os._exit(1)", "(127.0.0.1:1) goes away. Go on."), ("pass", ""), ("raise SystemExit", "")],
)
def test_last_words_of_a_command_that_ray_ends(end: str, words: str) -> None:
    """Ray ends the process where its own is gone: another one says so, and nothing otherwise."""
    code = f"""import os
from tablecast.batch.engines.ray_engine import last_words
with last_words("127.0.0.1:1", "Go on."):
    {end}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip().endswith(words)
    assert done.stderr.count("tablecast:") == bool(words)


def test_a_cluster_that_is_silent_and_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no part is done for a while, it is looked whether the cluster is still there."""
    monkeypatch.setattr(predict_parts, "QUIET", 0.01)

    class Silent(Workers):
        def started(self, graph: bytes) -> AbstractContextManager[Cluster]:
            return nullcontext(Cluster(1, lambda _: Future()))

    (tmp_path / "in.csv").write_text(text(rows_of(10)))
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"ray://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(EngineFailed, match=r"The cluster of ray at ray://.* went away"):
        predict_parts.predict_parts(
            DEPLOYMENT, str(tmp_path / "in.csv"), str(tmp_path / "out.csv"),
            Silent("ray", None, address),
        )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("engine", engine_names())
def test_an_engine_that_is_not_installed(
    engine: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line to install it."""
    if engine == "processes":
        pytest.skip("comes with Python")
    for package in ("distributed", "ray", "pyspark"):
        monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / "in.csv").write_text(text(rows_of(10)))
    arguments = ["predict", str(SHIPPED), str(tmp_path / "in.csv"), "-o", str(tmp_path / "o.csv")]
    assert main([*arguments, "--engine", engine]) == 1
    error = capsys.readouterr().err.strip()
    assert f"pip install 'tablecast[{engine}]'" in error
    assert "\n" not in error


def alive(session: int) -> list[int]:
    """Processes of a session that have not ended."""
    ends = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError):
            if os.getsid(process.pid) == session and process.info["status"] not in ends:
                found.append(process.pid)
    return found


def hear_ctrl_c() -> None:
    """A shell that runs tests in the background has them ignore it, and so what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_ctrl_c_keeps_whole_parts(tmp_path: Path) -> None:
    """What is done stays, no process does, and --resume ends with the bytes of one run."""
    (tmp_path / "in.csv").write_text(text(rows_of(30_000) * 10))  # or it ends before it is stopped
    command = [sys.executable, "-m", "tablecast", "predict", str(SHIPPED), "in.csv"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    parts = [*command, "-o", "out.csv", "--engine", "processes", "--workers", "2"]
    running = subprocess.Popen(
        parts, cwd=tmp_path, env=variables, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=hear_ctrl_c,
    )
    notes = tmp_path / "out.csv.parts" / "_tablecast"
    while running.poll() is None and not list(notes.glob("0*.json")):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: the workers hear it, too
    _, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert error.strip().splitlines()[-1].startswith("tablecast: stopped. ")
    assert "--resume goes on from there" in error
    assert "Traceback" not in error
    while alive(running.pid):  # Python's own watcher of shared memory ends a moment later
        time.sleep(0.05)
    done = re.search(r"(\d+) of (\d+) parts are done", error)
    assert done
    if done[1] != done[2]:  # a busy machine may be told when all is done
        assert not (tmp_path / "out.csv").exists()
    subprocess.run([*parts, "--resume"], cwd=tmp_path, env=variables, check=True)
    predict_file(DEPLOYMENT, tmp_path / "in.csv", tmp_path / "once.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "once.csv").read_bytes()
