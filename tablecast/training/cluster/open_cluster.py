"""From the name of an engine to what does the work of a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from tablecast.errors import EngineError
from tablecast.training.cluster.executor import Executor, Threads, threads
from tablecast.training.cluster.worker import check_versions

#: Where each engine's class is; a module is imported when its engine is asked for.
ENGINES = {"dask": "dask_cluster.DaskCluster", "ray": "ray_cluster.RayCluster"}


@contextmanager
def opened(
    engine: str | None = None,
    address: str | None = None,
    workers: int | None = None,
    progress: Callable[[str], None] = print,
) -> Iterator[Executor]:
    """What does the work: this process's threads, or a cluster, of which it lets go at the end.

    Args:
        engine: one of ``ENGINES``; None for threads.
        address: of a cluster that runs already; None for workers of its own on this machine.
        workers: how many of its own; None for as many as there are cores.
        progress: called with a line that says who works.

    Raises:
        EngineError: there is no such engine or cluster, or its workers have other versions.
    """
    _check(engine, address, workers)
    if engine is None:
        yield Threads()
        return
    module, _, made = ENGINES[engine].partition(".")
    kind = getattr(import_module(f"tablecast.training.cluster.{module}"), made)
    cluster: Any = kind(address, workers or threads())
    try:
        found = cluster.facts()
        check_versions(found)
        machines = len({one.host for one in found})
        name = engine.capitalize()
        progress(f"{name} fits the models (workers: {len(found)}, machines: {machines}).")
        yield cluster
    finally:
        cluster.close()


def _check(engine: str | None, address: str | None, workers: int | None) -> None:
    if engine is None and (address is not None or workers is not None):
        option = "--address" if address is not None else "--workers"
        raise EngineError(f"{option} needs an engine, such as --engine dask.")
    if engine is not None and engine not in ENGINES:
        raise EngineError(f"There is no engine '{engine}'. Choose one of: {', '.join(ENGINES)}.")
    if address == "":
        raise EngineError("--address is empty. Name the cluster's address, or leave it out.")
    if address and workers is not None:
        raise EngineError(
            "--address and --workers cannot be used together: a cluster that runs already has its "
            "own workers. Leave one out."
        )
    if workers is not None and workers < 1:
        raise EngineError("--workers must be at least 1.")
