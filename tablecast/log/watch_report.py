"""What the watch says of a deployment, from its days' sums: how it is asked, and how good it is.

All of it is plain data without words, for a page, for JSON and for Prometheus alike.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.log import evidence
from tablecast.log.bins import ANSWERS, Bins, bins_of, value_of
from tablecast.log.daily_sums import MILLISECONDS, Sums, added, total_of
from tablecast.log.evidence import ALPHA, Late
from tablecast.log.outcome_quality import Coverage, Figure, coverage_of, figures_of

Floats = npt.NDArray[np.float64]

#: Days that are shown and compared where nothing has changed: four weeks.
RECENT = 28

#: Weeks that are drawn: a quarter of a year.
MOST_WEEKS = 13

#: What is told by whether truths lie in their range, and by errors, beside fields and answers.
QUALITY_TESTS = 2

WEEK = 7  # days

#: Rows without an alarm below which nobody can tell that nothing has changed: of shifts by half a
#: standard deviation the quickest half were found after 50 to 125 (benchmarks/watch_replays.py).
FEWEST = 50

#: Day 0.
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Drift:
    """A field's values, or the answers, beside training's.

    Attributes:
        field: its name; ``ANSWERS`` for the answers.
        p: anytime-valid, corrected for all tests of the watch.
        since: the day since which most speaks for a change; None where there is none.
        rows: how many were counted since then, or of late.
        shares: (bins,) of those rows.
        mean: of a number in those rows; what is not there without any.
        bins: with training's shares.
        weeks: a number's mean, or the share of ``level``, in each week; None without rows.
    """

    field: str
    p: float
    since: date | None
    rows: int
    shares: tuple[float, ...]
    mean: float
    bins: Bins
    weeks: tuple[float | None, ...]

    @property
    def drifted(self) -> bool:
        return self.since is not None

    @property
    def unknown(self) -> bool:
        """Whether there are too few rows to tell."""
        return self.rows < FEWEST and not self.drifted

    @property
    def distance(self) -> float:
        """The share of rows that would have to change to be spread as training's."""
        return float(np.abs(np.array(self.shares) - self.bins.expected.shares).sum() / 2)

    @property
    def level(self) -> str | None:
        """Of a text: the level whose share has risen most; "" for rare, new and missing ones."""
        return _level(self.bins, np.array(self.shares))

    @property
    def trained(self) -> float:
        """A number's mean in training, or the share of ``level``."""
        level, shares = self.level, self.bins.expected.shares
        return self.bins.mean if level is None else _share(self.bins, shares, level)

    @property
    def now(self) -> float:
        """The same of these rows; what is not there without any."""
        level = self.level
        if level is None or not self.rows:
            return self.mean
        return _share(self.bins, np.array(self.shares), level)

@dataclass(frozen=True)
class Week:
    """Seven days, the last of which may be today.

    Attributes:
        first: the day it begins with.
        rows, refused, warned: answers, refused requests, answers with a warning.
        covered: the share of true values within their range; None where there are none.
        error: the mean absolute error, or log loss of classes; None where there is none.
    """

    first: date
    rows: int
    refused: int
    warned: int
    covered: float | None
    error: float | None


@dataclass(frozen=True)
class Report:
    """The whole watch of one deployment.

    Attributes:
        first, last: the days that it is about.
        sums: of all of them.
        tests: how many tests share the rate of false alarms.
        drifts: of the fields, the worst first.
        answers: of the answers; None where the deployment does not keep what they were like.
        not_compared: fields whose values are not compared.
        coverage: of the ranges; None without outcomes.
        figures: errors beside the card's; empty without outcomes.
        weeks: the last of them, in their order.
    """

    first: date
    last: date
    sums: Sums
    tests: int
    drifts: tuple[Drift, ...]
    answers: Drift | None
    not_compared: tuple[str, ...]
    coverage: Coverage | None
    figures: tuple[Figure, ...]
    weeks: tuple[Week, ...]

    @cached_property
    def is_quiet(self) -> bool:
        """Whether there is nothing to look into."""
        drifts = [*self.drifts, *([self.answers] if self.answers else [])]
        worse = any(figure.worse for figure in self.figures)
        below = self.coverage is not None and self.coverage.below
        return not (any(drift.drifted for drift in drifts) or worse or below)

    def day(self, start: int) -> date:
        """The day that is so many after the first."""
        return self.first + timedelta(start)

    def milliseconds(self, share: float) -> float | None:
        """The time within which this share of the answers was given; None without any."""
        counts = _counts(self.sums.get("ms", {}), len(MILLISECONDS) + 1)
        if not counts.sum():
            return None
        ends = np.array([0.0, *MILLISECONDS, 10 * MILLISECONDS[-1]])
        cumulated = np.concatenate([[0.0], np.cumsum(counts)])
        return float(np.interp(share * counts.sum(), cumulated, ends))

    def reasons(self, name: str) -> list[tuple[str, str, int]]:
        """What was refused ("refusals") or warned of ("warnings"): sentence, field, how often."""
        found = [
            (kind, field, times)
            for kind, fields in self.sums.get(name, {}).items()
            for field, times in fields.items()
        ]
        return sorted(found, key=lambda reason: (-reason[2], reason[0], reason[1]))


def report_of(
    description: Mapping[str, Any],
    days: Mapping[int, Sums],
    today: int,
    rows: Sequence[Mapping[str, Any]] = (),
) -> Report:
    """What the days' sums say.

    Args:
        description: the deployment's.
        days: day since 1970 to its sums.
        today: the last day that belongs to the watch.
        rows: the last rows of ``tables.PREDICTION``, in their order, as far as they are kept.
    """
    first = min(days, default=today)
    every = [days.get(day, {}) for day in range(first, max(today, *days, first) + 1)]
    together: Sums = {}
    for sums in every:
        added(together, sums)
    bins = bins_of(description)
    tests = len(bins) + QUALITY_TESTS
    began = EPOCH + timedelta(first)
    drifts = {
        name: _drift(name, one, every, tests, began, rows)
        for name, one in bins.items()
    }
    answers = drifts.pop(ANSWERS, None)
    fields = [field["name"] for field in description["schema"]["fields"]]
    return Report(
        first=began,
        last=began + timedelta(len(every) - 1),
        sums=together,
        tests=tests,
        drifts=tuple(sorted(drifts.values(), key=lambda one: (one.p, -one.distance))),
        answers=answers,
        not_compared=tuple(name for name in fields if name not in bins),
        coverage=coverage_of(description, every, tests),
        figures=figures_of(description, every, tests),
        weeks=tuple(_week(began, week, every) for week in _weeks(len(every))),
    )


def _drift(
    name: str, bins: Bins, every: Sequence[Sums], tests: int, began: date,
    rows: Sequence[Mapping[str, Any]],
) -> Drift:  # fmt: skip
    counts = np.array([_counts(day.get("bins", {}).get(name, {}), bins.size) for day in every])
    totals = np.array([_totals(name, bins, day) for day in every])
    places = np.array([bins.of_row(name, row) for row in rows], dtype=np.intp)
    late = Late.of(places, sum(day.get("rows", 0) for day in every), bins.size)
    found = evidence.drift(bins.expected, counts, late)
    p = found.p(tests)
    drifted = p <= ALPHA
    since = slice(found.start, None) if drifted else slice(-RECENT, None)
    counted, total = counts[since].sum(axis=0), totals[since].sum(axis=0)
    if drifted and found.since.sum() < counted.sum():  # within the last day
        counted = found.since
        its = total_of([value_of(name, row) for row in rows[-int(counted.sum()) :]])
        total = np.array([its["rows"], its["sum"]])
    shares = counted / max(counted.sum(), 1.0)
    level = _level(bins, shares)
    return Drift(
        name, p, began + timedelta(found.start) if drifted else None, int(counted.sum()),
        tuple(shares.tolist()), _mean(total), bins,
        tuple(_of_week(bins, counts[week].sum(axis=0), totals[week].sum(axis=0), level)
              for week in _weeks(len(every))),
    )  # fmt: skip


def _totals(name: str, bins: Bins, sums: Sums) -> tuple[float, float]:
    """How many numbers there are in a day's sums, and their sum.

    Where that was not kept, or is not any more, each counts as training's mean in its bin.
    """
    if bins.expected.places is None:
        return 0.0, 0.0
    kept = sums.get("totals", {}).get(name, {})
    if kept.get("rows"):
        return kept["rows"], kept["sum"]
    numbers = _counts(sums.get("bins", {}).get(name, {}), bins.size)[: len(bins.middles)]
    return float(numbers.sum()), float(numbers @ np.array(bins.middles))


def _of_week(bins: Bins, counts: Floats, total: Floats, level: str | None) -> float | None:
    """A number's mean, or the share of a level; None without rows."""
    if not counts.sum():
        return None
    return _mean(total) if level is None else _share(bins, counts / counts.sum(), level)


def _mean(total: Floats) -> float:
    rows, of_all = total.tolist()
    return of_all / rows if rows else math.nan


def _level(bins: Bins, shares: Floats) -> str | None:
    """Of a text: the level that is more frequent than in training, by most."""
    if bins.expected.places is not None:
        return None
    names = [*bins.levels, "", ""]
    return names[int(np.argmax(shares - bins.expected.shares))]


def _share(bins: Bins, shares: Floats, level: str) -> float:
    return float(shares[bins.levels[level]] if level else shares[len(bins.levels) :].sum())


def _counts(tally: Mapping[str, float], size: int) -> Floats:
    """Counts by place; a place beyond the bins, of another version, counts nowhere."""
    counts = np.zeros(size)
    for place, times in tally.items():
        if int(place) < size:
            counts[int(place)] = times
    return counts


def _weeks(days: int) -> list[slice]:
    """The last weeks, in their order; the last one ends with the last day."""
    return [slice(max(end - WEEK, 0), end) for end in range(days, 0, -WEEK)][:MOST_WEEKS][::-1]


def _week(began: date, week: slice, every: Sequence[Sums]) -> Week:
    sums: Sums = {}
    for day in every[week]:
        added(sums, day)
    outcomes = sums.get("outcomes", {})
    error = _ratio(outcomes, "absolute", "rows") or _ratio(outcomes, "log_loss", "scored")
    return Week(
        began + timedelta(week.start), sums.get("rows", 0), sums.get("refused", 0),
        sums.get("warned", 0), _ratio(outcomes, "inside", "ranged"), error,
    )


def _ratio(sums: Mapping[str, float], part: str, whole: str) -> float | None:
    """None where there is nothing to divide by."""
    return sums.get(part, 0) / sums[whole] if part in sums and sums.get(whole) else None
