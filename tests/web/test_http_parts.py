"""What stands between a request and its page, one by one, each at its limits."""

from __future__ import annotations

import gzip
import json
import math
import os
import stat
from collections import OrderedDict
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from tablecast.errors import ArtifactError, InvalidInput, KeysError
from tablecast.web.access import keyring as keyring_module
from tablecast.web.access.key_file import Key, digest_of, read_file, write_file
from tablecast.web.access.keyring import Keyring
from tablecast.web.access.mapped_counts import SLOT, SLOTS, SharedCounts
from tablecast.web.access.places import Places
from tablecast.web.access.rates import Permits, Rates, _client_options
from tablecast.web.alternatives_json import asked_wish
from tablecast.web.answer_log import named
from tablecast.web.api import MOST_EXPLAINED, most_explained
from tablecast.web.fast_path import Answered, FastLane, _is_plain, _sender
from tablecast.web.http import access_log, content_encoding, page_cache
from tablecast.web.http.access import Access, _is_own, bearer
from tablecast.web.http.access_log import AccessLog
from tablecast.web.http.opened import OPENED, Opened
from tablecast.web.http.page_cache import kept
from tablecast.web.http.proxies import Sender, TrustedProxies
from tablecast.web.http.rendering import wants_page
from tablecast.web.http.sessions import _inside, from_this_site
from tablecast.web.mounts import fleet as fleet_module
from tablecast.web.mounts.fleet import Fleet
from tablecast.web.mounts.mount import Mount, worded
from tablecast.web.pages.form_page import _figure, _figures
from tablecast.web.server import health
from tests.stand_ins import insurance_schema, iris_schema

APP = Flask("parts")


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (None, False), ("*/*", False), ("text/html", True), ("application/json", False),
        ("text/html, application/json", True), ("text/html;q=0.8, application/json", False),
        ("text/html;q=0", False), ("TEXT/HTML;q=0.5, application/json;q=0.5", True),
        ("text/plain", False),
    ],
)  # fmt: skip
def test_who_names_html_wants_a_page(accept: str | None, page: bool) -> None:
    """And no JSON above it; whoever takes anything is a program."""
    with APP.test_request_context("/", headers={"Accept": accept} if accept else {}):
        assert wants_page() is page


PACKED = gzip.compress(b"x" * 100, mtime=0)


@pytest.mark.parametrize(
    ("content", "limit", "error"),
    [
        (PACKED, 100, None), (PACKED, 101, None), (PACKED, 99, RequestEntityTooLarge),
        (PACKED[:-1], 100, UnsupportedMediaType), (b"no", 100, UnsupportedMediaType),
        (b"", 100, UnsupportedMediaType),
    ],
    ids=["as many", "fewer", "more", "cut", "plain", "none"],
)
def test_a_packed_body_is_unpacked_up_to_a_limit(
    content: bytes, limit: int, error: type[Exception] | None
) -> None:
    """Then it is as one that was sent plain."""
    headers = {"Content-Encoding": "gzip"}
    with APP.test_request_context("/", method="POST", data=content, headers=headers) as context:
        if error:
            with pytest.raises(error):
                content_encoding.unpack(limit)
            return
        content_encoding.unpack(limit)
        environ = context.request.environ
        assert environ["CONTENT_LENGTH"] == "100"
        assert "HTTP_CONTENT_ENCODING" not in environ
        assert environ["wsgi.input"].read() == b"x" * 100


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("identity", False), ("", False), (" GZIP ", True), ("x-gzip", True), ("br", None)],
)
def test_a_body_says_how_it_is_packed(encoding: str, packed: bool | None) -> None:
    """What is not known is named as that."""
    with APP.test_request_context("/", headers={"Content-Encoding": encoding}):
        if packed is None:
            with pytest.raises(UnsupportedMediaType, match="is not supported"):
                content_encoding.is_packed()
        else:
            assert content_encoding.is_packed() is packed


@pytest.mark.parametrize(
    ("changes", "packed"),
    [
        ({}, True), ({"length": 1399}, False), ({"status": 404}, False),
        ({"kind": "image/png"}, False),
        ({"kind": "image/svg+xml"}, True), ({"headers": {"Content-Encoding": "br"}}, False),
        ({"headers": {"Set-Cookie": "a=b"}}, False), ({"method": "HEAD"}, False),
        ({"accept": "identity"}, False), ({"accept": "gzip;q=0"}, False), ({"accept": ""}, False),
    ],
)  # fmt: skip
def test_an_answer_is_packed_where_that_is_worth_it(changes: dict[str, Any], packed: bool) -> None:
    """A packet's length at least, of a kind that shrinks, without a secret; who asks for it."""
    headers = {"Accept-Encoding": changes.get("accept", "gzip")}
    method = changes.get("method", "GET")
    with APP.test_request_context("/", method=method, headers=headers):
        response = Response(
            b"x" * changes.get("length", 1400), changes.get("status", 200),
            headers=changes.get("headers"), content_type=changes.get("kind", "text/html"),
        )
        answer = content_encoding.pack(response)
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    if packed:
        assert gzip.decompress(answer.get_data()) == b"x" * 1400
        assert answer.content_length == len(answer.get_data())
    assert ("Accept-Encoding" in answer.vary) == (packed or "accept" in changes)


def test_a_page_is_rendered_once_in_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is asked by its address, and there is room for it."""
    monkeypatch.setattr(page_cache, "MOST_KEPT", 2)
    rendered: list[str] = []

    @kept
    def view() -> Response:
        rendered.append("page")
        return Response(f"page {len(rendered)}")

    about: Any = Opened(SimpleNamespace(name="d"))  # type: ignore[arg-type]

    def ask(query: str = "", root: str = "", tag: str = "") -> Response:
        environ = {OPENED: about, "SCRIPT_NAME": root}
        headers = {"If-None-Match": tag} if tag else {}
        with APP.test_request_context(f"/{query}", environ_overrides=environ, headers=headers):
            return view()

    first = ask()
    assert first.get_data() == ask().get_data() == b"page 1"
    assert first.headers["Cache-Control"] == "no-cache"
    assert ask(tag=first.headers["ETag"]).status_code == 304
    assert ask("?a=1").get_data() == b"page 2"
    assert [ask(root="/x").get_data() for _ in range(2)] == [b"page 3"] * 2
    assert [ask(root="/y").get_data() for _ in range(2)] == [b"page 4", b"page 5"]
    assert len(rendered) == 5


# The access log


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A log that is written when the test says so; what begins a thread is counted."""
    monkeypatch.setattr(access_log.atexit, "register", lambda _: None)
    monkeypatch.setattr(access_log.os, "register_at_fork", lambda **_: None)
    with (tmp_path / "log").open("w") as file:
        made: Any = AccessLog("onnx", file.fileno())
        made.path, made.begun = tmp_path / "log", 0

        def write_soon() -> None:
            made._due = True
            made.begun += 1

        made._write_soon = write_soon
        yield made


def test_a_request_is_one_line(log: Any) -> None:
    """As JSON, with what is known of it."""
    log.note("GET", "/", 200, 0.0125, "id1")
    log.note("POST", "/p", 422, 1.5, "id2", 7, "key", "trace")
    assert log.begun == 1
    assert log.path.read_text() == ""
    log.write()
    first, second = map(json.loads, log.path.read_text().splitlines())
    assert datetime.fromisoformat(first.pop("time")) <= datetime.now(UTC)
    assert first == {"id": "id1", "ms": 12.5, "method": "GET", "route": "/", "status": 200,
                     "rows": 0, "key": None, "engine": "onnx"}  # fmt: skip
    assert (second["ms"], second["rows"], second["key"], second["trace"]) == (
        1500.0, 7, "key", "trace",
    )  # fmt: skip
    log.note("GET", "/", 200, 0.0, "id3")
    assert log.begun == 2


def test_lines_are_written_together_and_none_is_lost(
    log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once where many wait; where nobody takes them, what has no room is counted."""
    monkeypatch.setattr(access_log, "TOGETHER", 3)
    for at in range(4):
        log.note("GET", "/", 200, 0.0, f"id{at}")
    assert len(log.path.read_text().splitlines()) == 3
    assert len(log._waiting) == 1
    monkeypatch.setattr(access_log, "MOST_WAITING", 4)
    log._at_once = False
    for at in range(4, 9):
        log.note("GET", "/", 200, 0.0, f"id{at}")
    assert (len(log._waiting), log._left_out) == (4, 2)
    log.write()
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [line.get("id") for line in lines] == [*(f"id{at}" for at in range(7)), None]
    assert lines[-1]["left_out"] == 2
    assert (log._left_out, log._due, log._full) == (0, False, False)


def test_what_nobody_takes_waits_on(log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the line on that was not taken whole."""
    for at in range(3):
        log.note("GET", "/", 200, 0.0, f"id{at}")
    log._left_out = 5
    pieces: list[bytes] = []

    def write(_file: int, piece: bytes) -> int:
        if pieces:
            raise BlockingIOError
        pieces.append(piece)
        return piece.index(b"\n") + 5

    monkeypatch.setattr(access_log.os, "write", write)
    log._due = True
    log.write()
    assert [line[5] for line in log._waiting] == ["id1", "id2"]
    assert (log._full, log._left_out, log._due) == (True, 5, True)
    assert log.begun == 2
    monkeypatch.setattr(access_log.os, "write", lambda *_: (_ for _ in ()).throw(BrokenPipeError()))
    log.write()
    assert (len(log._waiting), log._full) == (0, False)


def test_the_last_lines_are_written_at_the_end(
    log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some at a time, as long as somebody takes them."""
    monkeypatch.setattr(access_log, "TOGETHER", 2)
    log._at_once = False
    for at in range(5):
        log.note("GET", "/", 200, 0.0, f"id{at}")
    log.finish()
    lines = log.path.read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"id{at}" for at in range(5)]
    monkeypatch.setattr(access_log, "LAST_WAIT", 0.01)
    monkeypatch.setattr(access_log.select, "select", lambda *_: ([], [], []))
    log.note("GET", "/", 200, 0.0, "late")
    log.finish()
    assert len(log._waiting) == 1


def test_a_pipe_takes_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as it takes in one go; a line that is longer is cut."""
    monkeypatch.setattr(access_log, "ONE_PIECE", 10)
    text = b"12345\n789\nabc\n" + b"x" * 12 + b"\n"
    ends, begin = [], 0
    while begin < len(text):
        begin = access_log._end_of_piece(text, begin)
        ends.append(begin)
    assert ends == [10, 14, 24, 27]
    assert access_log._end_of_piece(b"1234567890", 0) == 10
    assert access_log._clock(1_700_000_000_007) == '{"time":"2023-11-14T22:13:20.007Z"'


def test_a_log_is_there_where_there_is_something_to_write_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where it is not switched off."""
    monkeypatch.setattr(access_log, "AccessLog", lambda engine: f"log of {engine}")
    settings: dict[str, object] = {"access_log": "on", "engine": "onnx"}
    assert access_log.access_log_of(settings) == "log of onnx"
    assert access_log.access_log_of({**settings, "access_log": "off"}) is None
    monkeypatch.setattr(access_log.sys, "stdout", None)
    assert access_log.access_log_of(settings) is None
    reading, writing = os.pipe()
    own = access_log._without_waiting(writing)
    assert own != writing
    assert not os.get_blocking(own)
    assert os.get_blocking(writing)
    for file in (reading, writing, own):
        os.close(file)


# Access


@pytest.mark.parametrize(
    ("header", "key"),
    [("Bearer k", "k"), ("bearer  k ", "k"), ("Bearer", ""), ("Basic k", ""), (None, ""), ("", ""),
     ("Bearerk", ""), ("Bearer k l", "k l")],
)  # fmt: skip
def test_a_key_is_what_stands_behind_bearer(header: str | None, key: str) -> None:
    """In any letters."""
    assert bearer(header) == key


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("a.example", False)],
)  # fmt: skip
def test_what_only_this_machine_reaches_is_its_own(host: str, own: bool) -> None:
    """By its address, or as localhost."""
    assert _is_own(host) is own


@pytest.mark.parametrize(
    ("address", "inside"),
    [("/a?b=c", True), ("/", True), ("//a", False), ("/\\a", False), ("/a\\b", False), ("a", False),
     ("", False), ("/a\n", False), ("http://a", False)],
)  # fmt: skip
def test_an_address_leads_no_further_than_this_site(address: str, inside: bool) -> None:
    """However a browser may read it."""
    assert _inside(address) == (address if inside else "")


@pytest.mark.parametrize(
    ("headers", "is_here"),
    [({}, True), ({"Origin": "http://localhost"}, True), ({"Origin": "http://a"}, False),
     ({"Sec-Fetch-Site": "same-origin"}, True), ({"Sec-Fetch-Site": "none"}, True),
     ({"Sec-Fetch-Site": "same-site"}, False), ({"Sec-Fetch-Site": "cross-site"}, False),
     ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, True)],
)  # fmt: skip
def test_a_browser_says_which_site_has_asked(headers: dict[str, str], is_here: bool) -> None:
    """By the origin, or else by how the request was begun."""
    with APP.test_request_context("/", headers=headers):
        assert from_this_site() is is_here


def test_a_file_of_keys_is_its_owners_alone(tmp_path: Path) -> None:
    """Written whole or not at all; none is no keys."""
    path = tmp_path / "keys.jsonl"
    assert read_file(path) == []
    last = date(2030, 1, 2)
    keys = [Key("a", "ask", digest_of("s"), "5/m", last), Key("b", "ask", digest_of("t"))]
    write_file(path, keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_file(path) == keys
    assert [json.loads(line) for line in path.read_text().splitlines()][1].keys() == {
        "name", "role", "sha256",
    }  # fmt: skip
    assert keys[0].ends == datetime(2030, 1, 3, tzinfo=UTC).timestamp()
    assert (keys[1].ends, keys[1].counted) == (math.inf, "key:b")

    class Odd:
        def to_line(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_file(path, [Odd()])  # type: ignore[list-item]
    assert [one.name for one in tmp_path.iterdir()] == ["keys.jsonl"]
    assert read_file(path) == keys
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(KeysError, match="cannot be written to"):
        write_file(tmp_path / "folder", keys)
    with pytest.raises(KeysError, match="cannot be read: "):
        read_file(tmp_path)


def test_a_key_opens_until_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at once a second; a name is found as a key is."""
    path = tmp_path / "keys.jsonl"
    last = datetime(2030, 1, 3, tzinfo=UTC).timestamp()
    clock = SimpleNamespace(monotonic=lambda: ticks, time=lambda: now)
    monkeypatch.setattr(keyring_module, "time", clock)
    ticks, now = 100.0, last - 1
    write_file(path, [Key("a", "ask", digest_of("s"), until=date(2030, 1, 2))])
    keyring = Keyring(str(path))
    assert keyring.fresh_until == 101.0
    for now, is_open in ((last - 0.5, True), (last, False), (last + 1, False)):  # noqa: B007
        assert (keyring.find("s") is not None) is is_open
        assert (keyring.named("a") is not None) is is_open
    assert keyring.find("other") is keyring.named("other") is None
    now = last - 1
    write_file(path, [])
    ticks = 100.99
    assert keyring.find("s") is not None
    ticks = 101.0
    assert keyring.named("a") is None
    assert keyring.fresh_until == 102.0
    path.unlink()
    ticks = 102.0
    assert keyring.find("s") is None
    inline = Keyring('{"name": "n", "role": "ask", "sha256": "' + digest_of("u") + '"}')
    assert inline.fresh_until == math.inf
    assert inline.find("u") is not None


def test_processes_share_counts_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its owner alone; a count begins anew when its time is over, and may be forgotten."""
    now = 1000.0
    monkeypatch.setattr("tablecast.web.access.mapped_counts.time.time", lambda: now)
    counts = SharedCounts(tmp_path / "rates")
    found = (tmp_path / "rates").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_size) == (0o600, SLOT.size * SLOTS)
    assert [counts.incr("a", 60), counts.incr("a", 60, 5), counts.get("a")] == [1, 6, 6]
    assert counts.get_expiry("a") == 1060.0
    assert (counts.get("b"), counts.get_expiry("b")) == (0, 0.0)
    now = 1059.9
    assert counts.get("a") == 6
    now = 1060.0
    assert (counts.get("a"), counts.incr("a", 60), counts.get_expiry("a")) == (0, 1, 1120.0)
    counts.incr("b", 60)
    counts.clear("a")
    assert (counts.get("a"), counts.get("b")) == (0, 1)
    counts.reset()
    assert counts.get("b") == 0
    assert counts.check()
    assert counts.base_exceptions is OSError
    counts._counts.close()
    assert not counts.check()
    os.close(counts._file)


def test_a_slot_is_found_among_its_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that ends first makes way; the last slot's neighbours are the first."""
    monkeypatch.setattr("tablecast.web.access.mapped_counts.SLOTS", 8)
    monkeypatch.setattr("tablecast.web.access.mapped_counts.NEIGHBOURS", 8)
    counts = SharedCounts(tmp_path / "rates")
    for at, name in enumerate("abcdefgh"):
        counts.incr(name, 60 + at)
    assert [counts.get(name) for name in "abcdefgh"] == [1] * 8
    counts.incr("i", 90)
    assert [counts.get(name) for name in "abcdefghi"] == [0, *[1] * 8]
    counts._counts.close()
    os.close(counts._file)


def test_places_are_given_and_taken_back(tmp_path: Path) -> None:
    """So many of each; those of a machine are bytes of a file."""
    for shared in (None, tmp_path):
        places = Places(2, shared)
        assert not places.all_held_here("a")
        assert [places.take("a"), places.take("a"), places.take("a")] == [0, 1, None]
        assert places.all_held_here("a")
        assert places.take("b") == 0
        places.give_back("a", 0)
        assert not places.all_held_here("a")
        assert places.take("a") == 0
        places.give_back("a", 0)
        places.give_back("a", 1)
        assert "a" not in places._held
    assert stat.S_IMODE((tmp_path / "places").stat().st_mode) == 0o600
    assert places._offset("a", 1) == places._offset("a", 0) + 1
    assert places._offset("a", 0) % 2 == 0


def test_a_rate_is_asked_for_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth at once, which is counted down here; what is used up says how long to wait."""
    now = 1000.0
    monkeypatch.setattr("tablecast.web.access.rates.time.time", lambda: now)
    monkeypatch.setattr("limits.storage.memory.time.time", lambda: now)
    rates = Rates()
    assert rates.wait("500/m", "a") == 0
    permits = rates.permits("500/m", "a")
    assert permits is not None
    assert permits.left == 4
    assert [rates.wait("500/m", "a") for _ in range(4)] == [0] * 4
    assert permits.left == 0
    assert [rates.wait("2/m", "b") for _ in range(3)][:2] == [0, 0]
    assert 0 < rates.wait("2/m", "b") <= 60
    assert rates.permits("2/m", "b").used_up  # type: ignore[union-attr]
    assert rates.permits("9/m", "b") is None
    assert rates.permits("", "b").left == math.inf  # type: ignore[union-attr]
    monkeypatch.setattr("tablecast.web.access.rates.MOST_REMEMBERED", 2)
    assert rates.wait("500/m", "c") == 0
    assert len(rates._permits) == 1
    assert _client_options("redis://a") == {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
    assert _client_options("valkey://a") == _client_options("rediss://a")
    assert _client_options("memcached://a") == {}


class Ring:
    """Keys that the test holds."""

    fresh_until = math.inf

    def __init__(self, *keys: Key) -> None:
        self.keys, self.asked = keys, 0

    def find(self, secret: str) -> Key | None:
        self.asked += 1
        return next((key for key in self.keys if key.name == secret), None)


def let_through(access: Access, header: str | None = None) -> str | None:
    return access.let_through(Sender("10.0.0.1", authorization=header), lambda one: one.address)


def test_who_is_known_is_let_through_at_once() -> None:
    """For as many requests as were permitted, while there is a place, until it is looked up."""
    ring: Any = Ring(Key("k", "ask", "", "300/m"), Key("free", "ask", ""))
    access = Access(ring, Rates(), "", False)
    assert [let_through(access, "Bearer k") for _ in range(3)] == ["k"] * 3
    assert ring.asked == 1
    assert access.admitted["Bearer k"].permits.left == 0
    assert let_through(access, "Bearer k") == "k"
    assert ring.asked == 2
    assert [let_through(access, header) for header in (None, "Bearer x", "Basic k")] == [None] * 3
    assert let_through(access, "Bearer free") == "free"
    full: Any = SimpleNamespace(all_held_here=lambda _: True)
    held = Access(ring, Rates(), "", False, full, dict(access.admitted))
    assert let_through(held, "Bearer free") is None
    assert let_through(Access(ring, Rates(), "", False, full), "Bearer free") is None
    late = Access(ring, Rates(), "", False)
    late.admitted["Bearer free"] = access.admitted["Bearer free"]._replace(until=0.0)
    before = ring.asked
    assert let_through(late, "Bearer free") == "free"
    assert ring.asked == before + 1


def test_without_keys_an_address_has_its_rate() -> None:
    """And its places; where neither is set, everybody is let through."""
    assert let_through(Access(None, Rates(), "", False)) == ""
    limited = Access(None, Rates(), "2/m", False)
    assert [let_through(limited) for _ in range(3)] == ["", "", None]
    full: Any = SimpleNamespace(all_held_here=lambda who: who == "address:10.0.0.1")
    assert let_through(Access(None, Rates(), "", False, full)) is None
    assert limited.wait(None, "10.0.0.9") == 0
    assert limited.wait(Key("k", "ask", "", ""), "10.0.0.1") == 0
    assert Access(None, Rates(), "", False).wait(None, "a") == 0
    assert limited.who(None, "a") == "address:a"
    assert Permits(1, 2).used_up is False


# The plain way


PLAIN = {
    "REQUEST_METHOD": "POST", "HTTP_HOST": "a", "CONTENT_TYPE": "application/json",
    "CONTENT_LENGTH": "12345", "QUERY_STRING": "", "HTTP_ACCEPT": "*/*",
}


@pytest.mark.parametrize(
    ("changed", "plain"),
    [
        ({}, True), ({"CONTENT_LENGTH": "123456"}, False), ({"CONTENT_LENGTH": ""}, False),
        ({"CONTENT_LENGTH": "-1"}, False), ({"REQUEST_METHOD": "PUT"}, False),
        ({"HTTP_HOST": "a b"}, False), ({"HTTP_HOST": ""}, False),
        ({"CONTENT_TYPE": "text/csv"}, False),
        ({"QUERY_STRING": "a"}, False), ({"HTTP_ACCEPT": "text/CSV"}, False),
        ({"HTTP_ACCEPT": "application/x-ndjson"}, False),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, False),
        ({"HTTP_IDEMPOTENCY_KEY": "k"}, False), ({"HTTP_COOKIE": "a=b"}, True),
    ],
)  # fmt: skip
def test_a_plain_request_asks_for_nothing_else(changed: dict[str, str], plain: bool) -> None:
    """A JSON body of a known length, and no other kind of answer."""
    assert _is_plain({**PLAIN, **changed}) is plain


def test_a_sender_is_known_by_headers() -> None:
    """Each of them, where it is sent."""
    assert _sender({}) == Sender("", "")
    names = ("REMOTE_ADDR", "HTTP_HOST", "HTTP_AUTHORIZATION", "HTTP_ORIGIN", "HTTP_X_REQUEST_ID",
             "HTTP_TRACEPARENT", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST")  # fmt: skip
    assert _sender({name: name for name in names}) == Sender(*names)


class Log:
    """A prediction log that the test looks into."""

    refuses = False

    def __init__(self, strict: bool, keeps: bool = True) -> None:
        self.strict, self.keeps = strict, keeps
        self.submitted: list[Any] = []

    def submit(self, parcel: Any) -> None:
        self.submitted.append(parcel)

    def keep(self, _parcel: Any) -> bool:
        return self.keeps


def lane_of(log: Log | None) -> FastLane:
    answers: Any = SimpleNamespace(log=log) if log else None
    return FastLane(TrustedProxies(APP.wsgi_app, ""), lambda path: (None, path), answers=answers)


def test_a_strict_log_is_waited_for() -> None:
    """A relaxed one is told, and the answer is given at once."""
    parcel: Any = SimpleNamespace(answered=[{"id": "one"}], done=None)
    noted: list[str] = []
    answered = Answered(b"12", "request", parcel, lambda: noted.append("noted"))
    bare = Answered(b"12", "request")
    done: Any = object()
    strict, relaxed = Log(strict=True), Log(strict=False)
    assert lane_of(strict).awaited(answered, done) is parcel
    assert (parcel.done, strict.submitted, noted) == (done, [], [])
    lane_of(strict).submit([parcel, parcel])
    assert strict.submitted == [parcel, parcel]
    assert lane_of(relaxed).awaited(answered, done) is None
    assert (relaxed.submitted, noted) == ([parcel], ["noted"])
    for lane, one in ((lane_of(None), answered), (lane_of(strict), bare)):
        assert lane.awaited(one, done) is None
    assert noted == ["noted"]
    assert lane_of(strict)._keeps(answered)
    assert not lane_of(Log(strict=True, keeps=False))._keeps(answered)
    assert lane_of(Log(strict=True, keeps=False))._keeps(bare)
    own = lane_of(strict).own_headers
    assert own(bare) == (("Content-Length", "2"), ("X-Request-Id", "request"))
    assert own(answered)[2:] == (("X-Prediction-Id", "one"),)


# What pages and routes are told


def test_ids_of_many_answers_are_named_by_the_first() -> None:
    """Of more than a hundred."""
    ids = [str(at) for at in range(101)]
    assert named(ids[:100]) == ", ".join(ids[:100])
    assert named(ids) == "0"


@pytest.mark.parametrize(
    ("answers", "most"), [(1, 100), (3100, 100), (3101, 99), (310_000, 1), (310_001, 1)]
)
def test_rows_are_explained_while_that_takes_two_seconds(answers: int, most: int) -> None:
    """One at least, and a hundred at most."""
    loaded: Any = SimpleNamespace(explainer=SimpleNamespace(answers=answers))
    assert most_explained(loaded) == most
    assert most_explained(SimpleNamespace(explainer=None)) == MOST_EXPLAINED == 100  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"at_least": "x"}, "must be a number"), ({"at_most": "inf"}, "must be a number"),
        ({"at_least": "1", "at_most": "2"}, "not for several"),
        ({"class": "a"}, "predicts a number"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(asked: dict[str, str], words: str) -> None:
    """Of an amount; of a class it is one of those that there are."""
    with pytest.raises(InvalidInput) as refused:
        asked_wish(insurance_schema(), asked)
    assert words in refused.value.errors[0].say()
    assert asked_wish(insurance_schema(), {"other": "1"}) is None
    wish = asked_wish(insurance_schema(), {"at_most": "1e3"})
    assert wish is not None
    assert wish.at_most == 1000.0
    schema = iris_schema()
    found = asked_wish(schema, {"class": "Iris-setosa"})
    assert found is not None
    assert found.label == "Iris-setosa"
    for wrong in ({"class": "rose"}, {"at_most": "1"}):
        with pytest.raises(InvalidInput):
            asked_wish(schema, wrong)


def test_figures_of_an_answer_are_plain() -> None:
    """With the digits that a person may compare; a class has no range."""
    ranged: Any = SimpleNamespace(prediction=1234.56789, interval=(0.0, 2e9))
    assert _figures(ranged) == {
        "data-prediction": "1234.568", "data-low": "0", "data-high": "2000000000",
    }  # fmt: skip
    assert _figures(SimpleNamespace(prediction="a", interval=None)) == {"data-prediction": "a"}  # type: ignore[arg-type]
    assert (_figure(3), _figure(0.1)) == ("3", "0.1")


# Servers of a folder


def fleet(most_open: int) -> Any:
    """One whose mounts the test makes."""
    made: Any = object.__new__(Fleet)
    made._most_open, made._open, made._changing = most_open, OrderedDict(), Lock()
    made._taken, made._mounts, made._look_at = frozenset(["api"]), {}, math.inf
    made.folder, made.prepare = Path("/srv/forms"), None
    return made


def mounted(size: int) -> Any:
    one = SimpleNamespace(size=size, closed=0, name="", prepare=None)
    one.current = one.ready = lambda: one
    one.close = lambda: setattr(one, "closed", one.closed + 1)
    return one


def test_what_was_asked_for_the_longest_ago_is_closed() -> None:
    """Where more are open than may be, or they take too much together; the last one stays."""
    made = fleet(2)
    made._mounts = {name: mounted(1) for name in "abc"}
    a, b, c = made._mounts.values()
    assert made.open("a") is a
    assert made.open("b") is b
    assert made.ready("a") is a
    assert made.open("c") is c
    assert [one.closed for one in (a, b, c)] == [0, 1, 0]
    assert list(made._open) == ["a", "c"]
    assert made.open("none") is made.ready("none") is made.open("api") is made.open("a?") is None
    c.size = fleet_module.MOST_BYTES - 1
    assert made.open("a") is a
    assert list(made._open) == ["c", "a"]
    c.size += 1
    assert made.open("a") is a
    assert (list(made._open), c.closed) == (["a"], 1)
    a.size = 10 * fleet_module.MOST_BYTES
    assert made.open("a") is a
    assert a.closed == 0


def test_an_error_does_not_tell_where_the_folder_is() -> None:
    """On the machine of whoever runs the server."""
    told = fleet(1)._told(ArtifactError("/srv/forms/a.onnx cannot be read."))
    assert told == "forms/a.onnx cannot be read."
    error = FileNotFoundError(2, "No such file", "a")
    assert str(worded(error)) == "'a' cannot be read: No such file."
    known = ArtifactError("No.")
    assert worded(known) is known


def test_a_deployment_that_is_given_is_never_looked_for() -> None:
    """It answers as it is, and has no problem."""
    loaded: Any = SimpleNamespace(name="d")
    mount = Mount(loaded, "n")
    assert mount.current() is mount.ready()
    assert (mount.current().loaded, mount.problem, mount.size) == (loaded, None, 0)
    assert mount.current().logged_as == "n"
    assert Mount(loaded).current().logged_as == "d"


# Whether it answers


@pytest.mark.parametrize(
    ("hosts", "host"),
    [("", "localhost"), ("a.example, b", "a.example"), (".a.example", "a.example")],
)
def test_health_is_asked_for_by_a_name_that_is_taken(
    hosts: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the port that the server has; 0 only where it says that all is well."""
    asked: list[Any] = []

    class Connection:
        def __init__(self, *where: Any, timeout: float) -> None:
            asked.append((*where, timeout))

        def request(self, *what: Any, headers: dict[str, str]) -> None:
            asked.append((*what, headers))
            if isinstance(answer, Exception):
                raise answer

        def getresponse(self) -> Any:
            return SimpleNamespace(status=answer)

        def close(self) -> None:
            asked.append("closed")

    monkeypatch.setattr(health, "HTTPConnection", Connection)
    monkeypatch.setenv("TRUSTED_HOSTS", hosts)
    monkeypatch.setenv("PORT", "8123")
    found = []
    for answer in (200, 503, ConnectionRefusedError(), health.HTTPException()):  # noqa: B007
        found.append(health.main())
    assert found == [0, 1, 1, 1]
    assert asked[:3] == [("127.0.0.1", 8123, 4), ("GET", "/healthz", {"Host": host}), "closed"]
    monkeypatch.delenv("PORT")
    answer = 200
    assert health.main() == 0
    assert asked[-3] == ("127.0.0.1", 5000, 4)
    assert asked.count("closed") == 5
