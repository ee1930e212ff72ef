"""Axes: scales with round ticks."""

import math
from dataclasses import dataclass

from tablecast.web.display.charts import Scale


@dataclass(frozen=True)
class Axis:
    """A scale between two round numbers, and the ticks on it."""

    scale: Scale
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Per cent of the way."""
        return self.scale.at(value)


def axis_over(low: float, high: float, most: int = 5) -> Axis:
    """An axis whose round ticks span low to high, at most so many steps apart."""
    if high <= low:
        low, high = low - max(abs(low), 1.0) / 2, high + max(abs(high), 1.0) / 2
    step = next(width for width in _steps((high - low) / most) if _count(low, high, width) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{tick * step:.12g}") for tick in range(first, last + 1))
    return Axis(Scale(ticks[0], ticks[-1]), ticks)


def ticks_within(low: float, high: float, most: int = 4) -> tuple[float, ...]:
    """Round numbers between low and high, at most so many steps apart; none of a single value."""
    if high <= low:
        return ()
    return tuple(tick for tick in axis_over(low, high, most).ticks if low <= tick <= high)


def _steps(least: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10(least))
    return [m * power for m in (1, 2, 2.5, 5, 10, 20)]  # twice the least is enough


def _count(low: float, high: float, step: float) -> int:
    return math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9)
