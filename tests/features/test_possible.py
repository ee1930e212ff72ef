"""Answers stay possible: in the pipeline, in its graph and in its pickle alike."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the steps belong to PyCaret's pipelines")

from tablecast.compiler.pipeline import compile_pipeline
from tablecast.compiler.proof.prove import prove, pycaret_reference
from tablecast.data.prepared import Prepared
from tablecast.features import PossibleTarget
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.schema.schema import Schema
from tablecast.training.experiment.setup import quiet_and_single, start

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    ("target", "low", "high"),
    [([0.0, 4.0], 0.0, 8.0), ([2.0, 4.0], 0.0, 6.0), ([-1.0, 4.0], -6.0, 9.0), ([3, 3], 0, 3)],
)
def test_the_range_is_widened_by_its_width_but_not_below_zero(
    target: list[float], low: float, high: float
) -> None:
    """As a number field's hard limits are; a target that was below zero may be so again."""
    step = PossibleTarget().fit(np.array(target))
    answers = pd.Series([-1e9, 2.5, 1e9], index=[7, 8, 9])
    held = step.inverse_transform(answers)
    assert held.tolist() == [low, 3.0 if target == [3, 3] and high < 2.5 else 2.5, high]
    assert held.index.tolist() == [7, 8, 9]
    assert step.inverse_transform(answers.to_numpy()).tolist() == held.tolist()
    assert step.transform(answers) is answers


@pytest.mark.thorough
@pytest.mark.parametrize("straight", [False, True])
def test_no_line_answers_below_what_was_never_below_zero(straight: bool) -> None:
    """PyCaret's answers, proven equal in the graph; rows far outside are held at both ends."""
    random = np.random.default_rng(2)
    x = random.uniform(0, 10, 80)
    table = pd.DataFrame({"x": x, "z": random.normal(size=80)})
    table["y"] = np.maximum(0.0, x**2 - 20 + random.normal(size=80))
    prepared = Prepared(table, "y", "regression", (), ())
    with quiet_and_single():
        experiment = start(prepared, 1, [], **({"transform_target": True} if straight else {}))
        line = experiment.create_model("lr", cross_validation=False, verbose=False)
        pipeline = experiment.finalize_model(line)
        strange = pd.DataFrame({"x": [0.0, -50.0, 500.0], "z": 0.0})
        answers = predict_with_pycaret(pipeline, strange, "regression")["prediction_label"]
        schema = Schema.from_table(table, "y", "regression")
        graph = compile_pipeline(pipeline, schema.fields, "regression").SerializeToString()
        proof = prove(
            graph, pycaret_reference(pipeline, "regression"), table, "regression", schema.fields,
            perturbed_rows=200,
        )
        again = pickle.loads(pickle.dumps(pipeline))
    assert answers.min() == 0.0
    assert answers.max() == pytest.approx(2 * table["y"].max())
    assert proof.rows == 80
    assert again.steps[0][0] == "possible_answers"
    assert type(again.steps[0][1]).__module__ == "tablecast.features"
    assert (again.predict(table.drop(columns="y")) >= 0).all()
