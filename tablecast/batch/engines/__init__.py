"""What answers parts: each module here is an engine of its name; nothing has to be registered.

An engine has ``started(workers, address, graph)``, a context in which its workers run, and which
gives a ``Cluster``. Where the context is left by an error, its workers are stopped in their work.
"""

import os
import pkgutil
import re
import socket
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from tablecast.batch.parts.locations import reason_of
from tablecast.batch.parts.part import Scored
from tablecast.errors import BatchError

#: Seconds in which a cluster's address must take a connection.
REACHED_IN = 5.0

#: How often a part is given to a worker, the next one after it took the last with it.
ATTEMPTS = 4

#: What each engine needs beside tablecast, where that is another name than its own.
PACKAGES = {"distributed": "dask", "pyspark": "spark"}


@dataclass(frozen=True)
class Cluster:
    """Workers that are running.

    Attributes:
        workers: how many parts they answer at a time.
        submit: begins to answer a part, given as text (``Order.to_json``).
    """

    workers: int
    submit: Callable[[str], Future[Scored]]


class EngineFailed(BatchError):  # noqa: N818 - reads as a sentence where it is raised
    """The workers cannot be started, or are lost; what is done stays, and the run can go on."""


def not_started(name: str, address: str | None, error: BaseException) -> EngineFailed:
    """The error for workers that an engine cannot start or find, for its own reason."""
    where = f"answers at {address}" if address else "starts here"
    return EngineFailed(f"No cluster of {name} {where} ({reason_of(error)}).")


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def portable_score() -> Callable[[str, bytes], Scored]:
    """``score`` as a function that travels as it is: nobody needs tablecast but who runs it."""

    def answer(order: str, graph: bytes) -> Scored:
        from tablecast.batch.parts.score import score

        return score(order, graph)

    return answer


def engine_names() -> list[str]:
    """The engines that there are."""
    return [module.name.removesuffix("_engine") for module in pkgutil.iter_modules(__path__)]


def started(
    name: str, workers: int | None, address: str | None, graph: bytes
) -> AbstractContextManager[Cluster]:
    """The workers of an engine.

    Args:
        workers: how many to start on this machine; None for as many as it has processors.
        address: the cluster's that is to be used instead.
        graph: the bytes that ``score`` is given with each part.

    Raises:
        BatchError: the engine is not installed, or the address does not take a connection.
    """
    engine: ModuleType = import_module(f"{__name__}.{name}_engine")
    try:
        import_module(engine.NEEDS)
    except ModuleNotFoundError as error:
        extra = PACKAGES.get(engine.NEEDS, engine.NEEDS)
        raise BatchError(
            f"--engine {name} needs {error.name}, which is not installed: pip install "
            f"'tablecast[{extra}]'."
        ) from None
    if address is not None:
        _reach(name, address)
    context: AbstractContextManager[Cluster] = engine.started(workers, address, graph)
    return context


def check_there(name: str, address: str | None) -> None:
    """See that a cluster still takes connections: some clients wait for it, or end the process.

    Raises:
        EngineFailed: it does not.
    """
    if address and (reason := refused(address)):
        raise EngineFailed(f"The cluster of {name} at {address} went away ({reason}).")


def _reach(name: str, address: str) -> None:
    """See that a cluster takes connections: some clients would try for minutes."""
    if not address:
        raise BatchError("--address is empty. Name the cluster's address, or leave it out.")
    if reason := refused(address):
        raise BatchError(
            f"No cluster of {name} answers at {address} ({reason}). Check the address, or leave "
            "out --address to start workers on this machine."
        )


def refused(address: str, is_other: Callable[[socket.socket], bool] = lambda _: False) -> str:
    """Why an address takes no connection; "" where it does, or has no host and port.

    Args:
        is_other: whether something else listens there, asked by its connection.
    """
    found = re.fullmatch(r"(?:[a-z]+://)?(\[[^\]]+\]|[^:/\[\]]+):([0-9]+)/?", address)
    if not found:
        return ""
    try:
        with socket.create_connection((found[1].strip("[]"), int(found[2])), REACHED_IN) as there:
            return "something else listens there" if is_other(there) else ""
    except (OSError, OverflowError) as error:
        return str(getattr(error, "strerror", None) or error)
