"""Predictions and errors by group, for anyone who must check fairness.

Groups are the levels of each category, and quarters of the numbers that matter most; a group of
too few rows is named and not measured. Nothing here says what is fair: it shows what there is to
judge, as Mitchell et al. (*Model cards for model reporting*, 2019) ask of a card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Columns
from tablecast.inference.marginals import FEWEST
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.schema.texts import show_number
from tablecast.training.evaluation.residuals import steady_quantile
from tablecast.training.evaluation.rounding import fraction, rounded
from tablecast.training.experiment.out_of_fold import UnseenClasses

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]

#: Rows below which a group is not measured: at 20, a share of one half has an error of 11 points,
#: and what one row does can no longer be worked out from the rest.
FEWEST_IN_GROUP = 20
#: Levels that are measured, the most frequent: as many as PyCaret encodes one by one.
MOST_LEVELS = 25
#: Numbers that are cut into quarters, the most important: a page has room for no more.
MOST_NUMBERS = 8
QUARTERS = 4
#: A whole number of no more different values is grouped by value, as a category is.
FEW_VALUES = 8
#: Classes whose shares are told.
MOST_CLASSES = 6


#: What is measured of a group, by which of all rows, shape (rows,), are of it.
Measure = Callable[[Rows], dict[str, Any]]


def measure_numbers(
    actual: Floats, predicted: Floats, low: Floats | None, high: Floats | None
) -> Measure:
    """Means, their difference with its standard error, the mean size of errors, coverage."""

    def measure(rows: Rows) -> dict[str, Any]:
        apart = (predicted - actual)[rows]
        figures = {
            "rows": len(apart),
            "actual": rounded(actual[rows].mean()),
            "predicted": rounded(predicted[rows].mean()),
            "difference": rounded(apart.mean()),
            "error": rounded(apart.std(ddof=1) / len(apart) ** 0.5, 2),
            "MAE": rounded(np.abs(apart).mean()),
        }
        if low is not None and high is not None:
            figures["covered"] = fraction(((low <= actual) & (actual <= high))[rows].mean())
        return figures

    return measure


def measure_classes(unseen: UnseenClasses) -> Measure:
    """Accuracy with its standard error, and how often each class is true and is answered.

    Of two classes also the rates at which the second is found, and is answered falsely.
    """
    counts = np.bincount(unseen.actual, minlength=len(unseen.classes))
    shown = sorted(np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist())

    def measure(rows: Rows) -> dict[str, Any]:
        actual, answered = unseen.actual[rows], unseen.answered[rows]
        right = int((actual == answered).sum())
        figures: dict[str, Any] = {
            "rows": len(actual),
            "accuracy": fraction(right / len(actual)),
            "error": rounded(_standard_error(right, len(actual)), 2),
            "classes": {
                unseen.classes[index]: {
                    "actual": fraction((actual == index).mean()),
                    "answered": fraction((answered == index).mean()),
                }
                for index in shown
            },
        }
        if len(unseen.classes) == 2:
            figures |= _rates(actual == 1, answered == 1)
        return figures

    return measure


def groups_of(
    schema: Schema,
    columns: Columns,
    measure: Measure,
    importance: Mapping[str, float],
) -> list[dict[str, Any]]:
    """Every category's levels, and quarters of the most important numbers, in the form's order.

    Args:
        schema: the fields.
        columns: their values, (rows,), as engines read them.
        measure: what is measured of each group.
        importance: each field's part of the whole.

    Returns:
        ``{"field", "groups", "few", "rest"}`` for each field: a group has ``level``, ``range`` or
        ``missing``, and what was measured; ``few`` names the levels of too few rows, and ``rest``
        counts the rows of levels that are neither.
    """
    numbers = [field.name for field in schema.fields if not _by_value(field, columns)]
    numbers.sort(key=lambda name: -importance.get(name, 0.0))
    groups = []
    for field in schema.fields:
        values = columns[field.name]
        if field.name in numbers[:MOST_NUMBERS]:
            groups.append(_quarters(field, values, measure))
        elif field.name not in numbers:
            groups.append(_levels(field, values, measure))
    return [entry for entry in groups if len(entry["groups"]) > 1 or entry["few"]]


def _by_value(field: Field, columns: Columns) -> bool:
    if field.is_text:
        return True
    values = columns[field.name]
    return field.is_counted and len(np.unique(values[~np.isnan(values)])) <= FEW_VALUES


def _levels(field: Field, values: npt.NDArray[Any], measure: Measure) -> dict[str, Any]:
    texts = values if field.is_text else np.array([_text(value) for value in values.tolist()])
    names, counts = np.unique(texts.astype(str), return_counts=True)
    sizes = dict(zip(names.tolist(), counts.tolist(), strict=True))
    missing = sizes.pop("", 0)
    enough = [name for name, rows in sizes.items() if rows >= FEWEST_IN_GROUP]
    enough = sorted(enough, key=lambda name: -sizes[name])[:MOST_LEVELS]
    few = [name for name, rows in sizes.items() if rows < FEWEST_IN_GROUP]
    groups = [
        {"level": name, **measure(texts == name)}
        for name in _in_order(field, enough)
    ]
    if missing >= FEWEST_IN_GROUP:
        groups.append({"missing": True, **measure(texts == "")})
    listed = few[:MOST_LEVELS] if field.closed or not field.is_text else []
    rest = sum(sizes.values()) - sum(sizes[name] for name in [*enough, *listed])
    return {"field": field.name, "groups": groups, "few": _in_order(field, listed), "rest": rest}


def _in_order(field: Field, names: list[str]) -> list[str]:
    indices = {level: index for index, level in enumerate(field.levels)}
    if field.is_text:
        return sorted(names, key=lambda name: indices.get(name, len(indices)))
    return sorted(names, key=float)


def _text(value: float) -> str:
    return "" if value != value else show_number(value)  # NaN differs from itself


def _quarters(
    field: Field, values: npt.NDArray[Any], measure: Measure
) -> dict[str, Any]:
    """Groups of about equally many rows, between borders that no single row decides."""
    missing = np.isnan(values)
    known = np.sort(values[~missing])
    groups: list[dict[str, Any]] = []
    if len(known) >= FEWEST:
        cuts = [_border(field, known, at / QUARTERS) for at in range(1, QUARTERS)]
        ends = sorted({cut for cut in cuts if known[0] < cut <= known[-1]})
        for low, high in zip([None, *ends], [*ends, None], strict=True):
            rows = ~missing
            rows &= np.ones(len(values), dtype=bool) if low is None else values >= low
            rows &= np.ones(len(values), dtype=bool) if high is None else values < high
            if rows.sum() >= FEWEST_IN_GROUP:
                groups.append({"range": [low, high], **measure(rows)})
    if missing.sum() >= FEWEST_IN_GROUP:
        groups.append({"missing": True, **measure(missing)})
    rest = len(values) - sum(group["rows"] for group in groups)
    return {"field": field.name, "groups": groups, "few": [], "rest": rest}


def _border(field: Field, known: Floats, quantile: float) -> float:
    border = rounded(steady_quantile(known, quantile), 3)
    return float(round(border)) if field.is_whole else border


def _standard_error(hits: int, rows: int) -> float:
    """A share's standard error, never 0: Agresti and Coull's (1998), with two more of each kind."""
    likely = (hits + 2) / (rows + 4)
    return float((likely * (1 - likely) / (rows + 4)) ** 0.5)


def _rates(actual: Rows, answered: Rows) -> dict[str, float]:
    """How often the second class is found where it is true, and answered where it is not."""
    rates = {}
    if actual.sum() >= FEWEST:
        rates["true_positive_rate"] = fraction(answered[actual].mean())
    if (~actual).sum() >= FEWEST:
        rates["false_positive_rate"] = fraction(answered[~actual].mean())
    return rates
