"""Room in what SQLite writes ahead, and what of it is on the disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from watched import TODAY, rows_of, shipped

from tablecast.log.database import forget_deleted
from tablecast.log.entries import Parcel
from tablecast.log.keeping import Store
from tablecast.log.write_ahead import ROOM, WriteAhead


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
