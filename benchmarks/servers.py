"""The servers that are compared: how each is started, watched and stopped."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import IO

from benchmarks.environments import PEERS, ROOT, Environment

WORKERS = 2

#: Seconds. PyCaret alone takes ten to import on a busy machine.
START_TIMEOUT = 120.0
STOP_TIMEOUT = 10.0

#: A server that used less CPU time than this in a pause of this length is idle, seconds.
IDLE_CPU = 0.03
IDLE_PAUSE = 0.3

ROW = {
    "age": 19, "sex": "female", "bmi": 27.9, "children": 0, "smoker": "yes", "region": "southwest"
}


@dataclass(frozen=True)
class Server:
    """One way to serve ``POST /predict_api``.

    Attributes:
        name: the short name.
        title: what tables call it.
        command: how it is started; ``{port}`` is filled in.
        folder: where it is started.
        variables: what it finds in its environment.
        least_seconds: how long it must be driven at least for its rate to mean something.
        piped: whether its output goes through a pipe, as a container's does, and not to a file.
    """

    name: str
    title: str
    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    least_seconds: int = 1
    piped: bool = False


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int
    process: int
    start_seconds: float

    def cpu_seconds(self) -> float:
        """User and system time so far of the master and all it started."""
        # A process's clock has nanoseconds, where /proc/PID/stat has hundredths of a second. This
        # is how Linux makes a clock's number of a process's (clock_getcpuclockid).
        return sum(time.clock_gettime((~process << 3) | 2) for process in _tree(self.process))

    def settle(self) -> None:
        """Wait until what earlier clients asked for, and no longer wait for, is done."""
        before, now = -1.0, self.cpu_seconds()
        while now - before > IDLE_CPU:
            time.sleep(IDLE_PAUSE)
            before, now = now, self.cpu_seconds()

    def memory_megabytes(self) -> float:
        """PSS of the master and all it started: shared pages are counted once in all."""
        total = 0
        for process in _tree(self.process):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total * 1024 / 1e6


def naive(environment: Environment, deployment: str) -> Server:
    """PyCaret's ``predict_model`` in a route, as the tutorial would be ported."""
    command = (environment.program("gunicorn"), "naive_app:app", "--workers", str(WORKERS),
               "--worker-class", "sync", "--timeout", "120", "--bind", "127.0.0.1:{port}")
    return Server("naive", "PyCaret in a Flask route, gunicorn sync", command, PEERS,
                  {"TABLECAST_DEPLOYMENT": deployment}, least_seconds=10)


def fastapi(environment: Environment, graph: Path) -> Server:
    """The peer: FastAPI and onnxruntime, written by hand as the documentation teaches it."""
    return _on_uvicorn("fastapi", "FastAPI + onnxruntime", environment, graph)


def tuned(environment: Environment, graph: Path) -> Server:
    """The same with a ready response, which FastAPI neither validates nor serialises."""
    return _on_uvicorn("fastapi_tuned", "FastAPI + onnxruntime, ready response", environment, graph)


def with_log(environment: Environment, graph: Path, address: str) -> Server:
    """The peer that inserts a row for each answer before it gives it."""
    peer = _on_uvicorn("fastapi_log", "FastAPI + onnxruntime + SQLAlchemy", environment, graph)
    return replace(peer, variables={**peer.variables, "PEER_LOG": address})


def _on_uvicorn(name: str, title: str, environment: Environment, graph: Path) -> Server:
    command = (environment.program("uvicorn"), f"{name}_app:app", "--workers", str(WORKERS),
               "--port", "{port}", "--loop", "uvloop", "--http", "httptools",
               "--no-access-log", "--log-level", "warning")
    return Server(name, f"{title}, uvicorn", command, PEERS, {"PEER_GRAPH": str(graph)})


def ours_on_gunicorn(environment: Environment, deployment: str) -> Server:
    """Ours, as the Procfile starts it."""
    return Server("gunicorn", "tablecast, gunicorn",
                  serve_command(environment.program("python"), "gunicorn"), ROOT, _ours(deployment))


def ours_on_granian(environment: Environment, deployment: str) -> Server:
    """Ours, as ``make run SERVER=granian`` starts it."""
    return Server("granian", "tablecast, granian",
                  serve_command(environment.program("python"), "granian"), ROOT, _ours(deployment))


def serve_command(python: str, server: str) -> tuple[str, ...]:
    """What the Procfile starts, with one of the two servers."""
    words = (ROOT / "Procfile").read_text().removeprefix("web: python ").split()
    words[words.index("--server") + 1] = server
    return (python, *words)


@contextmanager
def started(
    server: Server, key: str = "", first: str = "/predict_api"
) -> Iterator[Running]:
    """Start a server, wait for its first answer, and stop it with all its processes.

    Args:
        server: how it is started.
        key: what its first request is sent with, where it wants one.
        first: the address of its first request.
    """
    port = _free_port()
    with tempfile.TemporaryDirectory() as counts, tempfile.TemporaryFile("w+") as log:
        # Ours find a folder in memory by themselves.
        own = server.name in ("gunicorn", "granian")
        shared = {} if own else {"PROMETHEUS_MULTIPROC_DIR": counts}
        variables = {
            **os.environ, "WEB_CONCURRENCY": str(WORKERS), "PORT": str(port),
            # The pickle of the naive port names tablecast's own feature steps.
            "PYTHONPATH": f"{server.folder}{os.pathsep}{ROOT}", **shared, **server.variables,
        }
        began = time.perf_counter()
        process = subprocess.Popen(
            [word.replace("{port}", str(port)) for word in server.command],
            cwd=server.folder, env=variables, stderr=log, start_new_session=True,
            stdout=subprocess.PIPE if server.piped else log,
        )
        if process.stdout:
            Thread(target=_read_on, args=(process.stdout,), daemon=True).start()
        try:
            _wait(process, port, began, server, key, first)
            yield Running(port, process.pid, time.perf_counter() - began)
        except RuntimeError:
            log.seek(0)
            print(log.read()[-6000:])
            raise
        finally:
            _stop(process)


def _read_on(output: IO[bytes]) -> None:
    """Read what nobody wants."""
    while output.read(65536):
        pass


def _ours(deployment: str) -> dict[str, str]:
    return {"TABLECAST_DEPLOYMENT": deployment, "TABLECAST_ENGINE": "onnx"}


def _wait(
    process: subprocess.Popen[bytes], port: int, began: float, server: Server, key: str, first: str
) -> None:
    while not _answers(port, key, first):
        if process.poll() is not None or time.perf_counter() - began > START_TIMEOUT:
            raise RuntimeError(f"{server.title} did not start.")
        time.sleep(0.005)


def _answers(port: int, key: str, first: str) -> bool:
    """Whether a first request is answered, and with one number."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT)
    try:
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        connection.request("POST", first, json.dumps(ROW), headers)
        response = connection.getresponse()
        content = response.read()
    except OSError:
        return False
    finally:
        connection.close()
    if response.status != 200 or not isinstance(json.loads(content), float):
        raise RuntimeError(f"The first answer was {response.status}: {content[:200]!r}")
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    processes = _tree(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        for started_process in processes:
            try:
                os.kill(started_process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()


def _tree(process: int) -> list[int]:
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except FileNotFoundError:  # the thread has just ended
            continue
        for child in children:
            found += _tree(int(child))
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
