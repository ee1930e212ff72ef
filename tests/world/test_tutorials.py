"""The tutorials of house prices and glass: their commands work as pasted, one after the other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deployments import ROOT

from tests.documentation import Page, run_shell

pytestmark = pytest.mark.world

#: The table of each, what its commands must print, and the files that they must leave.
TUTORIALS = {
    "house": ("rows agree", "Nothing was found."),
    "glass": ("rows agree", "pycaret.internal.pipeline.Pipeline"),
}
FILES = {
    "house": ("predicted.csv", "house-prices-wheel/house_prices/house-prices.onnx",
              "house-prices-image/Dockerfile", "house-prices-heroku/Procfile"),
    "glass": ("glass.skops", "glass-space/Dockerfile", "glass-static/index.html"),
}  # fmt: skip


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_works(
    name: str, real_table: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block does what the page says, and nothing is written where the page refuses it."""
    monkeypatch.setenv("TABLECAST_DATA", str(real_table(name).parent))
    printed = []
    for language, code in Page(f"docs/tutorials/{name}.md").blocks:
        if language == "sh":
            printed.append(run_shell(code, tmp_path))
        elif language == "python":
            code = code.replace('"build/', f'"{tmp_path}/')
            printed.append(subprocess.run(
                [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout)  # fmt: skip
    for words in TUTORIALS[name]:
        assert words in "".join(printed)
    for file in FILES[name]:
        assert (tmp_path / file).is_file(), file
    assert not (tmp_path / "none.csv").exists()
