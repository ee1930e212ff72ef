"""What a part or a number of training buys: ``python -m benchmarks.without CSV TARGET …``.

``--without PART`` leaves a part out; ``--change tuning.DRAWS=12`` gives a number another value.
Both are compared with training as it is, on the same splits, in one run. What belongs to ranges is
judged on one trained pipeline for each split, by the interval score of the rows that it never saw.
All else is judged by searches of as many trials, which do not depend on how busy the machine is.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np

import tablecast.training.intervals
import tablecast.training.search
from benchmarks import automl, intervals
from tablecast import features
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
#: Packages whose numbers can be changed; those of the first one are judged by ranges.
PACKAGES = (tablecast.training.intervals, tablecast.training.search, features)


def main() -> None:
    """Print the figures with everything and without each part, and the mean differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--without", nargs="+", default=[], choices=[*OF_RANGES, *OF_SEARCH])
    parser.add_argument("--change", nargs="+", default=[], metavar="MODULE.NAME=VALUE")
    parser.add_argument("--task", default="auto", choices=["auto", "regression", "classification"])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--model", default="lr", help="of ranges: a PyCaret id")
    parser.add_argument("--trials", type=int, default=30, help="of the search")
    options = parser.parse_args()
    whole = prepare(read_table(options.table), options.target, options.task)
    variants = [*options.without, *options.change]
    if not variants:
        parser.error("name a part (--without) or a number (--change)")
    measure = _ranges if all(map(_is_of_ranges, variants)) else _search
    rows = []
    for seed in range(options.splits):
        rows.append(list(measure(whole, seed, variants, options)))
        figures = np.array(rows)
        print(f"{len(rows)} splits: with everything {figures[:, 0].mean():.6g}", flush=True)
        for variant, values in zip(variants, figures[:, 1:].T, strict=True):
            apart = values - figures[:, 0]
            error = apart.std(ddof=1) / len(apart) ** 0.5 if len(apart) > 1 else np.nan
            name = variant if "=" in variant else f"without {variant}"
            print(f"  {name}: {apart.mean():+.4g} ± {error:.2g}", flush=True)


@contextmanager
def without(variant: str) -> Iterator[None]:
    """Training lacks the part, or has the other number, meanwhile."""
    with ExitStack() as stack:
        for module, name, stand_in in _patches(variant):
            stack.enter_context(patch.object(module, name, stand_in))
        yield


def _patches(variant: str) -> Iterator[tuple[Any, str, Any]]:
    """What is put where: a number also where other modules have imported it."""
    if "=" not in variant:
        yield (OF_RANGES | OF_SEARCH)[variant]
        return
    address, _, value = variant.partition("=")
    module_name, _, name = address.partition(".")
    modules = list(_modules())
    (home,) = (module for module in modules if module.__name__.endswith(f".{module_name}"))
    vars(home)[name]  # KeyError: no such number
    for module in modules:
        if module is home or name in _imported(module, home):
            yield module, name, ast.literal_eval(value)


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield import_module(module.name)


def _imported(module: ModuleType, home: ModuleType) -> set[str]:
    """The names that a module imports from another one."""
    return {
        name.name
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom) and node.module == home.__name__
        for name in node.names
    }


def _is_of_ranges(variant: str) -> bool:
    if "=" not in variant:
        return variant in OF_RANGES
    stem = variant.partition(".")[0]
    return stem in {module.name for module in pkgutil.iter_modules(PACKAGES[0].__path__)}


def _ranges(
    whole: Any, seed: int, variants: list[str], options: argparse.Namespace
) -> Iterator[float]:
    """The interval score of unseen rows, smaller is better; of one pipeline."""
    split = intervals.split_of(whole, seed, options.model, 0.0)
    yield _score(split, seed)
    for variant in variants:
        with without(variant):
            yield _score(split, seed)


def _score(split: intervals.Split, seed: int) -> float:
    stored = conformal.learn(split.features, split.target, split.folded, seed)
    low, high = intervals.ours(split.prepared, stored, split.unseen, split.answers)
    return float(intervals.figures_of(low, high, split.wanted)[-1])


def _search(
    whole: Any, seed: int, variants: list[str], options: argparse.Namespace
) -> Iterator[float]:
    """R2, or the log loss, of unseen rows; of a search each."""
    yield _figure(whole, seed, options.trials)
    for variant in variants:
        with without(variant):
            yield _figure(whole, seed, options.trials)


def _figure(whole: Any, seed: int, trials: int) -> float:
    return list(automl.measured(whole, seed, trials=trials).values())[-1]


if __name__ == "__main__":
    main()
