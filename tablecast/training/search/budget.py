"""The budget of a search, in seconds or trials, and the line that shows its progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from tablecast.errors import TrainingError
from tablecast.training.cluster.executor import threads

#: Seconds, where the command names none: as long as a person waits with a coffee.
DEFAULT_BUDGET = 120.0
#: Loading PyCaret and setting it up take most of so many seconds on any machine.
LEAST_BUDGET = 10.0
#: Of the seconds, kept at most for the fits that follow the search.
KEPT_BACK = 0.4
#: What follows besides fits (checks, importance, effects, graph, proof and files), as a multiple of
#: what the first view took: that grows with columns, texts and other work on the machine as well.
OTHERWISE = 6.0
#: Fits on all rows that follow besides the refits, the fewest refits, and what a fit takes beside a
#: fold's, which has 56% of the rows.
LAST_FITS, FEWEST_REFITS, WHOLE_FIT = 2, 3, 1.6
#: Refits for ranges and errors where a table does not say how many it usually has.
USUAL_REFITS = 10
#: What takes no more of the seconds is no reason to leave out something better.
NEGLIGIBLE = 0.01


class Budget:
    """Seconds up to the saved deployment, or a number of trials.

    A search is a sequence of trials that depends on its table, seed and limits alone. Seconds end
    it somewhere, which another machine, or this one in a busier moment, does elsewhere; a number of
    trials ends it at the same place everywhere, and then no clock has a say in what is found.

    Args:
        seconds: for everything.
        trials: how many estimators are tried; the seconds then do not count. None for no number.
        began: when the seconds began, as ``time.monotonic`` counts; None for now.
        refits: how many usually follow the search.

    Attributes:
        otherwise: seconds of what follows the search besides fits; 0 before a view is prepared.
    """

    def __init__(
        self,
        seconds: float = DEFAULT_BUDGET,
        trials: int | None = None,
        began: float | None = None,
        refits: int = USUAL_REFITS,
    ) -> None:
        self.seconds = seconds
        self.trials = trials
        self.began = time.monotonic() if began is None else began
        self.usual_refits = refits
        self.otherwise = 0.0

    def spent(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def prepared(self, seconds: float) -> None:
        """Learn what a view took; the first, since others share its steps."""
        self.otherwise = self.otherwise or OTHERWISE * seconds

    def left(self, fitting: float = 0.0) -> float:
        """Seconds that the search itself may still take; negative when it is over.

        Args:
            fitting: what may be chosen so far takes to fit on a fold.
        """
        fits = _one_by_one(self.usual_refits) * WHOLE_FIT * fitting
        return self.seconds - self.spent() - self.otherwise - min(fits, KEPT_BACK * self.seconds)

    def allows(self, done: int, seconds: float, fitting: float = 0.0) -> bool:
        """Whether, after so many trials, another may begin that takes about so many seconds."""
        return self.left(fitting) > seconds if self.trials is None else done < self.trials

    def bears(self, fitting: float) -> bool:
        """Whether there is time for what follows an estimator whose fit on a fold takes so long."""
        needed = _one_by_one(FEWEST_REFITS) * WHOLE_FIT * fitting
        left = self.seconds - self.spent() - self.otherwise
        most = max(NEGLIGIBLE * self.seconds, min(KEPT_BACK * self.seconds, left))
        return self.trials is not None or needed <= most

    def refits(self, whole: float) -> int:
        """How many refits there is time for where a fit on all rows takes so many seconds."""
        if self.trials is not None:
            return self.usual_refits
        left = self.seconds - self.spent() - self.otherwise
        most = min(self.usual_refits, int(left / max(whole, 1e-3)) * threads())
        return max(most, min(FEWEST_REFITS, self.usual_refits))

    def check_begun(self) -> None:
        """Raises TrainingError where the seconds are over before anything is tried."""
        if self.trials is None and self.spent() > self.seconds:
            enough = 10 * math.ceil((3 * self.spent() + 10) / 10)
            raise TrainingError(
                f"The budget of {self.seconds:g} s is too short for one model: reading the table "
                f"and loading PyCaret took {self.spent():.0f} s. Give it more (--budget {enough})."
            )

    def line(self, running: str, best: str, done: int, progress: Callable[[str], None]) -> None:
        """Say what runs, the best score so far and how much is left."""
        ends = self.began + self.seconds
        standing = Standing(running, best, self.began, ends, self.trials, done)
        live: Callable[[Standing], None] | None = getattr(progress, "live", None)
        if live:
            live(standing)
        else:
            progress(standing.words(time.monotonic()))


def _one_by_one(refits: int) -> int:
    """How many fits follow one another: some refits at once, and a blend's members before them."""
    return math.ceil(LAST_FITS / threads()) + math.ceil(refits / threads())


def check_budget(seconds: float | None) -> None:
    """Raises TrainingError, before any of them pass, where so few seconds are too few anywhere."""
    if seconds is not None and seconds < LEAST_BUDGET:
        raise TrainingError(
            f"The budget of {seconds:g} s is too short for one model: loading PyCaret takes some "
            f"seconds, and a search needs at least {LEAST_BUDGET:g} (--budget 30)."
        )


@dataclass(frozen=True)
class Standing:
    """How a search stands.

    Attributes:
        running: what runs.
        best: the best score so far, as words; empty before there is one.
        began, ends: when, as ``time.monotonic`` counts.
        trials: how many there shall be, where they are counted and not the seconds.
        done: how many there were.
    """

    running: str
    best: str
    began: float
    ends: float
    trials: int | None = None
    done: int = 0

    def words(self, now: float) -> str:
        """``42 s left  Lasso Regression, searched features  best so far: R2 0.8493``."""
        left = f"{max(0, round(self.ends - now)):3d} s left"
        if self.trials is not None:
            left = f"trial {self.done} of {self.trials}"
        return "  ".join(part for part in (left, self.running, self.best) if part)

    def fraction_done(self, now: float) -> float:
        """How much of the budget has gone, from 0 to 1."""
        if self.trials is not None:
            return min(1.0, self.done / self.trials)
        whole = self.ends - self.began
        return min(1.0, max(0.0, (now - self.began) / whole)) if whole > 0 else 1.0
