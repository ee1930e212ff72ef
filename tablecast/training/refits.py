"""Clones of a pipeline, each fitted without some of the rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Rows = npt.NDArray[np.intp]
Split = tuple[Rows, Rows]


def refitted(
    pipeline: Any, features: pd.DataFrame, target: pd.Series, splits: Iterable[Split]
) -> Iterator[tuple[Rows, Rows, Any]]:
    """A clone of a pipeline for each split, fitted on the rows to learn from.

    Args:
        pipeline: as it is or was fitted.
        features, target: all rows.
        splits: the places of the rows to learn from and of the others, as scikit-learn's splitters
            give them.

    Yields:
        Both places, and the clone.
    """
    from sklearn.base import clone

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fold that warns does so thousands of times
        for learnt, unseen in splits:
            fitted = clone(pipeline).fit(features.iloc[learnt], target.iloc[learnt])
            yield learnt, unseen, fitted
