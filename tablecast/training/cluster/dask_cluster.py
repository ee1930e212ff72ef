"""A Dask cluster: the one at an address, or workers of its own on this machine.

Calls are Dask's own tasks. Joblib's backend has Dask copy the values to every worker at once, which
copies for ever where a worker is lost at the wrong moment; and where a single worker is left it
computes in this process, which a call that ends workers would end, too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from tablecast.batch.engines.dask_engine import DEAF
from tablecast.batch.parts.locations import reason_of
from tablecast.errors import EngineError
from tablecast.training.cluster.executor import Call, Function, Runner
from tablecast.training.cluster.lost_workers import ATTEMPTS, lost_too_often
from tablecast.training.cluster.worker import Facts, Packed, answered, call, facts, free_of_each

#: Seconds until a scheduler or a worker answers: starting one takes a few where much is going on.
PATIENCE = 30


class DaskCluster:
    """Does the work of a search on Dask's workers.

    Args:
        address: the scheduler's, such as ``tcp://10.0.0.5:8786``; None for workers of its own.
        workers: how many of its own.

    Raises:
        EngineError: Dask is not installed, or nobody answers.
    """

    def __init__(self, address: str | None, workers: int) -> None:
        try:
            dask: Any = import_module("distributed")
        except ImportError:
            raise EngineError(
                "Dask is not installed. Install it with: pip install 'tablecast[train,dask]'"
            ) from None
        # It tells of every connection that it loses; what matters is said by us.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address = address
        self._own: Any = None
        try:
            self._own = None if address else dask.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None,
                silence_logs=logging.CRITICAL, preload=[DEAF],
            )
            self._client = dask.Client(address or self._own, timeout=PATIENCE, set_as_default=False)
        except Exception as error:  # whatever is told by something else that listens there
            self._end_own()
            raise self._away(error) from None

    @property
    def width(self) -> int:
        """The workers' threads."""
        cores: dict[str, int] = self._client.ncores()
        return max(1, sum(cores.values()))

    def share(self, values: Sequence[Any]) -> Runner:
        """Sent to a worker when the first call is made; the others fetch them from there."""
        return _TaskRunner(self._client, values, self._check)

    def facts(self) -> list[Facts]:
        """What each worker tells of itself.

        Raises:
            EngineError: there is none, or one has no such tablecast.
        """
        self._check()
        told = self._client.run(facts, on_error="return")
        for address, one in told.items():
            if not isinstance(one, Facts):
                raise EngineError(
                    f"The worker {address} cannot import this version of tablecast ({one}). "
                    "Install it there: tablecast[train,dask]."
                )
        return list(told.values())

    def free_bytes(self) -> float:
        """The least that a worker, or this process, may take."""
        return free_of_each(self.facts())

    def close(self) -> None:
        """Let go of the workers, and end those of its own; what they still do is given up."""
        with suppress(Exception):  # a scheduler that is gone cannot be told
            self._client.close(timeout=PATIENCE)
        self._end_own()

    def _end_own(self) -> None:
        with suppress(Exception):
            if self._own is not None:
                self._own.close(timeout=PATIENCE)

    def _check(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, TimeoutError, RuntimeError) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> EngineError:
        if self._address is None:
            reason = reason_of(error)
            return EngineError(f"Dask's workers cannot be started on this machine: {reason}.")
        return EngineError(
            f"The Dask cluster at {self._address} does not answer. Check the address, and that a "
            "scheduler and a worker run there (dask scheduler; dask worker ADDRESS)."
        )


class _TaskRunner:
    def __init__(self, client: Any, values: Sequence[Any], check: Callable[[], None]) -> None:
        self._client = client
        self._packed = [Packed.of(value) for value in values]
        self._check = check
        self._sent: list[Any] = []

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

        try:
            # Under new names: what is left of a lost worker's is not taken for them.
            self._sent = self._sent or self._client.scatter(self._packed, hash=False)
            tasks = [
                self._client.submit(call, self._sent[place], function, list(more), pure=False)
                for place, more in calls
            ]
            answers: list[Any] = self._client.gather(tasks)
        except (Exception, CancelledError):
            self._sent = []
            return None
        return answers
