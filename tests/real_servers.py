"""Real servers: gunicorn as the Procfile starts it, and granian."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from deployments import ROOT

from benchmarks.servers import serve_command

GUNICORN, GRANIAN = (list(serve_command(sys.executable, name)) for name in ("gunicorn", "granian"))

#: Seconds. A worker that gunicorn has only just forked still has the master's way with signals, and
#: misses one; gunicorn waits 30 for it.
STOP_TIMEOUT = 40


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(command: list[str], folder: Path, **environment: str) -> Iterator[str]:
    """Start a server in the repository's root; stop it gently at the end.

    What it writes is in the folder's files "log" (standard output) and "errors".
    """
    port = free_port()
    with (folder / "log").open("wb") as log, (folder / "errors").open("wb") as errors:
        server = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=errors,
            env={**os.environ, "PORT": str(port), "WEB_CONCURRENCY": "2", **environment},
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(STOP_TIMEOUT)


def wait_until_ready(url: str, server: subprocess.Popen[bytes], seconds: int = 30) -> None:
    """Wait for a server that was just started."""
    for _ in range(10 * seconds):
        assert server.poll() is None, "the server ended at its start"
        try:
            if requests.get(f"{url}/readyz", timeout=1).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    raise AssertionError("the server did not get ready")
