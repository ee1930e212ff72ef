"""What LightGBM's larger trees gain on tables of many rows: ``python -m benchmarks.larger_trees``.

    python -m benchmarks.larger_trees diamonds.csv price [--drop COLUMN …] [--splits 3]

PyCaret's settings and those that a search tries beside them (``candidates.LARGER_TREES``) are
fitted on 70% of the rows, and scored on the others: R2 of amounts, log loss of classes. Columns of
dates have to be dropped.
"""

from __future__ import annotations

import argparse
import time

from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import train_test_split

from tablecast.data.sources import prepare, read_table
from tablecast.training.search.candidates import LARGER_TREES


def main() -> None:
    """Print a line for each split and each of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--drop", nargs="*", default=[])
    parser.add_argument("--splits", type=int, default=3)
    options = parser.parse_args()
    prepared = prepare(read_table(options.table).drop(columns=options.drop), options.target)
    columns, target = prepared.table.drop(columns=options.target), prepared.table[options.target]
    texts = columns.select_dtypes(exclude="number").columns
    columns = columns.astype(dict.fromkeys(texts, "category"))
    columns.columns = [f"column{place}" for place in range(columns.shape[1])]
    amounts = prepared.task == "regression"
    for seed in range(options.splits):
        train, test, learnt, truth = train_test_split(
            columns, target, test_size=0.3, random_state=seed
        )
        for name, settings in {"PyCaret's": {}, "larger": LARGER_TREES}.items():
            began = time.process_time()
            model = (LGBMRegressor if amounts else LGBMClassifier)(verbose=-1, n_jobs=1, **settings)
            model.fit(train, learnt)
            seconds = time.process_time() - began
            if amounts:
                score = f"R2 {r2_score(truth, model.predict(test)):.4f}"
            else:
                score = f"log loss {log_loss(truth, model.predict_proba(test)):.4f}"
            print(f"split {seed}, {name}: {score}, {seconds:.1f} s of CPU time", flush=True)


if __name__ == "__main__":
    main()
