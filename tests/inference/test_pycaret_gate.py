"""PyCaret's check of the Python version, and where it is passed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

from tablecast.inference import pycaret_gate
from tablecast.inference.pycaret_gate import pass_version_gate

HERE = sys.version_info[:2]

#: As PyCaret's own file has it, with a function of a module of its own.
INIT = """
import sys
from pycaret.utils._show_versions import show_versions
version_ = "{version}"
raise RuntimeError("Please DOWNGRADE your Python version.")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that is called pycaret, refuses to be imported, and is not imported yet."""
    for name in _imported():
        monkeypatch.delitem(sys.modules, name)
    package = tmp_path / "pycaret"
    (package / "utils").mkdir(parents=True)
    (package / "utils/__init__.py").write_text("")
    (package / "utils/_show_versions.py").write_text("def show_versions(): return 'shown'")
    (package / "__init__.py").write_text(INIT.format(version="3.3.2"))
    find = partial(
        spec_from_file_location, location=package / "__init__.py",
        submodule_search_locations=[str(package)],
    )
    monkeypatch.setattr(pycaret_gate, "find_spec", find)
    monkeypatch.setattr(pycaret_gate, "OPEN_ON", HERE)
    yield package
    for name in _imported():
        del sys.modules[name]


def _imported() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "pycaret"]


@pytest.mark.usefixtures("package")
def test_the_check_is_passed() -> None:
    """The package is there with its version, its modules import, and nothing else is run."""
    pass_version_gate()
    import pycaret

    assert pycaret.__version__ == pycaret.version_ == "3.3.2"
    assert pycaret.show_versions() == "shown"
    with pytest.raises(AttributeError, match="no attribute 'classify'"):
        _ = pycaret.classify


def test_no_other_version_is_let_in(package: Path) -> None:
    """A PyCaret whose gate nobody looked at keeps it."""
    (package / "__init__.py").write_text(INIT.format(version="3.3.3"))
    pass_version_gate()
    assert "pycaret" not in sys.modules


@pytest.mark.usefixtures("package")
def test_no_other_python_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """On another Python PyCaret's own answer stands."""
    monkeypatch.setattr(pycaret_gate, "OPEN_ON", (HERE[0], HERE[1] + 1))
    pass_version_gate()
    assert "pycaret" not in sys.modules


@pytest.mark.usefixtures("package")
def test_nothing_happens_without_pycaret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only serving is installed there is no gate to pass."""
    monkeypatch.setattr(pycaret_gate, "find_spec", {}.get)
    pass_version_gate()
    assert "pycaret" not in sys.modules
