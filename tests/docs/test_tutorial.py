"""The tutorial: its commands work as pasted, one after the other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from deployments import ROOT

from tablecast.schema.form_file import read_form
from tests.documentation import Page, run_shell

TUTORIAL = Page("docs/tutorial.md")


@pytest.mark.slow
def test_the_tutorial_works(tmp_path: Path) -> None:
    """Table, training, card, proof, file and Python: each does what the page says."""
    printed = []
    for language, code in TUTORIAL.blocks:
        if language == "toml":
            (tmp_path / "form.toml").write_text(code, encoding="utf-8")
        elif language == "sh":
            printed.append(run_shell(code, tmp_path))
        elif language == "python":
            code = code.replace('"build/', f'"{tmp_path}/')
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
            )
            assert float(done.stdout) > 0
    assert "500 rows agree" in "".join(printed)
    first = (tmp_path / "predicted.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first.endswith("prediction_label,prediction_low,prediction_high")
    for name in re.findall(r"^\| `build/([^`]+)`", TUTORIAL.text, re.MULTILINE):
        assert (tmp_path / name).is_file()


def test_the_form_file_of_the_tutorial_is_read(tmp_path: Path) -> None:
    """Its words are the form's."""
    (code,) = TUTORIAL.blocks_with("toml", "title")
    (tmp_path / "form.toml").write_text(code, encoding="utf-8")
    assert read_form(tmp_path / "form.toml").texts["target_unit"] == "$"
