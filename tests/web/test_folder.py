"""A folder of deployments: each under its own path, listed on one page, none in another's way."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markup import Page, addresses

from benchmarks.copies import APART, write_copy
from tablecast.deployment import versions
from tablecast.errors import TablecastError
from tablecast.web import warmup
from tablecast.web.app import create_app, create_app_or_exit
from tablecast.web.mounts import mount
from tablecast.web.mounts.fleet import Fleet
from tests.deployments import SHIPPED

PATIENT = {
    "age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest",
}  # fmt: skip
HTML = {"Accept": "text/html"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three deployments, laid out in the three ways, and what is none."""
    models = tmp_path / "models"
    for number, base in enumerate(("first", "second/second", "third/1/third", "third/2/third"), 1):
        write_copy(models / base, number)
    (models / "tables").mkdir()
    (models / "tables" / "x.csv").touch()
    (models / "README.md").touch()
    return models


def serving(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Flask:
    """The application as a server starts it."""
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", str(folder))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    app = create_app_or_exit(create_app)
    warmup.rehearse(app)
    return app


@pytest.fixture
def app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An application for that folder, which looks at its files for each request."""
    monkeypatch.setattr(mount, "FRESHNESS", 0)
    monkeypatch.setattr("tablecast.web.mounts.fleet.FRESHNESS", 0)
    return serving(folder, monkeypatch)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def predicted(client: FlaskClient, path: str) -> float:
    """The prediction for the patient."""
    response = client.post(f"{path}/predict_api", json=PATIENT)
    assert response.status_code == 200, response.text
    return float(response.text)


def listed(client: FlaskClient) -> dict[str, dict[str, Any]]:
    """The list as JSON, by name."""
    body = client.get("/", headers={"Accept": "application/json"}).get_json()
    return {one["name"]: one for one in body["deployments"]}


def test_each_answers_under_its_own_name(client: FlaskClient) -> None:
    """The same row gets each deployment's own prediction, in either API."""
    first = predicted(client, "/first")
    assert predicted(client, "/second") == pytest.approx(first + APART)
    assert predicted(client, "/third") == pytest.approx(first + 2 * APART)
    full = client.post("/second/api/v1/predict", json=PATIENT).get_json()
    assert full["model"] == {
        "name": "second", "version": "2", "created": full["model"]["created"]
    }


def test_the_list_says_what_each_predicts(client: FlaskClient) -> None:
    """Title, target, version and date of each, with a link to its form."""
    page = client.get("/").text
    for title, name, version in (("Title 1", "first", "1"), ("Title 3", "third", "3")):
        assert f'<a href="/{name}/">{title}<br>' in page
        assert f'<td class="figure">{version}</td>' in page
    assert page.count("Estimated charges for the year") == 3
    assert listed(client)["second"]["url"] == "/second/"
    assert listed(client).keys() == {"first", "second", "third"}


def test_every_page_and_link_stays_below_its_name(client: FlaskClient) -> None:
    """Whatever a page of a deployment leads to, or loads, is there."""
    for page in ("/", "/model", "/batch", "/docs", "/compare"):
        html = client.get(f"/second{page}", headers=HTML).text
        for address in sorted(set(addresses(html))):
            if address.startswith("/"):
                assert address == "/" or address.startswith("/second/"), address
                path = address.partition("#")[0]
                with client.get(path, headers=HTML) as loaded:
                    assert loaded.status_code in (200, 405), address


def test_a_proxy_may_add_a_prefix(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind X-Forwarded-Prefix, addresses begin with it, then with the name."""
    client = serving(folder, monkeypatch, TABLECAST_PROXIES="*").test_client()
    behind = {**HTML, "X-Forwarded-Prefix": "/models"}
    assert 'href="/models/first/"' in client.get("/", headers=behind).text
    form = client.get("/first/", headers=behind).text
    assert 'action="/models/first/predict#result"' in form
    assert 'href="/models/"' in form
    moved = client.get("/first", headers=behind)
    assert moved.headers["Location"].endswith("/models/first/")
    document = client.get("/first/openapi.json", headers=behind).get_json()
    assert document["servers"][0]["url"].endswith("/models/first")


def test_a_name_alone_leads_to_its_form(client: FlaskClient) -> None:
    """What the address asks for comes along; a form that is sent there stays one."""
    moved = client.get("/first?age=20")
    assert moved.status_code == 308
    assert moved.headers["Location"].endswith("/first/?age=20")


def test_the_server_as_a_whole_is_watched(client: FlaskClient) -> None:
    """Liveness, readiness and metrics have the addresses that they have for one deployment."""
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").text == "ready\n"
    assert "tablecast_requests_total" in client.get("/metrics").text


@pytest.mark.parametrize(
    "path",
    ["/nothing/", "/nothing/predict_api", "/README.md", "/tables/", "/../first/",
     "/first.onnx", "/%00/", "/first/nothing"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    """An unknown name is a plain 404, as a page and as a problem."""
    assert client.get(path, headers=HTML).status_code == 404
    assert client.get(path).mimetype == "application/problem+json"


def test_a_broken_one_stops_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed with the reason; asked, it says that it cannot answer; the others do."""
    with (folder / "first.onnx").open("ab") as file:
        file.write(b"x")
    (folder / "odd").mkdir()
    for name in ("other", "another"):
        shutil.copy(f"{SHIPPED}.onnx", folder / "odd" / f"{name}.onnx")
    client = serving(folder, monkeypatch).test_client()
    assert "damaged" in listed(client)["first"]["problem"]
    assert "There is no odd.onnx" in listed(client)["odd"]["problem"]
    assert "damaged" in client.get("/").text
    refused = client.post("/first/predict_api", json=PATIENT)
    assert refused.status_code == 503
    assert "first cannot be used" in refused.get_json()["detail"]
    assert client.get("/first/", headers=HTML).status_code == 503
    assert predicted(client, "/second") > 0


def test_a_folder_that_holds_none_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says what belongs there."""
    with pytest.raises(SystemExit, match="holds no deployment"):
        serving(tmp_path, monkeypatch)


def test_a_folder_of_broken_ones_stops_the_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a single broken one does, with the reason."""
    for path in folder.rglob("*.sha256"):
        path.unlink()
    with pytest.raises(SystemExit, match=r"Nothing in .* can be served. first: There is no first"):
        serving(folder, monkeypatch)


@pytest.mark.parametrize(
    "name",
    ["a b", "größe", "数据", "<b>x<|b>", 'q"uo\'te', "a&b=c", "plus+", "semi;colon",
     "-dash", "emoji😀", "a.b.c"],
)  # fmt: skip
def test_a_name_may_be_odd(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The list's link leads to the form, whose links work, whatever the file is called."""
    write_copy(folder / name, 7)
    client = serving(folder, monkeypatch).test_client()
    page = client.get("/").text
    assert "<b>x" not in page
    address = listed(client)[name]["url"]
    assert f'href="{address}"' in page
    form = client.get(address, headers=HTML)
    assert form.status_code == 200
    (action,) = {one for one in addresses(form.text) if one.endswith("/predict#result")}
    sent = client.post(action.partition("#")[0], data=PATIENT, headers=HTML)
    assert sent.status_code == 200
    assert predicted(client, address.rstrip("/")) > 0


@pytest.mark.parametrize(
    "name",
    ["static", "metrics", "healthz", "sign-in", "api", "line\nbreak", " space", "tab\t",
     "per%20cent", "what?", "#hash"],
)
def test_a_name_that_cannot_be_an_address_is_listed_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The server's own addresses stay what they are."""
    write_copy(folder / name, 7)
    client = serving(folder, monkeypatch).test_client()
    assert "Rename it" in listed(client)[name]["problem"]
    assert client.get("/metrics").mimetype == "text/plain"
    with client.get("/static/tablecast.css") as style:
        assert style.mimetype == "text/css"


@pytest.mark.skipif(os.name != "posix", reason="names of bytes are POSIX's")
def test_a_name_that_is_no_text_is_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose name is not UTF-8 neither stops the start nor breaks the list."""
    for ending in (b".onnx", b".onnx.sha256"):
        bad = os.fsencode(folder) + b"/bad\xff" + ending
        shutil.copy(os.fsencode(f"{SHIPPED}{ending.decode()}"), bad)
    client = serving(folder, monkeypatch).test_client()
    assert client.get("/").status_code == 200
    assert predicted(client, "/first") > 0


def test_what_is_open_is_at_hand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request for it neither looks at the files nor opens anything."""
    fleet = Fleet(folder, "onnx", 2)
    monkeypatch.setattr(mount, "FRESHNESS", 3600)
    assert (fleet.ready("first"), fleet.ready("none")) == (None, None)
    opened = fleet.open("first")
    shutil.rmtree(folder)
    assert opened is not None
    assert fleet.ready("first") is opened


def test_what_comes_and_goes_is_noticed(client: FlaskClient, folder: Path) -> None:
    """A new deployment is served without a restart; one that is gone is not found."""
    write_copy(folder / "fourth", 5)
    assert predicted(client, "/fourth") > predicted(client, "/first")
    assert "fourth" in listed(client)
    (folder / "first.onnx").unlink()
    assert client.get("/first/", headers=HTML).status_code in (404, 503)
    assert "first" not in listed(client)


def test_a_changed_file_is_noticed(client: FlaskClient, folder: Path) -> None:
    """A deployment that is trained again under its name answers from then on."""
    before = predicted(client, "/first")
    write_copy(folder / "first", 9, "Nine")
    assert predicted(client, "/first") == pytest.approx(before + 8 * APART)
    assert "Nine" in client.get("/first/", headers=HTML).text
    assert listed(client)["first"]["title"] == "Nine"


def test_a_version_is_switched(client: FlaskClient, folder: Path) -> None:
    """The pages, the API and the list are the other version's from then on."""
    before = predicted(client, "/third")
    versions.switch(folder / "third", "2")
    assert predicted(client, "/third") == pytest.approx(before + APART)
    assert listed(client)["third"]["version"] == "4"
    assert "Title 4" in client.get("/third/model", headers=HTML).text


def test_few_are_open_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are asked, no more are open than the setting says; each answers again."""
    for number in range(8):
        write_copy(folder / f"more-{number}", number)
    app = serving(folder, monkeypatch, TABLECAST_MOST_OPEN="3")
    client = app.test_client()
    for _ in range(2):
        for number in range(8):
            assert predicted(client, f"/more-{number}") > 0
        assert len(app.extensions["fleet"]._open) == 3
        assert sum(one._opened is not None for one in app.extensions["fleet"]._mounts.values()) == 3


def test_keys_hold_for_all(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The list and every deployment want a key; who signs in at one is signed in at all."""
    from tablecast.cli.main import main

    keys = tmp_path / "keys.jsonl"
    assert main(["keys", "add", "anna", "--role", "ask", "--file", str(keys)]) == 0
    client = serving(folder, monkeypatch, TABLECAST_KEYS=str(keys)).test_client()
    assert client.post("/first/predict_api", json=PATIENT).status_code == 401
    assert client.get("/", headers={"Accept": "application/json"}).status_code == 401
    closed = client.get("/first/", headers=HTML)
    assert closed.status_code == 303
    assert closed.headers["Location"].startswith("/first/sign-in")
    assert client.get("/first/sign-in", headers=HTML).status_code == 200
    assert client.get("/healthz").status_code == 200
    cookies = client.get("/sign-in", headers=HTML).headers.getlist("Set-Cookie")
    assert all("Path=/;" in cookie or cookie.endswith("Path=/") for cookie in cookies)


def test_a_limit_is_one_for_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to different deployments count together."""
    client = serving(folder, monkeypatch, TABLECAST_RATE="2/m").test_client()
    statuses = [
        client.post(f"/{name}/predict_api", json=PATIENT).status_code
        for name in ("first", "second", "third")
    ]
    assert statuses == [200, 200, 429]


def test_the_log_names_the_deployment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A line of the access log has the address's route, quick answers included."""
    app = serving(folder, monkeypatch)
    client = app.test_client()
    mine = {"X-Request-Id": "mine"}
    for _ in range(2):
        client.post("/first/predict_api", json=PATIENT, headers=mine)
    client.get("/second/model", headers=HTML | mine)
    app.extensions["access_log"].write()
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["route"] for line in lines if line["id"] == "mine"] == [
        "/first/predict_api", "/first/predict_api", "/second/model"
    ]


def test_a_form_file_is_for_one_deployment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not fit the others."""
    monkeypatch.setenv("TABLECAST_FORM_FILE", "form.toml")
    monkeypatch.setenv("TABLECAST_DEPLOYMENT", str(folder))
    with pytest.raises(TablecastError, match="for one deployment"):
        create_app()


def test_who_signs_in_gets_to_where_they_wanted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Below a deployment's name and a proxy's prefix, too; and is then signed in at all of them."""
    from tablecast.cli.main import main

    keys = tmp_path / "keys.jsonl"
    assert main(["keys", "add", "anna", "--role", "ask", "--file", str(keys)]) == 0
    (key,) = re.findall(r"tc_\S{20,}", capsys.readouterr().out)
    client = serving(
        folder, monkeypatch, TABLECAST_KEYS=str(keys), TABLECAST_PROXIES="*"
    ).test_client()
    behind = {**HTML, "X-Forwarded-Prefix": "/at"}
    closed = client.get("/first/?age=20", headers=behind).headers["Location"]
    assert closed.startswith("/at/first/sign-in")
    fields = {
        one["name"]: one["value"]
        for one in Page(client.get(closed.removeprefix("/at"), headers=behind).text).elements
        if one.tag == "input" and one.get("type") == "hidden"
    }
    # The test's client does not know of the proxy, which the cookie's path names.
    client.set_cookie("tablecast_token", fields["token"])
    signed = client.post("/first/sign-in", data={**fields, "key": key}, headers=behind)
    assert (signed.status_code, signed.headers["Location"]) == (303, "/at/first/?age=20")
    cookie = next(one for one in signed.headers.getlist("Set-Cookie") if "session" in one)
    assert "Path=/at/" in cookie
    client.set_cookie("tablecast_session", cookie.partition("=")[2].partition(";")[0].strip('"'))
    assert client.get("/second/", headers=behind).status_code == 200
    assert client.get("/", headers=behind).status_code == 200


def test_a_folder_of_its_own_may_hold_another_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only deployment in a folder is the folder's, whatever its files are called."""
    write_copy(folder / "plain" / "trained", 5)
    for version in ("1", "2"):
        write_copy(folder / "versioned" / version / "trained", int(version))
    versions.switch(folder / "versioned", "2")
    client = serving(folder, monkeypatch).test_client()
    first = predicted(client, "/first")
    assert predicted(client, "/plain") == pytest.approx(first + 4 * APART)
    assert predicted(client, "/versioned") == pytest.approx(first + APART)
    assert not any(one["problem"] for one in listed(client).values())
