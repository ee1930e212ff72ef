"""A sample of rows that come by once, each class in its share.

Every row draws a random number, and those with the smallest ones are the sample (Li, "Reservoir-
sampling algorithms", 1994). A class's share is known at the end only: until then more of each are
kept than its share so far asks for, enough that a final row is missing once in a billion.
"""

import math
from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np

#: Rows of a class that are kept however rare it is, as in a sample of a table that fits.
LEAST_OF_A_CLASS = 50
#: More different values are amounts, which need no shares of their own.
MOST_CLASSES = 200
#: How many standard deviations of a binomial count are kept to spare.
SPARED = 6.0
#: Beyond its size times this, the rows that cannot be of the sample are let go.
GROWTH = 1.5
#: And not for a few rows more, so that a small sample is not sorted all the time.
PIECE = 10_000


class Reservoir:
    """Takes rows in their order, and gives a sample of them.

    Args:
        most: how many rows at most, but for those of rare classes.
        seed: decides the sample, whatever pieces the rows come in.

    Attributes:
        total: how many rows came by.
    """

    def __init__(self, most: int, seed: int) -> None:
        self.total = 0
        self._most = most
        self._random = np.random.default_rng(seed)
        self._rows: list[Any] = []
        self._draws = np.empty(0)
        self._classes = np.empty(0, dtype=np.intp)
        self._places: dict[str, int] | None = {}
        self._counts = np.zeros(1, dtype=np.int64)

    def add(self, rows: Sequence[Any], classes: Sequence[str] | None = None) -> None:
        """Take rows.

        Args:
            rows: what is kept of each, whatever it is.
            classes: the class of each; None where all are of one.
        """
        self.total += len(rows)
        self._rows += rows
        self._draws = np.concatenate([self._draws, self._random.random(len(rows))])
        self._classes = np.concatenate([self._classes, self._placed(classes, len(rows))])
        if len(self._rows) > max(GROWTH * self._most, self._most + PIECE):
            self._keep(self._to_spare)

    def sample(self) -> list[Any]:
        """The sample, in the order in which the rows came; all of them where they are few."""
        if self.total > self._most:
            self._keep(self._wanted)
        return self._rows

    def _placed(self, classes: Sequence[str] | None, rows: int) -> Any:
        """The classes as numbers."""
        if classes is None or self._places is None:
            places = np.zeros(rows, dtype=np.intp)
        else:
            known = self._places
            places = np.array([known.setdefault(one, len(known)) for one in classes], dtype=np.intp)
            if len(known) > MOST_CLASSES:  # amounts: all are one class from now on
                self._places, self._classes = None, np.zeros_like(self._classes)
                self._counts, places = self._counts.sum(keepdims=True), np.zeros_like(places)
        counts = np.bincount(places, minlength=len(self._counts))
        counts[: len(self._counts)] += self._counts
        self._counts = counts
        return places

    def _wanted(self, share: float) -> int:
        """How many rows the sample has of a class with this many of its rows."""
        return max(round(share), LEAST_OF_A_CLASS if len(self._counts) > 1 else 1)

    def _to_spare(self, share: float) -> int:
        wanted = self._wanted(share)
        return math.ceil(wanted + SPARED * (math.sqrt(wanted) + 1))

    def _keep(self, wanted: Any) -> None:
        """Keep of each class so many rows, those with the smallest numbers."""
        most = np.array([wanted(self._most * count / self.total) for count in self._counts])
        order = np.lexsort((self._draws, self._classes))
        ordered = self._classes[order]
        rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
        kept = np.empty(len(order), dtype=bool)
        kept[order] = rank < most[ordered]
        self._rows = list(compress(self._rows, kept))
        self._draws, self._classes = self._draws[kept], self._classes[kept]
