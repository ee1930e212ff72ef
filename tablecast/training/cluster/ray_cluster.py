"""A Ray cluster: the one at an address, or processes of its own on this machine.

Calls are Ray's tasks, which are tried again where a worker or a machine is lost. Ray's backend of
joblib starts its workers anew for every few calls, which takes seconds, and none in place of a lost
one; and where it has a single core it computes in this process.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from typing import Any

from tablecast.batch.engines import EngineFailed, refused
from tablecast.batch.engines.ray_engine import check_speech, last_words
from tablecast.batch.parts.locations import reason_of
from tablecast.errors import EngineError
from tablecast.training.cluster.executor import Call, Function, Runner
from tablecast.training.cluster.lost_workers import ATTEMPTS, lost_too_often
from tablecast.training.cluster.worker import Facts, Packed, answered, call, facts, free_of_each

#: Seconds that Ray's processes may take to find one another.
STARTING = 120
#: Seconds until a machine answers: Ray starts a new Python there, which imports PyCaret.
PATIENCE = 60
#: Seconds until it is looked whether the cluster is still there.
QUIET = 10


class RayCluster:
    """Does the work of a search as Ray's tasks.

    Args:
        address: such as ``ray://10.0.0.5:10001`` or ``10.0.0.5:6379``; None for processes of its
            own.
        workers: how many of its own.

    Raises:
        EngineError: Ray is not installed, or nobody answers.
    """

    def __init__(self, address: str | None, workers: int) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
        # On a busy machine its own processes take longer to find one another than it waits.
        os.environ.setdefault("RAY_agent_register_timeout_ms", str(1000 * STARTING))
        try:
            ray: Any = import_module("ray")
        except ImportError:
            raise EngineError(
                "Ray is not installed. Install it with: pip install 'tablecast[train,ray]'"
            ) from None
        self._ray, self._address = ray, address
        try:
            check_speech(address)
        except EngineFailed as error:
            raise self._away(error) from None
        self._open = ExitStack()
        self._open.enter_context(last_words(address, "Nothing is saved; begin again."))
        self._start({} if address else {"num_cpus": workers, "include_dashboard": False})

    def _start(self, own: dict[str, Any], again: bool = True) -> None:
        """Begin; a second time where processes of its own did not start in time."""
        try:
            self._ray.init(
                self._address or "local", logging_level=logging.CRITICAL, log_to_driver=False, **own
            )
        except Exception as error:  # a plain one is raised after half a minute
            self.close()
            if not (own and again):
                raise self._away(error) from None
            self._start(own, again=False)

    @property
    def width(self) -> int:
        """The cluster's cores."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def share(self, values: Sequence[Any]) -> Runner:
        """Put into Ray's store, from which each machine fetches them once."""
        sent = [self._ray.put(Packed.of(value)) for value in values]
        return _TaskRunner(self._ray, sent, self._check)

    def facts(self) -> list[Facts]:
        """What each machine tells of itself, as often as it has cores.

        Raises:
            EngineError: one does not answer, or has no such tablecast.
        """
        on_node = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        asked = {
            self._ray.remote(facts).options(
                scheduling_strategy=on_node(node["NodeID"], soft=False)
            ).remote(): int(node["Resources"]["CPU"])
            for node in self._ray.nodes()
            if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
        }
        try:
            told = self._ray.get(list(asked), timeout=PATIENCE)
        except self._ray.exceptions.GetTimeoutError as error:
            raise self._away(error) from None
        except self._ray.exceptions.RayError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise EngineError(
                f"A worker of Ray cannot import this version of tablecast ({reason}). Install it "
                "there: tablecast[train,ray]."
            ) from None
        return [one for one, cores in zip(told, asked.values(), strict=True) for _ in range(cores)]

    def free_bytes(self) -> float:
        """The least that a worker, or this process, may take."""
        return free_of_each(self.facts())

    def _check(self) -> None:
        """Raises EngineError where the cluster is gone: Ray ends this process after a minute."""
        if self._address and (reason := refused(self._address)):
            raise EngineError(f"The Ray cluster at {self._address} went away ({reason}).")

    def close(self) -> None:
        """Let go of the cluster, and end processes of its own."""
        with suppress(Exception):  # a cluster that is gone cannot be told
            self._ray.shutdown()
        self._open.close()

    def _away(self, error: Exception) -> EngineError:
        if self._address is None:
            return EngineError(f"Ray cannot be started on this machine: {reason_of(error)}.")
        return EngineError(
            f"The Ray cluster at {self._address} does not answer. Check the address, and that Ray "
            "runs there (ray start)."
        )


class _TaskRunner:
    def __init__(self, ray: Any, values: Sequence[Any], check: Callable[[], None]) -> None:
        self._ray = ray
        self._values = values
        self._check = check
        self._call = ray.remote(call).options(max_retries=ATTEMPTS - 1)

    def map(self, function: Function, calls: Sequence[Call]) -> list[Any]:
        """See ``Runner``."""
        tasks = [
            self._call.remote(self._values[place], function, list(more)) for place, more in calls
        ]
        try:
            while self._ray.wait(tasks, num_returns=len(tasks), timeout=QUIET)[1]:
                self._check()
            values = self._ray.get(tasks)
        except self._ray.exceptions.RayError as error:
            if isinstance(error, self._ray.exceptions.WorkerCrashedError):
                raise lost_too_often() from None
            reason = str(getattr(error, "cause", None) or error).strip().partition("\n")[0]
            raise EngineError(f"The Ray cluster failed to do what it was given: {reason}") from None
        except BaseException:  # an interrupt leaves nothing behind that nobody waits for
            # Ray ends this process where a task is cancelled that has just come to its end.
            for task in self._ray.wait(tasks, num_returns=len(tasks), timeout=0)[1]:
                self._ray.cancel(task, force=True)
            raise
        return answered(values)
