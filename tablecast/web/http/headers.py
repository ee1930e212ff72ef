"""The headers of every response, whichever layer sends it."""

from collections.abc import Mapping
from dataclasses import dataclass

#: No answer is taken for another kind than it says, and none is kept by a cache.
SHARED = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

#: Nothing is loaded from elsewhere. Who may show the page in a frame is put in.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)
PAGE = SHARED | {
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

#: What is meant for a program loads nothing and leads nowhere, should a browser show it.
DATA = SHARED | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}

#: Where TLS was used once, a browser is to use nothing else for a year.
ONLY_TLS = {"Strict-Transport-Security": "max-age=31536000"}


@dataclass(frozen=True)
class Headers:
    """The headers of a server.

    Attributes:
        ancestors: origins whose pages may show a page of ours in a frame; none by default.
    """

    ancestors: tuple[str, ...] = ()

    def of(self, mimetype: str, *, secure: bool = False) -> Mapping[str, str]:
        """The headers of an answer of this type; of one that came by TLS, where it is secure."""
        if mimetype in ("application/json", "application/problem+json"):
            return DATA
        policy = POLICY.format(ancestors=" ".join(self.ancestors) or "'none'")
        return PAGE | {"Content-Security-Policy": policy} | (ONLY_TLS if secure else {})
