"""Explanations: how much each field adds to the average prediction (Shapley values).

The value of a set of fields is the mean answer where those fields are this row's and all others
come from the background: synthetic rows drawn from each field's own distribution, the fields being
independent. A field's contribution is what it adds to such a set, averaged over all orders in which
fields can join. From the mean answer of the background they add up to this row's.

Lloyd Shapley, "A value for n-person games" (1953); Strumbelj and Kononenko, "Explaining prediction
models and individual predictions with feature contributions" (2014), for the sampling; Mitchell et
al., "Sampling permutations for Shapley value estimation" (2022), for its antithetic pairs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Columns, Engine, Label
from tablecast.inference.marginals import Background
from tablecast.inference.permutations import Walks
from tablecast.schema.field import Value
from tablecast.schema.schema import Row, Schema

#: Up to this many fields every set of them is evaluated: 1,024 sets.
MOST_EXACT = 10

#: Rows that the graph may predict for one explanation, exact or sampled. A background row costs
#: 2**fields of them where contributions are exact, and twice the number of fields where they are
#: sampled: 50 fields with 64 background rows make 6,400.
MOST_ROWS = 8192
MOST_SAMPLED_ROWS = 6400

#: Background rows. Drawn stratified, 64 give the mean answer to about 1%.
FEWEST_DRAWS, MOST_DRAWS = 16, 64

#: The tutorial's date. Any fixed number: the same row always gets the same explanation.
SEED = 20200428

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """What one field adds.

    Attributes:
        field: its name.
        value: what was asked.
        contribution: in the target's unit, or in probability of the class.
        error: one standard error of the sampled orders; 0 where nothing was sampled.
    """

    field: str
    value: Value
    contribution: float
    error: float = 0.0


@dataclass(frozen=True)
class Explanation:
    """Why one row is answered as it is: ``base`` and all contributions make ``answer``.

    Attributes:
        base: the mean answer over the background.
        answer: this row's answer, or the probability of its class.
        label: the class whose probability is explained; None for a number.
        contributions: one for each field, in the schema's order.
        exact: whether every set of fields was evaluated.
    """

    base: float
    answer: float
    label: Label | None
    contributions: tuple[Contribution, ...]
    exact: bool


class Explainer:
    """Explains the answers of one engine. The same row has the same explanation, always.

    Attributes:
        exact: whether every set of fields is evaluated.
        strata: (draws, fields), for each field the draws in the order of its distribution.
        draws: the background rows, as columns.
    """

    def __init__(self, schema: Schema, engine: Engine, background: Background) -> None:
        self._schema = schema
        self._engine = engine
        count = len(schema.fields)
        self.exact = count <= MOST_EXACT
        affordable = MOST_ROWS >> count if self.exact else MOST_SAMPLED_ROWS // (2 * count)
        draws = max(FEWEST_DRAWS, min(MOST_DRAWS, affordable))
        self.strata = strata(draws, count)
        self.draws = draw(schema, background, self.strata)

    @property
    def answers(self) -> int:
        """How many answers of the engine an explanation takes at most."""
        if self.exact:
            return len(self._plan.weights)
        return 2 * len(self.strata) * len(self._schema.fields)

    def explain(self, row: Row) -> Explanation:
        """What each field of a valid row contributes."""
        return self._exact(row) if self.exact else self._sampled(row)

    def _exact(self, row: Row) -> Explanation:
        plan = self._plan
        columns = {}
        for field, value in zip(self._schema.fields, row.values, strict=True):
            columns[field.name] = filled = plan.columns[field.name].copy()
            filled[plan.own[field.name]] = value
        outputs, label = followed(self._schema, self._engine, columns)
        worth = np.add.reduceat(outputs * plan.weights, plan.starts)
        return self._explanation(row, worth[0], worth[-1], plan.shapley @ worth, label)

    def _sampled(self, row: Row) -> Explanation:
        walks = Walks(self._schema, self.draws, row, self.orders)
        outputs, label = followed(self._schema, self._engine, walks.columns)
        gains = walks.gains(outputs)
        base = outputs[: len(gains)].mean()
        error = self._standard_error(gains)
        return self._explanation(row, base, outputs[-1], gains.mean(axis=0), label, error)

    def _standard_error(self, gains: Array) -> Array:
        """(fields,) from draws that are neighbours in the field's distribution.

        The draws are spread over it evenly, so how gains follow the field's own values is no error
        of the sampling; for such samples: Wolter, "Introduction to Variance Estimation", chapter 8.
        """
        ordered = np.take_along_axis(gains, self.strata, axis=0)
        squares = np.square(np.diff(ordered, axis=0)).mean(axis=0) / 2
        error: Array = np.sqrt(squares / len(gains))
        return error

    def _explanation(
        self, row: Row, base: float, prediction: float, gains: Array,
        label: Label | None, error: Array | None = None,
    ) -> Explanation:
        errors = np.zeros_like(gains) if error is None else error
        parts = zip(self._schema.fields, row.values, gains.tolist(), errors.tolist(), strict=True)
        contributions = tuple(
            Contribution(field.name, value, gain, error) for field, value, gain, error in parts
        )
        return Explanation(float(base), float(prediction), label, contributions, self.exact)

    @cached_property
    def _plan(self) -> _Plan:
        return _plan_of(self._schema, self.draws)

    @cached_property
    def orders(self) -> npt.NDArray[np.intp]:
        """(draws, fields): for each draw a random place of every field."""
        count = len(self._schema.fields)
        rng = np.random.default_rng(SEED + 1)
        return np.array([rng.permutation(count) for _ in range(len(self.strata))])


def followed(schema: Schema, engine: Engine, columns: Columns) -> tuple[Array, Label | None]:
    """The number of every row that is explained: for classes, the last row's class's probability.

    That is 1 or 0 where the estimator has no probabilities.
    """
    output = engine.answer(columns)
    if schema.task == "regression":
        return output.labels, None
    label = output.labels[-1:].tolist()[0]
    if output.probabilities is None:
        return (output.labels == label).astype(np.float64), label
    index = [str(name) for name in schema.classes].index(str(label))
    return output.probabilities[:, index], label


def strata(rows: int, fields: int) -> npt.NDArray[np.intp]:
    """(rows, fields): for each field, the background rows in the order of its distribution."""
    rng = np.random.default_rng(SEED)
    return np.stack([rng.permutation(rows) for _ in range(fields)], axis=1)


def draw(
    schema: Schema, background: Background, order: npt.NDArray[np.intp]
) -> dict[str, npt.NDArray[Any]]:
    """Background rows: each field spread evenly over its distribution, in an order of its own.

    A Latin hypercube: with 64 rows a field's mean is far nearer to its distribution's than 64
    independent draws would bring it.
    """
    positions = (np.arange(len(order)) + 0.5) / len(order)
    drawn = {}
    for index, field in enumerate(schema.fields):
        marginal = background.marginals[field.name]
        values = field.array(marginal.values)
        drawn[field.name] = np.empty(len(order), dtype=values.dtype)
        drawn[field.name][order[:, index]] = values[marginal.at(positions)]
    return drawn


@dataclass(frozen=True)
class _Plan:
    """All rows of an exact explanation but for the explained row's values.

    Attributes:
        columns: field name to (rows,) values of the background.
        own: field name to the (rows,) indices that the explained row's value takes.
        weights: (rows,) each row's share in its set's mean.
        starts: (sets,) where each set's rows begin; the set's bits are the fields given.
        shapley: (fields, sets), what turns the sets' worth into contributions.
    """

    columns: Mapping[str, npt.NDArray[Any]]
    own: Mapping[str, npt.NDArray[np.intp]]
    weights: Array
    starts: npt.NDArray[np.intp]
    shapley: Array


def _plan_of(schema: Schema, draws: Columns) -> _Plan:
    """Plan the sets' rows. Draws that differ in given fields only are one row, of more weight."""
    names = [field.name for field in schema.fields]
    codes = np.array([np.unique(draws[name], return_inverse=True)[1] for name in names])
    digits = codes.astype(np.int64) << (6 * np.arange(len(names), dtype=np.int64))[:, None]
    chosen, weights, sizes = [], [], []
    for fields in range(2 ** len(names)):
        absent = [bit for bit in range(len(names)) if not fields >> bit & 1]
        _, first, counts = np.unique(
            digits[absent].sum(axis=0), return_index=True, return_counts=True
        )
        chosen.append(first)
        weights.append(counts / counts.sum())
        sizes.append(len(first))
    rows = np.concatenate(chosen)
    known_fields = np.repeat(np.arange(2 ** len(names)), sizes)
    return _Plan(
        {name: draws[name][rows] for name in names},
        {name: np.flatnonzero(known_fields >> bit & 1) for bit, name in enumerate(names)},
        np.concatenate(weights),
        np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp),
        shapley_weights(len(names)),
    )


def shapley_weights(count: int) -> Array:
    """(count, 2**count): each set's weight in each field's Shapley value, by its definition."""
    sets = np.arange(2**count)
    sizes = np.array([fields.bit_count() for fields in sets.tolist()])
    weights = np.zeros((count, 2**count))
    joins = np.array([
        math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
        for size in range(count)
    ])
    for field in range(count):
        without = sets[(sets >> field & 1) == 0]
        weights[field, without] = -joins[sizes[without]]
        weights[field, without | 1 << field] = joins[sizes[without]]
    return weights
