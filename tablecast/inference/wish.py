"""What an answer should be instead: a class, or an amount of at least or at most so much."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tablecast.inference.engine import Answer, Label
from tablecast.schema.schema import Schema

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Wish:
    """One of the three is given."""

    label: Label | None = None
    at_least: float | None = None
    at_most: float | None = None

    def judge(self, schema: Schema, output: Answer) -> tuple[Flags, Array]:
        """(rows,), (rows,): whether each answer is as wished, and how near it is; larger is nearer.

        A class is the nearer the more probable it is beside the most probable other one.
        """
        if self.at_least is not None:
            return output.labels >= self.at_least, output.labels - self.at_least
        if self.at_most is not None:
            return output.labels <= self.at_most, self.at_most - output.labels
        met = output.labels == self.label
        if output.probabilities is None:
            return met, met.astype(np.float64)
        wished = [str(name) for name in schema.classes].index(str(self.label))
        others = np.delete(output.probabilities, wished, axis=1).max(axis=1)
        return met, output.probabilities[:, wished] - others

    def is_met_by(self, prediction: Label) -> bool:
        """Whether one answer is as wished."""
        if self.label is not None:
            return prediction == self.label
        low = -np.inf if self.at_least is None else self.at_least
        high = np.inf if self.at_most is None else self.at_most
        return bool(low <= float(prediction) <= high)
