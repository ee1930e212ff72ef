"""Kill a worker of a started server each second, while clients ask, and see what they are told.

    python -m benchmarks.killed [--seconds 60]

A client whose worker is killed loses its connection. Nobody may get a wrong answer, and at the end
the server must be as healthy as at its start.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress

from benchmarks.attack import processes_of, started
from benchmarks.servers import ROW

CLIENTS = 8

HEADERS = {"Content-Type": "application/json"}


def ask(port: int, until: float, expected: dict[int, bytes], told: Counter[str]) -> None:
    """Ask for rows on one connection after the other until a time of ``time.monotonic``."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    while time.monotonic() < until:
        age = random.choice(list(expected))
        try:
            client.request("POST", "/predict_api", json.dumps(ROW | {"age": age}), HEADERS)
            answer = client.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            client.close()
            told["lost"] += 1
            continue
        right = answer.status == 200 and content == expected[age]
        told["right" if right else f"wrong: {answer.status} {content[:80]!r}"] += 1


def answers(port: int) -> dict[int, bytes]:
    """The answers to rows of several ages, before anything happens."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    found = {}
    for age in range(18, 64):
        client.request("POST", "/predict_api", json.dumps(ROW | {"age": age}), HEADERS)
        found[age] = client.getresponse().read()
    return found


def main() -> None:
    """Kill, and say what came of it; exit with an error where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    told: Counter[str] = Counter()
    with started("gunicorn") as (port, process):
        expected = answers(port)
        until = time.monotonic() + seconds
        asked = (port, until, expected, told)
        clients = [threading.Thread(target=ask, args=asked) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        killed = 0
        while time.monotonic() < until:
            time.sleep(1)
            workers = processes_of(process)[1:]
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(random.choice(workers), signal.SIGKILL)
                    killed += 1
        for client in clients:
            client.join()
        time.sleep(5)
        healthy = len(processes_of(process)) == 3 and answers(port) == expected
    print(f"{killed} workers killed in {seconds} s: {dict(told)}; healthy afterwards: {healthy}")
    raise SystemExit(not healthy or bool(told.keys() - {"right", "lost"}))


if __name__ == "__main__":
    main()
