"""What a column of many levels costs: ``python -m benchmarks.many_levels --splits 5``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from category_encoders import TargetEncoder
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import tablecast.features
from tablecast.data.prepare import prepare
from tablecast.data.prepared import Prepared
from tablecast.data.sources import read_table
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.training.experiment.setup import quiet_and_single, start


def main() -> None:
    """Print the error of unseen rows with PyCaret's own encoder, with ours, and their difference"""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", help="a CSV file of your own instead of simulated rows")
    parser.add_argument("--target", default="y")
    parser.add_argument("--one-hot", type=int, default=25, help="levels of a column that is not")
    parser.add_argument("--rows", type=int, default=1_500)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=["lightgbm", "rf", "lr"])
    options = parser.parse_args()
    for kind in ["table"] if options.table else ["noise", "classes", "signal"]:
        for model in options.models:
            pairs = np.array([_pair(kind, model, seed, options) for seed in range(options.splits)])
            apart = pairs[:, 1] - pairs[:, 0]
            error = apart.std(ddof=1) / len(apart) ** 0.5
            before, after = pairs.mean(axis=0)
            print(f"{kind} {model}: {before:.4f}, {after:.4f}: {apart.mean():+.4f} ± {error:.4f}",
                  flush=True)  # fmt: skip


def _pair(kind: str, model: str, seed: int, options: argparse.Namespace) -> tuple[float, float]:
    if kind == "table":
        prepared = prepare(read_table(options.table), options.target)
    else:
        prepared = _simulated(kind, options.rows, seed)
    with patch.object(tablecast.features, "CategoryMeans", _pycarets):
        before = _error(prepared, model, seed, options.one_hot)
    return before, _error(prepared, model, seed, options.one_hot)


def _pycarets(_seed: int) -> Any:
    return TargetEncoder(handle_missing="return_nan", handle_unknown="value")


def _simulated(kind: str, rows: int, seed: int) -> Prepared:
    """A number that the answer follows, and 200 levels: of noise, or with a say of their own."""
    random = np.random.default_rng(seed)
    x, level = random.normal(size=rows), random.integers(200, size=rows)
    y = x + random.normal(size=rows)
    if kind == "signal":
        y += random.normal(size=200)[level]
    target = y if kind != "classes" else np.where(y > 0, "yes", "no")
    table = pd.DataFrame({"x": x, "id": [f"n{place}" for place in level], "y": target})
    task = "classification" if kind == "classes" else "regression"
    return Prepared(table, "y", task, (), ())


def _error(prepared: Prepared, model: str, seed: int, one_hot: int) -> float:
    """Root mean squared error, or log loss, of the third of the rows that is not learnt from."""
    target = prepared.table[prepared.target]
    known, unseen = train_test_split(
        prepared.table,
        test_size=1 / 3,
        random_state=seed,
        stratify=target if prepared.task == "classification" else None,
    )
    with quiet_and_single():
        learnt = replace(prepared, table=known.reset_index(drop=True))
        experiment = start(learnt, seed, [], max_encoding_ohe=one_hot)
        made = experiment.create_model(model, cross_validation=False, verbose=False)
        pipeline = experiment.finalize_model(made)
        asked = unseen.drop(columns=prepared.target).reset_index(drop=True)
        if prepared.task == "regression":
            answers = predict_with_pycaret(pipeline, asked, "regression")["prediction_label"]
            return float(np.sqrt(np.mean((answers - unseen[prepared.target].to_numpy()) ** 2)))
        shares = pipeline.predict_proba(asked)
        return float(log_loss(unseen[prepared.target], shares, labels=sorted(set(target))))


if __name__ == "__main__":
    main()
