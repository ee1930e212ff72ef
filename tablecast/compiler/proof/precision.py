"""Whether a pipeline computes in float32, and so has only seven digits."""

import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tablecast.compiler.frame import is_single
from tablecast.compiler.probe import prepared
from tablecast.compiler.proof.random_rows import UNKNOWN, random_rows
from tablecast.schema.field import Field

#: Random rows that the steps are run on, less those with a missing or an unknown value.
ROWS = 100


def computes_in_single(pipeline: Any, fields: Sequence[Field]) -> bool:
    """Whether a step or the estimator does arithmetic on columns of float32.

    PyCaret's ``predict_model`` makes float32 of all fractions, and a step or an estimator that is
    given nothing else computes so. Steps that only copy, rename or cast do no arithmetic.

    Args:
        pipeline: a fitted PyCaret pipeline.
        fields: its raw columns.
    """
    names = list(pipeline.feature_names_in_[:-1])
    table = random_rows(fields, ROWS, 0)[names]
    table = table[~(table == UNKNOWN).any(axis=1)]
    # Whole numbers up to 127 are int8, which NumPy joins with float32 and not with float64.
    small = {
        field.name: int(field.minimum or 0)
        for field in fields
        if field.is_whole and field.graph_input == "number"
    }
    least = table.assign(**{name: small[name] for name in names if name in small})
    tables = [
        part
        for candidate in (least, table)
        for part in (candidate, candidate.dropna())
        if len(part)
    ]
    return any(_in_single(pipeline, prepared(candidate)) for candidate in tables)


def _in_single(pipeline: Any, rows: pd.DataFrame) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _, step in pipeline.steps[:-1]:
            if not hasattr(step, "transform") or getattr(step, "_train_only", False):
                continue
            try:
                after = step.transform(rows.copy())
            except (ValueError, TypeError, KeyError, IndexError):
                return False  # of missing values; the other rows tell
            after = after[0] if isinstance(after, tuple) else after
            if is_single(_changed(rows, after)):
                return True
            rows = after
    return is_single(rows)


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The columns that a step has made or altered."""
    kept = [name for name in after if name in before and after[name].equals(before[name])]
    return after.drop(columns=kept)
