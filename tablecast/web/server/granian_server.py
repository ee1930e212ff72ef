"""granian with our configuration, as ``tablecast serve --server granian`` runs it.

granian's own command, in this process: what is left to us is the folder of counts, which goes when
the server does. Options of granian's environment (``GRANIAN_…``) hold as ever.
"""

import os
import shutil
import sys
from typing import Any

from tablecast.web.http import shared_counts

#: What granian is told besides where to listen. It reads and writes without waiting, so that a
#: worker holds many connections; 10 seconds are what gunicorn gives a slow client by default.
OPTIONS = (
    "--interface", "wsgi", "--http", "1", "--no-ws", "--workers-kill-timeout", "10",
    "--backlog", "4096", "--backpressure", "900", "--http1-header-read-timeout", "10000",
    "--factory", "tablecast.web.server.granian_app:create_app",
)  # fmt: skip


def main(host: str, port: str, workers: str) -> None:
    """Serve until a signal ends it."""
    from granian.cli import entrypoint
    from granian.log import LOGGING_CONFIG

    # Standard output is the access log's, of which each line is JSON. (A copy is no good: what
    # granian starts takes its own from there.)
    handlers: Any = LOGGING_CONFIG["handlers"]
    handlers["console"]["stream"] = "ext://sys.stderr"
    # granian_app finds the host here; the processes that granian starts are told so too.
    sys.argv = ["granian", "--host", host, "--port", port, "--workers", workers, *OPTIONS]
    counts = None
    if shared_counts.VARIABLE not in os.environ:
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        counts = shared_counts.make_folder(int(workers), (memory, None))
        if counts:
            os.environ[shared_counts.VARIABLE] = counts
    try:
        entrypoint()  # type: ignore[no-untyped-call]
    finally:
        if counts:
            shutil.rmtree(counts, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
