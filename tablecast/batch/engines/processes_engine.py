"""Processes of this machine, with nothing else to install."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from tablecast.batch.engines import ATTEMPTS, Cluster, EngineFailed, processors
from tablecast.batch.parts.part import Scored
from tablecast.batch.parts.score import score
from tablecast.errors import BatchError

NEEDS = "multiprocessing"

#: A new interpreter: a copy of this one would have its threads' locks, but not the threads.
_CONTEXT = multiprocessing.get_context("spawn")


@contextmanager
def started(workers: int | None, address: str | None, graph: bytes) -> Iterator[Cluster]:
    """As many processes, each of which a thread waits for."""
    if address:
        raise BatchError("Processes run on this machine: leave out --address, or choose another "
                         "--engine.")  # fmt: skip
    count = workers or processors()
    pool = _Pool(graph)
    threads = ThreadPoolExecutor(count)
    try:
        yield Cluster(count, lambda order: threads.submit(pool.answer, order))
    finally:
        pool.stop()
        threads.shutdown(cancel_futures=True)
        pool.stop()  # those that were just being started


class _Pool:
    """A worker for each thread that asks, and another one where it is killed."""

    def __init__(self, graph: bytes) -> None:
        self._graph = graph
        self._own = threading.local()
        self._running: list[_Worker] = []
        self._stopped = False
        resource_tracker.ensure_running()  # which hears Ctrl-C, and then lets it be heard

    def answer(self, order: str) -> Scored:
        """Answer a part by this thread's worker."""
        for _attempt in range(ATTEMPTS):
            try:
                return self._worker().answer(order)
            except (EOFError, OSError):  # it was killed
                self._own.__dict__.pop("worker", None)
            if self._stopped:
                break
        raise EngineFailed(f"A worker process ended {ATTEMPTS} times with the same part, as it "
                           "does where memory is short. Use fewer --workers.")  # fmt: skip

    def _worker(self) -> _Worker:
        if not hasattr(self._own, "worker"):
            self._own.worker = _Worker()
            self._running.append(self._own.worker)
            self._own.worker.take(self._graph)
        worker: _Worker = self._own.worker
        return worker

    def stop(self) -> None:
        """End all workers in their work."""
        self._stopped = True
        for worker in self._running:
            worker.stop()


class _Worker:
    def __init__(self) -> None:
        if hasattr(signal, "pthread_sigmask"):  # Ctrl-C is for who started this; Windows has none
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._ours, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # so that its end is noticed

    def take(self, graph: bytes) -> None:
        self._ours.send_bytes(graph)

    def answer(self, order: str) -> Scored:
        self._ours.send(order)
        scored: Scored = self._ours.recv()
        return scored

    def stop(self) -> None:
        self._process.kill()
        self._process.join()


def _work(connection: Connection[Any, Any]) -> None:
    """Answer parts until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        graph = connection.recv_bytes()
        while True:
            connection.send(score(connection.recv(), graph))
    except (EOFError, OSError):
        return
