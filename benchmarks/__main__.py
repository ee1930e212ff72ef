"""Compare ours with its peers: ``python -m benchmarks``, which ``make bench`` calls."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import environments, report, servers
from benchmarks.environments import CACHE, ROOT, Environment
from benchmarks.files import measured
from benchmarks.load import drive
from benchmarks.servers import Server

CONNECTIONS = (4, 16)
FILE_ROUNDS = 3  # a file takes longer than the load's turns, and varies less
DOCUMENT = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "performance.svg"
RESULTS = Path(__file__).with_name("results.json")
NAMES = ("naive", "fastapi", "fastapi_tuned", "gunicorn", "granian")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write down what was measured."""
    options = _options(arguments)
    if options.what == "all" and shutil.which("wrk") is None:
        sys.exit("The load generator wrk is missing; install it (apt-get install wrk).")
    CACHE.mkdir(parents=True, exist_ok=True)
    given = options.serving
    serving = Environment(given.absolute()) if given else environments.serving()
    deployment = os.environ.get("TABLECAST_DEPLOYMENT") or str(ROOT / "deployment_28042020")
    files = measured(serving, deployment, options.rows, min(options.rounds, FILE_ROUNDS))
    tables = {"files": report.files_table(files)}
    results: dict[str, Any] = {}
    if options.what == "all":
        results = _served(options, serving, deployment)
        tables |= _tables(results)
    elif not options.dry:
        results = json.loads(RESULTS.read_text(encoding="utf-8"))
    print("\n\n".join(tables.values()))
    if not options.dry:
        _write(results | {"files": files}, tables)


def _served(options: argparse.Namespace, serving: Environment, deployment: str) -> dict[str, Any]:
    """Everything but the file: what the servers did, and what a row costs without one."""
    chosen = [_server(name, serving, deployment) for name in options.only]
    return {
        "machine": _machine(),
        "seconds": options.seconds,
        "titles": {server.name: server.title for server in chosen},
        **_rounds(chosen, options.rounds, options.seconds),
        "row": _inprocess(serving, deployment, "row"),
        "batch": _inprocess(serving, deployment, "batch", str(options.rows)),
        # The size of an environment that was given says nothing about the lock.
        "packed": None if options.serving else environments.packed_megabytes(serving),
    }


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("what", nargs="?", choices=("all", "batch"), default="all",
        help="everything, or only the file of a million rows")
    add("--rounds", type=int, default=5, help="how often each server has its turn")
    add("--seconds", type=int, default=5, help="how long each is driven in a turn")
    add("--rows", type=int, default=1_000_000, help="rows of the batch and of the file")
    add("--only", nargs="+", choices=NAMES, default=list(NAMES), help="which servers")
    add("--serving", type=Path, help="an environment to serve ours from, instead of a new one")
    add("--dry", action="store_true", help="print, and write nothing into the repository")
    add("--quick", action="store_true", help="one round of a second, a small batch, dry")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.seconds, options.rows, options.dry = 1, 1, 10_000, True
    if set(options.only) != set(NAMES):
        options.dry = True  # a table with holes in it is not for the page
    return options


def _server(name: str, serving: Environment, deployment: str) -> Server:
    if name == "naive":
        return servers.naive(environments.training(), deployment)
    if name in ("fastapi", "fastapi_tuned"):
        environment = environments.fastapi()
        peer = servers.fastapi if name == "fastapi" else servers.tuned
        return peer(environment, environments.peer_graph(environment))
    ours = servers.ours_on_gunicorn if name == "gunicorn" else servers.ours_on_granian
    return ours(serving, deployment)


def _rounds(chosen: Sequence[Server], rounds: int, seconds: int) -> dict[str, Any]:
    """Every server in turn, A B C A B C, started afresh each time."""
    loads: dict[str, dict[str, list[dict[str, float]]]] = {
        server.name: {str(connections): [] for connections in CONNECTIONS} for server in chosen
    }
    processes: dict[str, dict[str, list[float]]] = {
        server.name: {"start": [], "memory": []} for server in chosen
    }
    for turn in range(rounds):
        for server in chosen:
            with servers.started(server) as running:
                processes[server.name]["start"].append(running.start_seconds)
                for connections in CONNECTIONS:
                    load = drive(running, connections, max(seconds, server.least_seconds))
                    loads[server.name][str(connections)].append(load.to_json())
                    print(f"round {turn + 1} of {rounds}: {server.title}, {connections} "
                          f"connections: {load.rate:,.0f}/s", flush=True)
                processes[server.name]["memory"].append(running.memory_megabytes())
    return {"rounds": loads, "processes": processes}


def _inprocess(serving: Environment, deployment: str, *task: str) -> Any:
    variables = {**os.environ, "TABLECAST_DEPLOYMENT": deployment, "TABLECAST_ENGINE": "onnx",
                 "PYTHONPATH": str(ROOT)}
    command = [serving.program("python"), "-m", "benchmarks.inprocess", *task]
    run = subprocess.run(command, check=True, cwd=ROOT, env=variables, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(), "memory GB": round(memory / 1e9), "system": platform.system(),
        "processor": platform.machine(), "python": platform.python_version(),
    }


def _tables(results: dict[str, Any]) -> dict[str, str]:
    machine = results["machine"]
    rounds = results["rounds"]
    turns = len(next(iter(rounds.values()))[str(CONNECTIONS[0])])
    return {
        "machine": f"Measured on {machine['cores']} cores with {machine['memory GB']} GB, "
                   f"{machine['system']} {machine['processor']}, Python {machine['python']}: "
                   f"medians of {turns} rounds of {results['seconds']} seconds.",
        "ratios": report.ratio_table(rounds, results["titles"]),
        "loads": report.load_table(rounds, results["titles"]),
        "processes": report.process_table(results),
        "row": report.row_table(results),
    }


def _write(results: dict[str, Any], tables: dict[str, str]) -> None:
    document = report.rewrite(DOCUMENT.read_text(encoding="utf-8"), tables)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    DOCUMENT.write_text(document, encoding="utf-8")
    written = [DOCUMENT, RESULTS]
    if "ratios" in tables:
        report.draw(results["rounds"], results["titles"], CHART)
        written.append(CHART)
    print(f"\nWritten: {', '.join(str(path.relative_to(ROOT)) for path in written)}")


if __name__ == "__main__":
    main()
