"""The one door to PyCaret: how it is imported, and its own ``predict_model``."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


def import_pycaret(module: str) -> Any:
    """Import one of PyCaret's modules, such as ``"pycaret.regression"``, quietly.

    The first import takes seconds, opens ``logs.log`` in whatever folder it happens in, and warns
    of its dependencies' age.
    """
    os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(module)


def predict_with_pycaret(pipeline: Any, table: Any, task: str) -> Any:
    """PyCaret's ``predict_model``, with every class's probability at full precision.

    Args:
        pipeline: a fitted PyCaret pipeline.
        table: a DataFrame with the pipeline's raw columns.
        task: ``"regression"`` or ``"classification"``.

    Returns:
        The table with ``prediction_label`` and, for classes with probabilities, one column
        ``prediction_score_<class>`` each.
    """
    module = import_pycaret(f"pycaret.{task}")
    options = {"raw_score": True, "round": 15} if task == "classification" else {}
    with warnings.catch_warnings(), _quick_collections(), short_names():
        warnings.simplefilter("ignore")  # pandas and scikit-learn on PyCaret's behalf, a row each
        return module.predict_model(pipeline, data=table, verbose=False, **options)


@contextmanager
def short_names() -> Iterator[None]:
    """Let scikit-learn's estimators be written as no more than their class's name.

    PyCaret writes whole pipelines, with all that they learnt, into the lines of a log that nobody
    keeps: half of the time that ``predict_model`` took for a row, and a seventh of training.
    """
    from sklearn.base import BaseEstimator

    # Another thread may be in here: what it found is not what has to come back.
    usual = _WRITERS.setdefault("usual", BaseEstimator.__repr__)
    BaseEstimator.__repr__ = _short_name
    try:
        yield
    finally:
        BaseEstimator.__repr__ = usual


_WRITERS: dict[str, Any] = {}


def _short_name(estimator: Any, _most: int = 0) -> str:
    return f"{type(estimator).__name__}()"


@contextmanager
def _quick_collections() -> Iterator[None]:
    """Let ``gc.collect`` look only at objects made from now on.

    ``predict_model`` collects after every call, however few the rows: walking through all that
    PyCaret's imports left in memory was half of its time.
    """
    if gc.get_freeze_count():  # the process has its own plans for them
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
