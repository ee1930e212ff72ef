"""The best so far against seconds: ``python -m benchmarks.anytime CSV TARGET --budget 120``.

The score is that of the folds, which the search goes by: at each mark the best that a search ending
there would ship. The first is there once PyCaret is loaded and one estimator is fitted.
"""

from __future__ import annotations

import argparse
import time
import warnings

from tablecast.data.prepare import prepare
from tablecast.data.sources import read_table
from tablecast.training.search.budget import DEFAULT_BUDGET, Standing
from tablecast.training.train import train

MARKS = (5, 10, 20, 30, 60, 120)


class Watch:
    """Keeps what is said of the best, and when; the progress of a search."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.said: list[tuple[float, str]] = []

    def __call__(self, line: str) -> None:
        """Lines that are not of the search are of no interest."""

    def live(self, standing: Standing) -> None:
        """Called whenever something begins."""
        self.said.append((time.monotonic() - self.began, standing.best))


def main() -> None:
    """Search once, and print the best at each mark that lies within the budget."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--task", default="auto", choices=["auto", "regression", "classification"])
    parser.add_argument("--budget", type=float, default=DEFAULT_BUDGET)
    options = parser.parse_args()
    watch = Watch()
    prepared = prepare(read_table(options.table), options.target, options.task)
    train(prepared, budget=options.budget, began=watch.began, progress=watch)
    for mark in MARKS:
        known = [best for seconds, best in watch.said if seconds <= mark and best]
        if mark <= options.budget:
            print(f"{mark:4d} s  {known[-1] if known else 'nothing yet'}")
    print(f"{time.monotonic() - watch.began:4.0f} s  all of it")


if __name__ == "__main__":
    main()
