"""The tutorial's second experiment as a list of feature steps, for any table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Each column brings up to 15 features (a power, three trigonometric ones, bins), and a feature
# needs a few rows to be learnt from. At most the 12 most important: they make up to 180 features.
ROWS_PER_COLUMN = 50
MOST_COLUMNS = 12
# Fewer values than this are levels already, and need no bins.
VALUES_WORTH_BINNING = 20
# Powers and waves bend within the values of most rows, and go straight on beyond: what bends where
# few rows are follows the others (`python -m benchmarks.steady_edges`).
TAIL = 0.05
# Enough rows to rank columns by.
RANKING_ROWS = 5_000


def recipe(
    table: pd.DataFrame, target: str, *, bins: Sequence[str] | None = None, tail: float = TAIL
) -> list[tuple[str, Any]]:
    """Feature steps for ``setup(normalize=True, custom_pipeline=recipe(table, target))``.

    Powers, trigonometric features, bins, the most important interactions, and last what keeps the
    design full rank.

    Args:
        table: the training table, target included.
        target: its target's name.
        bins: number columns to bin; None takes those with many values, of the columns that powers
            and trigonometric features are made of: those most related to the target, as many as
            the rows can bear.
        tail: the share of rows at either end of a column where nothing bends.

    Returns:
        Names and transformers, in the order of the pipeline.
    """
    from tablecast.features import Bins, FullRank, Interactions, Powers, Trigonometric

    chosen = _promising(table, target)
    if bins is None:
        bins = [name for name in chosen if table[name].nunique() >= VALUES_WORTH_BINNING]
    steps: list[tuple[str, Any]] = []
    if chosen:
        steps.append(("powers", Powers(chosen, tail=tail)))
        steps.append(("trigonometric", Trigonometric(chosen, tail=tail)))
    if bins:
        steps.append(("bins", Bins(list(bins))))
    return [*steps, ("interactions", Interactions(tail=tail)), ("full_rank", FullRank())]


def _promising(table: pd.DataFrame, target: str) -> list[str]:
    """The number columns most related to the target, in the table's order."""
    features = table.drop(columns=target).select_dtypes("number")
    # A column that is mostly missing may be missing throughout a fold.
    usable = [
        name
        for name, column in features.items()
        if column.nunique() > 2 and column.isna().mean() < 0.5
    ]
    most = min(MOST_COLUMNS, len(table) // ROWS_PER_COLUMN)
    if len(usable) > most:
        step = max(1, len(table) // RANKING_ROWS)
        relation = _relation(features.loc[::step, usable], table[target].iloc[::step])
        best = set(np.argsort(-relation, kind="stable")[:most])
        usable = [name for index, name in enumerate(usable) if index in best]
    return [str(name) for name in usable]


def _relation(columns: pd.DataFrame, target: pd.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How related each column is to the target: the largest rank correlation with it or a class."""
    import pandas as pd

    goals = target.to_frame() if target.dtype.kind in "if" else pd.get_dummies(target)
    ranks = columns.rank().fillna(columns.rank().mean()).to_numpy(np.float64)
    wanted = goals.rank().to_numpy(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        both = np.corrcoef(ranks, wanted, rowvar=False)
    related = np.nan_to_num(np.abs(both[: ranks.shape[1], ranks.shape[1] :]))
    return np.asarray(related.max(axis=1), dtype=np.float64)
