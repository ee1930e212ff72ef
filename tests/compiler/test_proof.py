"""The proof finds what differs, and says by how much and where."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import TensorProto

from tablecast.compiler.graph import Builder
from tablecast.compiler.proof.prove import prove
from tablecast.compiler.proof.random_rows import random_rows
from tablecast.errors import ProofFailed
from tablecast.schema.field import Field

WIDTH = Field(
    "width (cm)",
    "number",
    "float64",
    minimum=0.0,
    maximum=10.0,
    hard_minimum=0.0,
    hard_maximum=20.0,
)
COUNT = Field(
    "count",
    "integer",
    "int64",
    minimum=1,
    maximum=9,
    hard_minimum=0,
    hard_maximum=17,
    required=False,
)
COLOR = Field("color", "category", "object", levels=("blue", "red"), required=False)
TABLE = pd.DataFrame({"width (cm)": [1.0, 2.5, 4.0]})


def double(error: float = 0.0) -> bytes:
    """A graph that answers twice the width, and an error for those over 3 cm."""
    builder = Builder()
    x = builder.input("width (cm)", text=False)
    over = builder.cast(builder.op("Greater", x, builder.constant(3.0)), TensorProto.DOUBLE)
    answer = builder.op(
        "Add",
        builder.op("Mul", x, builder.constant(2.0)),
        builder.op("Mul", over, builder.constant(error)),
    )
    outputs = [(answer, "prediction_label", TensorProto.DOUBLE, ["rows", 1])]
    return bytes(builder.finish(outputs).SerializeToString())


def classes(error: float = 0.0) -> bytes:
    """A graph that answers "wide" over 5 cm, with probabilities."""
    builder = Builder()
    x = builder.input("width (cm)", text=False)
    wide = builder.op("Mul", x, builder.constant(0.1))
    narrow = builder.op("Sub", builder.constant(1.0 + error), wide)
    over = builder.cast(builder.op("Greater", x, builder.constant(5.0)), TensorProto.INT64)
    names = builder.constant(np.array(["narrow", "wide"], dtype=object), object)
    outputs = [
        (builder.op("Gather", names, over), "prediction_label", TensorProto.STRING, ["rows", 1]),
        (
            builder.op("Concat", narrow, wide, axis=1),
            "probabilities",
            TensorProto.DOUBLE,
            ["rows", 2],
        ),
    ]
    return bytes(builder.finish(outputs).SerializeToString())


def predict(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(prediction_label=2.0 * table["width (cm)"])


def predict_classes(table: pd.DataFrame) -> pd.DataFrame:
    x = table["width (cm)"]
    label = np.where(x > 5.0, "wide", "narrow")
    return table.assign(
        prediction_label=label, prediction_score_narrow=1.0 - x * 0.1, prediction_score_wide=x * 0.1
    )


def test_equal_answers_are_proven() -> None:
    """A proof counts the rows that it compared and is plain data."""
    proof = prove(double(), predict, TABLE, "regression", [WIDTH])
    assert (proof.rows, proof.perturbed_rows, proof.refused_rows) == (3, 2000, 0)
    assert proof.worst_relative == 0.0
    assert json.loads(json.dumps(proof.to_json()))["onnxruntime"] == proof.onnxruntime


def test_a_difference_within_the_tolerance() -> None:
    """A difference of 1e-9 of the answer's size passes and is recorded."""
    proof = prove(double(1e-9), predict, TABLE, "regression", [WIDTH])
    assert 0 < proof.worst_relative <= 1e-9


def test_a_difference_beyond_the_tolerance() -> None:
    """A larger one fails, with its size, the worst row, both answers, and what to do."""
    with pytest.raises(ProofFailed, match=r"1\.2e-07.*'width \(cm\)': 4\.0.*8\.000001.*pycaret"):
        prove(double(1e-6), predict, TABLE, "regression", [WIDTH], perturbed_rows=1)


def test_a_difference_on_random_rows_only() -> None:
    """The random rows reach where training does not."""
    narrow = pd.DataFrame({"width (cm)": [1.0, 2.0]})
    with pytest.raises(ProofFailed):
        prove(double(1e-3), predict, narrow, "regression", [WIDTH])


def test_no_answer_is_a_difference() -> None:
    """NaN where PyCaret answers a number fails."""
    with pytest.raises(ProofFailed, match="nan"):
        prove(double(np.nan), predict, TABLE, "regression", [WIDTH])


def test_classes_are_proven() -> None:
    """Labels and probabilities alike."""
    proof = prove(classes(), predict_classes, TABLE, "classification", [WIDTH])
    assert (proof.label_mismatches, proof.worst_probability) == (0, 0.0)


def test_a_wrong_probability() -> None:
    """A probability beyond the tolerance fails though every label is right."""
    with pytest.raises(ProofFailed, match="probability differs by 1e-07"):
        prove(classes(1e-7), predict_classes, TABLE, "classification", [WIDTH])


def test_a_wrong_label() -> None:
    """One wrong label fails, and shows both."""

    def other(table: pd.DataFrame) -> pd.DataFrame:
        label = np.where(table["width (cm)"] > 3.0, "wide", "narrow")
        return predict_classes(table).assign(prediction_label=label)

    with pytest.raises(ProofFailed, match=r"labels differ, 0 of them ties.*narrow.*wide"):
        prove(classes(), other, TABLE, "classification", [WIDTH])


def test_dropped_rows_are_refused() -> None:
    """A pipeline that answers fewer rows than it is given cannot be proven."""
    with pytest.raises(ProofFailed, match="some are dropped"):
        prove(double(), lambda table: predict(table).iloc[1:], TABLE, "regression", [WIDTH])


def test_rows_that_pycaret_refuses_are_left_out() -> None:
    """Where predict_model raises for missing values, the complete rows are compared."""

    def strict(table: pd.DataFrame) -> pd.DataFrame:
        if table.isna().any(axis=None):
            raise ValueError("Input X contains NaN.")
        return predict(table)

    field = Field(**{**WIDTH.to_json(), "required": False, "levels": ()})
    proof = prove(double(), strict, TABLE, "regression", [field])
    assert proof.refused_rows > 0
    assert proof.perturbed_rows + proof.refused_rows == 2000


def test_a_pipeline_that_never_answers() -> None:
    """Where predict_model raises for any row, that is said instead of proving nothing."""

    def broken(_table: pd.DataFrame) -> pd.DataFrame:
        raise ValueError("no")

    with pytest.raises(ProofFailed, match=r"fails on rows like those of training.*no"):
        prove(double(), broken, TABLE, "regression", [WIDTH])


def test_random_rows_reach_every_corner() -> None:
    """About 8% missing, 4% unknown, 10% out of range, and nothing that the form refuses."""
    rows = random_rows([WIDTH, COUNT, COLOR], 2000, seed=1)
    assert 0.05 < rows["color"].isna().mean() < 0.11
    assert 0.02 < (~rows["color"].isin(["blue", "red"]) & rows["color"].notna()).mean() < 0.06
    assert 0.05 < (rows["width (cm)"] > 10).mean() < 0.15
    assert rows["width (cm)"].between(0, 20).all()
    assert rows["width (cm)"].notna().all()
    count = rows["count"].dropna()
    assert (count == count.round()).all()
    assert count.between(0, 17).all()


def test_random_rows_repeat() -> None:
    """The same seed makes the same rows, another seed others."""
    first, again, other = (random_rows([WIDTH, COLOR], 50, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_the_graph_is_a_valid_model() -> None:
    """The stand-in graphs of these tests pass ONNX's own checker."""
    onnx.checker.check_model(onnx.load_from_string(double()))
