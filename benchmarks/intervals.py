"""How intervals hold on rows never seen: ``python -m benchmarks.intervals CSV TARGET``.

Each resplit trains on 70% of the rows. Beside ours stand one symmetric offset, one offset for each
side, and conformalised quantile regression (Romano, Patterson and Candès, 2019) on boosted trees.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tablecast.data.prepared import Prepared
from tablecast.data.sources import prepare, read_table
from tablecast.inference.interval import Interval
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.schema.schema import Schema
from tablecast.training.intervals.conformal import LEVEL, interval_score, learn, refit_predictions
from tablecast.training.intervals.offset_shapes import Floats
from tablecast.training.train import train

TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def main() -> None:
    """Resplit, train, and print what each method covers, its mean width and interval score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--resplits", type=int, default=20)
    parser.add_argument("--model", default="lr", help="a PyCaret id, or auto for the search")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of the search")
    options = parser.parse_args()
    whole = prepare(read_table(options.table), options.target, "regression")
    figures = defaultdict(list)
    for seed in range(options.resplits):
        split = split_of(whole, seed, options.model, options.budget)
        for method, found in measured(split, seed).items():
            figures[method].append(found)
        ours_now = np.mean(figures["tablecast"], axis=0)
        print(f"{seed + 1} resplits: {ours_now[0]:.1%}, {ours_now[-1]:,.5g}", file=sys.stderr)
    print(f"{'method':34} coverage  below  above      width      score  its standard error")
    for method, rows in figures.items():
        coverage, below, above, width, score = np.mean(rows, axis=0)
        error = np.std([row[-1] for row in rows]) / len(rows) ** 0.5
        print(
            f"{method:34} {coverage:8.1%} {below:6.1%} {above:6.1%} {width:10,.5g} {score:10,.5g}"
            f"  {error:,.3g}"
        )


@dataclass(frozen=True)
class Split:
    """A pipeline trained on the known rows, and its answers.

    Attributes:
        features, target: of the known rows.
        folded: the known rows' answers from refits that were fitted without them.
        unseen, wanted: the other rows, and their true values.
        answers: the unseen rows' answers.
    """

    prepared: Prepared
    features: pd.DataFrame
    target: Floats
    folded: Floats
    unseen: pd.DataFrame
    wanted: Floats
    answers: Floats


def split_of(whole: Prepared, seed: int, model: str, budget: float) -> Split:
    """Train on 70% of the rows."""
    from sklearn.model_selection import train_test_split

    known, unseen = train_test_split(whole.table, test_size=0.3, random_state=seed)
    known, unseen = known.reset_index(drop=True), unseen.reset_index(drop=True)
    prepared = prepare(known, whole.target, "regression")
    trained = train(prepared, model=model, budget=budget, progress=lambda _: None)
    columns = list(trained.columns)
    features, target = prepared.table[columns], prepared.table[whole.target].to_numpy(np.float64)
    _, folded = refit_predictions(trained.pipeline, features, target, seed)
    made = predict_with_pycaret(trained.pipeline, unseen[columns], "regression")
    answers = made["prediction_label"].to_numpy(np.float64)
    wanted = unseen[whole.target].to_numpy(np.float64)
    return Split(prepared, features, target, folded, unseen, wanted, answers)


def measured(split: Split, seed: int) -> dict[str, tuple[float, ...]]:
    """Each method's figures, as ``figures_of`` has them, on one split's unseen rows."""
    left, answers = split.target - split.folded, split.answers
    half = np.quantile(np.abs(left), LEVEL)
    stored = learn(split.features, split.target, split.folded, seed)
    ends = {
        "tablecast": ours(split.prepared, stored, split.unseen, answers),
        "one symmetric offset": (answers - half, answers + half),
        "one offset a side": tuple(answers + np.quantile(left, tail) for tail in TAILS),
        "conformalised quantile regression": quantile_regression(
            split.features, split.target, split.unseen, seed
        ),
    }
    return {method: figures_of(low, high, split.wanted) for method, (low, high) in ends.items()}


def figures_of(low: Any, high: Any, wanted: Any) -> tuple[float, ...]:
    """Coverage, the shares below and above, mean width and mean interval score."""
    below, above = (wanted < low).mean(), (wanted > high).mean()
    width, score = (high - low).mean(), interval_score(low, high, wanted).mean()
    return 1 - below - above, below, above, width, score


def ours(prepared: Any, stored: dict[str, Any], unseen: Any, answers: Any) -> Any:
    """Both ends as serving computes them from what was stored."""
    schema = Schema.from_table(prepared.table, prepared.target, "regression")
    interval = Interval.from_json(stored, schema.fields)
    columns = schema.columns_of(unseen)
    return interval.of_columns(answers, columns)


def quantile_regression(features: Any, target: Any, unseen: Any, seed: int) -> Any:
    """Quantiles of boosted trees fitted on one half, and moved by what the other half says."""
    from sklearn.ensemble import GradientBoostingRegressor

    both = pd.get_dummies(pd.concat([features, unseen[features.columns]], ignore_index=True))
    values = both.fillna(both.median()).to_numpy(np.float64)
    known, new = values[: len(features)], values[len(features) :]
    order = np.random.default_rng(seed).permutation(len(features))
    fitted, held = order[: len(order) // 2], order[len(order) // 2 :]
    models = [
        GradientBoostingRegressor(loss="quantile", alpha=tail, random_state=seed).fit(
            known[fitted], target[fitted]
        )
        for tail in TAILS
    ]
    low, high = (model.predict(known[held]) for model in models)
    beyond = np.maximum(low - target[held], target[held] - high)
    margin = np.quantile(beyond, min(LEVEL * (1 + 1 / len(held)), 1.0))
    return models[0].predict(new) - margin, models[1].predict(new) + margin


if __name__ == "__main__":
    main()
