"""Every page and state in a real chromium, looked over by axe-core and tried with the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tablecast.artifact import Deployment, load
from tablecast.predictor import Answer, Columns
from tablecast.web import create_app
from tests.explained import deployment_of
from tests.served import every_kind_of_column, server
from tests.test_browser import ARGUMENTS, CHROMIUM

playwright_api = pytest.importorskip("playwright.sync_api")
axe_package = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

ROOT = Path(__file__).parents[1]

#: A small phone, which is also what 200% zoom leaves of 640 pixels, and a desktop.
WIDTHS = (320, 1280)

#: What axe-core leaves out unless asked: targets of at least 24 pixels, which WCAG 2.2 AA wants.
EVERY_RULE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}

#: The one rule that looks at colours; for all others dark is light.
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}


class SizeEngine:
    """One of three grades, by two of every kind of column."""

    def answer(self, columns: Columns) -> Answer:
        height = columns["age"] / 20 + (columns["grade"] == "60")
        weights = np.exp(-np.abs(height[:, None] - np.array([1.0, 2.0, 3.0])))
        shares = weights / weights.sum(axis=1, keepdims=True)
        labels = np.array(["high", "low", "middle"], dtype=object)[shares.argmax(axis=1)]
        return Answer(labels, shares)


def of_every_kind() -> Deployment:
    """Classes, from every kind of field and control, with reasons that are sampled."""
    towns = [f"Town {place % 9}" for place in range(len(every_kind_of_column()))]
    table = every_kind_of_column().drop(columns="target").assign(town=towns)
    return deployment_of(table, "grade given", "classification", SizeEngine())


DEPLOYMENTS = {"insurance": lambda: load(ROOT / "deployment_28042020"), "kinds": of_every_kind}


def blank(page: playwright_api.Page) -> None:
    """The form without an answer, as it is without scripts."""
    page.route("**/live.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/")


def live(page: playwright_api.Page) -> None:
    page.goto("/")
    page.locator(".steps").wait_for()


def live_problem(page: playwright_api.Page) -> None:
    live(page)
    page.locator("[name=age]").fill("old")
    page.locator(".live-problem").wait_for()


def answer(page: playwright_api.Page) -> None:
    """An answer with a warning, and everything opened that can be."""
    page.goto("/")
    page.locator("[name=age]").fill("70")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/predict#result")
    page.locator(".note").wait_for()
    page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true; })")


def errors(page: playwright_api.Page) -> None:
    """A wrong value in every control that can hold one."""
    page.goto("/")
    for box in page.locator("form.form input[type=text]").all():
        box.fill("?")
    page.get_by_role("button", name="Predict").click()
    page.locator(".summary").wait_for()


def searching(page: playwright_api.Page) -> None:
    """The list of a select that is searched by typing."""
    page.goto("/")
    box = page.locator("[role=combobox]")
    if box.count():
        box.press("ArrowDown")
        page.get_by_role("option").first.wait_for()


def checked_batch(page: playwright_api.Page) -> None:
    """A file with an answered row and a refused one."""
    template = page.request.get("/batch/template.csv").text()
    first = template.splitlines()[1]
    content = f"{template}{first.replace(first.split(',')[0], 'old', 1)}\n"
    page.goto("/batch")
    page.locator("#file").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("The first rows with predictions").wait_for()


def wrong_batch(page: playwright_api.Page) -> None:
    page.goto("/batch")
    page.get_by_role("button", name="Check the file").click()
    page.locator(".summary").wait_for()


def tried_docs(page: playwright_api.Page) -> None:
    """The API page after a request from it, and everything opened that can be."""
    page.goto("/docs")
    page.get_by_role("button", name="Send").first.click()
    page.locator("[data-answer]:visible").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true; })")


def opened(path: str) -> Callable[[playwright_api.Page], None]:
    return lambda page: page.goto(path) and None


STATES: dict[str, Callable[[playwright_api.Page], None]] = {
    "blank": blank,
    "live": live,
    "live-problem": live_problem,
    "answer": answer,
    "errors": errors,
    "searching": searching,
    "batch": opened("/batch"),
    "batch-checked": checked_batch,
    "batch-wrong": wrong_batch,
    "card": opened("/model"),
    "docs": opened("/docs"),
    "docs-tried": tried_docs,
    "missing": opened("/none"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright_api.Browser]:
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


#: What looks the same whatever the deployment is looked at once.
ALIKE = {"live", "batch", "batch-wrong", "docs", "missing"}
SEEN = [
    (name, state) for name in DEPLOYMENTS for state in STATES
    if name == "insurance" or state not in ALIKE
]  # fmt: skip


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with server(create_app(DEPLOYMENTS[request.param]())) as address:
        yield address


@pytest.fixture
def page(browser: playwright_api.Browser, url: str) -> Iterator[playwright_api.Page]:
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def violations(page: playwright_api.Page, options: dict[str, Any]) -> list[str]:
    """What axe-core has against the page as it is, with the elements it means."""
    found: Any = page.evaluate("options => axe.run(options)", options)
    assert found["violations"] or found["passes"]
    return [
        f"{rule['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(("url", "state"), SEEN, indirect=["url"])
def test_axe_finds_nothing(page: playwright_api.Page, state: str) -> None:
    """No page in no state breaks a rule of axe-core, light or dark, on a phone or a desktop."""
    STATES[state](page)
    page.evaluate(axe_package.Axe().axe_script)
    for scheme, options in (("light", EVERY_RULE), ("dark", CONTRAST)):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert violations(page, options) == [], (scheme, width)


@pytest.mark.parametrize("url", DEPLOYMENTS, indirect=True)
def test_an_answer_with_all_its_reasons_prints_on_one_page(page: playwright_api.Page) -> None:
    """On A4 paper: the answer, its range, the reasons, what was asked and what if, on one page."""
    answer(page)
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    page.emulate_media(media="print")
    for name in (".answer", ".steps", "footer"):
        assert page.locator(name).is_visible(), name
    assert not page.locator("form.form").is_visible()
