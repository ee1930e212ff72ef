"""The bins in which values and answers are counted, beside how many of training's fell into each.

A deployment keeps the distribution of each field, and of the answers to rows that it had not seen,
as means of equally large groups. Between two of those a group's values are taken as evenly spread.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.marginals import borders_of
from tablecast.log.evidence import Expected
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema

#: Bins of a number, each of about as many of training's rows: finer ones would need more rows to
#: tell the same shift.
MOST_BINS = 10

#: Levels that are counted by themselves; the others share one bin.
MOST_LEVELS = 20

#: Fewer groups than this of a number's answers say nothing of how they are spread.
FEWEST_GROUPS = 4

#: Added to each bin's rows: what training never saw is rare, and not impossible (Jeffreys).
UNSEEN = 0.5

#: What the names of the answers' bins stand under, where fields stand under their own names.
ANSWERS = ""


@dataclass(frozen=True)
class Bins:
    """Where one field's values, or the answers, are counted.

    A number's bins are the spaces between ``edges``, then one for missing values. A text's are its
    levels, then one for all others, then one for missing values.

    Attributes:
        edges: of a number, rising; one less than its bins.
        levels: of a text, as ``str`` of what JSON has for them, to their bins.
        middles: of a number, the mean of training's values in each bin.
        expected: of training.
        mean: of a number, of all of training's values.
    """

    edges: tuple[float, ...]
    levels: Mapping[str, int]
    middles: tuple[float, ...]
    expected: Expected
    mean: float = 0.0

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.expected.shares)

    def of(self, value: Any) -> int:
        """The bin of a value as JSON has it: None is missing."""
        if value is None:
            return self.size - 1
        if self.expected.places is None:
            return self.levels.get(str(value), self.size - 2)
        return bisect_right(self.edges, value)

    def of_row(self, name: str, row: Mapping[str, Any]) -> int:
        """The bin of a row of ``tables.PREDICTION``: of a field by its name, or of the answer."""
        return self.of(value_of(name, row))


def value_of(name: str, row: Mapping[str, Any]) -> Any:
    """A value of a row of ``tables.PREDICTION``: of a field by its name, or the answer."""
    return row["prediction"] if name == ANSWERS else row["given"].get(name)


def bins_of(description: Mapping[str, Any]) -> dict[str, Bins]:
    """Field name to its bins, and ``ANSWERS`` to those of the answers.

    Left out is what is not compared: dates, which go on; fields that the form file keeps out of the
    log, or hashes; fields and answers of deployments that keep no distribution of them.
    """
    schema = Schema.from_json(description["schema"])
    kept = description.get("background", {}).get("fields", {})
    found = {
        field.name: _of_field(field, kept[field.name])
        for field in schema.fields
        if field.name in kept and not field.goes_on and is_logged(field)
    }
    answers = _of_answers(schema, description["card"].get("evaluation") or {})
    return {name: bins for name, bins in (*found.items(), (ANSWERS, answers)) if bins}


def is_logged(field: Field) -> bool:
    """Whether the log has a field's values as they are."""
    return getattr(field, "log", "") not in ("no", "hash")


def _of_field(field: Field, kept: Mapping[str, Any]) -> Bins | None:
    if field.is_text:
        levels = [str(field.json_value(level)) for level in kept["values"]]
        known = dict(zip(levels, kept["counts"], strict=True))
        return _of_levels(known, kept["rest"], kept["missing"])
    return _of_numbers(kept["values"], kept["counts"], kept["missing"], field.is_whole)


def _of_answers(schema: Schema, evaluation: Mapping[str, Any]) -> Bins | None:
    """The bins of answers to rows that the refits had not seen."""
    if schema.task == "classification":
        confusion = evaluation.get("confusion")
        if not confusion:
            return None
        answered = [sum(column) for column in zip(*confusion["counts"], strict=True)]
        known = dict(zip(map(str, confusion["classes"]), answered, strict=False))
        return _of_levels(known, sum(answered) - sum(known.values()), 0)
    groups = evaluation.get("by_answer") or []
    if len(groups) < FEWEST_GROUPS:
        return None
    return _of_numbers(
        [group["predicted"] for group in groups], [group["rows"] for group in groups], 0, False
    )


def _of_levels(counts: Mapping[str, int], rest: int, missing: int) -> Bins | None:
    listed = sorted(counts, key=lambda level: -counts[level])[:MOST_LEVELS]
    rest += sum(counts.values()) - sum(counts[level] for level in listed)
    rows = np.array([*(counts[level] for level in listed), rest, missing], dtype=np.float64)
    if not rows.sum():
        return None
    return Bins((), {level: at for at, level in enumerate(listed)}, (), _expected(rows, None))


def _of_numbers(
    values: Sequence[float], counts: Sequence[int], missing: int, whole: bool
) -> Bins | None:
    if not values or len(set(values)) < 2:
        return None
    means, weights = np.array(sorted(zip(values, counts, strict=True)), dtype=np.float64).T
    borders = borders_of(means)
    below = np.concatenate([[0.0], np.cumsum(weights)])
    edges = _edges(borders, below, whole)
    # Of the first and the last bin all that is beyond belongs to it.
    cumulated = np.concatenate([[0.0], np.interp(edges, borders, below), [below[-1]]])
    rows = np.diff(cumulated)
    middles = _middles(edges, means, weights)
    return Bins(
        tuple(edges.tolist()), {}, tuple(middles.tolist()),
        _expected(np.append(rows, missing), _places(middles, rows)),
        float(np.average(means, weights=weights)),
    )


def _edges(
    borders: npt.NDArray[np.float64], below: npt.NDArray[np.float64], whole: bool
) -> npt.NDArray[np.float64]:
    """Borders between bins of about as many rows, midway between whole numbers."""
    if len(borders) - 1 <= MOST_BINS:
        edges = borders[1:-1]
    else:
        at = np.arange(1, MOST_BINS) / MOST_BINS * below[-1]
        edges = np.interp(at, below, borders)
        edges = borders[1:-1][np.unique(np.abs(borders[1:-1] - edges[:, None]).argmin(axis=1))]
    return np.asarray(np.unique(np.floor(edges) + 0.5 if whole else edges), dtype=np.float64)


def _middles(
    edges: npt.NDArray[np.float64], means: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """The mean of each bin; of one between two groups the place between its borders."""
    at = np.searchsorted(edges, means, side="right")
    size = len(edges) + 1
    rows = np.bincount(at, weights, size)
    totals = np.bincount(at, weights * means, size)
    ends = np.concatenate([[means[0]], edges, [means[-1]]])
    between = (ends[1:] + ends[:-1]) / 2
    means_there = totals / np.maximum(rows, 1)
    return np.asarray(np.where(rows > 0, means_there, between), dtype=np.float64)


def _places(
    middles: npt.NDArray[np.float64], rows: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Standard deviations from the mean of each bin; 0 of missing values."""
    mean = np.average(middles, weights=rows)
    spread = np.sqrt(np.average((middles - mean) ** 2, weights=rows))
    return np.append((middles - mean) / spread, 0.0)


def _expected(
    rows: npt.NDArray[np.float64], places: npt.NDArray[np.float64] | None
) -> Expected:
    shares = (rows + UNSEEN) / (rows.sum() + UNSEEN * len(rows))
    return Expected(shares, places, int(rows.sum()))
