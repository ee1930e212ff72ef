"""Charts as plain numbers: data in, positions in per cent of the chart's box out.

``templates/charts.html`` draws them as inline SVG. Text stands in HTML around a picture and never
in it, so that a picture may be stretched to any width and its words stay as large as all others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tablecast.inference.marginals import Histogram

#: Per cent of a curve's height left free above and below, for half the mark of the present value.
MARGIN = 8.0

#: Per cent of a curve's height that the most frequent values' bar has: seen, and out of the way.
SUPPORT_HEIGHT = 20.0

#: The gap between two bars of a histogram, as a share of a bar.
GAP = 0.12


@dataclass(frozen=True)
class Scale:
    """Values to per cent of a length. What lies outside is drawn at the nearest end."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """0 at ``low``, 100 at ``high``; the middle where both are the same."""
        if self.high <= self.low:
            return 50.0
        return min(100.0, max(0.0, 100 * (value - self.low) / (self.high - self.low)))


@dataclass(frozen=True)
class Span:
    """A part of a length, in per cent."""

    start: float
    width: float


@dataclass(frozen=True)
class Waterfall:
    """Contributions that lead from one value to another, each beginning where the last one ended.

    Attributes:
        base, end: where the first one begins and the last one ends.
        bars: one for each contribution.
    """

    base: float
    end: float
    bars: tuple[Span, ...]


@dataclass(frozen=True)
class Columns:
    """A histogram with an answer on it.

    Attributes:
        path: the bars, in a box that is as wide as there are bars and 100 high.
        width: how many bars there are.
        mark: the answer.
        outside: whether the answer lies beyond the bars.
        band: the answer's range; None where none is known.
    """

    path: str
    width: int
    mark: float
    outside: bool
    band: Span | None


@dataclass(frozen=True)
class Curve:
    """A line in a box of 100 by 100, y downwards.

    Attributes:
        points: the line, as SVG writes it.
        mark: the present value's place; None where it is not known.
        level: the height of the present answer.
        band: the outline of the answers' ranges, as SVG writes it; "" where none are known.
        firm: the parts of the line that training supports, as an SVG path.
        rows: how many training rows there were, as bars from below, as an SVG path.
    """

    points: str
    mark: tuple[float, float] | None
    level: float
    band: str
    firm: str
    rows: str


def waterfall(base: float, contributions: Sequence[float]) -> Waterfall:
    """Place contributions one after the other, on a scale that just holds them all."""
    stops = [base]
    for contribution in contributions:
        stops.append(stops[-1] + contribution)
    scale = Scale(min(stops), max(stops))
    points = [scale.at(stop) for stop in stops]
    bars = tuple(
        Span(min(start, end), abs(end - start))
        for start, end in pairwise(points)
    )
    return Waterfall(points[0], points[-1], bars)


def columns(
    histogram: Histogram, value: float, interval: tuple[float, float] | None = None
) -> Columns:
    """Place an answer, and its range where one is known, on the training values."""
    scale = Scale(histogram.edges[0], histogram.edges[-1])
    tallest = max(histogram.counts) or 1
    path = "".join(
        f"M{index + GAP / 2:g} 100V{100 - 100 * count / tallest:.4g}h{1 - GAP:g}V100z"
        for index, count in enumerate(histogram.counts)
        if count
    )
    outside = not scale.low <= value <= scale.high
    return Columns(
        path, len(histogram.counts), scale.at(value), outside, _span(scale, interval)
    )


def from_zero(scale: Scale, value: float) -> Span:
    """A bar between 0 and a value, on a scale that has both."""
    scale = Scale(min(0.0, scale.low), max(0.0, scale.high))
    zero, end = scale.at(0.0), scale.at(value)
    return Span(min(zero, end), abs(end - zero))


def fraction_below(histogram: Histogram, value: float) -> float:
    """The share of training values below this one; a bar's are taken as evenly spread."""
    first, last = histogram.edges[0], histogram.edges[-1]
    total = histogram.below + sum(histogram.counts) + histogram.above
    if value < first:
        return 0.0
    if value > last:
        return (total - histogram.above) / total
    borders = pairwise(histogram.edges)
    below = histogram.below + sum(
        count * Scale(low, high).at(value) / 100
        for count, (low, high) in zip(histogram.counts, borders, strict=True)
    )
    return below / total


def curve(
    values: Sequence[float],
    predictions: Sequence[float],
    present: int | None,
    level: float,
    scale: Scale,
    intervals: Sequence[tuple[float, float]] = (),
    support: Sequence[float] = (),
    thin: Sequence[bool] = (),
) -> Curve:
    """Predictions over values.

    Args:
        values: in rising order.
        predictions: one for each value.
        present: the index of the present value among them, or None.
        level: the present prediction.
        scale: of the predictions; curves that are compared share one.
        intervals: the predictions' ranges, one for each value, or none.
        support: the share of training around each value, or none where that is not known.
        thin: for each of them, whether that is too little.
    """
    across = Scale(values[0], values[-1])
    points = [
        (across.at(value), height(scale, prediction))
        for value, prediction in zip(values, predictions, strict=True)
    ]
    ranged = list(zip(points, intervals, strict=True)) if intervals else []
    lower = [(x, height(scale, low)) for (x, _), (low, _) in ranged]
    upper = [(x, height(scale, high)) for (x, _), (_, high) in ranged]
    return Curve(
        line_of(points),
        points[present] if present is not None else None,
        height(scale, level),
        line_of([*lower, *reversed(upper)]),
        _firm(points, thin),
        _rows([x for x, _ in points], support),
    )


def _firm(points: Sequence[tuple[float, float]], thin: Sequence[bool]) -> str:
    """The line from each point to the next where neither stands for too little."""
    weak = thin or [False] * len(points)
    path, ends = "", False
    for (start, end), (a, b) in zip(pairwise(points), pairwise(weak), strict=True):
        begins = "" if ends else f"M{start[0]:.3g} {start[1]:.3g}"
        ends = not (a or b)
        path += f"{begins}L{end[0]:.3g} {end[1]:.3g}" if ends else ""
    return path


def _rows(across: Sequence[float], support: Sequence[float]) -> str:
    """A bar around each place, as high as its share is beside the largest."""
    most = max(support, default=0.0)
    if not most or len(across) < 2:
        return ""
    borders = [across[0], *((a + b) / 2 for a, b in pairwise(across)), across[-1]]
    return "".join(
        f"M{start:.3g} 100V{100 - SUPPORT_HEIGHT * share / most:.3g}H{end:.3g}V100"
        for share, (start, end) in zip(support, pairwise(borders), strict=True)
        if share > 0
    )


def height(scale: Scale, prediction: float) -> float:
    """Where an answer stands in a curve's box, in per cent from above."""
    return MARGIN + (100 - scale.at(prediction)) * (1 - 2 * MARGIN / 100)


def line_of(points: Iterable[tuple[float, float]]) -> str:
    """A line as SVG's ``points``."""
    return " ".join(f"{round(x, 1):g},{round(y, 1):g}" for x, y in points)


def _span(scale: Scale, interval: tuple[float, float] | None) -> Span | None:
    if interval is None:
        return None
    start, end = scale.at(interval[0]), scale.at(interval[1])
    return Span(start, end - start)
