"""The thread of a process that nobody waits for: it counts what was kept, copies what SQLite has
written ahead into its file, and deletes what is old.
"""

import logging
import time
from threading import Event, Lock, Thread

from sqlalchemy.exc import SQLAlchemyError

from tablecast.errors import LogError
from tablecast.log.database import reason_of
from tablecast.log.keeping import Store

log = logging.getLogger("tablecast")

#: Seconds after which what was kept is in the days' sums.
UNTIL_COUNTED = 1.0

#: Seconds between two looks at how far SQLite has written ahead while rows are kept, and between
#: two parts that are counted: meanwhile whoever answers has the processor.
BETWEEN_LOOKS = 0.1

#: Seconds until something is tried again that could not be done.
BETWEEN_TRIALS = 5.0

#: Seconds between two times that old rows are deleted.
BETWEEN_PRUNINGS = 3600

#: What a database that cannot be used raises.
UNUSABLE = (SQLAlchemyError, LogError, OSError)


class Upkeep:
    """Keeps a log in order, in a thread that is started once there is something to do."""

    def __init__(self, store: Store, days: int) -> None:
        """Prepare it.

        Args:
            store: of the process.
            days: after which rows are deleted; 0 for never.
        """
        self._store = store
        self._days = days
        self._thread: Thread | None = None
        self._starting = Lock()
        self._told = Event()
        self._ends = False
        #: When what was kept is to be counted; None where all is.
        self._count_at: float | None = None
        self._prune_at = 0.0
        self._uncountable = False

    def kept(self) -> None:
        """Tell of rows that were kept: they are to be counted soon."""
        if self._count_at is None:
            self._count_at = time.monotonic() + UNTIL_COUNTED
            self._told.set()
        if self._thread is None:
            self._start()

    def finish(self, seconds: float) -> None:
        """At the process's end: count what was kept, unless that takes too long."""
        if self._thread is not None:
            self._ends = True
            self._told.set()
            self._thread.join(seconds)
            self._thread = None

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="log upkeep", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._ends:
            self._do()
            self._told.wait(self._pause())
            self._told.clear()
        if self._count_at is not None:
            self._count()
        self._store.close_aside()

    def _pause(self) -> float:
        """Seconds until there may be something to do, though nobody tells of it."""
        now = time.monotonic()
        if self._count_at is None:
            return max(self._prune_at - now, 0.0)
        return min(max(self._count_at - now, 0.0), BETWEEN_LOOKS)

    def _do(self) -> None:
        """Whatever there is to do now."""
        now = time.monotonic()
        if self._count_at is not None:
            self._copy()
            if now >= self._count_at:
                self._count()
        if now >= self._prune_at:
            self._prune_at = now + BETWEEN_PRUNINGS
            self._prune()

    def _copy(self) -> None:
        try:
            self._store.copy_ahead()
        except UNUSABLE as error:  # SQLite does it at a commit, once it is too much
            self._store.close_aside()
            log.debug("The log's file cannot be brought up to date: %s", reason_of(error))

    def _count(self) -> None:
        """Count some of what was kept; the rest soon."""
        self._count_at = None
        try:
            if self._store.count():
                self._count_at = time.monotonic() + BETWEEN_LOOKS
        except UNUSABLE as error:
            self._store.close_aside()
            if not self._uncountable:
                log.error("The days' sums cannot be written: %s", reason_of(error))
            self._uncountable = True
            self._count_at = time.monotonic() + BETWEEN_TRIALS
        else:
            self._uncountable = False

    def _prune(self) -> None:
        try:
            self._store.prune(self._days)
        except UNUSABLE as error:
            self._store.close_aside()
            log.error("Old rows of the prediction log cannot be deleted: %s", reason_of(error))
