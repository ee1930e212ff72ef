"""How long the watch takes of a log of many rows: ``python -m benchmarks.watch_page``.

Fills a new log with the sums of a year of days, as the log's writer keeps them, and asks the
shipped deployment for its page and its JSON.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from copy import deepcopy
from pathlib import Path

from benchmarks.environments import ROOT
from tablecast.deployment.opening import load
from tablecast.log.daily import DAY, Place, add
from tablecast.log.daily_sums import Counting, added
from tablecast.log.database import engine_of, upgrade, writing
from tablecast.log.entries import first_id

DAYS, ASKED = 365, 20

#: Rows whose sums are doubled up to a day's: they need not differ.
SOME = 100


def fill(address: str, rows: int) -> int:
    """Keep a year of days; returns how many rows they stand for."""
    loaded = load(ROOT / "deployment_28042020")
    counting, today = Counting.of(loaded.description), int(time.time() // 86_400)
    typical = loaded.schema.typical.values
    given = {
        field.name: field.json_value(value)
        for field, value in zip(loaded.schema.fields, typical, strict=True)
    }
    row = {
        "id": first_id(today * DAY), "given": given, "prediction": 9000.0, "ms": 0.3,
        "warnings": [],
    }
    sums, times = counting.answers([row] * SOME), 1
    while SOME * times * DAYS < rows:
        added(sums, deepcopy(sums))
        times *= 2
    engine = engine_of(address)
    upgrade(engine)
    with writing(engine) as connection:
        whose = loaded.name, loaded.description["sha256"]
        add(connection, {Place(*whose, today - day): sums for day in range(DAYS)})
    return SOME * times * DAYS


def main() -> None:
    """Print the milliseconds of the page and of the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{Path(folder) / 'log.db'}"
        rows = fill(address, options.rows)
        os.environ |= {"TABLECAST_LOG": address, "TABLECAST_ACCESS_LOG": "off"}
        from tablecast.web.app import create_app

        client = create_app(load(ROOT / "deployment_28042020")).test_client()
        for path in ("/watch", "/api/v1/watch"):
            client.get(path)
            took = []
            for _ in range(ASKED):
                began = time.perf_counter()
                assert client.get(path).status_code == 200
                took.append(1000 * (time.perf_counter() - began))
            print(f"{path} of {rows:,} rows in {DAYS} days: {statistics.median(took):.0f} ms "
                  f"(median of {ASKED}), {max(took):.0f} ms at most")


if __name__ == "__main__":
    main()
