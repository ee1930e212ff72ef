"""Whether ranges cover new rows where a linear model sees categories by their means of the target.

``python -m benchmarks.encoded_levels`` draws tables of three columns of many levels, with and
without an effect, and prints the share of 6,000 new rows inside their ranges (90% is right), the
ranges' width and score: as refits were moved when such means took part, and as they are now.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from tablecast.inference.interval import Interval
from tablecast.schema.schema import Schema
from tablecast.training.intervals import conformal
from tablecast.training.intervals.offset_shapes import Floats

#: Rows, levels of each column, and the spread of their effects.
TABLES = ((300, 40, 0.0), (300, 40, 0.7), (300, 100, 0.0), (800, 100, 0.0))
COLUMNS, NEW_ROWS, DRAWS = 3, 6_000, 6


def main() -> None:
    """Print a line for each table."""
    print("rows  levels  effect   with means: inside, width, score    without")
    for rows, levels, effect in TABLES:
        draws = [measured(rows, levels, effect, seed) for seed in range(DRAWS)]
        before, now = np.mean(draws, axis=0).round(3)
        print(f"{rows:4}  {levels:6}  {effect:6}   {before}   {now}", flush=True)


def measured(rows: int, levels: int, effect: float, seed: int) -> tuple[list[float], list[float]]:
    """Coverage, width and score on new rows, with such means and without."""
    random = np.random.default_rng(seed)
    effects = random.normal(0, 1, (COLUMNS, levels)) * effect
    (known, target), (new, truth) = (draw(random, effects, n) for n in (rows, NEW_ROWS))
    texts = [name for name in known if name != "x"]
    encoder = (TargetEncoder(target_type="continuous", random_state=0), texts)
    columns = make_column_transformer(encoder, remainder="passthrough")
    pipeline = make_pipeline(columns, StandardScaler(), LinearRegression()).fit(known, target)
    schema = Schema.from_table(known.assign(y=target), "y", "regression")

    def on_new_rows() -> list[float]:
        _, moved = conformal.refit_predictions(pipeline, known, target, 1)
        learnt = conformal.learn(known, target, moved, 1)
        interval = Interval.from_json(learnt, schema.fields)
        low, high = map(
            np.asarray, interval.of_columns(pipeline.predict(new), schema.columns_of(new))
        )
        inside = (low <= truth) & (truth <= high)
        score = conformal.interval_score(low, high, truth).mean()
        return [float(inside.mean()), float((high - low).mean()), float(score)]

    usual = conformal._knows_answers
    conformal._knows_answers = lambda _: False
    try:
        before = on_new_rows()
    finally:
        conformal._knows_answers = usual
    return before, on_new_rows()


def draw(random: np.random.Generator, effects: Floats, rows: int) -> tuple[pd.DataFrame, Floats]:
    """Rows with a number that matters and categories with such effects; and their target."""
    drawn = random.integers(0, effects.shape[1], (COLUMNS, rows))
    x = random.normal(size=rows)
    texts = {f"c{at}": [f"L{level}" for level in drawn[at]] for at in range(COLUMNS)}
    added = sum(effects[at][drawn[at]] for at in range(COLUMNS))
    return pd.DataFrame({**texts, "x": x}), 2 * x + added + random.normal(size=rows)


if __name__ == "__main__":
    main()
