"""What hardly ever happens between a request and its answer, one by one."""

from __future__ import annotations

import errno
import socket
import sys
from collections import Counter
from concurrent.futures import Future
from dataclasses import replace
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest
from deployments import ROOT
from flask import Flask, g, url_for
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, ServiceUnavailable

from tablecast.batch import answers as batch_answers
from tablecast.batch.engines import EngineFailed
from tablecast.batch.parts.part import Failure, Part, Scored
from tablecast.batch.predict_parts import _Run, _Uncut
from tablecast.errors import ArtifactError, BatchError, InvalidInput, Remark
from tablecast.i18n.language import LANGUAGES, current_language, set_language
from tablecast.schema.field import Field
from tablecast.schema.form_keys import is_hashed
from tablecast.web import answer_kinds, body_limits
from tablecast.web import app as app_module
from tablecast.web.access import places as places_module
from tablecast.web.access.places import Places
from tablecast.web.form.controls import Control, controls_of
from tablecast.web.form.wishes import Sent, _read, _said
from tablecast.web.http import reader_language, sessions, static_files, tracing
from tablecast.web.http.opened import OPENED, Opened
from tablecast.web.mounts.fleet import Fleet, Listed
from tablecast.web.mounts.mount import Mount
from tablecast.web.outcomes import outcome_page
from tablecast.web.pages import batch_page
from tablecast.web.server import client as client_module
from tablecast.web.server.client import Client
from tablecast.web.watch import gauges
from tests.stand_ins import FormulaEngine, deploy, insurance_schema


def app_with(*rules: tuple[str, str]) -> Flask:
    """An application of some addresses and endpoints."""
    app = Flask("rare")
    for rule, endpoint in rules:
        app.add_url_rule(rule, endpoint, lambda: "", methods=["GET", "POST"])
    return app


PREDICTING = app_with(("/api/v1/predict", "api.predict"), ("/api/v1/model", "api.model"))


@pytest.mark.parametrize(
    ("host", "protocol", "refused"),
    [("", "HTTP/1.1", True), ("", "HTTP/1.0", False), ("", "HTTP/1", False),
     ("a", "HTTP/1.1", False),
     ("a,b", "HTTP/1.1", True), ("a b", "HTTP/1.0", True), ("[::1]:80", "HTTP/1.1", False)],
)  # fmt: skip
def test_a_request_names_one_host(host: str, protocol: str, refused: bool) -> None:
    """HTTP/1.0 need not."""
    environ = {"HTTP_HOST": host, "SERVER_PROTOCOL": protocol}
    with PREDICTING.test_request_context("/", environ_overrides=environ):
        if refused:
            with pytest.raises(BadRequest):
                app_module._begin()
        else:
            app_module._begin()
            assert (g.rows, g.key) == (0, None)


@pytest.mark.parametrize(
    ("path", "status", "noted"),
    [
        ("/api/v1/predict", 400, True), ("/api/v1/predict", 411, True),
        ("/api/v1/predict", 413, True), ("/api/v1/predict", 415, True),
        ("/api/v1/predict", 404, False), ("/api/v1/model", 400, False),
    ],
)  # fmt: skip
def test_a_refusal_is_kept_where_it_is_of_what_was_sent(
    path: str, status: int, noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot be kept, that is what is said."""
    kept: list[Any] = []
    monkeypatch.setattr(app_module.answer_log, "note_refusal", kept.append)
    error = HTTPException("It is so.")
    error.code = status
    with PREDICTING.test_request_context(path, method="POST"):
        assert app_module._refused(error).status_code == status
        assert len(kept) == noted
        app_module._invalid(InvalidInput([Remark("No.")]))
        assert len(kept) == noted + (path == "/api/v1/predict")

        def unable(_remarks: Any) -> None:
            raise ServiceUnavailable("Away.", retry_after=2)

        monkeypatch.setattr(app_module.answer_log, "note_refusal", unable)
        answer = app_module._refused(error)
        assert answer.status_code == (503 if noted else status)
        assert answer.headers.get("Retry-After") == ("2" if noted else None)
        answer = app_module._invalid(InvalidInput([Remark("No.")]))
        assert answer.status_code == (503 if path == "/api/v1/predict" else 422)


def test_an_error_has_its_own_words_and_headers() -> None:
    """Or its name for want of others; 500 where it has no status."""
    with PREDICTING.test_request_context("/api/v1/predict", method="POST"):
        found = app_module._worded(NotFound())
        assert found.status_code == 404
        assert found.content_type == "application/problem+json"
        bare = HTTPException()
        assert app_module._worded(bare).status_code == 500
        unexpected = app_module._worded(ServiceUnavailable("Away.", retry_after=7))
        assert unexpected.headers["Retry-After"] == "7"
        assert unexpected.json is not None
        assert unexpected.json["detail"] == "Away."


def test_the_access_log_says_which_of_several_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And has no more of a method than a word."""
    noted: list[Any] = []
    app = app_with(("/a", "a"))
    app.extensions["access_log"] = SimpleNamespace(note=lambda *told: noted.append(told))
    about: Any = Opened(SimpleNamespace(name="d"), "one")  # type: ignore[arg-type]
    for environ, route in (({}, "/a"), ({OPENED: about}, "/a"), ({OPENED: about}, "none")):
        with app.test_request_context("/a", method="X" * 30, environ_overrides=environ):
            g.request_id, g.rows, g.key = "id", 3, SimpleNamespace(name="k")
            app_module._log_access(200, route, 0.5)
    assert [one[:4] for one in noted] == [
        ("X" * 20, "/a", 200, 0.5), ("X" * 20, "/one/a", 200, 0.5), ("X" * 20, "none", 200, 0.5),
    ]  # fmt: skip
    assert noted[0][4:] == ("id", 3, "k", "")
    app.extensions["access_log"] = None
    with app.test_request_context("/a"):
        app_module._log_access(200, "/a", 0.5)
    assert len(noted) == 3
    monkeypatch.setenv("PORT", "a port")
    with pytest.raises(SystemExit, match=r"^tablecast: PORT"):
        app_module.settings_or_exit()


def test_a_static_file_that_is_not_there_has_no_version() -> None:
    """Nor has what is no static file; one that is there may be asked for by another."""
    app = Flask("rare", root_path=str(ROOT))
    app.add_url_rule("/page/<filename>", "page", lambda filename: filename)
    static_files.install(app)
    known = "tablecast.css"
    with app.test_request_context("/"):
        assert "?v=" in url_for("static", filename=known)
        assert url_for("static", filename=known, v="x").endswith("?v=x")
        assert url_for("static", filename="none.css") == "/static/none.css"
        assert url_for("page", filename=known) == f"/page/{known}"


def test_opentelemetry_follows_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing does."""
    followed: list[Any] = []
    module: Any = SimpleNamespace(
        FlaskInstrumentor=lambda: SimpleNamespace(instrument_app=followed.append)
    )
    name = "opentelemetry.instrumentation.flask"
    monkeypatch.setitem(sys.modules, "opentelemetry", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation", SimpleNamespace())
    monkeypatch.setitem(sys.modules, name, module)
    assert tracing.instrument(PREDICTING)
    assert followed == [PREDICTING]
    monkeypatch.setitem(sys.modules, name, None)
    assert not tracing.instrument(PREDICTING)


def test_signing_out_forgets_the_cookie() -> None:
    """And leads to where one signs in."""
    app = Flask("rare")
    app.register_blueprint(sessions.blueprint)
    with app.test_request_context("/sign-out", method="POST"):
        answer = sessions.sign_out()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("tablecast_session=;")
    assert "Max-Age=0" in cookie
    for part in ("HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie


def test_a_thread_speaks_english_behind_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on to answer others."""
    app = Flask("rare")
    monkeypatch.setattr(reader_language, "languages_offered", lambda: LANGUAGES)
    reader_language.install(app, ("/api/",))
    spoken: list[str] = []
    for path in ("/", "/api/x"):
        app.add_url_rule(path, path, lambda: spoken.append(current_language().primary) or "")
    client = app.test_client()
    headers = {"Accept-Language": "es"}
    try:
        for path in ("/", "/api/x", "/?lang=zh", "/api/x?lang=zh", "/?lang=none"):
            client.get(path, headers=headers)
            assert current_language().primary == "en"
    finally:
        set_language(LANGUAGES[0])
    assert spoken == ["es", "en", "zh", "zh", "es"]


def test_a_file_without_room_is_said_so() -> None:
    """Another failure of the system is one."""
    with pytest.raises(HTTPException) as full, batch_page._room():
        raise OSError(errno.ENOSPC, "No space")
    assert full.value.code == 507
    with pytest.raises(OSError, match="broken") as other, batch_page._room():
        raise OSError(errno.EIO, "broken")
    assert not isinstance(other.value, HTTPException)


def test_a_field_may_not_be_called_as_a_result_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is answered then, and the page has no columns to tell of."""
    schema = insurance_schema()
    field = replace(schema.fields[0], name="prediction_error")
    loaded: Any = SimpleNamespace(schema=replace(schema, fields=(field,)), predictor=None)
    monkeypatch.setattr(batch_answers, "answers", lambda *_: {"prediction_label": [1.0]})
    with pytest.raises(BatchError, match="'prediction_error' has the same name as a result column"):
        batch_answers.added_columns(loaded, with_errors=False)
    monkeypatch.setattr(batch_page, "deployment", lambda: loaded)
    assert batch_page._added_names() == []


@pytest.mark.parametrize(
    ("met", "ways", "nearest", "words"),
    [(True, [], None, "has this answer already"), (False, [1], None, "Each of these changes"),
     (False, [], 1, "comes nearest:"), (False, [], None, "comes nearer to it.")],
)  # fmt: skip
def test_what_was_found_for_a_wish_is_one_sentence(
    met: bool, ways: list[int], nearest: Any, words: str
) -> None:
    """Whatever it is."""
    found: Any = SimpleNamespace(is_met=met, ways=ways, nearest=nearest)
    assert words in _said(found)


def test_a_wished_amount_is_spelt_as_the_table_spells() -> None:
    """With a comma before its decimals, where the table has one."""
    schema = insurance_schema()
    comma = replace(schema, decimal_comma=True)
    assert _read(comma, Sent("wish", "way", "1.234,5", "most")).at_most == 1234.5
    assert _read(schema, Sent("wish", "way", "1,234.5", "least")).at_least == 1234.5


@pytest.mark.parametrize(
    ("room", "shown"), [(39 + 33, ("a&b", "c")), (39 + 32, ("a&b",)), (39, ("a&b",)), (38, ())]
)
def test_suggestions_have_so_many_bytes(room: int, shown: tuple[str, ...]) -> None:
    """As HTML has them, with what stands around each."""
    field = Field("x", "category", "object", levels=("a&b", "c"))
    control = Control(field, "field-0", "suggest", "", suggested_bytes=room)
    assert control.suggestions == shown
    (made,) = controls_of(replace(insurance_schema(), fields=(field,)), {})
    assert made.suggested_bytes == 48_000


def test_a_value_of_an_earlier_version_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that the field takes as the field shows it; a hash says nothing."""
    field = Field("x", "number", "float64", unit="kg", hard_maximum=9.0)
    shown = outcome_page._shown_value
    assert (shown(field, None), shown(None, 5), shown(field, 2.0)) == ("–", "5", "2 kg")
    assert (shown(field, "many"), shown(field, 99.0)) == ("many", "99.0")
    monkeypatch.setattr(outcome_page, "is_hashed", lambda value: value == "h")
    assert shown(field, "h") == "(hidden)"
    assert not is_hashed("h")


def test_without_a_log_there_are_no_gauges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is away, one says so."""
    monkeypatch.setattr(gauges, "is_logged", lambda: False)
    assert gauges.gauges() == b""
    monkeypatch.setattr(gauges, "is_logged", lambda: True)

    def away() -> None:
        raise ServiceUnavailable

    monkeypatch.setattr(gauges, "report", away)
    assert b"tablecast_watch_up 0.0" in gauges.gauges()


def test_a_place_that_another_process_holds_is_not_given(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything kept of who gets none."""
    places = Places(2, tmp_path)

    def held(*_: Any) -> None:
        raise BlockingIOError

    monkeypatch.setattr(places_module.fcntl, "lockf", held)
    assert places.take("a") is None
    assert "a" not in places._held


class Source:
    """A deployment's place, as the test says."""

    def __init__(self, stamp: int = 1) -> None:
        self.now, self.path = stamp, "/srv/a"

    def stamp(self) -> int:
        return self.now


def test_a_problem_holds_until_its_file_changes() -> None:
    """Nothing is one where something is open."""
    mount: Any = Mount(SimpleNamespace(name="d"))  # type: ignore[arg-type]
    assert mount.problem is None
    mount.source, mount._stamp, mount._problem = Source(), 1, ArtifactError("No.")
    assert mount.problem is None
    mount._opened = None
    assert mount.problem is mount._problem
    mount.source.now = 2
    assert mount.problem is None


def test_what_is_listed_is_read_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment that cannot be used is listed with the reason."""
    made: Any = object.__new__(Fleet)
    made._listed, made._taken = {}, frozenset(["api"])
    made.folder = SimpleNamespace(name="forms", __str__=lambda _: "/srv")
    read: list[str] = []

    def described(source: Any) -> Any:
        read.append(source.path)
        return {}

    monkeypatch.setattr(made, "_description", described)
    mount: Any = SimpleNamespace(source=Source(), name="a", problem=None)
    for stamp, times in ((1, 1), (1, 1), (2, 2)):
        mount.source.now = stamp
        assert made._read(mount) == Listed("a", "Its description cannot be read (KeyError).")
        assert len(read) == times
    mount.problem = ArtifactError("It is so.")
    assert made._read(mount) == Listed("a", "It is so.")
    for name, words in (("api", "the server itself"), ("a%", "a sign that means something else")):
        assert words in made._described(name, mount.source).problem
        assert made._why_not(name)
    assert made._why_not("a") == ""


def test_deployments_are_listed_by_name() -> None:
    """In any letters."""
    made: Any = object.__new__(Fleet)
    made._changing, made._scan = Lock(), lambda: None
    made._mounts = {name: name for name in ("b", "A", "a", "C")}
    made._read = lambda mount: mount
    assert made.listed() == ["A", "a", "b", "C"]


def test_a_csv_answer_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that was CSV comes back as it was; other rows are written anew."""
    def fails(*_: Any) -> bytes:
        raise BatchError("It is so.")

    monkeypatch.setattr(answer_kinds.file_answers, "file_recorder", lambda: None)
    monkeypatch.setattr(answer_kinds.file_answers, "kept_file", lambda answer, *_: answer)
    monkeypatch.setattr(answer_kinds, "write_csv_rows", lambda *_: b"rows")
    monkeypatch.setattr(answer_kinds, "_csv_beside", lambda *_: b"beside")
    loaded: Any = None
    for kind, content in (("text/csv", b"beside"), ("application/json", b"rows")):
        with PREDICTING.test_request_context("/", method="POST", content_type=kind):
            answer = answer_kinds.csv_response(loaded, [], b"")
            assert (answer.get_data(), answer.content_type) == (content, "text/csv; charset=utf-8")
    monkeypatch.setattr(answer_kinds, "write_csv_rows", fails)
    with PREDICTING.test_request_context("/", method="POST", content_type="application/json"):
        with pytest.raises(InvalidInput) as refused:
            answer_kinds.csv_response(loaded, [], b"")
        assert refused.value.errors[0].say() == "It is so."


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"), ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/x-ndjson", "text/csv"), ("text/csv;q=0", "application/json"),
        ("application/x-ndjson;q=0.1", "application/x-ndjson"), ("TEXT/CSV", "text/csv"),
    ],
)  # fmt: skip
def test_an_answer_has_the_kind_that_is_named(accept: str, kind: str) -> None:
    """With the most weight, the first of equals; else JSON."""
    with PREDICTING.test_request_context("/", headers={"Accept": accept}):
        assert answer_kinds.asked_kind() == kind


@pytest.mark.parametrize(
    ("path", "most"),
    [("/batch", 9_000_000), ("/outcome/file", 9_000_000), ("/x", 100_000), ("/predict", 22_000),
     ("/compare", 88_000)],
)  # fmt: skip
def test_a_body_has_so_many_bytes(path: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file, of rows, and of a form by its fields, never more than of rows."""
    app = app_with(("/batch", "batch.upload"), ("/outcome/file", "outcome.file"), ("/x", "x"),
                   ("/predict", "form.predict"), ("/compare", "compare.change"))  # fmt: skip
    app.config |= {"MAX_UPLOAD": 9_000_000, "MAX_BODY": 100_000}
    loaded = SimpleNamespace(schema=insurance_schema())
    monkeypatch.setattr(body_limits, "deployment", lambda: loaded)
    with app.test_request_context(path, method="POST"):
        assert body_limits._most_bytes() == most
        app.config["MAX_BODY"] = 20_000
        assert body_limits._most_bytes() == min(most, 20_000 if most < 1e6 else most)


class Slow(Client):
    """A client's socket that takes what the test says."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair()
        super().__init__(ours, 5.0, 10)
        self.takes: list[int] = []

    def send(self, data: Any, _flags: int = 0) -> int:  # type: ignore[override]
        if not self.takes:
            raise BlockingIOError
        return min(self.takes.pop(0), len(data))


def test_what_a_client_does_not_take_is_kept_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its own, or of all; beyond it a thread waits."""
    monkeypatch.setattr(client_module, "MOST_UNSENT", 10)
    client = Slow()
    before = Client.held
    client.settimeout(None)
    client.takes = [5, 3]
    client.sendall(b"x" * 18)
    assert (len(client.unsent), client.takes, Client.held) == (10, [], before + 10)
    assert client.gettimeout() is None
    waited: list[Any] = []

    def waits(limit: Any, act: Any, size: Any) -> int:
        waited.append(limit)
        client.takes = [4]
        sent: int = size(act())
        return sent

    monkeypatch.setattr(client, "_waited", waits)
    client.sendall(b"y")
    assert (waited, len(client.unsent)) == ([None], 7)
    monkeypatch.setattr(client_module, "MOST_HELD", 0)
    client.sendall(b"")
    assert (len(waited), len(client.unsent)) == (3, 0)
    client.hold(b"abcdef")
    client.settimeout(2.0)
    client.takes = [2, 2]
    assert (client.send_unsent(), client.takes) == (2, [2])  # waits once
    client.settimeout(0)
    assert client.send_unsent() == 2
    client.close()
    client.theirs.close()
    assert Client.held == before


def test_a_client_has_so_much_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second's worth of bytes gives one back, and no more than there was."""
    now = 100.0
    monkeypatch.setattr(client_module.time, "monotonic", lambda: now)
    client = Slow()
    client.settimeout(None)
    limits: list[Any] = []

    def act(seconds: float) -> Any:
        def done() -> bytes:
            nonlocal now
            limits.append(client.gettimeout())
            now += seconds
            return b"x" * 10  # a second's worth

        return done

    assert client._waited(None, act(3.0), len) == b"x" * 10
    assert client._patience == 3.0
    client._waited(2.0, act(0.5), len)
    assert client._patience == 3.5
    client._waited(9.0, act(0.0), len)
    client._waited(9.0, act(0.0), len)
    assert client._patience == 5.0
    assert limits == [5.0, 2.0, 3.5, 4.5]
    with pytest.raises(ConnectionResetError, match="too slow"):
        client._waited(None, act(6.0), len)
    client.begin()
    assert client._patience == 5.0

    def late() -> None:
        raise TimeoutError

    with pytest.raises(ConnectionResetError, match="too slow"):
        client._waited(None, late, len)
    assert client.gettimeout() is None
    client.close()
    client.theirs.close()


def test_a_part_that_was_answered_is_taken() -> None:
    """An engine's own errors are one; one of ours, and Ctrl-C, are what they are."""
    run: Any = object.__new__(_Run)
    kept: dict[int, Any] = {}
    run._orders = [SimpleNamespace(part=Part("/f", "f.csv", "k"))] * 9
    run._kept = SimpleNamespace(keep=kept.__setitem__, done=kept)
    run._failed, run._by_worker, run._progress = {}, Counter(), None

    def taken(number: int, result: Any) -> None:
        future: Future[Any] = Future()
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
        run._take(number, future)

    good, bad = Scored("w"), Scored("w", failure=Failure("rows"))
    taken(0, good)
    taken(1, bad)
    assert (kept, run._failed, dict(run._by_worker)) == ({0: good}, {1: bad}, {"w": 1})
    for error, kind in (
        (ValueError("x"), EngineFailed), (BatchError("No."), BatchError),
        (KeyboardInterrupt(), KeyboardInterrupt), (SystemExit(), SystemExit),
        (Scored("w", failure=Failure("cut")), _Uncut),
    ):  # fmt: skip
        with pytest.raises(kind) as raised:
            taken(2, error)
        assert type(raised.value) is kind


DATE = Field("d", "date", "datetime64[ns]", label="Day", hint="When.")


@pytest.mark.parametrize(
    ("widget", "value", "error", "wrong", "first"),
    [
        ("radios", "", "No.", (), "field-0"), ("text", "x", "No.", ("field-0",), "field-0"),
        ("date", "2024-13-01", "No.", ("field-0-month",), "field-0-month"),
        ("date", "2024-13-40", "No.", ("field-0", "field-0-month"), "field-0"),
        ("date", "2024-01-01", "", ("field-0",), "field-0"),
    ],
)  # fmt: skip
def test_an_error_leads_to_the_input_at_fault(
    widget: str, value: str, error: str, wrong: tuple[str, ...], first: str
) -> None:
    """Of a date its parts, the day first; a group of radios is not marked."""
    names = ("d-day", "d-month", "d-year") if widget == "date" else ()
    control = Control(DATE, "field-0", widget, value, error, names)
    assert set(control.wrong_ids) == set(wrong)
    assert control.error_id in (first, *wrong)
    ids = ["field-0-hint", *(["field-0-error"] if error else [])]
    assert control.described_by == " ".join(ids)
    bare = replace(control, field=replace(DATE, hint=""), widget="text")
    assert bare.described_by == ("field-0-error" if error else "")


@pytest.mark.parametrize(
    ("changed", "widget", "hint"),
    [
        ({}, "text", "When."), ({}, "radios", "When."),
        ({}, "date", "When. For example, 31 1 2024."),
        ({"minimum": 0.0, "maximum": 86_400.0}, "date",
         "When. For example, 31 1 2024. Usually 1 January 1970 to 2 January 1970."),
        ({"minimum": 0.0, "maximum": 86_400.0}, "radios", "When."),
    ],
)  # fmt: skip
def test_a_control_says_what_it_takes(changed: dict[str, Any], widget: str, hint: str) -> None:
    """A date by an example, and what training had; radios say it themselves."""
    control = Control(replace(DATE, **changed), "field-0", widget, "", part_names=("a", "b", "c"))
    assert control.hint == hint


def test_an_engine_says_that_it_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not is not asked in a server's loop."""
    monkeypatch.delenv("TABLECAST_LOG", raising=False)
    for engine, quick in ((FormulaEngine(), False), (Quick(), True)):
        app = app_module.create_app(deploy("d", insurance_schema(), engine))
        assert app.config["QUICK"] is quick
        assert app.wsgi_app.quick is quick  # type: ignore[attr-defined]


class Quick(FormulaEngine):
    """One that needs no thread."""

    quick = True
