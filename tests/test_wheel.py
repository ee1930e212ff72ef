"""The package: one wheel that serves by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from deployments import ROOT, SHIPPED

from tablecast import __version__

UV = Path(sys.executable).with_name("uv")

SERVE = """
from tablecast.web import create_app
client = create_app().test_client()
row = dict(age=39, sex="male", bmi=30, children=1, smoker="no", region="northwest")
assert client.post("/predict_api", json=row).status_code == 200
assert b"tablecast.css" in client.post("/predict", data=row).data
assert client.get("/static/tablecast.css").status_code == 200
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds the wheel and what serving needs."""
    folder = tmp_path_factory.mktemp("wheel")
    if not UV.is_file():
        pytest.skip("uv is not installed beside this Python")
    python = folder / "venv" / "bin" / "python"
    wheel = f"tablecast-{__version__}-py3-none-any.whl"
    for command in (
        ["build", "-q", "--wheel", "-o", str(folder), str(ROOT)],
        ["venv", "-q", "--python", sys.executable, str(folder / "venv")],
        ["pip", "install", "-q", "--python", str(python), "--require-hashes", "-r",
         str(ROOT / "requirements.txt")],
        ["pip", "install", "-q", "--python", str(python), "--no-deps", str(folder / wheel)],
    ):
        subprocess.run([str(UV), *command], check=True)
    return python.parent


@pytest.mark.slow
def test_the_wheel_serves_from_anywhere(installed: Path, tmp_path: Path) -> None:
    """Installed, it has its own pages and needs nothing of the repository but a deployment."""
    subprocess.run(
        [str(installed / "python"), "-c", SERVE], cwd=tmp_path, check=True,
        env={**os.environ, "TABLECAST_DEPLOYMENT": str(SHIPPED), "PYTHONPATH": ""},
    )


@pytest.mark.slow
def test_the_wheel_brings_the_command(installed: Path, tmp_path: Path) -> None:
    """`tablecast` is a command, which says its version and answers a file."""
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [str(installed / "tablecast"), "--version"], cwd=tmp_path, check=True, text=True,
        capture_output=True, env=environment,
    )
    assert done.stdout.strip() == __version__
    rows = tmp_path / "rows.csv"
    rows.write_text("age,sex,bmi,children,smoker,region\n39,male,30,1,no,northwest\n")
    subprocess.run(
        [str(installed / "tablecast"), "predict", str(SHIPPED), str(rows), "-o", "out.csv"],
        cwd=tmp_path, check=True, env=environment, capture_output=True,
    )
    header, answer = (tmp_path / "out.csv").read_text().splitlines()
    assert header.endswith("prediction_label")
    assert float(answer.rsplit(",", 1)[1]) > 0
