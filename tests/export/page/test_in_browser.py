"""The file that predicts, opened from a disk in a real chromium without a network."""

from __future__ import annotations

import io
import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tablecast.batch.predict_file import predict_csv
from tablecast.errors import BatchError
from tablecast.export.page.contents import contents_of
from tablecast.export.page.html_file import page_html, write_page
from tablecast.export.page.rules import rules_of
from tablecast.export.page.script import rules_script
from tests.chromium import ARGUMENTS, CHROMIUM
from tests.deployments import SHIPPED, shipped_client, shipped_deployment
from tests.export.page.test_document import (
    HOSTILE,
    hostile_deployment,
    html_of,
    oddly_named_deployment,
)

playwright_api = pytest.importorskip("playwright.sync_api")
axe_package = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

PATIENT = {"age": 19, "sex": "female", "bmi": 27.9, "children": 0, "smoker": "yes"}
ROWS = (
    PATIENT | {"region": "southwest"},
    {"age": "70", "sex": " FEMALE", "bmi": "59,5", "children": 9, "smoker": True, "region": "x"},
    {"age": 70, "sex": "male", "bmi": 59, "children": 1, "smoker": "no", "region": "northwest"},
    PATIENT | {"regoin": "southwest"},
    {},
)

#: The text of an answer without spaces, and without what only the server's has: copying.
TEXT = """(selector) => {
  const part = document.querySelector(selector).cloneNode(true);
  part.querySelectorAll("[data-copy], [data-copied], .course-told").forEach((one) => one.remove());
  return part.textContent.replace(/\\s+/g, "");
}"""

#: The numbers by which the marks of charts are placed.
DRAWN = """() => Array.from(document.querySelectorAll(".whatif svg *, .place svg *"), (it) =>
  ["x", "y", "x1", "y1", "cx", "cy", "width", "d", "points"].map((name) =>
    (it.getAttribute(name) ?? "").match(/-?[0-9]*[.]?[0-9]+/g) ?? [])).flat(2).map(Number)
"""


PARTS = (".panel", ".whatif")

#: What a comparison says, without spaces: the rows above the inputs, and the reasons.
COMPARED = """() => [...document.querySelectorAll(".compare tbody")[0].rows,
  ...document.querySelectorAll(".reasons p, .reasons .course, .was"),
].map((it) => it.textContent.replace(/\\s+/g, ""))"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "insurance.html"
    write_page(SHIPPED, path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright_api.Browser]:
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: playwright_api.Browser, file: Path) -> Iterator[playwright_api.Page]:
    """The page, offline; fails on a complaint of the browser and on any request but for itself."""
    context = browser.new_context(offline=True)
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    complaints: list[str] = []
    asked: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    opened.locator(".steps").wait_for()
    yield opened
    context.close()
    assert complaints == []
    assert {address.partition("#")[0] for address in asked} == {file.as_uri()}


def test_it_answers_programs_as_the_api_does(page: playwright_api.Page) -> None:
    """``tablecast.predict`` gives what the API gives: predictions, ranges, warnings and errors."""
    client = shipped_client("onnx")
    for row in (*ROWS, None, [PATIENT], "x", 5):
        for asked in ({}, {"explain": True}, {"explain": True, "whatif": True}):
            query = "&".join(f"{name}=1" for name in asked)
            body = row if isinstance(row, dict) else [row]
            expected: Any = client.post(f"/api/v1/predict?{query}", json=body).json
            found = page.evaluate("([row, asked]) => tablecast.predict(row, asked)", [row, asked])
            if "errors" in expected:
                fields = [{**error, "row": None} for error in expected["errors"]]
                assert found == {"errors": fields}
            else:
                assert_alike(found, expected["predictions"][0])


def assert_alike(found: Any, expected: Any) -> None:
    """The same keys in the same order, and the same numbers to 1e-9 of the amounts."""
    assert type(found) is type(expected) or isinstance(found, int | float)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert_alike(found[name], value)
    elif isinstance(expected, list):
        for own, other in zip(found, expected, strict=True):
            assert_alike(own, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-5)
    else:
        assert found == expected


@pytest.mark.parametrize("language", ["en", "zh", "es"])
def test_its_answer_reads_as_the_servers(
    page: playwright_api.Page, browser: playwright_api.Browser, language: str
) -> None:
    """The panel and the what-if charts have the very words and figures of the server's page, in
    each language, and are drawn in the same places."""
    values = {"age": "70", "sex": "male", "bmi": "59", "children": "1", "smoker": "no",
              "region": "northwest", "lang": language}  # fmt: skip
    answered = shipped_client("onnx").get("/", query_string=values)
    with browser.new_context(java_script_enabled=True).new_page() as served:
        served.set_content(answered.text)
        expected = [served.evaluate(TEXT, part) for part in PARTS]
        drawn = served.evaluate(DRAWN)
    link = "&".join(f"{name}={value}" for name, value in values.items())
    page.evaluate("link => { location.hash = link; }", link)
    page.locator(".panel .note").wait_for()
    assert [page.evaluate(TEXT, part) for part in PARTS] == expected
    assert page.evaluate(DRAWN) == pytest.approx(drawn, abs=0.06)  # both are rounded


def test_wrong_values_are_refused_beside_their_fields(page: playwright_api.Page) -> None:
    """The summary takes the focus, links to the field, and goes when the value is mended."""
    page.locator("[name=age]").fill("old")
    page.keyboard.press("Enter")
    words = "Enter Age as a number, for example 39."
    assert page.locator(".summary a").inner_text() == words
    assert page.evaluate("document.activeElement.className") == "summary"
    assert words in page.locator("#field-0-error").inner_text()
    page.locator(".summary a").press("Enter")
    assert page.evaluate("document.activeElement.name") == "age"
    page.locator("[name=age]").fill("40")
    page.keyboard.press("Enter")
    assert page.locator(".summary").count() == 0
    assert "age=40" in page.url


def test_a_link_opens_its_case(page: playwright_api.Page) -> None:
    """The link to a prediction fills the form again, and answers the same."""
    page.locator("[name=age]").fill("61")
    page.locator("[data-link][href*='age=61']").wait_for()
    said = page.locator(".answer").inner_text()
    link = page.evaluate("document.querySelector('[data-link]').href")
    page.get_by_role("link", name="Start again").click()
    page.locator("[data-link]:not([href*='age=61'])").wait_for()
    assert page.locator(".answer").inner_text() != said
    page.goto("about:blank")
    page.goto(link)
    page.locator(".steps").wait_for()
    assert page.locator("[name=age]").input_value() == "61"
    assert page.locator(".answer").inner_text() == said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_cases_stand_side_by_side(
    page: playwright_api.Page, browser: playwright_api.Browser, language: str
) -> None:
    """A link to a comparison shows what the server's page does: answers, changes, reasons."""
    cases = "1.age=19&1.smoker=yes&2.age=45&3.smoker=no&3.bmi=59&4.age=x"
    answered = shipped_client("onnx").get(f"/compare?{cases}&lang={language}")
    with browser.new_context().new_page() as served:
        served.set_content(answered.text)
        expected = served.evaluate(COMPARED)
    for link in ("age=40", f"{cases}&lang={language}"):  # one link after the other
        page.evaluate("link => { location.hash = link; }", link)
    page.locator("[data-cases] .course").first.wait_for()
    assert page.evaluate(COMPARED) == expected


def test_cases_are_changed_added_and_removed(page: playwright_api.Page) -> None:
    """The answer becomes two cases, and their link, opened again, has all that was changed."""
    page.get_by_role("link", name="Compare with another").click()
    assert page.evaluate("document.activeElement.textContent") == "Compare cases"
    page.locator("#case-2-0").fill("61")
    page.get_by_role("button", name="Add a case").click()
    page.locator("#case-3-4").select_option("yes")
    page.locator("#case-3-0").fill("old")
    fault = page.locator("[data-cases] .summary a")
    assert fault.inner_text() == "Case 3: Enter Age as a number, for example 39."
    page.locator("#case-3-0").fill("30")
    assert fault.count() == 0
    link = page.evaluate("document.querySelector('[data-cases] [data-link]').href")
    said = page.evaluate(COMPARED)
    page.get_by_text("Español", exact=True).click()
    page.get_by_role("heading", name="Comparar casos").wait_for()
    page.goto("about:blank")
    page.goto(link)
    page.locator("[data-cases] .course").first.wait_for()
    assert page.evaluate(COMPARED) == said
    page.get_by_role("button", name="Remove case 2").click()
    assert page.locator(".compare thead th").count() == 2


def test_a_file_of_rows_is_predicted_and_saved(page: playwright_api.Page, tmp_path: Path) -> None:
    """The saved file is the batch's; refused rows are named by their line."""
    rows = tmp_path / "people.csv"
    lines = ["age,sex,bmi,children,smoker,region", "19,female,27.9,0,yes,southwest"] * 2
    rows.write_text("\n".join([*lines, "x,male,30,1,no,northwest", ""]))
    page.set_input_files("#rows-file", rows)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save all rows with predictions").click()
    assert saved.value.suggested_filename == "people_predictions.csv"
    expected = io.BytesIO()
    with rows.open("rb") as source:
        predict_csv(shipped_deployment("onnx"), source, expected, name=rows.name, errors="column")
    pairs = zip(_numbers(saved.value.path().read_text()),
                _numbers(expected.getvalue().decode()), strict=True)  # fmt: skip
    for own, other in pairs:
        assert own == (pytest.approx(other, rel=1e-9) if isinstance(other, float) else other)
    said = page.locator("[data-rows-result]").inner_text()
    assert "Line 5\tEnter age as a number, for example 39." in said
    assert "Ignored 1 row that repeats the column names (line 3)." in said
    assert page.locator("[data-rows-said]").inner_text() == "2 of 3 rows have a prediction."
    page.get_by_text("Español", exact=True).click()
    page.set_input_files("#rows-file", rows)
    page.get_by_role("link", name="Guardar todas las filas").wait_for()


def _numbers(text: str) -> list[float | str]:
    cells = text.replace("\n", ",\n,").split(",")
    return [float(cell) if cell[:1].isdigit() else cell for cell in cells]


def test_what_is_no_table_is_refused_in_a_sentence(
    page: playwright_api.Page, tmp_path: Path
) -> None:
    """A file without the columns, without rows, or of another kind says so, and is named."""
    for content, words in (
        (b"x,y\n1,2\n", "odd.csv has no column 'age', 'sex', 'bmi', 'children', 'smoker' and 1"),
        (b"age,sex,bmi,children,smoker,region\n", "The file has column names but no rows."),
        (b"PK\x03\x04\x00\x00", "odd.csv is not a CSV file. Save the table as CSV (UTF-8)."),
        (b"", "odd.csv is empty."),
    ):
        path = tmp_path / "odd.csv"
        path.write_bytes(content)
        page.set_input_files("#rows-file", [])
        page.set_input_files("#rows-file", path)
        page.locator("[data-rows-result] .wrong", has_text=words).wait_for()


#: How a file may be encoded, and what a page says of one that only the server can read.
ENCODINGS = {
    "utf-8": "", "utf-8-sig": "", "utf-16": "", "utf-16-le": "", "utf-16-be": "", "cp1252": "",
    "gb18030": "The encoding of rows.csv cannot be recognized (line 1).",
}  # fmt: skip
_READ = """([text, rules]) => {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  try {
    const {names, count, notes} = openRules(rules).file(bytes, "rows.csv");
    return {names, count, notes: notes.map((note) => say(note))};
  } catch (error) {
    return {fault: say(error.remark)};
  }
}"""


def test_a_file_is_read_in_its_encoding_or_refused(browser: playwright_api.Browser) -> None:
    """UTF-8, UTF-16 with and without a mark, Windows' and the training table's encoding are read as
    the batch reads them; what is in none of these, or no text, is refused with what to do."""
    schema = shipped_deployment("onnx").schema
    text = ",".join(PATIENT) + ",region,café\n19,female,27.9,0,yes,southwest,Müller à Nîmes\n"
    with browser.new_page() as page:
        page.set_content("<p>")
        page.add_script_tag(content=f"{rules_script()}\nObject.assign(window, {{openRules, say}});")

        def read(content: bytes, encoding: str = "") -> Any:
            rules = rules_of(schema) | {"encoding": encoding}
            return page.evaluate(_READ, [b64encode(content).decode(), rules])

        for encoding, fault in ENCODINGS.items():
            table = text.replace("Müller à Nîmes", "北京市") if fault else text
            found = read(table.encode(encoding))
            if fault:
                assert found["fault"].startswith(fault)
                continue
            written = io.BytesIO()
            summary = predict_csv(
                shipped_deployment("onnx"), io.BytesIO(table.encode(encoding)), written,
                name="rows.csv",
            )  # fmt: skip
            assert found["names"][6] == "café"
            assert (found["count"], found["notes"]) == (1, list(summary.notes)), encoding
        chinese = text.replace("Müller à Nîmes", "北京市").replace("café", "城市")
        assert read(chinese.encode("gb18030"), "gb18030")["names"][6] == "城市"
        assert "is not a CSV file" in read(b"a,b\n\x01,2\n")["fault"]
        broken = read(text.encode().replace("à".encode(), b"\xc3"))
        assert "has bytes that are not UTF-8 text" in broken["notes"][0]


def test_predicting_a_file_can_be_stopped(page: playwright_api.Page, tmp_path: Path) -> None:
    """A long file shows how far it is; stopped, it leaves nothing, and the page answers on."""
    rows = tmp_path / "long.csv"
    row = "19,female,27.9,0,yes,southwest\n"
    rows.write_text("age,sex,bmi,children,smoker,region\n" + row * 300_000)
    page.set_input_files("#rows-file", rows)
    stop = page.get_by_role("button", name="Cancel")
    stop.wait_for()
    page.wait_for_function("document.querySelector('progress').value > 0")
    stop.click()
    assert page.locator("[data-rows-said]").inner_text() == "Cancelled. Nothing was saved."
    assert page.locator("[data-rows-going]").is_hidden()
    assert page.locator("[data-rows-result]").inner_text() == ""
    assert page.evaluate("document.activeElement.id") == "rows-file"


def test_markup_is_shown_and_never_run(browser: playwright_api.Browser, tmp_path: Path) -> None:
    """Labels, levels, units, links and files with markup in them are texts of every part."""
    path = tmp_path / "hostile.html"
    path.write_text(html_of(hostile_deployment()), encoding="utf-8")
    rows = tmp_path / "<img src=x onerror=alert(3)>.csv"
    rows.write_text(
        f"age,sex,bmi,children,smoker,region,{HOSTILE}\n{HOSTILE},f,1,1,no,x,{HOSTILE}\n"
    )
    page = browser.new_context(offline=True).new_page()
    shown: list[str] = []
    page.on("dialog", lambda dialog: shown.append(dialog.message))
    page.on("console", lambda message: shown.append(message.text))
    page.goto(f"{path.as_uri()}#1.age={HOSTILE}&2.sex={HOSTILE}")
    page.locator(".compare .wrong").first.wait_for()
    page.set_input_files("#rows-file", rows)
    page.locator("[data-rows-result] .grid").first.wait_for()
    assert page.evaluate("document.images.length") == 0
    assert HOSTILE in page.locator("#main h1").inner_text()
    assert HOSTILE[:50] in page.locator("[data-rows-result]").inner_text()
    assert shown == []


def test_a_field_may_be_named_as_what_every_object_has(
    browser: playwright_api.Browser, tmp_path: Path
) -> None:
    """Fields and levels called constructor or __proto__ are read, answered and charted like others,
    in the form, by programs and in a file."""
    loaded, graph = oddly_named_deployment()
    path = tmp_path / "odd.html"
    html = page_html(loaded, contents_of(loaded, graph), "0" * 64, card=False)
    path.write_text(html, encoding="utf-8")
    row = {"__proto__": 2.5, "constructor": 1.5, "it's \\": 4.5, "toString": "__proto__"}
    rows = tmp_path / "rows.csv"
    rows.write_text("__proto__,constructor,it's \\,toString\n2.5,1.5,4.5,__proto__\n")
    with browser.new_context(offline=True).new_page() as page:
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        page.locator(".course").nth(3).wait_for()
        predict = "text => tablecast.predict(JSON.parse(text))"
        assert page.evaluate(predict, json.dumps(row))["prediction"] == 467.5
        errors = page.evaluate(predict, '{"hasOwnProperty": 1}')["errors"]
        assert errors[0]["message"].startswith("“hasOwnProperty” is not a field of this form.")
        page.set_input_files("#rows-file", rows)
        page.locator("[data-rows-result] .grid").wait_for()
        assert "467.5" in page.locator("[data-rows-result] .grid").inner_text()
        other = tmp_path / "other.csv"
        other.write_text("a,b\n1,2\n")
        page.set_input_files("#rows-file", other)
        page.locator("[data-rows-result] .wrong").wait_for()
        with pytest.raises(BatchError) as refused:
            predict_csv(loaded, io.BytesIO(other.read_bytes()), io.BytesIO(), name="other.csv")
        said = page.locator("[data-rows-result] .wrong").inner_text()
        assert said.removeprefix("Error:").strip() == str(refused.value)
        assert complaints == []


@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(page: playwright_api.Page, width: int, tmp_path: Path) -> None:
    """No state breaks a rule of axe-core, light or dark, on a phone or a desktop."""
    options = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
    page.set_viewport_size({"width": width, "height": 800})
    rows = tmp_path / "rows.csv"
    rows.write_text("age,sex,bmi,children,smoker,region\nx,male,30,1,no,northwest\n")
    page.set_input_files("#rows-file", rows)
    page.locator("[data-rows-result] .grid").first.wait_for()
    page.get_by_role("link", name="Compare with another").click()
    page.locator("#case-2-0").fill("x")
    page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    page.evaluate(axe_package.Axe().axe_script)
    for value in ("39", "old"):
        page.locator("[name=age]").fill(value)
        page.keyboard.press("Enter")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found: Any = page.evaluate("options => axe.run(options)", options)
            assert found["passes"]
            assert [
                f"{rule['id']}: {node['html'][:150]}"
                for rule in found["violations"]
                for node in rule["nodes"]
            ] == []


#: The width of A4 within the margins, in CSS pixels, and what stands out of it or is cut off.
PAPER = 680
CLIPPED = """() => Array.from(document.querySelectorAll("body *")).filter((it) => {
  const {left, right, width} = it.getBoundingClientRect(), style = getComputedStyle(it);
  if (!width || it.matches(".unseen, .skip") || it.closest("svg")) return false;
  const isCut = style.overflowX !== "visible" && it.scrollWidth > it.clientWidth + 1;
  return isCut || left < -1 || right > innerWidth + 1;
}).map((it) => it.outerHTML.slice(0, 100))"""


def test_it_prints_the_answer_on_one_sheet(page: playwright_api.Page) -> None:
    """On paper stand the answer, its range, each value with its reason, and the charts, and nothing
    is cut off; the card is left out while it is folded, and whole where it is not."""
    page.set_viewport_size({"width": PAPER, "height": 900})
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    page.emulate_media(media="print")
    for part in ("h1", ".answer", ".range", ".steps", ".whatif", ".foot"):
        assert page.locator(part).first.is_visible(), part
    for part in ("form.form", "#rows-file", ".more"):
        assert not page.locator(part).first.is_visible(), part
    assert page.evaluate(CLIPPED) == []
    page.evaluate("document.querySelector('body > .page > .more').open = true")
    assert page.locator("#summary").is_visible()
    assert page.locator(".card-part").last.is_visible()
    assert page.evaluate(CLIPPED) == []
    assert page.pdf(format="A4").count(b"/Type /Page\n") > 2


def test_chromium_prints_it_from_the_command_line(file: Path, tmp_path: Path) -> None:
    """``--print-to-pdf`` prints as soon as the file is loaded: the answer with all its reasons."""
    paper = tmp_path / "page.pdf"
    options = [*ARGUMENTS, "--headless", f"--user-data-dir={tmp_path / 'profile'}"]
    printed = [str(CHROMIUM), *options, f"--print-to-pdf={paper}", file.as_uri()]
    subprocess.run(printed, check=True, capture_output=True, timeout=60)
    assert paper.read_bytes().count(b"/Type /Page\n") == 1
    # An empty form, or an answer alone, is a third of this.
    assert paper.stat().st_size > 60_000


#: Notes whether the file's last part was there when the first prediction was.
_FIRST = """new MutationObserver((_changes, self) => {
  if (!document.querySelector(".panel .answer")) return;
  globalThis.wasWhole = document.querySelector(".foot") !== null;
  self.disconnect();
}).observe(document, {childList: true, subtree: true});"""


def test_the_first_prediction_waits_for_nothing(
    browser: playwright_api.Browser, file: Path
) -> None:
    """It stands in the page before the model card is even read, and the reasons follow."""
    with browser.new_context(offline=True).new_page() as page:
        page.add_init_script(_FIRST)
        page.goto(file.as_uri())
        page.locator(".steps").wait_for()
        assert page.evaluate("wasWhole") is False
        assert page.locator(".foot").is_visible()


@pytest.mark.parametrize("lacks", ["DecompressionStream", "Array.prototype.toSorted"])
def test_an_old_browser_is_told_so(
    browser: playwright_api.Browser, file: Path, lacks: str
) -> None:
    """Whatever a browser lacks of what the page needs, it says so, and shows the card."""
    with browser.new_context(offline=True).new_page() as page:
        page.add_init_script(f"delete {lacks};")
        page.goto(file.as_uri())
        page.locator("[data-old]").wait_for()
        assert page.locator("[data-old]").inner_text().startswith("Your browser is too old")
        page.get_by_text("Model card", exact=True).first.click()
        assert page.locator("#summary").is_visible()


def test_without_scripts_it_says_so_and_shows_the_card(
    browser: playwright_api.Browser, file: Path
) -> None:
    """A browser without JavaScript shows a sentence, and the model card."""
    page = browser.new_context(java_script_enabled=False, offline=True).new_page()
    page.goto(file.as_uri())
    said = page.locator("noscript").first.inner_text()
    assert said.startswith("This page predicts with JavaScript")
    page.get_by_text("Model card", exact=True).first.click()
    assert page.locator("#summary").is_visible()
    assert shipped_deployment("onnx").name in page.locator(".foot").inner_text()
