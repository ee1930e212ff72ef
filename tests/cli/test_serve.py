"""``tablecast serve``: what it refuses in one line, what it starts, and that signals reach it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from deployments import ROOT, SHIPPED
from real_servers import STOP_TIMEOUT, free_port, wait_until_ready

from benchmarks.copies import write_copy
from tablecast.cli import address
from tablecast.cli.commands import serve_command as serve
from tablecast.cli.main import command_parser, main


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have taken this process's place; its environment stays as it was."""
    for setting in serve.SETTINGS.values():
        monkeypatch.setenv(setting.variable, "")
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, command: commands.append(command))
    return commands


@pytest.mark.parametrize(("host", "bound"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_gunicorn_takes_the_place_of_the_command(
    started: list[list[str]], capsys: pytest.CaptureFixture[str], host: str, bound: str
) -> None:
    """The options reach gunicorn, which listens where the person is told."""
    port = str(free_port())
    assert main(["serve", str(SHIPPED), "--host", host, "--port", port, "--workers", "3"]) == 0
    (command,) = started
    assert command[:3] == [sys.executable, "-m", "gunicorn"]
    assert command[command.index("--bind") + 1] == f"{bound}:{port}"
    assert os.environ["WEB_CONCURRENCY"] == "3"
    assert os.environ["TABLECAST_DEPLOYMENT"] == str(SHIPPED)
    shown = "localhost" if host == "127.0.0.1" else "[::1]"
    said = capsys.readouterr()
    assert f"http://{shown}:{port} (gunicorn, 3 workers)" in said.err
    assert said.out == ""  # which is the access log's


def test_only_this_machine_is_served_by_default() -> None:
    """Who does not say otherwise opens nothing to the network."""
    assert command_parser().parse_args(["serve", "charges"]).host == "127.0.0.1"


def test_a_port_in_use_is_one_line(
    started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is started where something else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert main(["serve", str(SHIPPED), "--port", str(other.getsockname()[1])]) == 1
    assert "is in use" in (said := capsys.readouterr().err)
    assert len(said.splitlines()) == 1
    assert started == []


@pytest.mark.parametrize(
    ("files", "words"),
    [((), "Check the path, or train"), ((".pkl",), "Compile it (python -m tablecast compile")],
)
def test_what_cannot_be_served_is_one_line(
    started: list[list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path,
    files: tuple[str, ...], words: str,
) -> None:
    """An unknown name, and a deployment that has no graph yet."""
    for ending in files:
        (tmp_path / f"charges{ending}").touch()
    assert main(["serve", str(tmp_path / "charges")]) == 1
    assert words in (said := capsys.readouterr().err)
    assert len(said.splitlines()) == 1
    assert started == []


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "An empty name"), ("empty", "holds no deployment"), ("a" * 300, "File name too long"),
     ("a\nb", "There is no 'a"), ("a\0b", "is no path"),
     ("unhashed", "There is no unhashed.onnx.sha256")],
)  # fmt: skip
def test_what_no_name_can_be_is_one_line(
    started: list[list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, name: str, words: str,
) -> None:
    """Whatever is typed for a name ends in one line, and starts nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "unhashed.onnx").touch()
    assert main(["serve", name]) == 1
    assert words in (said := capsys.readouterr().err)
    assert len(said.splitlines()) == 1
    assert started == []


@pytest.mark.parametrize("name", [".", "./", "../here", "here.onnx", "../here/here"])
def test_a_deployment_goes_by_all_its_names(
    started: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A folder that holds the deployment of its name is that deployment."""
    write_copy(tmp_path / "here" / "here", 1)
    monkeypatch.chdir(tmp_path / "here")
    assert main(["serve", name, "--port", str(free_port())]) == 0
    assert len(started) == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", ""])
def test_an_address_of_another_machine_is_one_line(
    started: list[list[str]], capsys: pytest.CaptureFixture[str], host: str
) -> None:
    """A host that cannot be listened on is refused, and what to use instead is named."""
    assert main(["serve", str(SHIPPED), "--host", host, "--port", str(free_port())]) == 1
    assert "--host 0.0.0.0" in (said := capsys.readouterr().err)
    assert len(said.splitlines()) == 1
    assert started == []


def test_windows_is_told_what_to_use(
    started: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither server runs there."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["serve", str(SHIPPED)]) == 1
    assert "WSL" in capsys.readouterr().err
    assert started == []


@pytest.mark.parametrize("asked", ["0", "65536", "-1", "five", "5000.0"])
def test_no_port_is_refused(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no number of a port is not tried."""
    with pytest.raises(SystemExit):
        command_parser().parse_args(["serve", "charges", f"--port={asked}"])
    assert "is not a port" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["0", "-1", "two", "1001"])
def test_a_number_that_workers_cannot_have_is_refused(
    asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As what was typed, not as the variable that stands for it."""
    with pytest.raises(SystemExit):
        command_parser().parse_args(["serve", "charges", f"--workers={asked}"])
    assert f"argument --workers: '{asked}' is" in capsys.readouterr().err


def test_the_address_is_one_that_a_person_can_open() -> None:
    """Listening everywhere is no address."""
    assert address.shown("0.0.0.0", 80) == "http://localhost:80"
    assert address.shown("192.0.2.7", 80) == "http://192.0.2.7:80"
    assert address.shown("box.example", 8000) == "http://box.example:8000"


@pytest.mark.server
def test_the_browser_opens_once_the_server_answers(tmp_path: Path) -> None:
    """From any folder: the browser gets the address, Ctrl-C ends the server, nothing is left."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened.part\n'
                       f"mv {tmp_path}/opened.part {tmp_path}/opened\n")
    browser.chmod(0o755)
    for ending in (".onnx", ".onnx.sha256"):
        shutil.copy(f"{SHIPPED}{ending}", tmp_path)
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tablecast", "serve", SHIPPED.name, f"--port={port}", "--open"],
            cwd=tmp_path, stdout=log, stderr=log,
            env={**os.environ, "PYTHONPATH": str(ROOT), "BROWSER": f"{browser} %s"},
        )
        wait_until_ready(f"http://127.0.0.1:{port}", server)
        try:
            for _ in range(300):
                if (tmp_path / "opened").exists():
                    break
                time.sleep(0.1)
            assert (tmp_path / "opened").read_text().strip() == f"http://localhost:{port}"
            page = requests.get(f"http://127.0.0.1:{port}/", timeout=10).text
            assert "tablecast.css" in page
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(STOP_TIMEOUT) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()
