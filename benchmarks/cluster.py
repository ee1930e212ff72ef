"""A search in one process, the same on a cluster, and FLAML's and AutoGluon's own distribution.

    python -m benchmarks.cluster                    # a million rows, two workers
    python -m benchmarks.cluster --rows 100000 --kinds none dask ray flaml autogluon --seconds 60

Each line is of a process of its own; peers have environments of their own, which are made at the
first run. The load says who else used the machine. Ray is taken from build/ray, where make
test-world puts it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]

#: Columns of numbers, and levels of the column of texts.
NUMBERS, LEVELS = 8, 6
#: What peers learn from, of all rows, as ours does; they are scored on the others.
LEARNT = 0.7


def table_of(rows: int) -> pd.DataFrame:
    """Numbers, a text and an amount with products and steps of theirs."""
    random = np.random.default_rng(7)
    table = pd.DataFrame(
        random.normal(size=(rows, NUMBERS)), columns=[f"x{at}" for at in range(NUMBERS)]
    )
    level = random.integers(0, LEVELS, rows)
    table["kind"] = np.array(list("abcdef"))[level]
    target = table["x0"] * table["x1"] + 2 * (table["x2"] > 0.5) + level + table["x3"] ** 2
    return table.assign(y=target + random.normal(size=rows))


def ours(options: argparse.Namespace) -> dict[str, Any]:
    """Our search: its seconds, its best by cross-validation, and the hash of all predictions."""
    from tablecast.data.sources import prepare
    from tablecast.training.cluster.open_cluster import opened
    from tablecast.training.experiment.setup import quiet_and_single
    from tablecast.training.search.budget import Budget
    from tablecast.training.search.pool import score_of
    from tablecast.training.search.rounds import Search

    prepared = prepare(table_of(options.rows), "y")
    engine = None if options.one == "none" else options.one
    workers = options.workers if engine else None
    with opened(engine, workers=workers, progress=lambda _: None) as executor:
        began = time.monotonic()
        made = Search(
            prepared, Budget(trials=options.trials), 1, 20e6, lambda _: None, executor=executor
        )
        with quiet_and_single():
            made.run()
        seconds = time.monotonic() - began
    ranked = made.ranked()
    answers = b"".join(np.ascontiguousarray(one.predictions).tobytes() for one in ranked)
    return {
        "seconds": seconds, "best": f"{ranked[0].name}, {score_of(ranked[0])}",
        "bits": hashlib.sha256(answers).hexdigest()[:12],
    }


def _divided(options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = table_of(options.rows)
    learnt = int(LEARNT * len(table))
    return table.iloc[:learnt], table.iloc[learnt:]


def _r2(unseen: pd.DataFrame, predicted: Any) -> float:
    wanted = unseen["y"]
    return float(1 - ((wanted - predicted) ** 2).mean() / wanted.var(ddof=0))


def flaml(options: argparse.Namespace) -> dict[str, Any]:
    """FLAML's search, whose trials Ray runs side by side."""
    from flaml import AutoML  # type: ignore[import-not-found]

    learnt, unseen = _divided(options)
    began, made = time.monotonic(), AutoML()
    made.fit(
        dataframe=learnt, label="y", task="regression", time_budget=options.seconds, seed=1,
        verbose=0, n_concurrent_trials=options.workers, use_ray=options.workers > 1, n_jobs=1,
    )
    seconds = time.monotonic() - began
    score = _r2(unseen, made.predict(unseen.drop(columns="y")))
    return {"seconds": seconds, "best": f"{made.best_estimator}, R2 {score:.4f}"}


def autogluon(options: argparse.Namespace) -> dict[str, Any]:
    """AutoGluon's boosted trees in bags of five folds, which Ray fits side by side."""
    from autogluon.tabular import TabularPredictor  # type: ignore[import-not-found]

    learnt, unseen = _divided(options)
    strategy = "parallel_local" if options.workers > 1 else "sequential_local"
    with TemporaryDirectory() as folder:
        began = time.monotonic()
        made = TabularPredictor(
            label="y", problem_type="regression", eval_metric="r2", path=folder, verbosity=0
        ).fit(
            learnt, time_limit=options.seconds, num_bag_folds=5, num_stack_levels=0,
            hyperparameters={"GBM": {}, "XGB": {}}, num_cpus=options.workers,
            ag_args_ensemble={"fold_fitting_strategy": strategy},
        )
        seconds = time.monotonic() - began
        score = _r2(unseen, made.predict(unseen))
        return {"seconds": seconds, "best": f"{made.model_best}, R2 {score:.4f}"}


PEERS: Mapping[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "flaml": flaml, "autogluon": autogluon,
}


def main() -> None:
    """Print a line for each engine and peer."""
    options = _options()
    if options.one:
        _one(options)
        return
    print(f"{options.rows:,} rows; ours: {options.trials} trials and their blends; "
          f"{options.workers} workers", flush=True)  # fmt: skip
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "build" / "ray")))
    for kind in options.kinds:
        python, path = sys.executable, paths
        if kind in PEERS:
            from benchmarks import environments

            python, path = getattr(environments, f"{kind}_ray")().program("python"), str(ROOT)
        command = [python, "-m", "benchmarks.cluster", *sys.argv[1:], "--one", kind]
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        said = (done.stderr if done.returncode else done.stdout).strip().splitlines() or ["nothing"]
        print(said[-1] if not done.returncode else f"{kind:9} does not run: {said[-1]}", flush=True)


def _one(options: argparse.Namespace) -> None:
    found = PEERS.get(options.one, ours)(options)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{options.one:9} {found['seconds']:7.1f} s  {used.ru_utime + used.ru_stime:7.1f} s of "
          f"its own processor time  {used.ru_maxrss / 1e6:.2f} GB  load {os.getloadavg()[0]:.0f}  "
          f"{found['best']}  {found.get('bits', '')}")  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.cluster")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--trials", type=int, default=2, help="of ours")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60, help="of a peer's search")
    kinds = ["none", "dask", "ray", *PEERS]
    parser.add_argument("--kinds", nargs="*", default=kinds, choices=kinds)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
