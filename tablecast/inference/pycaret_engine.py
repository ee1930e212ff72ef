"""PyCaret's own ``predict_model`` on the saved pipeline: slow, and the reference."""

from typing import Any

import numpy as np

from tablecast.errors import InvalidInput, Remark
from tablecast.inference.engine import Answer, Columns
from tablecast.inference.pycaret_api import (
    as_heard,
    heard_levels,
    import_pycaret,
    predict_with_pycaret,
)
from tablecast.schema.column_kinds import column_kind
from tablecast.schema.schema import Schema


class PycaretEngine:
    """PyCaret's own ``predict_model`` on the saved pipeline: slow, and the truth."""

    def __init__(self, pipeline: Any, schema: Schema) -> None:
        self._pipeline = pipeline
        self._schema = schema
        self._levels = heard_levels(pipeline)
        import_pycaret(f"pycaret.{schema.task}")  # now, and not while the first person waits

    def answer(self, columns: Columns) -> Answer:
        """Answer with ``predict_model``; about 150 ms however few the rows."""
        frame = as_heard(frame_of(self._schema, columns), self._levels)
        table = predict_with_pycaret(self._pipeline, frame, self._schema.task)
        if len(table) != len(frame):
            raise InvalidInput([Remark(
                "PyCaret returns predictions for {answered} of {rows} rows, because this pipeline "
                "drops rows with missing values. Fill in the values.",
                values={"answered": str(len(table)), "rows": str(len(frame))},
            )])
        labels = table["prediction_label"].to_numpy()
        if self._schema.task == "regression":
            return Answer(labels.astype(np.float64))
        labels = labels.astype(object)
        names = [f"prediction_score_{label}" for label in self._schema.classes]
        if names[0] not in table:
            return Answer(labels)
        return Answer(labels, table[names].to_numpy(dtype=np.float64))


def frame_of(schema: Schema, columns: Columns) -> Any:
    """The pandas table that a pipeline was trained to read, from an engine's columns."""
    import pandas as pd

    return pd.DataFrame({
        field.name: column_kind(field).series(field, columns[field.name]) for field in schema.fields
    })
