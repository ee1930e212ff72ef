"""Where a server is about to listen: whether it may, how people write it, and a browser for it."""

import errno
import os
import socket
import time
from ipaddress import ip_address

from tablecast.errors import ServeError

#: Seconds that a server has to answer before no browser is opened: a deployment of hundreds of
#: megabytes takes some.
OPEN_WITHIN = 60.0

#: Seconds between two looks.
PAUSE = 0.1

ELSEWHERE = (
    "{} is not an address of this machine. Use --host 127.0.0.1 for this machine only, or --host "
    "0.0.0.0 for every network."
)


def check_free(host: str, port: int) -> None:
    """See whether a server may listen there.

    Raises:
        ServeError: it may not, with the reason.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise ServeError(ELSEWHERE.format(repr(host))) from None
    try:
        with socket.socket(family, kind) as probe:
            # As servers do: a connection that is only just over does not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        raise ServeError(_why_not(error, host, port)) from None


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what uses it, or choose another (--port NUMBER)."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"You may not use port {port}. Choose one above 1023 (--port NUMBER)."
    if error.errno == errno.EADDRNOTAVAIL:
        return ELSEWHERE.format(host)
    return f"Nothing can listen on {host}, port {port}: {error.strerror}."


def shown(host: str, port: int) -> str:
    """The address as a person on this machine opens it."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host or 'localhost'}:{port}"
    if address.is_unspecified or host == "127.0.0.1":
        return f"http://localhost:{port}"
    return f"http://[{host}]:{port}" if address.version == 6 else f"http://{host}:{port}"


def open_when_ready(address: str) -> None:
    """Let a process of its own open a browser once the server answers.

    The server is nobody's parent: the child ends at once, and the one that waits belongs to init.
    """
    server = os.getpid()  # this process becomes the server
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    if os.fork():
        os._exit(0)
    try:
        if _answers(address, server):
            import webbrowser  # which takes as long to import as half of the command

            webbrowser.open(address)
    finally:
        os._exit(0)


def _answers(address: str, server: int) -> bool:
    """Whether the server answers, before it ends or the time is over."""
    import urllib.request

    until = time.monotonic() + OPEN_WITHIN
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=1) as response:
                return bool(response.status == 200)
        except OSError:
            try:
                os.kill(server, 0)
            except ProcessLookupError:
                return False
            time.sleep(PAUSE)
    return False
