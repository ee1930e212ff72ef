"""Kill a worker each second while clients ask a server with a prediction log; count what it keeps.

    python -m benchmarks.log_killed [--seconds 60] [--log postgresql://…]

Half of the clients send an Idempotency-Key and ask again with it until they are answered; the
others ask once, on the quick way. Every answer that a client has got must be kept, each once, and
the days' sums must count each row that is kept.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import tempfile
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.attack import processes_of, started
from benchmarks.servers import ROW
from tablecast.log.daily import uncounted_ids
from tablecast.log.database import engine_of
from tablecast.log.tables import DAILY, PREDICTION

CLIENTS = 16

JSON = {"Content-Type": "application/json"}


@dataclass
class Told:
    """What clients were told.

    Attributes:
        ids: of every answer, by the request's own name.
        statuses: how often each came; 0 for a connection that was lost.
        killed: workers.
    """

    ids: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    killed: int = 0

    def counted(self, address: str) -> dict[str, int]:
        """How many answers were lost, how many are kept more than once, how many the sums say."""
        engine = engine_of(address)
        with engine.connect() as connection:
            rows = connection.execute(sa.select(PREDICTION.c.id, PREDICTION.c.request)).all()
            days = connection.execute(sa.select(DAILY.c.sums)).scalars()
            summed = sum(sums["rows"] for sums in days) + len(uncounted_ids(connection))
        engine.dispose()
        kept = {row.id for row in rows}
        times = Counter(row.request for row in rows)
        repeated = [name for name, count in times.items() if count > 1 and name.startswith("again")]
        lost = [one for one in self.ids.values() if one not in kept]
        return {
            "answers": len(self.ids), "kept": len(rows), "lost": len(lost),
            "twice": len(repeated), "summed": summed,
        }  # fmt: skip


class Client:
    """Asks on one connection after the other."""

    def __init__(self, port: int, told: Told) -> None:
        self._port = port
        self._told = told
        self._open()

    def _open(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)

    def ask(self, name: str, body: str, again: bool) -> bool:
        """Ask once; whether there was an answer."""
        headers = JSON | {"X-Request-Id": name}
        if again:
            headers["Idempotency-Key"] = name
        try:
            self._connection.request("POST", "/predict_api", body, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._told.statuses[0] += 1
            return False
        self._told.statuses[answer.status] += 1
        if answer.status == 200:
            self._told.ids[name] = answer.headers["X-Prediction-Id"]
        return answer.status == 200

    def ask_until(self, until: float, again: bool) -> None:
        """Ask for one row after the other until a time of ``time.monotonic``."""
        while time.monotonic() < until:
            name = f"{'again' if again else 'once'}-{uuid.uuid4().hex}"
            body = json.dumps(ROW | {"age": random.randrange(18, 64)})
            while not self.ask(name, body, again) and again:
                if time.monotonic() > until + 30:
                    return
                time.sleep(0.05)
        self._connection.close()


def ask_and_kill(address: str, seconds: float, between: float = 1.0, **settings: Any) -> Told:
    """Let clients ask a server for some time, and kill a worker each so many seconds."""
    told = Told()
    environment = {"TABLECAST_LOG": address, "TABLECAST_ACCESS_LOG": "off", **settings}
    with started("gunicorn", **environment) as (port, process):
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=Client(port, told).ask_until, args=(until, number % 2 == 0))
            for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        while time.monotonic() < until:
            time.sleep(between)
            if workers := processes_of(process)[1:]:
                with suppress(ProcessLookupError):
                    os.kill(random.choice(workers), signal.SIGKILL)
                    told.killed += 1
        for thread in threads:
            thread.join()
    return told


def main() -> None:
    """Kill, and say what came of it; exit with an error where something was lost or is twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--log", default="", help="an address (default: SQLite in a new folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = options.log or f"sqlite:///{Path(folder) / 'log.db'}"
        told = ask_and_kill(address, options.seconds)
        counted = told.counted(address)
    print(f"{told.killed} workers killed in {options.seconds} s: {counted}; {dict(told.statuses)}")
    wrong = counted["lost"] or counted["twice"] or counted["summed"] != counted["kept"]
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
