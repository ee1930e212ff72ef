"""Room in what SQLite writes ahead, and what of it is on the disk."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from watched import TODAY, rows_of, shipped

from tablecast.errors import LogError
from tablecast.log import write_ahead
from tablecast.log.database import engine_of, forget_deleted, writing
from tablecast.log.entries import Parcel
from tablecast.log.keeping import Store
from tablecast.log.tables import UNCOUNTED
from tablecast.log.write_ahead import BEFORE_ALL, BEFORE_PAGE, PAGE, ROOM, WriteAhead


def store_in(folder: Path) -> Store:
    """A log in a folder."""
    return Store(f"sqlite:///{folder / 'log.db'}")


def test_what_is_kept_survives_a_loss_of_power(tmp_path: Path) -> None:
    """The files as they are on the disk, with zeros where there is room, hold every row."""
    store = store_in(tmp_path)
    rows = rows_of(shipped(), TODAY, 30)
    for number, row in enumerate(rows, 1):
        store.keep([Parcel([row])])
        if number % 10 == 0:
            after = tmp_path / str(number)
            after.mkdir()
            for ending in ("", "-wal"):
                shutil.copy(tmp_path / f"log.db{ending}", after / f"log.db{ending}")
            with closing(sqlite3.connect(after / "log.db")) as connection:
                assert connection.execute("SELECT COUNT(*) FROM prediction").fetchone() == (number,)
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert (tmp_path / "log.db-wal").stat().st_size >= ROOM
    store.close()


def test_room_is_made_again(tmp_path: Path) -> None:
    """After somebody erased an answer, the file is as short as can be."""
    store = store_in(tmp_path)
    first, second = rows_of(shipped(), TODAY, 2)
    store.keep([Parcel([first])])
    forget_deleted(store.engine)
    assert (tmp_path / "log.db-wal").stat().st_size == 0
    store.keep([Parcel([second])])
    assert (tmp_path / "log.db-wal").stat().st_size >= ROOM
    store.close()


def test_without_room_on_the_disk_all_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there is there, and no more."""
    file = tmp_path / "log.db-wal"
    file.write_bytes(b"written")

    def full(number: int, content: bytes, at: int) -> int:
        os.lseek(number, at, os.SEEK_SET)
        os.write(number, content[:1000])
        raise OSError(28, "No space left on device")

    ahead = WriteAhead(file)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        ahead.make_room()
    assert file.read_bytes() == b"written"
    ahead.sync()
    ahead.close()


def test_what_is_written_ahead_is_copied_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No commit copies it; once it is, SQLite begins at the front, and nothing is lost."""
    monkeypatch.setattr(write_ahead, "ROOM", BEFORE_ALL + 30 * (BEFORE_PAGE + PAGE))
    store, ahead = store_in(tmp_path), WriteAhead(tmp_path / "log.db-wal")
    rows = rows_of(shipped(), TODAY, 60)
    store.keep([Parcel(rows[:10])])
    small = (tmp_path / "log.db").stat().st_size
    store.copy_ahead()  # there is little so far
    assert not ahead.is_full()
    assert (tmp_path / "log.db").stat().st_size == small
    for row in rows[10:50]:
        store.keep([Parcel([row])])
    assert ahead.is_full()
    assert (tmp_path / "log.db").stat().st_size == small
    store.copy_ahead()
    assert (tmp_path / "log.db").stat().st_size > small
    store.keep([Parcel(rows[50:])])
    assert not ahead.is_full()
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM prediction").fetchone() == (60,)
    ahead.close()
    store.close()
    store.close_aside()


def test_a_file_that_was_replaced_is_opened_anew_aside(tmp_path: Path) -> None:
    """What another database has is counted, not what was deleted with the first."""
    store = store_in(tmp_path)
    store.daily.learn("shipped", shipped())
    rows = rows_of(shipped(), TODAY, 4, change=lambda row: row.update(deployment="shipped"))
    store.keep([Parcel(rows[:1])])
    assert not store.count()
    for file in tmp_path.glob("log.db*"):
        file.unlink()
    with pytest.raises(LogError, match="deleted or replaced"):
        store.keep([Parcel(rows[1:2])])
    store.forget()
    assert not store.count()  # nothing is open
    store.keep([Parcel(rows[2:])])
    assert not store.count()
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection:
        (sums,) = connection.execute("SELECT sums FROM daily").fetchone()
        assert json.loads(sums)["rows"] == 2
        assert connection.execute("SELECT COUNT(*) FROM uncounted").fetchone() == (0,)
    store.close()
    store.close_aside()


def overwrite(file: Path, start: int = 0) -> None:
    """Write noise over a file in place, from a byte on."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(random.Random(5).randbytes(size - start))


FAULTS: dict[str, Callable[[Path, Path], None]] = {
    "file": lambda file, _ahead: overwrite(file),
    "file behind its head": lambda file, _ahead: overwrite(file, PAGE),
    "file with text": lambda file, _ahead: write_text(file),
    "ahead": lambda _file, ahead: overwrite(ahead),
    "ahead behind its head": lambda _file, ahead: overwrite(ahead, BEFORE_ALL),
    "ahead emptied": lambda _file, ahead: os.truncate(ahead, 0),
    "ahead deleted": lambda _file, ahead: ahead.unlink(),
}


def write_text(file: Path) -> None:
    """Write something else into a file that stays the same one."""
    file.write_bytes(b"no database" * 99)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("copied", [False, True])
def test_what_cannot_be_read_is_not_kept(tmp_path: Path, fault: str, copied: bool) -> None:
    """Whatever somebody writes over the files: a row that is kept can be read by others."""
    rows = rows_of(shipped(), TODAY, 1010)
    store = store_in(tmp_path)
    store.keep([Parcel(rows[:1000])])
    if copied:  # and so is not in what is written ahead any more
        store.close()
        store = store_in(tmp_path)
    store.keep([Parcel([rows[1000]])])
    FAULTS[fault](tmp_path / "log.db", tmp_path / "log.db-wal")
    refused = 0
    for row in rows[1001:]:
        try:
            store.keep([Parcel([row])])
        except (SQLAlchemyError, LogError, OSError):
            refused += 1
            store.forget()
            continue
        with closing(sqlite3.connect(tmp_path / "log.db")) as other:
            found = other.execute("SELECT id FROM prediction WHERE id = ?", [row["id"]])
            assert found.fetchall() == [(row["id"],)]
    assert refused or fault.startswith("file") is not copied  # where all that is needed was hit
    store.close()


def test_a_busy_log_is_not_taken_for_damaged(tmp_path: Path) -> None:
    """Others copy what is written ahead, empty it and delete rows meanwhile."""
    rows = rows_of(shipped(), TODAY, 100)
    store, other = store_in(tmp_path), engine_of(f"sqlite:///{tmp_path / 'log.db'}")
    for number, row in enumerate(rows):
        store.keep([Parcel([row])])
        if number % 10 == 0:
            with writing(other) as connection:
                connection.execute(sa.delete(UNCOUNTED))
            forget_deleted(other)
    store.close()
    with closing(sqlite3.connect(tmp_path / "log.db")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM prediction").fetchone() == (100,)
