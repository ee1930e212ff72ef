"""A file that is opened when it is needed, and stays open until somebody closes it."""

import os
from pathlib import Path


class OpenFile:
    """A file, read and written by its descriptor."""

    #: What it is opened with beside reading and writing.
    flags = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def close(self) -> None:
        """Open it anew when it is needed."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | self.flags, 0o600)
        return self._file
