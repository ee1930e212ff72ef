"""The prediction log at the command line: exported, pruned, erased, and told what it was."""

from __future__ import annotations

import io
import json
import sqlite3
import time
from pathlib import Path

import pandas as pd
import pytest

from tablecast.batch.outcome_file import read_outcomes
from tablecast.cli.commands import log_command
from tablecast.cli.main import main
from tablecast.data.prepare import FROM_LOG, HASHED_IN_LOG, prepare
from tablecast.data.sources import read_table
from tablecast.inference.engine import Answer, Columns
from tablecast.log.entries import hashed, new_ids
from tablecast.schema.options import ReadingOptions
from tablecast.schema.schema import Schema
from tests.deployments import SHIPPED, shipped_deployment
from tests.logged import ROW, logged, rows_of
from tests.stand_ins import deploy

DAY = 86_400_000_000


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Thirty answers of the shipped deployment in ``log.db``, which the commands find."""
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", str(SHIPPED))
    monkeypatch.chdir(tmp_path)
    client = logged(tmp_path, monkeypatch, shipped_deployment("onnx")).test_client()
    rows = [ROW | {"age": 20 + number, "bmi": 20.5 + number / 10} for number in range(30)]
    named = client.post("/predict_api", json=rows).headers["X-Prediction-Id"]
    return str(named).split(", ")


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_the_log_is_exported_and_trained_on(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    """First what the log says, then the fields, then the outcome: training takes it as it is."""
    told = pd.DataFrame({"id": ids[:20], "outcome": [1000.5 + 7 * n for n in range(20)]})
    told.to_csv(tmp_path / "told.csv", index=False)
    assert main(["outcomes", "add", "told.csv"]) == 0
    assert main(["log", "export", "-o", f"asked.{ending}"]) == 0
    assert "Wrote 30 answers" in capsys.readouterr().out
    table = read_table(tmp_path / f"asked.{ending}")
    fields = list(ROW)
    assert list(table) == ["id", "at", "deployment", "prediction", *fields, "charges"]
    assert list(table["id"]) == ids
    assert list(table["age"].astype(float)) == [20.0 + number for number in range(30)]
    prepared = prepare(table, "charges")
    assert {column.name for column in prepared.dropped} >= {
        "id", "at", "deployment", "prediction",
    }  # fmt: skip
    assert len(prepared.table) == 20
    assert sorted(prepared.table["charges"])[:2] == [1000.5, 1007.5]


class LastEngine:
    """Answers with the field ``prediction``."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(columns["prediction"])


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_table_has_columns_of_the_logs_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    """The log's step aside; outcomes written into the export, and training, find them."""
    rows = [
        {"id": number * number % 31, "at": f"at {number % 3}", "ID": number % 7 + 0.5,
         "log_at": number % 5, "prediction": number % 11 + 0.25, "prediction_id": number % 13}
        for number in range(40)
    ]  # fmt: skip
    table = pd.DataFrame(rows).assign(deployment=[n % 9 + 0.5 for n in range(40)])
    schema = Schema.from_table(table, "deployment", "regression")
    loaded = deploy("odd", schema, LastEngine())
    monkeypatch.chdir(tmp_path)
    client = logged(tmp_path, monkeypatch, loaded).test_client()
    named = client.post("/predict_api", json=rows).headers["X-Prediction-Id"].split(", ")
    monkeypatch.setattr(log_command, "load", lambda _: loaded)
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", "odd")
    file = Path(f"asked.{ending}")
    assert main(["log", "export", "-o", file.name]) == 0
    assert "called log_id, log_log_at, log_deployment, log_prediction" in capsys.readouterr().out
    exported = read_table(file)
    first = ["log_id", "log_log_at", "log_deployment", "log_prediction"]
    assert list(exported) == [*first, *rows[0], "deployment"]
    assert list(exported["log_id"]) == named
    for name in rows[0]:
        assert list(exported[name]) == list(table[name])
    exported["deployment"] = table["deployment"]
    exported.sample(frac=1, axis=1, random_state=1).to_csv("told.csv", index=False)
    assert main(["outcomes", "add", "told.csv"]) == 0
    assert main(["log", "export", "-o", file.name]) == 0
    prepared = prepare(read_table(file), "deployment")
    assert list(prepared.table) == [*rows[0], "deployment"]
    assert list(prepared.table["deployment"]) == list(table["deployment"])
    assert [one.name for one in prepared.dropped] == first
    assert prepared.dropped[0].reason == FROM_LOG


@pytest.mark.parametrize("target", ["id", "prediction_id", "outcome", "prediction"])
def test_what_is_predicted_may_be_called_so(target: str) -> None:
    """Whatever a target's name, a file's ids and outcomes are told apart."""
    table = pd.DataFrame({"x": [1.5, 2.5, 3.5], target: [1.25, 2.25, 3.25]})
    loaded = deploy("odd", Schema.from_table(table, target, "regression"), LastEngine())
    ids = [new_ids(1)[0] for _ in range(2)]
    for first, second in (("id", "outcome"), ("prediction_id", target)):
        if first != second:
            lines = f"{first},{second}\n{ids[0]},2\n{ids[1]},3\n"
            read = read_outcomes(loaded, io.BytesIO(lines.encode()), "told.csv")
            assert [one.id for one in read.told] == ids


def test_fields_that_are_gone_are_named(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An earlier version of the deployment asked for more: the export says what it lacks."""
    with sqlite3.connect(tmp_path / "log.db") as connection:
        given = json.dumps(ROW | {"postcode": "12345", "beds": 2})
        connection.execute("UPDATE prediction SET given = ? WHERE id = ?", (given, ids[3]))
    assert main(["log", "export", "-o", "asked.csv"]) == 0
    assert "Left out: beds, postcode." in capsys.readouterr().out


def test_whose_answers_there_are_is_said(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who forgets ``--deployment`` gets no empty table that looks like an answer."""
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("UPDATE prediction SET deployment = 'charges'")
    assert main(["log", "export", "-o", "asked.csv"]) == 1
    said = capsys.readouterr().err
    assert "only of charges" in said
    assert "--deployment" in said
    assert not (tmp_path / "asked.csv").exists()
    assert len(ids) == 30


def test_hashes_are_no_feature(ids: list[str]) -> None:
    """Nobody can type one into a form: such a column is named, and kept where that is asked for."""
    rows = len(ids)
    table = pd.DataFrame(
        {"id": ids, "at": "2026-01-01T00:00:00Z", "deployment": "charges", "prediction": 1.5,
         "age": [n * n % 17 for n in range(rows)],
         "postcode": [hashed(n % 7, "secret") for n in range(rows)],
         "charges": [n % 11 * 1.5 for n in range(rows)]}
    )  # fmt: skip
    table.loc[0, "postcode"] = None
    prepared = prepare(table, "charges")
    assert {one.name: one.reason for one in prepared.dropped}["postcode"] == HASHED_IN_LOG
    assert list(prepared.table) == ["age", "charges"]
    kept = prepare(table, "charges", options=ReadingOptions(keep=("postcode",)))
    assert "postcode" in kept.table


def test_another_table_keeps_such_columns() -> None:
    """Columns of these names are features where the log did not write the table."""
    rows = 40
    own = pd.DataFrame(
        {"id": [n * n % 17 for n in range(rows)], "at": [n % 7 + 0.5 for n in range(rows)],
         "deployment": [n % 3 + 0.5 for n in range(rows)],
         "prediction": [n % 11 + 0.5 for n in range(rows)],
         "price": [n % 5 * 1.5 for n in range(rows)]}
    )  # fmt: skip
    assert list(prepare(own, "price").table) == list(own)
    table = pd.DataFrame(
        {"prediction": [n * n % 17 + 0.5 for n in range(rows)],
         "size": [n % 7 + 0.25 for n in range(rows)],
         "price": [n % 5 * 1.5 for n in range(rows)]}
    )  # fmt: skip
    assert "prediction" in prepare(table, "price").table


def test_old_answers_are_pruned(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is younger stays; outcomes go with their answers."""
    assert main(["log", "prune", "--days", "1"]) == 0
    assert len(rows_of(tmp_path, "prediction")) == 30
    pd.DataFrame({"id": ids, "outcome": 1.0}).to_csv("told.csv", index=False)
    assert main(["outcomes", "add", "told.csv"]) == 0
    make_older(tmp_path, ids[:10])
    assert main(["log", "prune", "--days", "1"]) == 0
    assert "Deleted 10 answers" in capsys.readouterr().out
    assert [one for (one,) in rows_of(tmp_path, "prediction", "id")] == ids[10:]
    assert [one for (one,) in rows_of(tmp_path, "outcome", "prediction_id")] == ids[10:]


def make_older(folder: Path, ids: list[str]) -> None:
    """Answers as they would be had they been given two days ago."""
    from tablecast.log.entries import first_id

    with sqlite3.connect(folder / "log.db") as connection:
        for number, one in enumerate(ids):
            old = f"{first_id(time.time_ns() // 1000 - 2 * DAY)}-{number}"
            for table, name in (("prediction", "id"), ("outcome", "prediction_id")):
                connection.execute(f"UPDATE {table} SET {name} = ? WHERE {name} = ?", (old, one))


def test_an_answer_is_erased(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its outcome; an id that is not there is said, and nothing else changes."""
    pd.DataFrame({"id": ids[:2], "outcome": 1.0}).to_csv("told.csv", index=False)
    assert main(["outcomes", "add", "told.csv"]) == 0
    assert main(["log", "erase", ids[0]]) == 0
    for file in tmp_path.glob("log.db*"):
        assert ids[0].encode() not in file.read_bytes()
    assert [one for (one,) in rows_of(tmp_path, "prediction", "id")] == ids[1:]
    assert [one for (one,) in rows_of(tmp_path, "outcome", "prediction_id")] == ids[1:2]
    assert main(["log", "erase", ids[0]]) == 1
    assert "no answer with the id" in capsys.readouterr().err


def test_a_wrong_outcome_is_replaced(
    ids: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Only where somebody says so; else the line at fault is named and nothing is kept."""
    Path("told.csv").write_text(f"id,outcome\n{ids[0]},1\n")
    assert main(["outcomes", "add", "told.csv"]) == 0
    Path("other.csv").write_text(f"id,charges\n{ids[1]},5\n{ids[0]},2\n{ids[2]},\n")
    assert main(["outcomes", "add", "other.csv"]) == 1
    said = capsys.readouterr().err
    assert "Line 3" in said or "line 3" in said
    assert rows_of(tmp_path, "outcome", "prediction_id, outcome") == [(ids[0], "1.0")]
    assert main(["outcomes", "add", "other.csv", "--replace"]) == 0
    assert rows_of(tmp_path, "outcome", "prediction_id, outcome") == [
        (ids[0], "2.0"), (ids[1], "5.0"),
    ]  # fmt: skip


def test_a_file_with_two_columns_that_might_be_meant(
    ids: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An id of the table's own is none of ours; two outcomes are refused, and none is kept."""
    Path("own.csv").write_text(f"id,prediction_id,charges\nA1,{ids[0]},7\n")
    assert main(["outcomes", "add", "own.csv"]) == 0
    Path("both.csv").write_text(f"outcome,Charges,id\n7,8,{ids[1]}\n")
    assert main(["outcomes", "add", "both.csv"]) == 1
    assert "both a column 'outcome' and a column 'charges'" in capsys.readouterr().err
    assert rows_of(tmp_path, "outcome", "prediction_id") == [(ids[0],)]


@pytest.mark.parametrize(
    "words", [["log", "export", "-o", "x.csv"], ["log", "prune", "--days", "1"],
              ["log", "erase", "1"], ["outcomes", "add", "x.csv"]],
)  # fmt: skip
@pytest.mark.parametrize(
    ("address", "said"),
    [("", "TABLECAST_LOG does not say"), ("sqlite:///none.db", "There is no log"),
     ("postgresql://nobody@127.0.0.1:1/none", "cannot be used")],
)  # fmt: skip
def test_a_log_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], address: str, said: str,
) -> None:  # fmt: skip
    """In one line, and no file is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TABLECAST_LOG", address)
    assert main(words) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.txt", "x", "x.csv.gz", "missing/x.json"])
@pytest.mark.usefixtures("ids")
def test_a_file_of_another_kind_is_refused(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is written."""
    assert main(["log", "export", "-o", name]) == 1
    assert ".csv, .xlsx or .parquet" in capsys.readouterr().err
