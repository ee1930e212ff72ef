"""Compare the search with its peers: ``python -m benchmarks.automl_bench``, ``make bench-automl``.

Every tool gets the same 70% of a table's rows and answers the other 30%. Those that know a budget
get the same one, in seconds of the clock. What was measured is appended to a JSON file after each
run, so that an interrupted benchmark goes on where it was, and the tables of docs/automl.md are
written from that file.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.automl_bench import compare, report
from benchmarks.automl_bench.tools import TOOLS, Run, run
from benchmarks.environments import ROOT
from benchmarks.report import rewrite

RESULTS = ROOT / "benchmarks" / "automl_results.json"
DOCUMENT = ROOT / "docs" / "automl.md"
#: The tables of the repository's own promises, more of PyCaret's, and some that packages carry
#: (``tables``): name, and target. PyCaret's are looked for in TABLECAST_DATA, then at its address.
TABLES = (
    *("insurance:charges", "house:SalePrice", "wine:quality", "glass:Type", "iris:species"),
    *("titanic:Survived", "automobile:price", "employee:left"),
    *("gapminder:lifeExp", "blanks:target", "randhie:mdvis", "rare:visits", "fair:affairs"),
)
SEEDS = (123, 1, 2, 3, 4)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print, and write down what was measured."""
    options = _options(arguments)
    found = _read(options.results)
    for busy in options.compare:
        made = compare.measured(options.tables[0], options.limit, busy)
        others = [one for one in found.get("compare", []) if one["busy"] != busy]
        found["compare"] = [*others, made]
        _write(options.results, found)
    for seed in options.seeds:
        for table in options.tables:
            for tool in options.only:
                wanted = Run(table, seed, tool, options.budget)
                if not options.report and not _is_there(found["runs"], wanted):
                    found["runs"].append(run(wanted, options.limit))
                    _write(options.results, found)
                    print(report.line(found["runs"][-1]), flush=True)
    tables = report.tables(found, options.budget)
    print("\n\n".join(tables.values()))
    if not options.dry:
        document = rewrite(DOCUMENT.read_text(encoding="utf-8"), tables)
        DOCUMENT.write_text(document, encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.automl_bench", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--tables", nargs="+", default=list(TABLES), metavar="NAME:TARGET",
        help="a path, or a name in TABLECAST_DATA, and the column to predict")
    add("--seeds", type=int, nargs="+", default=list(SEEDS), help="of the split")
    add("--budget", type=float, default=120.0, help="seconds for each run (default: 120)")
    add("--only", nargs="+", choices=list(TOOLS), default=list(TOOLS), help="which tools")
    add("--limit", type=float, default=3600.0,
        help="seconds after which a run is ended and written down as unfinished")
    add("--compare", type=int, nargs="+", metavar="BUSY",
        help="also measure PyCaret's compare_models alone, stock and with one thread, beside so "
             "many busy processes each time (such as: 0 2)", default=[])
    add("--results", type=Path, default=RESULTS, help="where results are kept")
    add("--report", action="store_true", help="run nothing, write the report again")
    add("--dry", action="store_true", help="print, and leave the document as it is")
    return parser.parse_args(arguments)


def _read(path: Path) -> dict[str, Any]:
    if path.is_file():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    return {"runs": []}


def _write(path: Path, found: dict[str, Any]) -> None:
    """Whole or not at all: an interrupt while writing must not lose hours of runs."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)


def _is_there(runs: Sequence[dict[str, Any]], wanted: Run) -> bool:
    return any(
        (one["table"], one["seed"], one["tool"], one["budget"])
        == (wanted.name, wanted.seed, wanted.tool, wanted.budget)
        for one in runs
    )


if __name__ == "__main__":
    main()
