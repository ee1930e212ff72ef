"""Every page and state in a real chromium, looked over by axe-core and tried with the keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from benchmarks.copies import write_copy
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tablecast.schema.accent import DARK, LIGHT, readable
from tablecast.web.app import create_app, create_app_or_exit
from tests.chromium import CHROMIUM
from tests.explained import of_every_kind, of_long_form, of_many_levels
from tests.served import server
from tests.started import started
from tests.watched import heavier, keep_days

playwright_api = pytest.importorskip("playwright.sync_api")
axe_package = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

ROOT = Path(__file__).parents[2]

#: A small phone, which is also what 200% zoom leaves of 640 pixels, and a desktop.
WIDTHS = (320, 1280)

#: What axe-core leaves out unless asked: targets of at least 24 pixels, which WCAG 2.2 AA wants.
EVERY_RULE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}

#: The one rule that looks at colours; for all others dark is light.
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}


def of_an_organisation() -> Deployment:
    """With a name, a logo, a contact, and a colour of which the contrast is only just enough."""
    shipped, colour = load(ROOT / "deployment_28042020"), readable("#ff8800", LIGHT)
    logo = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 9'/%3E"
    schema = replace(
        shipped.schema, organisation="The Hospital for All Diseases at the Northern Lakeside",
        logo=logo, accent=colour, accent_dark=readable(colour, DARK),
    )  # fmt: skip
    card = {**shipped.description["card"], "stated": {"contact": "care@example.org"}}
    described = {**shipped.description, "schema": schema.to_json(), "card": card}
    return replace(shipped, description=described)


DEPLOYMENTS = {
    "insurance": lambda: load(ROOT / "deployment_28042020"),
    "kinds": of_every_kind,
    "organisation": of_an_organisation,
    "watched": lambda: load(ROOT / "deployment_28042020"),
}


def blank(page: playwright_api.Page) -> None:
    """The form without an answer, as it is without scripts."""
    page.route("**/live.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/")


def live(page: playwright_api.Page) -> None:
    page.goto("/")
    page.locator(".steps").wait_for()


def chinese(page: playwright_api.Page) -> None:
    """An answer for another reader."""
    page.goto("/?lang=zh")
    page.locator(".steps").wait_for()


def live_problem(page: playwright_api.Page) -> None:
    live(page)
    page.locator("[name=age]").fill("old")
    page.locator(".live-problem").wait_for()


def offline(page: playwright_api.Page) -> None:
    """An old answer, called so."""
    live(page)
    page.context.set_offline(True)
    page.locator("[name=age]").fill("41")
    page.get_by_text("You are offline.").first.wait_for()
    page.context.set_offline(False)
    page.route("**/predict*", lambda route: route.abort())


def kept_cases(page: playwright_api.Page) -> None:
    """A case that is kept in the browser."""
    live(page)
    page.locator("#case-name").fill("First")
    page.get_by_role("button", name="Keep this case").click()
    page.locator(".cases li").wait_for()


def opened_line(page: playwright_api.Page) -> None:
    """The answer's line of a narrow page, opened; a wide one has none."""
    live(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".glance-open").click()
    page.locator(".glance-sheet .answer").wait_for()


def answer(page: playwright_api.Page) -> None:
    """An answer with a warning, and everything opened that can be."""
    page.goto("/")
    page.locator("[name=age]").fill("70")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/?*#result")
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
    page.locator("[role=combobox]").press("ArrowDown")
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


def compared(page: playwright_api.Page) -> None:
    """Four cases, one with a value that is not valid, and reasons for the others."""
    page.goto("/compare")
    for _ in range(2):
        page.get_by_role("button", name="Add a case").click()
    page.locator("[name='2.age']").fill("30")
    page.locator("[name='3.age']").fill("old")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.locator(".summary").wait_for()


def ways(page: playwright_api.Page) -> None:
    """What would have to change, found."""
    page.goto("/?age=40&sex=male&bmi=31&children=1&smoker=yes&region=northwest"
              "&wish=9000&wish-way=most")  # fmt: skip
    page.locator(".ways-list").wait_for()


def wrong_wish(page: playwright_api.Page) -> None:
    page.goto("/")
    page.locator(".steps").wait_for()
    page.locator("#wish").fill("cheap")
    page.get_by_role("button", name="Show what would have to change").click()
    page.locator("#wish-error").wait_for()


def watch(page: playwright_api.Page) -> None:
    """What the log tells, everything opened that can be; without a log, how to keep one."""
    page.goto("/watch")
    page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true; })")


STATES: dict[str, Callable[[playwright_api.Page], None]] = {
    "blank": blank,
    "live": live,
    "chinese": chinese,
    "live-problem": live_problem,
    "offline": offline,
    "cases": kept_cases,
    "line": opened_line,
    "answer": answer,
    "errors": errors,
    "searching": searching,
    "compared": compared,
    "ways": ways,
    "wrong-wish": wrong_wish,
    "batch": opened("/batch"),
    "batch-checked": checked_batch,
    "batch-wrong": wrong_batch,
    "card": opened("/model"),
    "docs": opened("/docs"),
    "docs-tried": tried_docs,
    "missing": opened("/none"),
    "watch": watch,
}


#: What looks the same whatever the deployment is looked at once.
ALIKE = {
    "kinds": {
        *("live", "chinese", "offline", "cases", "line", "ways", "wrong-wish"),
        *("batch", "batch-wrong", "docs", "missing", "watch"),
    },
    "insurance": {"searching"},
    "organisation": STATES.keys() - {"answer", "errors", "card"},
    "watched": STATES.keys() - {"watch"},
}
SEEN = [(name, state) for name in DEPLOYMENTS for state in STATES if state not in ALIKE[name]]
SEEN.append(("folder", "list"))
STATES["list"] = opened("/")

DESKTOP = {"width": 1280, "height": 800}


@dataclass
class Shown:
    """A page in one of its states, and what it asked for: address to bytes."""

    page: playwright_api.Page
    url: str
    sizes: dict[str, int]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    address = f"sqlite:///{tmp_path_factory.mktemp('log') / 'log.db'}"
    keep_days(address, int(time.time() // 86_400), change=heavier, off=lambda _day: 4500.0)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        several = of_folder(tmp_path_factory.mktemp("models"), patch)
        urls = {"folder": stack.enter_context(server(several))}
        for name, make in DEPLOYMENTS.items():
            if name == "watched":
                patch.setenv("TABLECAST_LOG", address)
            urls[name] = stack.enter_context(server(started(make())))
        yield urls


def of_folder(folder: Path, patch: pytest.MonkeyPatch) -> Flask:
    """An application for several deployments, of which one is broken."""
    for name in ("charges", "houses", "a_long_name_that_does_not_fit_on_a_narrow_page"):
        write_copy(folder / name, 1)
    (folder / "broken.onnx").touch()
    patch.setenv("TABLECAST_DEPLOYMENT", str(folder))
    return create_app_or_exit(create_app)


@contextmanager
def opened_page(browser: playwright_api.Browser, url: str) -> Iterator[playwright_api.Page]:
    context = browser.new_context(base_url=url, viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


@pytest.fixture(scope="module", params=SEEN, ids="-".join)
def shown(
    browser: playwright_api.Browser, urls: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[Shown]:
    """Opened once for all tests: they leave the page in its state, with another size or scheme."""
    name, state = request.param
    with opened_page(browser, urls[name]) as page:
        seen = Shown(page, urls[name], {})
        page.on("response", lambda answer: seen.sizes.update({answer.url: len(answer.body())}))
        STATES[state](page)
        page.wait_for_load_state("networkidle")
        yield seen


def test_axe_finds_nothing(shown: Shown) -> None:
    """No page in no state breaks a rule of axe-core, light or dark, on a phone or a desktop."""
    shown.page.evaluate(axe_package.Axe().axe_script)
    for scheme, options in (("light", EVERY_RULE), ("dark", CONTRAST)):
        shown.page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            shown.page.set_viewport_size({"width": width, "height": 800})
            found: Any = shown.page.evaluate("options => axe.run(options)", options)
            assert found["violations"] or found["passes"]
            assert [
                f"{rule['id']}: {node['html'][:200]} ({node['failureSummary']})"
                for rule in found["violations"]
                for node in rule["nodes"]
            ] == [], (scheme, width)


def test_a_page_asks_this_server_only_and_little(shown: Shown) -> None:
    """Nothing is asked of another host, and a page with all that it loads is below 150 KB."""
    assert shown.sizes
    assert all(address.startswith(f"{shown.url}/") for address in shown.sizes)
    loaded = sum(size for address, size in shown.sizes.items() if "/static/" in address)
    assert len(shown.page.content().encode()) + loaded < 150_000


def test_the_page_fits_where_it_is_magnified(shown: Shown) -> None:
    """At 320 pixels nothing scrolls sideways; at twice the text's size neither, nor is it cut.

    320 pixels is what 400% zoom leaves of 1280, and 200% of 640.
    """
    for width, size in ((320, "100%"), (640, "200%")):
        shown.page.set_viewport_size({"width": width, "height": 800})
        shown.page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        wider = shown.page.evaluate(WIDER)
        shown.page.evaluate("document.documentElement.style.fontSize = ''")
        assert wider == [], (width, size)


#: What reaches beyond the window's right edge, but for what a scrolling box holds.
WIDER = """() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (it) => it && (["auto", "scroll"].includes(getComputedStyle(it).overflowX)
        || scrolls(it.parentElement));
    const found = [...document.body.querySelectorAll("*")].filter((it) => it.checkVisibility()
        && it.getBoundingClientRect().right > width + 1 && !scrolls(it)
        && !it.closest(".unseen, svg"));
    const sideways = document.documentElement.scrollWidth > width ? ["the page"] : [];
    return [...sideways, ...found.map((it) => it.outerHTML.slice(0, 120))];
}"""


def test_what_is_pressed_is_large_enough(shown: Shown) -> None:
    """Buttons, controls, and links that stand alone are at least 44 pixels high.

    A radio's target is its whole label. A link within a sentence has the sentence's height.
    """
    shown.page.set_viewport_size({"width": 320, "height": 800})
    targets = shown.page.evaluate(TARGETS)
    assert len(targets) > 5
    assert [html for html, height in targets if height < 43.5] == []


#: What can be pressed and stands alone, and how high it is.
TARGETS = """() => {
    const alone = (it) => !it.matches("a") || !it.closest("p, li, dd, td, th")
        || it.closest(".nav, .actions, .share, .routes, .forms");
    const pressed = "a, button, summary, input, select, textarea, .found li";
    return [...document.querySelectorAll(pressed)]
        .filter((it) => it.checkVisibility() && !it.matches(".skip") && alone(it))
        .map((it) => [it.outerHTML.slice(0, 120),
            (it.closest("label") ?? it).getBoundingClientRect().height]);
}"""


def test_the_keyboard_reaches_everything_and_is_seen(shown: Shown) -> None:
    """Tab stops at every link, button, control and scrolling box, in order, with an outline."""
    shown.page.set_viewport_size(DESKTOP)
    wanted = shown.page.evaluate(MARK_STOPS)
    reached: list[int] = []
    for _ in range(wanted + 1):
        shown.page.keyboard.press("Tab")
        stop = shown.page.evaluate(STOP)
        if stop is None:
            break
        assert stop["seen"], stop
        reached += stop["places"]
    assert reached == list(range(wanted))


#: Numbers what a person may want to reach, and starts at the top; gives how many there are.
MARK_STOPS = """() => {
    const wanted = "a[href], button, summary, input, select, textarea, [tabindex='0']";
    const stops = [...document.querySelectorAll(wanted)]
        .filter((it) => it.checkVisibility() && !it.disabled && it.tabIndex >= 0);
    stops.forEach((it, place) => { it.dataset.stop = place; });
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    return stops.length;
}"""

#: The number of what has the focus, those of all radios of its name, and whether it is seen.
STOP = """() => {
    const it = document.activeElement;
    if (it.dataset.stop === undefined) return null;
    const radios = it.type === "radio"
        ? [...it.form.querySelectorAll("[type=radio]")].filter((one) => one.name === it.name)
        : [it];
    const shown = it.type === "radio" ? it.closest("label") : it;
    const style = getComputedStyle(shown);
    const box = shown.getBoundingClientRect();
    return {
        places: radios.map((one) => Number(one.dataset.stop)),
        seen: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 3
            && box.bottom > 0 && box.top < innerHeight,
        html: it.outerHTML.slice(0, 160),
    };
}"""


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_an_answer_with_all_its_reasons_prints_on_one_page(
    browser: playwright_api.Browser, urls: dict[str, str], name: str
) -> None:
    """The answer, its range, the reasons, what was asked and what if, on one page of paper."""
    with opened_page(browser, urls[name]) as page:
        answer(page)
        assert pages_of(page) == {"A4": 1, "Letter": 1}
        page.emulate_media(media="print")
        for part in (".answer", ".steps", "footer"):
            assert page.locator(part).is_visible(), part
        assert not page.locator("form.form").is_visible()


def test_an_answer_to_eighty_fields_prints_on_one_page(browser: playwright_api.Browser) -> None:
    """With nine warnings too, and everything that was asked."""
    loaded = of_long_form()
    far = {field.name: str(3 * place) for place, field in enumerate(loaded.schema.fields)}
    with server(started(loaded)) as url, opened_page(browser, url) as page:
        page.goto(f"/?{urlencode(far)}")
        assert page.locator(".note li").count() == 9
        assert pages_of(page) == {"A4": 1, "Letter": 1}
        page.emulate_media(media="print")
        for part in (".answer", ".range", ".steps", ".note", ".given"):
            assert page.locator(part).is_visible(), part
        assert page.locator(".given dt").count() == 80


def test_an_answer_from_many_levels_prints_on_one_page(browser: playwright_api.Browser) -> None:
    """On paper a category has six of its levels, and the one that was given."""
    with server(started(of_many_levels())) as url, opened_page(browser, url) as page:
        page.goto("/")
        page.locator("[role=combobox]").nth(2).fill("level number 39")
        page.get_by_role("button", name="Predict").click()
        page.wait_for_url("**/?*#result")
        assert pages_of(page) == {"A4": 1, "Letter": 1}
        page.emulate_media(media="print")
        given = page.locator(".levels").nth(2).locator("tr.bars-first")
        assert given.is_visible()


def pages_of(page: playwright_api.Page) -> dict[str, int]:
    """How many sheets of each paper the page prints on."""
    papers = ("A4", "Letter")
    return {paper: page.pdf(format=paper).count(b"/Type /Page\n") for paper in papers}
