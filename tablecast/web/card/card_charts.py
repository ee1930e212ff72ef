"""The model card's pictures as plain numbers; ``templates/card_charts.html`` draws them.

As in ``display.charts``, places are per cent of a picture's box, y downwards, and words stand
around a picture in HTML. Ticks are equally far apart from one end of a picture to the other, so
that HTML can place their words without measuring anything.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tablecast.web.display.axis import Axis, axis_over
from tablecast.web.display.charts import Scale, line_of

Point = tuple[float, float]

#: Strengths of the accent colour: more cannot be told apart.
STRENGTHS = 5
#: The gap between two bars, as a share of a bar.
GAP = 0.12
#: The strengths of so many classes that stand beside one another: as far apart as they can be.
TONES: Mapping[int, tuple[int, ...]] = {
    1: (5,), 2: (1, 4), 3: (1, 3, 5), 4: (1, 2, 4, 5), 5: (1, 2, 3, 4, 5), 6: (1, 2, 3, 4, 5, 6),
}


@dataclass(frozen=True)
class Plot:
    """One picture.

    Attributes:
        across, up: its axes.
        areas: filled outlines by strength, from 1 (faint) to ``STRENGTHS``, as SVG paths.
        lines: lines as SVG's ``points``, by the name of their style.
        dots: places of dots, in per cent.
    """

    across: Axis
    up: Axis
    areas: Mapping[int, str]
    lines: Mapping[str, str]
    dots: tuple[Point, ...] = ()


#: From 0 to 1, for shares.
FROM_0_TO_1 = Axis(Scale(0.0, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0))

#: From the bottom left to the top right.
_DIAGONAL = "0,100 100,0"


def cells(data: Mapping[str, Any]) -> Plot:
    """Rows by actual (across) and predicted value (upwards), the more the stronger."""
    edges = data["edges"]
    axis = axis_over(edges[0], edges[-1], 4)
    most = max((rows for _, _, rows in data["counts"]), default=1)
    areas: dict[int, str] = {}
    for across, upwards, rows in data["counts"]:
        # Square roots: beside a crowded cell a cell of a few rows would not be seen.
        strength = max(1, math.ceil(STRENGTHS * math.sqrt(rows / most)))
        left, right = axis.at(edges[across]), axis.at(edges[across + 1])
        top, bottom = 100 - axis.at(edges[upwards + 1]), 100 - axis.at(edges[upwards])
        areas[strength] = areas.get(strength, "") + _box(left, top, right, bottom)
    return Plot(axis, axis, areas, {"even": _DIAGONAL})


def bars(edges: Sequence[float], counts: Sequence[int]) -> Plot:
    """A histogram; where its values are on both sides of 0, a line stands there."""
    filled = [index for index, count in enumerate(counts) if count]
    first, last = (filled[0], filled[-1] + 1) if filled else (0, len(counts))
    across, up = axis_over(edges[first], edges[last], 4), axis_over(0, max(counts) or 1, 4)
    path = ""
    for count, (low, high) in zip(counts, pairwise(edges), strict=True):
        if count:
            left, right = across.at(low), across.at(high)
            gap = GAP / 2 * (right - left)
            path += _box(left + gap, 100 - up.at(count), right - gap, 100)
    zero = across.at(0.0)
    is_between = across.scale.low < 0 < across.scale.high
    lines = {"even": line_of([(zero, 0), (zero, 100)])} if is_between else {}
    return Plot(across, up, {STRENGTHS: path}, lines)


def errors_by_answer(groups: Sequence[Mapping[str, float]]) -> Plot:
    """Residuals over answers: the band of eight in ten, the mean, and a line where there is none.

    One group of extreme answers does not press all others together: beyond three times the
    height of the others' bands it is drawn at the edge.
    """
    across = axis_over(groups[0]["predicted"], groups[-1]["predicted"], 4)
    ends = sorted(
        max(abs(group["residual_low"]), abs(group["residual_high"]), abs(group["residual"]))
        for group in groups
    )
    reach = min(ends[-1], 3 * ends[len(ends) * 3 // 4]) or 1.0
    up = axis_over(-reach, reach)

    def at(name: str) -> list[Point]:
        return [(across.at(group["predicted"]), 100 - up.at(group[name])) for group in groups]

    band = _outline([*at("residual_low"), *reversed(at("residual_high"))])
    lines = {"even": _level(100 - up.at(0.0)), "line": line_of(at("residual"))}
    return Plot(across, up, {1: band}, lines, tuple(at("residual")))


def coverage(groups: Sequence[Mapping[str, float]], level: float) -> Plot:
    """The share of rows inside the range, over answers; a line at what it is meant to be."""
    across = axis_over(groups[0]["predicted"], groups[-1]["predicted"], 4)
    up = axis_over(min(level, *(group["covered"] for group in groups)), 1.0, 4)
    points = [
        (across.at(group["predicted"]), 100 - up.at(group["covered"])) for group in groups
    ]
    lines = {"even": _level(100 - up.at(level)), "line": line_of(points)}
    return Plot(across, up, {}, lines, tuple(points))


def roc(points: Sequence[Sequence[float]]) -> Plot:
    """True over false positive rate, and what guessing gives."""
    points_drawn = _without_straights([(100 * false, 100 - 100 * true) for false, true in points])
    lines = {"even": _DIAGONAL, "line": line_of(points_drawn)}
    return Plot(FROM_0_TO_1, FROM_0_TO_1, {1: _outline(points_drawn, "L100 100z")}, lines)


def calibration(groups: Sequence[Mapping[str, float]]) -> Plot:
    """How often what was given a probability came true, over that probability."""
    points = [(100 * group["predicted"], 100 - 100 * group["actual"]) for group in groups]
    lines = {"even": _DIAGONAL, "line": line_of(points)}
    return Plot(FROM_0_TO_1, FROM_0_TO_1, {}, lines, tuple(points))


def effect(values: Sequence[float], predictions: Sequence[float], up: Axis, mean: float) -> Plot:
    """The mean answer over one field's values; a line at the mean of all."""
    across = Axis(Scale(values[0], values[-1]), (values[0], values[-1]))
    points = [
        (across.at(value), 100 - up.at(prediction))
        for value, prediction in zip(values, predictions, strict=True)
    ]
    lines = {"even": _level(100 - up.at(mean)), "line": line_of(points)}
    return Plot(across, up, {}, lines)


def class_areas(values: Sequence[float], probabilities: Sequence[Sequence[float]]) -> Plot:
    """The mean probabilities of classes over one field's values, one standing on the other.

    The first class is the faintest, and stands below; what classes without a name have is left
    free above.
    """
    across = Axis(Scale(values[0], values[-1]), (values[0], values[-1]))
    xs = [across.at(value) for value in values]
    floor = [100.0] * len(xs)
    areas: dict[int, str] = {}
    for index, tone in enumerate(TONES[len(probabilities[0])]):
        roof = [low - 100 * row[index] for low, row in zip(floor, probabilities, strict=True)]
        outline = [*zip(xs, roof, strict=True), *reversed(list(zip(xs, floor, strict=True)))]
        areas[tone] = _outline(outline)
        floor = roof
    return Plot(across, FROM_0_TO_1, areas, {})


def rug(values: Iterable[float], axis: Axis) -> str:
    """Short lines where a field's training values are, as an SVG path in a box 100 high."""
    return "".join(f"M{round(axis.at(value), 1):g} 0V100" for value in values)


def _box(left: float, top: float, right: float, bottom: float) -> str:
    return f"M{left:.3g} {bottom:.3g}V{top:.3g}H{right:.3g}V{bottom:.3g}z"


def _level(height: float) -> str:
    return line_of([(0, height), (100, height)])


def _outline(points: Iterable[Point], end: str = "z") -> str:
    return "M" + "L".join(f"{round(x, 1):g} {round(y, 1):g}" for x, y in points) + end


def _without_straights(points: list[Point]) -> list[Point]:
    """The same line without the points that lie on a straight part of it."""
    kept = points[:1]
    for here, after in pairwise(points[1:]):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], here, after
        if abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) > 1e-6:
            kept.append(here)
    return [*kept, points[-1]]
