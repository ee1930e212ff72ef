"""From rounds to ratios, and from ratios to the tables and the chart of docs/performance.md."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: name -> connections, as text -> one mapping of ``Load``'s values for each round
Rounds = Mapping[str, Mapping[str, Sequence[Mapping[str, float]]]]


@dataclass(frozen=True)
class Target:
    """A ratio of one server to another, with ``at_most`` for latencies.

    Attributes:
        bound: what it should reach; None where it is shown and nothing is promised.
    """

    ours: str
    peer: str
    value: str
    connections: str
    bound: float | None = None
    at_most: bool = False

    def words(self, titles: Mapping[str, str]) -> str:
        what = "requests a second" if self.value == "rate" else self.value
        return f"{titles[self.ours]}: {what}, {self.connections} connections, beside " \
               f"{titles[self.peer]}"


TARGETS = (
    *(Target("gunicorn", "naive", "rate", c, 300) for c in ("4", "16")),
    *(Target("gunicorn", "fastapi", "rate", c, 1.0) for c in ("4", "16")),
    *(Target("gunicorn", "fastapi", "p99", c, 1.0, at_most=True) for c in ("4", "16")),
    *(Target("granian", "fastapi", "rate", c, 4.0) for c in ("4", "16")),
    *(Target("granian", "fastapi", "p99", c, 1.0, at_most=True) for c in ("4", "16")),
    *(
        Target(ours, "fastapi_tuned", value, c)
        for ours in ("gunicorn", "granian") for value in ("rate", "p99") for c in ("4", "16")
    ),
)


def median_ratio(rounds: Rounds, target: Target) -> float:
    """The median over rounds of ours by the peer's in the same round.

    A machine that slows down for a minute slows both, so the ratio holds where the rates do not.
    """
    pairs = zip(
        rounds[target.ours][target.connections], rounds[target.peer][target.connections],
        strict=True,
    )
    return statistics.median(ours[target.value] / peer[target.value] for ours, peer in pairs)


def ratio_table(rounds: Rounds, titles: Mapping[str, str]) -> str:
    """Every target, what was measured, and whether it holds."""
    lines = []
    for target in TARGETS:
        if target.ours not in rounds or target.peer not in rounds:
            continue
        ratio = median_ratio(rounds, target)
        lines.append((target.words(titles), f"{ratio:.2f} ×", *_verdict(target, ratio)))
    return _table(("ratio", "measured", "target", "holds"), lines)


def _verdict(target: Target, ratio: float) -> tuple[str, str]:
    """The target in words, and whether the ratio reaches it."""
    if target.bound is None:
        return "none", ""
    holds = ratio <= target.bound if target.at_most else ratio >= target.bound
    sign = "at most" if target.at_most else "at least"
    return f"{sign} {target.bound:g} ×", "yes" if holds else "no"


def load_table(rounds: Rounds, titles: Mapping[str, str]) -> str:
    """Medians over the rounds of what each server did."""
    lines = []
    for name, by_connections in rounds.items():
        for connections, loads in by_connections.items():
            middle = {key: statistics.median(load[key] for load in loads) for key in loads[0]}
            errors = sum(load["errors"] for load in loads)
            lines.append((titles[name], connections, f"{middle['rate']:,.0f}",
                          f"{middle['p50']:.2f}", f"{middle['p99']:.2f}", f"{errors:.0f}",
                          f"{middle['cpu']:,.0f}"))
    heads = ("server", "connections", "requests/s", "p50 ms", "p99 ms", "errors",
             "CPU µs a request")
    return _table(heads, lines)


def process_table(results: Mapping[str, Any]) -> str:
    """Start, memory and size."""
    lines = [
        (results["titles"][name], f"{statistics.median(values['start']):.2f}",
         f"{statistics.median(values['memory']):.0f}")
        for name, values in results["processes"].items()
    ]
    table = _table(("server", "start to first answer, s", "master and workers, MB (PSS)"), lines)
    lines = [table, ""]
    if results["packed"] is not None:
        packed = f"{results['packed']:.1f} MB (target: at most 60)"
        lines.append(f"The serving environment, packed: {packed}.")
    lines.append("Targets for ours on gunicorn: start at most 1 s, memory at most 120 MB.")
    return "\n".join(lines)


def row_table(results: Mapping[str, Any]) -> str:
    """The cost of one row without a server, and a batch's."""
    row, batch = results["row"], results["batch"]
    table = _table(
        ("part of one answer", "least µs", "median µs"),
        [(part, f"{cost['least']:.2f}", f"{cost['median']:.2f}") for part, cost in row.items()],
    )
    lines = [table, "", _share(results), "",
             f"A batch of {batch['rows']:,.0f} rows through `predict_model`: "
             f"{batch['rows a second']:,.0f} rows/s (target: at least 500,000), at most "
             f"{batch['peak MB']:.0f} MB in use (target: at most 250)."]
    return "\n".join(lines)


#: What the command calls 0.0 seconds takes less.
LEAST_SECONDS = 0.05


def files_table(files: Mapping[str, Any]) -> str:
    """What the same file cost both programs, and by how much."""
    titles = {
        "tablecast": "`python -m tablecast predict`",
        "pycaret": "pandas' `read_csv`, PyCaret's `predict_model`, `to_csv`",
    }
    rows, runs = files["rows"], files["runs"]
    lines = []
    for name, title in titles.items():
        middle = {key: statistics.median(run[key] for run in runs[name]) for key in runs[name][0]}
        lines.append((title, f"{middle['seconds']:.1f}", f"{middle['work']:.1f}",
                      f"{rows / middle['seconds']:,.0f}", f"{middle['cpu']:.1f}",
                      f"{max(run['peak'] for run in runs[name]):,.0f}"))
    heads = ("program", "seconds", "of which work", "rows/s", "CPU s", "peak MB")
    times = {
        key: statistics.median(peer[key] / max(ours[key], LEAST_SECONDS) for ours, peer in
                               zip(runs["tablecast"], runs["pycaret"], strict=True))
        for key in ("seconds", "work", "peak")
    }
    return f"{_table(heads, lines)}\n\nA file of {rows:,} rows, every one validated: " \
           f"{times['seconds']:.1f} times as fast as PyCaret from start to end, " \
           f"{times['work']:.1f} times without starting and loading; PyCaret needs " \
           f"{times['peak']:.1f} times the memory. The two answer alike to " \
           f"{files['worst difference']:.0e}. Targets for a million rows: at most 10 s and 250 MB."


def rewrite(document: str, tables: Mapping[str, str]) -> str:
    """Put each table between its two markers, ``<!-- bench:NAME -->`` and ``<!-- end -->``.

    Raises:
        ValueError: the document has no such markers.
    """
    for name, table in tables.items():
        pattern = rf"(<!-- bench:{re.escape(name)} -->\n).*?(<!-- end -->)"
        if not re.search(pattern, document, re.DOTALL):
            raise ValueError(f"The document has no markers for {name!r}.")
        replace = _between(table)
        document = re.sub(pattern, replace, document, flags=re.DOTALL)
    return document


def draw(rounds: Rounds, titles: Mapping[str, str], path: Path) -> None:
    """Requests a second of every server, on a logarithmic scale."""
    import matplotlib  # type: ignore[import-untyped]

    matplotlib.use("svg")
    from matplotlib import pyplot

    # Text stays text, and the same numbers give the same file.
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tablecast"})
    figure, axes = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
    for place, (connections, colour) in enumerate((("4", "#7fb3c8"), ("16", "#1d6a86"))):
        rates = [statistics.median(load["rate"] for load in loads[connections])
                 for loads in rounds.values()]
        heights = [row + 0.2 - 0.4 * place for row in range(len(rates))]
        bars = axes.barh(heights, rates, 0.38, color=colour, label=f"{connections} connections")
        axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], padding=3, fontsize=8)
    axes.set_yticks(range(len(rounds)), [titles[name] for name in rounds])
    axes.set(xscale="log", xlabel="requests a second, one row each (logarithmic)")
    axes.margins(x=0.12)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def _share(results: Mapping[str, Any]) -> str:
    # Parts are timed many times in a row; the sum of medians is what a request pays.
    own = results["row"]["all four"]["median"]
    words = [f"Parsing, validating, predicting and serialising take {own:.1f} µs together "
             "(target: at most 30)."]
    for name in ("gunicorn", "granian"):
        if name in results["rounds"]:
            loads = [load for loads in results["rounds"][name].values() for load in loads]
            cpu = statistics.median(load["cpu"] for load in loads)
            words.append(f"On {name} a request takes {cpu:.0f} µs of CPU in all: that is "
                         f"{own / cpu:.0%} of it.")
    return " ".join(words)


def _between(table: str) -> Callable[[re.Match[str]], str]:
    return lambda match: f"{match[1]}{table}\n{match[2]}"


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
