"""The keys of a running server, read again when their file changes."""

import logging
import math
import time
from pathlib import Path

from tablecast.errors import KeysError
from tablecast.web.access.key_file import PREFIX, Key, digest_of, read_file, read_keys

log = logging.getLogger("tablecast")

#: Seconds after which a revoked key opens nothing any more.
FRESHNESS = 1.0


class Keyring:
    """Finds keys by what a request sends.

    Args:
        source: what the setting TABLECAST_KEYS holds: the path of a file of keys, or its text,
            for a host without a disk.

    Attributes:
        fresh_until: when it looks at the file again, as ``time.monotonic`` counts.

    Raises:
        KeysError: there is no such file, or a line is no key.
    """

    def __init__(self, source: str) -> None:
        inline = source.lstrip().startswith("{")
        self._path = None if inline else Path(source)
        # A text does not change.
        self.fresh_until = time.monotonic() + FRESHNESS if self._path else math.inf
        self._stamp = self._stamp_of_file()
        if self._path and source.startswith(PREFIX):  # which is not to be in a log
            raise KeysError(
                "TABLECAST_KEYS holds a key. Name the file that keys add writes instead; programs "
                "send the key."
            )
        if self._path and self._stamp is None:
            raise KeysError(
                f"The file in TABLECAST_KEYS, {source!r}, does not exist. Make it: python -m "
                f"tablecast keys add NAME --role ask --file {source!r}"
            )
        keys = read_file(self._path) if self._path else read_keys(source, "TABLECAST_KEYS")
        self._keys = {key.digest: key for key in keys}

    def find(self, secret: str) -> Key | None:
        """The key, where it is known and not yet expired."""
        if time.monotonic() >= self.fresh_until:
            self._look_again()
        key = self._keys.get(digest_of(secret))
        if key is None or (key.until and time.time() >= key.ends):
            return None
        return key

    def named(self, name: str) -> Key | None:
        """The key of this name, where it is known and not yet expired."""
        if time.monotonic() >= self.fresh_until:
            self._look_again()
        key = next((key for key in self._keys.values() if key.name == name), None)
        return key if key and time.time() < key.ends else None

    def _look_again(self) -> None:
        """Take over a changed file; one that is gone has no keys, a faulty one changes nothing."""
        self.fresh_until = time.monotonic() + FRESHNESS
        stamp = self._stamp_of_file()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            assert self._path
            self._keys = {key.digest: key for key in read_file(self._path)}
        except KeysError as error:
            log.error("the keys stay as they were: %s", error)

    def _stamp_of_file(self) -> tuple[int, int, int] | None:
        try:
            stat = self._path.stat() if self._path else None
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat else None
