"""Calls on a cluster through a backend of joblib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tablecast.errors import EngineError
from tablecast.training.cluster.executor import Call, Function
from tablecast.training.cluster.worker import Packed, answered, call

#: A worker that is lost takes its calls and its copy of the values along, which are sent again. A
#: call that has ended so many workers, for want of memory mostly, would end the next one too.
ATTEMPTS = 4


def lost_too_often() -> EngineError:
    """What to say where the same calls end one worker after the other."""
    return EngineError(
        f"Workers were lost {ATTEMPTS} times during the same fits, probably because memory ran "
        "out. Give each worker more memory, or train on fewer rows."
    )


class JoblibRunner:
    """Calls functions on workers, and again where a worker is lost.

    Args:
        values: sent to the workers once.
        send: sends them, and returns joblib's backend that knows them.
        check: raises EngineError where the whole cluster is gone; asked where a call was lost.
    """

    def __init__(
        self,
        values: Sequence[Any],
        send: Callable[[Sequence[Packed]], Any],
        check: Callable[[], None],
    ) -> None:
        self._packed = [Packed.of(value) for value in values]
        self._send = send
        self._check = check
        self._backend: Any = None

    def map(self, function: Function, calls: Sequence[Call]) -> list[Any]:
        """See ``Runner``."""
        for _ in range(ATTEMPTS):
            answers = self._answers(function, calls)
            if answers is not None:
                return answered(answers)
            self._check()
        raise lost_too_often()

    def _answers(self, function: Function, calls: Sequence[Call]) -> list[Any] | None:
        """What the workers answer; None where one was lost, since a function's error is a value."""
        from asyncio import CancelledError

        from joblib import Parallel, delayed, parallel_config

        try:
            self._backend = self._backend or self._send(self._packed)
            # A call is seconds of work: none is put together with another one.
            with parallel_config(self._backend, n_jobs=-1):
                answers: list[Any] = Parallel(batch_size=1, pre_dispatch="all")(
                    delayed(call)(self._packed[place], function, list(more))
                    for place, more in calls
                )
        except (Exception, CancelledError):
            self._backend = None
            return None
        if any(isinstance(answer, BaseException) for answer in answers):  # Dask's lost ones
            self._backend = None
            return None
        return answers
