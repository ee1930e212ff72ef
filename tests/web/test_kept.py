"""Pages that are rendered once, and what is ready before the first person asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tablecast.deployment.deployment import Deployment
from tablecast.web.app import create_app
from tablecast.web.http import page_cache
from tablecast.web.warmup import prepare, rehearse
from tests.started import started

ROOT = Path(__file__).parents[2]
PAGES = ("/", "/model")

#: For programs, and in English.
DOCUMENTS = ("/openapi.json", "/api/v1/model")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_rendered_once(
    client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks next gets the same bytes, with headers of their own, and no template runs."""
    first = client.get(path)
    monkeypatch.setattr("tablecast.web.http.rendering.render_template", None)
    second = client.get(path)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.data == first.data
    assert second.content_type == "text/html; charset=utf-8"
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert second.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", [*PAGES, "/docs", *DOCUMENTS])
def test_a_browser_that_has_the_page_is_told_so(client: FlaskClient, path: str) -> None:
    """A page may be kept and is asked after: 304 without a body while it is the same."""
    first = client.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers.get("Vary") == first.headers.get("Vary")
    assert path in DOCUMENTS or "Accept-Language" in again.headers["Vary"]
    listed = ", ".join([*(f'"{number:06d}"' for number in range(500)), first.headers["ETag"]])
    assert client.get(path, headers={"If-None-Match": listed}).status_code == 304
    other = client.get(path, headers={"If-None-Match": '"000000000000"'})
    assert (other.status_code, other.data) == (200, first.data)


def test_every_language_has_its_own_page(client: FlaskClient) -> None:
    """The page that an English reader was sent is not the Chinese reader's, whoever came first."""
    tags = set()
    for language in ("en", "zh-CN", "en"):
        response = client.get("/", headers={"Accept-Language": language})
        assert response.headers["Content-Language"][:2] == language[:2]
        assert f'<html lang="{response.headers["Content-Language"]}"' in response.text
        tags.add(response.headers["ETag"])
    assert len(tags) == 2


def test_a_question_is_never_kept(client: FlaskClient) -> None:
    """A page that holds what somebody asked is kept by nobody, and is not the next one's."""
    asked = client.get("/?age=19")
    assert asked.headers["Cache-Control"] == "no-store"
    assert "ETag" not in asked.headers
    assert 'value="19"' in asked.text
    assert 'value="19"' not in client.get("/").text


def test_a_page_names_the_place_where_it_is_mounted(client: FlaskClient) -> None:
    """Links hold the prefix under which a proxy offers the application."""
    client.get("/")
    mounted = client.get("/", base_url="http://localhost/below")
    assert 'action="/below/predict' in mounted.text
    assert 'action="/predict' in client.get("/").text


def test_the_pages_that_are_kept_are_few(
    fake_deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many prefixes are asked for, memory holds a handful of pages."""
    monkeypatch.setattr(page_cache, "MOST_KEPT", 3)
    client = started(fake_deployment).test_client()
    for place in range(5):
        mounted = client.get("/", base_url=f"http://localhost/p{place}")
        assert f'action="/p{place}/predict' in mounted.text
    assert len(client.application.extensions["tablecast"].current().kept[page_cache.KEPT]) == 3


@pytest.mark.parametrize("name", ["fake_deployment", "iris_deployment"])
def test_a_rehearsal_counts_nothing(name: str, request: pytest.FixtureRequest) -> None:
    """What a server tries for itself is neither a request nor a predicted row."""
    deployment: Deployment = request.getfixturevalue(name)
    app = create_app(deployment)
    before = _counted(app.test_client())
    prepare(app)
    rehearse(app)
    assert _counted(app.test_client()) == before


def _counted(client: FlaskClient) -> list[str]:
    lines = client.get("/metrics").text.splitlines()
    return [one for one in lines if one.startswith(("tablecast_rows_total", "tablecast_requests_"))
            and 'route="/metrics"' not in one]  # fmt: skip


FIRST = """
import time
from app import app
from tablecast.web.warmup import rehearse

rehearse(app)
row = {"age": "55", "sex": "male", "bmi": "30.5", "children": "1", "smoker": "yes",
       "region": "northwest"}
client = app.test_client()

def seconds(ask):
    began = time.process_time()
    assert ask().status_code == 200
    return time.process_time() - began

print(seconds(lambda: client.post("/predict", data=row)))
for path in ("/", "/compare", "/model", "/docs", "/batch"):
    print(seconds(lambda: client.get(path)))
"""


@pytest.mark.thorough
def test_the_first_person_waits_for_nothing() -> None:
    """The first answer of a fresh process, and each page's first view, cost it less than 50 ms."""
    if not (ROOT / "deployment_28042020.onnx").exists():
        pytest.skip("no deployment in the repository's root; make train makes one")
    run = subprocess.run(
        [sys.executable, "-c", FIRST], cwd=ROOT, text=True, capture_output=True, timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TABLECAST_ACCESS_LOG": "off"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    answer, *pages = map(float, run.stdout.split())
    assert answer < 0.05
    assert max(pages) < 0.05, pages
