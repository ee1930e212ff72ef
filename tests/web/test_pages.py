"""The pages: each is found in its folder, and the header leads to it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tablecast.web import pages
from tablecast.web.http.roles import ROLES, role_of
from tests.markup import Page
from tests.stand_ins import NearestPetalEngine, deploy, iris_schema
from tests.started import started

BLUEPRINT = '''
"""About the people who made the model."""

from pathlib import Path

from tablecast.web.http.navigation import PageBlueprint
from tablecast.web.http.rendering import render_page
from tablecast.web.http.roles import FORM

blueprint = PageBlueprint("about", __name__, template_folder=str(Path(__file__).parent))


@blueprint.page("/about", title="About us", order=25, role=FORM)
def about():
    return render_page("about.html")
'''
TEMPLATE = """{% extends "base.html" %}
{% block main %}<h1>{{ _("About us") }}</h1>{% endblock %}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a page of its own, beside those of the package."""
    (tmp_path / "about_page.py").write_text(BLUEPRINT)
    (tmp_path / "about.html").write_text(TEMPLATE)
    monkeypatch.setattr(pages, "__path__", [*pages.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "tablecast.web.pages.about_page", raising=False)
    monkeypatch.setitem(ROLES, ("GET", "/about"), "")  # and so it is gone again afterwards
    return tmp_path


def header(html: str) -> dict[str, tuple[str, str | None]]:
    """The header's links: name to address and whether it is the page that is open."""
    links = [one for one in Page(html).all("a") if one.inside("nav") and one.inside("header")]
    return {one.text: (one["href"], one.get("aria-current")) for one in links}


@pytest.mark.usefixtures("folder")
def test_a_new_page_needs_nothing_but_itself() -> None:
    """It stands in the navigation in its place, keeps the reader's language, and has its role."""
    app = started(deploy("iris", iris_schema(), NearestPetalEngine()))
    client = app.test_client()
    html = client.get("/about?lang=zh").text
    assert [name for name, _ in header(html).items()] == [
        "表单", "比较", "批量预测", "About us", "模型卡", "监测", "API",
    ]  # fmt: skip
    assert header(html)["About us"] == ("/about?lang=zh", "page")
    assert header(client.get("/model").text)["About us"] == ("/about", None)
    assert '<html lang="zh-Hans">' in html
    assert role_of("GET", "/about") == "form"


def test_the_page_that_answers_is_the_forms() -> None:
    """The answer to the form stands under Form; a page that is not there under none."""
    client = started(deploy("iris", iris_schema(), NearestPetalEngine())).test_client()
    answered = client.post("/predict", data={"sepal_length": "5", "petal_length": "1.4"})
    assert header(answered.text)["Form"] == ("/", "page")
    missing = client.get("/none", headers={"Accept": "text/html"})
    assert missing.status_code == 404
    assert {current for _, current in header(missing.text).values()} == {None}
