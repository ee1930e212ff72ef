"""Driving one server with wrk, and reading what wrk prints."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.servers import Running

ROWS = Path(__file__).with_name("rows.lua")

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Load:
    """What one run measured.

    Attributes:
        rate: requests answered a second.
        p50, p99: latency, ms.
        errors: answers other than 200, and failed connections.
        cpu: CPU time of the server a request, µs.
    """

    rate: float
    p50: float
    p99: float
    errors: int
    cpu: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def drive(running: Running, connections: int, seconds: int, key: str = "") -> Load:
    """Post rows over some connections for some seconds, after one second that is not counted.

    Raises:
        ValueError: not one request was answered.
    """
    _wrk(running, connections, 1, key)
    running.settle()
    began = running.cpu_seconds()
    printed = _wrk(running, connections, seconds, key)
    return read_wrk(printed, running.cpu_seconds() - began)


def read_wrk(printed: str, cpu_seconds: float) -> Load:
    """What wrk printed with ``--latency``.

    Raises:
        ValueError: it printed something else, or that nothing was answered.
    """
    requests = int(_find(r"([1-9]\d*) requests in", printed))
    errors = re.findall(r"(?:Non-2xx or 3xx responses:|connect|read|write|timeout) (\d+)", printed)
    return Load(
        rate=float(_find(r"Requests/sec:\s+([\d.]+)", printed)),
        p50=_milliseconds(_find(r"(?m)^\s+50%\s+([\d.]+\w+)\s*$", printed)),
        p99=_milliseconds(_find(r"(?m)^\s+99%\s+([\d.]+\w+)\s*$", printed)),
        errors=sum(map(int, errors)),
        cpu=cpu_seconds / requests * 1e6,
    )


def _wrk(running: Running, connections: int, seconds: int, key: str) -> str:
    # The naive port takes longer than wrk's own limit of two seconds with 16 connections.
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "--latency",
               "-s", str(ROWS), f"http://127.0.0.1:{running.port}"]
    variables = {**os.environ, **({"TABLECAST_KEY": key} if key else {})}
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    return run.stdout


def _find(pattern: str, printed: str) -> str:
    found = re.search(pattern, printed)
    if found is None:
        raise ValueError(f"wrk printed no {pattern!r}:\n{printed}")
    return found[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]
