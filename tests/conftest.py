"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

# PyCaret 3.3.2 holds its dependencies at versions that warn about Python, or about each other, on
# what they will change later. Nothing here can mend that: silenced where they speak, never where
# our own modules do.
PYCARET_WARNINGS = (
    "ignore:invalid escape sequence:DeprecationWarning",  # while Python compiles pycaret itself
    "ignore::DeprecationWarning:(matplotlib|pandas|pycaret|plotly|dash|skl|sklearn|lightgbm|joblib)",
    "ignore::FutureWarning:(pandas|pycaret|sklearn|lightgbm|category_encoders|imblearn)",
)


def pytest_configure(config: pytest.Config) -> None:
    for line in PYCARET_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


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
