"""Applications that keep a prediction log, for the tests of it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tablecast.deployment.deployment import Deployment
from tests.stand_ins import FormulaEngine, deploy, insurance_schema
from tests.started import started

ROW: dict[str, Any] = {
    "age": 39, "sex": "female", "bmi": 30.0, "children": 1, "smoker": "no", "region": "northwest",
}


def insurance() -> Deployment:
    """Answers 250 a year of age, and 20,000.5 for smoking."""
    return deploy("insurance", insurance_schema(), FormulaEngine())


def logged(
    folder: Path, patch: pytest.MonkeyPatch, deployment: Deployment | None = None, **settings: str
) -> Flask:
    """An application whose log is ``folder/log.db``."""
    patch.setenv("TABLECAST_LOG", f"sqlite:///{folder / 'log.db'}")
    patch.setenv("TABLECAST_ACCESS_LOG", "off")
    for name, value in settings.items():
        patch.setenv(name, value)
    return started(deployment or insurance())


def rows_of(folder: Path, table: str, columns: str = "*") -> list[Any]:
    """What a table of the log holds, read past the code under test."""
    with sqlite3.connect(folder / "log.db") as connection:
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()


def soon(is_so: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What a call gives as soon as it gives something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := is_so():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds:g} s")
