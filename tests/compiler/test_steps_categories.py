"""Categories are compiled by running the fitted steps on each text that they know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import category_encoders as ce
import numpy as np
import pytest
from same import assert_same_features, cars, fields_of, fit

from tablecast.compiler import compile_features
from tablecast.compiler.proof.random_rows import inputs_of
from tablecast.errors import UnsupportedStep
from tablecast.inference.onnx_engine import session_of
from tablecast.schema.field import Field

TABLE = cars()

OPTIONS: dict[str, dict[str, Any]] = {
    "imputation-text": {"categorical_imputation": "not given"},
    "no-imputation": {"imputation_type": None},
    "rare": {"rare_to_value": 0.1},
    "rare-and-target": {"rare_to_value": 0.1, "max_encoding_ohe": 0},
    "ordinal": {"ordinal_features": {"color": ["red", "grey", "blue, dark"]}},
    "target": {"max_encoding_ohe": 2},
    "scaled": {"max_encoding_ohe": 0, "normalize": True, "normalize_method": "robust"},
}

ENCODERS = {
    "basen": ce.BaseNEncoder(base=3),
    "binary": ce.BinaryEncoder(),
    "catboost": ce.CatBoostEncoder(),
    "count": ce.CountEncoder(),
    "helmert": ce.HelmertEncoder(),
    "james-stein": ce.JamesSteinEncoder(),
    "leave-one-out": ce.LeaveOneOutEncoder(),
    "m-estimate": ce.MEstimateEncoder(),
    "one-hot": ce.OneHotEncoder(),
    "ordinal": ce.OrdinalEncoder(),
    "quantile": ce.QuantileEncoder(),
    "sum": ce.SumEncoder(),
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_option(options: dict[str, Any]) -> None:
    """Known, unknown and missing categories reach the estimator as in the pipeline."""
    assert_same_features(fit(TABLE, **options), TABLE)


@pytest.mark.thorough
@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS.keys())
def test_encoding_method(encoder: Any) -> None:
    """Any encoder that maps each column by itself may be PyCaret's encoding_method."""
    assert_same_features(fit(TABLE, max_encoding_ohe=0, encoding_method=encoder), TABLE)


def test_hashing_is_refused() -> None:
    """An encoder that tells unknown texts apart has no finite table."""
    encoder = ce.HashingEncoder(n_components=4, max_process=1)
    pipeline = fit(TABLE[["color", "age", "price"]], max_encoding_ohe=0, encoding_method=encoder)
    with pytest.raises(UnsupportedStep, match="unknown"):
        compile_features(pipeline, fields_of(TABLE[["color", "age", "price"]]))


def test_numeric_category() -> None:
    """A numeric column used as a category enters as text: 5 and 5.0 are both "5"."""
    table = TABLE[["doors", "age", "price"]]
    fields = tuple(
        Field("doors", "category", "int64", levels=("2", "3", "5"))
        if field.name == "doors" else field
        for field in fields_of(table)
    )
    pipeline = fit(table, categorical_features=["doors"])
    assert_same_features(pipeline, table, fields)
    assert inputs_of(fields, table.astype({"doors": float}))["doors"][0, 0] in ("2", "3", "5")
    with pytest.raises(UnsupportedStep, match=r"'doors'.*as a category"):
        compile_features(pipeline, fields_of(table))


@pytest.mark.thorough
def test_levels_that_the_schema_leaves_out() -> None:
    """A field with too many levels for a form still has them all in the graph."""
    fields = [
        replace(field, levels=field.levels[:1]) if field.kind == "category" else field
        for field in fields_of(TABLE)
    ]
    full = compile_features(fit(TABLE), fields_of(TABLE)).SerializeToString()
    cut = compile_features(fit(TABLE), fields).SerializeToString()
    inputs = inputs_of(fields, TABLE)
    expected, actual = (session_of(model).run(None, inputs)[0] for model in (full, cut))
    np.testing.assert_array_equal(actual, expected)


@pytest.mark.thorough
def test_many_text_columns_are_one_lookup_each() -> None:
    """Twelve text columns are encoded once each, however many features are made of them."""
    texts = {f"text {i}": np.roll(TABLE["color"], i) for i in range(12)}
    table = TABLE[["age", "price"]].assign(**texts)
    model = assert_same_features(fit(table), table)
    assert [node.op_type for node in model.graph.node].count("LabelEncoder") == 12


def test_text_with_many_levels() -> None:
    """Columns of many texts, which are encoded by means, are looked up as those of few."""
    texts = {f"code {i}": [f"{i}-{n % 90}" for n in range(150)] for i in range(5)}
    table = TABLE[["age", "color", "price"]].assign(**texts)
    assert_same_features(fit(table, max_encoding_ohe=5), table)


def test_dependent_columns_are_refused() -> None:
    """A categorical step that mixes two columns is refused, and both are named."""
    from sklearn.base import BaseEstimator, TransformerMixin

    from tablecast.compiler.registry import converts
    from tablecast.compiler.steps.categories import by_probing

    class Joined(TransformerMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any = None) -> Any:
            return self

        def transform(self, X: Any) -> Any:
            both = (X["color"].astype(str) + X["owner"].astype(str)).str.len().astype(float)
            return X.assign(both=both)

    converts(f"{Joined.__module__}.{Joined.__qualname__}")(by_probing)
    pipeline = fit(
        TABLE, float64=False, custom_pipeline=[("joined", Joined())], custom_pipeline_position=0
    )
    with pytest.raises(UnsupportedStep, match="'color' and 'owner' together"):
        compile_features(pipeline, fields_of(TABLE))
