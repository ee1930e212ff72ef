"""A count that the worker processes of one machine share, in a small mapped file, for ``limits``.

``limits`` counts in the memory of one process, or in a database such as Redis. A server of several
workers on one machine would count each request in one of them, and let through as many times what a
key may ask as it has workers.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from limits.storage import Storage

#: Of a count: 8 bytes of its name's hash, when it ends (seconds since 1970), and how many.
SLOT = struct.Struct("<8sdq")

#: Counts at the same time: more keys and addresses than ask within one window of a small service.
#: Where all are taken, the one that ends first makes way.
SLOTS = 4096

#: Slots that a name may stand in. It takes microseconds to look at them all.
NEIGHBOURS = 16


class SharedCounts(Storage):
    """A storage of ``limits`` in a file that processes map; made empty where it is not there."""

    STORAGE_SCHEME = ["tablecast-shared"]  # noqa: RUF012 - as limits declares it

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, SLOT.size * SLOTS)
        # Blocks are taken now: a disk that is full later would end the process at a write.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file, 0, SLOT.size * SLOTS)
        self._counts = mmap.mmap(self._file, SLOT.size * SLOTS)

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, from nothing where the time of the last count is over."""
        with self._locked():
            offset, name, ends, count = self._find(key)
            if time.time() >= ends:
                ends, count = time.time() + expiry, 0
            SLOT.pack_into(self._counts, offset, name, ends, count + amount)
            return int(count + amount)

    def get(self, key: str) -> int:
        """The count now."""
        with self._locked():
            _, _, ends, count = self._find(key)
            return int(count) if time.time() < ends else 0

    def get_expiry(self, key: str) -> float:
        """When the count ends, seconds since 1970."""
        with self._locked():
            return float(self._find(key)[2])

    def check(self) -> bool:
        """Whether it can be used."""
        return not self._counts.closed

    def reset(self) -> int | None:
        """Forget all counts."""
        with self._locked():
            self._counts[:] = bytes(SLOT.size * SLOTS)
        return None

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._locked():
            offset = self._find(key)[0]
            self._counts[offset : offset + SLOT.size] = bytes(SLOT.size)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The system takes the lock back from a process that dies while it holds it.
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _find(self, key: str) -> tuple[int, bytes, float, int]:
        """Where a count stands, its name, when it ends and how many; else where it may stand."""
        hashed = hashlib.blake2b(key.encode(), digest_size=16).digest()
        name, first = hashed[:8], int.from_bytes(hashed[8:], "little") % SLOTS
        free: tuple[float, int] = (float("inf"), 0)
        for step in range(NEIGHBOURS):
            offset = SLOT.size * ((first + step) % SLOTS)
            slot: tuple[Any, ...] = SLOT.unpack_from(self._counts, offset)
            if slot[0] == name:
                return offset, *slot
            free = min(free, (slot[1], offset))
        return free[1], name, 0.0, 0
