"""What does a search's work: functions of values that are sent once, here or elsewhere.

A search asks its executor and nothing else, so that it finds the same with any of them: they differ
in where and when something is computed, not in what.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from tablecast.data.free_memory import available

#: A call: the place of its value among those that were shared, and its other arguments.
Call = tuple[int, Sequence[Any]]
Function = Callable[..., Any]


class Runner(Protocol):
    """Calls functions of values that were shared with it."""

    def map(self, function: Function, calls: Sequence[Call]) -> list[Any]:
        """``function(value, *arguments)`` for each call, in their order.

        Args:
            function: of a module, since another process has to find it.
            calls: some at once.

        Raises:
            EngineError: whoever should do it is gone.
            Exception: what the function raises; from another process, a TrainingError with its
                words.
        """
        ...


class Executor(Protocol):
    """Does the work of a search.

    Attributes:
        width: how many calls are made at once.
    """

    @property
    def width(self) -> int: ...

    def share(self, values: Sequence[Any]) -> Runner:
        """Let functions be called with these values, each of which is sent once."""
        ...

    def free_bytes(self) -> float:
        """The memory that each of those who do the work may take, in bytes."""
        ...


def threads() -> int:
    """Threads that compute at once: as many as this process has cores.

    Estimators compute with one thread each, outside of Python's lock for the most part.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


class Threads:
    """Threads of this process."""

    @property
    def width(self) -> int:
        """As many as there are cores."""
        return threads()

    def share(self, values: Sequence[Any]) -> Runner:
        """The values themselves: nothing has to be sent."""
        return _ThreadRunner(values)

    def free_bytes(self) -> float:
        """What is free on this machine."""
        return available()


class _ThreadRunner:
    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def map(self, function: Function, calls: Sequence[Call]) -> list[Any]:
        pool = ThreadPoolExecutor(threads())
        try:
            return [
                future.result()
                for future in [
                    pool.submit(function, self._values[place], *more) for place, more in calls
                ]
            ]
        finally:  # an interrupt, or an error, does not wait for calls that have not begun
            pool.shutdown(wait=False, cancel_futures=True)
