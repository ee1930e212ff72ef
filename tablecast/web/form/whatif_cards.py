"""How the answer moves with each field: words and places for ``templates/whatif.html``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from tablecast.i18n.formats import sentences
from tablecast.i18n.language import _
from tablecast.inference.marginals import Background
from tablecast.inference.whatif import Course, WhatIf
from tablecast.schema.field import Field, Value
from tablecast.schema.schema import Schema
from tablecast.web.display import charts
from tablecast.web.display.amounts import Wording
from tablecast.web.display.axis import ticks_within

#: Curves share a scale if at least half of them cover this part of it; else most would look flat.
SHARED_PART = 0.1
#: Steps of the last digit that is written which a scale has at least: its ticks then fall on such
#: steps, and what is too small to be written looks flat.
LEAST_STEPS = 20
#: Rows around a value that are few, if they are also so small a part of an even spread.
FEW_ROWS, FEW_OF_EVEN = 20, 0.25
#: Rows of a level that are few.
FEW_OF_LEVEL = 10


@dataclass(frozen=True)
class Option:
    """One value of a field and the answer that it gives.

    Attributes:
        value, answer: both in words.
        amount: the answer.
        bar: the answer from 0.
        is_present: whether it is the value that was given.
        is_thin: whether few training rows had it.
    """

    value: str
    answer: str
    amount: float
    bar: charts.Span
    is_present: bool
    is_thin: bool


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in per cent, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Card:
    """How the answer moves with one field.

    Attributes:
        name, present: the field, and the value that was given.
        options: every value that was tried; a category's are drawn as bars.
        curve: a number's picture; None for a category.
        up, across: the curve's axes.
        summary: the picture in a sentence, and where training had few rows; of a category only that
            it had few of every level.
    """

    name: str
    present: str
    options: tuple[Option, ...]
    curve: charts.Curve | None
    up: tuple[Tick, ...]
    across: tuple[Tick, ...]
    summary: str


@dataclass(frozen=True)
class WhatIfCards:
    """All cards.

    Attributes:
        cards: one for each field that was asked for.
        more_fields: fields that have no card.
        shared: the ends of the curves' scale where they share one; else None.
        shows_rows: whether the curves show how many training rows there were.
    """

    cards: tuple[Card, ...]
    more_fields: int
    shared: tuple[str, str] | None
    shows_rows: bool


def largest_of(courses: WhatIf) -> float:
    """The size of the largest number that the cards show."""
    scale = _scale_of(courses.courses, courses.answer)
    return max(abs(scale.low), abs(scale.high))


def whatif_cards(
    schema: Schema, courses: WhatIf, background: Background | None, wording: Wording,
    shown: Mapping[str, str],
) -> WhatIfCards:
    """The cards of an answer.

    Args:
        schema: in the reader's language.
        courses: what was tried.
        background: what training had; None where that is not known.
        wording: how amounts are written.
        shown: field name to the given value in words.
    """
    whole = legible(_scale_of(courses.courses, courses.answer), wording)
    shares = _is_shared(schema, courses, whole)
    cards = tuple(
        _card(
            schema.field(course.field), course, courses.answer, wording, background,
            whole, whole if shares else legible(_scale_of([course], courses.answer), wording),
            shown.get(course.field, ""),
        )
        for course in courses.courses
    )
    ends = (wording.tick(whole.low), wording.tick(whole.high)) if shares else None
    rows = any(card.curve and card.curve.rows for card in cards)
    return WhatIfCards(cards, len(schema.fields) - len(cards), ends, rows)


def _scale_of(courses: Sequence[Course], answer: float) -> charts.Scale:
    shown = [prediction for course in courses for prediction in course.answers]
    shown += [end for course in courses for ends in course.ranges for end in ends]
    return charts.Scale(min(shown, default=answer), max(shown, default=answer))


def legible(scale: charts.Scale, wording: Wording) -> charts.Scale:
    """A scale that is at least so wide as the digits that are written tell apart."""
    least = LEAST_STEPS * wording.step
    if scale.high - scale.low >= least:
        return scale
    low = (scale.low + scale.high - least) / 2
    low = max(0.0, low) if scale.low >= 0 else low
    low = min(low, 1 - least) if wording.is_probability else low
    return charts.Scale(low, low + least)


def _is_shared(schema: Schema, courses: WhatIf, whole: charts.Scale) -> bool:
    """Whether one scale shows something of at least half of the curves."""
    least = SHARED_PART * (whole.high - whole.low)
    seen = [
        max(course.answers) - min(course.answers) >= least
        for course in courses.courses
        if course.answers and not schema.field(course.field).choices
    ]
    return 2 * sum(seen) >= len(seen)


def _card(
    field: Field, course: Course, answer: float, wording: Wording,
    background: Background | None, whole: charts.Scale, scale: charts.Scale, present: str,
) -> Card:
    is_curve = not field.choices and not field.is_text and bool(course.values)
    support, thin = _support(field, course.values, background, is_curve=is_curve)
    options = tuple(
        Option(
            field.in_words(value), wording.of(amount), amount,
            charts.from_zero(whole, amount), index == course.present, thin[index],
        )
        for index, (value, amount) in enumerate(zip(course.values, course.answers, strict=True))
    )
    if not is_curve:
        # Levels have no order of their own; codes and yes or no keep theirs.
        ordered = sorted(options, key=attrgetter("amount"), reverse=True)
        few = sentences(_thin_in_words(options)) if all(thin) else ""
        return Card(field.label, present, tuple(ordered) if field.is_text else options,
                    None, (), (), few)
    numbers = [float(value) for value in course.values]
    curve = charts.curve(
        numbers, course.answers, course.present, answer, scale, course.ranges, support, thin
    )
    up = tuple(
        Tick(charts.height(scale, tick), wording.tick(tick))
        for tick in ticks_within(scale.low, scale.high)
    )
    summary = sentences([_summary(options), *_thin_in_words(options)])
    return Card(field.label, present, options, curve, up, _across(field, numbers), summary)


def _support(
    field: Field, values: Sequence[Value], background: Background | None, *, is_curve: bool
) -> tuple[list[float], list[bool]]:
    """The share of training at each value, where that is known, and whether that is little."""
    if background is None:
        return [], [False] * len(values)
    marginal = background.marginals[field.name]
    if not is_curve:
        known = background.frequent[field.name]
        return [], [background.rows * known.get(value, 0.0) < FEW_OF_LEVEL for value in values]
    support = marginal.around([float(value) for value in values]).tolist()
    even = 1 / len(values)
    return support, [
        background.rows * share < FEW_ROWS and share < FEW_OF_EVEN * even for share in support
    ]


def _across(field: Field, numbers: Sequence[float]) -> tuple[Tick, ...]:
    """The first, the middle and the last value, without the unit, which the name's line has."""
    middle = min(numbers, key=lambda number: abs(2 * number - numbers[0] - numbers[-1]))
    scale = charts.Scale(numbers[0], numbers[-1])
    return tuple(
        Tick(scale.at(number), field.in_words(number).removesuffix(f" {field.unit}"))
        for number in sorted({numbers[0], middle, numbers[-1]})
    )


def _summary(options: Sequence[Option]) -> str:
    first, last = options[0], options[-1]
    words = _("{first_answer} at {first_value}, {last_answer} at {last_value}.")
    return words.format(
        first_answer=first.answer, first_value=first.value,
        last_answer=last.answer, last_value=last.value,
    )


def _thin_in_words(options: Sequence[Option]) -> Iterator[str]:
    """Where training had few rows, from the nearest value on that had enough."""
    runs = [list(run) for _, run in groupby(options, key=attrgetter("is_thin"))]
    if len(runs) == 1:
        if options[0].is_thin:
            yield _("There were few training cases anywhere.")
        return
    for index, run in enumerate(runs):
        if not run[0].is_thin:
            continue
        low = runs[index - 1][-1].value if index else ""
        high = runs[index + 1][0].value if index + 1 < len(runs) else ""
        if not low:
            words = _("Few training cases below {high}.")
        elif not high:
            words = _("Few training cases above {low}.")
        else:
            words = _("Few training cases between {low} and {high}.")
        yield words.format(low=low, high=high)
