"""Access: keys in a header, signed-in people, and rate limits.

Without the setting TABLECAST_KEYS everything is open. ``roles`` has the role that each route needs.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for

from tablecast.access.key_file import PREFIX, Key
from tablecast.access.keyring import Keyring
from tablecast.access.rates import WRONG_KEYS, Rates, parsed
from tablecast.i18n.language import _
from tablecast.web.http import sessions
from tablecast.web.http.rendering import problem_page, wants_page
from tablecast.web.http.responses import problem
from tablecast.web.http.roles import ASK, FORM, PUBLIC, role_of

BEARER = re.compile(r"Bearer ([\x21-\x7e]{1,256})", re.IGNORECASE)

#: How a request that did not say who it is from is counted.
EVERYBODY = ""


@dataclass(frozen=True)
class Access:
    """What the settings say of access.

    Attributes:
        keyring: the keys; None where everything is open.
        rates: what counts; None where nothing is limited.
        rate: of each address that asks without a key; empty for no limit.
        open_form: whether the form needs no key.
    """

    keyring: Keyring | None
    rates: Rates | None
    rate: str
    open_form: bool

    def lets_through(self, authorization: str | None, address: str) -> bool:
        """Whether a program's question may be answered at once, which counts it.

        Where not, nothing is counted, and ``check`` says why not.
        """
        key = None
        if self.keyring:
            token = BEARER.fullmatch(authorization or "")
            key = self.keyring.find(token[1]) if token else None
            if key is None or not key.grants(ASK):
                return False
        return not self.wait(key, address)

    def name_of(self, authorization: str | None) -> str:
        """The name of a key that was let through."""
        token = BEARER.fullmatch(authorization or "")
        key = self.keyring.find(token[1]) if self.keyring and token else None
        return key.name if key else ""

    def wait(self, key: Key | None, address: str) -> int:
        """Count a request; seconds until one may be made again, or 0."""
        rate, who = (key.rate, f"key:{key.name}") if key else (self.rate, f"address:{address}")
        return self.rates.wait(rate, who) if rate and self.rates else 0


def access_of(settings: dict[str, Any]) -> Access | None:
    """What the settings say of access; None where everybody may do everything at any rate.

    Raises:
        KeysError, SettingError: they cannot be used.
    """
    source, rate = settings["keys"], settings["rate"]
    if not source and not rate:
        return None
    if rate:
        parsed(rate)
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # which the workers share
    rates = Rates(settings["limits"], Path(folder) if folder else None)
    keyring = Keyring(source) if source else None
    return Access(keyring, rates, rate, settings["form"] == "open")


def install(app: Flask, access: Access | None) -> None:
    """Let every request be checked before anything of its body is read."""
    app.extensions["access"] = access
    if access is not None:
        app.before_request(check)
    if access is not None and access.keyring:
        app.register_blueprint(sessions.blueprint)


def check() -> Response | None:
    """The refusal of a request that may not be made, or None."""
    access: Access = current_app.extensions["access"]
    if request.url_rule is None or request.method == "OPTIONS":
        return None
    wanted = role_of(request.method, request.url_rule.rule)
    if access.keyring and wanted != PUBLIC:
        refusal = _identify(access, wanted)
        if refusal is not None:
            return refusal
    if wanted == PUBLIC:
        return None
    seconds = access.wait(g.key, request.remote_addr or EVERYBODY)
    return _too_many(seconds) if seconds else None


def _identify(access: Access, wanted: str) -> Response | None:
    """Find out whose request it is; the refusal where that person or program may not make it."""
    assert access.keyring
    needs_none = wanted == FORM and access.open_form
    header = request.headers.get("Authorization")
    if header is not None:
        token = BEARER.fullmatch(header)
        g.key = access.keyring.find(token[1]) if token else None
        if g.key is None:
            return _wrong_key(access)
    else:
        g.key = sessions.signed_in(access.keyring)
        if g.key and request.method == "POST" and not from_this_site():
            return _refused(403, _("This was sent from another site. Send it from this one."))
    if g.key is None:
        return None if needs_none else _no_key()
    if needs_none or g.key.grants(ASK if wanted == FORM else wanted):
        return None
    detail = _("This key's role is {role}; this needs the role {wanted}.").format(
        role=g.key.role, wanted=ASK if wanted == FORM else wanted
    )
    return _refused(403, detail, f'error="insufficient_scope", scope="{wanted}"')


def from_this_site() -> bool:
    """Whether a browser says that a page of this site has sent the request."""
    origin = request.headers.get("Origin")
    if origin:
        return urlsplit(origin).netloc == request.host
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def _no_key() -> Response:
    if _in_address():
        return _refused(
            401,
            _(
                "A key does not belong in an address, which logs and browsers keep. Send it as "
                "Authorization: Bearer KEY, and have this one replaced."
            ),
        )
    if request.method in ("GET", "HEAD") and wants_page():
        answer = redirect(url_for("sessions.sign_in", next=_here()), 303)
        assert isinstance(answer, Response)
        return answer
    return _refused(401, _("Send a key, as Authorization: Bearer KEY."))


def _in_address() -> bool:
    return any(value.startswith(PREFIX) for value in request.args.values())


def _here() -> str:
    query = request.query_string.decode("ascii", "replace")
    return request.path + (f"?{query}" if query else "")


def _wrong_key(access: Access) -> Response:
    """The same words for every reason, so that an expired key cannot be told from a wrong one."""
    address = request.remote_addr or EVERYBODY
    seconds = access.rates.wait(WRONG_KEYS, f"wrong:{address}") if access.rates else 0
    if seconds:
        return _too_many(seconds)
    detail = _("This key is unknown or no longer valid. Ask the person who runs this service for "
               "a new one.")
    return _refused(401, detail, 'error="invalid_token"')


def _too_many(seconds: int) -> Response:
    detail = _("Too many requests. Wait {seconds} s, then ask again.").format(seconds=seconds)
    response = _answer(429, _("Too Many Requests"), detail)
    response.headers["Retry-After"] = str(seconds)
    return response


def _refused(status: int, detail: str, challenge: str = "") -> Response:
    title = _("Unauthorized") if status == 401 else _("Forbidden")
    response = _answer(status, title, detail)
    parts = ['Bearer realm="tablecast"', *([challenge] if challenge else [])]
    response.headers["WWW-Authenticate"] = ", ".join(parts)
    return response


def _answer(status: int, title: str, detail: str) -> Response:
    if wants_page() and not request.path.startswith(("/api/", "/predict_api")):
        return problem_page(status, title, detail, closed=True)
    return problem(status, title, detail)
