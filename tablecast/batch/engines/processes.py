"""Processes of this machine, with nothing else to install."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    running: list[_Worker] = []
    own = threading.local()

    def answer(order: str) -> Scored:
        for _attempt in range(ATTEMPTS):
            if not hasattr(own, "worker"):
                own.worker = _Worker(graph)
                running.append(own.worker)
            try:
                scored: Scored = own.worker.answer(order)
                return scored
            except (EOFError, OSError):  # it was killed
                del own.worker
        raise EngineFailed(f"A worker process ended {ATTEMPTS} times with the same part, as it "
                           "does where memory is short. Use fewer --workers.")  # fmt: skip

    threads = ThreadPoolExecutor(count)
    try:
        yield Cluster(count, lambda order: threads.submit(answer, order))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        for worker in running:
            worker.stop()


class _Worker:
    def __init__(self, graph: bytes) -> None:
        self._ours, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_work, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # so that its end is noticed
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this
    try:
        graph = connection.recv_bytes()
        while True:
            connection.send(score(connection.recv(), graph))
    except (EOFError, OSError):
        return
