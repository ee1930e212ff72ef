"""The only place where PyCaret is imported for predictions, and its own ``predict_model``."""

import gc
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from tablecast.errors import UnsupportedStep
from tablecast.inference.pycaret_gate import pass_version_gate
from tablecast.schema.texts import canonical_text, class_names

#: Python 3.12 begins with 375 objects that collections leave out; who freezes a process that has
#: imported anything has tens of thousands.
FROZEN_BY_PYTHON = 1_000


def import_pycaret(module: str) -> Any:
    """Import one of PyCaret's modules, such as ``"pycaret.regression"``, quietly.

    The first import takes seconds, opens ``logs.log`` in whatever folder it happens in, and warns
    of its dependencies' age.
    """
    os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
    pass_version_gate()
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
        ``prediction_score_<class>`` each. Classes are spelled as ``class_names`` does: PyCaret
        makes whole numbers of all that it can, and so 2 of "02", and 1 of 1.5.
    """
    options = {"raw_score": True, "round": 15} if task == "classification" else {}
    with warnings.catch_warnings(), quick_collections(), short_names():
        warnings.simplefilter("ignore")  # pandas and scikit-learn on PyCaret's behalf, a row each
        predicted = _predictor(task).predict_model(pipeline, data=table, verbose=False, **options)
    return _with_class_names(predicted, pipeline) if task == "classification" else predicted


@cache
def _predictor(task: str) -> Any:
    """An experiment that was never set up: a notebook's own would ask for its index column."""
    module = import_pycaret(f"pycaret.{task}")
    return getattr(module, f"{task.capitalize()}Experiment")()


def _with_class_names(predicted: Any, pipeline: Any) -> Any:
    classes, prefix = classes_of(pipeline), "prediction_score_"
    scores = [column for column in predicted if str(column).startswith(prefix)][-len(classes) :]
    wanted = [f"{prefix}{name}" for name in class_names(classes)]
    spelled = names_of_labels(classes)
    labels = [spelled[label] for label in predicted["prediction_label"].tolist()]
    # Without probabilities there are no scores.
    renamed = predicted.rename(columns=dict(zip(scores, wanted, strict=False)))
    return renamed.assign(prediction_label=labels)


def classes_of(pipeline: Any, estimator: Any = None) -> list[Any]:
    """The classes that a pipeline tells apart, as it was given them, in its probabilities' order.

    Args:
        pipeline: it encodes the classes, unless they are 0, 1, …; then its estimator has them.
        estimator: the estimator, where it is not the pipeline's last step.
    """
    encoder = dict(pipeline.steps).get("label_encoding")
    fitted = pipeline.steps[-1][1] if estimator is None else estimator
    owner = fitted if encoder is None else encoder.transformer
    return [plain(label) for label in owner.classes_]


def names_of_labels(classes: Iterable[Any]) -> dict[Any, int | str]:
    """What ``predict_model`` may write for a class, to the class's name.

    Raises:
        UnsupportedStep: it writes the same for two of them.
    """
    classes = list(classes)
    spelled: dict[Any, int | str] = dict(zip(classes, class_names(classes), strict=True))
    cut: dict[int, Any] = {}
    for label in classes:
        try:
            number = int(label)
        except (TypeError, ValueError):
            continue
        if cut.setdefault(number, label) != label:
            raise UnsupportedStep(
                "label_encoding",
                f"PyCaret's predict_model answers {number} for both of the classes "
                f"{cut[number]!r} and {label!r}",
                "Give the classes names that are no numbers, and train again.",
            )
    return {number: spelled[label] for number, label in cut.items()} | spelled


def heard_levels(pipeline: Any) -> dict[str, dict[str, Any]]:
    """Every level that a fitted step knows, for each column: canonical text to the level itself.

    Nothing of texts that a step before the encoder makes numbers of: they are their own levels.
    """
    heard: dict[str, dict[str, Any]] = {}
    for _, step in pipeline.steps[:-1]:
        transformer = getattr(step, "transformer", step)
        for name, levels in getattr(transformer, "to_other_", {}).items():
            _hear(heard, name, levels)
        known = getattr(transformer, "categories_", ())  # scikit-learn's encoders
        for name, levels in zip(getattr(transformer, "feature_names_in_", ()), known, strict=False):
            _hear(heard, name, levels)
        encoder = getattr(transformer, "ordinal_encoder", transformer)
        mapping = getattr(encoder, "mapping", None)
        if isinstance(mapping, list):
            for entry in mapping:
                _hear(heard, entry["col"], getattr(entry["mapping"], "index", ()))
        elif isinstance(mapping, dict):
            for name, table in mapping.items():
                _hear(heard, name, getattr(table, "index", ()))
    return {name: levels for name, levels in heard.items() if name not in numbers_of(pipeline)}


def as_heard(table: Any, heard: Mapping[str, Mapping[str, Any]]) -> Any:
    """A table with what the pipeline had for the texts of its categories: True for "True", a date.

    Args:
        table: a DataFrame whose categories are texts; others stay as they are.
        heard: what ``heard_levels`` gives.
    """
    changed = {
        name: table[name].map(lambda value, known=levels: known.get(value, value)).astype(object)
        for name, levels in heard.items()
        if name in table
        and table[name].dtype == object
        and not all(isinstance(level, str) for level in levels.values())
    }
    return table.assign(**changed) if changed else table


def numbers_of(pipeline: Any) -> list[str]:
    """The raw columns that PyCaret was told are numbers, or saw that they are."""
    step = dict(pipeline.steps[:-1]).get("numerical_imputer")
    dropping = getattr(getattr(step, "transformer", None), "columns", None)
    return list(getattr(step, "include", None) or dropping or ())


def _hear(heard: dict[str, dict[str, Any]], column: str, levels: Any) -> None:
    from pandas import isna

    for level in map(plain, levels):
        if not isna(level):
            heard.setdefault(column, {}).setdefault(canonical_text(level), level)


def plain(value: Any) -> Any:
    """A number of NumPy's as Python's own; of a float32, however it is kept, 0.1 as 0.1."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not value.is_integer():
        single = np.float32(value)
        return float(str(single)) if single == value else value
    return value


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
def grids_made_once() -> Iterator[None]:
    """Let PyCaret make the ranges of its tuning grids once in a process.

    Whatever is trained, it makes those of every estimator a dozen times in ``setup`` and once for
    each ``create_model``: a tenth of a linear training on 20,000 rows.
    """
    from pycaret.utils.generic import np_list_arange

    tasks = ("classification", "regression")
    modules: list[Any] = [import_module(f"pycaret.containers.models.{task}") for task in tasks]
    for module in modules:
        module.np_list_arange = _grid
    try:
        yield
    finally:
        for module in modules:
            module.np_list_arange = np_list_arange


def _grid(*ends: float, **inclusive: bool) -> list[float]:
    return list(_known_grid(*ends, **inclusive))  # each its own, for whoever changes it


@lru_cache(maxsize=None, typed=True)
def _known_grid(*ends: float, **inclusive: bool) -> list[float]:
    from pycaret.utils.generic import np_list_arange

    return list(np_list_arange(*ends, **inclusive))


@contextmanager
def quick_collections() -> Iterator[None]:
    """Let ``gc.collect`` look only at objects made from now on.

    PyCaret collects after every call, however few the rows: walking through all that its imports
    left in memory was half of ``predict_model``'s time.
    """
    if gc.get_freeze_count() > FROZEN_BY_PYTHON:  # the process has its own plans for them
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
