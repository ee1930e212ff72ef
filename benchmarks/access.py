"""What keys, limits and the access log cost a plain request, beside a server without them.

    python -m benchmarks.access [--server gunicorn|granian] [--rounds 20] [--seconds 1]

The servers run side by side and are driven in changing order, by the same bytes; only one works at
a time. Printed are medians over all rounds: of the requests a second, of the CPU time a request,
and of each round's ratio to the server without anything. Another server without anything shows how
much of a difference is chance: with 4 connections it matters how many of them each worker got.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.environments import ROOT, Environment
from benchmarks.load import Load, drive
from tablecast.web.access.key_file import new_key, write_file

CONNECTIONS = (4, 16)

#: Two servers of this kind are started.
NOTHING = "nothing"

#: More than any server answers: the rate is counted, and never refuses.
RATE = "900000000/m"


def variants(folder: Path) -> tuple[dict[str, dict[str, str]], str]:
    """Name to settings of what is compared, the one without anything first; and a key."""
    secret, key = new_key("benchmark", "ask", RATE)
    write_file(folder / "keys", [key])
    silent = {"TABLECAST_ACCESS_LOG": "off"}
    keys = {"TABLECAST_KEYS": str(folder / "keys")}
    settings = {
        NOTHING: silent,
        f"{NOTHING}, again": silent,
        "access log": {},
        "key and its rate": silent | keys,
        "access log, key and its rate": keys,
    }
    return settings, secret


def measured(server: str, rounds: int, seconds: int) -> dict[str, dict[int, list[Load]]]:
    """Every variant's loads, by connections, one of each round."""
    here = Environment(Path(sys.prefix))
    make = servers.ours_on_granian if server == "granian" else servers.ours_on_gunicorn
    base = make(here, os.environ.get("TABLECAST_DEPLOYMENT") or str(ROOT / "deployment_28042020"))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings, key = variants(Path(folder))
        running = {
            name: stack.enter_context(
                servers.started(
                    replace(base, variables={**base.variables, **more}, piped=True),
                    key if "TABLECAST_KEYS" in more else "",
                )
            )
            for name, more in settings.items()
        }
        loads: dict[str, dict[int, list[Load]]] = {
            name: {connections: [] for connections in CONNECTIONS} for name in settings
        }
        for turn in range(rounds):
            print(f"round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
            for connections in CONNECTIONS:
                for name, one in random.sample(list(running.items()), len(running)):
                    loads[name][connections].append(drive(one, connections, seconds, key))
        return loads


def table(loads: dict[str, dict[int, list[Load]]]) -> str:
    """What was measured, in Markdown."""
    lines = [
        "| with | connections | requests/s | of those with nothing | CPU a request, µs | more |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    plain = loads[NOTHING]
    for connections in CONNECTIONS:
        for name, found in loads.items():
            pairs = list(zip(found[connections], plain[connections], strict=True))
            share = median(one.rate / other.rate for one, other in pairs)
            more = median(one.cpu / other.cpu for one, other in pairs) - 1
            rate, cpu = (median(getattr(one, what) for one, _ in pairs) for what in ("rate", "cpu"))
            errors = sum(one.errors for one, _ in pairs)
            lines.append(
                f"| {name} | {connections} | {rate:,.0f} | {share:.1%} | {cpu:.1f} | {more:+.1%} |"
                + (f" {errors} errors" if errors else "")
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="gunicorn")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=1)
    told = parser.parse_args()
    print(table(measured(told.server, told.rounds, told.seconds)))


if __name__ == "__main__":
    main()
