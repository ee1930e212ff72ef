"""Converters of fitted estimators. Importing this package registers all of them."""

from __future__ import annotations

from tablecast.compiler.estimators import boosting, linear, trees

__all__ = ["boosting", "linear", "trees"]
