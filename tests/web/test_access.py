"""Keys, roles, sessions and rates: who may ask what, on every route."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from deployments import shipped_deployment
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from tablecast.cli.main import main
from tablecast.web.access import keyring as keyring_module
from tablecast.web.access.key_file import GRANTS, Role, new_key, read_file, write_file
from tablecast.web.access.keyring import Keyring
from tablecast.web.access.places import Places
from tablecast.web.http.access import open_to_all
from tablecast.web.http.proxies import Sender
from tablecast.web.http.roles import FORM, PUBLIC, ROLES
from tablecast.web.pages import blueprints
from tests.started import started

ROW = {"age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest"}
HTML = {"Accept": "text/html"}
SESSION = "tablecast_session"


class Server:
    """An application with a key of each role."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
        self.file = folder / "keys.jsonl"
        made = {role: new_key(f"{role}-key", role) for role in get_args(Role)}
        self.keys = {role: secret for role, (secret, _) in made.items()}
        write_file(self.file, [key for _, key in made.values()])
        monkeypatch.setenv("TABLECAST_KEYS", str(self.file))
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(keyring_module, "FRESHNESS", 0.0)
        self.app: Flask = started(shipped_deployment("onnx"))

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def add(self, name: str, **options: Any) -> str:
        secret, key = new_key(name, options.pop("role", "ask"), **options)
        write_file(self.file, [*read_file(self.file), key])
        return secret

    def signed_in(self, key: str) -> FlaskClient:
        client = self.client
        page = client.get("/sign-in", headers=HTML).text
        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token
        answer = client.post("/sign-in", data={"key": key, "token": token[1], "next": "/"})
        assert answer.status_code == 303, answer.text
        return client


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Server]:
    """One without a prediction log and one with it, for tests that change nothing."""
    plain, logged = (tmp_path_factory.mktemp(name) for name in ("plain", "logged"))
    with pytest.MonkeyPatch.context() as patch:  # settings are read at the start alone
        without = Server(plain, patch)
        log = f"sqlite:///{logged / 'log.db'}"
        settings = {"TABLECAST_LOG": log, "TABLECAST_ACCESS_LOG": "off"}
        return {False: without, True: Server(logged, patch, **settings)}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def logged_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """One with a prediction log, which has more routes."""
    return Server(tmp_path, monkeypatch, TABLECAST_LOG=f"sqlite:///{tmp_path / 'log.db'}")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def routes(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_route_is_in_the_table(logged_server: Server) -> None:
    """A route that nobody has given a role fails here; so does a role without a route."""
    assert sorted(routes(logged_server.app)) == sorted(ROLES)


blueprints()  # each page adds its role


@pytest.mark.parametrize(("method", "rule"), sorted(ROLES))
@pytest.mark.parametrize("role", [*get_args(Role), None])
def test_each_role_opens_what_it_should(
    servers: dict[bool, Server], method: str, rule: str, role: str | None
) -> None:
    """Every route by every method with every role, and with no key at all."""
    server = servers["outcome" in rule or rule == "/api/v1/watch"]
    path = rule.replace("<path:filename>", "form.js")
    headers = bearer(server.keys[role]) if role else {}
    with server.client.open(path, method=method, headers=headers) as answer:
        status = answer.status_code
    wanted = ROLES[method, rule]
    if wanted == PUBLIC or (role and ("ask" if wanted == FORM else wanted) in GRANTS[role]):
        assert status not in (401, 403, 429)
    else:
        assert status == (403 if role else 401)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "POST"])
def test_other_methods_open_nothing(server: Server, method: str) -> None:
    """A method that a route does not have is refused, whatever it wants."""
    assert server.client.open("/metrics", method=method).status_code in (401, 405)


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer tc_" + "A" * 43, "tc_" + "A" * 43,
        "Bearer " + "x" * 5000, "Bearer a b", "Bearer kéy",
    ],
)
def test_a_wrong_key_is_told_nothing(server: Server, header: str) -> None:
    """401 as a problem with a challenge, and no word on which part was wrong."""
    headers = {"Authorization": header.encode("utf-8").decode("latin-1")}
    answer = server.client.post("/predict_api", json=ROW, headers=headers)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="tablecast"')
    assert "deployment" not in answer.text


def test_a_right_key_of_another_role_is_told_which_it_needs(server: Server) -> None:
    """403 names the key's role and the role that is needed."""
    answer = server.client.get("/metrics", headers=bearer(server.keys["ask"]))
    assert answer.status_code == 403
    assert "ask" in answer.json["detail"]
    assert "watch" in answer.json["detail"]
    assert 'scope="watch"' in answer.headers["WWW-Authenticate"]


def test_a_key_in_the_address_is_refused_with_a_warning(server: Server) -> None:
    """Addresses are logged: a key there is not taken, and its owner is told to replace it."""
    answer = server.client.get(f"/api/v1/model?key={server.keys['ask']}")
    assert answer.status_code == 401
    assert "address" in answer.json["detail"]
    assert server.keys["ask"] not in answer.text


def test_an_expired_key_opens_nothing(server: Server) -> None:
    """Valid on its last day, and not on the next."""
    old = bearer(server.add("old", until=date.today() - timedelta(days=2)))
    new = bearer(server.add("new", until=date.today() + timedelta(days=1)))
    assert server.client.post("/predict_api", json=ROW, headers=old).status_code == 401
    assert server.client.post("/predict_api", json=ROW, headers=new).status_code == 200


def test_a_revoked_key_opens_nothing_without_a_restart(server: Server) -> None:
    """The file is read again; a file with a fault leaves the keys as they were."""
    key = server.add("short")
    assert server.client.post("/predict_api", json=ROW, headers=bearer(key)).status_code == 200
    assert main(["keys", "revoke", "short", "--file", str(server.file)]) == 0
    assert server.client.post("/predict_api", json=ROW, headers=bearer(key)).status_code == 401
    server.file.write_text("no key\n")
    right = bearer(server.keys["ask"])
    assert server.client.post("/predict_api", json=ROW, headers=right).status_code == 200
    server.file.unlink()
    assert server.client.post("/predict_api", json=ROW, headers=right).status_code == 401


@pytest.mark.parametrize("ends", ["revoked", "expires"])
def test_a_key_that_was_let_through_is_looked_for_again(
    server: Server, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """Its requests are not looked up one by one, and still it is refused once it is of no use."""
    secret = server.add("short", until=date.today() + timedelta(days=1))
    access = server.app.extensions["access"]
    key = access.keyring.find(secret)
    monkeypatch.setattr(keyring_module, "FRESHNESS", 0.2)
    sender = Sender(authorization=f"Bearer {secret}")
    if ends == "expires":
        key.__dict__["ends"] = time.time() + 0.2
        access.keyring.fresh_until = math.inf
    asked: list[str] = []
    monkeypatch.setattr(
        type(access.keyring), "find", lambda self, key, find=Keyring.find: (
            asked.append(key) or find(self, key)
        )
    )
    assert access.let_through(sender, str) == "short"
    if ends == "revoked":
        assert main(["keys", "revoke", "short", "--file", str(server.file)]) == 0
    let_through, began = 1, time.monotonic()
    while access.let_through(sender, str):
        let_through += 1
        assert time.monotonic() - began < 5
    assert let_through > 20 * len(asked)
    assert access.let_through(Sender(authorization="Bearer tc_wrong"), str) is None
    assert set(access.admitted) <= {sender.authorization}


def test_a_key_that_is_known_keeps_its_rate(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 1,000 in a day, exactly so many are answered, on the fast path and beside it."""
    monkeypatch.setattr(keyring_module, "FRESHNESS", 60.0)
    header = bearer(server.add("many", rate="1000/d"))
    client = server.client
    bodies = [ROW, [ROW]] * 510
    statuses = [client.post("/predict_api", json=body, headers=header).status_code
                for body in bodies]
    assert statuses == [200] * 1000 + [429] * 20


def test_a_rate_is_kept_and_says_when_to_come_back(server: Server) -> None:
    """The sixth request of five a minute is 429 with Retry-After, on either prediction route."""
    key = bearer(server.add("slow", rate="5/m"))
    paths = ["/predict_api", "/api/v1/predict"]
    answers = [server.client.post(paths[i % 2], json=ROW, headers=key) for i in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 0 < int(answers[5].headers["Retry-After"]) <= 60
    assert answers[5].mimetype == "application/problem+json"


def test_a_request_with_an_error_counts_once(server: Server) -> None:
    """What the fast path hands on to the application is not counted by both."""
    key = bearer(server.add("slow", rate="3/m"))
    wrong = {**ROW, "age": "x"}
    statuses = [
        server.client.post("/predict_api", json=wrong, headers=key).status_code for _ in range(4)
    ]
    assert statuses == [422, 422, 422, 429]


def test_guessing_is_slowed_down(server: Server) -> None:
    """Twenty wrong keys a minute from one address, then 429, while right keys go on."""
    client, wrong = server.client, bearer("tc_wrong")
    statuses = [client.get("/api/v1/model", headers=wrong).status_code for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    right = bearer(server.keys["ask"])
    assert client.get("/api/v1/model", headers=right).status_code == 200


def test_an_address_without_a_key_has_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """TABLECAST_RATE limits each address; liveness is never limited."""
    monkeypatch.setenv("TABLECAST_RATE", "2/m")
    client = started(shipped_deployment("onnx")).test_client()
    statuses = [client.post("/predict_api", json=ROW).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    other = client.post("/predict_api", json=ROW, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert other.status_code == 200
    assert client.get("/healthz").status_code == 200


def test_a_network_has_one_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another address of the same IPv6 network does not begin anew, on the fast path and beside."""
    monkeypatch.setenv("TABLECAST_RATE", "3/d")
    client = started(shipped_deployment("onnx")).test_client()
    statuses = [
        client.post(
            "/predict_api", json=body, environ_base={"REMOTE_ADDR": f"2001:db8::{last}"}
        ).status_code
        for last, body in enumerate([ROW, [ROW], ROW, ROW, [ROW]])
    ]
    assert statuses == [200, 200, 200, 429, 429]
    other = {"REMOTE_ADDR": "2001:db8:0:1::1"}
    assert client.post("/predict_api", json=ROW, environ_base=other).status_code == 200


def test_the_document_says_which_routes_want_a_key(server: Server) -> None:
    """The OpenAPI document is valid, names both ways to send a key, and every refusal."""
    document = server.client.get("/openapi.json", headers=bearer(server.keys["ask"])).json
    validate(document)
    assert set(document["components"]["securitySchemes"]) == {"key", "session"}
    assert document["paths"]["/healthz"]["get"]["security"] == []
    responses = document["paths"]["/predict_api"]["post"]["responses"]
    assert {"401", "403", "429"} <= set(responses)


def test_without_keys_the_document_asks_for_none() -> None:
    """A server that is open to everybody says so, as before."""
    document = started(shipped_deployment("onnx")).test_client().get("/openapi.json").json
    assert document["security"] == []
    assert "securitySchemes" not in document["components"]


# People


def test_a_person_is_sent_to_sign_in_and_back(server: Server) -> None:
    """The form sends to the sign-in page, which leads back to the address that was asked for."""
    client = server.client
    answer = client.get("/?age=39", headers=HTML)
    assert answer.status_code == 303
    page = client.get(answer.location, headers=HTML).text
    assert 'name="next" value="/?age=39"' in page
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    sent = {"key": f" {server.keys['ask']} ", "token": token[1], "next": "/?age=39"}
    signed = client.post("/sign-in", data=sent)
    assert (signed.status_code, signed.location) == (303, "/?age=39")
    cookie = signed.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert server.keys["ask"] not in cookie
    assert client.get("/?age=39", headers=HTML).status_code == 200
    assert client.get("/batch", headers=HTML).status_code == 403


def test_the_sign_in_page_tells_nothing_of_the_deployment(server: Server) -> None:
    """Whoever has no key learns neither its name nor its title."""
    title = server.app.extensions["tablecast"].current().loaded.schema.title
    for path in ("/sign-in", "/metrics"):
        text = server.client.get(path, headers=HTML, follow_redirects=True).text
        assert title not in text
        assert "deployment_28042020" not in text


def test_a_wrong_key_keeps_the_person_on_the_page(server: Server) -> None:
    """The page says what is wrong beside the field, and keeps where the person wanted to go."""
    client = server.client
    token = re.search(r'name="token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    answer = client.post("/sign-in", data={"key": "x", "token": token[1], "next": "/model"})
    assert answer.status_code == 422
    assert 'href="#key"' in answer.text
    assert 'value="/model"' in answer.text


def test_guessing_at_the_sign_in_page_is_slowed_down_too(server: Server) -> None:
    """Programs and the page share the twenty wrong keys, and both say how long to wait."""
    client = server.client
    token = re.search(r'name="token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    answers = [
        client.post("/sign-in", data={"key": f"tc_{place}", "token": token[1]})
        for place in range(21)
    ]
    assert [answer.status_code for answer in answers] == [422] * 20 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert client.get("/api/v1/model", headers=bearer("tc_wrong")).status_code == 429


def test_signing_in_needs_the_pages_token(server: Server) -> None:
    """A form of another site cannot sign a browser in."""
    answer = server.client.post("/sign-in", data={"key": server.keys["ask"], "token": "x"})
    assert answer.status_code == 422
    assert SESSION not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "\x00/", ""],
)
def test_signing_in_leads_nowhere_else(server: Server, address: str) -> None:
    """An address of another site leads to the form."""
    client = server.client
    token = re.search(r'name="token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    sent = {"key": server.keys["ask"], "token": token[1], "next": address}
    assert client.post("/sign-in", data=sent).location == "/"


def test_another_site_cannot_send_with_the_cookie(server: Server) -> None:
    """A POST that a page elsewhere sends is refused; one of this site is answered."""
    client = server.signed_in(server.keys["ask"])
    there = client.post("/predict", data=ROW, headers={"Origin": "https://evil.example"})
    here = client.post("/predict", data=ROW, headers={"Origin": "http://localhost"})
    assert (there.status_code, here.status_code) == (403, 200)


def test_another_site_cannot_sign_somebody_in(server: Server) -> None:
    """Not even one that could set the page's cookie, as a site beside this one can."""
    client = server.client
    client.set_cookie("tablecast_token", "chosen")
    sent = {"key": server.keys["ask"], "token": "chosen"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
        answer = client.post("/sign-in", data=sent, headers=headers | HTML)
        assert answer.status_code == 403
        assert client.get_cookie(SESSION) is None


def test_another_site_cannot_sign_somebody_out(server: Server) -> None:
    """Only a page of this site can, as only one can sign in."""
    client = server.signed_in(server.keys["ask"])
    there = client.post("/sign-out", data={"a": ""}, headers={"Origin": "https://evil.example"})
    assert there.status_code == 403
    assert client.get_cookie(SESSION) is not None
    here = client.post("/sign-out", data={"a": ""}, headers={"Origin": "http://localhost"})
    assert here.status_code == 303
    assert client.get_cookie(SESSION) is None


def test_a_session_ends_with_its_key(server: Server) -> None:
    """Signing out, a changed cookie and a revoked key all end it."""
    key = server.add("person")
    client = server.signed_in(key)
    assert client.get("/", headers=HTML).status_code == 200
    cookie = client.get_cookie(SESSION)
    assert cookie
    client.set_cookie(SESSION, cookie.decoded_value.replace("person", "ask-key"))
    assert client.get("/", headers=HTML).status_code == 303
    client.set_cookie(SESSION, cookie.decoded_value)
    assert client.get("/", headers=HTML).status_code == 200
    write_file(server.file, [one for one in read_file(server.file) if one.name != "person"])
    assert client.get("/", headers=HTML).status_code == 303


def test_the_form_can_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TABLECAST_FORM=open lets everybody fill in the form, and programs still need a key."""
    client = Server(tmp_path, monkeypatch, TABLECAST_FORM="open").client
    assert client.get("/", headers=HTML).status_code == 200
    assert client.post("/predict", data=ROW).status_code == 200
    assert client.post("/predict_api", json=ROW).status_code == 401


# At the same time


def test_a_key_has_so_many_places(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is answered a second is 429 with Retry-After, a row too; other keys go on."""
    monkeypatch.setenv("TABLECAST_AT_ONCE", "1")
    app = started(shipped_deployment("onnx"))
    client, ask, batch = app.test_client(), server.keys["ask"], server.keys["batch"]
    meanwhile: list[Any] = []

    def asking() -> None:
        other = app.test_client()
        for key in (ask, batch):
            meanwhile.append(other.post("/predict_api", json=ROW, headers=bearer(key)))
        meanwhile.append(other.get("/healthz", headers=bearer(ask)))

    def slow_answer() -> str:
        thread = threading.Thread(target=asking)
        thread.start()
        thread.join()
        return ""

    monkeypatch.setitem(app.view_functions, "api.model", slow_answer)
    for _again in range(2):
        assert client.get("/api/v1/model", headers=bearer(ask)).status_code == 200
    assert [answer.status_code for answer in meanwhile] == [429, 200, 200] * 2
    assert meanwhile[0].headers["Retry-After"] == "1"
    assert meanwhile[0].mimetype == "application/problem+json"
    assert client.post("/predict_api", json=ROW, headers=bearer(ask)).status_code == 200


def test_a_place_is_free_again_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a request ends, its address may ask again; without keys there are places too."""
    monkeypatch.setenv("TABLECAST_AT_ONCE", "1")
    app = started(shipped_deployment("onnx"))
    monkeypatch.setitem(app.view_functions, "api.model", lambda: 1 / 0)
    statuses = [app.test_client().get("/api/v1/model").status_code for _ in range(3)]
    assert statuses == [500] * 3
    assert app.test_client().get("/model").status_code == 200


def test_processes_share_the_places(tmp_path: Path) -> None:
    """What one process holds another cannot take, until it gives it back or dies."""
    places = Places(2, tmp_path)
    held = [places.take("key:a") for _ in range(3)]
    assert held == [0, 1, None]
    assert places.take("key:b") == 0
    assert taken_elsewhere(tmp_path) == ["None"]
    places.give_back("key:a", 0)
    assert taken_elsewhere(tmp_path) == ["0"]
    assert taken_elsewhere(tmp_path) == ["0"]  # the process that held it has ended


def taken_elsewhere(folder: Path) -> list[str]:
    """The place that another process gets of two, which then ends without giving it back."""
    code = (
        "import sys, pathlib; from tablecast.web.access.places import Places; "
        "print(Places(2, pathlib.Path(sys.argv[1])).take('key:a'))"
    )
    run = [sys.executable, "-c", code, str(folder)]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()


# At the start


@pytest.mark.parametrize(
    ("host", "keys", "warned"),
    [
        ("0.0.0.0", "", True), ("::", "", True), ("[::]", "", True), ("10.0.0.7", "", True),
        ("example.com", "", True), ("127.0.0.1", "", False), ("[::1]", "", False),
        ("localhost", "", False), ("0.0.0.0", "keys.jsonl", False),
    ],
)
def test_a_server_that_is_open_to_all_says_so(host: str, keys: str, warned: bool) -> None:
    """On an address that others can reach, without keys, one line says what to do."""
    sentence = open_to_all(host, {"keys": keys})
    assert bool(sentence) is warned
    assert not warned or (host in sentence and "TABLECAST_KEYS" in sentence)
    assert "\n" not in sentence
