"""A progress bar on a terminal, or a line every few seconds in a log."""

import sys
import time
from collections.abc import Callable
from typing import Self, TextIO

#: Columns of the bar; with its figures it fits a terminal of 80.
WIDTH = 30

#: Seconds between two drawings: often enough to look alive, too rare to cost anything.
REDRAWN_AFTER = 0.1

#: Seconds between two lines in a log.
LINE_AFTER = 10.0


class ProgressBar:
    """Call it with the rows done and the share of the whole, from 0 to 1.

    Args:
        stream: default: standard error, so that standard output stays the program's own.
        clock: seconds, from any beginning.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._began = clock()
        self._drawn: float | None = None
        self._is_terminal = self._stream.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal and self._drawn is not None:
            self._stream.write("\n")
            self._stream.flush()

    def __call__(self, rows: int, fraction: float) -> None:
        """Show how far it is, unless that was shown just now."""
        now = self._clock()
        pause = REDRAWN_AFTER if self._is_terminal else LINE_AFTER
        since = self._began if self._drawn is None and not self._is_terminal else self._drawn
        if fraction < 1 and since is not None and now - since < pause:
            return
        self._drawn = now
        words = self._words(rows, min(fraction, 1.0), now - self._began)
        self._stream.write(f"\r{words}\x1b[K" if self._is_terminal else f"{words}\n")
        self._stream.flush()

    def _words(self, rows: int, fraction: float, seconds: float) -> str:
        named = "row" if rows == 1 else "rows"
        figures = f"{fraction:4.0%}  {rows:,} {named}  {_time_left(fraction, seconds)}"
        if not self._is_terminal:
            return figures.strip()
        return f"{bar(fraction, WIDTH)} {figures}"


def bar(fraction: float, width: int) -> str:
    """A share of the whole, from 0 to 1, drawn so many columns wide between its brackets."""
    done = round(fraction * width)
    return f"[{'█' * done}{'·' * (width - done)}]"


def _time_left(fraction: float, seconds: float) -> str:
    if fraction >= 1:
        return f"in {seconds:.0f} s"
    return f"{seconds / fraction - seconds:.0f} s left" if fraction > 0 else ""
