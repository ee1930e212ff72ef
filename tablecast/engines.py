"""The engines that answer, and how each opens a deployment. The rest of serving knows neither."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tablecast import artifact
from tablecast.predictor import Answer, Columns
from tablecast.schema import Schema


class PycaretEngine:
    """PyCaret's own ``predict_model`` on the saved pipeline: slow, and the truth."""

    def __init__(self, pipeline: Any, schema: Schema) -> None:
        self._pipeline = pipeline
        self._schema = schema

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

    series: dict[str, Any] = {}
    for field in schema.fields:
        values = columns[field.name]
        if field.is_text:
            series[field.name] = pd.Series(values, dtype=object).replace("", np.nan)
        elif field.kind == "date":
            series[field.name] = pd.to_datetime(pd.Series(values), unit="s")
        else:
            series[field.name] = pd.Series(values).astype(field.dtype)
    return pd.DataFrame(series)


def predict_with_pycaret(pipeline: Any, table: Any, task: str) -> Any:
    """``predict_model`` with every class's probability at full precision."""
    from pycaret import classification, regression

    module = classification if task == "classification" else regression
    options = {"raw_score": True} if task == "classification" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas and scikit-learn on PyCaret's behalf, a row each
        return module.predict_model(pipeline, data=table, round=15, verbose=False, **options)


def open_with_pycaret(base: Path) -> artifact.Deployment:
    """Check the pickle against its description, then open it.

    Raises:
        ArtifactError: a file is missing, damaged, or made with other versions.
    """
    import joblib

    description = artifact.read_description(base)
    content = artifact.read_pipeline_bytes(base, description)
    artifact.check_versions(description, base.with_name(base.name + ".pkl"))
    pipeline = joblib.load(io.BytesIO(content))
    engine = PycaretEngine(pipeline, Schema.from_json(description["schema"]))
    return artifact.Deployment(description, engine)


#: Engine name, as TABLECAST_ENGINE gives it, to what opens a deployment with it.
OPENERS: Mapping[str, Callable[[Path], artifact.Deployment]] = {"pycaret": open_with_pycaret}
