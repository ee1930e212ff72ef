"""X-Forwarded headers, trusted only from the proxies that a setting names.

A proxy uses them to say which address the pages have for the reader, and who the client is. But
anybody can send them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.middleware.proxy_fix import ProxyFix

from tablecast.errors import SettingError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Trust everybody. Right where only the proxy can reach the server, as on Heroku.
ANY = "*"


#: Bits of an IPv6 address that name a network. Whoever has one has all of its addresses.
NETWORK_BITS = 64

#: Characters of an address at most: a proxy may name anything.
ADDRESS_CHARACTERS = 64


def household(address: str) -> str:
    """What requests of an address are counted as: of IPv6, all addresses of a network are one."""
    return _household(address[:ADDRESS_CHARACTERS])


@lru_cache(4096)
def _household(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:  # a local socket, which has no address
        return address
    if not isinstance(known, IPv6Address):
        return address
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ip_network((int(known), NETWORK_BITS), strict=False))


class Sender(NamedTuple):
    """The parts of a request that name its sender.

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
    """A WSGI application that trusts the X-Forwarded headers of some peers."""

    def __init__(self, app: WSGIApplication, proxies: str) -> None:
        """Wrap an application.

        Args:
            app: the application behind.
            proxies: addresses and networks with commas between, or ``*``.

        Raises:
            SettingError: one of them is neither.
        """
        self._app = app
        self._believing = ProxyFix(app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
        self._any = proxies.strip() == ANY
        self._networks = [] if self._any else list(_networks(proxies))

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        known = self._any or self._knows(environ.get("REMOTE_ADDR", ""))
        return (self._believing if known else self._app)(environ, start_response)

    def client_of(self, sender: Sender) -> str:
        """The client's address: the one that a trusted proxy names, or the peer's."""
        return self._believed(sender, sender.forwarded_for, sender.address)

    def host_of(self, sender: Sender) -> str:
        """The host name that the client used."""
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
                f"TABLECAST_PROXIES: {named!r} is not an address such as 10.0.0.7, nor a network "
                "such as 10.0.0.0/8. Separate several by commas, or write * for any."
            ) from None
