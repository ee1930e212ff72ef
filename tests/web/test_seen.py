"""What is seen of a request, how answers and bodies are packed, and which sites may ask."""

from __future__ import annotations

import gzip
import io
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from deployments import shipped_deployment
from flask.testing import FlaskClient

from tablecast.errors import SettingError
from tablecast.settings import unknown_settings
from tablecast.web.http import access_log as access_log_module
from tablecast.web.http.access_log import AccessLog
from tablecast.web.http.origins import frame_ancestors, hosts_of, origins_of
from tablecast.web.http.tracing import request_id_of, trace_of
from tests.started import started

ROW = {"age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def client() -> FlaskClient:
    return started(shipped_deployment("onnx")).test_client()


@pytest.fixture
def logged(client: FlaskClient, tmp_path: Path) -> Any:
    """A function that gives the log's lines; the log goes to a file."""
    path = tmp_path / "log"
    log = client.application.extensions["access_log"]
    log._file = os.open(path, os.O_CREAT | os.O_RDWR)

    def lines() -> list[dict[str, Any]]:
        log.write()
        return [json.loads(line) for line in path.read_text().splitlines()]

    return lines


@pytest.mark.parametrize("path", ["/predict_api", "/api/v1/predict"])
@pytest.mark.parametrize("body", [ROW, [ROW, ROW]], ids=["fast", "list"])
def test_every_request_is_logged_alike(
    client: FlaskClient, logged: Any, path: str, body: Any
) -> None:
    """The fast path and Flask write the same entries, with the answer's id and no value."""
    answer = client.post(path, json=body, headers={"traceparent": TRACEPARENT})
    (line,) = logged()
    assert set(line) == {
        "time", "id", "method", "route", "status", "ms", "rows", "key", "engine", "trace"
    }
    assert line["id"] == answer.headers["X-Request-Id"]
    assert (line["method"], line["route"], line["status"]) == ("POST", path, 200)
    assert line["rows"] == (2 if isinstance(body, list) else 1)
    assert (line["key"], line["engine"], line["trace"]) == (None, "onnx", TRACE)
    assert "northwest" not in json.dumps(line)


def test_an_address_is_never_in_the_log(client: FlaskClient, logged: Any) -> None:
    """A permalink holds values: the log names the route, and for what is not there, none."""
    client.get("/?age=39&sex=male")
    client.get("/secret-path")
    assert [line["route"] for line in logged()] == ["/", "none"]


def test_the_log_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """TABLECAST_ACCESS_LOG=off writes nothing."""
    monkeypatch.setenv("TABLECAST_ACCESS_LOG", "off")
    app = started(shipped_deployment("onnx"))
    assert app.extensions["access_log"] is None
    assert app.test_client().post("/predict_api", json=ROW).status_code == 200


def note(log: AccessLog, identifier: object) -> None:
    log.note("GET", "/", 200, 0.001, str(identifier))


def ids_of(content: bytes) -> list[str]:
    """The ids of a log's lines, each of which is whole."""
    return [json.loads(line).get("id", "") for line in content.decode().splitlines()]


@pytest.mark.parametrize("other_way", [True, False], ids=["a way of its own", "none"])
def test_a_log_that_nobody_reads_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, other_way: bool
) -> None:
    """A full pipe stops no request; what was left out is counted, and the rest comes in order."""
    monkeypatch.setattr(access_log_module, "MOST_WAITING", 2_000)
    if not other_way:
        monkeypatch.setattr(access_log_module, "_without_waiting", lambda file: file)
    reading, writing = os.pipe()
    log = AccessLog("onnx", writing)
    began = time.perf_counter()
    for number in range(20_000):
        note(log, number)
    assert time.perf_counter() - began < 2
    collected = b""
    while b"left_out" not in collected or not collected.endswith(b"\n"):
        collected += os.read(reading, 65536)
    log.write()
    lines = [json.loads(line) for line in collected.decode().splitlines()]
    kept = [int(line["id"]) for line in lines if "id" in line]
    left_out = sum(line.get("left_out", 0) for line in lines)
    assert left_out > 0
    assert kept == sorted(kept)
    os.close(reading)
    note(log, "gone")
    log.write()  # whoever read it is gone: nothing is raised
    os.close(writing)


def test_lines_that_nobody_takes_are_not_worded_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of thousands that wait, only some are worded each time that the pipe turns out full."""
    monkeypatch.setattr(access_log_module, "DELAY", 60)
    reading, writing = os.pipe()
    log = AccessLog("onnx", writing)
    for number in range(5_000):
        note(log, number)
    word, worded = access_log_module._lines, []

    def counting(noted: list[Any], engine: str) -> str:
        worded.extend(noted)
        return word(noted, engine)

    monkeypatch.setattr(access_log_module, "_lines", counting)
    log.write()
    assert 0 < len(worded) <= access_log_module.TOGETHER
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("into", ["file", "pipe"])
def test_nothing_of_a_log_is_lost_or_torn_between_threads(tmp_path: Path, into: str) -> None:
    """Whoever notes at the same time, each line is written once and whole."""
    path = tmp_path / "log"
    if into == "pipe":
        os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    if into == "pipe":
        reader.start()
    writing = os.open(path, os.O_CREAT | os.O_WRONLY)
    log = AccessLog("onnx", writing)
    with ThreadPoolExecutor(4) as noters:
        list(noters.map(lambda who: [note(log, f"{who}-{at}") for at in range(2000)], range(4)))
    log.write()
    log.finish()
    os.close(writing)
    if into == "pipe":
        os.close(log._file)
        reader.join()
    content = read[0] if read else path.read_bytes()
    expected = [f"{who}-{at}" for who in range(4) for at in range(2000)]
    assert sorted(ids_of(content)) == sorted(expected)


def test_a_log_wakes_only_where_something_waits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One timer for all that was noted, another for what nobody took, and none for nothing."""
    begun: list[float] = []
    timer = SimpleNamespace(start=lambda: None)
    monkeypatch.setattr(
        access_log_module, "Timer", lambda delay, _act: begun.append(delay) or timer
    )
    with (tmp_path / "log").open("wb") as file:
        log = AccessLog("onnx", file.fileno())
        for told, taken in ((3, True), (0, True), (1, False), (0, True)):
            for number in range(told):
                note(log, number)
            with monkeypatch.context() as patched:
                if not taken:
                    patched.setattr(log, "_write", lambda _most, **_: None)
                log.write()
    assert begun == [access_log_module.DELAY] * 3
    assert ids_of((tmp_path / "log").read_bytes()) == ["0", "1", "2", "0"]


def test_no_request_makes_a_line_that_cannot_be_written(client: FlaskClient, logged: Any) -> None:
    """A method may be any word of any length; the log goes on, and keeps little of it."""
    for method in ("A" * 100_000, 'Q"\\', "BREW"):
        client.open("/", method=method)
    assert [line["method"] for line in logged()] == ["A" * 20, 'Q"\\', "BREW"]


@pytest.mark.parametrize("size", [10, 4_000, 5_000, 50_000])
def test_a_long_line_is_written_too(tmp_path: Path, size: int) -> None:
    """A line of more than a pipe takes in one go is written, and what follows it."""
    path = tmp_path / "log"
    writing = os.open(path, os.O_CREAT | os.O_WRONLY)
    log = AccessLog("onnx", writing)
    for identifier in ("x" * size, "y" * size, "z"):
        note(log, identifier)
    log.write()
    os.close(writing)
    assert ids_of(path.read_bytes()) == ["x" * size, "y" * size, "z"]


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("abc-123", True), ("3f9c0e1d2b4a5968", True), ("", False), ("a b", False),
        ('a"b', False), ("a\nb", False), ("é", False), ("x" * 129, False), ("-x", False),
    ],
)
def test_a_request_id_is_taken_over_where_it_can_be_one(sent: str, taken: bool) -> None:
    """An id of a client or proxy is used; what could break a log or a header is not."""
    assert (request_id_of(sent) == sent) is taken


@pytest.mark.parametrize(
    "sent",
    [
        "", "x", TRACEPARENT[:-1], TRACEPARENT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
    ],
)
def test_a_wrong_trace_is_none(sent: str) -> None:
    """Only version 00 of W3C Trace Context with numbers that are not 0 is a trace."""
    assert trace_of(TRACEPARENT) == TRACE
    assert trace_of(sent) == ""


@pytest.mark.parametrize("path", ["/static/tablecast.css", "/model"])
@pytest.mark.parametrize("header", ["If-Modified-Since", "If-Unmodified-Since", "If-Range", "Date"])
def test_a_date_that_no_calendar_has_is_ignored(
    client: FlaskClient, path: str, header: str
) -> None:
    """A year that no date can have is no failure of ours."""
    for date in ("Thu, 01 Jan 999999999999 00:00:00 GMT", f"1 Jan 2020 {'9' * 20}:00 GMT",
                 "Thu, 01 Jan 2020 00:00:00 +" + "9" * 30, "1" * 5000):  # fmt: skip
        with client.get(path, headers={header: date, "Range": "bytes=0-1"}) as answer:
            assert answer.status_code in (200, 206)


# Packing


@pytest.mark.parametrize("path", ["/", "/model", "/docs", "/openapi.json", "/api/v1/model"])
def test_what_is_worth_it_is_packed(client: FlaskClient, path: str) -> None:
    """Whoever can unpack gzip gets less than half of the bytes, and the same content."""
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 2
    assert len(gzip.decompress(packed.data)) == pytest.approx(len(plain.data), rel=0.01)
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Content-Encoding" not in plain.headers


def test_zstd_is_sent_where_it_is_known_on_both_sides(client: FlaskClient) -> None:
    """It takes less time and less room than gzip, which stays for everybody else."""
    zstd = pytest.importorskip("backports.zstd")
    page = client.get("/model")
    packed = client.get("/model", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    assert packed.headers["Content-Encoding"] == "zstd"
    assert zstd.decompress(packed.data) == page.data


def test_a_packed_page_is_asked_for_again_by_its_tag(client: FlaskClient) -> None:
    """A browser that has the packed page is answered 304."""
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    tag = packed.headers["ETag"]
    # A weak one: the packed bytes are not those that a strong tag of the page would promise.
    assert tag == f"W/{client.get('/').headers['ETag']}"
    again = client.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
    assert again.status_code == 304


def test_static_files_are_packed_once(client: FlaskClient) -> None:
    """A style sheet comes packed, as it is on the disk."""
    with client.get("/static/tablecast.css", headers={"Accept-Encoding": "gzip"}) as packed:
        content = gzip.decompress(packed.data).decode()
    assert content == Path("static/tablecast.css").read_text()


@pytest.mark.parametrize("path", ["/predict_api", "/api/v1/predict"])
def test_a_packed_body_is_read(client: FlaskClient, path: str) -> None:
    """gzip in a request means the same as the plain body."""
    answer = client.post(
        path, data=gzip.compress(json.dumps(ROW).encode()),
        headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
    )
    assert answer.status_code == 200
    assert answer.json == client.post(path, json=ROW).json


@pytest.mark.thorough
def test_a_packed_body_is_read_within_the_limit(client: FlaskClient) -> None:
    """A bomb is 413, and costs no more than the limit."""
    bomb = gzip.compress(b" " * 200_000_000)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    began = time.process_time()
    answer = client.post("/predict_api", data=bomb, headers=headers)
    assert answer.status_code == 413
    assert time.process_time() - began < 1


class Endless(io.RawIOBase):
    """A body that goes on as long as somebody reads; it keeps how much was asked for at once."""

    def __init__(self) -> None:
        self.most = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        self.most = max(self.most, len(into))
        return len(into)


@pytest.mark.parametrize("path", ["/predict_api", "/api/v1/predict", "/predict", "/batch"])
@pytest.mark.parametrize("length", [6_000_000, 49_000_000, 600_000_000, 10**14])
def test_a_packed_body_past_the_limit_is_never_held(
    client: FlaskClient, path: str, length: int
) -> None:
    """Whatever length it has: it was read at once, and one of 2 GB ended a worker."""
    body = Endless()
    answer = client.post(
        path, environ_overrides={"wsgi.input": body, "CONTENT_LENGTH": str(length)},
        headers={"Content-Encoding": "gzip", "Accept": "application/json"},
        content_type="multipart/form-data; boundary=x" if path == "/batch" else "application/json",
    )
    assert answer.status_code == 413
    assert "larger than" in answer.text
    assert body.most <= 1_000_000


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"x"), ("gzip", b"no gzip"), ("gzip, gzip", b"x"),
        ("gzip", gzip.compress(b'{"age": 1}' * 50, mtime=0)[:-9]),
    ],
    ids=["unknown", "none", "twice", "cut off"],
)
def test_what_cannot_be_unpacked_is_said(client: FlaskClient, encoding: str, body: bytes) -> None:
    """415 in words, for an unknown encoding and for gzip that is none or ends too soon."""
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    answer = client.post("/predict_api", data=io.BytesIO(body).read(), headers=headers)
    assert answer.status_code == 415
    assert answer.mimetype == "application/problem+json"


# Other sites


def asking(monkeypatch: pytest.MonkeyPatch, **settings: str) -> FlaskClient:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return started(shipped_deployment("onnx")).test_client()


def test_only_named_sites_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Preflight and answer carry CORS headers for a named origin, and none for another."""
    client = asking(monkeypatch, TABLECAST_CORS_ORIGINS="https://good.example, https://b.example")
    for origin, allowed in (("https://good.example", True), ("https://evil.example", False)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        before = client.options("/predict_api", headers=asked)
        answer = client.post("/predict_api", json=ROW, headers={"Origin": origin})
        for response in (before, answer):
            given = response.headers.get("Access-Control-Allow-Origin")
            assert given == (origin if allowed else None)
            assert "Origin" in response.headers["Vary"]
        assert ("POST" in before.headers.get("Access-Control-Allow-Methods", "")) is allowed
        assert answer.status_code == 200


NO_ORIGINS = (
    "*", "example.com", "https://*.example.com", "https://a.com/x", "https://a.com;script-src",
    "https://[x", "https://me@a.com", "https://a.com?b", "ftp://a.com", "https://例.com",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_ORIGINS)
def test_what_is_no_origin_is_refused(text: str) -> None:
    """A star, a bare name, a path and a second rule are none, and the error names the setting."""
    with pytest.raises(SettingError, match="TABLECAST_CORS_ORIGINS"):
        origins_of("TABLECAST_CORS_ORIGINS", text)


def test_a_server_answers_to_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """With TRUSTED_HOSTS another name is 400 on the fast path too, as after DNS rebinding."""
    client = asking(monkeypatch, TRUSTED_HOSTS="Example.com:8080, .example.org, bücher.example")
    for host, status in (
        ("example.com", 200), ("EXAMPLE.com:8080", 200), ("a.example.org:443", 200),
        ("xn--bcher-kva.example", 200), ("evil.com", 400), ("evilexample.org", 400),
        ("example.com@evil.com", 400), ("example.com:port", 400), ("x" * 300, 400),
    ):  # fmt: skip
        answer = client.post("/predict_api", json=ROW, headers={"Host": host})
        assert answer.status_code == status
        assert client.get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "host", ["*", "https://example.com", "example.com/a", "a..b", "x" * 64 + ".com", "[::1]", "a@b"]
)
def test_what_is_no_host_name_is_refused_at_the_start(host: str) -> None:
    """A name that no request can have would have the server refuse everybody."""
    with pytest.raises(SettingError, match="TRUSTED_HOSTS"):
        hosts_of(f"example.com, {host}")


def test_only_named_sites_may_frame_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """By default nobody; a Space lets Hugging Face show it."""
    client = asking(monkeypatch)
    assert "frame-ancestors 'none'" in client.get("/").headers["Content-Security-Policy"]
    client = asking(
        monkeypatch, SPACE_HOST="a-b.hf.space", TABLECAST_FRAME_ANCESTORS="https://intra.example"
    )
    policy = client.get("/").headers["Content-Security-Policy"]
    ancestors = "https://intra.example https://huggingface.co https://a-b.hf.space"
    assert f"frame-ancestors {ancestors}" in policy
    with pytest.raises(SettingError, match="SPACE_HOST"):
        frame_ancestors("", "a.hf.space; script-src *")
    assert origins_of("X", "http://[::1]:80 https://a_b.c") == ("http://[::1]:80", "https://a_b.c")


def test_pages_ask_nothing_of_the_device(client: FlaskClient) -> None:
    """The policies are the strict ones, and TLS is kept to where it was used."""
    plain = client.get("/").headers
    assert "geolocation=()" in plain["Permissions-Policy"]
    assert plain["Cross-Origin-Opener-Policy"] == "same-origin"
    assert plain["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in plain
    secure = client.get("/", base_url="https://localhost").headers
    assert secure["Strict-Transport-Security"] == "max-age=31536000"


def test_a_setting_that_nobody_knows_is_said() -> None:
    """The nearest name is in the warning; known ones and other programs' are not."""
    said = unknown_settings({"TABLECAST_MAX_ROW": "5", "TABLECAST_KEYS": "", "PATH": "/bin"})
    assert len(said) == 1
    assert "TABLECAST_MAX_ROW," in said[0]
    assert "TABLECAST_MAX_ROWS?" in said[0]
