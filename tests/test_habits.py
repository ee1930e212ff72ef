"""The repository's own habits: versions said twice are the same, and make's tasks are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from deployments import ROOT

LOCK = (ROOT / "requirements-train.txt").read_text(encoding="utf-8")


def test_pre_commit_checks_with_the_locks_versions() -> None:
    """ruff at the revision of the lock; mypy from the environment that is made of the lock."""
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    repositories = {one["repo"]: one for one in yaml.safe_load(text)["repos"]}
    (version,) = re.findall(r"^ruff==(\S+)", LOCK, re.MULTILINE)
    ruff = next(one for name, one in repositories.items() if name.endswith("ruff-pre-commit"))
    assert ruff["rev"] == f"v{version}"
    (mypy,) = repositories["local"]["hooks"]
    assert mypy["entry"] == ".venv-train/bin/mypy"
    assert re.search(r"^mypy==", LOCK, re.MULTILINE)


def test_issue_forms_are_forms() -> None:
    """Each has a name and a description, and every question a label."""
    folder = ROOT / ".github/ISSUE_TEMPLATE"
    forms = [file for file in folder.iterdir() if file.stem != "config"]
    assert forms
    for file in forms:
        form = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert form["name"]
        assert form["description"]
        assert all(part["attributes"]["label"] for part in form["body"])


def test_every_make_task_of_the_documents_exists() -> None:
    """`make WORD` in README and docs is a task of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    tasks = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        said = set(re.findall(r"`make ([a-z0-9-]+)|^make ([a-z0-9-]+)", text, re.MULTILINE))
        assert {one or other for one, other in said} <= tasks, page


TESTS = """
import pytest

@pytest.mark.slow
def test_marked(): assert False

@pytest.mark.thorough
def test_of_many_cases(): assert False

@pytest.mark.world
def test_of_the_world(): assert False

def test_one(): pass

def test_another(): pass
"""


@pytest.mark.thorough
def test_quick_leaves_out_what_takes_long(tmp_path: Path) -> None:
    """`--quick` leaves out marked tests, and fails one without a marker that takes too long."""
    conftest = (ROOT / "tests/conftest.py").read_text(encoding="utf-8")
    # Nothing takes less than no time, so that this test need not take long itself.
    conftest = re.sub(r"^QUICK_SECONDS = .*", "QUICK_SECONDS = -1", conftest, flags=re.MULTILINE)
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow\n    thorough\n    world\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--quick", "-p", "no:dash"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "2 failed, 3 deselected" in done.stdout
    assert "mark it thorough" in done.stdout
