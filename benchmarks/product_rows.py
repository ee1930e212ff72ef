"""Rows to rank products on: ``python -m benchmarks.product_rows CSV TARGET --rows 2000``."""

from __future__ import annotations

import argparse
from unittest.mock import patch

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

from tablecast.data.prepare import prepare
from tablecast.data.sources import read_table
from tablecast.features import Interactions, design_matrix


def main() -> None:
    """Print a linear model's R2 of unseen rows, with as many rows as usual and with so many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--splits", type=int, default=5)
    options = parser.parse_args()
    prepared = prepare(read_table(options.table), options.target, "regression")
    features = pd.get_dummies(prepared.table.drop(columns=prepared.target), drop_first=True)
    values = features.fillna(features.median()).to_numpy(np.float64)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    target = prepared.table[prepared.target].to_numpy(np.float64)
    usual = design_matrix.IMPORTANCE_ROWS
    scores = np.array([
        [_score(values, target, rows, split) for rows in (usual, options.rows)]
        for split in range(options.splits)
    ])  # fmt: skip
    apart = scores[:, 1] - scores[:, 0]
    error = apart.std(ddof=1) / len(apart) ** 0.5
    less = f"{apart.mean():+.4f} ± {error:.4f}"
    print(f"{usual:,} rows: R2 {scores[:, 0].mean():.4f}; {options.rows:,}: {less}")


def _score(values: np.ndarray, target: np.ndarray, rows: int, split: int) -> float:
    known, unseen, learnt, wanted = train_test_split(
        values, target, test_size=0.3, random_state=split
    )
    with patch.object(design_matrix, "IMPORTANCE_ROWS", rows):
        step = Interactions(20).fit(known, learnt)
    model = LinearRegression().fit(step.transform(known), learnt)
    return float(model.score(step.transform(unseen), wanted))


if __name__ == "__main__":
    main()
