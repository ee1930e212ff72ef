"""What follows a search, and how long it takes: the seconds that a budget keeps for it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tablecast.errors import TrainingError
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.training.evaluation.out_of_fold import MOST_ROWS
from tablecast.training.graph_cost import Cost, measure
from tablecast.training.intervals.conformal import folds_of

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared
    from tablecast.training.search.budget import Clock
    from tablecast.training.search.views import View

#: Why something that is good enough is not chosen.
TOO_LONG = "takes too long to fit for the budget"

# Seconds of one core, measured on five tables: learning the intervals' shapes, the card's facts
# about unseen rows, effects, files.
FIXED_SECONDS = 3.0
SECONDS_A_ROW = 0.0003
#: Calls of PyCaret's predict_model besides one a checked row and clone: for the holdout, the
#: importance of fields, and the proof.
CALLS = 8
#: Fits of about the whole table besides the clones': for the holdout, and the last one.
FITS = 1.7
#: The graph is compiled to be measured, and again to be written.
COMPILED = 2
# A fold's rows are 56% of the table; preparing them costs mostly what any number of rows does.
WHOLE_FIT, WHOLE_PREPARATION = 1.6, 1.4
# A machine that is busier for a moment than this will not be so for long.
SLOWEST = 4.0
#: Rows that are checked alone and in a batch, and clones at most: as usual, and in haste.
LEVELS = ((20, 10), (10, 5), (5, 3))
# Later than this is not what was asked for; a little late is better than nothing.
LATEST = 2.0
#: Nobody minds a deployment that is ready early, nor by this share of the budget late.
MARGIN, LATE = 1.15, 0.05
# The last trial may take longer than any before it.
OVERRUN = 1.15
# At most this share is kept for a usual amount of what follows; the search needs some time too.
MOST_KEPT = 0.5


@dataclass(frozen=True)
class Level:
    """How much is done afterwards: rows answered alone and in a batch, and clones fitted."""

    checked: int
    clones: int


class Afterwards:
    """Keeps the clock's reserve at what the best so far will need once the search is over.

    Its seconds are measured while the search runs: on this machine, busy as it is, and with this
    table.

    Args:
        prepared: the table.
        clock: whose ``reserve`` it sets.
    """

    def __init__(self, prepared: Prepared, clock: Clock) -> None:
        self._prepared = prepared
        self._clock = clock
        self._preparing = self._answering = self._compiling = 0.0
        self._slowness = 1.0
        rows = len(prepared.table)
        self._looked_at = min(rows, MOST_ROWS)  # whose answers by clones the card rests on
        usual = folds_of(self._looked_at)
        self._levels = [Level(checked, min(most, usual)) for checked, most in LEVELS]
        self.level = self._levels[0]

    def prepare(self, view_of: Callable[[], View]) -> View:
        """Make a view, and see how long that takes and how much of it is waiting for others."""
        began, worked = time.monotonic(), time.process_time()
        view = view_of()
        waited, worked = time.monotonic() - began, time.process_time() - worked
        self._slowness = min(max(waited / worked, 1.0), SLOWEST) if worked else 1.0
        self._preparing = max(self._preparing, view.preparing)
        return view

    def measure(self, pipeline: Any) -> Cost:
        """What a row costs in a fitted pipeline's graph; timed, as its answers are.

        Raises:
            UnsupportedStep: it has no graph form.
        """
        began = time.monotonic()
        cost = measure(pipeline, self._prepared)
        self._compiling = max(self._compiling, time.monotonic() - began)
        if not self._answering:
            self._answering = _seconds_of_an_answer(pipeline, self._prepared)
        return cost

    @property
    def is_short(self) -> bool:
        """Whether there is time for less than is usual."""
        return self.level is not self._levels[0]

    def seconds(self, fitting: float, level: Level | None = None) -> float:
        """How long everything takes from the last trial to the saved deployment, for an estimator
        whose fit on one fold takes so many seconds."""
        whole = WHOLE_FIT * fitting + WHOLE_PREPARATION * self._preparing
        return self._seconds(whole, FITS, level or self.level)

    def _seconds(self, whole: float, fits: float, level: Level) -> float:
        """How long everything takes where a fit on all rows takes so long and so many are left."""
        rows = len(self._prepared.table)
        clone = self._looked_at / rows * (1 - 1 / level.clones)  # its share of the rows
        own = FIXED_SECONDS + SECONDS_A_ROW * rows
        return MARGIN * (
            (fits + level.clones * clone) * whole
            + (CALLS + level.checked + level.clones) * self._answering
            + COMPILED * self._compiling
            + own * self._slowness
        )

    def settle(self, fitted: float) -> None:
        """Do as much afterwards as there is time for, now that all but the clones is fitted.

        Args:
            fitted: how many seconds that took.
        """
        level = self._most_within(self._left(), lambda one: self._seconds(fitted / FITS, 0, one))
        self.level = self._levels[self._clock.decide(self._levels.index(level), 0)]

    def _left(self) -> float:
        """Seconds that what follows may still take."""
        return (1 + LATE) * self._clock.budget - self._clock.spent()

    def _most_within(self, allowed: float, seconds: Callable[[Level], float]) -> Level:
        """As much as fits into so many seconds; the least, if nothing does."""
        fit = (one for one in self._levels if seconds(one) <= allowed)
        return next(fit, self._levels[-1])

    def bears(self, fitting: float) -> bool:
        """Whether there is time left for what such an estimator needs afterwards."""
        needed = self._clock.spent() + self._kept(fitting)
        return not self._clock.decide(needed > self._clock.budget, False)

    def _kept(self, fitting: float) -> float:
        """The seconds to keep for such an estimator."""
        seconds = partial(self.seconds, fitting)
        return seconds(self._most_within(MOST_KEPT * self._clock.budget, seconds))

    def keep(self, fitting: float) -> None:
        """Let the search end in time for an estimator that is fitted in so many seconds."""
        self._clock.reserve = OVERRUN * self._kept(fitting)

    def check_begun(self) -> None:
        """Refuse a budget that is over before anything is tried.

        Raises:
            TrainingError: it is.
        """
        spent = self._clock.spent()
        if spent > LATEST * self._clock.budget and not self._clock.repeats:
            raise TrainingError(
                f"The budget of {self._clock.budget:g} s is too short for one model: reading the "
                f"table and loading PyCaret took {spent:.0f} s. Give it more (--budget "
                f"{math.ceil((3 * spent + 10) / 10) * 10})."
            )

    def check(self, name: str, fitting: float) -> None:
        """Refuse a budget that is over before one estimator is saved.

        Raises:
            TrainingError: with the budget that would do.
        """
        self.level = self._most_within(self._left(), partial(self.seconds, fitting))
        needed = self._clock.spent() + self.seconds(fitting)
        if needed <= LATEST * self._clock.budget or self._clock.repeats:
            return
        enough = math.ceil(1.2 * needed / 10) * 10
        raise TrainingError(
            f"The budget of {self._clock.budget:g} s is too short for one model: reading, "
            f"preparing and one {name} took {self._clock.spent():.0f} s, and fitting it on all "
            f"rows, its figures, graph and proof take about {self.seconds(fitting):.0f} s more. "
            f"Give it --budget {enough}."
        )


def _seconds_of_an_answer(pipeline: Any, prepared: Prepared) -> float:
    """Of PyCaret's ``predict_model`` for one row, the second time."""
    row = prepared.table.drop(columns=prepared.target).head(1)
    predict_with_pycaret(pipeline, row, prepared.task)
    began = time.monotonic()
    predict_with_pycaret(pipeline, row, prepared.task)
    return time.monotonic() - began
