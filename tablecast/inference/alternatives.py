"""What would have to change for another answer: the fewest fields, and the smallest changes.

A search through the graph. Every single change is tried at once, then pairs of fields, then three
together, until three different sets of fields lead to what is wanted. No set contains a smaller one
that does. Of a set's changes the smallest stay, numbers are brought as near to the case's own as
they can be, and each way is answered again by itself before anybody is told of it.

They show what goes together in the training rows, not what causes what.

Wachter, Mittelstadt and Russell, "Counterfactual explanations without opening the black box"
(2017), for the question; Mothilal, Sharma and Tan, "Explaining machine learning classifiers through
diverse counterfactual explanations" (2020), for several different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tablecast.inference.marginals import Background
from tablecast.inference.moves import moves_of
from tablecast.inference.predictor import Prediction, Predictor
from tablecast.inference.wish import Array, Flags, Wish
from tablecast.schema.field import Value
from tablecast.schema.schema import Row

#: Fields that one way changes at most, and ways that are shown: more are not weighed by a reader.
MOST_CHANGES, MOST_WAYS = 3, 3

#: Answers of the engine that a search may take for each number of changed fields beyond one. With
#: the 80 fields of a house and 300 trees, all of them take 0.2 s of one core.
MOST_ANSWERS = 6_000

#: Values that a field is tried with beside others, by the number of fields that change.
VALUES_BESIDE = {2: 12, 3: 6}

#: Numbers that are tried at once between a case's own and one that leads to the goal; and how
#: often: two rounds place it to a 256th of the way.
NEARER, ROUNDS = 16, 2
MOST_BESIDE = 24  # fields that are tried beside others: those that promise most alone


class Change(NamedTuple):
    """One field's value, instead of the case's own."""

    field: str
    value: Value


@dataclass(frozen=True)
class Way:
    """Changes that lead to an answer.

    Attributes:
        changes: in the schema's order.
        row: the case with them.
        prediction: its answer.
        cost: how far the changes are together; see ``inference.moves``.
    """

    changes: tuple[Change, ...]
    row: Row
    prediction: Prediction
    cost: float


@dataclass(frozen=True)
class Alternatives:
    """What a search found.

    Attributes:
        is_met: whether the case's own answer is as wished.
        ways: at most ``MOST_WAYS``; those with fewer fields first, then those with smaller changes.
        nearest: where there is no way, the changes whose answer came nearest; None where nothing
            that can change brings it any nearer.
    """

    is_met: bool
    ways: tuple[Way, ...]
    nearest: Way | None = None


class _Picks(NamedTuple):
    """Cases to try: (cases, changes) which move, and which of its values, each."""

    moves: npt.NDArray[np.intp]
    values: npt.NDArray[np.intp]


class _Trial(NamedTuple):
    """A set of changes: by move, the value that it takes and what that costs."""

    values: dict[int, Value]
    costs: dict[int, float]

    @property
    def cost(self) -> float:
        return sum(self.costs.values())

    def with_value(self, move: int, value: Value, cost: float) -> _Trial:
        return _Trial({**self.values, move: value}, {**self.costs, move: cost})


def alternatives(
    predictor: Predictor, background: Background | None, row: Row, wish: Wish
) -> Alternatives:
    """The smallest changes of a valid row that lead to an answer as wished.

    The same row and wish have the same ways, always.
    """
    own = predictor.engine.answer(predictor.schema.columns_of_one(row, 1))
    met, nearness = wish.judge(predictor.schema, own)
    if met[0]:
        return Alternatives(True, ())
    search = _Search(predictor, background, row, wish, float(nearness[0]))
    trials = [search.nearer(trial) for trial in search.found()]
    ways = [way for way in map(search.way, trials) if wish.is_met_by(way.prediction.prediction)]
    ways.sort(key=lambda way: (len(way.changes), way.cost))
    nearest = search.way(search.nearest) if search.nearest and not ways else None
    return Alternatives(False, tuple(ways), nearest)


class _Search:
    """One case, one wish, and what has been tried."""

    def __init__(
        self, predictor: Predictor, background: Background | None, row: Row, wish: Wish,
        nearness: float,
    ) -> None:
        self._predictor, self._row, self._wish = predictor, row, wish
        self._moves = moves_of(predictor.schema, background, row)
        self._own = self._nearness = nearness
        self.nearest: _Trial | None = None

    def found(self) -> list[_Trial]:
        """The cheapest changes of each of the best sets of fields."""
        ways: dict[frozenset[int], _Trial] = {}
        singles = self._singles()
        nearness = self._try(singles, ways)
        beside = self._beside(singles, nearness)
        for size in range(2, MOST_CHANGES + 1):
            if len(ways) >= MOST_WAYS:
                break
            picks = self._together(size, beside, list(ways))
            if len(picks.moves):
                self._try(picks, ways)
        ordered = sorted(ways.items(), key=lambda way: (len(way[0]), way[1].cost))
        return [trial for _, trial in ordered[:MOST_WAYS]]

    def nearer(self, trial: _Trial) -> _Trial:
        """The same fields, each number as near to the case's own as still leads to the goal."""
        for move in sorted(trial.costs, key=lambda move: -trial.costs[move]):
            trial = self._nearer_by(move, trial)
        return trial

    def way(self, trial: _Trial) -> Way:
        """A trial as it is answered by itself, as a form's case is."""
        chosen = {self._moves[move].place: value for move, value in trial.values.items()}
        row = Row(tuple(chosen.get(at, value) for at, value in enumerate(self._row.values)))
        fields = self._predictor.schema.fields
        changes = tuple(Change(fields[place].name, chosen[place]) for place in sorted(chosen))
        return Way(changes, row, self._predictor.predict([row])[0], trial.cost)

    def _singles(self) -> _Picks:
        moves = [np.full(len(move.costs), at) for at, move in enumerate(self._moves)]
        values = [np.arange(len(move.costs)) for move in self._moves]
        empty = np.empty(0, dtype=np.intp)
        return _Picks(
            np.concatenate([empty, *moves])[:, None], np.concatenate([empty, *values])[:, None]
        )

    def _try(self, picks: _Picks, ways: dict[frozenset[int], _Trial]) -> Array:
        """Answer the cases, add the cheapest of each set of fields to the ways, say how near."""
        if not len(picks.moves):
            return np.empty(0)
        met, nearness = self._judge(picks)
        costs = self._costs_of(picks)
        order = np.argsort(costs, kind="stable")
        for case in order[met[order]].tolist():
            ways.setdefault(frozenset(picks.moves[case].tolist()), self._trial(picks, case))
        best = int(nearness.argmax())
        if nearness[best] > self._nearness:
            self._nearness, self.nearest = float(nearness[best]), self._trial(picks, best)
        return nearness

    def _trial(self, picks: _Picks, case: int) -> _Trial:
        chosen = list(zip(picks.moves[case].tolist(), picks.values[case].tolist(), strict=True))
        return _Trial(
            {at: self._moves[at].values.tolist()[value] for at, value in chosen},
            {at: float(self._moves[at].costs[value]) for at, value in chosen},
        )

    def _beside(self, singles: _Picks, nearness: Array) -> dict[int, _Beside]:
        """Each move's values to be tried beside others; the moves that promise most come first."""
        beside, gains = {}, {}
        for at, move in enumerate(self._moves):
            near = nearness[singles.moves[:, 0] == at]
            order = np.argsort(move.costs, kind="stable")
            best = np.maximum.accumulate(np.r_[self._own, near[order]])
            front = order[best[1:] > best[:-1]].tolist()
            others = [at for at in np.argsort(-near, kind="stable").tolist() if at not in front]
            beside[at], gains[at] = _Beside(front, others), float(near.max())
        return {at: beside[at] for at in sorted(beside, key=lambda at: -gains[at])}

    def _together(
        self, size: int, beside: dict[int, _Beside], found: Sequence[frozenset[int]]
    ) -> _Picks:
        """Cases that change so many fields, those first whose fields promise most alone."""
        ranked = list(enumerate(list(beside)[:MOST_BESIDE]))
        sets = sorted(combinations(ranked, size), key=lambda pairs: sum(rank for rank, _ in pairs))
        moves: list[Sequence[int]] = []
        values: list[Sequence[int]] = []
        for chosen in sets:
            fields = [move for _, move in chosen]
            if len(moves) >= MOST_ANSWERS:
                break
            if any(smaller <= set(fields) for smaller in found):
                continue
            tried = list(product(*(beside[move].first(VALUES_BESIDE[size]) for move in fields)))
            moves += [fields] * len(tried)
            values += tried
        shape = (len(moves), size)
        return _Picks(
            np.array(moves, dtype=np.intp).reshape(shape),
            np.array(values, dtype=np.intp).reshape(shape),
        )

    def _judge(self, picks: _Picks) -> tuple[Flags, Array]:
        columns = self._predictor.schema.columns_of_one(self._row, len(picks.moves))
        for at, move in enumerate(self._moves):
            column = columns[move.field.name]
            for moves, values in zip(picks.moves.T, picks.values.T, strict=True):
                chosen = moves == at
                column[chosen] = move.values[values[chosen]]
        return self._wish.judge(self._predictor.schema, self._predictor.engine.answer(columns))

    def _costs_of(self, picks: _Picks) -> Array:
        """(cases,): what all changes of each case cost together."""
        costs = np.zeros(len(picks.moves))
        for at, move in enumerate(self._moves):
            for moves, values in zip(picks.moves.T, picks.values.T, strict=True):
                chosen = moves == at
                costs[chosen] += move.costs[values[chosen]]
        return costs

    def _nearer_by(self, at: int, trial: _Trial) -> _Trial:
        """The trial with the nearest number of one field that still leads to the goal."""
        move = self._moves[at]
        start = move.present
        for _ in range(ROUNDS):
            points, costs = move.between(start, trial.values[at], NEARER)
            if not len(points):
                break
            met = self._met_at(move.field.name, points, trial)
            first = int(met.argmax()) if met.any() else len(points)
            start = points[first - 1] if first else start
            if first < len(points):
                trial = trial.with_value(at, float(points[first]), float(costs[first]))
        return trial

    def _met_at(self, name: str, points: Array, trial: _Trial) -> Flags:
        """(points,): whether a trial leads to the goal with each number of one field."""
        columns = self._predictor.schema.columns_of_one(self._row, len(points))
        for other, value in trial.values.items():
            columns[self._moves[other].field.name][:] = value
        columns[name][:] = points
        output = self._predictor.engine.answer(columns)
        return self._wish.judge(self._predictor.schema, output)[0]


class _Beside(NamedTuple):
    """The places of a field's values: those that no cheaper one beats, by cost; then the others."""

    front: list[int]
    others: list[int]

    def first(self, count: int) -> list[int]:
        """So many of them: of the front, and of the others where there is room, spread evenly."""
        front = _spread(self.front, count)
        return [*front, *_spread(self.others, count - len(front))]


def _spread(items: list[int], count: int) -> list[int]:
    """So many of a list, evenly spread, its ends among them; all of a shorter one."""
    if len(items) <= count:
        return items
    return [items[at] for at in np.linspace(0, len(items) - 1, count).round().astype(int).tolist()]
