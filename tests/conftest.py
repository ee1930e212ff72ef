"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tablecast.deployment.deployment import Deployment
    from tablecast.schema.schema import Schema

# PyCaret 3.3.2 holds its dependencies at versions that warn about Python, or about each other, on
# what they will change later. Nothing here can mend that: silenced where they speak, never where
# our own modules do.
PYCARET_WARNINGS = (
    "ignore:invalid escape sequence:DeprecationWarning",  # while Python compiles pycaret itself
    "ignore::DeprecationWarning:(matplotlib|pandas|pycaret|plotly|dash|skl|sklearn|lightgbm|joblib)",
    "ignore:Setuptools is replacing distutils:UserWarning",  # lightgbm's import, in any order
    "ignore::FutureWarning:(pandas|pycaret|sklearn|lightgbm|category_encoders|imblearn)",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("formula", "onnx", "pycaret"),
        default="formula",
        help="what answers the web side's tests: a formula, or the shipped deployment's engines",
    )


def pytest_configure(config: pytest.Config) -> None:
    for line in PYCARET_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--engine") == "formula":
        return
    skip = pytest.mark.skip(reason="expects the figures of the stand-in formula")
    for item in items:
        if item.get_closest_marker("formula"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def real_table() -> Callable[[str], Path]:
    """Find one of the five real tables by name; skip the test where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TABLECAST_DATA") or beside)

    def find(name: str) -> Path:
        path = folder / f"{name}.csv"
        if not path.is_file():
            pytest.skip(f"no table {name}.csv in the folder that TABLECAST_DATA names")
        return path

    return find


@pytest.fixture
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of two estimators on plain features, without tuning: of seconds, with any budget."""
    from tablecast.training.search import candidates, tuning, views

    pairs = {"regression": ("br", "lightgbm"), "classification": ("lda", "nb")}
    tried = {task: [(name, "plain") for name in pair] for task, pair in pairs.items()}
    monkeypatch.setattr(candidates, "STOCK", dict.fromkeys(pairs, ()))
    monkeypatch.setattr(candidates, "TRIED", tried)
    monkeypatch.setattr(tuning, "DRAWS", 0)
    monkeypatch.setattr(views, "LEANING", 1e9)


# The web side; see stand_ins. Imported where they are used, so that tests of the compiler or the
# table run without loading the web application.


@pytest.fixture(scope="session")
def insurance_schema() -> Schema:
    """The six insurance fields, with the real table's ranges."""
    from tests import stand_ins

    return stand_ins.insurance_schema()


@pytest.fixture(scope="session")
def fake_deployment(
    insurance_schema: Schema, request: pytest.FixtureRequest
) -> Deployment:
    """The insurance form, answered by a formula, or as --engine says by the shipped deployment."""
    from tests import stand_ins
    from tests.deployments import shipped_deployment

    engine = request.config.getoption("--engine")
    if engine != "formula":
        return shipped_deployment(engine)
    return stand_ins.deploy("fake_insurance", insurance_schema, stand_ins.FormulaEngine())


@pytest.fixture(scope="session")
def iris_deployment() -> Deployment:
    """A form with classes and probabilities."""
    from tests import stand_ins

    return stand_ins.deploy("fake_iris", stand_ins.iris_schema(), stand_ins.NearestPetalEngine())


@pytest.fixture
def client(fake_deployment: Deployment) -> FlaskClient:
    """Calls the insurance form's routes without a server."""
    from tablecast.web.app import create_app

    return create_app(fake_deployment).test_client()


@pytest.fixture
def iris_client(iris_deployment: Deployment) -> FlaskClient:
    """Calls the iris form's routes without a server."""
    from tablecast.web.app import create_app

    return create_app(iris_deployment).test_client()
