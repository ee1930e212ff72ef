"""What an engine is: columns in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tablecast.schema.field import Field, canonical_text

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


class Engine(Protocol):
    """Anything that answers columns; see ``tablecast.deployment.opening``."""

    def answer(self, columns: Columns) -> Answer:
        """Answer every row of the columns, which hold all fields of the schema."""
        ...


def column_of(field: Field, values: Any) -> npt.NDArray[Any]:
    """A column as engines read it, from pandas, numpy or a list; missing as the field says."""
    if field.is_text:
        return np.array([_text_of(value) for value in values], dtype=object)
    if field.kind == "date":
        moments = np.asarray(values, dtype="datetime64[ns]")
        seconds = moments.astype("int64") / 1e9
        return np.where(np.isnat(moments), np.nan, seconds)
    return np.asarray(values, dtype=np.float64)


def _text_of(value: Any) -> str:
    if value is None or value != value:  # NaN and NaT differ from themselves
        return ""
    return canonical_text(value)
