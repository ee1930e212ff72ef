"""Everything around a prediction on its page: reasons, what-ifs, range and code.

Words and places only; ``templates/answer.html`` and ``templates/whatif.html`` draw them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tablecast.deployment.deployment import Deployment
from tablecast.i18n.formats import number, percent, prefix_of
from tablecast.i18n.language import _, current_language, ngettext
from tablecast.inference.marginals import Background
from tablecast.inference.predictor import Prediction
from tablecast.inference.shapley import Contribution, Explanation
from tablecast.inference.whatif import Course, WhatIf, what_if
from tablecast.schema.schema import Row, Schema
from tablecast.web.display import charts
from tablecast.web.display.amounts import MONEY, Wording, wording_of

#: Fields that the page shows alone; a longer list is not read, and costs the page its lightness.
MOST_LINES = 10
#: Fields that get a what-if chart: the first twelve of the form, as many as it shows at once.
MOST_COURSES = 12


@dataclass(frozen=True)
class Line:
    """One contribution: the field, what was given, what it adds, and its bar."""

    name: str
    value: str
    amount: str
    error: str
    bar: charts.Span
    rises: bool


@dataclass(frozen=True)
class Why:
    """The contributions, the largest first, from the average answer to this one."""

    base: str
    answer: str
    is_probability: bool
    exact: bool
    picture: charts.Waterfall
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Option:
    """One value of a field and the answer that it gives."""

    value: str
    answer: str
    bar: charts.Span
    is_present: bool


@dataclass(frozen=True)
class Card:
    """How the answer moves with one field.

    Attributes:
        name, present: the field, and the value that was given.
        options: every value that was tried; a category's are drawn as bars.
        curve: a number's picture; None for a category.
        summary: the picture in a sentence.
    """

    name: str
    present: str
    options: tuple[Option, ...]
    curve: charts.Curve | None
    summary: str


@dataclass(frozen=True)
class Rank:
    """The answer on the training values, and how many of them are lower."""

    picture: charts.Columns
    low: str
    high: str
    sentence: str


@dataclass(frozen=True)
class Parts:
    """What stands around an answer; None where the deployment does not know it.

    Attributes:
        cards: at most ``MOST_COURSES``, the first fields of the form.
        more_fields: fields that have no card.
        lowest, highest: the ends of the curves' scale.
        likely: both ends of the prediction interval.
        level: how often the true value lies within it, such as ``90%``; "" where that is not known.
        coverage: the same as a sentence.
        class_fractions: shown class to its share in training.
    """

    why: Why | None
    cards: tuple[Card, ...]
    more_fields: int
    lowest: str
    highest: str
    rank: Rank | None
    likely: tuple[str, str] | None
    level: str
    coverage: str
    class_fractions: Mapping[str, float]


def parts_of(
    loaded: Deployment, row: Row, prediction: Prediction, shown: Mapping[str, str]
) -> Parts:
    """Everything around one answer.

    Args:
        loaded: what answered.
        row, prediction: the question and the answer.
        shown: field name to the given value in words.
    """
    schema, background = loaded.schema.in_language(current_language()), loaded.background
    interval = loaded.predictor.interval
    courses = what_if(schema, loaded.engine, row, background, MOST_COURSES, interval)
    explained = loaded.explainer.explain(row) if loaded.explainer else None
    pairs = zip(schema.fields, row.values, strict=True)
    beyond = any(field.unusual(value) for field, value in pairs)
    scale = _scale_of(courses)
    wording = wording_of(schema, max(abs(scale.low), abs(scale.high)))
    return Parts(
        why=_why(schema, explained, wording, shown) if explained else None,
        cards=tuple(
            _card(schema, course, courses, wording, scale, shown) for course in courses.courses
        ),
        more_fields=len(schema.fields) - len(courses.courses),
        lowest=wording.of(scale.low),
        highest=wording.of(scale.high),
        rank=_rank(background, prediction, wording),
        likely=_likely(prediction, wording),
        level=percent(interval.level) if interval and not beyond else "",
        coverage=_coverage_in_words(interval.level, beyond) if interval else "",
        class_fractions=_class_fractions(schema, background),
    )


def _scale_of(courses: WhatIf) -> charts.Scale:
    """One scale for all curves, so that a field that matters little looks flat."""
    shown = [prediction for course in courses.courses for prediction in course.answers]
    shown += [end for course in courses.courses for ends in course.ranges for end in ends]
    return charts.Scale(min(shown, default=courses.answer), max(shown, default=courses.answer))


def _why(
    schema: Schema, explained: Explanation, wording: Wording, shown: Mapping[str, str]
) -> Why:
    ordered = sorted(explained.contributions, key=lambda part: -abs(part.contribution))
    most = len(ordered) if len(ordered) <= MOST_LINES + 1 else MOST_LINES
    kept = ordered[:most] + ([_together(ordered[most:])] if ordered[most:] else [])
    picture = charts.waterfall(explained.base, [part.contribution for part in kept])
    labels = {field.name: field.label for field in schema.fields}
    lines = tuple(
        Line(
            labels.get(part.field, _others(len(ordered) - most)),
            shown.get(part.field, ""),
            wording.change(part.contribution),
            "" if explained.exact else wording.error(part.error),
            bar,
            part.contribution >= 0,
        )
        for part, bar in zip(kept, picture.bars, strict=True)
    )
    return Why(
        wording.of(explained.base), wording.of(explained.answer), wording.is_probability,
        explained.exact, picture, lines,
    )


def _others(fields: int) -> str:
    return ngettext("{count} other field", "{count} other fields", fields).format(count=fields)


def _together(rest: Sequence[Contribution]) -> Contribution:
    return Contribution(
        "", "",
        math.fsum(part.contribution for part in rest),
        math.sqrt(math.fsum(part.error**2 for part in rest)),
    )


def _card(
    schema: Schema, course: Course, courses: WhatIf, wording: Wording,
    scale: charts.Scale, shown: Mapping[str, str],
) -> Card:
    field = schema.field(course.field)
    options = tuple(
        Option(
            field.in_words(value), wording.of(prediction), charts.from_zero(scale, prediction),
            index == course.present,
        )
        for index, (value, prediction) in enumerate(zip(course.values, course.answers, strict=True))
    )
    curve = None
    if not field.choices and course.values:
        numbers = [float(value) for value in course.values]
        curve = charts.curve(
            numbers, course.answers, course.present, courses.answer, scale, course.ranges
        )
    return Card(field.label, shown.get(field.name, ""), options, curve, _summary(options))


def _summary(options: Sequence[Option]) -> str:
    if not options:
        return ""
    first, last = options[0], options[-1]
    words = _("{first_answer} at {first_value}, {last_answer} at {last_value}.")
    return words.format(
        first_answer=first.answer, first_value=first.value,
        last_answer=last.answer, last_value=last.value,
    )


def _coverage_in_words(level: float, beyond: bool) -> str:
    if beyond:
        # Coverage was measured on rows like those of training, and this is none.
        return _("This case is outside the training data: how reliable the range is, is not known.")
    tenths = round(10 * level, 6)
    if tenths.is_integer():
        return _("About {tenths} in 10 similar cases fall in this range.").format(
            tenths=number(tenths, ".0f")
        )
    return _("About {level} of similar cases fall in this range.").format(level=percent(level, 1))


def _likely(prediction: Prediction, wording: Wording) -> tuple[str, str] | None:
    """Both ends in words, rounded outwards, so that the prediction lies between them as shown."""
    if prediction.interval is None or prediction.ranges is None:
        return None
    low, high = prediction.interval
    if prediction.ranges.limits.whole:
        wording = replace(wording, decimals=0)
    elif prefix_of(wording.unit):
        wording = replace(wording, decimals=min(wording.decimals, MONEY))
    steps = 10.0**wording.decimals
    below, above = (round(end * steps, 6) for end in (low, high))  # 2.3 * 1000 is a hair above
    return wording.of(math.floor(below) / steps), wording.of(math.ceil(above) / steps)


def _rank(
    background: Background | None, prediction: Prediction, wording: Wording
) -> Rank | None:
    value = prediction.prediction
    if background is None or background.histogram is None or not isinstance(value, float):
        return None
    histogram = background.histogram
    fraction = charts.fraction_below(histogram, value)
    return Rank(
        charts.columns(histogram, value, prediction.interval),
        wording.of(histogram.edges[0]),
        wording.of(histogram.edges[-1]),
        _rank_in_words(fraction, histogram.below + sum(histogram.counts) + histogram.above),
    )


def _rank_in_words(fraction: float, rows: int) -> str:
    words = _("Higher than about {share} of the {cases} training cases.")
    if fraction < 0.005:
        words = _("Lower than nearly all of the {cases} training cases.")
    elif fraction > 0.995:
        words = _("Higher than nearly all of the {cases} training cases.")
    return words.format(share=percent(fraction), cases=number(rows))


def _class_fractions(schema: Schema, background: Background | None) -> dict[str, float]:
    fractions = background.class_fractions if background else {}
    return {schema.show_class(name): fraction for name, fraction in fractions.items()}
