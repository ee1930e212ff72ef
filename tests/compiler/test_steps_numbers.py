"""Every preprocessing option on numbers gives the graph what it gives the pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from same import assert_same_features, cars, fit

from tablecast.compiler import compile_features
from tablecast.errors import UnsupportedStep
from tablecast.features import Bins, FullRank, Interactions, Powers, Trigonometric
from tablecast.schema.schema import Schema

TABLE = cars()
GROUPS = {"size": ['engine "size", [l]', "power"], "use": ["age", "km", "doors"]}

OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "imputation-median": {"numeric_imputation": "median"},
    "imputation-mode": {"numeric_imputation": "mode"},
    "imputation-constant": {"numeric_imputation": 3.3},
    "scale-zscore": {"normalize": True},
    "scale-minmax": {"normalize": True, "normalize_method": "minmax"},
    "scale-maxabs": {"normalize": True, "normalize_method": "maxabs"},
    "scale-robust": {"normalize": True, "normalize_method": "robust"},
    "transform-yeo-johnson": {"transformation": True},
    "transform-quantile": {"transformation": True, "transformation_method": "quantile"},
    "polynomial-2": {"polynomial_features": True},
    "polynomial-3": {
        "polynomial_features": True,
        "polynomial_degree": 3,
        "ignore_features": ["Fuel Type (EU)", "color", "km"],
    },
    "bins": {"bin_numeric_features": ["age", "power"]},
    "groups": {"group_features": GROUPS},
    "groups-dropped": {"group_features": GROUPS, "drop_groups": True},
    "low-variance": {"low_variance_threshold": 0.1},
    "multicollinearity": {"remove_multicollinearity": True, "multicollinearity_threshold": 0.05},
    "outliers": {"remove_outliers": True},
    "pca-linear": {"pca": True, "pca_components": 4},
    "pca-incremental": {"pca": True, "pca_method": "incremental", "pca_components": 4},
    "pca-kernel": {"normalize": True, "pca": True, "pca_method": "kernel", "pca_components": 4},
    "select-univariate": {"feature_selection": True, "feature_selection_method": "univariate"},
    "select-classic": {"feature_selection": True, "feature_selection_estimator": "dt"},
    "select-sequential": {
        "feature_selection": True,
        "feature_selection_estimator": "dt",
        "feature_selection_method": "sequential",
        "n_features_to_select": 2,
    },
    "keep-and-scale": {
        "normalize": True,
        "remove_multicollinearity": True,
        "multicollinearity_threshold": 0.05,
        "keep_features": ["age"],
    },
}


@pytest.mark.thorough
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_option(options: dict[str, Any]) -> None:
    """A preprocessing option's graph gives the estimator what the pipeline does."""
    assert_same_features(fit(TABLE, **options), TABLE)


@pytest.mark.parametrize("method", ["zscore", "minmax", "robust"])
def test_float32_frames(method: str) -> None:
    """A stock pipeline that holds float32 is rounded where it rounds, so scaling is exact."""
    numbers = TABLE[['engine "size", [l]', "age", "power", "price"]]
    pipeline = fit(numbers, float64=False, normalize=True, normalize_method=method)
    assert_same_features(pipeline, numbers)


def test_whole_numbers_beyond_float32() -> None:
    """Whole numbers that float32 cannot hold enter the graph unrounded."""
    table = TABLE[["age", "power", "price"]].assign(serial=np.arange(150) + 2**31)
    assert_same_features(fit(table), table)


STEPS: dict[str, list[Any]] = {
    "powers": [Powers(degree=3)],
    "trigonometric": [Trigonometric()],
    "bins": [Bins()],
    "interactions": [Interactions(most=5)],
    "full-rank": [FullRank()],
    "straight tails": [Powers(tail=0.1), Trigonometric(tail=0.1), Interactions(4, tail=0.1)],
    "all": [Powers(), Trigonometric(), Bins(["age"]), Interactions(most=4), FullRank()],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS.keys())
def test_tablecast_features(steps: list[Any]) -> None:
    """The steps of tablecast.features, after the stock ones."""
    named = [(f"step_{place}", step) for place, step in enumerate(steps)]
    pipeline = fit(TABLE, float64=False, custom_pipeline=named, normalize=True)
    assert_same_features(pipeline, TABLE)


@pytest.mark.thorough
def test_a_category_that_is_in_every_product_is_clipped_where_it_is_stored() -> None:
    """One category's column is multiplied as it is; texts that nobody knew are clipped too."""
    slope = np.where(TABLE["owner"] == "first", 900, 0)
    table = TABLE.assign(price=TABLE["price"] + slope * (TABLE["doors"] - TABLE["age"]))
    pipeline = fit(
        table, float64=False, custom_pipeline=[("products", Interactions(most=2))], normalize=True
    )
    names = pipeline.named_steps["products"].transformer.get_feature_names_out()
    assert [name for name in names if "*" in name] == ["age*owner", "doors*owner"]
    made = [node.op_type for node in assert_same_features(pipeline, table).graph.node]
    assert "ReduceProd" not in made


REFUSED = {
    "drop": ({"numeric_imputation": "drop"}, "drops rows"),
    "knn": ({"numeric_imputation": "knn"}, "training rows"),
    "text": ({"text_features": ["color"]}, "free text"),
}


@pytest.mark.parametrize(("options", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(options: dict[str, Any], reason: str) -> None:
    """A step without a graph form is refused by name, with the reason and what to do instead."""
    table = TABLE.drop(columns="imported")
    pipeline = fit(table, **options)
    with pytest.raises(UnsupportedStep, match=f"{reason}.*TABLECAST_ENGINE=pycaret"):
        compile_features(pipeline, Schema.from_table(table, "price", "regression").fields)


def test_unknown_step() -> None:
    """A step that nobody has written a converter for is named, not guessed at."""
    from sklearn.preprocessing import Normalizer

    pipeline = fit(TABLE, float64=False, custom_pipeline=[("unit_rows", Normalizer())])
    with pytest.raises(UnsupportedStep, match=r"'unit_rows'.*Normalizer"):
        compile_features(pipeline, Schema.from_table(TABLE, "price", "regression").fields)


def test_numbers_only() -> None:
    """A table without any category."""
    table = pd.DataFrame(TABLE[["age", "power", "price"]])
    assert_same_features(fit(table, normalize=True), table)
