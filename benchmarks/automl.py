"""What the search reaches on rows that it never saw: ``python -m benchmarks.automl CSV TARGET``."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from tablecast.data.sources import prepare, read_table
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.training.train import train

# One in a million, as the search counts it: what happens never has a probability of 0.
LEAST_PROBABILITY = 1e-6


def main() -> None:
    """Split, train on 70% for each seed of the split, and print the other 30%'s figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--task", default="auto", choices=["auto", "regression", "classification"])
    parser.add_argument("--budget", type=float, default=120.0)
    parser.add_argument("--trials", type=int, help="instead of the budget, on a busy machine")
    parser.add_argument("--splits", type=int, nargs="+", default=[123])
    options = parser.parse_args()
    prepared = prepare(read_table(options.table), options.target, options.task)
    for split in options.splits:
        began = time.monotonic()
        figures = measured(prepared, split, options.budget, began, options.trials)
        said = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        print(f"split {split}: {said}; {time.monotonic() - began:.0f} s", flush=True)


def measured(
    whole: Any,
    split: int,
    budget: float = 0.0,
    began: float | None = None,
    trials: int | None = None,
) -> dict[str, float]:
    """The figures on the 30% that training never saw."""
    from sklearn.metrics import accuracy_score, log_loss, r2_score
    from sklearn.model_selection import train_test_split

    classes = whole.task == "classification"
    known, unseen = train_test_split(
        whole.table, test_size=0.3, random_state=split,
        stratify=whole.table[whole.target] if classes else None,
    )
    prepared = prepare(known.reset_index(drop=True), whole.target, whole.task)
    trained = train(
        prepared, budget=budget, trials=trials, began=began, progress=lambda _: None
    )
    wanted = unseen[whole.target]
    made = predict_with_pycaret(
        trained.pipeline, unseen[list(trained.columns)].reset_index(drop=True), whole.task
    )
    if not classes:
        return {"R2": r2_score(wanted, made["prediction_label"])}
    names = [f"prediction_score_{label}" for label in np.unique(known[whole.target])]
    shares = np.clip(made[names].to_numpy(np.float64), LEAST_PROBABILITY, 1)
    return {
        "accuracy": accuracy_score(wanted.astype(str), made["prediction_label"].astype(str)),
        "log loss": log_loss(wanted, shares / shares.sum(axis=1, keepdims=True)),
    }


if __name__ == "__main__":
    main()
