"""Scalers and the simple imputer."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import TensorProto

from tablecast.compiler.frame import Cell, Frame, Step
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.registry import converts
from tablecast.compiler.steps.categories import by_probing
from tablecast.compiler.steps.columnwise import convert_columnwise, rounded
from tablecast.errors import UnsupportedStep

REFUSED = {
    "sklearn.impute.KNNImputer": "it needs the training rows to fill in a value",
    "pycaret.internal.preprocess.iterative_imputer.IterativeImputer": (
        "it fills in values by models of the other columns, over several rounds"
    ),
    "pycaret.internal.preprocess.transformers.DropImputer": (
        "it drops rows, which then have no answer"
    ),
}


@converts("sklearn.preprocessing.StandardScaler", "sklearn.preprocessing.RobustScaler")
def center_and_scale(frame: Frame, step: Step) -> dict[str, Cell]:
    """Scalers that centre first."""
    return convert_columnwise(frame, step, center_and_scale_numbers)


def center_and_scale_numbers(builder: Builder, scaler: Any, x: Matrix, indices: list[int]) -> str:
    """Subtract the centre, then divide by the scale, each where the scaler does."""
    center = getattr(scaler, "mean_" if hasattr(scaler, "with_std") else "center_", None)
    centers = scaler.with_mean if hasattr(scaler, "with_mean") else scaler.with_centering
    tensor = x.name
    if centers and center is not None:
        tensor = rounded(builder, x, builder.op("Sub", tensor, _row(builder, center, indices)))
    if scaler.scale_ is not None:
        tensor = builder.op("Div", tensor, _row(builder, scaler.scale_, indices))
        tensor = rounded(builder, x, tensor)
    return tensor


@converts("sklearn.preprocessing.MinMaxScaler")
def scale_to_range(frame: Frame, step: Step) -> dict[str, Cell]:
    """The scaler to a fixed range."""
    return convert_columnwise(frame, step, _scale_to_range)


def _scale_to_range(builder: Builder, scaler: Any, x: Matrix, indices: list[int]) -> str:
    """Multiply by the scale, then add the minimum; clip where the scaler does."""
    tensor = builder.op("Mul", x.name, _row(builder, scaler.scale_, indices))
    tensor = rounded(builder, x, tensor)
    tensor = builder.op("Add", tensor, _row(builder, scaler.min_, indices))
    tensor = rounded(builder, x, tensor)
    if scaler.clip:
        low, high = scaler.feature_range
        tensor = builder.op("Clip", tensor, builder.constant(low), builder.constant(high))
    return tensor


@converts("sklearn.preprocessing.MaxAbsScaler")
def scale_by_maximum(frame: Frame, step: Step) -> dict[str, Cell]:
    """The scaler by the largest absolute value."""
    return convert_columnwise(frame, step, _scale_by_maximum)


def _scale_by_maximum(builder: Builder, scaler: Any, x: Matrix, indices: list[int]) -> str:
    tensor = builder.op("Div", x.name, _row(builder, scaler.scale_, indices))
    return rounded(builder, x, tensor)


def _impute_numbers(builder: Builder, imputer: Any, x: Matrix, indices: list[int]) -> str:
    """Put the statistic that training found instead of NaN."""
    fill = np.asarray(imputer.statistics_[indices], dtype=np.float64)
    if x.single:  # Imputer is the quickest, and knows float32 only
        filled = builder.ml(
            "Imputer",
            builder.cast(x.name, TensorProto.FLOAT),
            imputed_value_floats=fill.astype(np.float32).tolist(),
            replaced_value_float=float("nan"),
        )
        return builder.cast(filled, TensorProto.DOUBLE)
    missing = builder.op("IsNaN", x.name)
    return builder.op("Where", missing, builder.constant(fill.reshape(1, -1)), x.name)


@converts("sklearn.impute.SimpleImputer")
def impute(frame: Frame, step: Step) -> dict[str, Cell]:
    """Numbers are imputed in the graph; categories by probing."""
    if step.transformer.add_indicator:
        raise UnsupportedStep(step.name, "it adds indicator columns")
    if np.asarray(step.transformer.statistics_).dtype.kind == "f":
        return convert_columnwise(frame, step, _impute_numbers)
    return by_probing(frame, step)


@converts(*REFUSED)
def refuse(_frame: Frame, step: Step) -> dict[str, Cell]:
    """Imputers that have no graph form."""
    kind = type(step.transformer)
    reason = next(why for name, why in REFUSED.items() if name.endswith("." + kind.__name__))
    raise UnsupportedStep(
        step.name,
        reason,
        "Train with imputation_type 'simple', numeric_imputation 'mean', 'median' or 'mode' and "
        "categorical_imputation 'mode', or serve with TABLECAST_ENGINE=pycaret.",
    )


def _row(builder: Builder, values: ArrayLike, indices: list[int]) -> str:
    return builder.constant(np.asarray(values, dtype=np.float64)[indices].reshape(1, -1))
