"""Workers of Dask: started here, or those of a scheduler's address."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from tablecast.batch.engines import ATTEMPTS, Cluster, EngineFailed, not_started, portable_score

NEEDS = "distributed"

#: Seconds in which a scheduler must have a worker: one that starts takes some.
WORKERS_IN = 30

#: Run by each worker: Ctrl-C is for who started it.
DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


@contextmanager
def started(workers: int | None, address: str | None, graph: bytes) -> Iterator[Cluster]:
    """Dask's workers, each a process; one that is lost is replaced, and its parts begin again."""
    import distributed

    dask: Any = distributed
    try:
        local = None if address else dask.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50,
            preload=[DEAF],
        )  # fmt: skip
        client = dask.Client(local or address, timeout=10)
    except Exception as error:  # whatever is told by something else that listens there
        raise not_started("Dask", address, error) from None
    with closing(client):
        sent = client.submit(bytes, graph)  # a worker asks another for it, and can have it again
        executor = client.get_executor(pure=False, retries=ATTEMPTS)
        score = portable_score()
        if not local:
            _wait_for_workers(client, address)
        threads = max(sum(client.nthreads().values()), 1)
        try:
            yield Cluster(threads, lambda order: executor.submit(score, order, sent))
        finally:
            executor.shutdown(wait=False)  # which cancels what is not done
            if local:
                local.close()


def _wait_for_workers(client: Any, address: str | None) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_IN)
    except TimeoutError:
        raise EngineFailed(f"The scheduler at {address} has no workers. Start one (dask worker "
                           f"{address}) where tablecast is installed.") from None  # fmt: skip
