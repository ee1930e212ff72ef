"""The README: its blocks run, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from deployments import ROOT
from real_servers import GUNICORN, STOP_TIMEOUT, free_port, served, wait_until_ready

from tests.documentation import Page, run_shell

README = Page("README.md")


def test_the_readme_is_one_screen() -> None:
    """What, a picture, two commands, and where to read on: the rest is in docs/."""
    assert len(README.text.splitlines()) <= 90


def test_the_readme_links_to_files_that_are_there() -> None:
    """No link inside the repository is dead."""
    for target in re.findall(r"\]\(([^)#]+)\)", README.text):
        assert target.startswith("https://") or (ROOT / target).exists(), target


@pytest.mark.server
def test_the_questions_get_answers(tmp_path: Path) -> None:
    """The curl and the Python blocks work as pasted, against a real server."""
    with served(GUNICORN, tmp_path) as url:
        for code in README.blocks_with("sh", "curl"):
            if shutil.which("curl") is None:
                continue
            done = subprocess.run(
                ["bash", "-ec", code.replace("http://localhost:5000", url)],
                capture_output=True, text=True, check=True,
            )
            assert float(done.stdout) > 10_000
        for code in README.blocks_with("python", "requests.post"):
            done = subprocess.run(
                [sys.executable, "-c", code.replace("http://localhost:5000", url)],
                capture_output=True, text=True, check=True,
            )
            assert "15.96 to 53.13" in done.stdout


@pytest.mark.slow
def test_the_training_commands_work(tmp_path: Path) -> None:
    """The commands for one's own table make a deployment, as pasted but for the environment."""
    (code,) = README.blocks_with("sh", "tablecast train")
    assert "500 rows agree" in run_shell(code, tmp_path)
    assert (tmp_path / "mine.onnx").is_file()


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_make_run_serves_the_form(tmp_path: Path, server: str) -> None:
    """`make run` sets up an environment without PyCaret and serves the form."""
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}", f"SERVER={server}"], cwd=ROOT, stdout=log, stderr=log,
            start_new_session=True,
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", process, seconds=240)
            assert "<form" in requests.get(f"http://127.0.0.1:{port}/", timeout=10).text
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(STOP_TIMEOUT)
    assert not list((ROOT / ".venv").glob("lib/python*/site-packages/pycaret"))
