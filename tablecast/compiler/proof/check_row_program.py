"""The second half of the proof: the row program predicts like the graph."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tablecast.compiler.proof.differences import TOLERANCE, Worst
from tablecast.compiler.proof.random_rows import inputs_of
from tablecast.inference.row_program import BEYOND, RowProgram
from tablecast.schema.field import Field


class RowProgramCheck:
    """Compares what a row program answers, a row at a time, with PyCaret's answers."""

    def __init__(
        self,
        program: RowProgram | None,
        fields: Sequence[Field],
        task: Literal["regression", "classification"],
    ) -> None:
        self._program = program
        self._fields = fields
        self._rows = 0
        self._worst = Worst(task)

    def compare(
        self, graph: dict[str, NDArray[Any]], reference: pd.DataFrame, table: pd.DataFrame
    ) -> None:
        """Compare the answers to the rows of one table; the graph has those it cannot answer."""
        if self._program is None:
            return
        outputs = {name: values.copy() for name, values in graph.items()}
        for row, values in enumerate(self._values(table)):
            try:
                label, probabilities = self._program(values)
            except BEYOND:
                continue
            self._rows += 1
            outputs["prediction_label"].reshape(-1)[row] = label
            if probabilities is not None:
                outputs["probabilities"][row] = probabilities
        self._worst.compare(outputs, reference, table)

    def facts(self, tolerance: float = TOLERANCE) -> dict[str, Any]:
        """The proof's facts; None where there is no function, or it is not proven."""
        if self._program is None or not self._worst.within(tolerance):
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
