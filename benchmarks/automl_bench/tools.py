"""One run of one tool on one split, in a process of its own, and its figures on unseen rows."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import environments
from benchmarks.automl_bench.tables import path_of
from benchmarks.environments import PEERS, ROOT

if TYPE_CHECKING:
    import pandas as pd

#: name -> the script that is given train.csv, test.csv, the target, the task, the budget, and
#: where to write its answers.
TOOLS: Mapping[str, Path] = {
    "tablecast": Path(__file__).with_name("ours.py"),
    "pycaret_compare": PEERS / "pycaret_compare.py",
    "pycaret": PEERS / "pycaret_stock.py",
    "flaml": PEERS / "flaml_run.py",
    "autogluon": PEERS / "autogluon_run.py",
}
#: What has an environment of its own; the others run in the training one.
OWN = {"flaml": environments.flaml, "autogluon": environments.autogluon}
# One in a million, as the search counts it: what happens never has a probability of 0.
LEAST_PROBABILITY = 1e-6
# Threads are each tool's own affair here: nothing of ours limits its peers,
THREAD_LIMITS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# but for what spares PyCaret's two jobs threads that fight for their cores. Its figures are the
# same; ``compare`` measures what the threads cost, much on some machines, little on others.
MERCY: Mapping[str, Mapping[str, str]] = {
    name: {"OMP_THREAD_LIMIT": "1"} for name in ("pycaret_compare", "pycaret")
}


@dataclass(frozen=True)
class Run:
    """What is run: a table as ``NAME:TARGET``, the split's seed, a tool, and its budget."""

    table: str
    seed: int
    tool: str
    budget: float

    @property
    def name(self) -> str:
        """The table's name, without its folder and ending."""
        return Path(self.table.rpartition(":")[0]).stem

    @property
    def target(self) -> str:
        return self.table.rpartition(":")[2]


def run(wanted: Run, limit: float) -> dict[str, Any]:
    """Split, train, answer, and compare the answers with the truth.

    Returns:
        The run, its "figures" (R2; or accuracy and log loss), wall and CPU "seconds", the
        "date", and the machine's "load" when it began; "error" in place of figures where it did
        not finish.
    """
    known, unseen, task = split(wanted)
    found: dict[str, Any] = {
        "table": wanted.name, "seed": wanted.seed, "tool": wanted.tool, "budget": wanted.budget,
        "task": task, "cores": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 1),
        "date": datetime.now(UTC).date().isoformat(),
    }
    with tempfile.TemporaryDirectory() as folder:
        train, test, out = (Path(folder) / name for name in ("train.csv", "test.csv", "out.json"))
        known.to_csv(train, index=False)
        unseen.drop(columns=wanted.target).to_csv(test, index=False)
        began, before = time.monotonic(), _cpu()
        error = _finish(wanted, [train, test], task, out, limit)
        found["seconds"] = round(time.monotonic() - began, 1)
        found["cpu_seconds"] = round(_cpu() - before, 1)
        if error:
            return found | {"error": error}
        answers = json.loads(out.read_text(encoding="utf-8"))
    return found | {"figures": figures(answers, unseen[wanted.target], task)}


def split(wanted: Run) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """The rows to learn from, the others, and the task; stratified for classes."""
    from sklearn.model_selection import train_test_split

    from tablecast.data.sources import prepare, read_table

    prepared = prepare(read_table(path_of(wanted.table.rpartition(":")[0])), wanted.target)
    table, goal = prepared.table, prepared.table[wanted.target]
    known, unseen = train_test_split(
        table, test_size=0.3, random_state=wanted.seed,
        stratify=goal if prepared.task == "classification" else None,
    )
    return known, unseen, prepared.task


def figures(answers: Mapping[str, Any], wanted: pd.Series, task: str) -> dict[str, float]:
    """R2; or the accuracy and the log loss, with probabilities cut at one in a million."""
    from sklearn.metrics import log_loss, r2_score

    if task == "regression":
        return {"R2": float(r2_score(wanted, answers["predictions"]))}
    actual = [_class(value) for value in wanted]
    given = [_class(value) for value in answers["predictions"]]
    shares = np.clip(np.asarray(answers["probabilities"], dtype=np.float64), LEAST_PROBABILITY, 1)
    classes = [_class(value) for value in answers["classes"]]
    order = np.argsort(classes)
    return {
        "accuracy": float(np.mean([one == two for one, two in zip(actual, given, strict=True)])),
        "log loss": float(
            log_loss(
                actual, (shares / shares.sum(axis=1, keepdims=True))[:, order],
                labels=sorted(classes),
            )
        ),
    }


def _class(value: Any) -> str:
    return str(value).removesuffix(".0")


def _finish(wanted: Run, files: list[Path], task: str, out: Path, limit: float) -> str:
    """Run the tool to its end, or to the limit; an error's last line, or nothing."""
    variables = unlimited(MERCY.get(wanted.tool, {}))
    command = [
        _python(wanted.tool), str(TOOLS[wanted.tool]), *map(str, files), wanted.target, task,
        str(wanted.budget), str(out),
    ]
    process = subprocess.Popen(
        command, cwd=out.parent, env=variables | {"PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    )
    try:
        said = process.communicate(timeout=limit)[1].strip()
    except subprocess.TimeoutExpired:
        said = f"not finished after {limit:.0f} s"
    finally:  # with every process that it started
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return "" if process.returncode == 0 else said.rpartition("\n")[2] or "failed"


def unlimited(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without limits on threads, and more."""
    return {k: v for k, v in os.environ.items() if k not in THREAD_LIMITS} | dict(more)


def _python(tool: str) -> str:
    return OWN.get(tool, environments.training)().program("python")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
