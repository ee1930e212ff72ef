"""The names that the server goes by, and the sites that may use its API or frame its pages."""

import re

from flask import Flask, Response, request

from tablecast.errors import SettingError

#: Seconds for which a browser remembers that it may ask: Chromium's own most.
REMEMBERED = 7200

#: What a page elsewhere may send and read.
SENT = "Authorization, Content-Type, X-Request-Id, traceparent"
READ = "X-Request-Id, Retry-After, WWW-Authenticate"

#: Where Hugging Face shows a Space, which is a page in a frame.
SPACES = ("https://huggingface.co",)

#: As browsers write one: a header takes nothing else, and a policy reads on after a semicolon.
_ORIGIN = re.compile(r"https?://([a-z\d_.-]+|\[[a-f\d:.]+\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)

#: A host name in lower case, or an address of four numbers; a port is of no interest.
_HOST = re.compile(r"[a-z\d_-]+(\.[a-z\d_-]+)*\.?(:\d{1,5})?", re.ASCII)

#: What a Host header may be: a name or an address, and a port. Some servers join two such headers
#: by a comma, which no name has.
HOST_HEADER = re.compile(r"([a-z\d_.~-]+|\[[a-f\d:.]+\])(:\d{0,5})?", re.ASCII | re.IGNORECASE)


def hosts_of(text: str) -> list[str] | None:
    """Host names such as example.com, or .example.com with all its subdomains; None for any.

    Raises:
        SettingError: one of them is none: every request would be refused.
    """
    hosts = text.lower().replace(",", " ").split()
    for host in hosts:
        try:
            encoded = host.removeprefix(".").encode("idna").decode()
        except UnicodeError:  # an empty or a long part
            encoded = ""
        if not _HOST.fullmatch(encoded):
            raise SettingError(
                f"TRUSTED_HOSTS: {host!r} is not a host name. Write names such as example.com or "
                ".example.com, separated by commas, or leave it empty for any."
            )
    return hosts or None


def origins_of(variable: str, text: str) -> tuple[str, ...]:
    """Origins such as https://example.com, separated by commas or spaces.

    Raises:
        SettingError: one of them is none, or stands for all.
    """
    origins = tuple(origin.rstrip("/") for origin in re.split(r"[,\s]+", text) if origin)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingError(
                f"{variable}: {origin!r} is not an origin. Write origins such as "
                "https://example.com, separated by commas."
            )
    return origins


def frame_ancestors(text: str, space_host: str) -> tuple[str, ...]:
    """Who may show a page in a frame: the setting's origins, and a Space's own page."""
    named = origins_of("TABLECAST_FRAME_ANCESTORS", text)
    if not space_host:
        return named
    return (*named, *SPACES, *origins_of("SPACE_HOST", f"https://{space_host}"))


def install(app: Flask, allowed: tuple[str, ...]) -> None:
    """Let pages of these origins ask the API."""
    if not allowed:
        return

    def preflight() -> Response | None:
        asked = request.headers.get("Access-Control-Request-Method")
        if request.method != "OPTIONS" or asked is None or request.url_rule is None:
            return None
        response = Response(status=204)
        if request.headers.get("Origin") in allowed:
            response.headers["Access-Control-Allow-Methods"] = ", ".join(
                sorted(request.url_rule.methods or ())
            )
            response.headers["Access-Control-Allow-Headers"] = SENT
            response.headers["Access-Control-Max-Age"] = str(REMEMBERED)
        return response

    def allow(response: Response) -> Response:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = READ
        return response

    app.before_request(preflight)
    app.after_request(allow)
