"""The page of the API: read without JavaScript, tried with it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
import served
from flask.testing import FlaskClient

from tablecast.web.docs.operations import MOST_SHOWN, _beginning
from tests.explained import of_many_fields
from tests.started import started

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: A page and all that it loads, in bytes: a second on a slow telephone.
MOST_BYTES = 150_000


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return served.regression_app().test_client()


@pytest.fixture(scope="module")
def html(client: FlaskClient) -> str:
    return client.get("/docs").get_data(as_text=True)


def code_beside(html: str, label: str) -> str:
    """The text of the code that has this accessible name."""
    found = re.search(f'aria-label="{label}"><code>(.*?)</code>', html, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def test_every_operation_is_on_the_page(client: FlaskClient, html: str) -> None:
    """Each operation of the document has a heading to link to, its path and a curl command."""
    for path, methods in client.get("/openapi.json").get_json()["paths"].items():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in html
            assert f"/{path.lstrip('/')}" in code_beside(html, f"curl command for {path}")


def test_every_field_is_on_the_page(client: FlaskClient, html: str) -> None:
    """A field's name stands there as it must be sent, however odd, with what is accepted."""
    text = unescape(html)
    schemas = client.get("/openapi.json").get_json()["components"]["schemas"]
    for name in schemas["Row"]["properties"]:
        assert f"<code>{name}</code>" in text
    assert "Diesel, LPG/ÖKO <1>" in text
    assert "2020-03-01 to 2020-06-28" in text


@pytest.mark.parametrize("path", ["/predict_api", "/api/v1/predict"])
def test_curl_example_sends_a_valid_row(client: FlaskClient, html: str, path: str) -> None:
    """The command's body, as a shell reads it, is answered."""
    words = shlex.split(code_beside(html, f"curl command for {path}").replace("\\\n", " "))
    assert words[0] == "curl"
    assert words[words.index("-H") + 1] == "Content-Type: application/json"
    body = words[words.index("-d") + 1]
    assert client.post(path, data=body, content_type="application/json").status_code == 200


def test_python_example_runs(
    client: FlaskClient, html: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program, started against a real server, prints the answer of the page."""
    program = code_beside(html, "Python program for /predict_api")
    with served.server(client.application) as address:
        exec(program.replace("http://localhost", address), {})
    assert json.loads(capsys.readouterr().out) == 0.5


@pytest.mark.thorough
def test_a_wide_tables_page_is_light_too() -> None:
    """Of an answer that is long, such as the card of eighty fields, the page shows the beginning.

    What is sent stands there whole: it can be pasted.
    """
    page = started(of_many_fields(80)).test_client().get("/docs").get_data(as_text=True)
    assert len(page.encode()) < MOST_BYTES
    card = code_beside(page, "Example response of /api/v1/model")
    assert card.startswith('{\n  "name": "explained"')
    assert card.endswith("\n…")
    body = re.search(r'<textarea[^>]*id="predict-body"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert body is not None
    assert len(json.loads(unescape(body[1]))) == 80


def test_page_is_light_and_loads_nothing_from_elsewhere(client: FlaskClient, html: str) -> None:
    """Page, styles and scripts are small, ours, and none is inline, as the policy demands."""
    loaded = re.findall(r'<(?:link|script|img)[^>]*(?:href|src)="([^"]+)"', html)
    assert {"/static/docs.css", "/static/docs.js"} <= {one.partition("?")[0] for one in loaded}
    assert all(address.startswith("/static/") for address in loaded)
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on[a-z]+=", html)
    size = len(html.encode())
    for address in loaded:
        with client.get(address) as response:
            size += len(response.data)
    assert size < MOST_BYTES


def test_page_knows_where_it_is_mounted(client: FlaskClient) -> None:
    """Behind a prefix, the requests that the page sends and shows carry it."""
    html = client.get("/docs", environ_overrides={"SCRIPT_NAME": "/forms"}).get_data(as_text=True)
    assert 'data-path="/forms/predict_api"' in html
    assert "http://localhost/forms/predict_api" in html


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served.server(served.regression_app()) as address:
        yield address


@pytest.fixture
def page(address: str, browser: Browser) -> Iterator[Any]:
    """The page in a real chromium, at a phone's width."""
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(f"{address}/docs")
    yield page
    page.close()


@pytest.mark.browser
def test_try_it_sends_a_real_request(page: Any) -> None:
    """The example is answered with status, time and body; a wrong value shows the failure."""
    form = page.locator("[data-path='/predict_api']")
    form.get_by_role("button", name="Send").click()
    form.get_by_text(re.compile(r"^200 OK, after \d+ ms$")).wait_for()
    assert form.locator("[data-answer]").inner_text() == "0.5"
    form.get_by_role("button", name="A list of rows").click()
    form.get_by_role("button", name="Send").click()
    form.locator("[data-answer]", has_text="1.5").wait_for()
    form.get_by_label("Request body").fill('{"age": "old"}')
    form.get_by_role("button", name="Send").click()
    form.get_by_text(re.compile(r"^422 ")).wait_for()
    assert "Enter age as a number" in form.locator("[data-answer]").inner_text()


@pytest.mark.browser
def test_page_fits_a_phone(page: Any) -> None:
    """Nothing makes the page wider than the screen, even after an answer."""
    page.get_by_role("button", name="Send").last.click()
    page.locator("[data-answer]").last.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_long_example_ends_with_a_whole_line() -> None:
    """The page shows its beginning, and says that there is more."""
    line = "x" * (MOST_SHOWN // 4 - 1) + "\n"
    assert _beginning(4 * line) == 4 * line
    assert _beginning(4 * line + "y") == (3 * line) + line[:-1] + "\n…"
    assert _beginning(3 * line + 2 * line[:-1]) == (3 * line)[:-1] + "\n…"
    assert _beginning("z" * (MOST_SHOWN + 1)) == "z" * MOST_SHOWN + "\n…"
