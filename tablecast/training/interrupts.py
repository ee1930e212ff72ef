"""Ctrl-C during training: the first saves the best so far, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable


class Interrupts:
    """A context in which the first Ctrl-C ends a search, and no more than that.

    While ``searching`` it raises KeyboardInterrupt, which the search takes as its end. Before the
    search has anything, and for every further one, KeyboardInterrupt goes through to the caller.
    After the search, when the best is on its way to disk, a first one is answered with a line.

    Args:
        say: called with a line that tells what a second Ctrl-C does.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._previous: object = None
        self.count = 0
        self.searching = True

    def __enter__(self) -> Interrupts:
        # Python lets only the main thread handle signals; elsewhere nothing changes.
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)  # type: ignore[arg-type]

    def _handle(self, *_: object) -> None:
        self.count += 1
        if self.count > 1 or self.searching:
            raise KeyboardInterrupt
        self._say("Saving the best model so far. Press Ctrl-C again to stop without saving.")
