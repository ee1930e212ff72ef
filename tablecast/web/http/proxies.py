"""What a proxy in front says of a request, believed only where a setting names the proxy.

Anybody can send ``X-Forwarded-Prefix`` and its like. From a proxy they tell under which address the
pages are seen, and for whom it asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.middleware.proxy_fix import ProxyFix

from tablecast.errors import SettingError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Everybody is a proxy: right where only one can reach the server, as on Heroku.
ANY = "*"


class Sender(NamedTuple):
    """What a request says of who sends it, and what it is called there.

    Attributes:
        address: the client's.
        host: by which name the server is asked.
        authorization, origin, request_id, traceparent, forwarded_for, forwarded_host: the headers;
            None where they are not there.
    """

    address: str = ""
    host: str = ""
    authorization: str | None = None
    origin: str | None = None
    request_id: str | None = None
    traceparent: str | None = None
    forwarded_for: str | None = None
    forwarded_host: str | None = None


class TrustedProxies:
    """A WSGI application that takes the word of some peers for what they forward."""

    def __init__(self, app: WSGIApplication, proxies: str) -> None:
        """Wrap an application.

        Args:
            app: the application behind.
            proxies: addresses and networks with commas between, or ``*``.

        Raises:
            SettingError: one of them is neither.
        """
        self._app = app
        self._told = ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
        self._any = proxies.strip() == ANY
        self._networks = [] if self._any else list(_networks(proxies))

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        known = self._any or self._knows(environ.get("REMOTE_ADDR", ""))
        return (self._told if known else self._app)(environ, start_response)

    def client_of(self, sender: Sender) -> str:
        """The address that asks: the one that a trusted proxy names, else the peer's."""
        return self._believed(sender, sender.forwarded_for, sender.address)

    def host_of(self, sender: Sender) -> str:
        """The name by which the server is asked."""
        return self._believed(sender, sender.forwarded_host, sender.host)

    def _believed(self, sender: Sender, forwarded: str | None, own: str) -> str:
        """What ProxyFix takes: the last of several values, from whoever is trusted."""
        if not forwarded or not (self._any or self._knows(sender.address)):
            return own
        return forwarded.rpartition(",")[2].strip() or own

    def _knows(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:  # a local socket, which has no address
            return not peer
        return any(address in network for network in self._networks)


def _networks(proxies: str) -> Iterable[IPv4Network | IPv6Network]:
    for named in filter(None, map(str.strip, proxies.split(","))):
        try:
            yield ip_network(named, strict=False)
        except ValueError:
            raise SettingError(
                f"TABLECAST_PROXIES must be addresses such as 10.0.0.7 or networks such as "
                f"10.0.0.0/8, with commas between, or *; {named!r} is not one."
            ) from None
