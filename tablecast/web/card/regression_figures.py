"""The model card's charts of errors, with their sentences and data tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tablecast.i18n.formats import number, percent, unit_name
from tablecast.i18n.language import _
from tablecast.inference.marginals import FEWEST, Histogram
from tablecast.schema.schema import Schema
from tablecast.web.card import card_charts
from tablecast.web.card.card_charts import Plot
from tablecast.web.display.amounts import Wording, wording_of
from tablecast.web.display.axis import Axis


@dataclass(frozen=True)
class Table:
    """Words in rows and columns; the first of each row names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A picture with everything that stands around it.

    Attributes:
        title: what it shows, in a few words.
        caption: how to read it, in a sentence or two.
        plot: the picture.
        across, up: what its axes are.
        ticks_across, ticks_up: the words at their ticks, from low to high.
        table: its numbers.
    """

    title: str
    caption: str
    plot: Plot
    across: str
    up: str
    ticks_across: tuple[str, ...]
    ticks_up: tuple[str, ...]
    table: Table


def ticks_of(axis: Axis, *, per_cent: bool = False) -> tuple[str, ...]:
    """The words at an axis' ticks."""
    if per_cent:
        return tuple(percent(value) for value in axis.ticks)
    return tuple(number(value, ",.10g") for value in axis.ticks)


def regression_figures(
    schema: Schema, facts: Mapping[str, Any], level: float | None = None
) -> list[Figure]:
    """Predicted against actual, residuals and coverage over answers, how residuals are spread.

    Args:
        schema: what is predicted.
        facts: what ``tablecast.training.evaluation.residuals.regression_facts`` found.
        level: the share of rows that the ranges are meant to hold; None where there are none.
    """
    amounts = [group["predicted"] for group in facts["by_answer"]]
    wording = wording_of(schema, max(map(abs, amounts), default=1.0))
    figures = []
    if facts["cells"]:
        figures.append(_cells(facts["cells"], schema, wording))
    if facts["by_answer"]:
        figures.append(_by_answer(facts["by_answer"], schema, wording))
    if facts["residuals"] and any(facts["residuals"]["counts"]):
        figures.append(_residuals(facts["residuals"], schema))
    if level and any("covered" in group for group in facts["by_answer"]):
        figures.append(_coverage(facts["by_answer"], level, schema, wording))
    return figures


def target_figure(histogram: Histogram, schema: Schema) -> Figure:
    """How the target was spread in training."""
    plot = card_charts.bars(histogram.edges, histogram.counts)
    beyond = histogram.below + histogram.above
    return _figure(
        _("The target in the training rows"),
        _("{count} more rows lie outside the chart.").format(count=number(beyond))
        if beyond else "",
        plot, _with_unit(schema.target_label, schema), _("Rows"),
        Table((_("From"), _("To"), _("Rows")), _histogram_rows(histogram.edges, histogram.counts)),
    )


def _cells(data: Mapping[str, Any], schema: Schema, wording: Wording) -> Figure:
    plot = card_charts.cells(data)
    edges = data["edges"]

    def between(index: int) -> str:
        return f"{wording.of(edges[index])} – {wording.of(edges[index + 1])}"

    caption = _(
        "Darker squares contain more rows. On the diagonal, the prediction is right. Squares of "
        "fewer than {fewest} rows are left out ({count} rows in total)."
    )
    return _figure(
        _("Predicted against actual"),
        caption.format(fewest=FEWEST, count=number(data["left_out"])),
        plot, _with_unit(_("Actual"), schema), _with_unit(_("Predicted"), schema),
        Table(
            (_("Actual"), _("Predicted"), _("Rows")),
            tuple((between(x), between(y), number(rows)) for x, y, rows in data["counts"]),
        ),
    )


def _by_answer(
    groups: Sequence[Mapping[str, float]], schema: Schema, wording: Wording
) -> Figure:
    plot = card_charts.errors_by_answer(groups)
    rows = tuple(
        (
            wording.of(group["predicted"]), number(group["rows"]), wording.of(group["actual"]),
            wording.change(group["residual"]), wording.change(group["residual_low"]),
            wording.change(group["residual_high"]),
        )
        for group in groups
    )
    head = (
        _("Mean predicted"), _("Rows"), _("Mean actual"), _("Mean residual"), _("Residual, 10%"),
        _("Residual, 90%"),
    )
    return _figure(
        _("Residuals by prediction"),
        _(
            "Groups of about {rows} rows with similar predictions: the curve is the mean of "
            "actual minus predicted, and the band holds eight rows in ten. Above the zero line, "
            "predictions are too low."
        ).format(rows=number(groups[0]["rows"])),
        plot, _with_unit(_("Predicted"), schema), _with_unit(_("Residual"), schema),
        Table(head, rows),
    )


def _coverage(
    groups: Sequence[Mapping[str, float]], level: float, schema: Schema, wording: Wording
) -> Figure:
    plot = card_charts.coverage(groups, level)
    caption = _(
        "The share of rows in each group whose true value is in the range. The target is {level} "
        "(the line) for all predictions."
    )
    rows = tuple(
        (wording.of(group["predicted"]), percent(group["covered"], 1), wording.of(group["width"]))
        for group in groups
    )
    return Figure(
        _("Range coverage by prediction"), caption.format(level=percent(level)), plot,
        _with_unit(_("Predicted"), schema), _("Rows in the range"),
        ticks_of(plot.across), ticks_of(plot.up, per_cent=True),
        Table((_("Mean predicted"), _("In the range"), _("Mean width")), rows),
    )


def _residuals(data: Mapping[str, Any], schema: Schema) -> Figure:
    plot = card_charts.bars(data["edges"], data["counts"])
    caption = _(
        "Actual minus predicted. Not shown: {count} rows outside the chart or in bars of fewer "
        "than {fewest} rows."
    )
    return _figure(
        _("Residuals"), caption.format(count=number(data["left_out"]), fewest=FEWEST),
        plot, _with_unit(_("Residual"), schema), _("Rows"),
        Table((_("From"), _("To"), _("Rows")), _histogram_rows(data["edges"], data["counts"])),
    )


def _figure(
    title: str, caption: str, plot: Plot, across: str, up: str, table: Table
) -> Figure:
    return Figure(
        title, caption, plot, across, up, ticks_of(plot.across), ticks_of(plot.up), table
    )


def _histogram_rows(
    edges: Sequence[float], counts: Sequence[int]
) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (number(low, ",.10g"), number(high, ",.10g"), number(count))
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
        if count
    )


def _with_unit(name: str, schema: Schema) -> str:
    return f"{name} ({unit_name(schema.target_unit)})" if schema.target_unit else name
