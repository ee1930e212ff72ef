"""The benchmark: what it reads, what it computes, and one short run of it."""

from __future__ import annotations

import csv
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import served

from benchmarks import __main__ as bench
from benchmarks import files, load, report, servers, training_sizes
from benchmarks.automl_bench import __main__ as automl_bench
from benchmarks.automl_bench import tables
from benchmarks.environments import Environment
from benchmarks.servers import Server
from tablecast.schema.schema import Schema

PRINTED = """Running 5s test @ http://127.0.0.1:9102
  2 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   599.00us    1.20ms  14.96ms   50.00%
    Req/Sec     2.05k   217.93     2.60k    71.00%
  Latency Distribution
     50%  512.00us
     75%    1.10ms
     90%    1.90ms
     99%    1.02s
  20363 requests in 5.00s, 9.12MB read
  Socket errors: connect 0, read 2, write 0, timeout 1
  Non-2xx or 3xx responses: 4
Requests/sec:   4072.61
Transfer/sec:      1.82MB
"""


def _rounds(ours: list[float], peer: list[float]) -> report.Rounds:
    return {
        name: {"4": [{"rate": rate} for rate in rates]}
        for name, rates in (("gunicorn", ours), ("fastapi", peer))
    }


def test_a_run_is_read_with_its_units_and_all_its_errors() -> None:
    """Latencies come out in milliseconds whatever unit wrk chose, and every error counts."""
    read = load.read_wrk(PRINTED, cpu_seconds=2.0363)
    assert (read.rate, read.p50, read.p99, read.errors) == (4072.61, 0.512, 1020.0, 7)
    assert read.cpu == pytest.approx(100.0)


def test_a_server_that_answered_nothing_is_an_error() -> None:
    """A run without a single answer is refused, not written down as a rate of 0."""
    with pytest.raises(ValueError, match="requests in"):
        load.read_wrk(PRINTED.replace("20363 requests", "0 requests"), cpu_seconds=1.0)


def test_ratios_are_taken_within_a_round() -> None:
    """A round in which the machine was slow for both does not move the ratio."""
    target = report.Target("gunicorn", "fastapi", "rate", "4", 1.0)
    rounds = _rounds([200.0, 20.0, 220.0], [100.0, 10.0, 100.0])
    assert report.median_ratio(rounds, target) == pytest.approx(2.0)


@pytest.mark.parametrize(("rate", "holds"), [(100.0, "yes"), (99.0, "no")])
def test_the_ratio_table_says_whether_a_target_holds(rate: float, holds: str) -> None:
    """A ratio on its bound holds, and one below it does not."""
    rounds = {"gunicorn": {c: [{"rate": rate, "p99": 1.0}] for c in ("4", "16")},
              "fastapi": {c: [{"rate": 100.0, "p99": 1.0}] for c in ("4", "16")}}
    table = report.ratio_table(rounds, {"gunicorn": "ours", "fastapi": "the peer"})
    line = next(line for line in table.splitlines() if "requests a second, 4" in line)
    assert line.endswith(f"| at least 1 × | {holds} |")


def test_a_ratio_without_a_target_is_shown_without_a_verdict() -> None:
    """Beside the tuned peer nothing is promised, and the ratio is there all the same."""
    rounds = {"gunicorn": {c: [{"rate": 150.0, "p99": 1.0}] for c in ("4", "16")},
              "fastapi_tuned": {c: [{"rate": 100.0, "p99": 2.0}] for c in ("4", "16")}}
    table = report.ratio_table(rounds, {"gunicorn": "ours", "fastapi_tuned": "tuned"})
    lines = table.splitlines()[2:]
    assert len(lines) == 4
    assert any("requests a second, 4 connections, beside tuned | 1.50 × | none |" in line
               for line in lines)


@pytest.mark.parametrize("make", [servers.fastapi, servers.tuned])
def test_both_fastapi_peers_are_there(make: Callable[[Environment, Path], Server]) -> None:
    """The application that each command names is a file in its folder."""
    server = make(Environment(Path("/env")), Path("graph.onnx"))
    module = server.command[1].removesuffix(":app")
    assert (server.folder / f"{module}.py").is_file()
    assert server.name in bench.NAMES


def test_tables_are_put_between_their_markers() -> None:
    """Only what stands between the markers changes, and a missing marker is an error."""
    document = "before\n<!-- bench:row -->\nold \\1\n<!-- end -->\nafter\n"
    written = report.rewrite(document, {"row": "new \\1"})
    assert written == "before\n<!-- bench:row -->\nnew \\1\n<!-- end -->\nafter\n"
    with pytest.raises(ValueError, match="'loads'"):
        report.rewrite(document, {"loads": "new"})


def test_the_page_has_a_place_for_every_table() -> None:
    """The page in the repository can be written by the benchmark."""
    text = bench.DOCUMENT.read_text(encoding="utf-8")
    names = ("machine", "ratios", "loads", "processes", "row", "files")
    report.rewrite(text, dict.fromkeys(names, ""))


def test_the_files_rows_are_valid_and_always_the_same(tmp_path: Path) -> None:
    """Each drawn row is one that the schema accepts without a word, but for what is left empty."""
    table = served.every_kind_of_column()
    schema = Schema.from_table(table, "target", "regression")
    files.write_rows(schema, tmp_path / "a.csv", 300)
    files.write_rows(schema, tmp_path / "b.csv", 300)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    empty = 0
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        warnings = schema.parse(row, text=True).warnings
        assert all(warning.message.startswith("You left {field} blank") for warning in warnings)
        empty += len(warnings)
    assert len(rows) == 300
    assert 0 < empty < 150


def test_a_program_is_timed_with_its_memory(tmp_path: Path) -> None:
    """Seconds, what it says of its work, and the most memory that it held; a failure is told."""
    program = "import time; kept = bytearray(80_000_000); time.sleep(0.2); print('done in 0.2 s')"
    run, said = files.timed([sys.executable, "-c", program], tmp_path)
    assert said == "done in 0.2 s\n"
    assert run.work == 0.2
    assert 0.2 < run.seconds < 60
    # Until a program is loaded, its process is a copy of this one.
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    assert 80 < run.peak < max(300, here + 1)
    with pytest.raises(RuntimeError, match="failed"):
        files.timed([sys.executable, "-c", "print('0.1 s'); raise SystemExit(3)"], tmp_path)


def test_the_file_table_compares_within_a_round() -> None:
    """The ratios are medians of rounds, and the memory is the most of any."""
    ours = [{"seconds": s, "work": s - 1, "cpu": s, "peak": p} for s, p in ((5, 90), (50, 95))]
    peer = [{"seconds": s, "work": s - 2, "cpu": s, "peak": 570} for s in (20, 200)]
    table = report.files_table(
        {"rows": 1000, "worst difference": 1e-11, "runs": {"tablecast": ours, "pycaret": peer}}
    )
    assert "4.0 times as fast as PyCaret from start to end" in table
    assert "| 27.5 | 26.5 | 36 | 27.5 | 95 |" in table


def test_the_procfile_starts_either_server() -> None:
    """The command is the Procfile's own, with the server put in."""
    server = servers.ours_on_granian(Environment(Path("/env")), "deployment")
    assert server.command[:4] == ("/env/bin/python", "-m", "tablecast", "serve")
    assert server.command[server.command.index("--server") + 1] == "granian"
    assert "$" not in "".join(server.command)


def test_training_of_any_size_is_measured_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run is kept, a second call runs nothing again, and a refusal stands in its row."""
    ran: list[tuple[int, int]] = []

    def measured(rows: int, columns: int, _options: object) -> dict[str, object]:
        ran.append((rows, columns))
        return {"seconds": 2.0, "processor": 1.25, "megabytes": 1_300, "load": 0.4, "cores": 2,
                "refused": "too long" if rows == 2_000 else ""}

    monkeypatch.setattr(training_sizes, "measured", measured)
    monkeypatch.setattr(training_sizes, "RESULTS", tmp_path / "sizes.json")
    asked = ["--rows", "1000", "2000", "--columns", "5", "--budget", "0", "--dry"]
    for _ in range(2):
        training_sizes.main(asked)
    assert ran == [(1_000, 7), (2_000, 7), (1_000, 5)]
    printed = capsys.readouterr().out
    assert "| 1,000 | 7 | `--model lr` | 1.2 | 2.0 | 1,300 | 0 |" in printed
    assert "| 2,000 | 7 | `--model lr` | too long |  |  | 0 |" in printed


def test_the_tables_of_training_have_as_many_columns_as_asked(tmp_path: Path) -> None:
    """Seven are the insurance table's, and any other number is of numbers, besides the target."""
    for columns, target in ((7, "charges"), (30, "y")):
        assert training_sizes.write_table(tmp_path / "table.csv", 20, columns) == target
        with (tmp_path / "table.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 20
        assert len(rows[0]) == columns + (columns != 7)


@pytest.mark.thorough
def test_tables_of_packages_are_what_they_are_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many levels, gaps everywhere, many rows and a rare class; every target is there."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("statsmodels")
    monkeypatch.setattr(tables, "CACHE", tmp_path)
    targets = dict.fromkeys(tables.TABLES, "target")
    targets |= dict(entry.split(":") for entry in automl_bench.TABLES)
    made = {name: pandas.read_csv(tables.path_of(name)) for name in tables.TABLES}
    assert all(targets[name] in table for name, table in made.items())
    assert made["gapminder"]["country"].nunique() == 142
    assert made["blanks"].drop(columns="target").isna().mean().min() > 0.1
    assert len(made["randhie"]) > 15_000
    assert made["rare"]["visits"].value_counts(normalize=True).min() < 0.05
    assert tables.path_of("titanic") == "titanic"


@pytest.mark.slow
@pytest.mark.server
def test_a_quick_run_measures_a_real_server(capsys: pytest.CaptureFixture[str]) -> None:
    """One round of gunicorn under wrk ends in tables without errors, and writes no file."""
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed (make bench installs it)")
    before = bench.DOCUMENT.read_text(encoding="utf-8")
    bench.main(["--quick", "--only", "gunicorn", "--serving", sys.prefix])
    printed = capsys.readouterr().out
    lines = [line.split(" | ") for line in printed.splitlines() if line.startswith("| tablecast")]
    rate, errors = lines[0][2], lines[0][5]
    assert float(rate.replace(",", "")) > 0
    assert errors == "0"
    assert "all four" in printed
    assert bench.DOCUMENT.read_text(encoding="utf-8") == before


def test_a_number_is_changed_wherever_it_is_used() -> None:
    """--change reaches the modules that have imported the number, and is over afterwards."""
    from benchmarks.without import without
    from tablecast.training.search import pool, tuning

    with without("pool.WORTH_TUNING=7"):
        assert (tuning.WORTH_TUNING, pool.WORTH_TUNING) == (7, 7)
    assert pool.WORTH_TUNING < 7


def test_several_parts_are_left_out_at_once() -> None:
    """Each of the parts is missing, also where they stand in the same table."""
    from benchmarks.without import without
    from tablecast.training.search import candidates

    before = candidates.TRIED["classification"]
    with without("qda.scaled+mlp.scaled"):
        left = candidates.TRIED["classification"]
    assert set(before) - set(left) == {("qda", "scaled"), ("mlp", "scaled")}
    assert candidates.TRIED["classification"] is before


def test_variants_of_a_search_share_their_fits() -> None:
    """An estimator is fitted once on a fold, and costs a later search the seconds it took then."""
    import pandas as pd
    from sklearn.tree import DecisionTreeRegressor

    from benchmarks.remembered import Searches
    from tablecast.training.search.views import Fold

    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    fold = Fold(None, rows, rows["x"], rows, np.arange(4))
    searches = Searches(None, 1)  # type: ignore[arg-type]
    made = [
        searches._fold(fold, DecisionTreeRegressor(max_depth=depth), "regression", False, False)
        for depth in (1, 2, 1)
    ]
    assert made[0] is made[2] is not made[1]
    assert sum(searches.asked) == pytest.approx(2 * made[0].seconds + made[1].seconds)


def test_a_number_that_is_not_there_cannot_be_changed() -> None:
    """A misspelt name is not measured as if it were a change."""
    from benchmarks.without import without

    with pytest.raises(KeyError), without("views.FOLD=7"):
        pass
