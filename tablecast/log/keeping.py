"""Where parcels go: one transaction for all that wait, in a database that is still the one."""

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tablecast.errors import LogError
from tablecast.log.daily import Daily, uncounted_of
from tablecast.log.database import PATIENCE, copy_written_ahead, engine_of, upgrade
from tablecast.log.entries import Parcel, Repeated
from tablecast.log.retention import delete_old
from tablecast.log.statements import insertion
from tablecast.log.tables import PREDICTION, REFUSAL, REPEATED, UNCOUNTED
from tablecast.log.turns import Turns
from tablecast.log.write_ahead import WriteAhead

#: A table and an id in it.
Row = tuple[sa.Table, str]

#: Seconds after which a connection that nobody used is looked at before it is used again: a
#: database, or what lies between, ends some that are idle.
IDLE = 1.0


class Store:
    """The database of a log, for the one thread of a process that writes to it.

    ``count``, ``copy_ahead``, ``prune`` and ``close_aside`` are for another one.
    """

    def __init__(self, address: str) -> None:
        """Prepare to write. Raises SettingError; see ``engine_of``."""
        self.daily = Daily()
        self.engine = engine = engine_of(address, synced=False)
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        self._file = Path(file) if file else None
        self._turns = Turns(Path(f"{file}-turn")) if file else None
        self._ahead = WriteAhead(Path(f"{file}-wal")) if file else None
        #: The same for the thread that nobody waits for, and which database it has open.
        self._aside = engine_of(address, synced=False)
        self._looked_at = WriteAhead(Path(f"{file}-wal")) if file else None
        self._aside_of: tuple[int, int] | None = None
        self._insert = {
            table.name: insertion(table, engine.dialect)
            for table in (PREDICTION, REFUSAL, UNCOUNTED)
        }
        self._opened: tuple[int, int] | None = None
        #: When the file was written to, and its bytes, when a row was read back.
        self._seen: tuple[int, int] | None = None
        self._connection: sa.Connection | None = None
        self._used = 0.0
        self._process = os.getpid()

    def forget(self) -> None:
        """Connect anew, and look at the version again, before anything else is written."""
        self._opened = self._seen = None
        is_own = os.getpid() == self._process
        if is_own:
            self._release()
            if self._turns:
                self._turns.close()
        else:
            self._aside.dispose(close=False)
        self._connection = None
        self.engine.dispose(close=is_own)
        self._process = os.getpid()

    def close(self) -> None:
        """Leave no connection behind."""
        self._release()
        self.engine.dispose()
        if self._turns:
            self._turns.close()

    def keep(self, parcels: Sequence[Parcel]) -> None:
        """Write parcels; on return they are on the disk. Without any: see whether it could be done.

        Raises:
            SQLAlchemyError, OSError: the database cannot be written to.
            LogError: it is not the one that was opened, or of another version.
        """
        if self._opened is None:
            upgrade(self.engine)
            self._opened, _ = self._state()
        if self._turns is None or self._ahead is None:
            self._write(parcels)
            return
        with self._turn():
            kept = self._write(parcels)
            ticket = self._turns.wrote(sum(map(len, parcels)))
        self._turns.sync(ticket, self._ahead.sync, PATIENCE)
        self._look_again(self._ahead, kept)

    def count(self) -> bool:
        """Count some of what was kept; whether there may be more. Raises as ``keep`` does."""
        if not self._is_open_aside():
            return False
        alone = self._turns.counting(PATIENCE) if self._turns else nullcontext()
        with alone:
            return self.daily.fold(self._aside, self._turn)

    def copy_ahead(self) -> None:
        """Copy what SQLite has written ahead into its file, where it is much. Raises as ``keep``.

        SQLite would do so in one of the commits, and whoever had asked would wait for it. Most is
        copied while others write; then they wait for the little that came meanwhile, so that
        SQLite begins at the front again.
        """
        if self._is_open_aside() and self._looked_at and self._looked_at.is_full():
            copy_written_ahead(self._aside)
            with self._turn():
                copy_written_ahead(self._aside)

    def prune(self, days: int) -> None:
        """Delete what is older than so many days (0: nothing), and answers that may be repeated."""
        delete_old(self._aside, days)

    def close_aside(self) -> None:
        """Leave no connection of ``count``, ``copy_ahead`` and ``prune`` behind."""
        self._aside.dispose()
        if self._looked_at:
            self._looked_at.close()

    def _is_open_aside(self) -> bool:
        """Whether there is a database: whoever writes next connects, or says why not."""
        if self._aside_of != self._opened:
            self.close_aside()
            self._aside_of = self._opened
        return self._opened is not None

    def _turn(self) -> AbstractContextManager[None]:
        """No other process writes within."""
        return self._turns.taken(PATIENCE) if self._turns else nullcontext()

    def _state(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Which file it is, and when it was written to, with its bytes."""
        if self._file is None:
            return (0, 0), (0, 0)
        found = os.stat(self._file)
        if not found.st_size:  # SQLite would go on beside it, in what it has written ahead
            raise LogError("its file was emptied; restore it, or delete it to begin anew")
        return (found.st_dev, found.st_ino), (found.st_mtime_ns, found.st_size)

    def _look_again(self, ahead: WriteAhead, kept: Row | None) -> None:
        """See whether a row can be read, where the files are not as they were left.

        SQLite writes to a file that was deleted, replaced or overwritten as if nothing had
        happened. What is written ahead is copied into the file a few times in a second at most.
        """
        opened, seen = self._state()
        if opened != self._opened:
            raise LogError("its file was deleted or replaced")
        if seen != self._seen or ahead.is_odd():
            self._read_back(kept)
            self._seen = seen

    def _read_back(self, kept: Row | None) -> None:
        table, one = kept or (PREDICTION, None)
        asked = sa.select(table).order_by(table.c.id.desc()).limit(1)
        with self.engine.connect() as connection:  # another one, which has nothing in its memory
            found = connection.execute(asked.where(table.c.id == one) if kept else asked).first()
        if kept and found is None:
            raise LogError("what was written is not there; its files were changed")

    def _write(self, parcels: Sequence[Parcel]) -> Row | None:
        """Write parcels; one of their rows, if there are any."""
        connection = self._connected()
        with connection.begin():
            if self._ahead:
                self._ahead.make_room()
            if not parcels:
                connection.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))
            fresh = _claimed(connection, parcels)
            answered = [row for parcel in fresh for row in parcel.answered]
            refused = [row for parcel in fresh for row in parcel.refused]
            self._insert["prediction"].run(connection, answered)
            self._insert["refusal"].run(connection, refused)
            self._insert["uncounted"].run(connection, uncounted_of(answered, refused))
        rows = [(PREDICTION, row["id"]) for row in answered[-1:]]
        rows += [(REFUSAL, row["id"]) for row in refused[-1:]]
        return rows[0] if rows else None

    def _connected(self) -> sa.Connection:
        """The connection that this thread writes with, while it does so again and again."""
        now = time.monotonic()
        if self._connection is None or now - self._used > IDLE:
            self._release()
            self._connection = self.engine.connect().execution_options(writes=True)
        self._used = now
        return self._connection

    def _release(self) -> None:
        if self._ahead is not None:
            self._ahead.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _claimed(connection: sa.Connection, parcels: Sequence[Parcel]) -> list[Parcel]:
    """The parcels whose Idempotency-Key nobody has used yet; the others learn what was answered."""
    # In one order everywhere, so that no two processes wait for one another.
    asking = sorted(
        (parcel for parcel in parcels if parcel.repeated), key=lambda one: one.repeated or ()
    )
    if not asking:
        return list(parcels)
    rows = [parcel.repeated._asdict() for parcel in asking if parcel.repeated]
    name = connection.dialect.name
    insert = (sqlite.insert if name == "sqlite" else postgresql.insert)(REPEATED)
    claim = insert.on_conflict_do_nothing().returning(*REPEATED.primary_key)
    claimed = {tuple(row) for row in connection.execute(claim, rows)}
    for parcel in asking:
        assert parcel.repeated
        pair = parcel.repeated[:2]
        if pair in claimed:
            claimed.discard(pair)  # of several in these parcels, the first has it
        else:
            parcel.earlier = _found(connection, *pair)
    return [parcel for parcel in parcels if parcel.earlier is None]


def _found(connection: sa.Connection, idempotency_key: str, key: str) -> Repeated:
    columns = REPEATED.c
    asked = sa.select(REPEATED).where(
        columns.idempotency_key == idempotency_key, columns.key == key
    )
    return Repeated(**connection.execute(asked).mappings().one())
