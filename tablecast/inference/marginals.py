"""The distribution of each field in training: the background of every explanation.

A deployment keeps each field's marginal distribution and the target's histogram, and no row. Every
number in them is a count, or stands for at least ``FEWEST`` rows: the mean of that many neighbours,
or one value that so many share. What fields have to do with one another is not kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tablecast.schema.column_kinds import canonical_texts
from tablecast.schema.field import Field, Value
from tablecast.schema.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

#: A number's distribution is kept as the means of at most this many equally large groups.
GROUPS = 32

#: Rows behind every value that is kept: statistical offices publish no cell of fewer, as it could
#: be traced to one person.
FEWEST = 5

#: Levels whose frequency is kept; the others share what is left.
MOST_LEVELS = 50

#: Bars of the target's histogram: as many as a column of 300 px shows apart.
BARS = 40

#: The histogram spans these quantiles, so that one mansion does not press all houses into a bar.
CENTRAL = (0.005, 0.995)


@dataclass(frozen=True)
class Marginal:
    """One field's distribution in training.

    Attributes:
        values: its values, missing as the field says.
        frequencies: float64, one for each value; they add up to 1.
    """

    values: tuple[Value, ...]
    frequencies: npt.NDArray[np.float64]

    def at(self, positions: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        """The index of the value at each position (0 to 1) of the cumulated frequencies."""
        indices = np.searchsorted(np.cumsum(self.frequencies), positions, side="right")
        return np.minimum(indices, len(self.values) - 1).astype(np.intp)

    def around(self, values: Sequence[float]) -> npt.NDArray[np.float64]:
        """The share of training around each of some rising numbers.

        A number's surroundings begin and end midway to its neighbours. What is kept of a number is
        taken as spread evenly, again from midway to midway.
        """
        pairs = [
            (value, frequency)
            for value, frequency in zip(self.values, self.frequencies.tolist(), strict=True)
            if value == value  # a missing number differs from itself
        ]
        if not pairs:
            return np.zeros(len(values))
        known, frequencies = np.array(sorted(pairs), dtype=np.float64).T
        cumulated = np.concatenate([[0.0], np.cumsum(frequencies)])
        return np.diff(np.interp(borders_of(np.array(values)), borders_of(known), cumulated))


@dataclass(frozen=True)
class Histogram:
    """How the target was spread in training.

    Attributes:
        edges: the bars' borders, one more than bars, equally far apart.
        counts: rows in each bar.
        below, above: rows beyond the first and the last border.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int = 0
    above: int = 0


@dataclass(frozen=True)
class Background:
    """The distributions that a deployment keeps.

    Attributes:
        marginals: field name to distribution, in the schema's order.
        histogram: of a number's training values; None for classes.
        class_fractions: class to its share in training; empty for a number.
        rows: how many there were.
    """

    marginals: Mapping[str, Marginal]
    histogram: Histogram | None
    class_fractions: Mapping[str, float]
    rows: int

    @classmethod
    def from_json(cls, data: Mapping[str, Any], schema: Schema) -> Background:
        """Read what ``background_of`` made."""
        target = data["target"]
        histogram = Histogram(
            tuple(target["edges"]), tuple(target["counts"]), target["below"], target["above"]
        ) if "edges" in target else None
        counts = target.get("classes", {})
        total = sum(counts.values())
        spread = sum(histogram.counts) + histogram.below + histogram.above if histogram else 0
        return cls(
            {field.name: _marginal(field, data["fields"][field.name]) for field in schema.fields},
            histogram,
            {name: count / total for name, count in counts.items()},
            total + spread,
        )

    @cached_property
    def frequent(self) -> Mapping[str, Mapping[Value, float]]:
        """Field name to value to share."""
        return {
            name: dict(zip(marginal.values, marginal.frequencies.tolist(), strict=True))
            for name, marginal in self.marginals.items()
        }


def borders_of(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Where each number's surroundings begin, and where those of the last one end."""
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middles = (values[1:] + values[:-1]) / 2
    return np.concatenate(
        [[2 * values[0] - middles[0]], middles, [2 * values[-1] - middles[-1]]]
    )


def background_of(table: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """The distributions of a prepared training table, as plain data.

    Returns:
        ``{"fields": {name: {"values", "counts", "missing", "rest"}}, "target": …}``: ``missing``
        counts rows without a value, ``rest`` those whose level is too rare to be listed. The target
        is ``{"edges", "counts", "below", "above"}`` or ``{"classes": {class: count}}``.
    """
    return {
        "fields": {field.name: _spread(field, table[field.name]) for field in schema.fields},
        "target": _target(table[schema.target], schema),
    }


def _spread(field: Field, column: pd.Series) -> dict[str, Any]:
    values = field.array_of_table(column)
    known = values[values != ""] if field.is_text else values[~np.isnan(values)]
    spread = _levels(known) if field.is_text else _groups(field, np.sort(known))
    return {**spread, "missing": len(values) - len(known)}


def _levels(known: npt.NDArray[Any]) -> dict[str, Any]:
    names, counts = np.unique(known.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    kept = [index for index in order.tolist() if counts[index] >= FEWEST]
    listed = [int(counts[index]) for index in kept]
    return {
        "values": [str(names[index]) for index in kept],
        "counts": listed,
        "rest": len(known) - sum(listed),
    }


def _groups(field: Field, known: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Numbers as the values that rows share, or else as means of equally large groups."""
    if len(known) < FEWEST:
        return {"values": [], "counts": [], "rest": 0}
    values, counts = np.unique(known, return_counts=True)
    if len(values) > GROUPS or counts.min() < FEWEST:
        parts = np.array_split(known, min(GROUPS, len(known) // FEWEST))
        means = [field.mean_of(part, known) for part in parts]
        values, indices = np.unique(means, return_inverse=True)
        counts = np.bincount(indices, weights=[len(part) for part in parts])
    return {"values": values.tolist(), "counts": [int(count) for count in counts], "rest": 0}


def _target(column: pd.Series, schema: Schema) -> dict[str, Any]:
    if schema.task == "classification":
        counts = canonical_texts(column).value_counts()
        named = {str(name): 0 for name in schema.classes}
        return {"classes": named | {str(name): int(n) for name, n in counts.items()}}
    values = column.dropna().to_numpy(dtype=np.float64)
    low, high = np.quantile(values, CENTRAL).tolist()
    edges = [float(f"{edge:.12g}") for edge in round_edges(low, high, BARS)]
    counts, _ = np.histogram(values, edges)
    return {
        "edges": edges,
        "counts": counts.tolist(),
        "below": int((values < edges[0]).sum()),
        "above": int((values > edges[-1]).sum()),
    }


def round_edges(low: float, high: float, most: int) -> list[float]:
    """Borders between round numbers that span low to high, of at most so many bars."""
    if high <= low:
        low, high = low - max(abs(low), 1.0), high + max(abs(high), 1.0)
    least = (high - low) / (most - 2) * (1 - 1e-9)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(m * power for m in (2, 2.5, 5, 10) if m * power >= least)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [tick * step for tick in range(first, last + 1)]


def _marginal(field: Field, data: Mapping[str, Any]) -> Marginal:
    values, counts = list(data["values"]), [float(count) for count in data["counts"]]
    if data["rest"]:
        others = sorted(set(field.levels) - set(values))
        values += others
        counts += [data["rest"] / len(others)] * len(others)
    if data["missing"]:
        values.append(field.missing)
        counts.append(float(data["missing"]))
    weights = np.array(counts)
    return Marginal(tuple(values), weights / weights.sum())
