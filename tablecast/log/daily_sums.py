"""What happened, in sums that add up: of some rows, of a day, of a year.

Sums are nested mappings with numbers at their ends, which are plain JSON::

    {"rows": 2, "bins": {"age": {"3": 2}, "": {"0": 1, "7": 1}}, "ms": {"0": 2},
     "totals": {"age": {"rows": 2, "sum": 58.0}, "": {"rows": 2, "sum": 31790.5}},
     "warned": 1, "warnings": {"{field}: {value} did not occur in training.": {"town": 1}},
     "refused": 1, "refusals": {"Enter {field} as text.": {"town": 1}},
     "outcomes": {"rows": 1, "ranged": 1, "inside": 1, "absolute": 3.5, …}}

``bins`` has the bins of ``bins_of``, that of the answers under ``ANSWERS``; ``totals`` the numbers
among them. No name in it comes from whoever asked, so that nobody can make it grow.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

from tablecast.log.bins import ANSWERS, Bins, bins_of

Sums = dict[str, Any]

#: Ends of the groups of milliseconds that answers are counted in.
MILLISECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)

#: The least probability of what happened, as the card's log loss has it: a prediction that was
#: surely wrong counts 13.8.
LEAST_PROBABILITY = 1e-6

#: Numbers further from 0 count as this: a sum of larger ones may be no number.
MOST_VALUE = 1e100

#: Errors that are larger count as this: the fourth power of a larger one is no number.
MOST_ERROR = 1e70


def negated(sums: Mapping[str, Any]) -> Sums:
    """What takes these sums away again."""
    return {
        name: negated(value) if isinstance(value, Mapping) else -value
        for name, value in sums.items()
    }


def added(first: Sums, second: Mapping[str, Any]) -> Sums:
    """Both together, in ``first``."""
    for name, value in second.items():
        if isinstance(value, Mapping):
            added(first.setdefault(name, {}), value)
        else:
            first[name] = first.get(name, 0) + value
    return first


@dataclass(frozen=True)
class Counting:
    """How a deployment's rows are counted.

    Attributes:
        bins: as ``bins_of`` gives them.
        fields: the names of its fields.
    """

    bins: Mapping[str, Bins]
    fields: frozenset[str]

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Self:
        """By a deployment's description."""
        fields = description["schema"]["fields"]
        return cls(bins_of(description), frozenset(field["name"] for field in fields))

    def answers(self, rows: Sequence[Mapping[str, Any]]) -> Sums:
        """The sums of rows of ``tables.PREDICTION``."""
        given = [row["given"] for row in rows]
        columns = {
            name: [values.get(name) for values in given] for name in self.bins if name != ANSWERS
        }
        if ANSWERS in self.bins:
            columns[ANSWERS] = [row["prediction"] for row in rows]
        return {
            "rows": len(rows),
            "bins": {name: _tally(map(self.bins[name].of, its)) for name, its in columns.items()},
            "totals": {
                name: total_of(its)
                for name, its in columns.items()
                if self.bins[name].expected.places is not None
            },
            "ms": _tally(bisect_left(MILLISECONDS, row["ms"]) for row in rows),
            "warned": sum(bool(row["warnings"]) for row in rows),
            "warnings": self._reasons(row["warnings"] for row in rows),
        }

    def refusals(self, rows: Sequence[Mapping[str, Any]]) -> Sums:
        """The sums of rows of ``tables.REFUSAL``."""
        return {
            "refused": len(rows),
            "refusals": self._reasons(row["reasons"] for row in rows),
        }

    def _reasons(self, listed: Iterable[Iterable[Mapping[str, Any]]]) -> Sums:
        reasons: Sums = {}
        for reason in chain.from_iterable(listed):
            field = reason["field"] if reason["field"] in self.fields else ""
            added(reasons, {reason["kind"]: {field: 1}})
        return reasons


def total_of(values: Sequence[Any]) -> Sums:
    """How many numbers there are among some values, and their sum."""
    numbers = [min(max(value, -MOST_VALUE), MOST_VALUE) for value in values if value is not None]
    return {"rows": len(numbers), "sum": math.fsum(numbers)}


def of_outcome(row: Mapping[str, Any], outcome: float | int | str) -> Sums:
    """The sums of one answer, a row of ``tables.PREDICTION``, and what it should have been.

    An amount is a float, and a class is not.
    """
    of_one = _of_number if isinstance(outcome, float) else _of_class
    return {"outcomes": {"rows": 1, **of_one(row, outcome)}}


def _of_number(row: Mapping[str, Any], outcome: Any) -> Sums:
    error = min(abs(outcome - row["prediction"]), MOST_ERROR)
    sums = {"absolute": error, "squared": error**2, "fourth": error**4}
    low, high = row["low"], row["high"]
    if low is None or high is None:
        return sums
    return {**sums, "ranged": 1, "inside": int(low <= outcome <= high)}


def _of_class(row: Mapping[str, Any], outcome: Any) -> Sums:
    sums: Sums = {"right": int(str(outcome) == str(row["prediction"]))}
    if not row["probabilities"]:
        return sums
    chance = max(row["probabilities"].get(str(outcome), 0.0), LEAST_PROBABILITY)
    loss = -math.log(min(chance, 1.0))
    return {**sums, "scored": 1, "log_loss": loss, "log_loss_squared": loss**2}


def _tally(bins: Iterable[int]) -> Sums:
    return {str(place): times for place, times in Counter(bins).items()}
