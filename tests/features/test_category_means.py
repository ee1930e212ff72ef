"""Columns of many levels: no row is learnt from by its own answer, and each is answered alike."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the step belongs to PyCaret's pipelines")

from sklearn.base import clone

from tablecast.compiler.pipeline import compile_pipeline
from tablecast.compiler.proof.prove import prove, pycaret_reference
from tablecast.data.prepared import Prepared
from tablecast.features import CategoryMeans
from tablecast.features.category_means import LEAST_SMOOTH, MOST_SMOOTH, smooth_of
from tablecast.inference.pycaret_api import heard_levels, predict_with_pycaret
from tablecast.schema.schema import Schema
from tablecast.training.experiment.setup import quiet_and_single, start

pytestmark = pytest.mark.filterwarnings("ignore")


def _noise(rows: int = 200, levels: int = 60) -> pd.DataFrame:
    random = np.random.default_rng(8)
    x = random.normal(size=rows)
    ids = [f"n{place}" for place in random.integers(levels, size=rows)]
    return pd.DataFrame({"id": ids, "x": x, "y": x + random.normal(size=rows)})


def test_a_row_is_not_encoded_by_its_own_answer() -> None:
    """Another answer of a row changes what the others are encoded by, and never its own."""
    table = _noise()
    own, others = 0, 0
    usual = CategoryMeans(3).fit(table[["id"]], table["y"]).transform(table[["id"]], table["y"])
    for place in range(20):
        target = table["y"].copy()
        target.iloc[place] += 100.0
        step = CategoryMeans(3).fit(table[["id"]], target)
        moved = np.flatnonzero(np.ravel(step.transform(table[["id"]], target) != usual))
        own, others = own + (place in moved), others + len(moved)
    assert own == 0
    assert others > 0


def test_noise_tells_nothing_of_the_rows_that_are_learnt_from() -> None:
    """Means of all rows follow the answers of noise's own levels; those of other rows do not."""
    table = _noise(rows=600, levels=200)
    ids, y = table[["id"]], table["y"]
    step = CategoryMeans(1).fit(ids, y)
    assert np.corrcoef(np.ravel(step.transform(ids)), y)[0, 1] > 0.4
    assert abs(np.corrcoef(np.ravel(step.transform(ids, y)), y)[0, 1]) < 0.15


def test_only_the_rows_of_the_fit_are_encoded_by_others() -> None:
    """Rows without a target, other rows, and a part of them are encoded by the means of all."""
    table = _noise()
    ids, y = table[["id"]], table["y"]
    step = CategoryMeans(1).fit(ids, y)
    whole = step.transform(ids)
    assert (step.transform(ids, y) != whole).any()
    assert (step.transform(ids, y) == step.transform(ids.copy(), y.copy())).all()
    assert (step.transform(ids, y[::-1].set_axis(y.index)) == whole).all()
    assert (step.transform(ids[:50], y[:50]) == whole[:50]).all()
    each = [step.transform(ids.iloc[[place]])[0, 0] for place in range(len(ids))]
    assert each == whole[:, 0].tolist()


def test_the_seed_decides_the_folds() -> None:
    """The same seed encodes alike in a clone and after a pickle; another divides the rows anew."""
    table = _noise()
    ids, y = table[["id"]], table["y"]
    step = CategoryMeans(1).fit(ids, y)
    usual = step.transform(ids, y)
    assert (clone(step).fit(ids, y).transform(ids, y) == usual).all()
    assert (pickle.loads(pickle.dumps(step)).transform(ids, y) == usual).all()
    assert (CategoryMeans(2).fit(ids, y).transform(ids, y) != usual).any()


def test_unknown_and_missing_levels_are_the_mean_of_all() -> None:
    """As is a level that only rows of the same fold have."""
    table = _noise()
    table.loc[0, "id"] = "once"
    ids, y = table[["id"]], table["y"]
    step = CategoryMeans(1).fit(ids, y)
    strange = pd.DataFrame({"id": ["never", np.nan]}, dtype=object)
    assert np.ravel(step.transform(strange)) == pytest.approx([y.mean()] * 2)
    assert step.transform(ids, y)[0, 0] == pytest.approx(y.mean(), abs=0.1)


def test_levels_that_differ_are_believed_and_noise_is_not() -> None:
    """Few rows of the mean of all are added where levels decide, and many where chance does."""
    random = np.random.default_rng(1)
    places = np.repeat(np.arange(50), 8)
    own, noise = random.normal(size=50)[places], random.normal(size=400)
    assert smooth_of(places, own) == LEAST_SMOOTH
    assert smooth_of(places, own + noise) == pytest.approx(1.0, rel=0.5)  # equal variances
    assert smooth_of(places, 3 * own + noise) == pytest.approx(1 / 9, rel=0.5)
    assert smooth_of(places, noise) > 20
    for alone in (np.arange(400), np.zeros(400, dtype=int)):  # nothing to compare
        assert smooth_of(alone, noise) == MOST_SMOOTH
    assert smooth_of(places + 1, noise) == smooth_of(places, noise)  # a level without rows


def test_each_column_has_a_smoothing_of_its_own() -> None:
    """A column of noise beside one that decides changes nothing in that one."""
    random = np.random.default_rng(2)
    table = pd.DataFrame({
        "decides": [f"n{place % 40}" for place in range(400)],
        "noise": [f"n{place}" for place in random.integers(40, size=400)],
    })
    y = pd.Series(random.normal(size=40)[np.arange(400) % 40] + 0.1 * random.normal(size=400))
    both = CategoryMeans(1).fit(table, y).transform(table)
    alone = CategoryMeans(1).fit(table[["decides"]], y).transform(table[["decides"]])
    assert (both[:, 0] == alone[:, 0]).all()
    assert both[:, 1].std() < 0.2 * both[:, 0].std()


def test_rows_of_a_level_that_clearly_differs_are_encoded_alike() -> None:
    """Trees can then tell it from others; not so levels of noise, or of three rows each."""
    random = np.random.default_rng(3)
    own = random.normal(size=400)
    for rows, noise, alike in ((8, 0.3, True), (8, 2.0, False), (3, 0.3, False)):
        places = np.repeat(np.arange(100), rows)
        ids = pd.DataFrame({"id": [f"n{place}" for place in places]})
        y = pd.Series(own[places] + noise * random.normal(size=len(places)))
        step = CategoryMeans(1).fit(ids, y)
        assert (step.transform(ids, y) == step.transform(ids)).all() == alike


@pytest.mark.slow
def test_pycaret_learns_from_the_means_of_other_rows() -> None:
    """Its pipeline gives the target while it is fitted, and none to answer, of the same rows too"""
    table = _noise(rows=600, levels=200)
    with quiet_and_single():
        experiment = start(Prepared(table, "y", "regression", (), ()), 1, [])
        steps = clone(experiment.pipeline)
        learnt, target = steps.fit_transform(experiment.X_train, experiment.y_train)
        asked = steps.transform(experiment.X_train)
    assert abs(np.corrcoef(learnt["id"], target)[0, 1]) < 0.15
    assert np.corrcoef(asked["id"], target)[0, 1] > 0.4
    assert (learnt["x"] == asked["x"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("task", ["regression", "two", "three"])
def test_a_trained_pipeline_and_its_graph_answer_alike(task: str) -> None:
    """One row, a batch, and the graph; each level of the column is in the graph."""
    table = _noise()
    if task != "regression":
        table["y"] = pd.cut(table["y"], 2 if task == "two" else 3, labels=False).map("c{}".format)
    kind = "regression" if task == "regression" else "classification"
    with quiet_and_single():
        experiment = start(Prepared(table, "y", kind, (), ()), 1, [])
        assert isinstance(experiment.pipeline["rest_encoding"].transformer, CategoryMeans)
        tree = experiment.create_model("dt", cross_validation=False, verbose=False, max_depth=6)
        pipeline = experiment.finalize_model(tree)
        asked = table.drop(columns="y")
        together = predict_with_pycaret(pipeline, asked, kind)["prediction_label"].tolist()
        alone = [
            predict_with_pycaret(pipeline, asked.iloc[[place]], kind)["prediction_label"].item()
            for place in range(10)
        ]
        schema = Schema.from_table(table, "y", kind)
        graph = compile_pipeline(pipeline, schema.fields, kind).SerializeToString()
        proof = prove(
            graph, pycaret_reference(pipeline, kind), table, kind, schema.fields, perturbed_rows=200
        )
    assert alone == together[:10]
    assert set(heard_levels(pipeline)["id"]) == set(table["id"])
    assert proof.rows >= 200
