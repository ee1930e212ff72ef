"""The five examples: each README's own command trains, serves and answers as the README says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deployments import ROOT
from flask.testing import FlaskClient
from questions import WAYS, check_page, check_ranges, columns_within
from real_servers import GUNICORN, served

from tablecast.batch.predict_file import predict_file
from tablecast.cli.main import main
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tests.markup import Page
from tests.started import started

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLES = ("insurance", "iris", "glass", "wine", "house")

#: What each README's program prints, as a pattern of its whole output.
PRINTED = {
    "insurance": r"[3-6]\d{4}\.\d+\n422 .*is not a choice for smoker. Choose one of: yes, no.*\n",
    "iris": r"Iris-setosa\n",
    "glass": r"1\n",
    "wine": r"5\.\d+\n",
    "house": r"2\d{5}\.\d+\n",
}

#: A real browser fills in one field of each form, and reads the answer.
FILLED = {
    "insurance": ("Age", "40", r"\$[\d,.]+"),
    "iris": ("Petal length", "4.5", "Iris versicolor"),
    "glass": ("Sodium (Na)", "13.5", "Building Windows Float Processed"),
    "wine": ("Alcohol", "13", r"[67]\.\d+ points"),
    "house": ("Overall quality", "9", r"\$[\d,.]+"),
}

#: The least figure of each holdout; glass's is what its tutorial published.
AT_LEAST = {
    "insurance": ("R2", 0.82),
    "iris": ("Accuracy", 0.93),
    "glass": ("Accuracy", 0.754),
    "wine": ("R2", 0.42),
    "house": ("R2", 0.85),
}

Trained = Callable[[str], Path]

pytestmark = pytest.mark.slow
each_example = pytest.mark.parametrize("name", EXAMPLES)


def readme(name: str) -> str:
    return (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", readme(name), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="session")
def trained(
    real_table: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """Trains an example once, with its README's command; gives the path of the deployment."""
    folder = tmp_path_factory.mktemp("examples")

    @cache
    def train(name: str) -> Path:
        table = real_table(name)
        (command,) = (code for code in blocks(name, "sh") if "tablecast train" in code)
        words = shlex.split(command.replace("\\\n", " "))
        options = words[words.index("train") :]
        options[options.index("--form") + 1] = str(ROOT / options[options.index("--form") + 1])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TABLECAST_DATA", str(table.parent))
            assert main([*options, "--out", str(folder)]) == 0
        return folder / name

    return train


def deployed(base: Path) -> tuple[Deployment, FlaskClient]:
    deployment = load(base)
    return deployment, started(deployment).test_client()


def typical(deployment: Deployment) -> dict[str, Any]:
    """The defaults that the API tells, of the fields that may not be left out."""
    fields = started(deployment).test_client().get("/api/v1/model").json["fields"]
    return {field["name"]: field["default"] for field in fields if field["required"]}


@each_example
def test_the_command_makes_a_proven_deployment(trained: Trained, name: str) -> None:
    """Trained on the real table, proven on each of its rows, and as good as it should be."""
    description = load(trained(name)).description
    proof, metrics = description["proof"], description["card"]["metrics"]["holdout"]
    assert proof["rows"] == description["card"]["rows"]
    assert proof["label_mismatches"] == 0
    assert max(proof["worst_relative"], proof["worst_probability"]) <= 1e-9
    metric, least = AT_LEAST[name]
    assert metrics[metric] >= least


@each_example
def test_the_untouched_form_is_answered(trained: Trained, name: str) -> None:
    """The page is small, its typical values are answered, and the answer's link answers too."""
    _, client = deployed(trained(name))
    html = client.get("/").text
    assert len(html.encode()) < 150_000
    answer = client.post("/predict", data=Page(html).filled_in())
    assert answer.status_code == 200
    assert len(answer.text.encode()) < 150_000
    link = next(one["href"] for one in Page(answer.text).all("a") if "data-link" in one.attributes)
    assert 'class="answer' in client.get(link).text


@each_example
def test_both_engines_give_every_class_the_same(trained: Trained, name: str) -> None:
    """The graph and PyCaret answer a row and a list of rows alike, through either route."""
    row = typical(load(trained(name)))
    bare, full = [], []
    for engine in ("onnx", "pycaret"):
        client = started(load(trained(name), engine)).test_client()
        bare.append(client.post("/predict_api", json=[row, row]).json)
        full.append(client.post("/api/v1/predict", json=row).json["predictions"][0])
    answers = [*bare[0], *bare[1], full[0]["prediction"], full[1]["prediction"]]
    assert all(answer == same(answers[0]) for answer in answers)
    shares = [one["probabilities"] for one in full]
    assert shares[0] == pytest.approx(shares[1], abs=1e-9)


@each_example
def test_the_training_table_is_a_batch(
    trained: Trained, real_table: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    """Every row of the table that a deployment was trained on is answered."""
    output = tmp_path / "out.csv"
    summary = predict_file(trained(name), real_table(name), output)
    assert summary.refused == 0
    lines = output.read_text(encoding="utf-8-sig").splitlines()
    assert "prediction_label" in lines[0]
    assert len(lines) == summary.predicted + 1


@each_example
@pytest.mark.server
def test_the_readmes_program_gets_its_answer(trained: Trained, tmp_path: Path, name: str) -> None:
    """The client script runs as pasted, against a real gunicorn."""
    (code,) = blocks(name, "python")
    with served(GUNICORN, tmp_path, TABLECAST_DEPLOYMENT=str(trained(name))) as url:
        done = subprocess.run(
            [sys.executable, "-c", code.replace("http://localhost:5000", url)],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONUTF8": "1"},
        )  # fmt: skip
    assert re.fullmatch(PRINTED[name], done.stdout)


@pytest.mark.browser
def test_a_person_uses_each_form(trained: Trained, browser: Browser) -> None:
    """In a real browser each form is filled in, sent, and answered in its own words."""
    browsing = pytest.importorskip("test_browser")
    for name in EXAMPLES:
        label, value, answer = FILLED[name]
        with browsing.serving(load(trained(name))) as url:
            page = browser.new_page()
            page.goto(url)
            page.get_by_label(label, exact=True).fill(value)
            page.get_by_role("button", name="Predict").click()
            page.locator(".answer").wait_for()
            assert re.fullmatch(answer, page.locator(".answer").inner_text())
            page.close()


def same(answer: Any) -> Any:
    """What equals the answer: the class itself, or an amount to the proof's tolerance."""
    return pytest.approx(answer, rel=1e-9) if isinstance(answer, float) else answer


# What is possible


@each_example
@pytest.mark.parametrize("way", WAYS)
def test_ranges_hold_their_answers(trained: Trained, name: str, way: str) -> None:
    """Rows within the training range, beyond it and with gaps, by the API and on the page."""
    deployment, client = deployed(trained(name))
    check_ranges(client, deployment.schema, WAYS[way])
    check_page(client, deployment.schema, WAYS[way])


@pytest.mark.parametrize(
    ("name", "most"), [("insurance", 126_419), ("wine", 13), ("house", 1_475_100)]
)
def test_no_answer_is_impossible(trained: Trained, name: str, most: float) -> None:
    """No price and no quality is below zero, nor above the highest by more than the range."""
    deployment = load(trained(name))
    columns = columns_within(deployment.schema, 20_000)
    answers = deployment.engine.answer(columns).labels
    low, high = deployment.predictor.interval.of_columns(answers, columns)
    assert low.min() >= 0
    assert high.max() <= most
    assert ((low <= answers) & (answers <= high)).all()


# Glass: the page's words and the table's


def test_a_class_has_its_label_on_the_page_and_its_number_in_the_api(trained: Trained) -> None:
    """The page says what glass type 1 is called; the API and its probabilities say 1."""
    deployment, client = deployed(trained("glass"))
    row = typical(deployment)
    page = Page(client.post("/predict", data={k: str(v) for k, v in row.items()}).text)
    names = {one.text for one in page.all("th", scope="row")}
    assert {"Building Windows Float Processed", "Headlamps", "Tableware"} <= names
    answer = client.post("/api/v1/predict", json=row).json["predictions"][0]
    assert answer["prediction"] in (1, 2, 3, 5, 6, 7)
    assert list(answer["probabilities"]) == ["1", "2", "3", "5", "6", "7"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


# House prices: 79 fields that a person can use


def test_the_house_form_shows_what_matters_first(trained: Trained) -> None:
    """Six to twelve fields are open, the quality and the living area among the first."""
    deployment, client = deployed(trained("house"))
    fields = deployment.schema.fields
    shown = [field.name for field in fields if not field.folded]
    assert 6 <= len(shown) <= 12
    assert {"OverallQual", "GrLivArea"} <= set(shown[:3])
    assert [field.folded for field in fields] == sorted(field.folded for field in fields)
    importance = deployment.description["card"]["importance"]
    shares = [importance[field.name] for field in fields]
    assert shares == sorted(shares, reverse=True)
    page = Page(client.get("/").text)
    inside = [one for one in page.all("input") + page.all("select") if one.inside("details")]
    assert {one["name"] for one in inside} == {field.name for field in fields if field.folded}


def test_a_house_may_lack_what_training_lacked(trained: Trained) -> None:
    """A pool's quality may be missing, as it mostly was; the quality of the house may not."""
    deployment, client = deployed(trained("house"))
    row = typical(deployment)
    assert "PoolQC" not in row
    assert deployment.schema.field("PoolQC").default is None
    assert client.post("/predict_api", json=row).status_code == 200
    del row["OverallQual"]
    refused = client.post("/predict_api", json=row)
    assert [error["field"] for error in refused.json["errors"]] == ["OverallQual"]


@pytest.mark.browser
def test_a_select_is_searched_by_typing(trained: Trained, browser: Browser) -> None:
    """With JavaScript a select takes typed text; unknown text is sent, and refused in words."""
    browsing = pytest.importorskip("test_browser")
    with browsing.serving(load(trained("house"))) as url:
        page = browser.new_page()
        page.goto(url)
        page.get_by_text("More fields").click()
        box = page.get_by_role("combobox", name="Neighborhood")
        assert box.input_value() == "North Ames"
        box.fill("stone")
        offered = page.get_by_role("listbox").get_by_role("option")
        assert offered.all_inner_texts() == ["Stone Brook"]
        box.press("ArrowDown")
        box.press("Enter")
        assert box.input_value() == "Stone Brook"
        page.get_by_role("button", name="Predict").click()
        page.locator(".answer").wait_for()
        assert "Neighborhood=StoneBr" in page.locator("[data-link]").get_attribute("href")
        box = page.get_by_role("combobox", name="Neighborhood")
        if not box.is_visible():
            page.get_by_text("More fields").click()
        box.fill("Atlantis")
        page.get_by_role("button", name="Predict").click()
        page.get_by_role("alert").get_by_text("“Atlantis” is not a choice").wait_for()
        plain = browser.new_page(java_script_enabled=False)
        plain.goto(url)
        assert plain.locator('select[name="Neighborhood"]').count() == 1
        assert plain.get_by_role("combobox", name="Neighborhood").count() <= 1
