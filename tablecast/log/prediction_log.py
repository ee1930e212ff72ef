"""The log of a process: opened by its address, and what answers are handed to."""

import logging
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from tablecast.deployment.deployment import Deployment
from tablecast.errors import LogError
from tablecast.log import reader
from tablecast.log.daily_sums import Sums
from tablecast.log.database import engine_of, errors_of_log, reading, reason_of, upgrade
from tablecast.log.entries import Notes, Parcel
from tablecast.log.keeping import Store
from tablecast.log.retention import withdraw
from tablecast.log.tables import DAILY
from tablecast.log.writer import Writer

log = logging.getLogger("tablecast")

#: Seconds that an answer waits to be kept. A database that is busy is waited for twice: for this
#: process's turn, and for whoever else writes.
MOST_WAIT = 5.0


class PredictionLog:
    """Keeps answers in one database, for all deployments of a process.

    Attributes:
        engine: what reads it.
        strict: whether an answer is given only once it is kept.
    """

    def __init__(
        self, settings: dict[str, Any], count_dropped: Callable[[int], None] = lambda _: None
    ) -> None:
        """Open the log that the settings name; a database that is away may come back.

        Args:
            settings: all of them.
            count_dropped: is told of rows that were not kept in relaxed mode.

        Raises:
            SettingError: the address cannot be used.
        """
        self.engine = engine_of(settings["log"])
        self.strict = bool(settings["log_mode"] == "strict")
        self._settings = settings
        store = Store(settings["log"])
        self._daily = store.daily
        self._writer = Writer(store, settings["log_days"], count_dropped)
        self._look()

    @property
    def refuses(self) -> bool:
        """Whether no answer can be given now, since it could not be kept."""
        return self.strict and self._writer.failing

    def notes(self, loaded: Deployment, name: str) -> Notes:
        """What makes the entries of a deployment, which the log knows by a name.

        Raises:
            SettingError: a secret is missing.
        """
        self.learn(name, loaded.description)
        return Notes(loaded, name, self._settings["engine"], self._settings["log_secret"])

    def learn(self, name: str, description: Mapping[str, Any]) -> None:
        """Count a deployment's answers from now on, and those that nobody has counted yet."""
        self._daily.learn(name, description)

    def submit(self, parcel: Parcel) -> None:
        """Have a parcel written; its ``done``, if it has one, is told."""
        self._writer.submit(parcel)

    def keep(self, parcel: Parcel) -> bool:
        """Have a parcel written; on return it is, where the mode is strict or it may be repeated.

        Returns:
            False where it could not be, or not in time.
        """
        if not self.strict and parcel.repeated is None:
            self._writer.submit(parcel)
            return True
        told: SimpleQueue[bool] = SimpleQueue()
        parcel.done = told.put
        self._writer.submit(parcel)
        try:
            return told.get(timeout=MOST_WAIT)
        except Empty:
            return False

    def days(self, deployment: str, sha256: str, since: int) -> dict[int, Sums]:
        """Day since 1970 to its sums, of one deployment. Raises LogError where it is away."""
        with errors_of_log(), reading(self.engine) as connection:
            return self._daily.read(connection, deployment, sha256, since)

    def known(self, since: int) -> list[str]:
        """The names of the deployments that have sums since a day. Raises LogError."""
        asked = sa.select(DAILY.c.deployment).where(DAILY.c.day >= since).distinct()
        with errors_of_log(), self.engine.connect() as connection:
            return sorted(connection.execute(asked).scalars())

    def last(self, deployment: str, sha256: str, count: int, among: int) -> list[reader.Row]:
        """The last answers of a deployment; see ``reader.last_predictions``."""
        return reader.last_predictions(self.engine, deployment, sha256, count, among)

    def withdraw(self, first: str, last: str, request: str) -> None:
        """Delete the answers to a request that failed, of which nobody has been told."""
        try:
            withdraw(self.engine, self._daily, first, last, request)
        except SQLAlchemyError as error:
            log.error("Answers that nobody was given stay in the log: %s", reason_of(error))

    def finish(self) -> None:
        """At the process's end: write what waits."""
        self._writer.finish()

    def _look(self) -> None:
        """Make the tables, or say at the start what every answer would run into."""
        try:
            upgrade(self.engine)
        except (SQLAlchemyError, LogError) as error:
            log.error("The prediction log cannot be written to: %s", reason_of(error))
        finally:
            self.engine.dispose()
