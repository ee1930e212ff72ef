"""Workers of Ray: started here, or those of a cluster's address."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tablecast.batch.engines import ATTEMPTS, Cluster, not_started, portable_score

NEEDS = "ray"


@contextmanager
def started(workers: int | None, address: str | None, graph: bytes) -> Iterator[Cluster]:
    """Ray's workers, each a process; a part whose worker is lost begins again elsewhere."""
    import ray

    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or it warns of a change
    here = {} if address else {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **here)
    except Exception as error:  # whatever is told by something else that listens there
        raise not_started("Ray", address, error) from None
    try:
        sent, remote = ray.put(graph), ray.remote(max_retries=ATTEMPTS)(portable_score())
        count = int(ray.cluster_resources().get("CPU", 1))
        yield Cluster(count, lambda order: remote.remote(order, sent).future())
    finally:
        ray.shutdown()  # which ends the tasks, too
