"""What is asked of PyCaret, and what its answers become; a stand-in answers for it."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace as Of
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="PyCaret's estimators are scikit-learn's")

import pandas as pd
from sklearn import base

from tablecast.errors import InvalidInput, UnsupportedStep
from tablecast.inference import pycaret_api, pycaret_engine
from tablecast.inference.pycaret_api import (
    as_heard,
    classes_of,
    heard_levels,
    names_of_labels,
    numbers_of,
    plain,
    quick_collections,
    short_names,
)
from tablecast.inference.pycaret_engine import PycaretEngine
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema

SIZE = Field("size", "number", "float64", minimum=0.0, maximum=9.0)


def pipeline(*steps: Any, last: Any = None) -> Any:
    """A pipeline of PyCaret's, each step a wrapper around what does the work."""
    named = [(name, Of(transformer=step)) for name, step in steps]
    return Of(steps=[*named, ("actual_estimator", last or Of(classes_=np.array([0, 1])))])


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (np.int64(3), 3), (np.float32(0.1), 0.1), (float(np.float32(0.1)), 0.1), (0.1, 0.1),
        (1.23456789012, 1.23456789012), (2.0, 2.0), (30000001024.0, 30000001024.0), ("a", "a"),
        (2.0**60, 2.0**60), (True, True),
    ],
)  # fmt: skip
def test_numbers_are_pythons_own(value: Any, number: Any) -> None:
    """A float32 is the shortest number that it stands for, wherever it was kept; others stay."""
    assert (plain(value), type(plain(value))) == (number, type(number))


def test_a_pipelines_classes_are_those_it_was_given() -> None:
    """Those that it encodes, else its estimator's, or those of another estimator."""
    encoding = ("label_encoding", Of(classes_=np.array(["b", "c"])))
    other = Of(classes_=np.array([5, 7]))
    assert classes_of(pipeline()) == [0, 1]
    assert classes_of(pipeline(), other) == [5, 7]
    assert classes_of(pipeline(encoding)) == classes_of(pipeline(encoding), other) == ["b", "c"]


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (["no", "yes"], {"no": "no", "yes": "yes"}),
        (["02", None], {2: "02", "02": "02", None: "None"}),
        ([1.5, 3.0], {1: "1.5", 3: "3", 1.5: "1.5"}),
        ([0, 1], {0: 0, 1: 1}),
    ],
)
def test_what_may_be_written_for_a_class(classes: list[Any], names: dict[Any, Any]) -> None:
    """PyCaret makes whole numbers of all that it can."""
    assert names_of_labels(classes) == names


def test_two_classes_that_are_written_alike_are_refused() -> None:
    """The error names both, and the number that stands for them."""
    with pytest.raises(UnsupportedStep, match=r"answers 1 for both of the classes 1 and 1\.5"):
        names_of_labels([1, 1.5])


def test_every_step_tells_the_levels_that_it_knows() -> None:
    """Whatever it is built of; nothing of missing levels, of numbers and of the estimator."""
    steps = [
        ("numerical_imputer", Of(columns=["age"])),
        ("rare", Of(to_other_={"town": ["Rome", np.nan]})),
        ("one_hot", Of(categories_=[[1.0, 2.5], ["x"]], feature_names_in_=["code", "age"])),
        ("ordinal", Of(ordinal_encoder=Of(mapping=[
            {"col": "size", "mapping": pd.Series([1, 2], ["small", "large"])}
        ]))),
        ("other", Of(mapping=[{"col": "flag", "mapping": pd.Series([1, 2], [True, False])}])),
        ("means", Of(mapping={"town": pd.DataFrame({"mean": [1.0]}, ["Oslo"])})),
    ]
    last = Of(to_other_={"town": ["never"]}, classes_=np.array([0, 1]))
    assert heard_levels(pipeline(*steps, last=last)) == {
        "town": {"Rome": "Rome", "Oslo": "Oslo"},
        "code": {"1": 1.0, "2.5": 2.5},
        "size": {"small": "small", "large": "large"},
        "flag": {"True": True, "False": False},
    }
    bare = Of(steps=[("own", Of(to_other_={"a": ["b"]})), ("last", None)])
    assert heard_levels(bare) == {"a": {"b": "b"}}
    twice = pipeline(("a", Of(to_other_={"n": [1]})), ("b", Of(to_other_={"n": [1.0]})))
    assert type(heard_levels(twice)["n"]["1"]) is int


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (Of(include=["a"], transformer=Of(columns=["b"])), ["a"]),
        (Of(include=None, transformer=Of(columns=["b"])), ["b"]),
        (Of(include=None), []),
        (None, []),
    ],
)
def test_numbers_are_those_of_the_imputer(step: Any, names: list[str]) -> None:
    """What it includes, or what it was given to drop; none without an imputer, or as the last."""
    assert numbers_of(Of(steps=[("numerical_imputer", step), ("last", None)])) == names
    assert numbers_of(Of(steps=[("numerical_imputer", step)])) == []


def test_texts_become_the_levels_that_were_heard() -> None:
    """In columns of texts whose levels are not texts; an unheard text stays."""
    table = pd.DataFrame({"flag": ["True", "odd"], "town": ["Rome", "x"], "n": [1.0, 2.0]})
    heard = {"flag": {"True": True}, "town": {"Rome": "Rome"}, "n": {"1": 7}, "gone": {"1": 1}}
    assert as_heard(table, heard).to_dict("list") == {
        "flag": [True, "odd"], "town": ["Rome", "x"], "n": [1.0, 2.0],
    }
    only_texts = {"town": {"Rome": "Rome"}}
    assert as_heard(table, only_texts) is table


def test_estimators_are_written_short_for_a_while() -> None:
    """Also by two at once; afterwards as scikit-learn writes them."""
    usual = base.BaseEstimator.__repr__
    with short_names(), short_names():
        assert repr(base.BaseEstimator()) == "BaseEstimator()"
        assert base.BaseEstimator.__repr__ is not usual
    assert base.BaseEstimator.__repr__ is usual


def test_collections_look_at_new_objects_only() -> None:
    """Until it ends; where a process has frozen its objects, they stay so."""
    at_start = gc.get_freeze_count()  # Python 3.12 has some from its beginning
    with quick_collections():
        assert gc.get_freeze_count() > at_start + 10_000
    assert gc.get_freeze_count() <= at_start
    gc.freeze()
    try:
        with quick_collections():
            pass
        assert gc.get_freeze_count() > at_start + 10_000
    finally:
        gc.unfreeze()


class Experiment:
    """Answers as PyCaret does, warns as it does, and keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def predict_model(self, _pipeline: Any, data: Any, **asked: Any) -> Any:
        warnings.warn("of each row", FutureWarning, stacklevel=1)
        self.asked = asked
        return data.assign(**self.answers)


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, task: Any, **answers: Any) -> Iterator[Any]:
    """PyCaret's engine for one number, and the experiment that answers for PyCaret."""
    experiment, imported = Experiment(**answers), []
    classes = ("b", "a") if task == "classification" else ()
    encoding = ("label_encoding", Of(classes_=np.array(["b", "a"], dtype=object)))
    monkeypatch.setattr(pycaret_api, "_predictor", {task: experiment}.get)
    monkeypatch.setattr(pycaret_engine, "import_pycaret", imported.append)
    engine = PycaretEngine(pipeline(encoding), Schema((SIZE,), "y", task, classes))
    assert imported == [f"pycaret.{task}"]
    yield engine, experiment


COLUMNS = {"size": np.array([1.0, 2.0])}


def test_amounts_are_asked_for_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come as float64, whatever PyCaret made of them."""
    with answering(monkeypatch, "regression", prediction_label=[1, 2]) as (engine, experiment):
        labels = engine.answer(COLUMNS).labels
        assert (labels.tolist(), labels.dtype) == ([1, 2], np.float64)
        assert experiment.asked == {"verbose": False}


def test_classes_are_asked_for_at_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """With each one's probability, in the classes' order; without where there is none."""
    labels = {"prediction_label": ["a", "b"]}
    scores = {"prediction_score_b": [0.25, 0.75], "prediction_score_a": [0.75, 0.25]}
    with answering(monkeypatch, "classification", **labels, **scores) as (engine, experiment):
        answer = engine.answer(COLUMNS)
        assert (answer.labels.tolist(), answer.labels.dtype) == (["a", "b"], object)
        assert answer.probabilities.tolist() == [[0.25, 0.75], [0.75, 0.25]]
        assert experiment.asked == {"verbose": False, "raw_score": True, "round": 15}
    with answering(monkeypatch, "classification", **labels) as (engine, _):
        answer = engine.answer(COLUMNS)
        assert (answer.labels.tolist(), answer.probabilities) == (["a", "b"], None)


def test_a_column_called_as_a_score_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scores are the last columns, and spelled as the classes are."""
    monkeypatch.setattr(pycaret_api, "_predictor", {"classification": Experiment(
        prediction_label=[2, 1], prediction_score_1=[0.5, 0.5], prediction_score_2=[0.5, 0.5],
    )}.get)  # fmt: skip
    table = pd.DataFrame({"prediction_score_x": [7, 8]})
    encoded = pipeline(("label_encoding", Of(classes_=np.array(["01", "02"], dtype=object))))
    found = pycaret_api.predict_with_pycaret(encoded, table, "classification")
    assert found["prediction_label"].tolist() == ["02", "01"]
    assert list(found) == [
        "prediction_score_x", "prediction_label", "prediction_score_01", "prediction_score_02"
    ]  # fmt: skip


def test_rows_that_pycaret_drops_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could tell whose the other answers are."""
    with answering(monkeypatch, "regression", prediction_label=[1, 2]) as (engine, experiment):
        experiment.predict_model = lambda *_, data, **__: data.head(1)
        with pytest.raises(InvalidInput, match="predictions for 1 of 2 rows"):
            engine.answer(COLUMNS)


def test_pycaret_is_imported_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its log file and its dependencies' warnings, after its check of Python's version."""
    passed: list[bool] = []
    made = Of(RegressionExperiment=lambda: "made")

    def warning(_module: str) -> Any:
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return made

    monkeypatch.delenv("PYCARET_CUSTOM_LOGGING_PATH", raising=False)
    monkeypatch.setattr(pycaret_api, "pass_version_gate", lambda: passed.append(True))
    monkeypatch.setattr(pycaret_api, "import_module", warning)
    assert pycaret_api._predictor.__wrapped__("regression") == "made"
    assert passed == [True]
    assert pycaret_api.os.environ["PYCARET_CUSTOM_LOGGING_PATH"] == pycaret_api.os.devnull
