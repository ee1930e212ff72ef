"""What SQLite writes ahead of its file: room for it, and the wait until it is on the disk."""

import os
from contextlib import suppress

from tablecast.errors import LogError
from tablecast.log.database import CHECKPOINT
from tablecast.log.open_file import OpenFile

#: Bytes of a page in the file, of what stands before each, and of what stands before all.
PAGE, BEFORE_PAGE, BEFORE_ALL = 4096, 24, 32

#: Where the file, and a page in it, have the numbers that SQLite draws when it begins at the front.
IN_FILE, IN_PAGE, NUMBERS = 16, 8, 8

#: What the file begins with; the byte after it says how its sums are made.
MAGIC = b"\x37\x7f\x06"

#: Bytes that SQLite fills before it begins again at the front.
ROOM = BEFORE_ALL + CHECKPOINT * (BEFORE_PAGE + PAGE)


class WriteAhead(OpenFile):
    """A database's ``-wal`` file, open as long as the database is: whoever has it open is told of
    an error of the disk.

    To write into a file as long as it was takes a third of the time, or a tenth on a busy disk: a
    longer one has to be noted in the file system's own books as well. SQLite makes the file longer
    bit by bit until it begins again at its front. So it gets its length at once.
    """

    def make_room(self) -> None:
        """Give the file its length, within a transaction that writes and has not written yet.

        SQLite takes zeros after what it wrote for the file's end. Without room on the disk all
        stays as it is. Raises LogError where the file has no name any more.
        """
        file = self._opened()
        found = os.fstat(file)
        if not found.st_nlink:
            raise LogError(f"{self._path.name} was deleted or replaced")
        size = found.st_size
        if size >= ROOM:
            return
        try:
            os.pwrite(file, bytes(ROOM - size), size)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, size)

    def is_full(self) -> bool:
        """Whether SQLite has filled so much; what was there before has other numbers."""
        file, last = self._opened(), ROOM - PAGE - BEFORE_PAGE
        drawn = os.pread(file, NUMBERS, IN_FILE)
        return len(drawn) == NUMBERS and os.pread(file, NUMBERS, last + IN_PAGE) == drawn

    def is_odd(self) -> bool:
        """Whether it begins with what SQLite does not write, which SQLite would not notice."""
        start = os.pread(self._opened(), BEFORE_ALL + BEFORE_PAGE, 0)
        drawn, first = start[IN_FILE:][:NUMBERS], start[BEFORE_ALL + IN_PAGE :][:NUMBERS]
        return drawn != first or not start.startswith(MAGIC)

    def sync(self) -> None:
        """Wait until it is on the disk, while others may write.

        That is all that SQLite itself does at a commit where it is told to wait for the disk.
        """
        getattr(os, "fdatasync", os.fsync)(self._opened())  # macOS has the second only
