"""Sampled orders in which fields join: walks from background rows to the explained row."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Columns
from tablecast.schema.schema import Row, Schema

Array = npt.NDArray[np.float64]


class Walks:
    """From each background row to the explained one, a field at a time; once in a random order and
    once in its reverse. A field that both rows share is no step.

    Attributes:
        columns: field name to values, of every row to be answered: the background rows, then the
            inner stops there and back, then the explained row.
    """

    def __init__(
        self, schema: Schema, draws: Columns, row: Row, orders: npt.NDArray[np.intp]
    ) -> None:
        """Plan the walks.

        Args:
            schema, row: what is explained.
            draws: the background rows.
            orders: (draws, fields), each field's place in the order of that draw's walk.
        """
        self._differs = _differing(schema, draws, row)
        self._steps = self._differs.sum(axis=1)
        far = np.where(self._differs, orders, orders.shape[1])
        self._ranks = np.argsort(np.argsort(far, axis=1), axis=1)
        walk, taken, backwards = self._stops()
        ranks = self._ranks[walk]
        reverse = self._steps[walk][:, None] - 1 - ranks
        changed = np.where(backwards[:, None], reverse, ranks) < taken[:, None]
        changed &= self._differs[walk]
        self.columns: dict[str, npt.NDArray[Any]] = {}
        for index, (field, value) in enumerate(zip(schema.fields, row.values, strict=True)):
            self.columns[field.name] = column = draws[field.name][walk]
            column[changed[:, index]] = value

    def _stops(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Each row's walk, the steps taken before it, and whether the walk goes backwards."""
        walks = np.arange(len(self._steps))
        inner = np.maximum(self._steps - 1, 0)
        self._begins = np.cumsum(inner) - inner
        walk = np.repeat(walks, inner)
        taken = np.arange(len(walk)) - self._begins[walk] + 1
        end = self._steps[:1]
        return (
            np.concatenate([walks, walk, walk, [0]]),
            np.concatenate([0 * walks, taken, taken, end]),
            np.repeat([False, True], [len(walks) + len(walk), len(walk) + 1]),
        )

    def gains(self, outputs: Array) -> Array:
        """(walks, fields): what each field changed, the mean of there and back.

        Args:
            outputs: the answers to ``columns``.
        """
        count = len(self._steps)
        inner = (len(outputs) - count - 1) // 2
        there, back = outputs[count : count + inner], outputs[count + inner : -1]
        gains = np.zeros(self._differs.shape)
        for walk, steps in enumerate(self._steps.tolist()):
            if not steps:
                continue
            part = slice(self._begins[walk], self._begins[walk] + steps - 1)
            ends = (outputs[walk : walk + 1], outputs[-1:])
            forward = np.diff(np.concatenate([ends[0], there[part], ends[1]]))
            reverse = np.diff(np.concatenate([ends[0], back[part], ends[1]]))
            mean = (forward + reverse[::-1]) / 2
            fields = self._differs[walk]
            gains[walk, fields] = mean[self._ranks[walk, fields]]
        return gains


def _differing(schema: Schema, draws: Columns, row: Row) -> npt.NDArray[np.bool_]:
    """(draws, fields): whether the background row's value is another than the explained row's."""
    differs = []
    for field, value in zip(schema.fields, row.values, strict=True):
        drawn = draws[field.name]
        both_missing = (drawn != drawn) if value != value else False
        differs.append((drawn != value) & ~np.asarray(both_missing, dtype=bool))
    return np.stack(differs, axis=1)
