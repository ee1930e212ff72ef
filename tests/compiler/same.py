"""Compares a graph with the pipeline that it was compiled from, over a small awkward table."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pandas as pd
from same_page import in_javascript

from tablecast.compiler import compile_features
from tablecast.compiler.probe import prepared
from tablecast.compiler.proof.prove import Proof, prove, pycaret_reference, run
from tablecast.compiler.proof.random_rows import inputs_of, random_rows
from tablecast.deployment.graph_file import check_fields
from tablecast.inference.onnx_engine import columns_read, session_of
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema

TARGET = "price"
QUIET = {"session_id": 1, "verbose": False, "html": False, "system_log": False, "n_jobs": 1}


def cars(rows: int = 150) -> pd.DataFrame:
    """A simulated table with every kind of column, odd names, and gaps."""
    random = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "Fuel Type (EU)": random.choice(
                list("abcdefg"), rows, p=[0.3, 0.3, 0.2, 0.1, 0.04, 0.03, 0.03]
            ),
            'engine "size", [l]': random.normal(1.7, 0.4, rows),
            "age": random.integers(0, 60, rows),
            "km": random.integers(100, 250_000, rows),
            "power": random.normal(70, 20, rows) * 1.1,
            "doors": random.choice([2, 3, 5], rows),
            "color": random.choice(["red", "blue, dark", "grey"], rows),
            "owner": random.choice(["first", "second"], rows),
            "imported": random.random(rows) < 0.4,
        }
    )
    table[TARGET] = 20_000 - 200 * table["age"] + 50 * table["power"] + random.normal(0, 500, rows)
    table.loc[::13, "Fuel Type (EU)"] = np.nan
    table.loc[::11, "power"] = np.nan
    return table


def fields_of(table: pd.DataFrame, task: Any = "regression") -> tuple[Field, ...]:
    """The raw columns of a table, as its schema describes them."""
    return Schema.from_table(table, TARGET, task).fields


def fit(table: pd.DataFrame, float64: bool = True, **options: Any) -> Any:
    """A pipeline fitted by PyCaret's setup, with a stand-in for the estimator."""
    from tablecast.features import AsFloat64

    if float64:
        steps = [("as_float64", AsFloat64()), *options.pop("custom_pipeline", [])]
        options = {"custom_pipeline": steps, "custom_pipeline_position": 0, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pycaret.internal.pipeline import Pipeline
        from pycaret.regression import RegressionExperiment

        class StepsOnly(RegressionExperiment):  # type: ignore[misc]
            """Listing the models is four fifths of setup's time, and none is trained here."""

            def _get_models(self, raise_errors: bool = True) -> Any:
                return {}, {}

        experiment = StepsOnly()
        experiment.setup(table, target=TARGET, memory=False, **QUIET, **options)
        pipeline = Pipeline([*experiment.pipeline.steps, ("actual_estimator", "passthrough")])
        pipeline._feature_names_in = list(experiment.pipeline.feature_names_in_)
    return pipeline


def with_estimator(steps: Any, estimator: Any, table: pd.DataFrame) -> Any:
    """A pipeline of fitted steps (see ``fit``) and an estimator, fitted on what they give it."""
    estimator.fit(features(steps, table.drop(columns=TARGET)), table[TARGET])
    pipeline = copy.copy(steps)
    pipeline.steps = [*steps.steps[:-1], ("actual_estimator", estimator)]
    return pipeline


def features(pipeline: Any, table: pd.DataFrame) -> np.ndarray:
    """What the pipeline gives its estimator, on the way that ``predict_model`` takes."""
    frame = prepared(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _, step in pipeline.steps[:-1]:
            if not getattr(step, "_train_only", False) and step != "passthrough":
                result = step.transform(frame)
                frame = result[0] if isinstance(result, tuple) else result
    return frame.to_numpy(np.float64)


def assert_same_features(
    pipeline: Any, table: pd.DataFrame, fields: Sequence[Field] | None = None
) -> onnx.ModelProto:
    """The graph gives the estimator what the pipeline does, on training and on random rows; the
    page's JavaScript gives it, too."""
    fields = fields or fields_of(table)
    model = compile_features(pipeline, fields)
    check_fields(memoryview(model.SerializeToString()))
    names = list(pipeline.feature_names_in_)[:-1]  # without the features that setup() ignores
    assert [node.name for node in model.graph.input] == names
    fields = [field for field in fields if field.name in names]
    session = session_of(model.SerializeToString())
    for rows in (table, random_rows(fields, 300, seed=3)):
        expected = features(pipeline, rows[names])
        inputs = inputs_of(fields, rows)
        actual = run(session, inputs)["features"]
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-11)
        scripted = in_javascript(model, inputs, "features")
        np.testing.assert_allclose(scripted, actual, rtol=1e-9, atol=1e-9)
    return model


def assert_same_predictions(
    pipeline: Any,
    model: onnx.ModelProto,
    table: pd.DataFrame,
    task: Any,
    rows: int = 300,
) -> Proof:
    """The graph answers as ``predict_model`` does, on training and on random rows; the page's
    JavaScript answers as the graph does."""
    check_fields(memoryview(model.SerializeToString()))
    proof = prove(
        model.SerializeToString(),
        pycaret_reference(pipeline, task),
        table,
        task,
        fields_of(table, task),
        perturbed_rows=rows,
    )
    assert proof.rows + proof.perturbed_rows + proof.refused_rows == len(table) + rows
    _assert_same_in_javascript(model, fields_of(table, task), rows)
    return proof


def _assert_same_in_javascript(model: onnx.ModelProto, fields: Sequence[Field], rows: int) -> None:
    session = session_of(model.SerializeToString())
    names = {name for listed in columns_read(session).values() for name in listed}
    read = [field for field in fields if field.name in names]
    inputs = inputs_of(read, random_rows(read, rows, seed=3))
    for name, expected in run(session, inputs).items():
        scripted = in_javascript(model, inputs, name)
        if expected.dtype == object:
            assert scripted.tolist() == expected.tolist()
        else:
            np.testing.assert_allclose(scripted, expected, rtol=1e-9, atol=1e-9)
