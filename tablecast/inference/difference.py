"""Why two cases are answered differently: what each field that differs adds.

The value of a set of fields is the answer to the first case with those fields as the other case has
them. A field's part is its Shapley value in this game: what it changes when it joins such a set,
averaged over all orders in which fields can join. The parts add up to the difference of the two
answers, exactly. No background is involved: a field that both cases share has no part in it, and
the same two cases have the same reasons whatever the training rows were.

Sundararajan and Najmi, "The many Shapley values for model explanation" (2020), call it baseline
Shapley, with the first case as the baseline.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Engine, Label
from tablecast.inference.permutations import Walks
from tablecast.inference.shapley import MOST_EXACT, SEED, Contribution, followed, shapley_weights
from tablecast.schema.field import Value
from tablecast.schema.schema import Row, Schema

#: Orders that are drawn, each with its reverse, where there are too many to try them all. Eighty
#: fields that all differ take 5,000 answers then, as one explanation of a single case does.
ORDERS = 32

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """``first`` and all parts make ``other``.

    Attributes:
        first, other: the cases' answers, or their probabilities of the first case's class.
        label: that class; None for a number.
        parts: one for each field that differs, in the schema's order, with the other case's value.
        exact: whether every set of fields was evaluated.
    """

    first: float
    other: float
    label: Label | None
    parts: tuple[Contribution, ...]
    exact: bool


def difference(schema: Schema, engine: Engine, first: Row, other: Row) -> Difference:
    """What each field that differs between two valid rows adds to the difference.

    Worked out from the other case to the first, whose class is followed; the way back is the same.
    """
    places = differing(first, other)
    exact = len(places) <= MOST_EXACT
    found = _exact if exact else _sampled
    outputs, label, gains, errors = found(schema, engine, first, other, places)
    parts = tuple(
        Contribution(schema.fields[place].name, other.values[place], gain, error)
        for place, gain, error in zip(places, gains.tolist(), errors.tolist(), strict=True)
    )
    return Difference(float(outputs[-1]), float(outputs[0]), label, parts, exact)


def orders_of(fields: int) -> npt.NDArray[np.intp]:
    """(orders, fields): each field's place in each of the orders that are drawn."""
    rng = np.random.default_rng(SEED)
    return np.array([rng.permutation(fields) for _ in range(ORDERS)])


def differing(first: Row, other: Row) -> list[int]:
    """The places of the fields in which two rows differ; two missing values are alike."""
    pairs = enumerate(zip(first.values, other.values, strict=True))
    return [place for place, (mine, theirs) in pairs if not _alike(mine, theirs)]


def _alike(mine: Value, theirs: Value) -> bool:
    return mine == theirs or (mine != mine and theirs != theirs)  # NaN differs from itself


_Found = tuple[Array, Label | None, Array, Array]


def _exact(
    schema: Schema, engine: Engine, first: Row, other: Row, places: Sequence[int]
) -> _Found:
    """Every set of the fields that differ; the set's bits say which are the first case's."""
    sets = np.arange(2 ** len(places))
    columns = schema.columns_of_one(other, len(sets))
    for bit, place in enumerate(places):
        columns[schema.fields[place].name][(sets >> bit & 1) == 1] = first.values[place]
    outputs, label = followed(schema, engine, columns)
    gains = -shapley_weights(len(places)) @ outputs
    return outputs, label, gains, np.zeros_like(gains)


def _sampled(
    schema: Schema, engine: Engine, first: Row, other: Row, places: Sequence[int]
) -> _Found:
    """Random orders in which the fields become the first case's, and their reverses."""
    walks = Walks(
        schema, schema.columns_of_one(other, ORDERS), first, orders_of(len(schema.fields))
    )
    outputs, label = followed(schema, engine, walks.columns)
    gains = -walks.gains(outputs)[:, places]
    return outputs, label, gains.mean(axis=0), gains.std(axis=0, ddof=1) / ORDERS**0.5
