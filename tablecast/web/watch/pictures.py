"""The watch's pictures as plain numbers, drawn as the model card's are."""

from collections.abc import Sequence

from tablecast.web.card.card_charts import GAP, Plot
from tablecast.web.display.axis import Axis, axis_over
from tablecast.web.display.charts import Scale, line_of

#: Strengths of the accent colour: training's bars, and those of now.
TRAINED, NOW = 2, 5

#: Ticks of a small picture, beside 0.
TICKS = 2


def pairs(trained: Sequence[float], now: Sequence[float]) -> Plot:
    """Two bars for each bin, as wide as the others: its share in training, and now."""
    up = axis_over(0.0, max([*trained, *now]) or 1.0, TICKS)
    areas = {TRAINED: "", NOW: ""}
    slot = 100 / len(trained)
    for index, shares in enumerate(zip(trained, now, strict=True)):
        for half, (strength, share) in enumerate(zip((TRAINED, NOW), shares, strict=True)):
            left = slot * (index + GAP / 2 + half * (1 - GAP) / 2)
            areas[strength] += _bar(left, slot * (1 - GAP) / 2, up.at(share))
    return Plot(_across(len(trained)), up, areas, {})


def bars(values: Sequence[float]) -> Plot:
    """A bar for each week."""
    up = axis_over(0.0, max(values, default=0.0) or 1.0, TICKS)
    slot = 100 / max(len(values), 1)
    path = "".join(
        _bar(slot * (index + GAP / 2), slot * (1 - GAP), up.at(value))
        for index, value in enumerate(values)
    )
    return Plot(_across(len(values)), up, {NOW: path}, {})


def course(values: Sequence[float | None], level: float | None) -> Plot:
    """A line over the weeks, and a dashed one at the level that it is compared with."""
    known = [value for value in [*values, level] if value is not None]
    up = axis_over(min(known), max(known), TICKS)
    across = _across(len(values))
    points = [
        (across.at(week), 100 - up.at(value))
        for week, value in enumerate(values) if value is not None
    ]
    lines = {"line": line_of(points)}
    if level is not None:
        lines["even"] = line_of([(0, 100 - up.at(level)), (100, 100 - up.at(level))])
    return Plot(across, up, {}, lines, tuple(points))


def _across(count: int) -> Axis:
    last = float(max(count - 1, 1))
    return Axis(Scale(0.0, last), (0.0, last))


def _bar(left: float, width: float, height: float) -> str:
    return f"M{left:.4g} 100v{-height:.4g}h{width:.4g}V100z" if height else ""
