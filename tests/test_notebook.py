"""The notebook: thin, committed with outputs, and able to run again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deployments import ROOT

from tablecast.artifact import load

NOTEBOOK = json.loads((ROOT / "train.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_committed_with_its_outputs() -> None:
    """A reader on a code host sees tables and a picture, and every cell ran in order."""
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    kinds = {kind for cell in CODE for output in cell["outputs"] for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= kinds
    assert not [o for cell in CODE for o in cell["outputs"] if o["output_type"] == "error"]


def test_the_notebook_holds_no_logic_of_its_own() -> None:
    """No function, class or loop is defined in it, but for drawing two pictures side by side."""
    source = "\n".join("".join(cell["source"]) for cell in CODE)
    for word in ("def ", "class ", "while ", "lambda"):
        assert word not in source
    assert sum(line.startswith("for ") for line in source.splitlines()) <= 1


def test_the_notebook_names_no_machine() -> None:
    """No path of the machine that ran it is in its outputs."""
    text = json.dumps(NOTEBOOK)
    assert "/home/" not in text
    assert str(ROOT) not in text


@pytest.mark.slow
def test_the_notebook_runs_and_makes_the_deployment(
    real_table: Callable[[str], Path], tmp_path: Path
) -> None:
    """Run headless, it trains, saves, compiles and proves; the answers are the shipped ones."""
    table = real_table("insurance")
    for name in ("train.ipynb", "tablecast", "examples"):
        source, copy = ROOT / name, tmp_path / name
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute",
         "--inplace", "train.ipynb"],
        cwd=tmp_path, check=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "TABLECAST_DATA": str(table.parent)},
    )
    rows = [{"age": 55, "sex": "male", "bmi": 29.6, "children": 1, "smoker": "yes",
             "region": "northwest"}]
    answers = []
    for base in (tmp_path / "deployment_28042020", ROOT / "deployment_28042020"):
        deployment = load(base, "onnx")
        parsed = [deployment.schema.parse(row) for row in rows]
        answers.append(deployment.predictor.predict(parsed)[0].prediction)
    assert answers[0] == pytest.approx(answers[1], rel=1e-6)
