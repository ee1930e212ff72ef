"""Cases that a person keeps in the browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tablecast.web.app import create_app
from tests.chromium import CHROMIUM
from tests.explained import WIDE, charging, grading
from tests.served import server
from tests.web.test_waiting import NewPage, answered, open_page  # noqa: F401 - a fixture

api = pytest.importorskip("playwright.sync_api")
expect = api.expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

FORBIDDEN = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"  # noqa: E501
FULL = "Storage.prototype.setItem = () => { throw new DOMException('no', 'QuotaExceededError'); }"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server(create_app(charging(WIDE))) as address:
        yield address


def keep(page: api.Page, name: str, age: str) -> None:
    page.locator("[name=age]").fill(age)
    expect(page.locator("main[data-state='']")).to_have_count(1)
    page.wait_for_url(f"**age={age}*")
    page.get_by_label("Name of this case").fill(name)
    page.get_by_role("button", name="Keep this case").click()


def exported(page: api.Page, folder: Path) -> list[list[str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all as CSV").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    text = file.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_cases_are_kept_opened_and_deleted(open_page: NewPage, url: str) -> None:  # noqa: F811
    """Each with its answer, in a list that outlives the page; nothing of it is sent."""
    page = answered(open_page(url))
    keep(page, "Mrs Smith", "60")
    shown = page.locator(".answer").inner_text()
    keep(page, "Mrs Smith", "30")
    keep(page, "", "40")
    page.reload()
    rows = page.locator(".cases li")
    assert [row.locator("a").inner_text() for row in rows.all()] == [
        "Mrs Smith", "Mrs Smith (2)", "Case 3"
    ]  # fmt: skip
    expect(rows.first).to_contain_text(shown)
    asked = []
    page.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    rows.first.get_by_role("link").click()
    page.wait_for_url("**age=60*")
    assert page.locator("[name=age]").input_value() == "60"
    assert page.locator(".answer").inner_text() == shown
    assert not [one for one in asked if "Smith" in one]
    page.get_by_role("button", name="Delete Mrs Smith (2)").click()
    expect(page.get_by_text("Deleted: Mrs Smith (2).")).to_be_visible()
    assert page.locator(".cases li").count() == 2
    expect(page.get_by_label("Name of this case")).to_be_focused()


def test_cases_are_exported_with_their_answers(
    open_page: NewPage, url: str, tmp_path: Path  # noqa: F811
) -> None:
    """As a batch has them; no cell is a formula, and a number stays one."""
    page = answered(open_page(url))
    keep(page, '=HYPERLINK("http://x", "a")', "60")
    keep(page, "@sum, and\tmore", "30")
    head, first, second = exported(page, tmp_path)
    assert head == [
        "case", "age", "bmi", "smoker", "region", "prediction_label", "prediction_low",
        "prediction_high", "version of the model",
    ]  # fmt: skip
    assert first[0] == '\'=HYPERLINK("http://x", "a")'
    assert second[0].startswith("'@sum")
    assert (first[1], second[1]) == ("60", "30")
    assert float(first[5]) > float(second[5])
    assert float(first[6]) <= float(first[5]) <= float(first[7])


def test_a_name_is_text_and_no_markup(open_page: NewPage, url: str) -> None:  # noqa: F811
    """What a person calls a case is shown letter by letter."""
    page = answered(open_page(url))
    keep(page, "<img src=x onerror=alert(1)>", "60")
    expect(page.locator(".cases li a")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator(".cases img").count() == 0


def test_an_old_answer_is_not_kept(open_page: NewPage, url: str) -> None:  # noqa: F811
    """A case is values with their own answer, or it is none."""
    page = answered(open_page(url))
    page.locator("[name=age]").fill("old")
    expect(page.locator(".live-problem")).to_have_count(1)
    page.get_by_role("button", name="Keep this case").click()
    expect(page.get_by_text("There is no prediction for these values yet.")).to_be_visible()
    assert page.locator(".cases li").count() == 0


def test_cases_of_another_deployment_stay_apart(open_page: NewPage) -> None:  # noqa: F811
    """Two models that one address has served, one after the other, share no list."""
    with server(create_app(charging())) as url:
        page = answered(open_page(url))
        keep(page, "a", "60")
        stored = page.evaluate("JSON.stringify(localStorage)")
    with server(create_app(grading())) as url:
        page = open_page(url)
        page.add_init_script(f"Object.assign(localStorage, {stored})")
        answered(page)
        assert page.locator(".cases li").count() == 0


@pytest.mark.parametrize(
    ("script", "words"), [(FORBIDDEN, "does not let pages keep"), (FULL, "has no room")]
)
def test_a_browser_that_keeps_nothing_is_told(
    open_page: NewPage, url: str, script: str, words: str  # noqa: F811
) -> None:
    """Where storage is forbidden or full, the page says so and otherwise works."""
    page = open_page(url)
    page.add_init_script(script)
    answered(page)
    keep(page, "a", "60")
    expect(page.locator(".cases [role=status]")).to_contain_text(words)
    assert page.locator(".answer").is_visible()
