"""What the prediction log costs, and what a peer's costs that inserts a row for each answer.

    python -m benchmarks.log_cost [--rounds 5] [--seconds 3] [--log postgresql://…]
        [--only "no log" strict] [--connections 16]

The servers run side by side and are driven in turn; only one works at a time. Printed are medians
over all rounds. A commit waits for the disk, so both the disk and what else uses it count: in each
round the disk alone is measured too, by waits for a few pages that are written into a file as long
as SQLite's, one after the other.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

from benchmarks import servers
from benchmarks.environments import CACHE, ROOT, Environment, fastapi_log, peer_graph
from benchmarks.load import Load, drive
from benchmarks.servers import Server
from tablecast.log.write_ahead import BEFORE_PAGE, PAGE, ROOM

CONNECTIONS = (4, 16, 64)

PEER = "FastAPI, a row by SQLAlchemy"

#: Waits for the disk in each round, and bytes that are written before each: two to eight pages are
#: what a commit of a few rows takes.
WAITS, WRITTEN = 400, 4 * (PAGE + BEFORE_PAGE)


def compared(folder: Path, address: str) -> dict[str, Server]:
    """Name to server of what is compared, the one without a log first."""
    here = Environment(Path(sys.prefix))
    deployment = str(ROOT / "deployment_28042020")
    gunicorn = servers.ours_on_gunicorn(here, deployment)
    granian = servers.ours_on_granian(here, deployment)

    def ours(base: Server, name: str, **settings: str) -> Server:
        log = {"TABLECAST_LOG": address or f"sqlite:///{folder / name}.db"} if settings else {}
        variables = {**base.variables, "TABLECAST_ACCESS_LOG": "off", **log, **settings}
        return replace(base, variables=variables)

    strict, relaxed = {"TABLECAST_LOG_MODE": "strict"}, {"TABLECAST_LOG_MODE": "relaxed"}
    peer = fastapi_log()
    kept = address.replace("postgresql://", "postgresql+psycopg://") or f"sqlite:///{folder}/peer.db"
    return {
        "no log": ours(gunicorn, "none"),
        "relaxed": ours(gunicorn, "relaxed", **relaxed),
        "strict": ours(gunicorn, "strict", **strict),
        "granian, no log": ours(granian, "none"),
        "granian, strict": ours(granian, "granian", **strict),
        PEER: servers.with_log(peer, peer_graph(peer), kept),
    }


def measured(
    options: argparse.Namespace,
) -> tuple[dict[str, dict[int, list[Load]]], list[float]]:
    """Every server's loads, by connections, one of each round; and the disk's waits, in ms."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder, ExitStack() as stack:
        running = {
            name: stack.enter_context(servers.started(server))
            for name, server in compared(Path(folder), options.log).items()
            if name in (options.only or [name])
        }
        loads: dict[str, dict[int, list[Load]]] = {
            name: {connections: [] for connections in options.connections} for name in running
        }
        waits: list[float] = []
        for turn in range(options.rounds):
            print(f"round {turn + 1} of {options.rounds}", file=sys.stderr, flush=True)
            waits += waits_for_disk(Path(folder) / "waits")
            for connections in options.connections:
                for name, one in running.items():
                    loads[name][connections].append(drive(one, connections, options.seconds))
        return loads, waits


def waits_for_disk(file: Path) -> list[float]:
    """Milliseconds of some waits for the disk, each after a few pages were written."""
    waits = []
    with file.open("wb") as opened:
        opened.write(bytes(ROOM))
        opened.flush()
        os.fsync(opened.fileno())
        for number in range(WAITS):
            os.pwrite(opened.fileno(), os.urandom(WRITTEN), number * WRITTEN % (ROOM - WRITTEN))
            began = time.perf_counter()
            os.fdatasync(opened.fileno())
            waits.append(1000 * (time.perf_counter() - began))
    return waits


def table(loads: Mapping[str, Mapping[int, list[Load]]]) -> str:
    """What was measured, in Markdown."""
    lines = [
        "| log | connections | answers/s | times the peer's | p50, ms | p99, ms | CPU each, µs |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for connections in next(iter(loads.values())):
        peer = median(one.rate for one in loads[PEER][connections]) if PEER in loads else math.nan
        for name, found in loads.items():
            rate, p50, p99, cpu = (
                median(getattr(one, what) for one in found[connections])
                for what in ("rate", "p50", "p99", "cpu")
            )
            errors = sum(one.errors for one in found[connections])
            lines.append(
                f"| {name} | {connections} | {rate:,.0f} | {rate / peer:.1f} | {p50:.2f} | "
                f"{p99:.2f} | {cpu:.0f} |" + (f" {errors} errors" if errors else "")
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--log", default="", help="an address (default: SQLite in a new folder)")
    parser.add_argument("--only", nargs="+", help="names of the first column (default: all)")
    parser.add_argument("--connections", nargs="+", type=int, default=CONNECTIONS)
    loads, waits = measured(parser.parse_args())
    print(table(loads))
    p50, p99 = (quantiles(waits, n=100)[percent - 1] for percent in (50, 99))
    print(f"The disk alone: a wait of {p50:.2f} ms (p50), {p99:.2f} ms (p99).")


if __name__ == "__main__":
    main()
