"""Everything around a prediction on its page: reasons, what-ifs, range and code.

Words and places only; ``templates/answer.html`` and ``templates/whatif.html`` draw them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tablecast.deployment.deployment import Deployment
from tablecast.i18n.formats import number, percent
from tablecast.i18n.language import _, current_language, ngettext
from tablecast.inference.marginals import Background
from tablecast.inference.predictor import Prediction
from tablecast.inference.shapley import Contribution, Explanation
from tablecast.inference.whatif import what_if
from tablecast.schema.schema import Row, Schema
from tablecast.web.display import charts
from tablecast.web.display.amounts import Wording, wording_of
from tablecast.web.form.whatif_cards import WhatIfCards, largest_of, whatif_cards

#: Fields that the page shows alone; a longer list is not read, and costs the page its lightness.
MOST_LINES = 10
#: Estimators that are not drawn to the mean: they hold errors, and not their squares, down.
NO_AVERAGES = (
    "HuberRegressor", "LinearSVR", "NuSVR", "RANSACRegressor", "SVR", "TheilSenRegressor",
)
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
    lines: tuple[Line, ...]


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
        wording: how its amounts are written.
        average: what kind of number the answer is, as a sentence; "" where that is not known.
        whatif: how the answer moves with each of the form's first fields.
        likely: both ends of the prediction interval.
        level: how often the true value lies within it, such as ``90%``; "" where that is not known.
        coverage: the same as a sentence.
        class_fractions: shown class to its share in training.
    """

    why: Why | None
    wording: Wording
    average: str
    whatif: WhatIfCards
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
    wording = wording_of(schema, largest_of(courses), prediction.interval, background)
    return Parts(
        why=_why(schema, explained, wording, shown) if explained else None,
        wording=wording,
        average=_("This is an average for similar cases.") if is_average(loaded) else "",
        whatif=whatif_cards(schema, courses, background, wording, shown),
        rank=_rank(background, prediction, wording),
        likely=_likely(prediction, wording),
        level=percent(interval.level) if interval and not beyond else "",
        coverage=_coverage_in_words(interval.level, beyond) if interval else "",
        class_fractions=_class_fractions(schema, background),
    )


def _why(
    schema: Schema, explained: Explanation, wording: Wording, shown: Mapping[str, str]
) -> Why:
    lines = steps_of(
        schema, explained.base, explained.contributions, wording, shown, exact=explained.exact
    )
    return Why(
        wording.of(explained.base), wording.of(explained.answer), wording.is_probability,
        explained.exact, lines,
    )


def steps_of(
    schema: Schema, base: float, parts: Sequence[Contribution], wording: Wording,
    shown: Mapping[str, str], *, exact: bool,
) -> tuple[Line, ...]:
    """Contributions as steps from a number to another, the largest first, the smallest together.

    Args:
        schema: names the fields.
        base: where the steps begin.
        parts: what each field adds.
        wording: of the amounts.
        shown: field name to what stands beside the name.
        exact: whether no error is told.
    """
    ordered = sorted(parts, key=lambda part: -abs(part.contribution))
    most = len(ordered) if len(ordered) <= MOST_LINES + 1 else MOST_LINES
    kept = ordered[:most] + ([_together(ordered[most:])] if ordered[most:] else [])
    bars = charts.waterfall(base, [part.contribution for part in kept]).bars
    labels = {field.name: field.label for field in schema.fields}
    return tuple(
        Line(
            labels.get(part.field, _others(len(ordered) - most)),
            shown.get(part.field, ""),
            wording.change(part.contribution),
            "" if exact else wording.error(part.error),
            bar,
            part.contribution >= 0,
        )
        for part, bar in zip(kept, bars, strict=True)
    )


def _others(fields: int) -> str:
    return ngettext("{count} other field", "{count} other fields", fields).format(count=fields)


def _together(rest: Sequence[Contribution]) -> Contribution:
    return Contribution(
        "", "",
        math.fsum(part.contribution for part in rest),
        math.sqrt(math.fsum(part.error**2 for part in rest)),
    )




def is_average(loaded: Deployment) -> bool:
    """Whether the answer is the mean of like cases, as of a model that is fitted by squared errors.

    Of others that is not known.
    """
    card = loaded.description["card"]
    steps = {step["class"] for step in card.get("steps", ())}
    if loaded.schema.task == "classification" or card.get("estimator", "") in NO_AVERAGES:
        return False
    return "TargetTransformer" not in steps


def _coverage_in_words(level: float, beyond: bool) -> str:
    if beyond:
        # Coverage was measured on rows like those of training, and this is none.
        return _("This case is outside the training data, so the range may not be reliable.")
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
        wording = replace(wording, decimals=min(wording.decimals, 0))
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
