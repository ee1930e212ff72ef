"""PyCaret's ``compare_models`` alone: stock, and with one thread in each job.

Stock, each of its jobs runs LightGBM on as many threads as there are cores. On idle cores that
costs little. Where something else runs as well, threads wait at each of LightGBM's many barriers
for one that has lost its core; so both are measured beside busy processes too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.automl_bench.tools import MERCY, unlimited
from benchmarks.environments import ROOT

FOLDS, SEED = 5, 123
# Prints the seconds that compare_models took and how many estimators it compared.
SCRIPT = """
import sys, time
from tablecast.data.sources import prepare, read_table
table, target, jobs = sys.argv[1], sys.argv[2], int(sys.argv[3])
prepared = prepare(read_table(table), target)
if prepared.task == "regression":
    from pycaret.regression import RegressionExperiment as Experiment
else:
    from pycaret.classification import ClassificationExperiment as Experiment
experiment = Experiment()
experiment.setup(prepared.table, target=target, session_id={seed}, fold={folds}, n_jobs=jobs,
                 html=False, verbose=False, system_log=False)
began = time.monotonic()
experiment.compare_models(verbose=False)
print(time.monotonic() - began, len(experiment.pull()))
"""


def measured(table: str, limit: float, busy: int) -> dict[str, Any]:
    """Seconds of both on the same folds; the limit where one did not end before.

    Args:
        table: ``NAME:TARGET``.
        limit: seconds after which either is ended.
        busy: processes that do nothing but take time beside it.
    """
    with _beside(busy):
        stock = _seconds(table, limit, {})
        single = _seconds(table, limit, MERCY["pycaret"])
    return {
        "table": table, "folds": FOLDS, "cores": len(os.sched_getaffinity(0)), "busy": busy,
        "stock": stock, "single": single,
    }


@contextmanager
def _beside(busy: int) -> Iterator[None]:
    command = [sys.executable, "-c", "while True: pass"]
    with ExitStack() as stack:
        for _ in range(busy):
            process = stack.enter_context(subprocess.Popen(command))
            stack.callback(process.kill)
        yield


def _seconds(table: str, limit: float, more: Mapping[str, str]) -> dict[str, Any]:
    """With as many jobs as cores; ``more`` is added to the environment."""
    name, _, target = table.rpartition(":")
    variables = unlimited(more)
    script = SCRIPT.format(seed=SEED, folds=FOLDS)
    command = [sys.executable, "-c", script, name, target, str(len(os.sched_getaffinity(0)))]
    began = time.monotonic()
    try:
        run = subprocess.run(
            command, env=variables | {"PYTHONPATH": str(ROOT)}, check=True, timeout=limit,
            capture_output=True, text=True, cwd=ROOT,
        )
    except subprocess.TimeoutExpired:
        return {"seconds": round(time.monotonic() - began, 1), "finished": False}
    seconds, compared = run.stdout.split()[-2:]
    return {"seconds": round(float(seconds), 1), "compared": int(compared), "finished": True}
