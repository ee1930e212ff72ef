"""Converters of fitted estimators. Importing this package registers all of them."""

from __future__ import annotations

from tablecast.compiler.estimators import (
    bayes,
    boosting,
    calibration,
    chains,
    dummy,
    ensembles,
    linear,
    neighbours,
    neural,
    svm,
    trees,
)

__all__ = [
    "bayes",
    "boosting",
    "calibration",
    "chains",
    "dummy",
    "ensembles",
    "linear",
    "neighbours",
    "neural",
    "svm",
    "trees",
]
