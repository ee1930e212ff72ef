"""Access: keys in a header, signed-in people, and rate limits.

Without the setting TABLECAST_KEYS everything is open. ``roles`` has the role that each route needs.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, g, redirect, request, url_for

from tablecast.i18n.language import _, ngettext
from tablecast.web.access.key_file import PREFIX, Key
from tablecast.web.access.keyring import Keyring
from tablecast.web.access.places import Places
from tablecast.web.access.rates import WRONG_KEYS, Permits, Rates, parsed
from tablecast.web.http import sessions
from tablecast.web.http.proxies import Sender, household
from tablecast.web.http.rendering import problem_page, wants_page
from tablecast.web.http.responses import problem
from tablecast.web.http.roles import ASK, FORM, PUBLIC, role_of

#: How a request that did not say who it is from is counted.
EVERYBODY = ""


class Admitted(NamedTuple):
    """A key that was found to be right, for as long as it need not be looked for again.

    Attributes:
        name: of the key.
        who: as whose its requests count.
        permits: how many of them may still be made.
        until: as ``time.monotonic`` counts.
    """

    name: str
    who: str
    permits: Permits
    until: float


@dataclass(frozen=True)
class Access:
    """What the settings say of access.

    Attributes:
        keyring: the keys; None where everything is open.
        rates: what counts.
        rate: of each address that asks without a key; empty for no limit.
        open_form: whether the form needs no key.
        places: of requests at the same time; None where there may be any number.
        admitted: the keys of programs that asked within the last second, by their headers.
    """

    keyring: Keyring | None
    rates: Rates
    rate: str
    open_form: bool
    places: Places | None = None
    admitted: dict[str | None, Admitted] = field(default_factory=dict)

    def let_through(self, sender: Sender, client_of: Callable[[Sender], str]) -> str | None:
        """The name of the key of a program that may be answered at once, which counts it.

        It is "" where no key is needed. None where ``check`` is to decide; nothing is counted then.
        """
        if self.keyring is None:
            who = counted(client_of(sender))
            if self._has_no_place(who):
                return None
            return None if self.rate and self.rates.wait(self.rate, who) else ""
        known = self.admitted.get(sender.authorization)
        if known is None or known.permits.left <= 0 or time.monotonic() >= known.until:
            return self._look_for(self.keyring, sender.authorization)
        if self.places is not None and self._has_no_place(known.who):
            return None
        known.permits.left -= 1
        return known.name

    def _look_for(self, keyring: Keyring, authorization: str | None) -> str | None:
        """``let_through`` for a key that is not known yet, or not any more."""
        key = keyring.find(bearer(authorization))
        if key is None or not key.grants(ASK) or self._has_no_place(key.counted):
            self.admitted.pop(authorization, None)
            return None
        if key.rate and self.rates.wait(key.rate, key.counted):
            return None
        permits = self.rates.permits(key.rate, key.counted)
        if permits:
            left = min(key.ends, permits.until) - time.time()
            until = min(keyring.fresh_until, time.monotonic() + left)
            self.admitted[authorization] = Admitted(key.name, key.counted, permits, until)
        return key.name

    def _has_no_place(self, who: str) -> bool:
        return self.places is not None and self.places.all_held_here(who)

    def wait(self, key: Key | None, address: str) -> int:
        """Count a request; seconds until one may be made again, or 0."""
        rate = key.rate if key else self.rate
        return self.rates.wait(rate, self.who(key, address)) if rate else 0

    def who(self, key: Key | None, address: str) -> str:
        """As whose a request counts."""
        return key.counted if key else counted(address)


def counted(address: str) -> str:
    """What requests of an address are counted as."""
    return f"address:{household(address)}"


def access_of(settings: dict[str, Any]) -> Access | None:
    """What the settings say of access; None where everybody may do everything at any rate.

    Raises:
        KeysError, SettingError: they cannot be used.
    """
    source, rate, most = settings["keys"], settings["rate"], settings["at_once"]
    if not source and not rate and not most and not settings["limits"]:
        return None
    if rate:
        parsed(rate)
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # which the workers share
    shared = Path(folder) if folder else None
    rates = Rates(settings["limits"], shared)
    keyring = Keyring(source) if source else None
    places = Places(most, shared) if most else None
    return Access(keyring, rates, rate, settings["form"] == "open", places)


def open_to_all(host: str, settings: dict[str, Any]) -> str:
    """A sentence for whoever starts a server that anybody may send files to; empty for another.

    Args:
        host: a name or address that the server listens on.
        settings: all of them.
    """
    if settings["keys"] or _is_own(host):
        return ""
    return (
        f"Anybody who can reach {host} may ask and upload files, because there are no keys. Make "
        "one with python -m tablecast keys add NAME --role batch --file keys.jsonl, then set "
        "TABLECAST_KEYS=keys.jsonl."
    )


def _is_own(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def install(app: Flask, access: Access | None) -> None:
    """Let every request be checked before anything of its body is read."""
    app.extensions["access"] = access
    if access is not None:
        app.before_request(check)
        app.teardown_request(_leave)
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
    address = request.remote_addr or EVERYBODY
    seconds = access.wait(g.key, address)
    if seconds:
        return _too_many(seconds)
    if access.places is None:
        return None
    g.who = access.who(g.key, address)
    g.place = access.places.take(g.who)
    return _too_many_at_once(access.places.most) if g.place is None else None


def _leave(_error: BaseException | None) -> None:
    """Give the request's place back, however it ended."""
    places = current_app.extensions["access"].places
    place = g.pop("place", None)
    if place is not None:
        places.give_back(g.who, place)


def _identify(access: Access, wanted: str) -> Response | None:
    """Find out whose request it is; the refusal where that person or program may not make it."""
    assert access.keyring
    needs_none = wanted == FORM and access.open_form
    header = request.headers.get("Authorization")
    if header is not None:
        g.key = access.keyring.find(bearer(header))
        if g.key is None:
            return _wrong_key(access)
    else:
        g.key = sessions.signed_in(access.keyring)
        if g.key and request.method == "POST" and not sessions.from_this_site():
            return _refused(403, _(sessions.ANOTHER_SITE))
    if g.key is None:
        return None if needs_none else _no_key()
    if needs_none or g.key.grants(ASK if wanted == FORM else wanted):
        return None
    detail = _("This key's role is {role}; this needs the role {wanted}.").format(
        role=g.key.role, wanted=ASK if wanted == FORM else wanted
    )
    return _refused(403, detail, f'error="insufficient_scope", scope="{wanted}"')


def bearer(authorization: str | None) -> str:
    """What an Authorization header holds as a key; empty for another kind, or none."""
    if not authorization or authorization[:7].lower() != "bearer ":
        return ""
    return authorization[7:].strip(" ")


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
    seconds = access.rates.wait(WRONG_KEYS, f"wrong:{household(address)}")
    if seconds:
        return _too_many(seconds)
    detail = _("This key is unknown or no longer valid. Ask the person who runs this service for "
               "a new one.")
    return _refused(401, detail, 'error="invalid_token"')


def _too_many_at_once(most: int) -> Response:
    words = ngettext(
        "Only {most} request at a time is answered. Wait for its answer, then ask again.",
        "Only {most} requests at a time are answered. Wait for an answer, then ask again.",
        most,
    )
    return _refused_for_now(1, words.format(most=most))


def _too_many(seconds: int) -> Response:
    detail = _("Too many requests. Wait {seconds} s, then ask again.").format(seconds=seconds)
    return _refused_for_now(seconds, detail)


def _refused_for_now(seconds: int, detail: str) -> Response:
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
