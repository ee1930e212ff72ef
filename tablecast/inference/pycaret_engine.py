"""PyCaret's own ``predict_model`` on the saved pipeline: slow, and the truth."""

from __future__ import annotations

from typing import Any

import numpy as np

from tablecast.inference.engine import Answer, Columns
from tablecast.inference.pycaret_api import import_pycaret, predict_with_pycaret
from tablecast.schema.column_kinds import column_kind
from tablecast.schema.schema import Schema


class PycaretEngine:
    """PyCaret's own ``predict_model`` on the saved pipeline: slow, and the truth."""

    def __init__(self, pipeline: Any, schema: Schema) -> None:
        self._pipeline = pipeline
        self._schema = schema
        import_pycaret(f"pycaret.{schema.task}")  # now, and not while the first person waits

    def answer(self, columns: Columns) -> Answer:
        """Answer with ``predict_model``; about 150 ms however few the rows."""
        table = predict_with_pycaret(self._pipeline, self._frame(columns), self._schema.task)
        labels = table["prediction_label"].to_numpy()
        if self._schema.task == "regression":
            return Answer(labels.astype(np.float64))
        names = [f"prediction_score_{label}" for label in self._schema.classes]
        if names[0] not in table:
            return Answer(self._spelled(labels))
        return Answer(self._spelled(labels), table[names].to_numpy(dtype=np.float64))

    def _spelled(self, labels: Any) -> Any:
        """Labels as the table spells them, whatever dtype PyCaret made of them."""
        kind = type(self._schema.classes[0])
        return np.array([kind(label) for label in labels], dtype=object)

    def _frame(self, columns: Columns) -> Any:
        return frame_of(self._schema, columns)


def frame_of(schema: Schema, columns: Columns) -> Any:
    """The pandas table that a pipeline was trained to read, from an engine's columns."""
    import pandas as pd

    return pd.DataFrame({
        field.name: column_kind(field).series(field, columns[field.name]) for field in schema.fields
    })
