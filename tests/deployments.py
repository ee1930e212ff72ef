"""The deployment that the repository ships, opened once for all tests."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.opening import load
from tests.started import shared

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "deployment_28042020"


@cache
def shipped_deployment(engine: str) -> Deployment:
    """The shipped deployment; skips where the engine is not installed."""
    if engine == "pycaret" and find_spec("pycaret") is None:
        pytest.skip("PyCaret is not installed here")
    return load(SHIPPED, engine)


def shipped_client(engine: str) -> FlaskClient:
    """Calls the shipped deployment's routes without a server."""
    return shared(shipped_deployment(engine)).test_client()
