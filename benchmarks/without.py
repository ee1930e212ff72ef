"""What a part or a number of training buys: ``python -m benchmarks.without CSV TARGET …``.

``--without PART`` leaves a part out; ``--change tuning.PATIENCE=8`` gives a number another value.
A plus does several at once: ``--without qda.scaled+mlp.scaled``, ``--change views.FOLDS=10+apart``.
All are compared with training as it is, on the same splits, in one run. What belongs to ranges is
judged on one trained pipeline for each split, by the interval score of the rows that it never saw.
All else is judged by searches that share their fits (``remembered``), by R2 or log loss, and by the
seconds of the processor that they asked for; none depends on how busy the machine is.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np

import tablecast.training.intervals
import tablecast.training.search
from benchmarks import intervals
from benchmarks.automl_bench.tables import path_of
from benchmarks.remembered import Searches
from tablecast import features
from tablecast.data.sources import prepare, read_table
from tablecast.training.intervals import bounds, conformal, offset_shapes
from tablecast.training.intervals.conditional_median import _Search
from tablecast.training.search import (
    blend_weights,
    candidates,
    temperature_scaling,
    trial,
    views,
)
from tablecast.training.search.blending import Blending


@dataclass(frozen=True)
class Less:
    """In place of a table: what it holds meanwhile, without one entry or without one of several."""

    left_out: Any

    def of(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """The table without it."""
        return {
            name: tuple(one for one in entry if one != self.left_out)
            if isinstance(entry, tuple) else entry
            for name, entry in table.items() if entry is not self.left_out
        }  # fmt: skip


#: Part of the ranges -> what stands in its place: (module, name, stand-in).
OF_RANGES: dict[str, tuple[Any, str, Any]] = {
    "conditional_median": (conformal, "middle_of", lambda _rows: None),
    "settled_cuts": (_Search, "_settled", lambda _self, trial, _index: trial),
    "rounded_cuts": (_Search, "_rounded", lambda _self, term: term),
    "smoothed_quantile": (offset_shapes, "smoothed_quantile", np.quantile),
    "shapes": (bounds, "_clearly_less", lambda *_: False),
}
#: And each shape of an end beside a fixed distance: ``shape._line``.
OF_RANGES |= {
    f"shape.{shape.__name__}": (bounds, "SHAPES", Less(shape))
    for shape in list(bounds.SHAPES.values())[1:]
}
#: The same for parts of the search.
OF_SEARCH: dict[str, tuple[Any, str, Any]] = {
    "apart": (blend_weights, "apart", lambda *_: ()),
    "blends": (Blending, "run", lambda _self: None),
    "geometric_mean": (trial, "of_folds", lambda _view, losses: float(np.mean(losses))),
    "temperature": (
        temperature_scaling, "_worth_raising", lambda _view, _made, losses: (1.0, losses)
    ),
    "products": (views.View, "multiplied", False),
}
#: And each estimator with features that a search tries after PyCaret's own: ``mlp.scaled``.
OF_SEARCH |= {
    f"{model}.{given}": (candidates, "TRIED", Less((model, given)))
    for models in candidates.TRIED.values() for model, given in models
}  # fmt: skip
#: Views are made anew for what these name, since it changes folds or features.
OF_VIEWS = {"views", "step_memory", *(one.name for one in pkgutil.iter_modules(features.__path__))}
#: Packages whose numbers can be changed; those of the first one are judged by ranges.
PACKAGES = (tablecast.training.intervals, tablecast.training.search, features)


def main() -> None:
    """Print the figures with everything and without each part, and the mean differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", help="a path, or a name of benchmarks.automl_bench.tables")
    parser.add_argument("target")
    parser.add_argument("--without", nargs="+", default=[], metavar="PART")
    parser.add_argument("--change", nargs="+", default=[], metavar="MODULE.NAME=VALUE")
    parser.add_argument("--given", nargs="+", default=[], metavar="MODULE.NAME=VALUE",
                        help="numbers that all of them have, such as: tuning.PATIENCE=0")
    parser.add_argument("--task", default="auto", choices=["auto", "regression", "classification"])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--model", default="lr", help="of ranges: a PyCaret id")
    parser.add_argument("--seeds", type=int, nargs="+", help="of the splits, instead of 0, 1, …")
    parser.add_argument("--budget", type=float, help="seconds of a search (default: without end)")
    options = parser.parse_args()
    whole = prepare(read_table(path_of(options.table)), options.target, options.task)
    variants = [*options.without, *options.change]
    if not variants:
        parser.error("name a part (--without) or a number (--change)")
    parts = {part for together in variants for part in together.split("+") if "=" not in part}
    if unknown := sorted(parts - {*OF_RANGES, *OF_SEARCH}):
        parser.error(f"no parts: {', '.join(unknown)}. Parts: {', '.join(OF_RANGES | OF_SEARCH)}")
    measure = _ranges if all(map(_is_of_ranges, variants)) else _search
    rows: list[list[tuple[float, float]]] = []
    for seed in options.seeds or range(options.splits):
        rows.append(list(measure(whole, seed, variants, options)))
        figures, seconds = np.array(rows).transpose(2, 0, 1)
        all_in = f"{figures[:, 0].mean():.6g}, {seconds[:, 0].mean():.3g} s"
        print(f"{len(rows)} splits: with everything {all_in}", flush=True)
        for at, variant in enumerate(variants, 1):
            apart = figures[:, at] - figures[:, 0]
            error = apart.std(ddof=1) / len(apart) ** 0.5 if len(apart) > 1 else np.nan
            name = variant if "=" in variant else f"without {variant}"
            more = (seconds[:, at] - seconds[:, 0]).mean()
            print(f"  {name}: {apart.mean():+.4g} ± {error:.2g}, {more:+.3g} s", flush=True)


@contextmanager
def without(variant: str) -> Iterator[None]:
    """Training lacks the part, or has the other number, meanwhile."""
    with ExitStack() as stack:
        for module, name, stand_in in _patches(variant):
            value = stand_in.of(vars(module)[name]) if isinstance(stand_in, Less) else stand_in
            stack.enter_context(patch.object(module, name, value))
        yield


def _patches(variant: str) -> Iterator[tuple[Any, str, Any]]:
    """What is put where: a number also where other modules have imported it."""
    for part in variant.split("+"):
        if "=" not in part:
            yield (OF_RANGES | OF_SEARCH)[part]
            continue
        address, _, value = part.partition("=")
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
    stems = {module.name for module in pkgutil.iter_modules(PACKAGES[0].__path__)}
    return all(
        part.partition(".")[0] in stems if "=" in part else part in OF_RANGES
        for part in variant.split("+")
    )


def _ranges(
    whole: Any, seed: int, variants: list[str], options: argparse.Namespace
) -> Iterator[tuple[float, float]]:
    """The interval score of unseen rows, smaller is better, and seconds; of one pipeline."""
    split = intervals.split_of(whole, seed, options.model, 0.0)
    yield _score(split, seed)
    for variant in variants:
        with without(variant):
            yield _score(split, seed)


def _score(split: intervals.Split, seed: int) -> tuple[float, float]:
    began = time.process_time()
    stored = conformal.learn(split.features, split.target, split.folded, seed)
    seconds = time.process_time() - began
    low, high = intervals.ours(split.prepared, stored, split.unseen, split.answers)
    return float(intervals.figures_of(low, high, split.wanted)[-1]), seconds


def _search(
    whole: Any, seed: int, variants: list[str], options: argparse.Namespace
) -> Iterator[tuple[float, float]]:
    """R2, or the log loss, of unseen rows, and seconds; of a search each."""
    searches = Searches(whole, seed)
    for variant in ("", *variants):
        with ExitStack() as changed:
            for one in filter(None, (*options.given, variant)):
                changed.enter_context(without(one))
            views = variant if set(re.split("[.+=]", variant)) & OF_VIEWS else ""
            outcome = searches.run(options.budget, views)
        said = f"{outcome.figure:.6g}, {outcome.seconds:.3g} s, {outcome.trials} trials"
        print(f"    {variant or 'everything'}: {said}, {outcome.name}", flush=True)
        yield outcome.figure, outcome.seconds


if __name__ == "__main__":
    main()
