"""scikit-learn's ``Pipeline`` as an estimator: an estimator with steps of its own before it."""

from typing import Any

import numpy as np
import pandas as pd

from tablecast.compiler.frame import Cell, Frame, Number, Step
from tablecast.compiler.graph import Builder, Matrix
from tablecast.compiler.probe import Probe
from tablecast.compiler.registry import (
    Classification,
    classifies,
    classify,
    convert,
    regress,
    regresses,
)


@regresses("sklearn.pipeline.Pipeline")
def chain_regressor(builder: Builder, estimator: Any, x: Matrix) -> str:
    """The last step's answer to what the steps before it make of the features."""
    return regress(builder, estimator.steps[-1][1], _prepared(builder, estimator, x))


@classifies("sklearn.pipeline.Pipeline")
def chain_classifier(builder: Builder, estimator: Any, x: Matrix) -> Classification:
    """The last step's classes for what the steps before it make of the features."""
    return classify(builder, estimator.steps[-1][1], _prepared(builder, estimator, x))


def _prepared(builder: Builder, chain: Any, x: Matrix) -> Matrix:
    for name, transformer in chain.steps[:-1]:
        if transformer is not None and transformer != "passthrough":
            x = _after(builder, name, transformer, x)
    return x


def _after(builder: Builder, name: str, transformer: Any, x: Matrix) -> Matrix:
    """One step, compiled as in the table's own pipeline: all of its columns are numbers here."""
    columns = list(getattr(transformer, "feature_names_in_", [f"x{at}" for at in range(x.width)]))
    # A row of zeros stands for the probe, which such steps ask for its types alone.
    before = pd.DataFrame(
        np.zeros((1, x.width), np.float32 if x.single else np.float64), columns=columns
    )
    named = hasattr(transformer, "feature_names_in_")
    values = np.asarray(transformer.transform(before if named else before.to_numpy()))
    after = pd.DataFrame(values, columns=list(transformer.get_feature_names_out(columns)))
    cells: dict[str, Cell] = {
        column: Number(x.name, x.width, at) for at, column in enumerate(columns)
    }
    # Only a text column's lookup reads the probe, and there is none behind the first steps.
    probe: Probe = None  # type: ignore[assignment]
    step = Step(name, transformer, columns, before, after)
    new_cells = convert(Frame(builder, probe, cells, before), step)
    return Frame(builder, probe, new_cells, after).matrix(name, list(after.columns))
