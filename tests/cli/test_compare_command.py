"""``tablecast compare``: its words, its exit status, and what the card keeps."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from deployments import SHIPPED

from tablecast.cli.commands import compare_command as compare
from tablecast.cli.main import main
from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tests.started import started


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A copy of the shipped deployment, in use nowhere."""
    for ending in (".onnx", ".onnx.sha256", ".pkl", ".json"):
        if SHIPPED.with_suffix(ending).is_file():
            shutil.copy(SHIPPED.with_suffix(ending), tmp_path / f"charges{ending}")
    sums = tmp_path / "charges.onnx.sha256"
    sums.write_text(sums.read_text().replace(SHIPPED.name, "charges"))
    return tmp_path / "charges"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Rows whose truth is what the shipped deployment predicts."""
    loaded = load(SHIPPED)
    rows = [{"age": age, "sex": "male", "bmi": 20 + age / 5, "children": age % 4,
             "smoker": "yes" if age % 3 else "no", "region": "northeast"}
            for age in range(18, 64)]  # fmt: skip
    predicted = loaded.predictor.predict([loaded.schema.parse(row) for row in rows])
    path = tmp_path / "outcomes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*rows[0], "charges"])
        for row, one in zip(rows, predicted, strict=True):
            writer.writerow([*row.values(), one.prediction])
    return path


def run(*arguments: str | Path) -> int:
    """The exit status of a command."""
    try:
        return main(["compare", *map(str, arguments)])
    except SystemExit as end:
        return int(end.code or 0)


def dearer(name: str, **_options: Any) -> Deployment:
    """The deployment of that name, whose predictions are too high if it is called so."""
    loaded = load(name)
    if "dear" in str(name):
        answer = loaded.engine.answer

        class Dear:
            def answer(self, columns: Any) -> Any:
                found = answer(columns)
                return type(found)(found.labels + 1000, found.probabilities)

        return Deployment(loaded.description, Dear())
    return loaded


def test_an_equal_one_is_told_and_recorded(
    new: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its card has the comparison, its predictions and its pickle's hash are the same."""
    before = load(new)
    assert run(SHIPPED, new, "--table", table) == 0
    said = capsys.readouterr().out
    assert "Compared on 46 rows." in said
    assert "is not more than chance" in said
    after = load(new)
    assert after.description["sha256"] == before.description["sha256"]
    (entry,) = after.description["card"]["comparisons"]
    assert entry["old_deployment"]["name"] == "deployment_28042020"
    assert (entry["verdict"], entry["rows"], entry["table"]) == (
        "no difference", 46, "outcomes.csv",
    )
    card = started(after).test_client()
    assert card.get("/api/v1/model").get_json()["comparisons"] == [entry]
    page = card.get("/model").text
    assert "Compared with deployment_28042020" in page


def test_a_comparison_with_the_same_one_replaces_the_earlier(new: Path, table: Path) -> None:
    """The card has the latest."""
    for _ in range(2):
        assert run(SHIPPED, new, "--table", table) == 0
    assert len(load(new).description["card"]["comparisons"]) == 1


def test_a_worse_one_ends_with_1_and_a_better_one_with_0(
    new: Path, table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which a program that ships deployments goes by; JSON has the same."""
    monkeypatch.setattr(compare, "load", dearer)
    dear = new.with_name("dear")
    for file in new.parent.glob("charges.*"):
        content = file.read_text() if file.suffix == ".sha256" else ""
        name = file.name.replace("charges", "dear")
        if content:
            (new.parent / name).write_text(content.replace("charges", "dear"))
        else:
            shutil.copy(file, new.parent / name)
    assert run(SHIPPED, dear, "--table", table, "--no-record") == 1
    assert "dear is worse than deployment_28042020 by more than chance." in capsys.readouterr().out
    assert run(dear, SHIPPED, "--table", table, "--no-record", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "better"
    assert found["difference"] == pytest.approx(-1000)
    assert found["new_deployment"]["name"] == "deployment_28042020"


def test_what_cannot_be_compared_ends_with_2(
    new: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, and nothing is written."""
    before = new.with_suffix(".onnx").read_bytes()
    for arguments in (
        (SHIPPED, new.with_name("none"), "--table", table),
        (SHIPPED, new, "--table", table.with_name("none.csv")),
        (SHIPPED, new),
    ):
        assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert said.count("tablecast: ") >= 2
    assert "Traceback" not in said
    assert new.with_suffix(".onnx").read_bytes() == before


def test_one_row_is_told_without_an_interval(new: Path, table: Path) -> None:
    """Its JSON is JSON, without Infinity."""
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:2]) + "\n")
    assert run(SHIPPED, new, "--table", table) == 0
    assert load(new).description["card"]["comparisons"][0]["low"] is None


def test_the_same_name_in_two_folders_is_told_apart(
    new: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the paths that were given."""
    assert run(new, new, "--table", table, "--no-record") == 0
    assert f"between {new} and {new} is not" in capsys.readouterr().out
