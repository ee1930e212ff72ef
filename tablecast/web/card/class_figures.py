"""The model card's charts of classes: confusion matrix, ROC curves and calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tablecast.i18n.formats import number, percent
from tablecast.i18n.language import _
from tablecast.schema.schema import Schema
from tablecast.web.card import card_charts
from tablecast.web.card.regression_figures import Figure, Table, ticks_of


@dataclass(frozen=True)
class Cell:
    """One cell of the confusion matrix."""

    text: str
    strength: int
    is_right: bool


@dataclass(frozen=True)
class Confusion:
    """Actual classes (rows) by answers (columns)."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def class_figures(
    schema: Schema, facts: Mapping[str, Any]
) -> tuple[list[Figure], list[Figure]]:
    """ROC curves and calibrations of the most frequent classes; of two classes, of the second."""
    curved = [group for group in facts["by_class"] if group.get("roc")]
    if len(schema.classes) == 2:
        curved = curved[-1:]
    rocs = [_roc(group, schema) for group in curved]
    calibrations = [
        _calibration(schema.show_class(group["class"]), "", group["calibration"])
        for group in curved
        if len(group["calibration"]) > 1
    ]
    if len(facts["confidence"]) > 1:
        caption = _("The probability of the predicted class.")
        calibrations.append(_calibration(_("All predictions"), caption, facts["confidence"]))
    return rocs, calibrations


def confusion_of(schema: Schema, facts: Mapping[str, Any]) -> Confusion:
    """The matrix with a strength for each cell: its share of the actual class."""
    data = facts["confusion"]
    names = [schema.show_class(name) for name in data["classes"]]
    if data["others"]:
        names.append(_("{count} other classes").format(count=data["others"]))
    rows = []
    for row, (name, counts) in enumerate(zip(names, data["counts"], strict=True)):
        total = sum(counts) or 1
        cells = tuple(
            Cell(number(count), _strength(count / total), at == row)
            for at, count in enumerate(counts)
        )
        rows.append((name, cells))
    return Confusion(tuple(names), tuple(rows))


def class_table(schema: Schema, facts: Mapping[str, Any]) -> Table:
    """Each class's figures."""
    shown = {
        "rows": _("Rows"), "precision": _("Precision"), "recall": _("Recall"), "f1": "F1",
        "auc": "AUC", "brier": _("Brier score"),
    }
    known = [name for name in shown if any(name in group for group in facts["by_class"])]
    rows = tuple(
        (schema.show_class(group["class"]), *(_in_words(name, group.get(name)) for name in known))
        for group in facts["by_class"]
    )
    return Table((_("Class"), *(shown[name] for name in known)), rows)


def _roc(group: Mapping[str, Any], schema: Schema) -> Figure:
    plot = card_charts.roc(group["roc"])
    rows = tuple((percent(false, 1), percent(true, 1)) for false, true in group["roc"])
    return Figure(
        schema.show_class(group["class"]),
        _("Area under the curve: {area}").format(area=number(group["auc"], ".3f")),
        plot, _("False positives"), _("True positives"),
        ticks_of(plot.across, per_cent=True), ticks_of(plot.up, per_cent=True),
        Table((_("False positives"), _("True positives")), rows),
    )


def _calibration(title: str, caption: str, groups: Sequence[Mapping[str, float]]) -> Figure:
    plot = card_charts.calibration(groups)
    rows = tuple(
        (percent(group["predicted"], 1), percent(group["actual"], 1), number(group["rows"]))
        for group in groups
    )
    return Figure(
        title, caption, plot, _("Probability"), _("Frequency"),
        ticks_of(plot.across, per_cent=True), ticks_of(plot.up, per_cent=True),
        Table((_("Probability"), _("Frequency"), _("Rows")), rows),
    )


def _strength(fraction: float) -> int:
    """0 for none, else 1 to 5."""
    most = card_charts.STRENGTHS
    return 1 + min(most - 1, int(fraction * most)) if fraction else 0


def _in_words(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if name == "rows":
        return number(value)
    return percent(value, 1) if name in ("precision", "recall", "f1") else number(value, ".3f")
