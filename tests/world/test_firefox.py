"""A real Firefox on a real server: what a person sees there, and does with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tablecast.deployment.deployment import Deployment
from tests.firefox import FIREFOX, PATIENCE, firefox
from tests.served import server
from tests.started import started

if TYPE_CHECKING:
    from marionette_driver.marionette import HTMLElement, Marionette

ANSWERED = "/?age=55&sex=male&bmi=59&children=1&smoker=yes&region=northwest#result"
WRONG = "/?age=x&sex=male&bmi=&children=1.5&smoker=male&region=northwest#result"
PATHS = {
    "form": "/", "answer": ANSWERED, "error": WRONG, "model": "/model", "batch": "/batch",
    "docs": "/docs", "problem": "/none", "chinese": "/?lang=zh",
}
TAB, SPACE = "\ue004", " "

pytestmark = [
    pytest.mark.world,
    pytest.mark.browser,
    pytest.mark.skipif(not FIREFOX.exists(), reason="Debian's Firefox is not installed"),
    # Its driver looks for the browser's port with a socket that it never closes.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def url(fake_deployment: Deployment) -> Iterator[str]:
    with server(started(fake_deployment)) as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marionette]:
    with firefox(tmp_path_factory.mktemp("firefox")) as started:
        yield started


def find(browser: Marionette, selector: str) -> HTMLElement:
    return browser.find_element("css selector", selector)


def press(browser: Marionette, *keys: str) -> None:
    """Press and release keys wherever the focus is."""
    actions = browser.actions.sequence("key", "keyboard")
    for key in keys:
        actions.key_down(key).key_up(key)
    actions.perform()


def read(browser: Marionette, words: str, selector: str = "#result") -> str:
    """The text of an element, as soon as it holds these words; the page may be leaving."""
    from marionette_driver import Wait, errors

    gone = [errors.StaleElementException, errors.NoSuchElementException]
    return str(
        Wait(browser, timeout=PATIENCE, ignored_exceptions=gone).until(
            lambda _: words in (text := find(browser, selector).text) and text
        )
    )


def focused(browser: Marionette) -> str:
    """The focused element's id, name or text."""
    script = "const it = document.activeElement; return it.id || it.name || it.innerText"
    return str(browser.execute_script(script))


def visit(browser: Marionette, address: str) -> None:
    """Open an address anew: one that differs in its fragment alone would be the same document."""
    browser.navigate("about:blank")
    browser.navigate(address)


def test_a_person_fills_in_the_form_and_reads_the_answer(browser: Marionette, url: str) -> None:
    """Values typed and chosen give the answer with its warning, and stay in the form."""
    visit(browser, url)
    for name, value in (("age", "55"), ("bmi", "59")):
        find(browser, f"[name={name}]").clear()
        find(browser, f"[name={name}]").send_keys(value)
    browser.execute_script("document.querySelector('[name=smoker][value=yes]').click()")
    find(browser, "main button[type=submit]").click()
    text = read(browser, "$33,750")
    assert "59 is outside the training range" in text
    assert find(browser, "[name=age]").get_property("value") == "55"


def test_errors_have_the_focus(browser: Marionette, url: str) -> None:
    """The summary of what is wrong is focused, and its first link leads to the field."""
    visit(browser, url + WRONG)
    read(browser, "There is a problem")
    assert focused(browser) == "result"
    find(browser, "#result a").click()
    assert focused(browser) == "field-0"


def test_the_keyboard_alone_leads_to_the_answer(browser: Marionette, url: str) -> None:
    """Tab, the arrows and Space are enough, and the first stop skips to the content."""
    visit(browser, url)
    stops = []
    for _ in range(20):
        press(browser, TAB)
        stops.append(focused(browser))
        if stops[-1] == "Predict":
            break
    assert stops[0] == "Skip to the main content"
    assert stops[-1] == "Predict"
    press(browser, SPACE)
    read(browser, "$")


@pytest.mark.parametrize("name", PATHS)
def test_axe_finds_nothing(browser: Marionette, url: str, name: str) -> None:
    """No page breaks a rule of axe-core in Firefox."""
    visit(browser, url + PATHS[name])
    browser.timeout.script = 60
    script = "const [tell] = arguments; axe.run().then(tell, error => tell(String(error)))"
    found: Any = browser.execute_async_script(f"{Axe().axe_script}\n{script}", sandbox="axe")
    assert found["passes"]
    assert [one["id"] for one in found["violations"]] == []


@pytest.mark.parametrize("name", PATHS)
def test_no_page_scrolls_sideways(browser: Marionette, url: str, name: str) -> None:
    """A page is never wider than its window, as narrow as Firefox makes one."""
    visit(browser, url + PATHS[name])
    for width in (500, 768, 1280):
        browser.set_window_rect(width=width, height=800)
        excess = "const it = document.documentElement; return it.scrollWidth - it.clientWidth"
        assert browser.execute_script(excess) <= 0, width


@pytest.mark.parametrize("name", PATHS)
def test_nothing_is_asked_of_another_host(browser: Marionette, url: str, name: str) -> None:
    """All that a page loads comes from its own server."""
    visit(browser, url + PATHS[name])
    script = "return performance.getEntriesByType('resource').map(one => one.name)"
    assert [one for one in browser.execute_script(script) if not one.startswith(f"{url}/")] == []


def test_the_form_works_without_scripts(browser: Marionette, url: str) -> None:
    """With JavaScript off the form is answered."""
    browser.set_pref("javascript.enabled", False)
    try:
        visit(browser, url)
        find(browser, "[name=age]").clear()
        find(browser, "[name=age]").send_keys("40")
        find(browser, "main button[type=submit]").click()
        read(browser, "$10,000")
    finally:
        browser.set_pref("javascript.enabled", True)


def test_an_uploaded_file_is_answered(browser: Marionette, url: str, tmp_path: Path) -> None:
    """Of a CSV file chosen in the page, each row that is refused is named."""
    file = tmp_path / "rows.csv"
    file.write_text("age,sex,bmi,children,smoker,region\n40,male,28,1,perhaps,northwest\n")
    visit(browser, f"{url}/batch")
    find(browser, "input[type=file]").send_keys(str(file))
    find(browser, "main button[type=submit]").click()
    read(browser, "perhaps", "main")
