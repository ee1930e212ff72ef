"""Turns among the processes that write to one SQLite file, in the order in which they ask.

SQLite lets whoever cannot write yet sleep for longer and longer; meanwhile another process may
commit time after time. Here who is done gets in line again.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tablecast.errors import LogError

#: Seconds between two looks at whether it is one's turn.
BETWEEN_LOOKS = 0.0002

#: Bytes of the file that stand for the two places: to be next, and to write.
NEXT, NOW = 0, 1


class Turns:
    """A file of two places. Who waits for the second holds the first, so that nobody overtakes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """It is this process's turn within. Raises LogError after so many seconds, or OSError.

        The kernel gives back what a process holds that has ended.
        """
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            until = time.monotonic() + seconds
            _take(file, NEXT, until)
            _take(file, NOW, until)
            fcntl.lockf(file, fcntl.LOCK_UN, 1, NEXT)
            yield
        finally:
            os.close(file)  # which gives both back


def _take(file: int, place: int, until: float) -> None:
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except BlockingIOError:
            if time.monotonic() > until:
                raise LogError("another process writes to it, and does not end") from None
            time.sleep(BETWEEN_LOOKS)
        else:
            return
