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
    with warnings.catch_warnings(), _quick_collections():
        warnings.simplefilter("ignore")  # pandas and scikit-learn on PyCaret's behalf, a row each
        return module.predict_model(pipeline, data=table, verbose=False, **options)


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
