"""The interface of an engine: columns in, predictions out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

#: Column name to values: float64 with NaN for missing, or text objects with "" for missing; (rows,)
Columns = Mapping[str, npt.NDArray[Any]]


Label = float | int | str


@dataclass(frozen=True)
class Answer:
    """What an engine answers for some rows.

    Attributes:
        labels: (rows,), float64 for regression, the classes as the table spells them otherwise.
        probabilities: float64 (rows, classes) in the order of ``Schema.classes``, or None.
    """

    labels: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64] | None = None

    def scores(self, classes: Sequence[Label]) -> npt.NDArray[np.float64]:
        """(rows,): the probability of each row's own label, where there are probabilities."""
        indices = {label: index for index, label in enumerate(classes)}
        chosen = np.array([indices[label] for label in self.labels.tolist()], dtype=np.intp)
        scores: npt.NDArray[np.float64] = np.take_along_axis(
            np.asarray(self.probabilities), chosen[:, None], axis=1
        )[:, 0]
        return scores


class Engine(Protocol):
    """Anything that answers columns; see ``tablecast.deployment.opening``."""

    def answer(self, columns: Columns) -> Answer:
        """Answer every row of the columns, which hold all fields of the schema."""
        ...
