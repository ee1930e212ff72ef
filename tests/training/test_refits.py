"""Clones of a pipeline that answer the rows they were not fitted on: some fitted at once."""

from __future__ import annotations

import threading
import time
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tablecast.data.row_metadata import RowMetadata
from tablecast.training.cluster import executor
from tablecast.training.experiment import out_of_fold
from tablecast.training.experiment.out_of_fold import refitted

_fitting: list[int] = []
_most: list[int] = []


class Counting(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Notes how many of it are fitted at once."""

    def fit(self, X: Any, y: Any) -> Self:
        _fitting.append(threading.get_ident())
        time.sleep(0.05)
        _most.append(len(_fitting))
        _fitting.remove(threading.get_ident())
        self.classes_ = np.unique(y)
        return self


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> tuple[pd.DataFrame, pd.Series, list[Any]]:
    """90 rows in five folds, on a machine of two cores."""
    for module in (executor, out_of_fold):
        monkeypatch.setattr(module, "threads", lambda: 2)
    _most.clear()
    features = pd.DataFrame(np.random.default_rng(1).normal(size=(90, 3)), columns=list("abc"))
    target = (features["a"] > 0).astype(int)
    places = np.arange(90)
    return features, target, [(places[places % 5 != fold], places[places % 5 == fold])
                              for fold in range(5)]  # fmt: skip


def test_as_many_are_fitted_at_once_as_there_are_cores(rows: Any) -> None:
    """Five take three rounds on two cores, and come in the order of their splits."""
    features, target, splits = rows
    made = list(refitted(make_pipeline(Counting()), features, target, iter(splits)))
    assert max(_most) == 2
    for (learnt, unseen, _), split in zip(made, splits, strict=True):
        assert (learnt is split[0], unseen is split[1]) == (True, True)


def test_clones_are_the_same_however_many_are_fitted_at_once(
    rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each learns from its own rows and their weights, and the pipeline itself is not fitted."""
    features, target, splits = rows
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    about = RowMetadata(weights=pd.Series(np.linspace(0.1, 2, 90)))
    answers = []
    for count in (1, 2, 4):
        for module in (executor, out_of_fold):
            monkeypatch.setattr(module, "threads", lambda count=count: count)
        made = refitted(pipeline, features, target, splits, about)
        answers.append([one.predict_proba(features) for _, _, one in made])
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])
    assert not hasattr(pipeline[-1], "coef_")
    assert len({one.tobytes() for one in answers[0]}) == 5


def test_support_vector_machines_are_fitted_one_by_one(rows: Any) -> None:
    """All of a process draw from one generator, which threads would take turns with."""
    features, target, splits = rows
    machine = SVC(probability=True, random_state=3)
    pipeline = make_pipeline(VotingClassifier([("a", Counting()), ("b", machine)]))
    list(refitted(pipeline, features, target, splits))
    assert max(_most) == 1


def test_only_as_many_are_fitted_at_once_as_memory_holds(
    rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may take some 30 times its table; one is fitted however little is free."""
    features, target, splits = rows
    for free, most in ((1.9, 1), (0.0, 1), (2.0, 2)):
        monkeypatch.setattr(out_of_fold, "most_rows", lambda _width, _copies, free=free: 90 * free)
        _most.clear()
        list(refitted(make_pipeline(Counting()), features, target, splits))
        assert max(_most) == most
