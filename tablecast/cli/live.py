"""Progress of a long training: one live line on a terminal, plain lines elsewhere."""

import shutil
import sys
import threading
import time
from collections.abc import Callable
from typing import Self, TextIO

from tablecast.cli.progress import bar
from tablecast.training.search.budget import Standing

#: Columns of the bar.
WIDTH = 12
#: Seconds between two drawings of the live line: its time left is counted in seconds.
REDRAWN_AFTER = 1.0


class Live:
    """Called with a line, it prints it; ``live`` shows how things stand.

    On a terminal the standing is one line at the bottom that is drawn again each second; elsewhere
    every new one is a line of its own.

    Args:
        stream: default: standard output.
        clock: seconds, as ``time.monotonic`` counts them.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stdout
        self._clock = clock
        self._standing: Standing | None = None
        self._drawing = threading.Lock()
        self._over = threading.Event()
        self._ticking: threading.Thread | None = None
        self._is_terminal = self._stream.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._ticking:
            self._ticking.join()
        self._standing = None
        self._write("")

    def __call__(self, line: str) -> None:
        """Print a line that stays."""
        self._write(f"{line}\n")

    def live(self, standing: Standing) -> None:
        """Show how things stand from now on."""
        self._standing = standing
        if not self._is_terminal:
            self._write(f"{standing.words(self._clock())}\n")
            return
        if self._ticking is None:
            self._ticking = threading.Thread(target=self._tick, daemon=True)
            self._ticking.start()
        self._write("")

    def _tick(self) -> None:
        while not self._over.wait(REDRAWN_AFTER):
            self._write("")

    def _write(self, lines: str) -> None:
        """Lines that stay, then the live line below them."""
        with self._drawing:
            if self._is_terminal:
                lines = f"\r\x1b[K{lines}{self._drawn()}"
            self._stream.write(lines)
            self._stream.flush()

    def _drawn(self) -> str:
        standing, now = self._standing, self._clock()
        if standing is None:
            return ""
        line = f"{bar(standing.fraction_done(now), WIDTH)} {standing.words(now)}"
        # A line that wraps could not be drawn over.
        return line[: shutil.get_terminal_size().columns - 1]
