"""Behind a proxy: what it says is believed where a setting names it, and from nobody else."""

from __future__ import annotations

import re

import pytest
import served
from flask import Flask

from tablecast.web.http.proxies import Sender, TrustedProxies, household

PREFIX = "/some/where"
FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "forms.example",
    "X-Forwarded-Prefix": PREFIX,
}
PAGES = ("/", "/model", "/docs", "/batch", "/none", "/?lang=zh", "/openapi.json")
ADDRESS = re.compile(r'(?:href|src|action|data-path|"url")[=:]\s*"([^"#]*)')


def app_behind(monkeypatch: pytest.MonkeyPatch, proxies: str) -> Flask:
    """An application that believes some proxies."""
    monkeypatch.setenv("TABLECAST_PROXIES", proxies)
    return served.regression_app()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_behind_a_prefix_finds_all_that_it_needs(
    monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """Every link, style and program of a page has the prefix, and is there."""
    client = app_behind(monkeypatch, "127.0.0.0/8").test_client()
    text = client.get(page, headers={**FORWARDED, "Accept": "text/html"}).text
    addresses = [address.replace("&amp;", "&") for address in ADDRESS.findall(text)]
    local = [address for address in addresses if not address.startswith(("http", "data:", "?"))]
    assert local
    for address in filter(None, local):
        assert address.startswith(PREFIX)
        with client.get(address.removeprefix(PREFIX) or "/", headers=FORWARDED) as answer:
            assert answer.status_code in (200, 405), address  # 405: it is posted to
    assert "http://" not in text.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("proxies", "peer", "believed"),
    [
        ("", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("10.0.0.0/8, 192.0.2.7", "10.200.3.4", True),
        ("10.0.0.0/8, 192.0.2.7", "192.0.2.7", True),
        ("10.0.0.0/8, 192.0.2.7", "192.0.2.8", False),
        ("10.0.0.0/8", "2001:db8::1", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("*", "198.51.100.1", True),
        ("10.0.0.0/8", "", True),
        ("10.0.0.0/8", "nobody", False),
    ],
)
def test_a_peer_is_believed_only_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch, proxies: str, peer: str, believed: bool
) -> None:
    """Anybody may send these headers; from a local socket only a proxy can ask."""
    client = app_behind(monkeypatch, proxies).test_client()
    answer = client.get("/batch", headers=FORWARDED, environ_overrides={"REMOTE_ADDR": peer})
    assert (f"https://forms.example{PREFIX}/batch" in answer.text) == believed
    assert (PREFIX in answer.text) == believed


def test_a_proxy_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that names no address is refused with what it should be."""
    with pytest.raises(SystemExit, match=r"'my-proxy'.*10\.0\.0\.0/8"):
        app_behind(monkeypatch, "127.0.0.1, my-proxy")


@pytest.mark.parametrize("path", ["/predict_api", "/api/v1/predict", "/predict", "/healthz"])
def test_a_request_without_a_host_is_refused(path: str) -> None:
    """HTTP/1.1 asks for the header (RFC 9112), whichever layer would answer."""
    client = served.regression_app().test_client()
    method = client.get if path == "/healthz" else client.post
    for host in ("", "x"):
        answer = method(path, json={}, environ_overrides={"HTTP_HOST": host})
        assert ("Send a Host header" in answer.text) == (not host)
        assert (answer.status_code == 400) == (not host)


@pytest.mark.parametrize(
    ("proxies", "peer", "believed"),
    [("", "198.51.100.7", False), ("10.0.0.0/8", "198.51.100.7", False),
     ("10.0.0.0/8", "10.1.2.3", True), ("*", "198.51.100.7", True)],
)  # fmt: skip
def test_the_fast_path_believes_whom_flask_believes(
    proxies: str, peer: str, believed: bool
) -> None:
    """What a stranger says of its address and host is nothing; a proxy's last word is taken."""
    trust = TrustedProxies(lambda *_: [], proxies)
    sender = Sender(
        peer, "own.example", forwarded_for="192.0.2.1, 203.0.113.9", forwarded_host="forms.example"
    )
    assert trust.client_of(sender) == ("203.0.113.9" if believed else peer)
    assert trust.host_of(sender) == ("forms.example" if believed else "own.example")
    assert trust.client_of(Sender(peer, "own.example")) == peer


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"), ("fe80::1%eth0", "fe80::/64"), ("", ""),
        ("unknown", "unknown"), ("x" * 9999, "x" * 64),
    ],
)  # fmt: skip
def test_addresses_of_one_network_count_as_one(address: str, counted: str) -> None:
    """Who has an IPv6 network has 2**64 addresses, which are not so many people."""
    assert household(address) == counted
