"""Signing in with a key in a browser: a signed cookie that ends with the key.

The cookie names a key and a time, signed with what is kept of that key: no other secret is needed,
every worker and machine with the same keys knows it, and revoking the key ends it.
"""

import hmac
import secrets
import time
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, request, url_for

from tablecast.i18n.language import N_, _
from tablecast.web.access.key_file import Key
from tablecast.web.access.keyring import Keyring
from tablecast.web.access.rates import WRONG_KEYS
from tablecast.web.http.opened import home, site_root
from tablecast.web.http.proxies import household
from tablecast.web.http.rendering import render_page

blueprint = Blueprint("sessions", __name__)

COOKIE, TOKEN = "tablecast_session", "tablecast_token"

ANOTHER_SITE = N_("This was sent from another site. Send it from this one.")

#: Seconds that a person stays signed in: a working day.
LASTS = 12 * 3600


def signed_in(keyring: Keyring) -> Key | None:
    """The key that this browser was signed in with, where it still opens anything."""
    name, _dot, rest = request.cookies.get(COOKIE, "").partition("|")
    ends, _dot, signature = rest.partition("|")
    key = keyring.named(name) if name else None
    if key is None or not ends.isascii() or not ends.isdecimal() or len(ends) > 12:
        return None
    right = hmac.compare_digest(_signature(key, ends).encode(), signature.encode())
    return key if right and time.time() < int(ends) else None


def from_this_site() -> bool:
    """Whether a browser says that a page of this site has sent the request."""
    origin = request.headers.get("Origin")
    if origin:
        return urlsplit(origin).netloc == request.host
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """The page that asks for a key."""
    return _page()


@blueprint.post("/sign-in")
def signing_in() -> Response:
    """Set the cookie, where the key is right, and go on to where the person wanted to go."""
    if not from_this_site():  # a site beside this one may have set the page's cookie
        return _page(_(ANOTHER_SITE), 403)
    access = current_app.extensions["access"]
    sent, kept = request.form.get("token", ""), request.cookies.get(TOKEN, "")
    if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
        return _page(_("The page was open for too long. Enter the key again."))
    key = access.keyring.find(request.form.get("key", "").strip())
    if key is None:
        seconds = access.rates.wait(WRONG_KEYS, f"wrong:{household(request.remote_addr or '')}")
        if seconds:
            words = _("Too many wrong keys. Wait {seconds} s, then try again.")
            page = _page(words.format(seconds=seconds), 429)
            page.headers["Retry-After"] = str(seconds)
            return page
        return _page(_("Enter a key that is valid. This one is not known, or has expired."))
    wanted = _inside(request.form.get("next", ""))
    response = redirect(f"{request.script_root}{wanted}" if wanted else url_for(home()), 303)
    assert isinstance(response, Response)
    ends = str(int(min(time.time() + LASTS, key.ends)))
    value = "|".join((key.name, ends, _signature(key, ends)))
    _set_cookie(response, COOKIE, value, LASTS)
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Forget the cookie."""
    if not from_this_site():
        return _page(_(ANOTHER_SITE), 403)
    response = redirect(url_for("sessions.sign_in"), 303)
    assert isinstance(response, Response)
    _set_cookie(response, COOKIE, "", 0)
    return response


def _page(wrong: str = "", status: int = 422) -> Response:
    token = request.cookies.get(TOKEN) or secrets.token_urlsafe(16)
    keyring = current_app.extensions["access"].keyring
    response = render_page(
        "sign_in.html",
        status=status if wrong else 200,
        closed=True,
        wrong=wrong,
        token=token,
        key=signed_in(keyring),
        next=_inside(request.values.get("next", "")),
    )
    _set_cookie(response, TOKEN, token, 3600)
    return response


def _set_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path=f"{site_root()}/", secure=request.is_secure,
        httponly=True, samesite="Lax" if name == COOKIE else "Strict",
    )


def _inside(address: str) -> str:
    """An address of this application, without where it is mounted; "" for what names another."""
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    plain = inside and address.isprintable() and "\\" not in address
    return address if plain else ""


def _signature(key: Key, ends: str) -> str:
    return hmac.new(key.digest.encode(), f"{key.name}|{ends}".encode(), sha256).hexdigest()
