"""What a part of training buys: ``python -m benchmarks.without CSV TARGET --without PART …``.

The same splits with the part and without it, in one run. Parts of ranges are judged on one trained
pipeline a split, by the interval score of the rows that it never saw; parts of the search by
searches of as many trials, which do not hang on how busy the machine is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import automl, intervals
from tablecast.data.sources import prepare, read_table
from tablecast.training.intervals import bounds, conformal
from tablecast.training.search import rounds, tuning
from tablecast.training.search.blending import Blending

#: Part of the ranges -> what stands in its place: (module, name, stand-in).
OF_RANGES: dict[str, tuple[Any, str, Any]] = {
    "conditional_median": (conformal, "middle_of", lambda _rows: None),
    "shapes": (bounds, "_clearly_less", lambda *_: False),
}
#: The same for parts of the search.
OF_SEARCH: dict[str, tuple[Any, str, Any]] = {
    "blend_members": (Blending, "_across_views", lambda _self: None),
    "temperature": (rounds, "all_tempered", lambda _ranked: []),
    "draws": (tuning, "DRAWS", 0),
}


def main() -> None:
    """Print the figures with everything and without each part, and the mean differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--without", nargs="+", required=True, choices=[*OF_RANGES, *OF_SEARCH])
    parser.add_argument("--task", default="auto", choices=["auto", "regression", "classification"])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--model", default="lr", help="of ranges: a PyCaret id")
    parser.add_argument("--trials", type=int, default=30, help="of the search")
    options = parser.parse_args()
    whole = prepare(read_table(options.table), options.target, options.task)
    measure = _ranges if set(options.without) <= set(OF_RANGES) else _search
    rows = []
    for seed in range(options.splits):
        rows.append(list(measure(whole, seed, options)))
        figures = np.array(rows)
        print(f"{len(rows)} splits: with everything {figures[:, 0].mean():.6g}", flush=True)
        for part, values in zip(options.without, figures[:, 1:].T, strict=True):
            apart = values - figures[:, 0]
            error = apart.std(ddof=1) / len(apart) ** 0.5 if len(apart) > 1 else np.nan
            print(f"  without {part}: {apart.mean():+.4g} ± {error:.2g}", flush=True)


@contextmanager
def without(part: str) -> Iterator[None]:
    """Training lacks the part meanwhile."""
    module, name, stand_in = (OF_RANGES | OF_SEARCH)[part]
    with patch.object(module, name, stand_in):
        yield


def _ranges(whole: Any, seed: int, options: argparse.Namespace) -> Iterator[float]:
    """The interval score of unseen rows, smaller is better; of one pipeline."""
    split = intervals.split_of(whole, seed, options.model, 0.0)
    yield _score(split, seed)
    for part in options.without:
        with without(part):
            yield _score(split, seed)


def _score(split: intervals.Split, seed: int) -> float:
    stored = conformal.learn(split.features, split.target, split.folded, seed)
    low, high = intervals.ours(split.prepared, stored, split.unseen, split.answers)
    return float(intervals.figures_of(low, high, split.wanted)[-1])


def _search(whole: Any, seed: int, options: argparse.Namespace) -> Iterator[float]:
    """R2, or the log loss, of unseen rows; of a search each."""
    yield _figure(whole, seed, options.trials)
    for part in options.without:
        with without(part):
            yield _figure(whole, seed, options.trials)


def _figure(whole: Any, seed: int, trials: int) -> float:
    return list(automl.measured(whole, seed, trials=trials).values())[-1]


if __name__ == "__main__":
    main()
