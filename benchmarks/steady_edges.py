"""What straight tails cost: ``python -m benchmarks.steady_edges CSV TARGET --column bmi``.

The recipe's powers, waves and products bend within the values of most rows and go straight on
beyond. This measures a linear model on its features with such tails and without them, on the folds
of PyCaret's training part, and what each answers at a column's greatest value.
"""

from __future__ import annotations

import argparse
from typing import Any

import pandas as pd

from tablecast.data.sources import prepare, read_table
from tablecast.training.comparison.compare import compare
from tablecast.training.experiment.recipe import TAIL, recipe
from tablecast.training.experiment.setup import quiet_and_single, start

STRAIGHT, BENT = "straight tails", "bent to the ends"


def main() -> None:
    """Print R2 and MAE of both, their difference fold by fold, and the answers at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("target")
    parser.add_argument("--column", help="a number column whose end is looked at")
    parser.add_argument("--tail", type=float, default=TAIL, help="share of rows at either end")
    parser.add_argument("--seeds", type=int, nargs="+", default=[123])
    options = parser.parse_args()
    prepared = prepare(read_table(options.table), options.target, "regression")
    differences = []
    for seed in options.seeds:
        both = {STRAIGHT: options.tail, BENT: 0.0}
        with quiet_and_single():
            made = {name: _fitted(prepared, seed, tail) for name, tail in both.items()}
        compared = compare(made[STRAIGHT][0], {name: one for name, (_, one) in made.items()})
        print(f"seed {seed}\n{compared.table[['R2', 'MAE', 'R2, holdout']].round(4)}", flush=True)
        differences.append(compared.difference(STRAIGHT, BENT))
        print(differences[-1].round(4))
    if len(differences) > 1:
        means = pd.concat(differences)["difference"].groupby(level=0)
        print(means.agg(["mean", "sem"]).rename(columns={"sem": "standard error"}).round(4))
    if options.column:
        for name, (_, pipeline) in made.items():
            print(f"{name}: {_at_the_end(pipeline, prepared, options.column)}")


def _fitted(prepared: Any, seed: int, tail: float) -> tuple[Any, Any]:
    """An experiment, and its pipeline fitted on all rows."""
    experiment = start(prepared, seed, recipe(prepared.table, prepared.target, tail=tail))
    line = experiment.create_model("lr", cross_validation=False, verbose=False)
    return experiment, experiment.finalize_model(line)


def _at_the_end(pipeline: Any, prepared: Any, column: str) -> str:
    """By how much each row's answer changes from the column's median to its greatest value."""
    rows = prepared.table.drop(columns=prepared.target)
    usual, greatest = rows[column].median(), rows[column].max()
    change = pipeline.predict(rows.assign(**{column: greatest})) - pipeline.predict(
        rows.assign(**{column: usual})
    )
    return (
        f"from {column} {usual:g} to {greatest:g} answers change by {change.min():+,.0f} to "
        f"{change.max():+,.0f}; lower in {(change < 0).mean():.0%} of the rows"
    )


if __name__ == "__main__":
    main()
