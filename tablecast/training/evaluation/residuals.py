"""The errors of a regression, in aggregates that reveal no single row.

Every figure that is kept is a count, or the mean of at least ``FEWEST`` rows: a quantile is the
mean of the values around its rank. Cells and bars of fewer rows are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.marginals import FEWEST, round_edges
from tablecast.training.evaluation.rounding import all_rounded, fraction, rounded

Floats = npt.NDArray[np.float64]

#: Groups of equally many rows, from the lowest answers to the highest; the 10% quantile of 30 rows
#: is their third, around which there are ``FEWEST``.
GROUPS, ROWS_A_GROUP = 16, 30
#: The band that eight rows in ten lie in.
TAIL = 0.1

#: Cells of the picture of predicted against actual, each way, and bars of the residuals' histogram.
CELLS, BARS = 24, 31
#: The pictures span these quantiles, so that one mansion does not press all houses into a corner.
CENTRAL = (0.005, 0.995)


def figures_of(
    actual: Floats, predicted: Floats, weights: Floats | None = None
) -> dict[str, float]:
    """The usual figures of all rows together; of rows that count as their weights say.

    A median of rows that count differently is not told.
    """
    residuals = actual - predicted
    square = float(np.average(np.square(residuals), weights=weights))
    around = actual - np.average(actual, weights=weights)
    spread = float(np.average(np.square(around), weights=weights))
    found = {
        "MAE": rounded(np.average(np.abs(residuals), weights=weights)),
        "RMSE": rounded(square**0.5),
        "R2": rounded(1 - square / spread) if spread else 0.0,
        "mean_residual": rounded(np.average(residuals, weights=weights)),
    }
    if weights is None:
        found["median_absolute_error"] = rounded(np.median(np.abs(residuals)))
    return found


def regression_facts(
    actual: Floats,
    predicted: Floats,
    low: Floats | None = None,
    high: Floats | None = None,
    weights: Floats | None = None,
) -> dict[str, Any]:
    """What the pictures of a number's answers are drawn from.

    Args:
        actual, predicted: (rows,) the truth, and the answers of refits that had not seen it.
        low, high: (rows,) the ends of the prediction intervals, where there are any.
        weights: (rows,) how much each row counts in the figures, where that differs; the pictures
            count rows.

    Returns:
        ``figures``; ``cells``, a two-dimensional histogram; ``residuals``, a histogram;
        ``by_answer``, one entry for each group of equally many rows in the order of their answers.
    """
    return {
        "figures": figures_of(actual, predicted, weights),
        "cells": _cells(actual, predicted),
        "residuals": _histogram(actual - predicted),
        "by_answer": _by_prediction(actual, predicted, low, high),
    }


def steady_quantile(ordered: Floats, quantile: float) -> float:
    """A quantile as the mean of the ``FEWEST`` values around its rank."""
    index = round(quantile * (len(ordered) - 1)) - FEWEST // 2
    first = max(0, min(index, len(ordered) - FEWEST))
    return float(ordered[first : first + FEWEST].mean())


def _cells(actual: Floats, predicted: Floats) -> dict[str, Any] | None:
    """Rows in each cell of a grid over actual (across) and predicted (upwards) values.

    Returns:
        ``edges``, the same both ways; ``counts``, ``[across, upwards, rows]`` of each cell that has
        ``FEWEST`` rows; ``left_out``, how many rows are in no such cell. None for too few rows.
    """
    if len(actual) < FEWEST:
        return None
    together = np.concatenate([actual, predicted])
    low, high = np.quantile(together, CENTRAL).tolist()
    edges = round_edges(low, high, CELLS)
    borders = np.array(edges)
    counts, _, _ = np.histogram2d(actual, predicted, (borders, borders))
    kept = [
        [int(across), int(upwards), int(counts[across, upwards])]
        for across, upwards in np.argwhere(counts >= FEWEST)
    ]
    return {
        "edges": all_rounded(edges),
        "counts": kept,
        "left_out": len(actual) - sum(rows for _, _, rows in kept),
    }


def _histogram(residuals: Floats) -> dict[str, Any] | None:
    """Rows by residual; those of bars with fewer than ``FEWEST`` are only counted together."""
    if len(residuals) < FEWEST:
        return None
    low, high = np.quantile(residuals, CENTRAL).tolist()
    reach = max(abs(low), abs(high))
    edges = round_edges(-reach, reach, BARS)
    counts, _ = np.histogram(residuals, edges)
    counts = np.where(counts >= FEWEST, counts, 0)
    return {
        "edges": all_rounded(edges),
        "counts": counts.tolist(),
        "left_out": int(len(residuals) - counts.sum()),
    }


def _by_prediction(
    actual: Floats, predicted: Floats, low: Floats | None, high: Floats | None
) -> list[dict[str, float]]:
    if len(actual) < FEWEST:
        return []
    order = np.argsort(predicted, kind="stable")
    groups = max(1, min(GROUPS, len(order) // ROWS_A_GROUP))
    return [
        _group(actual, predicted, low, high, rows) for rows in np.array_split(order, groups)
    ]


def _group(
    actual: Floats, predicted: Floats, low: Floats | None, high: Floats | None,
    rows: npt.NDArray[np.intp],
) -> dict[str, float]:
    residuals = np.sort(actual[rows] - predicted[rows])
    figures = {
        "rows": len(rows),
        "predicted": rounded(predicted[rows].mean()),
        "actual": rounded(actual[rows].mean()),
        "residual": rounded(residuals.mean()),
        "residual_low": rounded(steady_quantile(residuals, TAIL)),
        "residual_middle": rounded(steady_quantile(residuals, 0.5)),
        "residual_high": rounded(steady_quantile(residuals, 1 - TAIL)),
    }
    if low is not None and high is not None:
        inside = (low[rows] <= actual[rows]) & (actual[rows] <= high[rows])
        figures["covered"] = fraction(inside.mean())
        figures["width"] = rounded((high[rows] - low[rows]).mean())
    return figures
