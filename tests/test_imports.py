"""The floor plan: who may import whom, and what the package's front door offers."""

from __future__ import annotations

import inspect

import pytest
from deployments import ROOT
from importlinter.cli import lint_imports

import tablecast


def test_imports_run_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """No module imports what stands above it, and no circle is closed, lazily or for types."""
    # It would switch off every logger that is there, for all tests that follow.
    monkeypatch.setattr("importlinter.cli._configure_logging", lambda _verbose: None)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0


@pytest.mark.parametrize("name", tablecast.__all__)
def test_the_front_door_opens(name: str) -> None:
    """Each name that the package offers is there, documented, and known to code completion."""
    assert inspect.getdoc(getattr(tablecast, name))
    assert name in dir(tablecast)


def test_an_unknown_name_is_refused_as_python_does() -> None:
    """A name that is not there gives AttributeError, so that hasattr works."""
    assert not hasattr(tablecast, "no_such_name")
