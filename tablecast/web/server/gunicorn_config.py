"""How gunicorn serves the form: ``tablecast serve`` names this module to it.

In a clone of the repository ``gunicorn app:app`` finds the same in ``gunicorn.conf.py``.
"""

import gc
import os
import resource
import shutil
import sys
from typing import Any

from tablecast.errors import SettingError
from tablecast.settings import read_settings
from tablecast.web.http import shared_counts

try:
    _settings = read_settings()
except SettingError as _error:
    sys.exit(f"tablecast: {_error}")

# A platform tells its port this way; 5000 is Flask's own.
bind = f"0.0.0.0:{_settings['port']}"

# One process for each core of a small machine. More of them only take turns: answering is
# computing, not waiting.
workers = _settings["workers"]

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
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

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

# Every worker counts its requests in files here, and /metrics adds them up: in memory where there
# is room, else on the disk. Where neither has any, each worker has counts of its own.
_own_counts = None
if shared_counts.VARIABLE not in os.environ:
    _own_counts = shared_counts.make_folder(workers + 1, (worker_tmp_dir, None))
    if _own_counts:
        os.environ[shared_counts.VARIABLE] = _own_counts


def when_ready(server: Any) -> None:
    """Load, before the workers are made, what they can share; warn where anybody may ask."""
    from tablecast.web.http.access import open_to_all

    hosts = [address[0] for address in server.cfg.address if isinstance(address, tuple)]
    for sentence in filter(None, {open_to_all(host, _settings) for host in hosts}):
        server.log.warning(sentence)
    if server.app.wsgi().config["QUICK"]:
        import onnxruntime  # noqa: F401
    # The collector writes to each object that it visits, and a page that is written to is no
    # longer shared: what exists now is exempt from it.
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Open what answers before the first person asks; see ``GraphEngine`` for why not earlier."""
    from tablecast.errors import TablecastError
    from tablecast.web.warmup import rehearse

    try:
        rehearse(worker.wsgi)
    except TablecastError as error:
        worker.log.error("tablecast: %s", error)
        sys.exit(4)  # gunicorn's APP_LOAD_ERROR, which stops the server in place of a loop


def child_exit(_server: Any, worker: Any) -> None:
    """Keep the counts of a worker that is gone, without its files."""
    folder = os.environ.get(shared_counts.VARIABLE)
    if folder:
        shared_counts.keep_counts(folder, worker.pid)


def on_exit(_server: Any) -> None:
    """Leave no counts behind."""
    if _own_counts:
        shutil.rmtree(_own_counts, ignore_errors=True)
