"""From runs to the tables of docs/automl.md."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

TITLES = {
    "tablecast": "tablecast", "pycaret_compare": "PyCaret 3.3.2 compare",
    "pycaret": "PyCaret 3.3.2 compare, tune, blend", "flaml": "FLAML 2.7",
    "autogluon": "AutoGluon best_quality",
}
#: Figures, and whether more is better.
FIGURES = {"R2": True, "accuracy": True, "log loss": False}
#: Runs at a higher load per core than this shared the machine with other work.
BUSY = 1.5

Runs = Sequence[Mapping[str, Any]]


def line(run: Mapping[str, Any]) -> str:
    """A run in one line."""
    said = run.get("error") or ", ".join(
        f"{name} {value:.4f}" for name, value in run["figures"].items()
    )
    return f"{run['table']}, split {run['seed']}, {run['tool']}: {said}; {run['seconds']:.0f} s"


def tables(found: Mapping[str, Any], budget: float) -> dict[str, str]:
    """The document's tables by their markers, which end in the budget's seconds.

    These are the means, the paired differences and the seconds of that budget, and
    ``compare_models`` alone, which has none.
    """
    runs = [one for one in found["runs"] if one["budget"] == budget]
    return {
        f"automl-{budget:g}": "\n".join([_heading(runs, budget), "", *_means(runs)]),
        f"paired-{budget:g}": "\n".join(_paired(runs)),
        f"seconds-{budget:g}": "\n".join(_seconds(runs)),
        "compare": "\n".join(_compare(found.get("compare", []))),
    }


def _heading(runs: Runs, budget: float) -> str:
    if not runs:
        return f"Nothing was run with {budget:g} s."
    cores = max(one["cores"] for one in runs)
    loads = [one["load"] / one["cores"] for one in runs]
    busy = sum(load > BUSY for load in loads)
    days = sorted({one["date"] for one in runs if "date" in one})
    on = f" on {' and '.join(days)}" if days else ""
    said = f"Measured{on} with {budget:g} s for each run on {cores} cores."
    if busy:
        said += (
            f" {busy} of the {len(runs)} runs shared the machine with other work (up to "
            f"{max(loads):.1f} processes a core), which takes from every tool's budget."
        )
    return said


def _means(runs: Runs) -> list[str]:
    """The mean over the splits, and its standard deviation."""
    tools = _tools(runs)
    rows = ["| table, figure | splits | " + " | ".join(TITLES[tool] for tool in tools) + " |"]
    rows.append("|---|---" + "|---" * len(tools) + "|")
    for table in _names(runs):
        for figure in FIGURES:
            values = {tool: _values(runs, table, tool, figure) for tool in tools}
            if any(values.values()):
                splits = max(len(one) for one in values.values())
                cells = " | ".join(_mean(list(values[tool].values()), splits) for tool in tools)
                rows.append(f"| {table}, {figure} | {splits} | {cells} |")
    return rows


def _paired(runs: Runs) -> list[str]:
    """Ours less each peer's on the same splits; above 0 is better for us."""
    peers = [tool for tool in _tools(runs) if tool != "tablecast"]
    rows = ["| table, figure | " + " | ".join(f"better than {TITLES[p]} by" for p in peers) + " |"]
    rows.append("|---" + "|---" * len(peers) + "|")
    for table in _names(runs):
        for figure, more in FIGURES.items():
            ours = _values(runs, table, "tablecast", figure)
            cells = [_difference(ours, _values(runs, table, p, figure), more) for p in peers]
            if any(cells):
                rows.append(f"| {table}, {figure} | " + " | ".join(c or "–" for c in cells) + " |")
    return rows


def _seconds(runs: Runs) -> list[str]:
    """Wall and CPU seconds, medians over the splits."""
    tools = _tools(runs)
    rows = ["| table | " + " | ".join(f"{TITLES[tool]}, s (CPU)" for tool in tools) + " |"]
    rows.append("|---" + "|---" * len(tools) + "|")
    for table in _names(runs):
        cells = []
        for tool in tools:
            own = [one for one in runs if (one["table"], one["tool"]) == (table, tool)]
            unfinished = sum("error" in one for one in own)
            cell = "–"
            if own:
                wall, cpu = (
                    statistics.median(one[key] for one in own) for key in ("seconds", "cpu_seconds")
                )
                cell = f"{wall:.0f} ({cpu:.0f})"
            cells.append(cell + (f", {unfinished} failed" if unfinished else ""))
        rows.append(f"| {table} | " + " | ".join(cells) + " |")
    return rows


def _compare(found: Runs) -> list[str]:
    """Stock ``compare_models`` beside the same with one thread in each job."""
    if not found:
        return ["PyCaret's `compare_models` alone was not measured (`--compare`)."]
    first = found[0]
    rows = [
        f"PyCaret's `compare_models` alone on {first['table'].partition(':')[0]}, {first['folds']} "
        f"folds, {first['cores']} cores:",
        "",
        "| busy processes beside it | stock, s | one thread in each job, s | ratio |",
        "|---|---|---|---|",
    ]
    for one in sorted(found, key=lambda one: one["busy"]):
        stock, single = one["stock"], one["single"]
        least = "" if stock["finished"] else "at least "
        rows.append(
            f"| {one['busy']} | {least}{stock['seconds']:,.0f} | {single['seconds']:,.0f} "
            f"| {least}{stock['seconds'] / single['seconds']:.1f} |"
        )
    return rows


def _tools(runs: Runs) -> list[str]:
    return [tool for tool in TITLES if any(one["tool"] == tool for one in runs)]


def _names(runs: Runs) -> list[str]:
    return list(dict.fromkeys(one["table"] for one in runs))


def _values(runs: Runs, table: str, tool: str, figure: str) -> dict[int, float]:
    """The split's seed -> the figure; only where the run finished."""
    return {
        one["seed"]: one["figures"][figure]
        for one in runs
        if (one["table"], one["tool"]) == (table, tool) and figure in one.get("figures", {})
    }


def _mean(values: Sequence[float], splits: int) -> str:
    """The mean ± the deviation; where some splits are missing, of how many."""
    if not values:
        return "–"
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    fewer = f" ({len(values)} of {splits})" if len(values) < splits else ""
    return f"{statistics.mean(values):.3f}{spread}{fewer}"


def _difference(ours: Mapping[int, float], peer: Mapping[int, float], more: bool) -> str:
    """The mean difference over the splits that both have, ± its standard error."""
    both = [(ours[seed] - peer[seed]) * (1 if more else -1) for seed in ours if seed in peer]
    if not both:
        return ""
    error = f" ± {statistics.stdev(both) / len(both) ** 0.5:.3f}" if len(both) > 1 else ""
    return f"{statistics.mean(both):+.3f}{error}"
