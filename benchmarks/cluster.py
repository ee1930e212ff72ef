"""A search of one process beside the same on a cluster, and beside FLAML's own distribution.

    python -m benchmarks.cluster --rows 1000000 --trials 12 --engines none dask ray
    python -m benchmarks.cluster --peers flaml --seconds 120    # with flaml[ray,blendsearch]

Each line is of a process of its own. The load says who else used the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd

#: Columns of numbers, and levels of the column of texts.
NUMBERS, LEVELS = 8, 6


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


def search(rows: int, trials: int, engine: str, workers: int) -> dict[str, Any]:
    """Our search: its seconds, its best, and the hash of all predictions."""
    from tablecast.data.sources import prepare
    from tablecast.training.cluster.open_cluster import opened
    from tablecast.training.experiment.setup import quiet_and_single
    from tablecast.training.search.budget import Budget
    from tablecast.training.search.pool import score_of
    from tablecast.training.search.rounds import Search

    prepared = prepare(table_of(rows), "y")
    named = None if engine == "none" else engine
    with opened(named, workers=workers if named else None, progress=lambda _: None) as executor:
        began = time.monotonic()
        made = Search(
            prepared, Budget(trials=trials), 1, 20e6, lambda _: None, executor=executor
        )
        with quiet_and_single():
            made.run()
        seconds = time.monotonic() - began
    answers = b"".join(np.ascontiguousarray(one.predictions).tobytes() for one in made.ranked())
    best = made.ranked()[0]
    return {
        "seconds": seconds, "best": f"{best.name}, {score_of(best)}",
        "bits": hashlib.sha256(answers).hexdigest()[:12],
    }


def flaml(rows: int, seconds: float, workers: int) -> dict[str, Any]:
    """FLAML's search, whose trials Ray runs side by side."""
    from flaml import AutoML  # type: ignore[import-not-found]
    from sklearn.metrics import r2_score

    table = table_of(rows)
    learnt, unseen = table.iloc[: rows * 7 // 10], table.iloc[rows * 7 // 10 :]
    began, made = time.monotonic(), AutoML()
    made.fit(
        dataframe=learnt, label="y", task="regression", time_budget=seconds, seed=1, verbose=0,
        n_concurrent_trials=workers, use_ray=workers > 1, n_jobs=1,
    )
    score = r2_score(unseen["y"], made.predict(unseen.drop(columns="y")))
    return {
        "seconds": time.monotonic() - began, "best": f"{made.best_estimator}, R2 {score:.4f}",
        "bits": "",
    }


def main() -> None:
    """Print a line for each engine and peer."""
    options = _options()
    if options.one:
        kind, _, name = options.one.partition(":")
        found = (
            search(options.rows, options.trials, name, options.workers) if kind == "engine"
            else flaml(options.rows, options.seconds, options.workers)
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        load = os.getloadavg()[0]
        print(f"{name:6} {found['seconds']:7.1f} s  {peak:.2f} GB  load {load:.0f}  "
              f"{found['best']}  {found['bits']}")  # fmt: skip
        return
    for one in [*(f"engine:{name}" for name in options.engines),
                *(f"peer:{name}" for name in options.peers)]:  # fmt: skip
        command = [sys.executable, "-m", "benchmarks.cluster", *sys.argv[1:], "--one", one]
        subprocess.run(command, check=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120, help="of a peer's search")
    parser.add_argument("--engines", nargs="*", default=["none", "dask"])
    parser.add_argument("--peers", nargs="*", default=[], choices=["flaml"])
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
