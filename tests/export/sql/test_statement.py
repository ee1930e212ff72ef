"""The SQL of a deployment predicts a table's rows as the server does."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper
from statements import KINDS, asked, assert_same, deployed

from tablecast.compiler.graph import Builder
from tablecast.deployment.deployment import Deployment
from tablecast.errors import SqlError
from tablecast.export.sql import programs, ranges, stages, statement
from tablecast.export.sql.dialects import DIALECTS
from tablecast.export.sql.programs import with_program
from tablecast.export.sql.statement import statement_of
from tablecast.export.sql.words import name_of
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.inference.row_program import EXPRESSIONS
from tablecast.schema.factors import FORMULAS
from tablecast.schema.schema import Schema


def in_duckdb(statement: str, table: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect() as database:
        database.register("new rows", table)
        return database.sql(statement).df()


def in_sqlite(statement: str, table: pd.DataFrame) -> pd.DataFrame:
    stored = table.copy()
    for name in stored.select_dtypes("datetime"):
        stored[name] = stored[name].dt.strftime("%Y-%m-%d %H:%M:%S")
    database = sqlite3.connect(":memory:")
    try:
        stored.to_sql("new rows", database, index=False)
        return pd.read_sql_query(statement, database)
    finally:
        database.close()


#: As many bytes as PostgreSQL keeps of a name.
LONG = 63 * "a"

RUN = {"duckdb": in_duckdb, "sqlite": in_sqlite}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", RUN)
@pytest.mark.parametrize("kind", KINDS)
def test_a_database_answers_as_the_server_does(kind: str, dialect: str) -> None:
    """10,000 rows, with missing and unknown values, have the same answers, ranges and classes."""
    written = statement_of(deployed(kind), dialect, "new rows")
    assert_same(kind, RUN[dialect](written, asked(kind)))


@pytest.mark.parametrize("limits", [(True, 0.0, 30_000.0), (False, 9e3, 1e4)])
def test_ranges_keep_to_their_limits(limits: tuple[bool, float, float]) -> None:
    """A floor, a ceiling and whole ends are the same in SQL."""
    shipped = deployed("shipped")
    whole, floor, ceiling = limits
    description = dict(shipped.description)
    description["interval"] = {
        **description["interval"], "whole": whole, "floor": floor, "ceiling": ceiling
    }  # fmt: skip
    limited = Deployment(description, shipped.engine)
    table = asked("shipped").head(300)
    answered = in_sqlite(statement_of(limited, "sqlite", "new rows"), table)
    columns = limited.schema.columns_of(table)
    expected = limited.predictor.interval.of_columns(limited.engine.answer(columns).labels, columns)
    for name, ends in zip(("prediction_low", "prediction_high"), expected, strict=True):
        np.testing.assert_allclose(answered[name], ends, rtol=1e-9)


def test_a_view_can_be_asked_again() -> None:
    """With a view's name the statement makes the view; a column that is kept is in it."""
    with duckdb.connect() as database:
        database.register("raw", asked("shipped").head(3).assign(id=[7, 8, 9]))
        database.sql('CREATE TABLE "a ""new"" table" AS SELECT * FROM raw')
        view = statement_of(deployed("shipped"), "duckdb", 'a "new" table', "charges", ["id"])
        database.sql(view)
        found = database.sql("SELECT id FROM charges WHERE prediction_label > 0").fetchall()
    assert sorted(found) == [(7,), (8,), (9,)]


@pytest.mark.thorough
def test_what_is_too_large_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that no database would plan, or a graph that makes one, is refused."""
    monkeypatch.setattr(statement, "LONGEST", 500)
    with pytest.raises(SqlError, match=r"the statement would have 0\.\d MB, more than the 0 MB"):
        statement_of(deployed("ridge"), "duckdb", "rows")
    description = {**deployed("shipped").description, "scalar": None}
    loaded = Deployment(description, deployed("shipped").engine)
    with pytest.raises(SqlError, match=r"its graph has 5\.0 MB, more than the 4 MB"):
        programs.with_program(loaded, bytes(5_000_000))


def test_what_is_too_wide_for_a_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement with more columns than the database takes is refused with both numbers."""
    narrow = replace(DIALECTS["sqlite"], most_columns=20)
    monkeypatch.setitem(statement.DIALECTS, "sqlite", narrow)
    with pytest.raises(SqlError, match=r"have \d\d columns beside one another, more than the 20"):
        statement_of(deployed("ridge"), "sqlite", "rows")


@pytest.mark.parametrize(
    ("dialect", "names", "is_refused"),
    [
        ("duckdb", ["Age", "age"], True), ("sqlite", ["Age", "age"], True),
        ("postgresql", ["Age", "age"], False), ("postgresql", [LONG + "1", LONG + "2"], True),
        ("duckdb", [LONG + "1", LONG + "2"], False),
    ],
)  # fmt: skip
def test_columns_that_a_database_takes_for_one_are_refused(
    dialect: str, names: list[str], is_refused: bool
) -> None:
    """Names that differ in letter case alone, or behind 63 bytes, where the database sees none."""
    loaded = summed(names)
    if not is_refused:
        assert all(name_of(name) in statement_of(loaded, dialect, "rows") for name in names)
        return
    with pytest.raises(SqlError, match=f"takes the columns '{names[0]}' and '{names[1]}' for one"):
        statement_of(loaded, dialect, "rows")


def test_classes_that_a_database_takes_for_one_are_numbered() -> None:
    """Each class has a column of its own in a view, in whatever letters it is written."""
    lda = deployed("lda")
    schema = replace(lda.schema, classes=("High", "high", "middle"))
    description = {**lda.description, "schema": schema.to_json()}
    view = statement_of(Deployment(description, lda.engine), "duckdb", "t", "answers")
    with duckdb.connect() as database:
        database.register("t", asked("lda").head(3))
        database.sql(view)
        names = [column for column, *_ in database.sql("DESCRIBE answers").fetchall()]
    assert names[-3:] == [
        "prediction_score_High", "prediction_score_high_2", "prediction_score_middle",
    ]


def summed(names: list[str]) -> Deployment:
    """A deployment of numbers that stand side by side in one input of its graph: each times its
    place, from 0, added up."""
    builder = Builder()
    places = np.arange(float(len(names))).reshape(-1, 1)
    made = builder.op("MatMul", builder.wide_input(names), builder.constant(places))
    graph = builder.finish([(made, "prediction_label", TensorProto.DOUBLE, ["rows", 1])])
    table = pd.DataFrame({name: [1.5, 2.5, 3.5] for name in names})
    schema = Schema.from_table(table.assign(y=[1.5, 2.5, 3.5]), "y", "regression")
    description = {"name": "summed", "version": "1", "schema": schema.to_json()}
    content = graph.SerializeToString()
    return with_program(Deployment(description, GraphEngine(content)), content)


@pytest.mark.parametrize("dialect", RUN)
def test_many_numbers_in_one_input_have_sql(dialect: str) -> None:
    """A graph whose numbers stand side by side in one input reads each from its own column."""
    names = [f"c{place}" for place in range(70)]
    table = pd.DataFrame(np.arange(140.0).reshape(2, 70), columns=names)
    answered = RUN[dialect](statement_of(summed(names), dialect, "new rows"), table)
    assert answered["prediction_label"].tolist() == (table.to_numpy() @ np.arange(70.0)).tolist()


def test_an_operator_without_steps_is_named() -> None:
    """A graph with an operator that no row program has is refused by the operator's name."""
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1])
        for name in ("x", "prediction_label")
    ]
    nodes = [helper.make_node("Gelu", ["x"], ["prediction_label"])]
    graph = helper.make_model(helper.make_graph(nodes, "g", tensors[:1], tensors[1:]))
    description = {**deployed("shipped").description, "scalar": None}
    loaded = Deployment(description, deployed("shipped").engine)
    with pytest.raises(SqlError, match="there is none for Gelu in its graph"):
        programs.with_program(loaded, graph.SerializeToString())


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["tree", "boosted", "forest"])
def test_trees_are_asked_once_for_each_row(kind: str) -> None:
    """No case asks a whole tree again: a statement is no longer than its trees."""
    steps = deployed(kind).description["scalar"]["steps"]
    leaves = sum(str(step).count("BRANCH") + 1 for step in steps if step[0] == "tree")
    assert statement_of(deployed(kind), "duckdb", "rows").count("WHEN") < 8 * leaves + 300


def test_an_operation_without_sql_is_named() -> None:
    """A step of an unknown kind is refused by name."""
    description = dict(deployed("shipped").description)
    description["scalar"] = {
        "inputs": ["age"], "steps": [["input", 0], ["gamma", 0]], "label": 1, "probabilities": None
    }  # fmt: skip
    with pytest.raises(SqlError, match="'gamma'"):
        statement_of(Deployment(description, deployed("shipped").engine), "duckdb", "rows")


def test_every_operation_and_every_factor_has_sql() -> None:
    """What a row program or a range can hold has words in SQL."""
    by_dialect = {"single", "int", "exp"}
    assert set(EXPRESSIONS) - by_dialect == set(stages.EXPRESSIONS)
    assert set(ranges.FORMULAS) == set(FORMULAS)
    assert set(DIALECTS) == {"duckdb", "postgresql", "sqlite"}


def answer_of(kind: str, *arguments: float) -> list[Any]:
    """An operation on numbers in DuckDB and in SQLite."""
    words = {**stages.EXPRESSIONS}[kind].format(*(f"({x!r}e0)" for x in arguments))
    with duckdb.connect() as database:
        ours = database.sql(f"SELECT {words}").fetchall()[0]
    return [ours[0], sqlite3.connect(":memory:").execute(f"SELECT {words}").fetchone()[0]]


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        ("pow", (2.0, 0.5), 2.0**0.5), ("max", (1.0, 2.0), 2.0), ("min", (1.0, 2.0), 1.0),
        ("abs", (-2.5,), 2.5), ("log", (3.0,), np.log(3.0)), ("tanh", (0.3,), np.tanh(0.3)),
        ("floor", (-1.5,), -2.0), ("where", (1.0, 5.0, 6.0), 5.0), ("where", (0.0, 5.0, 6.0), 6.0),
        ("le", (1.0, 1.0), 1), ("or", (0.0, 1.0), 1), ("and", (1.0, 0.0), 0), ("not", (1.0,), 0),
    ],
)  # fmt: skip
def test_operations_are_the_same_numbers(
    kind: str, arguments: tuple[float, ...], expected: float
) -> None:
    """An operation in SQL gives what the row program's does."""
    assert answer_of(kind, *arguments) == pytest.approx([expected, expected])
