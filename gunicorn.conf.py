"""How gunicorn serves the form; it reads this file from the folder that it starts in."""

import gc
import os
import resource
import shutil
import tempfile
from typing import Any

# A platform tells its port this way; 5000 is Flask's own.
bind = f"0.0.0.0:{os.environ.get('PORT') or 5000}"

# One process for each core of a small machine. More of them only take turns: answering is
# computing, not waiting.
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)

# A thread computes an answer: nobody waits in one, since the worker's loop reads requests and sends
# what a slow client has not taken. More threads would only take turns, and let the loop wait.
worker_class = "tablecast.web.server.gunicorn_worker.Worker"
threads = 4

# Connections that a worker takes, if the system lets it have so many files, of which it allows
# more than it gives at first. Idle ones make room for others.
worker_connections = 1000
_files, _most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
if _files < 2048:
    _wanted = 2048 if _most_files == resource.RLIM_INFINITY else min(2048, _most_files)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(_files, _wanted), _most_files))

# A proxy in front holds idle connections for longer than a person; let it close them first.
keepalive = 65

# The deployment is loaded once and its memory shared; a deployment that cannot be served stops
# the start instead of every worker in turn.
preload_app = True

# Heartbeats are files. On a disk that is busy their writes block, and a healthy worker is killed.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# What a proxy says is the application's to believe, from the proxies that TABLECAST_PROXIES names.
# gunicorn believes whoever comes from this machine, and takes the path from a header of theirs.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# A file is sent as any other answer, and kept for a client that is slow to take it.
sendfile = False

# Nobody controls this server from within the machine, so there is no socket for it.
control_socket_disable = True

# Linear algebra in many threads gains nothing for one row, and each thread costs memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Every worker counts its requests in files here, and /metrics adds them up.
_own_counts = "PROMETHEUS_MULTIPROC_DIR" not in os.environ
if _own_counts:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(
        prefix="tablecast-metrics-", dir=worker_tmp_dir
    )


def when_ready(server: Any) -> None:
    """Load, before the workers are made, what they can share."""
    deployment = server.app.wsgi().extensions["tablecast"]
    if getattr(deployment.engine, "quick", False):
        import onnxruntime  # noqa: F401
    # The collector writes to each object that it visits, and a page that is written to is no
    # longer shared: what exists now is exempt from it.
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Open what answers before the first person asks; see ``GraphEngine`` for why not earlier."""
    from tablecast.web.warmup import rehearse

    rehearse(worker.wsgi)


def child_exit(_server: Any, worker: Any) -> None:
    """Drop the gauges of a worker that is gone."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """Leave no counts behind."""
    if _own_counts:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
