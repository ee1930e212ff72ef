"""Publish PyCaret's tutorial steps and every option of ``setup()`` that compiles.

``python -m benchmarks.published [steps|options|iris|glass|insurance|wine …]`` prints a line for
each: whether the graph and the PyCaret engine answer as ``predict_model`` does, the proof's
precision, its worst difference, and the seconds. All of it takes about ten minutes; TABLECAST_DATA
names the tables' folder.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from tablecast import load, predict_model, publish, read_table
from tablecast.errors import TablecastError
from tablecast.inference.pycaret_api import import_pycaret

QUIET = {"session_id": 123, "verbose": False, "html": False, "system_log": False, "n_jobs": 1}
FOLDS = {"fold": 3, "verbose": False}
SHOWN = 60

#: Table, task, target, and the estimators that are compared, blended and stacked.
TABLES: dict[str, tuple[str, str, list[str]]] = {
    "iris": ("classification", "species", ["lr", "nb", "lda"]),
    "glass": ("classification", "Type", ["rf", "lr", "knn"]),
    "insurance": ("regression", "charges", ["lr", "ridge", "dt"]),
    "wine": ("regression", "quality", ["lightgbm", "lr", "dt"]),
}

#: Options of setup() that docs/compiler.md lists.
OPTIONS: dict[str, dict[str, Any]] = {
    "median": {"numeric_imputation": "median"},
    "most frequent": {"numeric_imputation": "mode"},
    "a number": {"numeric_imputation": -1},
    "a word": {"categorical_imputation": "none"},
    "date parts": {"create_date_columns": ["day", "month", "year", "weekday", "quarter"]},
    "ordinal": {"ordinal_features": {"size": ["S", "M", "L"]}},
    "target encoding": {"max_encoding_ohe": 0},
    "rare": {"rare_to_value": 0.2},
    "categories of numbers": {"categorical_features": ["grade", "region", "size"]},
    "polynomial": {"polynomial_features": True},
    "low variance": {"low_variance_threshold": 0.1},
    "multicollinearity": {"remove_multicollinearity": True, "multicollinearity_threshold": 0.6},
    "selection": {"feature_selection": True, "feature_selection_method": "univariate"},
    "groups": {"group_features": {"g": ["age", "grade"]}},
    "groups, dropped": {"group_features": {"g": ["age", "grade"]}, "drop_groups": True},
    "bins": {"bin_numeric_features": ["age"]},
    "outliers": {"remove_outliers": True},
    "yeo-johnson": {"transformation": True},
    "z-score": {"normalize": True},
    "minmax": {"normalize": True, "normalize_method": "minmax"},
    "maxabs": {"normalize": True, "normalize_method": "maxabs"},
    "robust": {"normalize": True, "normalize_method": "robust"},
    "pca": {"pca": True},
    "incremental pca": {"pca": True, "pca_method": "incremental", "pca_components": 3},
    "kernel pca": {"pca": True, "pca_method": "kernel"},
    "target, yeo-johnson": {"transform_target": True},
    "target, quantile": {"transform_target": True, "transform_target_method": "quantile"},
    "kept": {"keep_features": ["age"], "feature_selection": True,
             "feature_selection_method": "univariate"},
    "ignored": {"ignore_features": ["id", "ticket"]},
    "an index": {"index": "id"},
}


def main() -> None:
    """Try what the command line names, or everything."""
    wanted = sys.argv[1:] or ["steps", "options"]
    names = list(TABLES) if "steps" in wanted else [name for name in wanted if name in TABLES]
    failed = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            failed += sum(not report(*one) for one in tutorial_steps(name))
        if "options" in wanted:
            failed += sum(not report(*one) for one in options())
    sys.exit(f"{failed} differ or were refused." if failed else 0)


def tutorial_steps(name: str) -> Iterator[tuple[str, Any, pd.DataFrame, Callable[..., Any]]]:
    """What tutorials make of a table: a title, the model, rows, and PyCaret's predict_model."""
    task, target, ids = TABLES[name]
    table = read_table(name)
    pycaret = import_pycaret(f"pycaret.{task}")
    pycaret.setup(table, target=target, **QUIET)
    rows = table.drop(columns=target).head(SHOWN)

    def step(title: str, model: Any) -> tuple[str, Any, pd.DataFrame, Callable[..., Any]]:
        return f"{name}: {title}", model, rows, pycaret.predict_model

    best = pycaret.compare_models(include=ids, **FOLDS)
    yield step("compared", best)
    yield step("finalized", pycaret.finalize_model(best))
    tree = pycaret.create_model("dt", **FOLDS)
    yield step("tuned", pycaret.tune_model(tree, n_iter=3, **FOLDS))
    yield step("bagged", pycaret.ensemble_model(tree, **FOLDS))
    yield step("boosted", pycaret.ensemble_model(tree, method="Boosting", **FOLDS))
    made = [pycaret.create_model(one, **FOLDS) for one in ids]
    yield step("blended " + " ".join(ids), pycaret.blend_models(made, **FOLDS))
    yield step("stacked", pycaret.stack_models(made, **FOLDS))
    if name == "iris":
        yield step("calibrated", pycaret.calibrate_model(made[0], **FOLDS))
        two = table[table[target] != table[target].iloc[0]].reset_index(drop=True)
        pycaret.setup(two, target=target, **QUIET)
        model = pycaret.create_model("lr", probability_threshold=0.3, **FOLDS)
        rows = two.drop(columns=target).head(SHOWN)
        yield "iris: a threshold", model, rows, pycaret.predict_model


def options() -> Iterator[tuple[str, Any, pd.DataFrame, Callable[..., Any]]]:
    """A simulated table with every kind of column, once for each option of setup()."""
    pycaret = import_pycaret("pycaret.regression")
    table = simulated()
    for title, given in OPTIONS.items():
        left = {"ignore_features": ["id", "ticket"], **given}
        if "index" in given:
            left["ignore_features"] = ["ticket"]
        pycaret.setup(table, target="y", **QUIET, **left)
        model = pycaret.create_model("ridge", cross_validation=False, verbose=False)
        yield title, pycaret.finalize_model(model), table.drop(columns="y"), pycaret.predict_model


def simulated(size: int = 150) -> pd.DataFrame:
    """Rows with an id, numbers, a count, a boolean, texts, a date, a constant, and gaps."""
    random = np.random.default_rng(0)
    table = pd.DataFrame({
        "id": np.arange(1, size + 1),
        "ticket": [f"K{place:04d}" for place in range(size)],
        "age": random.integers(18, 80, size),
        "bmi": random.normal(30, 5, size),
        "grade": random.integers(1, 5, size),
        "flag": random.random(size) < 0.4,
        "region": random.choice(list("abcd"), size),
        "size": random.choice(["S", "M", "L"], size),
        "seven": 7,
        "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, size), "D"),
    })
    table["y"] = 3.0 * table.age + 2 * table.bmi + 20 * table.flag + random.normal(0, 5, size)
    table.loc[::11, "bmi"] = np.nan
    table.loc[::13, "region"] = None
    return table


def report(title: str, model: Any, rows: pd.DataFrame, predict: Callable[..., Any]) -> bool:
    """Publish one model, and print whether both engines answer as PyCaret does."""
    start = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            proof = publish(model, name="any", out=folder, progress=lambda _: None)
            graph, slow = (
                predict_model(load(f"{folder}/any", engine), rows)["prediction_label"].to_numpy()
                for engine in ("onnx", "pycaret")
            )
    except TablecastError as error:
        print(f"{title:34} {type(error).__name__}: {error}", flush=True)
        return False
    wanted = predict(model, data=rows, verbose=False)["prediction_label"].to_numpy()
    if wanted.dtype.kind == "f":
        same = np.array_equal(slow, wanted) and np.allclose(graph, wanted, rtol=proof.tolerance)
    else:
        same = graph.tolist() == slow.tolist() == wanted.tolist()
    worst = max(proof.worst_relative, proof.worst_probability)
    seconds = time.perf_counter() - start
    said = "alike" if same else "DIFFER"
    print(f"{title:34} {said:6} {proof.precision} {worst:.0e} {seconds:5.1f} s", flush=True)
    return bool(same)


if __name__ == "__main__":
    main()
