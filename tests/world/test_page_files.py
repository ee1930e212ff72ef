"""Pages without a server of all five examples in chromium, and the shipped one's in Firefox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tablecast.cli.main import main
from tablecast.compiler.proof.random_rows import random_rows
from tablecast.deployment.opening import load
from tablecast.export.page.html_file import write_page
from tests.deployments import ROOT, SHIPPED
from tests.firefox import FIREFOX, PATIENCE, firefox

if TYPE_CHECKING:
    from marionette_driver.marionette import Marionette

pytestmark = [
    pytest.mark.world,
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: Of each example its target, an estimator of another family, and the most KB of its page.
EXAMPLES = {
    "insurance": ("charges", "gbr", 3000),
    "iris": ("species", "lda", 150),
    "glass": ("Type", "rf", 3000),
    "wine": ("quality", "lightgbm", 3000),
    "house": ("SalePrice", "br", 3000),
}
ROWS = 50

_ASK = """rows => rows.map((row) => tablecast.predict(row))"""


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_examples_page_answers_as_its_server(
    name: str, real_table: Callable[[str], Path], browser: Browser, tmp_path: Path
) -> None:
    """Opened from a disk without a network, it gives the deployment's answers to random rows, draws
    charts, and asks nobody for anything."""
    target, model, most = EXAMPLES[name]
    form = ROOT / "examples" / name / "form.toml"
    command = ["train", str(real_table(name)), "--target", target, "--form", str(form)]
    limits = ["--model", model, "--budget", "30", "--name", name, "--out", str(tmp_path)]
    assert main([*command, *limits]) == 0
    page_file = tmp_path / f"{name}.html"
    write_page(tmp_path / name, page_file)
    assert page_file.stat().st_size < most * 1000
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    page.locator(".whatif").wait_for()
    assert page.locator(".course").count() >= 4
    assert_same_answers(page.evaluate, tmp_path / name)
    context.close()
    assert complaints == []
    assert asked == [page_file.as_uri()]


def assert_same_answers(evaluate: Callable[..., Any], name: Path) -> None:
    """Random rows that are valid have the deployment's answers, and all others are refused."""
    loaded = load(name, "onnx")
    schema = loaded.schema
    columns = random_rows(schema.fields, ROWS, 3)
    rows = [
        {field.name: _json(field.json_value(columns[field.name][row])) for field in schema.fields}
        for row in range(ROWS)
    ]
    found = evaluate(_ASK, rows)
    answered = [row for row, answer in enumerate(found) if "errors" not in answer]
    assert answered
    expected = loaded.predictor.predict([schema.parse(rows[row]) for row in answered])
    for row, prediction in zip(answered, expected, strict=True):
        own = prediction.prediction
        assert found[row]["prediction"] == (
            pytest.approx(own, rel=1e-9) if isinstance(own, float) else own
        )


def _json(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


@pytest.fixture(scope="module")
def fox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marionette]:
    if not FIREFOX.exists():
        pytest.skip("Debian's Firefox is not installed")
    folder = tmp_path_factory.mktemp("firefox")
    write_page(SHIPPED, folder / "insurance.html")
    with firefox(folder) as started:
        started.navigate((folder / "insurance.html").as_uri())
        yield started


def _wait(fox: Marionette, script: str) -> Any:
    from marionette_driver import Wait

    return Wait(fox, timeout=PATIENCE).until(lambda _: fox.execute_script(script))


def test_firefox_answers_explains_and_compares(fox: Marionette) -> None:
    """The page unfolds itself there, answers a change, draws charts and compares cases."""
    _wait(fox, "return document.querySelectorAll('.whatif .course').length === 6")
    before = fox.find_element("css selector", ".answer").text
    age = fox.find_element("css selector", "[name=age]")
    age.clear()
    age.send_keys("61")
    _wait(fox, f"return document.querySelector('.answer').textContent !== '{before}'")
    fox.find_element("css selector", "[data-compare]").click()
    _wait(fox, "return document.querySelectorAll('.compare tbody tr').length > 6")
    assert fox.execute_script("return performance.getEntriesByType('resource').length") == 0


def test_firefox_predicts_a_file_of_rows(fox: Marionette, tmp_path: Path) -> None:
    """A file chosen there is predicted and can be saved."""
    rows = tmp_path / "rows.csv"
    rows.write_text("age,sex,bmi,children,smoker,region\n40,male,28,1,no,northwest\n")
    fox.find_element("css selector", "#rows-file").send_keys(str(rows))
    _wait(fox, "return !!document.querySelector('[data-rows-result] a[download]')")
    said = fox.find_element("css selector", "[data-rows-said]").text
    assert said == "1 of 1 rows have a prediction."


def test_axe_finds_nothing_in_firefox(fox: Marionette) -> None:
    """Answer, charts, comparison and file break no rule of axe-core there."""
    fox.timeout.script = 60
    script = "const [tell] = arguments; axe.run().then(tell, error => tell(String(error)))"
    found: Any = fox.execute_async_script(f"{Axe().axe_script}\n{script}", sandbox="axe")
    assert found["passes"]
    assert [one["id"] for one in found["violations"]] == []
