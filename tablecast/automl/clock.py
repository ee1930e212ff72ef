"""The time that a search may take, and the line that says how it stands."""

from __future__ import annotations

import time
from collections.abc import Callable

# Fitting the winner on all rows, its intervals, the graph and its proof come after the search.
# Measured on five tables: 6 to 15 s, and twice that for a pipeline that takes long to fit.
RESERVE_SECONDS = 14.0
RESERVE_SHARE = 0.35


class Clock:
    """Counts a budget from the moment it is made."""

    def __init__(self, budget: float, began: float | None = None) -> None:
        self.budget = budget
        self._began = time.monotonic() if began is None else began

    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def left(self) -> float:
        """Seconds that the search itself may still take; negative when it is over."""
        return self.budget - self.reserve - self.spent()

    @property
    def reserve(self) -> float:
        """Seconds that are kept for what comes after the search."""
        return max(min(RESERVE_SECONDS, 0.5 * self.budget), RESERVE_SHARE * self.budget)

    def line(self, running: str, best: str, progress: Callable[[str], None]) -> None:
        """Say what runs, the best score so far and the time left."""
        progress(f"[{self.spent():4.0f} s, {max(self.left(), 0):3.0f} s left] {running}{best}")
