"""An old deployment and a new one on rows whose truth is known."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from tablecast.batch.compare_deployments import compare_deployments
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.schema import Schema
from tests.stand_ins import NearestPetalEngine, deploy, iris_schema

ROWS = 200


class Off:
    """Twice x, and so much too high."""

    def __init__(self, by: float) -> None:
        self.by = by

    def answer(self, columns: Columns) -> Answer:
        return Answer(2.0 * columns["x"] + self.by)


class Guess:
    """The class "a" with this probability, or no probabilities at all."""

    def __init__(self, chance: float | None) -> None:
        self.chance = chance

    def answer(self, columns: Columns) -> Answer:
        labels = np.full(len(columns["x"]), "a", dtype=object)
        if self.chance is None:
            return Answer(labels)
        return Answer(labels, np.tile([self.chance, 1 - self.chance], (len(labels), 1)))


def numbers(by: float, name: str = "one", target: str = "y") -> Deployment:
    """A deployment that predicts a number."""
    table = pd.DataFrame({"x": np.arange(200.0) % 50, "kind": ["k", "l"] * 100})
    table[target] = np.arange(200.0) / 3
    return deploy(name, Schema.from_table(table, target, "regression"), Off(by))


def classes(chance: float | None, labels: Sequence[Any] = ("a", "b")) -> Deployment:
    """A deployment that predicts a class."""
    table = pd.DataFrame({"x": np.arange(100.0), "y": list(labels) * (100 // len(labels))})
    return deploy("one", Schema.from_table(table, "y", "classification"), Guess(chance))


def written(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    """A table as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def truths(folder: Path, **changed: Sequence[Any]) -> Path:
    """Rows whose truth is twice x with some noise, and what tablecast log export has before it."""
    generator = np.random.default_rng(2)
    x = generator.integers(0, 50, ROWS)
    columns: dict[str, Sequence[Any]] = {
        "id": [f"id{at}" for at in range(ROWS)], "at": ["2026-01-01T00:00:00Z"] * ROWS,
        "deployment": ["old"] * ROWS, "prediction": [1.0] * ROWS,
        "x": x.tolist(), "kind": ["k"] * ROWS,
        "y": (2 * x + generator.normal(0, 3, ROWS)).round(3).tolist(),
    }
    return written(folder / "outcomes.csv", columns | changed)


def test_a_better_a_worse_and_an_equal_one_are_told(tmp_path: Path) -> None:
    """By the absolute error of each row, whichever of them is the new one."""
    table = truths(tmp_path)
    better = compare_deployments(numbers(4), numbers(0), table)
    worse = compare_deployments(numbers(0), numbers(4), table)
    equal = compare_deployments(numbers(0.3), numbers(-0.3), table)
    assert (better.verdict, worse.verdict) == ("better", "worse")
    assert equal.verdict == "no difference"
    assert better.loss == "absolute error"
    assert better.rows == ROWS
    assert better.new == worse.old == pytest.approx(3 * 0.798, rel=0.15)
    assert better.low is not None
    assert better.high is not None
    assert better.low < better.new - better.old < better.high < 0
    assert better.p == worse.p < 0.001
    assert equal.p > 0.05
    assert compare_deployments(numbers(1), numbers(1), table).p == 1


def test_rows_without_an_outcome_and_refused_ones_are_counted(tmp_path: Path) -> None:
    """They are left out for both."""
    y = ["", "NA", *["10"] * (ROWS - 2)]
    kind = ["k", "k", "zzz", *["l"] * (ROWS - 3)]
    found = compare_deployments(numbers(0), numbers(1), truths(tmp_path, y=y, kind=kind))
    assert (found.rows, found.rows_without_target, found.rows_refused) == (ROWS - 3, 2, 1)


def test_a_target_that_is_no_number_is_named(tmp_path: Path) -> None:
    """With the line that a person finds it on."""
    y = ["10"] * 7 + ["ten"] + ["10"] * (ROWS - 8)
    with pytest.raises(BatchError, match=r"outcomes\.csv, line 9: .*number"):
        compare_deployments(numbers(0), numbers(1), truths(tmp_path, y=y))


def test_a_table_without_the_target_or_a_field_is_refused(tmp_path: Path) -> None:
    """And so is one in which no row has an outcome, and one that is not there."""
    with pytest.raises(BatchError, match="no column 'y'"):
        compare_deployments(
            numbers(0), numbers(1), written(tmp_path / "a.csv", {"x": [1], "kind": ["k"]})
        )
    with pytest.raises(BatchError, match="no column 'kind'"):
        compare_deployments(
            numbers(0), numbers(1), written(tmp_path / "b.csv", {"x": [1], "y": [2]})
        )
    with pytest.raises(BatchError, match="no row to compare on: 200 have no 'y'"):
        compare_deployments(numbers(0), numbers(1), truths(tmp_path, y=[""] * ROWS))
    with pytest.raises(BatchError, match=r"200 are refused\. The first by one: “z” is not"):
        compare_deployments(numbers(0), numbers(1), truths(tmp_path, kind=["z"] * ROWS))
    with pytest.raises(BatchError, match="not a workbook, so it has no sheet"):
        compare_deployments(numbers(0), numbers(1), truths(tmp_path), "first")
    with pytest.raises(BatchError, match="cannot be used: No such file"):
        compare_deployments(numbers(0), numbers(1), tmp_path / "none.csv")


def test_deployments_that_predict_different_things_are_refused(tmp_path: Path) -> None:
    """Another target, or a class and a number."""
    with pytest.raises(BatchError, match="old predicts 'y', and new predicts 'z'"):
        compare_deployments(numbers(0, "old"), numbers(0, "new", "z"), truths(tmp_path))
    with pytest.raises(BatchError, match="is a regression, and one is a classification"):
        compare_deployments(numbers(0), classes(0.5), truths(tmp_path))


def test_workbooks_and_parquet_are_compared_alike(tmp_path: Path) -> None:
    """The same rows have the same losses."""
    pytest.importorskip("pyarrow")
    table = pd.read_csv(truths(tmp_path))
    table.to_parquet(tmp_path / "rows.parquet")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(table))
    for row in table.itertuples(index=False):
        sheet.append(list(row))
    book.save(tmp_path / "rows.xlsx")
    files = ("outcomes.csv", "rows.parquet", "rows.xlsx")
    found = [compare_deployments(numbers(0), numbers(4), tmp_path / name) for name in files]
    assert found[0] == found[1] == found[2]


def test_one_row_has_no_interval(tmp_path: Path) -> None:
    """And no difference that could be more than chance."""
    table = written(tmp_path / "one.csv", {"x": [1], "kind": ["k"], "y": [2]})
    found = compare_deployments(numbers(0), numbers(9), table)
    assert (found.rows, found.low, found.verdict) == (1, None, "no difference")
    assert found.to_json()["high"] is None


def test_classes_are_compared_by_log_loss(tmp_path: Path) -> None:
    """Whoever is surer of what came true is better."""
    table = written(tmp_path / "c.csv", {"x": range(100), "y": ["a"] * 80 + ["b"] * 20})
    found = compare_deployments(classes(0.5), classes(0.8), table)
    assert found.loss == "log loss"
    assert found.verdict == "better"
    assert found.old == pytest.approx(0.6931, abs=1e-3)
    assert found.new == pytest.approx(0.5004, abs=1e-3)


def test_without_probabilities_the_share_of_wrong_classes_is_compared(tmp_path: Path) -> None:
    """If either has none."""
    table = written(tmp_path / "c.csv", {"x": range(100), "y": ["a"] * 80 + ["b"] * 20})
    found = compare_deployments(classes(None), classes(0.8), table)
    assert found.loss == "share of wrong classes"
    assert found.old == found.new == pytest.approx(0.2)


def test_a_class_that_only_the_new_one_knows_counts_against_the_old_one(tmp_path: Path) -> None:
    """One that neither knows is named."""
    table = written(tmp_path / "c.csv", {"x": range(30), "y": ["c"] * 30})
    new = classes(None, ("a", "c"))
    found = compare_deployments(classes(None, ("a", "b")), new, table)
    assert found.old == 1.0
    with pytest.raises(BatchError, match=r'c\.csv, line 2: y “c” is a class that neither predicts'):
        compare_deployments(classes(0.5), classes(0.5), table)


def test_classes_are_read_in_any_spelling(tmp_path: Path) -> None:
    """Letter case, and 1.0 of a class that is the whole number 1."""
    same = deploy("iris", iris_schema(), NearestPetalEngine())
    rows = {"sepal_length": [5, 6], "petal_length": [1.5, 4.4]}
    table = written(tmp_path / "i.csv", rows | {"species": ["IRIS-SETOSA", " iris-versicolor"]})
    assert compare_deployments(same, same, table).rows == 2
    table = written(tmp_path / "w.csv", {"x": range(4), "y": ["1.0", "0", "1", "0.0"]})

    class One:
        def answer(self, columns: Columns) -> Answer:
            return Answer(np.ones(len(columns["x"]), dtype=int))

    frame = pd.DataFrame({"x": np.arange(100.0), "y": [0, 1] * 50})
    whole = deploy("w", Schema.from_table(frame, "y", "classification"), One())
    assert compare_deployments(whole, whole, table).old == 0.5
