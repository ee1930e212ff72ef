"""The thread of a process that writes to the log: what waits is written together.

A commit takes as long as the disk does, for one row or for a thousand. So what comes while one is
under way goes into the next (group commit), and those who were answered together are waited for a
moment, since they may ask again together.
"""

import atexit
import logging
import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError

from tablecast.errors import LogError
from tablecast.log.database import reason_of
from tablecast.log.entries import Parcel
from tablecast.log.keeping import Store
from tablecast.log.turns import MOST_GATHERING
from tablecast.log.upkeep import Upkeep

log = logging.getLogger("tablecast")

#: Rows that one transaction takes, beyond the parcel that passes this number.
MOST_TOGETHER = 2000

#: Rows that wait at most where nobody waits for them: some 25 MB.
MOST_WAITING = 50_000

#: Seconds between two commits that nobody waits for, and between two looks at a database that
#: could not be written to.
PAUSE = 0.1
BETWEEN_TRIALS = 0.5

#: Seconds that the thread waits while there is nothing to do.
AT_REST = 3600.0

#: What a database that may come back says.
AWAY = (OperationalError, InterfaceError, InternalError, ProgrammingError, LogError, OSError)

#: Seconds that a process waits at its end for what is not written yet.
LAST_WAIT = 3.0


class Writer:
    """Writes parcels in a thread of its own, which a forked process starts anew."""

    def __init__(
        self, store: Store, days: int = 0, count_dropped: Callable[[int], None] = lambda _: None
    ) -> None:
        """Prepare to write.

        Args:
            store: where to.
            days: after which rows are deleted; 0 for never.
            count_dropped: is told of rows that nobody waits for and that found no room.
        """
        self._store = store
        self._days = days
        self._count_dropped = count_dropped
        self._start_anew()
        atexit.register(self.finish)
        os.register_at_fork(after_in_child=self._start_anew)

    def _start_anew(self) -> None:
        # What waited before a fork is the other process's to write, and so are its connections.
        self._store.forget()
        self._queue: SimpleQueue[Parcel | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._kept_back: list[Parcel] = []
        self._counting, self._waiting = Lock(), 0
        self._upkeep = Upkeep(self._store, self._days)
        #: How many rows were kept together the last time that somebody waited, and the seconds that
        #: it took.
        self._together, self._took = 0, 0.0
        self.failing = False

    def submit(self, parcel: Parcel) -> None:
        """Have a parcel written soon. Who waits is told at once if the log cannot be written to."""
        if parcel.done is None and not self._has_room(len(parcel)):
            self._count_dropped(len(parcel))
        elif parcel.done is not None and self.failing:
            parcel.done(False)
        else:
            self._queue.put(parcel)
            if self._thread is None:
                self._start_thread()

    def _has_room(self, rows: int) -> bool:
        with self._counting:
            fits = self._waiting + rows <= MOST_WAITING
            self._waiting += rows if fits else 0
            return fits

    def _leave(self, rows: int) -> None:
        with self._counting:
            self._waiting -= rows

    def _start_thread(self) -> None:
        with self._counting:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="prediction log", daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """At the process's end: write what waits, unless the database takes too long."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(LAST_WAIT)
            self._upkeep.finish(LAST_WAIT)
            if not self._thread.is_alive():
                self._store.close()
            self._thread = None

    def _run(self) -> None:
        _go_on_when_woken()
        goes_on = True
        while goes_on:
            parcels, goes_on = self._next()
            if parcels or self.failing:
                self._write(parcels)

    def _next(self) -> tuple[list[Parcel], bool]:
        """What is to be written now, and whether more may come."""
        parcels, self._kept_back = self._kept_back, []
        rows = sum(map(len, parcels))
        until = time.monotonic() + (BETWEEN_TRIALS if self.failing else AT_REST)
        while rows < MOST_TOGETHER or self.failing:
            left = until - time.monotonic()
            try:
                parcel = self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except Empty:
                break
            if parcel is None:
                return parcels, False
            parcels.append(parcel)
            rows += len(parcel)
            if not self.failing:
                until = min(until, time.monotonic() + PAUSE, self._gathered(parcel, rows))
        return parcels, True

    def _gathered(self, parcel: Parcel, rows: int) -> float:
        """Until when more rows are waited for, after a parcel; what is there is taken anyway.

        Who was answered together with others mostly asks again together with them. Without a wait
        the first of them would go alone, and let the others wait for twice as long.
        """
        if parcel.done is None:
            return math.inf
        if rows >= self._together:
            return 0.0
        return time.monotonic() + min(self._took / 2, MOST_GATHERING)

    def _write(self, parcels: list[Parcel]) -> None:
        began = time.monotonic()
        try:
            self._store.keep(parcels)
        except Exception as error:  # a thread that ended would keep nobody's answers any more
            self._fail(parcels, error)
            return
        if self.failing:
            self.failing = False
            log.warning("The prediction log can be written to again.")
        for parcel in parcels:
            if parcel.done is not None:
                parcel.done(True)
        nobodys = sum(len(parcel) for parcel in parcels if parcel.done is None)
        self._leave(nobodys)
        self._together = sum(map(len, parcels)) - nobodys
        self._took = time.monotonic() - began
        self._upkeep.kept()

    def _fail(self, parcels: list[Parcel], error: Exception) -> None:
        if not self.failing:
            log.error("The prediction log cannot be written to: %s", reason_of(error))
        self.failing = True
        self._store.forget()
        nobodys = [parcel for parcel in parcels if parcel.done is None]
        if isinstance(error, AWAY):
            self._kept_back = nobodys
        else:  # one of them cannot be kept at all, and would hold up the others for ever
            self._leave(sum(map(len, nobodys)))
            self._count_dropped(sum(map(len, nobodys)))
        for parcel in parcels:
            if parcel.done is not None:
                parcel.done(False)


def _go_on_when_woken() -> None:
    """Let this thread run as soon as the disk is done, though a server lets others end first.

    granian's threads are such (see ``granian_app``), and this one would be when it is started.
    """
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
