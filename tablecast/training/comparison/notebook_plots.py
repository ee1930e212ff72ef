"""Plots of a comparison, for a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tablecast.training.comparison.measured import Measurements

#: Inches of one picture; three beside one another fill a notebook's width.
WIDTH, HEIGHT = 4.6, 3.8
# Dots that lie on one another stay visible.
DOTS = {"s": 7, "alpha": 0.45, "linewidths": 0}
#: Of the training part's rows, answered by folds, and of the holdout's.
PARTS = (("folds", False, "tab:blue"), ("holdout", True, "tab:orange"))


def residuals(comparison: Measurements) -> Figure:
    """What is missing in each answer, against the answer."""
    figure, axes = _scattered(
        comparison, "predicted", "actual - predicted",
        lambda rows: rows["actual"] - rows["predicted"],
    )
    for axis in axes:
        axis.axhline(0, color="0.3", linewidth=0.8)
    return figure


def answers(comparison: Measurements) -> Figure:
    """Each answer against what was to be found."""
    figure, axes = _scattered(comparison, "actual", "predicted", lambda rows: rows["predicted"])
    for axis in axes:
        axis.axline((0, 0), slope=1, color="0.3", linewidth=0.8)
    return figure


def folds(comparison: Measurements) -> Figure:
    """Each fold's figure, a line from one pipeline's to the next's, and the means with their
    standard errors."""
    table = comparison.folds
    figure, (axis,) = _axes(1)
    positions = list(range(table.shape[1]))
    for _, row in table.iterrows():
        axis.plot(
            positions, row, color="tab:blue", alpha=0.4, marker="o", markersize=3, linewidth=0.8
        )
    errors = [comparison.standard_error(str(name)) for name in table]
    axis.errorbar(
        positions,
        table.mean(),
        yerr=errors,
        color="tab:orange",
        marker="o",
        linewidth=2,
        capsize=4,
        label="mean ± its standard error",
    )
    axis.set(ylabel=comparison.decides, xlim=(-0.3, positions[-1] + 0.3))
    axis.set_xticks(positions, list(table.columns))
    axis.legend()
    return figure


def _scattered(
    comparison: Measurements, across: str, up: str, heights: Callable[[pd.DataFrame], pd.Series]
) -> tuple[Figure, Any]:
    """A picture for each pipeline, of a dot for each row."""
    figure, axes = _axes(len(comparison.measured))
    for axis, (name, one) in zip(axes, comparison.measured.items(), strict=True):
        for part, held_out, colour in PARTS:
            rows = one.answers[one.answers["held_out"] == held_out]
            axis.scatter(rows[across], heights(rows), label=part, color=colour, **DOTS)
        axis.set(title=name, xlabel=across)
    axes[0].set_ylabel(up)
    axes[0].legend()
    return figure, axes


def _axes(count: int) -> tuple[Figure, Any]:
    """So many pictures of the same scale beside one another, in a figure that no other code holds.

    A figure of pyplot's would be drawn a second time by a notebook whose cell ends with it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH * count, HEIGHT), layout="constrained")
    return figure, figure.subplots(1, count, sharex=True, sharey=True, squeeze=False)[0]
