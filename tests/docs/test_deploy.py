"""The page on deploying: every host is on it, and its commands work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from deployments import ROOT

from tablecast.cli.main import main
from tablecast.export.ship.host_registry import host_names, host_of
from tablecast.export.ship.server_folder import PORT
from tablecast.export.ship.ship import ship

PAGE = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    """The commands for a shell, a block each."""
    return re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("host", host_names())
def test_every_host_is_in_the_table_and_has_a_section(host: str) -> None:
    """A row with the word that --to takes, and a heading with the host's name."""
    assert f"\n| `{host}` |" in PAGE
    title = host_of(host).title.removeprefix("Google ").removeprefix("Docker Compose") or "Compose"
    sections = re.findall(r"^## (.*)", PAGE, re.MULTILINE)
    others = {"a static host": "Hugging Face Spaces", "a package index": "A package"}
    assert any(others.get(title, title) in section for section in sections)


def test_the_page_ships_and_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed one after the other, the calls of tablecast succeed."""
    for file in ROOT.glob("deployment_28042020.onnx*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tablecast.export.ship.offline_checks.checked_by_tools", lambda _folder: {})
    start = "python -m tablecast "
    calls = [block.replace("\\\n", "") for block in blocks() if block.startswith(start)]
    assert len(calls) >= 3
    for call in calls:
        assert main(shlex.split(call.removeprefix(start))) == 0


def test_the_commands_for_docker_are_those_of_the_folder(tmp_path: Path) -> None:
    """What the page shows is what the folder's README says is left to do."""
    ship(ROOT / "deployment_28042020", "docker", tmp_path, app="charges")
    (block,) = (one for one in blocks() if one.startswith("docker build"))
    assert f"```sh\n{block}```" in (tmp_path / "README.md").read_text()
    assert f":{PORT} --read-only" in block
