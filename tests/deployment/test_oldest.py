"""The oldest onnxruntime that pyproject.toml allows answers as the newest does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from deployments import ROOT, SHIPPED, shipped_deployment

from tablecast.compiler.proof.random_rows import inputs_of, random_rows

ANSWER = """
import json, sys
import numpy as np, onnxruntime
from tablecast.deployment.opening import load
deployment = load(sys.argv[1], "onnx")
columns = {
    field.name: np.array(values, dtype=object if field.is_text else float)
    for field, values in zip(deployment.schema.fields, json.load(sys.stdin))
}
print(onnxruntime.__version__)
print(json.dumps(deployment.engine.answer(columns).labels.tolist()))
"""


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python in an environment of the oldest versions, from a lock of its own."""
    folder = tmp_path_factory.mktemp("oldest") / "venv"
    uv = Path(sys.executable).with_name("uv")
    if not uv.is_file():
        pytest.skip("uv is not installed beside this Python")
    lock = ROOT / "tests" / "oldest.txt"
    python = folder / "bin" / "python"
    for command in (
        ["venv", "-q", "--python", sys.executable, str(folder)],
        ["pip", "install", "-q", "--python", str(python), "--require-hashes", "-r", str(lock)],
    ):
        subprocess.run([str(uv), *command], check=True)
    return python


def test_the_lock_is_the_oldest_that_is_allowed() -> None:
    """pyproject.toml and the lock name the same version."""
    assert '"onnxruntime>=1.20"' in (ROOT / "pyproject.toml").read_text()
    assert "onnxruntime==1.20.0" in (ROOT / "tests" / "oldest.txt").read_text()


@pytest.mark.slow
def test_the_shipped_graph_answers_the_same(oldest: Path) -> None:
    """On 2,000 random rows the two runtimes agree to 1e-12 of each answer."""
    deployment = shipped_deployment("onnx")
    fields = deployment.schema.fields
    inputs = inputs_of(fields, random_rows(fields, 2000, 7))
    columns = {name: values.reshape(-1) for name, values in inputs.items()}
    done = subprocess.run(
        [str(oldest), "-c", ANSWER, str(SHIPPED)], cwd=ROOT, check=True, text=True,
        input=json.dumps([columns[field.name].tolist() for field in fields]), capture_output=True,
    )
    version, answers = done.stdout.splitlines()
    assert version == "1.20.0"
    newest = deployment.engine.answer(columns).labels
    np.testing.assert_allclose(json.loads(answers), newest, rtol=1e-12)
