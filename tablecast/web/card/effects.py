"""The model card's part about fields: their importance and the shape of their effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tablecast.deployment.deployment import Deployment
from tablecast.i18n.formats import number, percent
from tablecast.i18n.language import _
from tablecast.inference.marginals import Background
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.card import card_charts
from tablecast.web.card.card_charts import Plot
from tablecast.web.card.regression_figures import Table
from tablecast.web.display.amounts import Wording, wording_of
from tablecast.web.display.axis import Axis, axis_over
from tablecast.web.display.charts import Span, from_zero

#: Fields whose effect is drawn, the most important; the others are a line in a table.
MOST_DRAWN = 9
#: With more fields than this a page has room for fewer pictures, and of more classes for fewer yet.
MANY_FIELDS, FEW_DRAWN = 30, 6
MANY_CLASSES = 3
#: Of many classes' probabilities every second value is told behind the picture: both ends are, and
#: the card as JSON has all.
SPARSE = 2


@dataclass(frozen=True)
class Importance:
    """One field's share of what answers lose without it."""

    name: str
    fraction: str
    bar: Span


@dataclass(frozen=True)
class Option:
    """One level: its mean answer and a bar for it, or a bar for each class."""

    name: str
    answer: str
    bars: tuple[Span, ...]


@dataclass(frozen=True)
class Effect:
    """How the mean answer moves with one field.

    Attributes:
        name: the field.
        plot, rug: the picture of a number's effect, and where training values are.
        options: a category's levels.
        low, high: the ends of the number's range.
        table: its numbers.
    """

    name: str
    plot: Plot | None
    rug: str
    options: tuple[Option, ...]
    low: str
    high: str
    table: Table


@dataclass(frozen=True)
class Effects:
    """The effects that are drawn; of all other fields, how far the mean answer moves.

    Attributes:
        drawn, others: the most important fields, and all others with their span.
        rows: how many made-up rows the means are of.
        ticks: the words at the pictures' ticks.
        classes, tones: the classes that are followed, and the strength of each one's colour.
    """

    drawn: tuple[Effect, ...]
    others: tuple[tuple[str, str], ...]
    rows: str
    ticks: tuple[str, ...]
    classes: tuple[str, ...]
    tones: tuple[int, ...]


def importance_of(schema: Schema, importance: Mapping[str, float]) -> list[Importance]:
    """Every field's importance, the largest first."""
    known = [field for field in schema.fields if field.name in importance]
    most = max((importance[field.name] for field in known), default=0.0) or 1.0
    return [
        Importance(
            field.label,
            percent(importance[field.name], 1),
            Span(0, 100 * importance[field.name] / most),
        )
        for field in sorted(known, key=lambda field: -importance[field.name])
    ]


def effects_of(loaded: Deployment, importance: Mapping[str, float]) -> Effects | None:
    """Every field's effect, those of the most important drawn on one scale."""
    data, schema = loaded.description.get("effects"), loaded.schema
    if not data:
        return None
    spread = spans(data)
    ranked = [field for field in schema.fields if spread.get(field.name) is not None]
    ranked.sort(key=lambda field: (-importance.get(field.name, 0.0), -spread[field.name]))
    few = FEW_DRAWN if len(data["classes"]) <= MANY_CLASSES else FEW_DRAWN // 2
    most = MOST_DRAWN if len(ranked) <= MANY_FIELDS else few
    drawn, others = ranked[:most], ranked[most:]
    is_probability = schema.task == "classification"
    predictions = (
        [] if is_probability else [a for f in drawn for a in data["fields"][f.name]["answers"]]
    )
    largest = max(map(abs, predictions), default=1.0)
    wording = wording_of(schema, largest, background=loaded.background)
    up = (
        card_charts.FROM_0_TO_1
        if is_probability
        else axis_over(min(predictions), max(predictions), 4)
    )
    effects = tuple(
        _effect(field, data["fields"][field.name], data, up, wording, loaded.background, schema)
        for field in drawn
    )
    ticks = tuple(map(wording.tick, up.ticks))
    classes = tuple(schema.show_class(name) for name in data["classes"])
    return Effects(
        effects, _others(others, data, wording), number(data["rows"]), ticks, classes,
        card_charts.TONES.get(len(classes), ()),
    )


def _effect(
    field: Field, effect: Mapping[str, Any], data: Mapping[str, Any], up: Axis,
    wording: Wording, background: Background | None, schema: Schema,
) -> Effect:
    values, predictions = effect["values"], effect["answers"]
    names = [field.in_words(value) for value in values]
    classes = tuple(schema.show_class(name) for name in data["classes"])
    cells = [tuple(map(wording.of, each if classes else [each])) for each in predictions]
    is_level = field.is_text or len(values) <= 2
    step = 1 if is_level or len(classes) <= MANY_CLASSES else SPARSE
    table = Table(
        (field.label, *(classes or (_("Mean prediction"),))),
        tuple((name, *cell) for name, cell in zip(names, cells, strict=True))[::step],
    )
    plot, marks = None, ""
    if not is_level:
        plot = card_charts.class_areas(values, predictions) if classes else card_charts.effect(
            values, predictions, up, data["mean"]
        )
        marks = _rug(field, plot.across, background)
    options = tuple(
        Option(name, "" if classes else cell[0], _bars(up, prediction))
        for name, cell, prediction in zip(names, cells, predictions, strict=True)
    ) if is_level else ()
    return Effect(field.label, plot, marks, options, names[0], names[-1], table)


def _bars(up: Axis, prediction: Any) -> tuple[Span, ...]:
    if not isinstance(prediction, list):
        return (from_zero(up.scale, prediction),)
    start, bars = 0.0, []
    for probability in prediction:
        bars.append(Span(start, 100 * probability))
        start += 100 * probability
    return tuple(bars)


def _rug(field: Field, across: Axis, background: Background | None) -> str:
    """Lines at the deciles of the training values."""
    if background is None:
        return ""
    marginal = background.marginals[field.name]
    known = [float(value) for value in marginal.values if value == value]
    return card_charts.rug(known[:: max(1, len(known) // 16)], across)


def _others(
    fields: Sequence[Field], data: Mapping[str, Any], wording: Wording
) -> tuple[tuple[str, str], ...]:
    """Each field, and the lowest and highest mean answer, or a probability's largest change."""
    rows = []
    for field in fields:
        effect = data["fields"][field.name]
        if data["classes"]:
            span = percent(spans({"fields": {field.name: effect}})[field.name], 1)
            rows.append((field.label, span))
        else:
            low, high = min(effect["answers"]), max(effect["answers"])
            rows.append((field.label, f"{wording.of(low)} – {wording.of(high)}"))
    return tuple(rows)


def spans(effects: Mapping[str, Any]) -> dict[str, float]:
    """By how much each field alone moves the mean answer, or that class most that moves most."""
    return {
        name: float(np.ptp(np.array(effect["answers"], dtype=np.float64), axis=0).max())
        for name, effect in effects["fields"].items()
        if effect["answers"]
    }
