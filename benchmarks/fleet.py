"""How much memory a server of many deployments takes, and how fast it opens one.

    python -m benchmarks.fleet [--count 200] [--server gunicorn|granian] [--most 250]

Every deployment is asked for its form, its model card and a prediction, twice over. The memory is
the PSS of the master and its workers: pages that they share count once.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import environments, servers
from benchmarks.copies import write_copy

#: What is asked of each deployment.
ASKED = (("GET", "/"), ("GET", "/model"), ("POST", "/predict_api"))


def fleet_server(folder: Path, server: str) -> servers.Server:
    """Ours, as the Procfile starts it, for a folder; with this Python, which has more packages."""
    command = servers.serve_command(sys.executable, server)
    return servers.Server(server, f"tablecast, {server}", command, environments.ROOT,
                          {"TABLECAST_DEPLOYMENT": str(folder), "TABLECAST_ACCESS_LOG": "off"})


def ask(port: int, method: str, path: str) -> tuple[float, bytes]:
    """Seconds until an answer, and its body, over a connection of its own.

    Raises:
        RuntimeError: it is not what was asked for.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    try:
        body = json.dumps(servers.ROW) if method == "POST" else None
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise RuntimeError(f"{path} was answered with {response.status}: {content[:200]!r}")
    return time.perf_counter() - began, content


def measure(folder: Path, count: int, server: str) -> dict[str, Any]:
    """Start a server for the folder, ask all of it, and see what it takes."""
    with servers.started(fleet_server(folder, server), first="/number-0/predict_api") as running:
        at_start = running.memory_megabytes()
        listing = max(ask(running.port, "GET", "/")[0] for _ in range(4))
        seconds = []
        for _ in range(2):
            for number in range(count):
                for method, path in ASKED:
                    seconds.append(ask(running.port, method, f"/number-{number}{path}")[0])
        return {
            "start_seconds": running.start_seconds,
            "megabytes_at_start": at_start,
            "megabytes": running.memory_megabytes(),
            "list_ms": 1000 * listing,
            "median_ms": 1000 * median(seconds),
            "slowest_ms": 1000 * max(seconds),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="gunicorn")
    parser.add_argument("--most", type=float, default=250, help="megabytes that it may take")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.count):
            write_copy(Path(folder) / f"number-{number}", number)
        measured = measure(Path(folder), options.count, options.server)
    for name, value in measured.items():
        print(f"{name:20} {value:8.2f}")
    if measured["megabytes"] > options.most:
        raise SystemExit(f"more than {options.most:g} MB")


if __name__ == "__main__":
    main()
