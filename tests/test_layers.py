"""The layer rule: what serves needs neither PyCaret nor scikit-learn nor pandas."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from deployments import ROOT

HEAVY = ("pycaret", "sklearn", "matplotlib", "pandas", "onnx", "joblib")

#: What only a server with a prediction log needs.
LOG = ("sqlalchemy", "alembic", "psycopg")


def run(code: str, **environment: str) -> str:
    """Run Python in a process of its own, in the repository, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
        env={
            **os.environ, "PYTHONPATH": str(ROOT), "TABLECAST_ACCESS_LOG": "off", **environment,
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_app_imports_no_training_package() -> None:
    """`import app` leaves every package that only training needs out of the process.

    It leaves out onnxruntime too, whose thread does not survive a fork.
    """
    loaded = run("import app, sys; print(*sys.modules)").split()
    assert not [name for name in (*HEAVY, *LOG, "onnxruntime") if name in loaded]


def test_answering_imports_no_training_package() -> None:
    """Nor does an answer of any route."""
    code = (
        "import app, sys; client = app.app.test_client();"
        "row = dict(age=39, sex='male', bmi=30, children=1, smoker='no', region='northwest');"
        "assert client.post('/predict_api', json=row).status_code == 200;"
        "assert client.post('/predict', data=row).status_code == 200;"
        "assert client.get('/model').status_code == 200; print(*sys.modules)"
    )
    loaded = run(code).split()
    assert not [name for name in (*HEAVY, *LOG) if name in loaded]
    assert "onnxruntime" in loaded


def test_serving_never_unpickles() -> None:
    """The pickle beside the graph is hashed, and never opened."""
    code = (
        "import pickle, sys;"
        "pickle.load = pickle.loads = pickle.Unpickler = None;"
        "import app; print(app.app.extensions['tablecast'].current().loaded.name)"
    )
    assert run(code).strip() == "deployment_28042020"


@pytest.mark.parametrize(
    "module",
    [
        "tablecast.data.sources",
        "tablecast.training.train",
        "tablecast.cli.main",
        "tablecast.training.cast",
    ],
)
def test_training_modules_import_lazily(module: str) -> None:
    """Even the training side imports its packages only when it is used: --help is quick."""
    loaded = run(f"import {module}, sys; print(*sys.modules)").split()
    assert not [name for name in ("pycaret", "sklearn", "pandas") if name in loaded]
