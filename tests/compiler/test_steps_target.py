"""Whole pipelines, from raw columns to predict_model's answer: saved, loaded and compiled."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from same import QUIET, TARGET, assert_same_predictions, cars, fields_of

from tablecast.compiler import compile_pipeline
from tablecast.features import AsFloat64, FullRank

pytestmark = pytest.mark.slow


def trained(table: pd.DataFrame, task: str, model: str, folder: Path, **options: Any) -> Any:
    """A finalized pipeline, saved and loaded."""
    create = options.pop("create", {})
    steps = {"custom_pipeline": [("as_float64", AsFloat64())], "custom_pipeline_position": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pycaret.classification import ClassificationExperiment
        from pycaret.regression import RegressionExperiment

        kind = RegressionExperiment if task == "regression" else ClassificationExperiment
        experiment = kind()
        experiment.setup(table, target=TARGET, memory=False, **QUIET, **{**steps, **options})
        fitted = experiment.create_model(model, cross_validation=False, verbose=False, **create)
        pipeline = experiment.finalize_model(fitted)
        experiment.save_model(pipeline, str(folder / "cars"), verbose=False)
        return experiment.load_model(str(folder / "cars"), verbose=False)


TARGETS: dict[str, dict[str, Any]] = {
    "plain": {},
    "yeo-johnson": {"transform_target": True},
    "quantile": {"transform_target": True, "transform_target_method": "quantile"},
}


@pytest.mark.parametrize("options", TARGETS.values(), ids=TARGETS.keys())
def test_regression(options: dict[str, Any], tmp_path: Path) -> None:
    """Numbers come back on the target's own scale."""
    table = cars()
    full_rank = {"custom_pipeline": [("full_rank", FullRank())], "custom_pipeline_position": -1}
    pipeline = trained(table, "regression", "lr", tmp_path, normalize=True, **full_rank, **options)
    model = compile_pipeline(pipeline, fields_of(table), "regression")
    proof = assert_same_predictions(pipeline, model, table, "regression")
    assert proof.worst_relative < 1e-10


def test_regression_at_the_ends_of_a_quantile_target(tmp_path: Path) -> None:
    """A tree's answers beyond the outermost quantiles are the target's own ends."""
    table = cars()
    pipeline = trained(
        table,
        "regression",
        "dt",
        tmp_path,
        transform_target=True,
        transform_target_method="quantile",
    )
    model = compile_pipeline(pipeline, fields_of(table), "regression")
    assert_same_predictions(pipeline, model, table, "regression")


CLASSES: dict[str, tuple[Any, str]] = {
    "text": (["cheap", "dear", "fair"], "text"),
    "two-texts": (["no", "yes"], "text"),
    "whole-numbers": ([0, 1, 2], "int64"),
    "numbers-with-gaps": ([3, 7], "int64"),
    "booleans": ([False, True], "int64"),
}


@pytest.mark.parametrize(("classes", "kind"), CLASSES.values(), ids=CLASSES.keys())
def test_classes(classes: Any, kind: str, tmp_path: Path) -> None:
    """Classes come back as predict_model writes them, with every probability."""
    table = cars()
    table[TARGET] = pd.qcut(table[TARGET], len(classes), labels=False).map(dict(enumerate(classes)))
    pipeline = trained(
        table, "classification", "dt", tmp_path, create={"max_depth": 4, "min_samples_leaf": 7}
    )
    fields = fields_of(table, "classification")
    model = compile_pipeline(pipeline, fields, "classification")
    proof = assert_same_predictions(pipeline, model, table, "classification")
    assert proof.label_mismatches == 0
    is_text = model.graph.output[0].type.tensor_type.elem_type == 8
    assert is_text == (kind == "text")
    assert [output.name for output in model.graph.output] == ["prediction_label", "probabilities"]


def test_probability_threshold(tmp_path: Path) -> None:
    """A threshold that the model was created with decides between the two classes."""
    table = cars()
    table[TARGET] = np.where(table[TARGET] > table[TARGET].median(), "dear", "cheap")
    pipeline = trained(
        table,
        "classification",
        "dt",
        tmp_path,
        create={"max_depth": 3, "probability_threshold": 0.8},
    )
    model = compile_pipeline(pipeline, fields_of(table, "classification"), "classification")
    assert_same_predictions(pipeline, model, table, "classification")


def test_imbalance_and_outliers_are_training_only(tmp_path: Path) -> None:
    """Steps that change the rows of training have no part in the graph."""
    table = cars().drop(columns="imported")
    table[TARGET] = np.where(table[TARGET] > table[TARGET].quantile(0.8), "dear", "cheap")
    pipeline = trained(
        table, "classification", "dt", tmp_path, fix_imbalance=True, remove_outliers=True
    )
    model = compile_pipeline(pipeline, fields_of(table, "classification"), "classification")
    assert_same_predictions(pipeline, model, table, "classification")
