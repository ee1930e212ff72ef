"""The log's database: its address, its connection, and its version.

An address is one of SQLAlchemy's: ``sqlite:///log.db`` (a path from the folder that the server
starts in; four slashes for one from the root) or ``postgresql://user:password@host/name``.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tablecast.errors import LogError, SettingError

#: Seconds that a statement waits for whoever else writes, and a connection to be made.
PATIENCE = 2

#: How a lock is called in PostgreSQL that nobody else takes: "tablecast" in numbers.
LOCK = 0x7AB1ECA57

#: Pages of 4 KB after which what SQLite has written ahead is copied into the file itself; and after
#: which a commit of the log's writer does so, for which people wait, where nothing else has.
CHECKPOINT = 2000
AT_THE_LATEST = 10 * CHECKPOINT

MIGRATIONS = Path(__file__).parent / "migrations"

#: What names no file of SQLite's.
NO_FILE = (None, "", ":memory:")

#: Without the address that was given, which may hold a password.
UNUSABLE = (
    "TABLECAST_LOG must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME. Write %40 for "
    "an @ in a password."
)
OTHER_VERSION = (
    "The log's database was made by another version of tablecast (it is at {found!r}, this one "
    "knows up to {known!r}). Update tablecast, or name another database."
)

#: What SQLite and PostgreSQL say in a few words, and what to do about it.
ADVICE = {
    "unable to open database file":
        "Its folder must be there, and this user must be able to write there.",
    "readonly database": "This user must be able to write to the file and to its folder.",
    "file is not a database": "Name another file.",
    "already exists": "The database holds another program's tables. Name a new one.",
}  # fmt: skip


def engine_of(address: str, *, synced: bool = True) -> sa.Engine:
    """What connects to the database of an address; nothing is opened yet.

    Args:
        address: see above.
        synced: whether a commit is on the disk when it returns; without, SQLite's are not yet, and
            PostgreSQL's statements end in time.

    Raises:
        SettingError: it is no address of SQLite or PostgreSQL.
    """
    try:
        url = sa.make_url(address)
    except ArgumentError:
        raise SettingError(UNUSABLE) from None
    kind = url.get_backend_name()
    if kind == "sqlite" and not (url.host or url.query) and url.database not in NO_FILE:
        return _sqlite(url, synced)
    if kind in ("postgresql", "postgres") and url.database:  # the second is what Heroku says
        return _postgresql(url, synced)
    raise SettingError(UNUSABLE)


def _sqlite(url: sa.URL, synced: bool) -> sa.Engine:
    options = {"timeout": PATIENCE, "isolation_level": None}  # transactions begin as said below
    engine = sa.create_engine(url, connect_args=options, poolclass=_pool(synced))
    chosen = ("FULL", CHECKPOINT) if synced else ("NORMAL", AT_THE_LATEST)
    sa.event.listen(engine, "connect", lambda made, _record: _prepare_sqlite(made, *chosen))
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _pool(synced: bool) -> type[sa.Pool]:
    """The writer of a process keeps its connection; others come seldom, and leave none behind."""
    return sa.NullPool if synced else sa.QueuePool


def _begin_sqlite(connection: sa.Connection) -> None:
    """Who is going to write says so at once: a reader that turns writer cannot wait."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_sqlite(connection: Any, level: str, checkpoint: int) -> None:
    """Readers and writers never wait for one another, and what is deleted is gone."""
    more = (f"synchronous={level}", f"wal_autocheckpoint={checkpoint}")
    for statement in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON", *more):
        connection.execute(f"PRAGMA {statement}").close()


def _postgresql(url: sa.URL, patient: bool) -> sa.Engine:
    """What connects to PostgreSQL; for a command, it waits as long as a statement takes."""
    options = {
        "connect_timeout": PATIENCE, "application_name": "tablecast",
        "tcp_user_timeout": 1000 * PATIENCE,  # a machine that is gone says nothing
    }  # fmt: skip
    chosen = url.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        chosen, connect_args=options, poolclass=_pool(patient), pool_pre_ping=not patient
    )
    if not patient:
        sa.event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """Statements end in time, since somebody waits for them."""
    for name, seconds in (("lock_timeout", PATIENCE), ("statement_timeout", 2 * PATIENCE)):
        connection.execute(f"SET {name} = '{seconds}s'")
    connection.commit()


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that writes: all of it is kept on return, and nothing after an error."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which all is read as it was at one moment."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":  # SQLite's are so anyway
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def forget_deleted(engine: sa.Engine) -> None:
    """Leave nothing of what was deleted in what SQLite has written ahead, unless it is in use."""
    if engine.dialect.name == "sqlite":
        _checkpoint(engine, "TRUNCATE")


def copy_written_ahead(engine: sa.Engine) -> None:
    """Copy what SQLite has written ahead into its file; nobody waits, and it waits for nobody."""
    _checkpoint(engine, "PASSIVE")


def _checkpoint(engine: sa.Engine, mode: str) -> None:
    with closing(engine.raw_connection()) as connection:  # no transaction, which would forbid it
        connection.cursor().execute(f"PRAGMA wal_checkpoint({mode})").close()


@contextmanager
def errors_of_log() -> Iterator[None]:
    """What a database refuses within, as a LogError for whoever runs a command."""
    try:
        yield
    except SQLAlchemyError as error:
        raise LogError(f"The prediction log cannot be used: {reason_of(error)}") from None


def reason_of(error: Exception) -> str:
    """What a database says, in one line, without the statement and its values, and what to do."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    advice = next((advice for words, advice in ADVICE.items() if words in said), None)
    return f"{said}. {advice} TABLECAST_LOG names it." if advice else said


def existing(address: str) -> sa.Engine:
    """``engine_of`` a database that is there; SQLite would make a new one. Raises LogError."""
    engine = engine_of(address)
    file = engine.url.database or ""
    if engine.dialect.name == "sqlite" and not Path(file).is_file():
        raise LogError(
            f"There is no log at {file!r}. Check TABLECAST_LOG, and the folder that you are in."
        )
    return engine


def _make_for_its_owner(file: str) -> None:
    """Make a file that is not there yet so that no other user of the machine can read it.

    SQLite gives the files beside it the same rights; what cannot be made is its to tell.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables to this version; a new database gets all of them.

    Raises:
        LogError: the database was made by a later version.
        SQLAlchemyError: it cannot be reached or written to.
    """
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    known = scripts.get_current_head()
    if engine.dialect.name == "sqlite":
        _make_for_its_owner(engine.url.database or "")
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":  # SQLite's writers wait for one another anyway
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        found = MigrationContext.configure(connection).get_current_revision()
        if found == known:
            return
        if found is not None and found not in {step.revision for step in scripts.walk_revisions()}:
            raise LogError(OTHER_VERSION.format(found=found, known=known))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
