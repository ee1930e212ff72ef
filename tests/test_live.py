"""The answer that follows the form while it is filled in, in a real chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tablecast.web import create_app
from tests.explained import charging
from tests.served import server
from tests.test_browser import ARGUMENTS, CHROMIUM

playwright_api = pytest.importorskip("playwright.sync_api")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

ANSWERED = "?age=40&bmi=30&smoker=yes&region=west"


@pytest.fixture(scope="module")
def page() -> Iterator[playwright_api.Page]:
    """The answered form of people's charges."""
    with server(create_app(charging())) as address, playwright_api.sync_playwright() as api:
        browser = api.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(base_url=address)
        page.set_default_timeout(15_000)
        yield page
        browser.close()


def test_the_answer_follows_the_form(page: playwright_api.Page) -> None:
    """A changed value changes the answer, its reasons and its curves, and moves no focus."""
    page.goto(f"/{ANSWERED}")
    assert page.locator(".answer").inner_text() == "27,000"
    page.locator("[name=age]").fill("50")
    playwright_api.expect(page.locator(".answer")).to_have_text("30,000")
    playwright_api.expect(page.locator(".steps")).to_contain_text("50")
    assert page.evaluate("document.activeElement.name") == "age"
    assert "age=50" in (page.locator("[data-link]").get_attribute("href") or "")


def test_an_empty_page_is_answered_at_once(page: playwright_api.Page) -> None:
    """The typical values that the form starts with have their answer without a click."""
    page.goto("/")
    playwright_api.expect(page.locator(".answer")).to_be_visible()
    playwright_api.expect(page.locator(".whatif")).to_be_visible()


def test_a_wrong_value_is_said_without_a_jump(page: playwright_api.Page) -> None:
    """The last answer stays in its place with a word on what is wrong; the next one clears it."""
    page.goto(f"/{ANSWERED}")
    before = page.locator(".answer").bounding_box()
    page.locator("[name=bmi]").fill("thirty")
    playwright_api.expect(page.locator(".live-problem")).to_contain_text("must be a number")
    assert page.locator(".answer").bounding_box() == before
    assert "Error" not in page.title()
    page.locator("[name=bmi]").fill("31")
    playwright_api.expect(page.locator(".live-problem")).to_have_count(0)
    playwright_api.expect(page.locator(".answer")).to_have_text("27,500")


def test_who_listens_hears_where_the_answer_settles(page: playwright_api.Page) -> None:
    """The status speaks once the typing has ended, with the target's name."""
    page.goto(f"/{ANSWERED}")
    page.locator("[name=age]").press_sequentially("1")
    page.locator("[name=age]").fill("60")
    playwright_api.expect(page.locator("[data-live-said]")).to_have_text("Charges: 33,000")


def test_open_details_stay_open(page: playwright_api.Page) -> None:
    """Tables that a person has opened are still open after the next answer."""
    page.goto(f"/{ANSWERED}")
    page.locator("[data-keep=tables] summary").click()
    page.locator("[name=age]").fill("45")
    playwright_api.expect(page.locator(".answer")).to_have_text("28,500")
    assert page.locator("[data-keep=tables]").get_attribute("open") is not None


def test_the_button_still_works(page: playwright_api.Page) -> None:
    """Predict answers as a page of its own, as it does without a script."""
    page.goto(f"/{ANSWERED}")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_url("**/predict#result")
    assert page.locator(".answer").inner_text() == "27,000"
