"""The time that a search may take, and the line that says how it stands."""

from __future__ import annotations

import time
from collections.abc import Callable

from tablecast.live import Standing


class Clock:
    """Counts a budget from the moment it is made.

    Attributes:
        budget: seconds for everything, up to the saved deployment.
        reserve: seconds of it that are kept for what comes after the search; whoever knows what
            that takes sets it. See ``tablecast.automl.afterwards``.
    """

    def __init__(self, budget: float, began: float | None = None) -> None:
        self.budget = budget
        self.reserve = 0.0
        self._began = time.monotonic() if began is None else began

    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def left(self) -> float:
        """Seconds that the search itself may still take; negative when it is over."""
        return self.budget - self.reserve - self.spent()

    def line(self, running: str, best: str, progress: Callable[[str], None]) -> None:
        """Say what runs, the best score so far and the time left until all is saved."""
        standing = Standing(running, best.lstrip("; "), self._began, self._began + self.budget)
        live: Callable[[Standing], None] | None = getattr(progress, "live", None)
        if live:
            live(standing)
        else:
            progress(standing.words(time.monotonic()))
