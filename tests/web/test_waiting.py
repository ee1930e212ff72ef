"""What the page says while an answer is under way, and where there is none, in a real chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.app import create_app
from tests.chromium import CHROMIUM
from tests.explained import charging, deployment_of, of_long_form, of_many_levels
from tests.logged import logged, rows_of, soon
from tests.served import server
from tests.stand_ins import deploy
from tests.web.test_html import ConstantEngine

api = pytest.importorskip("playwright.sync_api")
expect = api.expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

PHONE = {"width": 390, "height": 844}
OLD = "This prediction is for earlier values."

NewPage = Callable[..., "api.Page"]


@pytest.fixture
def open_page(browser: api.Browser) -> Iterator[NewPage]:
    """Makes a page in a browser of its own, whose scripts must not fail."""
    contexts, complaints = [], []

    def make(url: str, **options: object) -> api.Page:
        contexts.append(browser.new_context(base_url=url, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """People's charges: 200 a year of age, from 25 to 64, and more for smokers."""
    with server(create_app(charging())) as address:
        yield address


@pytest.fixture(scope="module")
def long_url() -> Iterator[str]:
    with server(create_app(of_long_form())) as address:
        yield address


def answered(page: api.Page, path: str = "/") -> api.Page:
    """The page with the answer to its typical values."""
    page.goto(path)
    page.locator(".panel .answer").wait_for()
    return page


def test_what_stays_on_the_page_was_asked_for(
    open_page: NewPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers while somebody types are previews; what they stay with, or leave with, counts.

    Typical values are nobody's, and to press the button asks once.
    """
    app = logged(tmp_path, monkeypatch, charging())
    with server(app) as address:
        page = answered(open_page(address))
        for age in ("40", "41"):
            page.get_by_label("Age").fill(age)
            soon(lambda age=age: age in str(rows_of(tmp_path, "prediction", "given")))
        soon(lambda: asked_for(tmp_path) == ["41"])
        meant = rows_of(tmp_path, "prediction", "id")[-1][0]
        expect(page.locator("[data-outcome]")).to_have_attribute("href", re.compile(meant))
        page.get_by_label("Age").fill("42")
        expect(page.locator("[data-outcome]")).not_to_have_attribute("href", re.compile(meant))
        page.goto("about:blank")
        soon(lambda: asked_for(tmp_path) == ["41", "42"])
        page.goto(address)
        page.locator(".panel .answer").wait_for()
        page.get_by_label("Age").fill("43")
        page.get_by_role("button", name="Predict").click()
        soon(lambda: asked_for(tmp_path) == ["41", "42", "43"])
        page.goto("about:blank")
        assert asked_for(tmp_path) == ["41", "42", "43"]


def asked_for(folder: Path) -> list[str]:
    """The ages that were asked for, and not only seen on the way."""
    rows = rows_of(folder, "prediction", "id, given, preview")
    return [f"{json.loads(given)['age']:g}" for _, given, preview in rows if not preview]


def held(page: api.Page) -> dict[str, str]:
    """What the address holds."""
    query = parse_qs(urlsplit(page.url).query, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


# Never a wrong impression


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (503, {"Retry-After": "1"}, r"The server is busy. Trying again in \d+ s"),
        (429, {"Retry-After": "1"}, r"The server is busy. Trying again in \d+ s"),
        (500, {}, r"The server is busy. Trying again in \d+ s"),
        (403, {}, "The server refused to answer. Reload the page."),
        (200, {}, "The server refused to answer. Reload the page."),  # a page to sign in
        (0, {}, r"The server does not answer. Trying again in \d+ s"),
    ],
)
def test_an_old_answer_is_called_old_and_comes_back(
    open_page: NewPage, url: str, status: int, headers: dict[str, str], words: str
) -> None:
    """Whatever keeps the page from asking, in words and for a screen reader, until it is over."""
    page = answered(open_page(url))

    def fail(route: api.Route) -> None:
        if status:
            route.fulfill(status=status, headers=headers, body="<p>no</p>")
        else:
            route.abort()

    page.route("**/predict*", fail)
    page.locator("[name=age]").fill("60")
    expect(page.locator(".live-problem")).to_have_text(re.compile(f"{OLD} {words}"))
    expect(page.locator("[data-live-said]")).to_contain_text(OLD)
    assert page.locator("[name=age]").input_value() == "60"
    page.wait_for_url("**/?age=60*")
    page.unroute("**/predict*")
    if "Trying" not in words:
        page.locator("[name=age]").fill("61")
    expect(page.locator("main[data-state='']")).to_have_count(1)
    expect(page.locator(".live-problem")).to_have_count(0)


def test_the_page_asks_again_when_the_browser_is_online_again(
    open_page: NewPage, url: str
) -> None:
    """Offline is said as such, and the answer comes without a touch."""
    page = answered(open_page(url))
    before = page.locator(".answer").inner_text()
    page.context.set_offline(True)
    page.locator("[name=age]").fill("60")
    expect(page.locator(".live-problem")).to_contain_text("You are offline.")
    page.context.set_offline(False)
    expect(page.locator(".live-problem")).to_have_count(0)
    assert page.locator(".answer").inner_text() != before


def test_a_slow_answer_is_waited_for_in_words(open_page: NewPage, url: str) -> None:
    """The panel is busy at once, and says so when that is worth a sentence."""
    page = answered(open_page(url))
    asked = []
    page.route("**/predict*", lambda route: asked.append(route))
    page.locator("[name=age]").fill("60")
    expect(page.locator(".panel")).to_have_attribute("aria-busy", "true", timeout=100)
    expect(page.locator(".live-problem")).to_have_text(f"{OLD} Waiting for the server.")
    asked[0].continue_()
    expect(page.locator(".live-problem")).to_have_count(0)
    expect(page.locator(".panel")).to_have_attribute("aria-busy", "false")


def test_the_answer_to_earlier_values_never_replaces_that_to_later_ones(
    open_page: NewPage, url: str
) -> None:
    """However late an answer comes, the panel shows that of the values in the form."""
    page = answered(open_page(url))
    late = []
    page.route("**/predict*", lambda route: late.append(route))
    page.locator("[name=age]").fill("60")
    expect(page.locator(".live-problem")).to_contain_text("Waiting")
    page.unroute("**/predict*")
    page.locator("[name=age]").fill("30")
    expect(page.locator("main[data-state='']")).to_have_count(1)
    shown = page.locator(".answer").inner_text()
    answered(page, page.locator("[data-link]").get_attribute("href") or "")
    assert page.locator("[name=age]").input_value() == "30"
    assert page.locator(".answer").inner_text() == shown


def test_the_title_holds_no_old_answer(open_page: NewPage, url: str) -> None:
    """A tab says what the page says: the answer, or nothing of it."""
    page = answered(open_page(url))
    page.locator("[name=age]").fill("60")
    expect(page).to_have_title(re.compile(r"^[\d,]+ – "))
    page.locator("[name=age]").fill("old")
    expect(page).to_have_title(re.compile(r"^Predict charges$"))


def test_the_field_at_fault_is_marked_while_typing_and_cleared(
    open_page: NewPage, url: str
) -> None:
    """The sentence stands beside the control, which is invalid and described by it."""
    page = answered(open_page(url))
    age = page.locator("[name=age]")
    top = age.bounding_box()
    age.fill("old")
    expect(age).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#field-0-error")).to_have_text(re.compile("^Error: Enter Age as a number"))
    assert "field-0-error" in (age.get_attribute("aria-describedby") or "")
    assert age.bounding_box() == top  # nothing moves under the fingers
    age.fill("40")
    expect(page.locator("#field-0-error")).to_have_count(0)
    assert age.get_attribute("aria-invalid") is None
    assert "error" not in (age.get_attribute("aria-describedby") or "")


def test_a_refused_page_is_mended_while_typing(open_page: NewPage, url: str) -> None:
    """The summary at the top loses what is mended, and goes with the last of it."""
    page = open_page(url)
    page.goto("/?age=old&bmi=fat&smoker=no&region=west")
    page.locator("[name=age]").fill("40")
    expect(page.locator(".summary-list li")).to_have_count(1)
    expect(page.locator("#field-0-error")).to_have_count(0)
    expect(page.locator("#field-1-error")).to_have_count(1)
    page.locator("[name=bmi]").fill("30")
    expect(page.locator(".summary")).to_have_count(0)
    expect(page.locator(".answer")).to_have_count(1)


def test_nothing_is_asked_of_somebody_who_has_not_begun(
    open_page: NewPage, url: str
) -> None:
    """A form opens without a warning or an error; fields that were not reached stay unmarked."""
    page = answered(open_page(url))  # the typical age is missing
    assert page.locator(".note, .wrong, .live-problem").count() == 0
    fields = [Field(name, "number", "float64", name, minimum=0, maximum=9) for name in "ab"]
    schema = Schema(tuple(fields), "y", "regression")
    with server(create_app(deploy("bare", schema, ConstantEngine()))) as bare:
        page = open_page(bare)
        with page.expect_response("**/predict*"):
            page.goto("/")
        assert page.locator(".wrong, .live-problem").count() == 0
        page.locator("[name=a]").fill("x")
        expect(page.locator("[name=a]")).to_have_attribute("aria-invalid", "true")
        assert page.locator("[name=b]").get_attribute("aria-invalid") is None


def test_a_choice_from_a_long_list_is_answered_when_it_is_made(open_page: NewPage) -> None:
    """Until one is chosen the old answer is called old; then it is replaced."""
    with server(create_app(of_many_levels())) as url:
        page = answered(open_page(url))
        before = page.locator(".answer").get_attribute("data-prediction")
        box = page.locator("[role=combobox]").first
        box.click()
        page.keyboard.type("number 3")
        expect(page.locator(".live-problem")).to_have_text(f"{OLD} Choose one of the list.")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("main[data-state='']")).to_have_count(1)
        assert page.locator(".answer").get_attribute("data-prediction") != before
        page.wait_for_url("**Part+1=level+number+3*")
        box.fill("nowhere")
        page.keyboard.press("Tab")
        expect(box).to_have_attribute("aria-invalid", "true")


def of_three_hundred_levels() -> Deployment:
    """A list that takes no other value, of as many levels as a form file may name."""
    places = np.arange(900)
    table = pd.DataFrame({"land": [f"Land {at % 300}" for at in places], "x": places % 7.0})
    loaded = deployment_of(table, "total", "regression", SecondEngine())
    lands, other = loaded.schema.fields
    levels = tuple(f"Land {at}" for at in range(300))
    lands = replace(lands, closed=True, levels=levels, default="Land 97")
    schema = replace(loaded.schema, fields=(lands, other)).to_json()
    return Deployment({**loaded.description, "schema": schema}, loaded.engine)


class SecondEngine:
    """Answers the second field."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(np.asarray(list(columns.values())[1], dtype=float))


def test_a_long_list_is_moved_through_by_keys(open_page: NewPage) -> None:
    """As the editable combobox of the ARIA authoring practices: the focus stays in the box, the
    arrows begin at what is chosen, Alt opens and closes alone, and Escape keeps the choice."""
    with server(create_app(of_three_hundred_levels())) as url:
        page = answered(open_page(url))
        box = page.locator("[role=combobox]")

        def after(*keys: str) -> tuple[str | None, str]:
            for key in keys:
                page.keyboard.press(key)
            assert box.evaluate("(it) => it === document.activeElement")
            name = box.get_attribute("aria-activedescendant")
            return box.get_attribute("aria-expanded"), (
                page.locator(f"#{name}").inner_text() if name else ""
            )

        box.focus()
        assert after("ArrowDown") == ("true", "Land 97")
        assert page.locator("[role=option]").count() == 301
        assert after("ArrowDown") == ("true", "Land 98")
        assert after("PageDown") == ("true", "Land 108")
        assert after("PageDown", *["PageUp"] * 40, "ArrowUp") == ("true", "Land 299")
        assert after("Escape") == ("false", "")
        assert after("Alt+ArrowDown") == ("true", "")
        assert after("Alt+ArrowUp") == ("false", "")
        assert box.input_value() == "Land 97"
        box.select_text()
        page.keyboard.type("land 29")
        assert page.locator("[role=option]").count() == 11
        assert after("ArrowUp") == ("true", "Land 299")
        assert after("Enter") == ("false", "")
        assert box.input_value() == "Land 299"
        page.wait_for_url("**land=Land+299*")


# Nothing is lost


def test_the_address_holds_what_is_typed(open_page: NewPage, url: str) -> None:
    """Reloading, a second tab and going back keep it; typing makes no entries in the history."""
    page = answered(open_page(url))
    entries = page.evaluate("history.length")
    page.locator("[name=age]").press_sequentially("61")
    page.locator("[name=bmi]").fill("heavy")
    page.wait_for_url("**bmi=heavy**")
    assert page.evaluate("history.length") == entries
    typed = page.locator("[name=age]").input_value()
    page.reload()
    assert page.locator("[name=bmi]").input_value() == "heavy"
    assert page.locator("[name=age]").input_value() == typed
    page.goto("/model")
    page.go_back()
    assert page.locator("[name=bmi]").input_value() == "heavy"
    second = page.context.new_page()
    second.goto(page.url)
    assert second.locator("[name=bmi]").input_value() == "heavy"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_reloading_an_answer_sends_nothing_twice(
    open_page: NewPage, url: str, scripts: bool
) -> None:
    """The button asks by an address, which holds every value."""
    page = open_page(url, java_script_enabled=scripts)
    page.goto("/?lang=zh")
    page.locator("[name=age]").fill("60")
    page.locator("form.form [type=submit]").click()
    page.wait_for_url("**/?*age=60*#result")
    assert held(page)["lang"] == "zh"
    methods = []
    page.on("request", lambda request: methods.append(request.method))
    page.reload()
    assert "POST" not in methods
    assert page.locator("[name=age]").input_value() == "60"
    assert page.locator(".answer").is_visible()


def test_a_posted_form_can_be_reloaded(open_page: NewPage, url: str) -> None:
    """A page that came from POST /predict takes its answer's address, also where it is refused."""
    page = open_page(url)
    for age, path in (("60", "**/?age=60*"), ("old", "**/?age=old*")):
        page.goto("/")
        page.locator("[name=age]").fill(age)
        page.locator("form.form [type=submit]").evaluate("it => it.removeAttribute('formmethod')")
        page.locator("form.form [type=submit]").evaluate("it => it.removeAttribute('formaction')")
        page.evaluate("window.typed = true")  # the address has the age before the answer comes
        page.locator("form.form [type=submit]").click()
        page.wait_for_function("!window.typed && document.readyState === 'complete'")
        page.wait_for_url(path)
        page.reload()
        assert page.locator("[name=age]").input_value() == age


def test_values_that_no_address_has_room_for_are_kept_too(open_page: NewPage) -> None:
    """They stand behind the fragment's sign, which no server is sent."""
    long = [f"{'长' * 20}{place}" for place in range(30)]
    fields = tuple(
        Field(name, "number", "float64", minimum=0, maximum=9, default=1.0) for name in long
    )
    schema = Schema(fields, "y", "regression")
    with server(create_app(deploy("wide", schema, ConstantEngine()))) as url:
        page = answered(open_page(url))
        page.locator(f"[name='{long[3]}']").fill("7")
        page.wait_for_url("**/#?*")
        page.reload()
        page.locator(".answer").wait_for()
        assert page.locator(f"[name='{long[3]}']").input_value() == "7"
        page.locator("form.form [type=submit]").click()
        page.wait_for_url("**/#?*")
        assert page.locator(f"[name='{long[3]}']").input_value() == "7"


# Small screens and long forms


def test_on_a_phone_the_answer_stays_in_sight_and_opens(open_page: NewPage, url: str) -> None:
    """One line at the top follows; it opens by the keyboard and closes by Escape."""
    page = answered(open_page(url, viewport=PHONE))
    line = page.locator(".glance-line")
    button = page.get_by_role("button", name="Show all of it")
    page.get_by_role("group", name="region").get_by_label("north").check()
    page.mouse.wheel(0, 3000)
    expect(line).to_be_in_viewport()
    expect(line).to_contain_text(page.locator(".answer").inner_text())
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".glance-sheet .answer")).to_be_in_viewport()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.glance-sheet') !== null")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.locator(".columns .panel")).to_have_count(1)
    line.click()
    expect(page.locator(".glance-sheet .answer")).to_be_in_viewport()
    page.mouse.click(100, 800)
    expect(page.locator(".columns .panel")).to_have_count(1)
    page.locator("[name=age]").fill("old")
    expect(line).to_contain_text("earlier values")


def test_a_field_of_a_long_form_is_found_by_its_name(open_page: NewPage, long_url: str) -> None:
    """The others are put away, what is found is counted, and Enter leads to the first."""
    page = answered(open_page(long_url, viewport=PHONE))
    finder = page.get_by_label("Find a field")
    finder.fill("ROOM 7")
    expect(page.get_by_role("status").get_by_text("17 fields")).to_be_visible()
    assert page.locator(".field:visible").count() == 17
    finder.press("Enter")
    assert page.evaluate("document.activeElement.name") == "Surface of room 7"
    finder.press("Escape")
    assert page.locator(".field:visible").count() == 80
    finder.fill("garage")
    expect(page.get_by_text("No field found")).to_be_visible()


def test_without_scripts_a_long_form_is_a_plain_list(open_page: NewPage, long_url: str) -> None:
    """No search, no line that follows and no cases are offered where nothing would answer them."""
    page = open_page(long_url, java_script_enabled=False, viewport=PHONE)
    page.goto("/")
    assert page.locator(".field:visible").count() == 80
    for part in (".finder", ".glance", ".cases"):
        assert not page.locator(part).is_visible()
