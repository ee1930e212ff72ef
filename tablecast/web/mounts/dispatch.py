"""Which deployment of a folder a request is about: ``/NAME/…`` is the address ``/…`` of NAME."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from tablecast.errors import TablecastError
from tablecast.web.http.opened import OPENED, ROOT, Opened
from tablecast.web.mounts.fleet import Fleet

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: In a request's environment: the name of a deployment that cannot be opened.
CLOSED = "tablecast.closed"


class Dispatch:
    """A WSGI application of two: one answers for every deployment, one for the server as a whole.

    Args:
        fleet: the deployments.
        deployment: answers for the deployment in the request's environment.
        front: answers for everything else.
    """

    def __init__(
        self, fleet: Fleet, deployment: WSGIApplication, front: WSGIApplication
    ) -> None:
        self._fleet, self._deployment, self._front = fleet, deployment, front

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        environ[ROOT] = environ.get("SCRIPT_NAME", "")
        _, _, path = environ.get("PATH_INFO", "").partition("/")
        head, slash, rest = path.partition("/")
        name = head.encode("latin-1").decode("utf-8", "replace")  # as WSGI has paths
        try:
            opened = self._fleet.open(name) if name else None
        except TablecastError:
            return self._front({**environ, CLOSED: name}, start_response)
        if opened is None:
            return self._front(environ, start_response)
        if not slash:
            return _to_its_pages(environ, head, start_response)
        environ |= {
            "SCRIPT_NAME": f"{environ[ROOT]}/{head}", "PATH_INFO": f"/{rest}", OPENED: opened,
        }
        return self._deployment(environ, start_response)


def finder(fleet: Fleet) -> Callable[[str], tuple[Opened | None, str]]:
    """What tells a plain request's deployment, where that is open, and the rest of its address.

    Names that an address spells otherwise are not plain: ``Dispatch`` finds them.
    """

    def find(path: str) -> tuple[Opened | None, str]:
        name, slash, rest = path[1:].partition("/")
        return fleet.ready(name), slash + rest

    return find


def _to_its_pages(
    environ: WSGIEnvironment, head: str, start_response: StartResponse
) -> Iterable[bytes]:
    """``/NAME`` is ``/NAME/``, with whatever it asks for."""
    query = environ.get("QUERY_STRING", "")
    place = quote(f"{environ[ROOT]}/{head}".encode("latin-1")) + "/" + (query and f"?{query}")
    start_response("308 Permanent Redirect", [("Location", place), ("Content-Length", "0")])
    return []
