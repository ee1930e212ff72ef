"""How much each raw column matters to a pipeline: permutation importance over the input fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tablecast.inference.pycaret_api import predict_with_pycaret

if TYPE_CHECKING:
    import pandas as pd

# Enough to rank columns by; the answers to more rows cost time and change no order that matters.
ROWS = 200
# One call answers the shuffled rows of many columns, since a call costs 100 ms whatever its size.
ROWS_A_CALL = 10_000
# With hundreds of columns fewer rows each: a form shows a dozen of them at first.
MOST_ROWS = 20_000


def importance_of(
    pipeline: Any,
    table: pd.DataFrame,
    target: str,
    task: Literal["regression", "classification"],
) -> dict[str, float]:
    """Each feature's share of what the answers lose when its values are shuffled among the rows.

    What is lost is the error of an amount, or the probability of the row's own class (for
    an estimator without probabilities, whether the class is right). A feature that the pipeline
    does without has 0; where no feature loses anything, all have 0.

    Args:
        pipeline: a fitted PyCaret pipeline.
        table: the prepared training table.
        target: its target's name.
        task: regression or classification.

    Returns:
        Column name to its part of the whole, in the table's order; they add up to 1, or are all 0.
    """
    random = np.random.default_rng(0)
    names = [str(name) for name in table.columns if name != target]
    rows = min(len(table), ROWS, max(1, MOST_ROWS // len(names)))
    sample = table.iloc[random.permutation(len(table))[:rows]].reset_index(drop=True)
    usual = _loss(pipeline, sample, target, task).mean()
    lost: list[float] = []
    for at in range(0, len(names), max(1, ROWS_A_CALL // rows)):
        part = names[at : at + max(1, ROWS_A_CALL // rows)]
        losses = _loss(pipeline, _shuffled(sample, part, random), target, task)
        lost += (losses.reshape(len(part), rows).mean(axis=1) - usual).tolist()
    gained = np.maximum(np.nan_to_num(lost), 0.0)  # luck makes some columns better shuffled
    fractions = gained / (gained.sum() or 1.0)
    return dict(zip(names, fractions.tolist(), strict=True))


def _shuffled(
    sample: pd.DataFrame, names: list[str], random: np.random.Generator
) -> pd.DataFrame:
    """One copy of the sample for each column, with that column's values in another order."""
    import pandas as pd

    rows = len(sample)
    places = {name: np.tile(np.arange(rows), len(names)) for name in names}
    usual = np.tile(np.arange(rows), len(names))
    for copy, name in enumerate(names):
        places[name][copy * rows : (copy + 1) * rows] = random.permutation(rows)
    # A column at a time: tables of hundreds of columns are slow to put one below the other.
    return pd.DataFrame(
        {name: sample[name].array.take(places.get(name, usual)) for name in sample}
    )


def _loss(pipeline: Any, table: pd.DataFrame, target: str, task: str) -> NDArray[np.float64]:
    """What each row's answer loses, (rows,); larger is worse."""
    known = table[target]
    predicted = predict_with_pycaret(pipeline, table.drop(columns=target), task)
    label = predicted["prediction_label"].to_numpy()
    if task == "regression":
        error: NDArray[np.float64] = label.astype(np.float64) - known.to_numpy(np.float64)
        return np.abs(error)
    if not any(str(name).startswith("prediction_score_") for name in predicted):
        return np.asarray(label.astype(str) != known.to_numpy().astype(str), dtype=np.float64)
    loss = np.ones(len(table))
    for label_known in known.unique():
        own = (known == label_known).to_numpy()
        loss[own] -= predicted[f"prediction_score_{label_known}"].to_numpy(np.float64)[own]
    return loss
