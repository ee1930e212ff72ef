"""A real chromium on a real server: what a person sees, and does with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tests.chromium import CHROMIUM
from tests.served import server
from tests.started import started

playwright_api = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
WIDTHS = (320, 768, 1280)
ANSWERED = "/?age=55&sex=male&bmi=59&children=1&smoker=yes&region=northwest#result"
WRONG = "/?age=x&sex=male&bmi=&children=1.5&smoker=male&region=northwest#result"
PATHS = {"form": "/", "answer": ANSWERED, "error": WRONG, "model": "/model", "problem": "/none"}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

NewPage = Callable[..., "playwright_api.Page"]


def serving(deployment: Deployment) -> AbstractContextManager[str]:
    """A server of this deployment on a free port; gives its address."""
    return server(started(deployment))


@pytest.fixture(scope="module")
def url(fake_deployment: Deployment) -> Iterator[str]:
    with serving(fake_deployment) as address:
        yield address


@pytest.fixture
def new_page(browser: playwright_api.Browser, url: str) -> Iterator[NewPage]:
    """Makes a page of the served form; fails the test on what the browser's console complains of.

    Chromium writes each 4xx of a page into the console, and those are meant.
    """
    contexts, complaints = [], []

    def make(**options: object) -> playwright_api.Page:
        contexts.append(browser.new_context(base_url=url, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        return page

    yield make
    for context in contexts:
        context.close()
    assert [one for one in complaints if "Failed to load resource" not in one] == []


def focused(page: playwright_api.Page) -> str:
    """The focused element's id, or what it says."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.innerText"))


def test_a_person_fills_in_the_form_and_reads_the_answer(new_page: NewPage) -> None:
    """Labels find their controls, and the answer appears with its warning."""
    page = new_page()
    page.goto("/")
    page.get_by_label("Age", exact=True).fill("55")
    page.get_by_label("Body mass index (BMI)").fill("59")
    page.get_by_role("group", name="Smoker").get_by_label("Yes").check()
    page.get_by_role("button", name="Predict").click()
    answer = page.get_by_role("region", name="Estimated charges for the year")
    assert "$33,750" in answer.inner_text()
    assert "59 is outside the training range" in answer.inner_text()
    assert page.get_by_label("Age", exact=True).input_value() == "55"
    assert page.title() == "$33,750 – Hospital charges"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_errors_focus_the_summary_and_its_links_the_fields(
    new_page: NewPage, scripts: bool
) -> None:
    """The summary has the focus, and a link in it moves the focus to the field."""
    page = new_page(java_script_enabled=scripts)
    page.goto("/")
    page.get_by_label("Age", exact=True).fill("old")
    page.get_by_role("button", name="Predict").click()
    page.get_by_text("There is a problem").wait_for()
    assert focused(page) == "result"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.get_by_label("Age", exact=True).evaluate("it => it === document.activeElement")
    assert page.get_by_label("Age", exact=True).input_value() == "old"


def test_a_summary_link_to_radios_leads_to_the_first(new_page: NewPage) -> None:
    """The error of a group of radios is mended from its first radio."""
    page = new_page()
    page.goto(WRONG)
    page.get_by_role("alert").get_by_role("link", name="Smoker").click()
    first = page.get_by_role("group", name="Smoker").get_by_role("radio").first
    assert first.evaluate("it => it === document.activeElement")
    legend = page.get_by_role("group", name="Smoker").locator("legend")
    assert legend.evaluate("it => it.getBoundingClientRect().top >= 0")


def test_the_page_opened_without_a_fragment_focuses_the_summary(new_page: NewPage) -> None:
    """A link to wrong values moves the focus even where its address has no fragment."""
    page = new_page()
    page.goto(WRONG.removesuffix("#result"))
    page.wait_for_function("document.activeElement.id === 'result'")


def test_the_keyboard_alone_leads_from_the_top_to_the_answer(new_page: NewPage) -> None:
    """Tab, Space, the arrows and Enter are enough, and the first stop skips to the content."""
    page = new_page()
    page.goto("/")
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(focused(page))
        if stops[-1] == "field-0":
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type("40")
        if page.evaluate("document.activeElement.name") == "smoker":
            page.keyboard.press("ArrowLeft")
        if stops[-1] == "Predict":
            break
    assert stops[0] == "Skip to the main content"
    assert stops[-1] == "Predict"
    page.keyboard.press("Space")
    page.wait_for_url("**/?*#result")
    page.locator(".panel").get_by_text("$30,000").first.wait_for()
    page.wait_for_function("document.activeElement.id === 'result'")


def test_the_focus_is_always_seen(new_page: NewPage) -> None:
    """Every stop of the Tab key has an outline of its own, radios around their label."""
    page = new_page()
    page.goto("/")
    outlined = """() => {
        const it = document.activeElement;
        const seen = it.type === "radio" ? it.closest("label") : it;
        return getComputedStyle(seen).outlineStyle === "solid"
            && parseFloat(getComputedStyle(seen).outlineWidth) >= 3;
    }"""
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(outlined), focused(page)


@pytest.mark.parametrize("name", PATHS)
def test_no_page_scrolls_sideways(new_page: NewPage, name: str) -> None:
    """From a small phone to a desktop, a page is never wider than its window."""
    for width in WIDTHS:
        page = new_page(viewport={"width": width, "height": 800})
        page.goto(PATHS[name])
        excess = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(excess) <= 0, width


def test_everything_works_without_scripts(new_page: NewPage) -> None:
    """With JavaScript off the form is answered, and the link below the answer works."""
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Age", exact=True).fill("40")
    page.get_by_role("button", name="Predict").click()
    page.locator(".answer", has_text="$10,000").wait_for()
    assert focused(page) == "result"
    assert page.get_by_role("button", name="Copy link").count() == 0
    page.get_by_role("link", name="Link to this prediction").click()
    page.wait_for_url("**/?age=40&*")
    assert page.locator(".answer", has_text="$10,000").count() == 1


def test_the_link_can_be_copied(new_page: NewPage) -> None:
    """With JavaScript on, a button copies the answer's whole address and says so."""
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto(ANSWERED)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("status").get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_an_answer_prints_on_one_page(new_page: NewPage) -> None:
    """On paper the question and the answer fit one page, without the form's controls."""
    page = new_page()
    page.goto(ANSWERED)
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    page.emulate_media(media="print")
    assert page.get_by_text("Your answers").is_visible()
    assert not page.get_by_role("button", name="Predict").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PATHS)
def test_text_stands_out_from_its_ground(new_page: NewPage, name: str, scheme: str) -> None:
    """All text has the contrast that WCAG 2.2 AA asks of small text, 4.5 to 1."""
    page = new_page(color_scheme=scheme)
    page.goto(PATHS[name])
    worst = page.evaluate(WORST_CONTRAST)
    assert worst["texts"] > 10
    assert worst["ratio"] >= 4.5, worst


#: The least contrast of any text in the page with the nearest filled ground behind it.
WORST_CONTRAST = """() => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = parts(colour).map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (it) => {
        for (; it; it = it.parentElement) {
            const colour = getComputedStyle(it).backgroundColor;
            if (parts(colour)[3] !== 0) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    let worst = {ratio: 21, texts: 0};
    let texts = 0;
    for (const it of document.body.querySelectorAll("*")) {
        const own = [...it.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
        if (!own || !it.checkVisibility()) continue;
        texts += 1;
        const pair = [light(getComputedStyle(it).color), light(ground(it))].sort((a, b) => b - a);
        const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
        if (ratio < worst.ratio) worst = {ratio, text: it.innerText};
    }
    return {...worst, texts};
}"""


def test_the_committed_deployment_answers_in_the_browser(browser: playwright_api.Browser) -> None:
    """The deployment in the repository's root answers its own form's typical values."""
    if not (ROOT / "deployment_28042020.onnx").exists():
        pytest.skip("no deployment in the repository's root; make train makes one")
    with serving(load(ROOT / "deployment_28042020")) as address:
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("button", name="Predict").click()
        page.get_by_role("link", name="Link to this prediction").wait_for(timeout=30_000)
        assert page.locator(".answer").inner_text().startswith("$")
        page.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_case_is_compared_with_another(new_page: NewPage, scripts: bool) -> None:
    """From the answer to a second case beside it, by the keyboard: Enter compares."""
    page = new_page(java_script_enabled=scripts)
    page.goto(ANSWERED)
    page.get_by_role("link", name="Compare with another").click()
    age = page.get_by_role("textbox", name="Age (years) Case 2")
    age.fill("35")
    age.press("Enter")
    page.get_by_role("heading", name="Case 2 against case 1").wait_for()
    reasons = page.get_by_role("table", name="Case 2 against case 1").inner_text()
    assert "35 years instead of 55 years" in reasons
    assert "−$5,000" in reasons
    page.reload()
    assert age.input_value() == "35"
    page.get_by_role("combobox", name="Smoker Case 1").select_option("no")
    page.get_by_role("button", name="Add a case").click()
    page.get_by_role("button", name="Remove case 3").click()
    assert page.get_by_role("columnheader", name="Case", exact=False).count() == 2
    assert page.get_by_role("combobox", name="Smoker Case 1").input_value() == "no"
    assert "$13,750" in page.get_by_role("row", name="Estimated charges").inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_person_asks_what_would_have_to_change(new_page: NewPage, scripts: bool) -> None:
    """The form as it stands is sent with the wish, by the keyboard too; the page is at the ways."""
    page = new_page(java_script_enabled=scripts)
    page.goto(ANSWERED)
    page.get_by_label("Age", exact=True).fill("50")
    if scripts:  # the answer follows, and the controls stay where they are
        page.locator(".answer", has_text="$32,500").wait_for()
    page.get_by_label("I would rather have").select_option("most")
    page.wait_for_load_state("networkidle")  # a person is slower than an answer
    page.locator("#wish").fill("13000")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    page.locator("#wish").press("Enter")
    ways = page.get_by_role("region", name="What would have to change?")
    ways.get_by_text("Smoker: No instead of Yes", exact=True).wait_for()
    assert page.get_by_label("Age", exact=True).input_value() == "50"
    assert page.locator("#wish").input_value() == "13000"
    ways.get_by_role("link", name="Compare with your case").first.click()
    assert page.get_by_role("combobox", name="Smoker Case 2").input_value() == "no"


@pytest.mark.parametrize("width", [320, 360, 390])
def test_a_phone_scrolls_the_cases_and_not_the_page(new_page: NewPage, width: int) -> None:
    """Two cases beside their names, and more of them in a region that scrolls by itself."""
    page = new_page(viewport={"width": width, "height": 844})
    page.goto("/compare?2.age=20&3.age=30&4.age=40")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".scroll").evaluate("it => it.scrollWidth > it.clientWidth")
    page.goto("/compare?2.age=20")
    if width >= 360:
        assert page.locator(".scroll").evaluate("it => it.scrollWidth <= it.clientWidth")


def test_a_chart_tells_its_values(new_page: NewPage) -> None:
    """A chart is a stop of the keyboard; arrows and the pointer walk along it, and words tell."""
    page = new_page()
    page.goto(ANSWERED)
    chart = page.locator(".course-plot").first
    told = page.locator("[data-told]").first
    assert told.text_content() == chart.get_attribute("aria-valuetext") == "55 years: $33,750"
    chart.focus()
    page.keyboard.press("Home")
    assert told.text_content() == "18 years: $24,500"
    page.keyboard.press("ArrowLeft")
    assert chart.get_attribute("aria-valuenow") == "0"
    page.keyboard.press("ArrowRight")
    assert chart.get_attribute("aria-valuetext") == told.text_content() == "20 years: $25,000"
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 20)
    assert told.text_content() == "64 years: $36,000"
    page.get_by_label("Age", exact=True).fill("30")
    page.get_by_text("30 years: $27,500", exact=True).wait_for()
    assert page.locator(".course-plot").first.get_attribute("role") == "slider"


def test_no_line_crosses_an_amount_of_its_axis(new_page: NewPage) -> None:
    """The amounts upwards stand whole beside a chart, however wide they are."""
    page = new_page(viewport={"width": 360, "height": 800})
    page.goto(ANSWERED)
    places = page.locator(".course-plot").evaluate_all(
        """plots => plots.flatMap((plot) => [...plot.querySelectorAll(".curve-up")].map((it) => {
          const [outer, box, line] = [plot, it, plot.querySelector(".curve-foot")]
            .map((one) => one.getBoundingClientRect());
          return [outer.left - 1, box.left, box.right, line.left];
        }))"""
    )
    assert places
    assert all(place == sorted(place) for place in places)


def test_the_card_is_a_few_screens_on_a_phone(new_page: NewPage) -> None:
    """Its later parts are folded, and a link to one opens it; without scripts all stand open."""
    phone = {"width": 390, "height": 844}
    page = new_page(viewport=phone)
    page.goto("/model")
    assert page.evaluate("document.documentElement.scrollHeight") <= 8 * phone["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == phone["width"]
    tall = "[...document.querySelectorAll('tr')].filter((row) => row.offsetHeight > 200).length"
    assert page.evaluate(tall) == 0
    part = page.locator("#proof .part-fold")
    assert part.get_attribute("open") is None
    page.get_by_role("link", name="Proof, versions and hashes").click()
    page.wait_for_selector("#proof .part-fold[open]")
    bare = new_page(viewport=phone, java_script_enabled=False)
    bare.goto("/model")
    assert bare.locator("#proof .pairs").first.is_visible()
