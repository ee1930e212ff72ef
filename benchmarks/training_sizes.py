"""Seconds and memory of training against rows and columns: ``python -m benchmarks.training_sizes``.

``make bench-training``. Each table is simulated, and each training a command of its own, from the
file to the saved graph with its proof. What was measured is kept after each run, so that an
interrupted benchmark goes on where it was, and written into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environments import ROOT
from benchmarks.report import rewrite

RESULTS = ROOT / "benchmarks" / "training_sizes.json"
DOCUMENT = ROOT / "docs" / "performance.md"
ROWS = (1_000, 5_000, 20_000, 50_000, 200_000, 1_000_000)
COLUMNS = (5, 20, 100, 200, 500, 1_000)
#: Rows of the tables of so many columns, and seconds of a search.
WIDE_ROWS, BUDGET = 1_000, 60.0
SEED = 0

Found = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, print the table, and write it down."""
    options = _options(arguments)
    found: list[Found] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
    wanted: list[tuple[int, int, Sequence[str]]] = []
    wanted += [(rows, 7, ("--model", "lr")) for rows in options.rows]
    wanted += [(WIDE_ROWS, columns, ("--budget", f"{BUDGET:g}")) for columns in options.columns]
    if options.budget:
        wanted += [(max(ROWS), 7, ("--budget", f"{options.budget:g}"))]
    for rows, columns, asked in wanted:
        key = {"rows": rows, "columns": columns, "options": " ".join(asked)}
        if not any(key.items() <= one.items() for one in found):
            found.append(key | measured(rows, columns, asked))
            RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            print(found[-1], flush=True)
    table = as_table(found)
    print(table)
    if not options.dry:
        document = rewrite(DOCUMENT.read_text(encoding="utf-8"), {"sizes": table})
        DOCUMENT.write_text(document, encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_sizes",
                                     description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, nargs="*", default=list(ROWS), help="trained with --model lr")
    add("--columns", type=int, nargs="*", default=list(COLUMNS),
        help=f"of {WIDE_ROWS:,} rows, searched for {BUDGET:g} s")
    add("--budget", type=float, default=120.0,
        help="seconds of a search of the longest table; 0 for none")
    add("--dry", action="store_true", help="print, and leave the document as it is")
    return parser.parse_args(arguments)


def measured(rows: int, columns: int, options: Sequence[str]) -> Found:
    """One training: wall and processor seconds, the largest resident set in MB, and the load."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        target = write_table(table, rows, columns)
        command = [
            sys.executable, "-m", "tablecast", "train", str(table), "--target", target,
            "--out", folder, *options,
        ]
        load, began = os.getloadavg()[0], time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        return {
            "seconds": round(time.monotonic() - began, 1),
            "processor": round(used.ru_utime + used.ru_stime, 1),
            "megabytes": round(_bytes(used) / 1e6),
            "load": round(load, 1),
            "cores": len(os.sched_getaffinity(0)),
            "refused": said.strip().rpartition("\n")[2] if process.returncode else "",
        }


def _bytes(used: resource.struct_rusage) -> int:
    """The largest resident set; Linux counts it in units of 1,024 bytes."""
    return used.ru_maxrss * 1024


def write_table(path: Path, rows: int, columns: int) -> str:
    """A simulated table; its target's name.

    Seven columns are the insurance table's; others are normal numbers, of which four matter.
    """
    if columns == 7:
        from examples.insurance.simulate import simulate

        simulate(rows, seed=SEED).to_csv(path, index=False)
        return "charges"
    import pandas as pd

    random = np.random.default_rng(SEED)
    x = random.standard_normal((rows, columns))
    y = 2 * x[:, 0] + x[:, 1] * x[:, 2] + np.sin(2 * x[:, 3]) + 0.5 * random.standard_normal(rows)
    names = [f"x{at}" for at in range(columns)]
    pd.DataFrame(x.round(4), columns=names).assign(y=y.round(4)).to_csv(path, index=False)
    return "y"


def as_table(found: Sequence[Mapping[str, Any]]) -> str:
    """The runs as a Markdown table, those of one command together, from small to large."""
    lines = [
        "| rows | columns | options | processor s | wall s | largest memory, MB | load |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in sorted(found, key=lambda one: (one["options"], one["rows"], one["columns"])):
        figures = f"{one['processor']:.1f} | {one['seconds']:.1f} | {one['megabytes']:,}"
        said = f"{one['refused']} |  | " if one["refused"] else figures
        lines.append(
            f"| {one['rows']:,} | {one['columns']:,} | `{one['options']}` | {said} "
            f"| {one['load']:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
