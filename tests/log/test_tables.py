"""The log's tables, and the steps that make them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tablecast.errors import LogError, SettingError
from tablecast.log.database import engine_of, errors_of_log, upgrade, writing
from tablecast.log.tables import METADATA, PREDICTION


def opened(folder: Path) -> sa.Engine:
    """A new database."""
    engine = engine_of(f"sqlite:///{folder / 'log.db'}")
    upgrade(engine)
    return engine


def test_the_steps_make_the_tables(tmp_path: Path) -> None:
    """A database that went through all steps has what the code believes it has."""
    with opened(tmp_path).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_only_its_owner_reads_the_log(tmp_path: Path) -> None:
    """What people asked stands in files that no other user of the machine can open."""
    with opened(tmp_path).connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM daily").all()
        made = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert set(made.values()) == {0o600}
    assert "log.db-wal" in made


def test_a_commit_is_on_the_disk(tmp_path: Path) -> None:
    """SQLite writes ahead and waits for the disk, and a row's outcome cannot outlive the row."""
    with opened(tmp_path).connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize("value", [0.1, 20931.412345678903, 1e300, "setosa", "60", "\0", "é"])
def test_values_come_back_as_they_were(tmp_path: Path, value: float | str) -> None:
    """A number to its last bit, and a text that looks like a number as a text."""
    engine = opened(tmp_path)
    row = {
        "id": "1", "at": 1, "deployment": "d", "sha256": "0", "request": "r", "engine": "onnx",
        "ms": 0.5, "given": {"field": value}, "prediction": value, "warnings": [], "shadow": False,
    }  # fmt: skip
    with writing(engine) as connection:
        connection.execute(sa.insert(PREDICTION), [row])
    with engine.connect() as connection:
        found = connection.execute(sa.select(PREDICTION)).mappings().one()
    assert found["prediction"] == value
    assert type(found["prediction"]) is type(value)
    assert found["given"] == {"field": value}
    assert found["probabilities"] is None


@pytest.mark.parametrize("version", ["0002", "9999"])
def test_another_version_is_refused(tmp_path: Path, version: str) -> None:
    """A database that a later version has changed is left alone, as one from before any release."""
    engine = opened(tmp_path)
    with writing(engine) as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    with pytest.raises(LogError, match="another version of tablecast"):
        upgrade(engine)


@pytest.mark.parametrize(
    "address",
    ["", "log.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///log.db?mode=ro", "mysql://me:secret@host/log",
     "postgresql://", "postgresql://me:secret@host"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    """What is no address of a database that can be used is refused, without its password."""
    with pytest.raises(SettingError, match="TABLECAST_LOG must be sqlite") as refused:
        engine_of(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "Its folder must be there"), (b"no database at all", "Name another file"),
     ("CREATE TABLE prediction (a)", "another program's tables")],
)  # fmt: skip
def test_what_is_no_log_says_what_to_do(
    tmp_path: Path, content: bytes | str | None, words: str
) -> None:
    """A folder that is not there, a file of another kind, and another program's database."""
    file = tmp_path / ("there" if content else "nowhere") / "log.db"
    if content:
        file.parent.mkdir()
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(content)
    with pytest.raises(LogError, match=words), errors_of_log():
        upgrade(engine_of(f"sqlite:///{file}"))
