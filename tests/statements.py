"""Deployments that have SQL, rows to ask them about, and what the server answers to those."""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import pandas as pd
from deployments import ROOT, shipped_deployment
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tablecast.compiler import compile_pipeline
from tablecast.compiler.proof.random_rows import random_rows
from tablecast.deployment.deployment import Deployment
from tablecast.export.sql.programs import with_program
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.schema.schema import Schema

sys.path.insert(0, str(ROOT / "tests" / "compiler"))
from same import TARGET, cars, fit, with_estimator

ROWS = 10_000


@cache
def deployed(kind: str) -> Deployment:
    """A deployment that has SQL: the shipped one, or a small one of the compiler's table."""
    if kind == "shipped":
        return shipped_deployment("onnx")
    table = cars()
    table["made"] = pd.Timestamp("2020-02-28") + pd.to_timedelta(table["age"] * 31, unit="D")
    estimator, task = {
        "ridge": (Ridge(), "regression"),
        "deep tree": (DecisionTreeRegressor(max_depth=55, random_state=1), "regression"),
        "tree": (DecisionTreeRegressor(max_depth=4, random_state=1), "regression"),
        "lda": (LinearDiscriminantAnalysis(), "classification"),
        "boosted": (GradientBoostingRegressor(n_estimators=40, random_state=1), "regression"),
        "forest": (RandomForestClassifier(n_estimators=12, random_state=1), "classification"),
        "tree of codes": (DecisionTreeClassifier(max_depth=4, random_state=1), "classification"),
    }[kind]
    if kind == "deep tree":  # each branch cuts off the largest: as deep as it has leaves
        table[TARGET] = 1.5 ** table["km"].rank()
    if task == "classification":
        labels = [3, 5, 8] if kind == "tree of codes" else ["it's low", "middle", "high"]
        table[TARGET] = np.array(labels, dtype=object)[pd.qcut(table[TARGET], 3, labels=False)]
        if kind == "tree of codes":
            table[TARGET] = table[TARGET].astype(int)
    pipeline = with_estimator(fit(table, normalize=True), estimator, table)
    schema = Schema.from_table(table, TARGET, task)
    graph = compile_pipeline(pipeline, schema.fields, task)
    description = {"name": kind, "version": "1", "schema": schema.to_json()}
    content = graph.SerializeToString()
    return with_program(Deployment(description, GraphEngine(content)), content)


KINDS = ("shipped", "ridge", "tree", "deep tree", "lda", "tree of codes", "boosted", "forest")


@cache
def asked(kind: str) -> pd.DataFrame:
    """Random rows of the compiler's kind, with missing and unknown values."""
    return random_rows(deployed(kind).schema.fields, ROWS, 4)


def assert_same(kind: str, answered: pd.DataFrame) -> None:
    """A database's answers are those of the engine, to 1e-9."""
    loaded = deployed(kind)
    columns = loaded.schema.columns_of(asked(kind))
    expected = loaded.engine.answer(columns)
    labels = answered["prediction_label"]
    assert len(answered) == ROWS
    if loaded.schema.task == "classification":
        assert labels.tolist() == expected.labels.tolist()
        names = [f"prediction_score_{name}" for name in loaded.schema.classes]
        np.testing.assert_allclose(answered[names], expected.probabilities, rtol=0, atol=1e-9)
        scores = expected.scores(loaded.schema.classes)
        np.testing.assert_allclose(answered["prediction_score"], scores, rtol=0, atol=1e-9)
        return
    np.testing.assert_allclose(labels.astype(float), expected.labels, rtol=1e-9, atol=1e-9)
    interval = loaded.predictor.interval
    if interval is not None:
        low, high = interval.of_columns(expected.labels, columns)
        np.testing.assert_allclose(answered["prediction_low"], low, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(answered["prediction_high"], high, rtol=1e-9, atol=1e-9)
