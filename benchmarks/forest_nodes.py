"""Whether one tree tells how large a forest's graph is: ``python -m benchmarks.forest_nodes``."""

from __future__ import annotations

import argparse
import warnings

from tablecast.data.sources import prepare, read_table
from tablecast.training.experiment.setup import quiet_and_single
from tablecast.training.graph_cost import joined, measure
from tablecast.training.search.candidates import FORESTS, Candidate, make
from tablecast.training.search.views import Recipe, view_of

TREES = 30


def main() -> None:
    """Print bytes a node, and a forest's nodes a tree beside those of one tree alone."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--task", default="auto", choices=["auto", "regression", "classification"])
    options = parser.parse_args()
    prepared = prepare(read_table(options.table), options.target, options.task)
    with quiet_and_single():
        view = view_of(prepared, Recipe("plain"), 123)
        fold = view.folds[0]
        for model in FORESTS:
            one, many = (
                make(Candidate(model, {"n_estimators": trees}), view, fold.y).fit(fold.x, fold.y)
                for trees in (1, TREES)
            )
            nodes = sum(tree.tree_.node_count for tree in many.estimators_)
            size = measure(joined(fold.steps, many), prepared).bytes
            ratio = one.estimators_[0].tree_.node_count * TREES / nodes
            print(f"{model}: {size / nodes:.1f} bytes a node; one tree has {ratio:.3f} of the mean")


if __name__ == "__main__":
    main()
