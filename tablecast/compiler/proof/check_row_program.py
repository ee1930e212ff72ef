"""The proof's second half: the graph's arithmetic, unrolled for one row, answers as it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tablecast.compiler.proof.differences import TOLERANCE, Worst
from tablecast.compiler.proof.random_rows import inputs_of
from tablecast.inference.row_program import BEYOND, Scalar
from tablecast.schema.field import Field

if TYPE_CHECKING:
    import pandas as pd


class Unrolled:
    """Compares what a scalar function answers, a row at a time, with PyCaret's answers."""

    def __init__(
        self,
        scalar: Scalar | None,
        fields: Sequence[Field],
        task: Literal["regression", "classification"],
    ) -> None:
        self._scalar = scalar
        self._fields = fields
        self._rows = 0
        self._worst = Worst(task)

    def compare(
        self, graph: dict[str, NDArray[Any]], reference: pd.DataFrame, table: pd.DataFrame
    ) -> None:
        """Compare the answers to the rows of one table; the graph has those it cannot answer."""
        if self._scalar is None:
            return
        answers = {name: values.copy() for name, values in graph.items()}
        for place, values in enumerate(self._values(table)):
            try:
                label, shares = self._scalar(values)
            except BEYOND:
                continue
            self._rows += 1
            answers["prediction_label"].reshape(-1)[place] = label
            if shares is not None:
                answers["probabilities"][place] = shares
        self._worst.compare(answers, reference, table)

    def found(self, tolerance: float = TOLERANCE) -> dict[str, Any]:
        """The proof's facts; None where there is no function, or it is not proven."""
        if self._scalar is None or not self._worst.within(tolerance):
            return {"scalar_rows": None, "scalar_worst": None}
        worst = max(self._worst.relative, self._worst.probability)
        return {"scalar_rows": self._rows, "scalar_worst": worst}

    def _values(self, table: pd.DataFrame) -> list[tuple[Any, ...]]:
        """The rows as ``Schema.parse`` gives them; a field that the graph does not read is None."""
        read = [field for field in self._fields if field.name in table]
        columns = {name: values.reshape(-1) for name, values in inputs_of(read, table).items()}
        unread = np.full(len(table), None)
        listed = [columns.get(field.name, unread).tolist() for field in self._fields]
        return list(zip(*listed, strict=True))
