"""Debian's PostgreSQL predicts a table where it stands, as the server does."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
import pytest
from statements import KINDS, ROWS, asked, assert_same, deployed

from tablecast.export.sql.statement import statement_of

pytestmark = pytest.mark.world

#: What PostgreSQL calls the types of pandas' columns; all others are text.
TYPES = {"f": "double precision", "i": "bigint", "b": "boolean", "M": "timestamp"}


def run(*command: str | Path, text: str = "") -> str:
    """Run a program of PostgreSQL, which refuses to be root."""
    user = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(
        [str(part) for part in command], input=text, capture_output=True, text=True, user=user,
        cwd="/tmp", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def database() -> Iterator[tuple[str | Path, ...]]:
    """A server of its own on a socket; gives the call of psql."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = Path(mkdtemp())
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    run(programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8")
    options = f"-k {folder} -c listen_addresses=''"
    run(programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    try:
        yield (programs / "psql", "-h", folder, "-U", "tester", "-d", "postgres", "-q",
               "-v", "ON_ERROR_STOP=1")  # fmt: skip
    finally:
        run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


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
