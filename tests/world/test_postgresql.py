"""Debian's PostgreSQL predicts a table where it stands, as the server does."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from deployments import ROOT, shipped_deployment
from postgresql import postgresql, run
from statements import KINDS, ROWS, asked, assert_same, deployed

from tablecast.export.sql.statement import statement_of

pytestmark = pytest.mark.world

#: What PostgreSQL calls the types of pandas' columns; all others are text.
TYPES = {"f": "double precision", "i": "bigint", "b": "boolean", "M": "timestamp"}


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[str | Path, ...]]:
    """The call of psql, for a server of its own."""
    with postgresql() as server:
        yield server.psql


@pytest.mark.parametrize("kind", KINDS)
def test_postgresql_answers_as_the_server_does(
    database: tuple[str | Path, ...], kind: str
) -> None:
    """10,000 rows, with missing and unknown values, have the same answers, ranges and classes."""
    table = asked(kind).assign(row=range(ROWS))
    quoted = ['"' + name.replace('"', '""') + '"' for name in table]
    types = [TYPES.get(dtype.kind, "text") for dtype in table.dtypes]
    columns = ", ".join(f"{name} {made}" for name, made in zip(quoted, types, strict=True))
    create = f'DROP TABLE IF EXISTS "new rows"; CREATE TABLE "new rows" ({columns});\n'
    rows = table.to_csv(index=False)
    copy = 'COPY "new rows" FROM STDIN WITH (FORMAT csv, HEADER);\n'
    run(*database, text=f"{create}{copy}{rows}\\.\n")
    statement = statement_of(deployed(kind), "postgresql", "new rows", keep=["row"])
    answered = pd.read_csv(io.StringIO(run(*database, "--csv", text=statement)))
    assert_same(kind, answered.sort_values("row", ignore_index=True))


def test_psql_answers_what_the_document_shows(database: tuple[str | Path, ...]) -> None:
    """The commands of docs/sql.md, run, answer the very table that it prints."""
    text = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
    commands, table, rows = re.findall(r"```\w+\n(.*?)```", text, re.DOTALL)[:3]
    question = re.search(r"psql shop -c '(.*)'", commands)
    assert question is not None
    view = statement_of(shipped_deployment("onnx"), "postgresql", "customers", "predicted", ["id"])
    answered = run(*database, "-P", "footer=off", text=f"{rows}{view}{question[1]};")
    assert [line.rstrip() for line in answered.splitlines() if line] == table.splitlines()
