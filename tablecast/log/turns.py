"""Turns among the processes that write to one SQLite file, and one wait for the disk for all.

SQLite lets whoever cannot write yet sleep for longer and longer; meanwhile another process may
commit time after time. Here who is done gets in line again.

What several processes have written one after another is on the disk after a single wait for it. So
who has written waits a moment for those who are about to, and then one of them waits for all.
"""

import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

from tablecast.errors import LogError
from tablecast.log.open_file import OpenFile

#: Seconds between two looks at whether it is one's turn.
BETWEEN_LOOKS = 0.0002

#: Bytes of the file that stand for the four places: to be next, to write, to wait for the disk, and
#: to count. They are locked, and hold numbers besides.
NEXT, NOW, DISK, COUNT = 0, 1, 2, 3

#: The numbers in the file, and where some of them begin.
NUMBERS = struct.Struct("<QQQQ")
ONE = struct.Struct("<Q")
WRITTEN, SYNCED = 0, 8

#: Seconds that others are waited for at most, whatever the disk takes.
MOST_GATHERING = 0.003


class State(NamedTuple):
    """What the processes tell one another.

    Attributes:
        written: rows that were written, ever; the last of a commit is its ticket.
        synced: how many of these are known to be on the disk.
        together: how many came with the last wait for it.
        took: nanoseconds that it took.
    """

    written: int
    synced: int
    together: int
    took: int


class Turns(OpenFile):
    """A file of places and numbers. Who waits to write is next, so that nobody overtakes."""

    flags = os.O_CREAT

    @contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """It is this process's turn within. Raises LogError after so many seconds, or OSError.

        The kernel gives back what a process holds that has ended.
        """
        file = self._opened()
        with _within_process:
            until = time.monotonic() + seconds
            try:
                _take(file, NEXT, until)
                _take(file, NOW, until)
                fcntl.lockf(file, fcntl.LOCK_UN, 1, NEXT)
                yield
            finally:
                fcntl.lockf(file, fcntl.LOCK_UN, 2, NEXT)

    @contextmanager
    def counting(self, seconds: float) -> Iterator[None]:
        """Nobody else counts within, and others may write. Raises as ``taken`` does."""
        file = self._opened()
        _take(file, COUNT, time.monotonic() + seconds)
        try:
            yield
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, 1, COUNT)

    def wrote(self, rows: int) -> int:
        """Tell of a commit, within one's turn, after it.

        Returns:
            Its ticket.
        """
        file = self._opened()
        ticket = _state(file).written + max(rows, 1)
        os.pwrite(file, ONE.pack(ticket), WRITTEN)
        return ticket

    def sync(self, ticket: int, run: Callable[[], None], seconds: float) -> None:
        """Return once a commit is on the disk.

        Args:
            ticket: the commit's.
            run: waits until all is on the disk that was written before.
            seconds: after which somebody else has waited for too long.

        Raises:
            LogError, OSError: it is not known to be there.
        """
        file = self._opened()
        until = time.monotonic() + seconds
        while not _is_free(file, DISK):
            if _state(file).synced >= ticket:
                return
            _wait(until)
        try:
            state = _gathered(file)
            if state.synced < ticket:
                began = time.monotonic_ns()
                run()
                took, together = time.monotonic_ns() - began, state.written - state.synced
                os.pwrite(file, NUMBERS.pack(0, state.written, together, took)[SYNCED:], SYNCED)
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, 1, DISK)

    def _opened(self) -> int:
        is_new = self._file is None
        file = super()._opened()
        if is_new and os.fstat(file).st_size < NUMBERS.size:
            os.pwrite(file, bytes(NUMBERS.size), 0)
        return file


def _gathered(file: int) -> State:
    """Wait for as many rows as came together the last time, for half of what that took at most.

    Who was answered then may have asked again. A quick disk takes less than a look at them does.
    """
    state = _state(file)
    until = time.monotonic() + min(state.took / 2e9, MOST_GATHERING) - BETWEEN_LOOKS
    while state.written - state.synced < state.together and time.monotonic() < until:
        time.sleep(BETWEEN_LOOKS)
        state = _state(file)
    return state


def _state(file: int) -> State:
    found = os.pread(file, NUMBERS.size, 0)
    return State(*NUMBERS.unpack(found.ljust(NUMBERS.size, b"\0")))  # somebody may have emptied it


def _take(file: int, place: int, until: float) -> None:
    while not _is_free(file, place):
        _wait(until)


def _is_free(file: int, place: int) -> bool:
    """Take a place, unless somebody has it."""
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except BlockingIOError:
        return False
    return True


def _wait(until: float) -> None:
    if time.monotonic() > until:
        raise LogError("another process writes to it, and does not end")
    time.sleep(BETWEEN_LOOKS)


#: A lock of a file is a process's: its threads need one of their own.
_within_process = Lock()


def _start_anew() -> None:
    """After a fork nobody else of this process holds it."""
    global _within_process
    _within_process = Lock()


os.register_at_fork(after_in_child=_start_anew)
