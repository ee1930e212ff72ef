"""Python 3.12: what one Python has trained the other opens, and both predict the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deployments import ROOT, SHIPPED

from examples.insurance.simulate import simulate

#: The environment that make test-312 makes.
PYTHON_312 = ROOT / "build/python-3.12/bin/python"
PYTHONS = {"3.11": Path(sys.executable), "3.12": PYTHON_312}

PREDICT = """
import json, sys
from tablecast import load, predict_model
base, rows = sys.argv[1], json.load(open(sys.argv[2]))
for engine in ("pycaret", "onnx"):
    answered = predict_model(load(base, engine=engine), rows)
    print(json.dumps([row["prediction_label"] for row in answered]))
"""

pytestmark = [
    pytest.mark.world,
    pytest.mark.skipif(not PYTHON_312.exists(), reason="make test-312 has not been run"),
]


def python(version: str, *arguments: str | Path, cwd: Path = ROOT) -> str:
    """What a Python of that version prints."""
    done = subprocess.run(
        [PYTHONS[version], *arguments], cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, and 50 rows of it to ask about."""
    folder = tmp_path_factory.mktemp("versions")
    table = simulate(200)
    table.to_csv(folder / "charges.csv", index=False)
    table.drop(columns="charges")[:50].to_json(folder / "rows.json", orient="records")
    return folder


def test_a_pickle_from_312_is_opened_by_both(folder: Path) -> None:
    """Trained on 3.12, pickle and graph give the same predictions on 3.11 as there."""
    command = ("train", "charges.csv", "--target", "charges", "--model", "gbr")
    assert "rows agree" in python("3.12", "-m", "tablecast", *command, cwd=folder)
    _check_alike(folder / "charges", folder / "rows.json")


def test_a_pickle_from_311_is_opened_by_both(folder: Path) -> None:
    """The deployment of the repository, trained on 3.11, gives the same predictions on 3.12."""
    _check_alike(SHIPPED, folder / "rows.json")


def _check_alike(base: Path, rows: Path) -> None:
    """The same to the last bit on both Pythons, and by both engines as the proof has it."""
    old, new = (python(version, "-c", PREDICT, base, rows).splitlines() for version in PYTHONS)
    assert old == new
    pickled, compiled = map(json.loads, old)
    assert len(pickled) == 50
    assert compiled == pytest.approx(pickled, rel=1e-9)
