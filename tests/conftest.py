"""Fixtures that every test may use."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tablecast.inference.pycaret_gate import pass_version_gate

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Browser

    from tablecast.deployment.deployment import Deployment
    from tablecast.schema.schema import Schema

# PyCaret 3.3.2 holds its dependencies at versions that warn about Python, or about each other, on
# what they will change later. Nothing here can mend that: silenced where they speak, never where
# our own modules do.
PYCARET_WARNINGS = (
    "ignore:invalid escape sequence:DeprecationWarning",  # while Python compiles pycaret itself
    "ignore:invalid escape sequence:SyntaxWarning",  # the same from Python 3.12 on
    "ignore::DeprecationWarning:(matplotlib|pandas|pycaret|plotly|dash|skl|sklearn|lightgbm|joblib)",
    "ignore:Setuptools is replacing distutils:UserWarning",  # lightgbm's import, in any order
    "ignore::FutureWarning:(pandas|pycaret|sklearn|lightgbm|category_encoders|imblearn)",
)


#: A test with one of these markers needs too much, or takes too long, for ``make bench-tests``.
NOT_THOROUGH = ("slow", "browser", "server", "world")

#: The same for ``make quick``.
NOT_QUICK = ("thorough", *NOT_THOROUGH)

#: Seconds of the processor. A test may take a quarter of one; it is failed from two, since a
#: processor that others use as well does less in a second.
QUICK_SECONDS = 2.0

#: A test that imports more modules than this is the first to need a package such as PyCaret, and
#: pays for all others: it is not failed.
MANY_MODULES = 100

#: What marks all tests of a file, which then need not even be imported.
OF_A_FILE = re.compile(r"^pytestmark = (.*?)$(?=\n\S|\Z)", re.MULTILINE | re.DOTALL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=("formula", "onnx", "pycaret"),
        default="formula",
        help="what answers the web side's tests: a formula, or the shipped deployment's engines",
    )
    parser.addoption(
        "--quick", action="store_true",
        help="only tests without a marker that says what they need or that they take long",
    )
    parser.addoption(
        "--thorough", action="store_true", help="those of --quick, and those marked thorough",
    )
    parser.addoption(
        "--world", action="store_true",
        help="only tests that need more of the machine than Python and chromium",
    )


def pytest_configure(config: pytest.Config) -> None:
    pass_version_gate()  # for the tests that import PyCaret's modules by themselves
    for line in PYCARET_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file unread all of whose tests have a marker that leaves them out."""
    if collection_path.suffix == ".py" and (names := _left_out(config)):
        marks = OF_A_FILE.findall(collection_path.read_text(encoding="utf-8"))
        if any(f"mark.{name}" in mark for mark in marks for name in names):
            return True
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not _belongs(item, config)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]
    if config.getoption("--engine") == "formula":
        return
    skip = pytest.mark.skip(reason="expects the figures of the stand-in formula")
    for item in items:
        if item.get_closest_marker("formula"):
            item.add_marker(skip)


def _belongs(item: pytest.Item, config: pytest.Config) -> bool:
    """Whether a test takes part in this run."""
    if names := _left_out(config):
        return not any(item.get_closest_marker(name) for name in names)
    return bool(item.get_closest_marker("world")) == config.getoption("--world")


def _left_out(config: pytest.Config) -> tuple[str, ...]:
    """The markers whose tests this run leaves out; none where it has no such option."""
    if config.getoption("--quick"):
        return NOT_QUICK
    return NOT_THOROUGH if config.getoption("--thorough") else ()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test of ``--quick`` that takes longer than such a test may."""
    began, known = _processor_seconds(), len(sys.modules)
    yield
    took, imported = _processor_seconds() - began, len(sys.modules) - known
    is_slow = took > QUICK_SECONDS and imported <= MANY_MODULES
    if item.config.getoption("--quick") and is_slow:
        pytest.fail(f"took {took:.1f} s of the processor; mark it thorough", pytrace=False)


def _processor_seconds() -> float:
    """What this process and those that it has waited for have used; it hardly grows by waiting."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


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


@pytest.fixture(scope="module")
def browser() -> Generator[Browser, None, None]:
    """Debian's chromium, one for the tests of a module; skip the test where it is absent."""
    from tests.chromium import ARGUMENTS, CHROMIUM

    api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of two estimators on plain features, without tuning: of seconds, with any budget."""
    from tablecast.training.search import candidates, tuning

    pairs = {"regression": ("br", "lightgbm"), "classification": ("lda", "nb")}
    tried = {task: [(name, "plain") for name in pair] for task, pair in pairs.items()}
    monkeypatch.setattr(candidates, "STOCK", dict.fromkeys(pairs, ()))
    monkeypatch.setattr(candidates, "TRIED", tried)
    monkeypatch.setattr(tuning, "PATIENCE", 0)


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
    from tests.started import shared

    return shared(fake_deployment).test_client()


@pytest.fixture
def iris_client(iris_deployment: Deployment) -> FlaskClient:
    """Calls the iris form's routes without a server."""
    from tests.started import shared

    return shared(iris_deployment).test_client()
