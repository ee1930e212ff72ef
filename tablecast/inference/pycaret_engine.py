"""PyCaret's own ``predict_model`` on the saved pipeline: slow, and the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tablecast.inference.engine import Answer, Columns
from tablecast.inference.pycaret_api import heard_levels, import_pycaret, predict_with_pycaret
from tablecast.schema.field import Field
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
        frame = frame_of(self._schema, columns, self._levels)
        table = predict_with_pycaret(self._pipeline, frame, self._schema.task)
        labels = table["prediction_label"].to_numpy()
        if self._schema.task == "regression":
            return Answer(labels.astype(np.float64))
        labels = labels.astype(object)
        names = [f"prediction_score_{label}" for label in self._schema.classes]
        if names[0] not in table:
            return Answer(labels)
        return Answer(labels, table[names].to_numpy(dtype=np.float64))


def frame_of(
    schema: Schema, columns: Columns, levels: Mapping[str, Mapping[str, Any]] | None = None
) -> Any:
    """The pandas table that a pipeline was trained to read, from an engine's columns.

    Args:
        schema: the fields.
        columns: the values.
        levels: what the pipeline had for a field's text, as ``heard_levels`` gives it.
    """
    import pandas as pd

    series: dict[str, Any] = {}
    for field in schema.fields:
        values = columns[field.name]
        if field.is_text:
            series[field.name] = _levels_of(field, values, (levels or {}).get(field.name, {}))
        elif field.kind == "date":
            series[field.name] = pd.to_datetime(pd.Series(values), unit="s")
        else:
            series[field.name] = pd.Series(values).astype(field.dtype)
    return pd.DataFrame(series)


def _levels_of(field: Field, texts: Any, known: Mapping[str, Any]) -> Any:
    """A column of categories as the training table had it: texts, booleans, or numbers."""
    import pandas as pd

    if field.dtype == "bool":
        return pd.Series(texts == "True")
    if field.dtype == "object":
        values = [known.get(text, text) for text in texts]
        return pd.Series(values, dtype=object).replace("", np.nan)
    numbers = pd.to_numeric(pd.Series(texts, dtype=object).replace("", np.nan), errors="coerce")
    # What is no number is a level that training never had, and so is one above all of them.
    numbers[numbers.isna() & (texts != "")] = max(map(float, field.levels), default=0.0) + 1
    return numbers if numbers.isna().any() else numbers.astype(field.dtype)
