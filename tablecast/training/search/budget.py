"""The time that a search may take, what was decided by it, and the line that says how it stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tablecast.training.search.replay import Answer

if TYPE_CHECKING:
    from tablecast.training.search.replay import Plan

class Clock:
    """Counts a budget from the moment it is made, and keeps what was decided by it.

    A search is a function of its table, its seed, its limits and these decisions alone: one that
    makes another's decisions again finds what that one found.

    Args:
        budget: seconds for everything, up to the saved deployment.
        began: when it began, as ``time.monotonic`` counts; None for now.
        then: the plan of a search that is repeated, whose decisions count instead of the time.

    Attributes:
        reserve: seconds of the budget that are kept for what comes after the search; whoever knows
            what that takes sets it. See ``tablecast.training.search.time_reserve``.
        asked: how many decisions were made.
        said: those that would be others with all the time in the world, by their number.
        interrupted: how many there were when Ctrl-C ended the search; None where it did not.
        close: whether the next run may decide otherwise.
    """

    def __init__(
        self, budget: float, began: float | None = None, then: Plan | None = None
    ) -> None:
        self.budget = budget
        self.reserve = 0.0
        self.asked = 0
        self.said: dict[int, bool | int | str] = {}
        self.interrupted: int | None = None
        self.close = False
        self._then = then
        self._began = time.monotonic() if began is None else began

    @property
    def repeats(self) -> bool:
        """Whether an earlier search's decisions are made again, whatever the time."""
        return self._then is not None

    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def left(self) -> float:
        """Seconds that the search itself may still take; negative when it is over."""
        return self.budget - self.reserve - self.spent()

    def has(self, seconds: float) -> bool:
        """Whether the search may go on for so many seconds."""
        return not self.decide(self.left() <= 0 or self.left() < seconds, False)

    def decide(self, now: Answer, usual: Answer, close: bool | None = None) -> Answer:
        """What the clock says; in a repeated search, what it said then.

        Args:
            now: what it says.
            usual: what it says where there is time for everything.
            close: whether the next run may say something else; None where it may unless this is the
                usual.

        Raises:
            KeyboardInterrupt: Ctrl-C ended the repeated search here.
            TrainingError: the repeated search was about something else here.
        """
        answer = now if self._then is None else self._again(self._then, usual)
        if answer != usual:
            self.said[self.asked] = answer
        self.close |= (answer != usual) if close is None else close
        self.asked += 1
        return answer

    def _again(self, then: Plan, usual: Answer) -> Answer:
        if self.asked == then.interrupted and self.interrupted is None:
            raise KeyboardInterrupt
        return then.again(self.asked, usual)

    def interrupt(self) -> None:
        """Ctrl-C has ended the search; what follows is decided as ever."""
        self.interrupted = self.asked

    def line(self, running: str, best: str, progress: Callable[[str], None]) -> None:
        """Say what runs, the best score so far and the time left until all is saved."""
        standing = Standing(running, best.lstrip("; "), self._began, self._began + self.budget)
        live: Callable[[Standing], None] | None = getattr(progress, "live", None)
        if live:
            live(standing)
        else:
            progress(standing.words(time.monotonic()))


@dataclass(frozen=True)
class Standing:
    """How a search stands.

    Attributes:
        running: what runs.
        best: the best score so far, as words; empty before there is one.
        began, ends: when, as ``time.monotonic`` counts.
    """

    running: str
    best: str
    began: float
    ends: float

    def words(self, now: float) -> str:
        """``42 s left  Lasso Regression, searched features  best so far: R2 0.8493``."""
        left = max(0, round(self.ends - now))
        return "  ".join(part for part in (f"{left:3d} s left", self.running, self.best) if part)

    def share(self, now: float) -> float:
        """How much of the time has passed, from 0 to 1."""
        whole = self.ends - self.began
        return min(1.0, max(0.0, (now - self.began) / whole)) if whole > 0 else 1.0
