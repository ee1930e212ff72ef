"""Places of requests that are answered at the same time: so many for each key and each address.

The worker processes of a machine share them. A place is a byte of a file that its holder locks, so
that the system takes back what a process held that dies.
"""

import fcntl
import hashlib
import os
from collections import defaultdict
from pathlib import Path
from threading import Lock

#: Bytes of a name's hash: with the place behind it, it is an offset that files can have.
HASHED = 5


class Places:
    """Gives out places, and takes them back.

    Args:
        most: of each key or address.
        shared: a folder that the worker processes share, or None for places of each process.
    """

    def __init__(self, most: int, shared: Path | None = None) -> None:
        self.most = most
        # A process's locks go with the first of its descriptors of a file that it closes: one only.
        self._file = (
            os.open(shared / "places", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if shared else None
        )  # fmt: skip
        self._held: defaultdict[str, set[int]] = defaultdict(set)
        self._changing = Lock()

    def all_held_here(self, who: str) -> bool:
        """Whether this process alone holds all places of a key or an address."""
        return who in self._held and len(self._held[who]) >= self.most

    def take(self, who: str) -> int | None:
        """A place that is free, until it is given back; None where there is none."""
        with self._changing:
            held = self._held[who]
            free = (place for place in range(self.most) if place not in held)
            taken = next((place for place in free if self._lock(who, place)), None)
            if taken is not None:
                held.add(taken)
            elif not held:
                del self._held[who]
            return taken

    def give_back(self, who: str, place: int) -> None:
        """Let another request have a place."""
        with self._changing:
            self._held[who].discard(place)
            if not self._held[who]:
                del self._held[who]
            if self._file is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._offset(who, place))

    def _lock(self, who: str, place: int) -> bool:
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._offset(who, place))
        except OSError:  # another process has it
            return False
        return True

    def _offset(self, who: str, place: int) -> int:
        hashed = hashlib.blake2b(who.encode(), digest_size=HASHED).digest()
        return int.from_bytes(hashed, "little") * self.most + place
