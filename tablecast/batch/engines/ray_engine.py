"""Workers of Ray: started here, or those of a cluster's address."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tablecast.batch.engines import (
    ATTEMPTS,
    Cluster,
    EngineFailed,
    not_started,
    portable_score,
    refused,
)

NEEDS = "ray"

#: What a client of HTTP/2 says first, with no settings; and the kind of frame that must answer it.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_SETTINGS = 4

#: Where Ray looks for the token that a cluster since 2.60 asks for, where one is there.
_TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_HAS_TOKEN = any(map(os.environ.get, _TOKENS)) or os.path.isfile(
    os.path.expanduser("~/.ray/auth_token")
)
# `ray start` uses it without being told, a client does not. Ray reads this when it is imported: set
# behind that, its own processes would ask for a token that it does not bring.
if _HAS_TOKEN and "ray" not in sys.modules:
    os.environ.setdefault("RAY_AUTH_MODE", "token")


@contextmanager
def started(workers: int | None, address: str | None, graph: bytes) -> Iterator[Cluster]:
    """Ray's workers, each a process; a part whose worker is lost begins again elsewhere."""
    import ray

    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or it warns of a change
    check_speech(address)
    here = {} if address else {"num_cpus": workers, "include_dashboard": False}
    more = "Parts that are done are kept: the same command with --resume goes on from there."
    with last_words(address, more):
        yield from _started(ray, address, here, graph)


def _started(
    ray: Any, address: str | None, here: dict[str, Any], graph: bytes
) -> Iterator[Cluster]:
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


#: Says something at the end of who started it, unless that tells it not to.
_WATCH = "import sys; sys.stdin.read() or print(sys.argv[1], file=sys.stderr)"


@contextmanager
def last_words(address: str | None, more: str) -> Iterator[None]:
    """Have another process say why this one has ended, where Ray ends it without a word.

    It does so as soon as its own process of this machine is gone, as after ``ray stop``.

    Args:
        address: the cluster's; None where there are no others that could end it.
        more: what to do next.
    """
    if address is None:
        yield
        return
    words = (
        f"\ntablecast: The command was ended, as Ray does where its cluster ({address}) goes away. "
        f"{more}"
    )
    command = [sys.executable, "-I", "-S", "-c", _WATCH, words]
    watching = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        watching.communicate(b"ended in its own way")


def check_speech(address: str | None) -> None:
    """See that what listens speaks as Ray does (gRPC): Ray asks anything else for many minutes.

    Raises:
        EngineFailed: it does not.
    """

    def is_other(connection: socket.socket) -> bool:
        connection.sendall(_PREFACE)
        return connection.recv(4)[3:] != bytes([_SETTINGS])

    is_plain = os.environ.get("RAY_USE_TLS", "0") == "0"
    if address and is_plain and (reason := refused(address, is_other)):
        raise EngineFailed(f"No cluster of Ray answers at {address} ({reason}).")
