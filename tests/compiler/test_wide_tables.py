"""Tables of hundreds of numbers: one input of the graph, and little time for a row."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the compiler reads PyCaret's pipelines")

from tablecast.compiler.pipeline import MOST_INPUTS, compile_pipeline
from tablecast.compiler.proof.prove import prove, pycaret_reference
from tablecast.compiler.row_program.trace import row_program_of
from tablecast.data.prepared import Prepared
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.inference.row_program import function_of
from tablecast.schema.schema import Schema
from tablecast.training.experiment.setup import quiet_and_single, start

pytestmark = pytest.mark.filterwarnings("ignore")

#: A number that float32 does not hold, and so is not rounded as the others are.
LARGE = 2.0**25 + 1


def prepared_of(columns: int) -> Prepared:
    """Numbers, some missing and some large whole ones, a text and a date."""
    random = np.random.default_rng(1)
    names = [f"c{index}" for index in range(columns)]
    table = pd.DataFrame(random.normal(size=(80, columns)), columns=names)
    table.iloc[3, 5] = np.nan
    table["large"] = (LARGE + 2 * random.integers(0, 9, 80)).astype("int64")
    table["kind"] = random.choice(["p", "q"], 80)
    table["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 90, 80), "D")
    table["y"] = table["c0"] * 3 + (table["large"] - LARGE) + (table["kind"] == "p")
    return Prepared(table, "y", "regression", (), ())


@pytest.mark.thorough
def test_many_numbers_are_one_input_and_answer_alike() -> None:
    """Proven on every row and on random ones; no column's name is lost, and texts stay apart."""
    prepared = prepared_of(MOST_INPUTS + 5)
    with quiet_and_single():
        experiment = start(prepared, 1, [])
        tree = experiment.create_model("lightgbm", cross_validation=False, verbose=False)
        pipeline = experiment.finalize_model(tree)
        schema = Schema.from_table(prepared.table, "y", "regression")
        model = compile_pipeline(pipeline, schema.fields, "regression")
        content = model.SerializeToString()
        proof = prove(
            content, pycaret_reference(pipeline, "regression"), prepared.table, "regression",
            schema.fields, perturbed_rows=100,
        )
    assert proof.rows == 80
    assert [value.name for value in model.graph.input if not value.name.startswith("_")] == [
        "kind", "day",
    ]
    table = prepared.table
    columns = {field.name: field.array_of_table(table[field.name]) for field in schema.fields}
    whole = GraphEngine(content).answer(columns).labels
    alone = [
        GraphEngine(content).answer({n: v[row : row + 1] for n, v in columns.items()}).labels[0]
        for row in (0, 3)
    ]
    assert alone == pytest.approx(whole[[0, 3]], rel=1e-12)
    program = row_program_of(model)
    assert program is not None
    answer = function_of(program, list(columns))
    programmed = [answer([values[row] for values in columns.values()])[0] for row in (0, 3)]
    assert programmed == pytest.approx(whole[[0, 3]], rel=1e-12)


def test_a_row_of_a_thousand_numbers_takes_a_fraction_of_a_millisecond() -> None:
    """Putting its columns side by side and asking the graph; the quickest of 300, since other work
    on the machine only adds to it."""
    from tablecast.compiler.graph import Builder

    names = [f"c{i}" for i in range(1_000)]
    builder = Builder()
    weights = builder.constant(np.ones((1_000, 1)))
    made = builder.op("MatMul", builder.wide_input(names), weights)
    model = builder.finish([(made, "prediction_label", 11, ["rows", 1])])
    engine = GraphEngine(model.SerializeToString())
    columns = {name: np.array([float(at)]) for at, name in enumerate(names)}
    assert engine.answer(columns).labels == [999 * 500]
    times = []
    for _ in range(300):
        began = time.thread_time()
        engine.answer(columns)
        times.append(time.thread_time() - began)
    assert min(times) < 200e-6
