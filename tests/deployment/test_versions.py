"""Versions of a deployment: which one is served, and how that changes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from deployments import ROOT, SHIPPED

from benchmarks.copies import write_copy
from tablecast.cli.main import main
from tablecast.deployment import folder, versions
from tablecast.deployment.opening import load
from tablecast.errors import ArtifactError


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """A deployment of three versions, of which nobody has chosen one."""
    for number in (10, 9, 2):
        write_copy(tmp_path / "houses" / str(number) / "houses", number)
    return tmp_path / "houses"


def test_until_somebody_switches_the_first_is_served(houses: Path) -> None:
    """Names with numbers stand in the numbers' order; one that comes later changes nothing."""
    assert versions.versions_in(houses) == ["2", "9", "10"]
    assert load(houses).description["version"] == "2"


@pytest.mark.parametrize(
    "command",
    [
        ["sql", "NAME", "--dialect", "duckdb"],
        ["page", "NAME", "-o", "OUT/page.html"],
        ["form", "NAME", "--write", "OUT/form.toml"],
        ["card", "NAME"],
        ["verify", "NAME", "--rows", "1"],
        ["compile", "NAME"],
        ["sign", "NAME", "--key", "OUT/key"],
        ["ship", "NAME", "--to", "static", "-o", "OUT/static"],
    ],
    ids=lambda command: str(command[0]),
)
def test_every_command_opens_the_current_version(command: list[str], tmp_path: Path) -> None:
    """A folder of versions is a deployment to each of them, not only to the server."""
    current = tmp_path / "charges" / "1"
    current.mkdir(parents=True)
    for file in ROOT.glob(f"{SHIPPED.name}.*"):
        said = file.read_bytes()
        if file.suffix == ".sha256":
            said = said.replace(SHIPPED.name.encode(), b"charges")
        (current / file.name.replace(SHIPPED.name, "charges")).write_bytes(said)
    assert main(["sign", "--new-key", str(tmp_path / "key")]) == 0
    places = {"NAME": str(tmp_path / "charges"), "OUT": str(tmp_path)}
    words = [places.get(word, word).replace("OUT/", f"{tmp_path}/") for word in command]
    assert main(words) == 0


@pytest.mark.parametrize("name", ["n" * 300, "x\0y", "/dev/null/x"])
@pytest.mark.parametrize(
    "command",
    [
        ["card"], ["predict", "-o", "x.csv", "y.csv"], ["sql", "--dialect", "sqlite"], ["verify"],
        ["form", "--write", "x"], ["ship", "--to", "fly", "-o", "x"], ["page", "-o", "x.html"],
        ["sign", "--key", "x"], ["compile"],
    ],
    ids=lambda command: str(command[0]),
)
def test_no_command_takes_what_no_name_can_be(
    command: list[str], name: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Whatever is typed for a name ends every command in one line that can be printed."""
    monkeypatch.chdir(tmp_path)
    assert main([command[0], name, *command[1:]]) == 1
    said = capsys.readouterr().err
    assert said.startswith("tablecast: ")
    assert said.count("\n") == 1
    assert said.strip().isprintable()


def test_a_switch_and_back(houses: Path) -> None:
    """previous is what answered before, and a switch to it makes it current."""
    assert versions.switch(houses, "10") == versions.State("10", "2")
    assert load(houses).description["version"] == "10"
    assert versions.switch(houses, "previous") == versions.State("2", "10")
    assert versions.switch(houses, "previous") == versions.State("10", "2")


def test_a_switch_to_the_current_one_keeps_the_one_before(houses: Path) -> None:
    """Who switches twice to the same version can still go back."""
    versions.switch(houses, "9")
    assert versions.switch(houses, "9") == versions.State("9", "2")


@pytest.mark.parametrize(
    "version", ["11", "", ".", "..", "../houses/9", "9/", "versions.json", "previous"]
)
def test_what_is_no_version_changes_nothing(houses: Path, version: str) -> None:
    """Nothing outside the deployment's folder can be switched to, and nothing that is not there."""
    with pytest.raises(ArtifactError, match="has no version"):
        versions.switch(houses, version)
    assert not (houses / "versions.json").exists()


@pytest.mark.parametrize(
    "told",
    ["", "[]", "{}", '{"current": 3}', '{"current": "../x"}', '{"current": "2", "x": 1}', "\xff"],
)
def test_a_file_that_says_nothing_of_use_is_named(houses: Path, told: str) -> None:
    """The error says which file, and what to do; switching mends it."""
    (houses / "versions.json").write_bytes(told.encode("latin-1"))
    with pytest.raises(ArtifactError, match=r"versions\.json.*switch .*houses VERSION"):
        load(houses)
    assert main(["switch", str(houses), "9"]) == 0
    assert load(houses).description["version"] == "9"


def test_a_current_version_that_is_gone_is_said(houses: Path) -> None:
    """With those that are there; switching to one of them mends it, and back to previous too."""
    versions.switch(houses, "9")
    versions.switch(houses, "10")
    shutil.rmtree(houses / "10")
    with pytest.raises(ArtifactError, match=r"version '10', which is not there. Versions: 2, 9"):
        load(houses)
    assert main(["switch", str(houses), "previous"]) == 0
    assert load(houses).description["version"] == "9"


def test_the_command_lists_and_switches(
    houses: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is current and previous is marked; a number chooses."""
    assert main(["switch", str(houses), "9"]) == 0
    assert "serves version 9 now. The one before was 2." in capsys.readouterr().out
    assert main(["switch", str(houses)]) == 0
    assert capsys.readouterr().out == "2\tprevious\n9\tcurrent\n10\n"
    assert json.loads((houses / "versions.json").read_text()) == {"current": "9", "previous": "2"}


def test_the_command_does_not_switch_to_a_damaged_version(
    houses: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be opened never becomes current."""
    with (houses / "9" / "houses.onnx").open("ab") as file:
        file.write(b"x")
    assert main(["switch", str(houses), "9"]) == 1
    assert "damaged" in (said := capsys.readouterr().err)
    assert len(said.splitlines()) == 1
    assert load(houses).description["version"] == "2"


@pytest.mark.parametrize("name", ["nothing", "plain", "file.csv"])
def test_a_deployment_without_versions_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The error says how versions are laid out."""
    write_copy(tmp_path / "plain", 1)
    (tmp_path / "file.csv").touch()
    assert main(["switch", str(tmp_path / name), "2"]) == 1
    said = capsys.readouterr().err
    assert "no folder of versions" in said
    assert len(said.splitlines()) == 1


def test_a_shadow_is_set_and_taken_back(houses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The current version cannot be its own shadow; a shadow that becomes current is none."""
    assert main(["switch", str(houses), "9", "--shadow"]) == 0
    assert versions.state_of(houses) == versions.State("2", None, "9")
    assert main(["switch", str(houses), "2", "--shadow"]) == 1
    assert main(["switch", str(houses), "--shadow"]) == 1
    assert main(["switch", str(houses)]) == 0
    assert "9\tshadow" in capsys.readouterr().out
    versions.switch(houses, "9")
    assert versions.state_of(houses) == versions.State("9", "2")
    versions.shadow(houses, "10")
    assert main(["switch", str(houses), "--no-shadow"]) == 0
    assert versions.state_of(houses) == versions.State("9", "2")


def test_what_a_path_means(tmp_path: Path) -> None:
    """Files go before a folder of their name; a folder may hold one deployment, or many."""
    for base in ("a", "own/own", "versioned/1/versioned", "many/b", "many/c/c"):
        write_copy(tmp_path / base, 1)
    (tmp_path / "a").mkdir()
    assert versions.resolved(tmp_path / "a") == tmp_path / "a"
    assert versions.resolved(tmp_path / "own") == tmp_path / "own" / "own"
    assert versions.resolved(tmp_path / "versioned") == tmp_path / "versioned" / "1" / "versioned"
    are_many = {path.name for path in tmp_path.iterdir() if folder.is_folder(path)}
    assert are_many == {"many"}
    assert folder.deployments_in(tmp_path, ".onnx").keys() == {"a", "own", "versioned", "many"}


def test_a_switch_makes_a_folder_one_of_versions(tmp_path: Path) -> None:
    """Folders whose files have names of their own are deployments, until somebody switches."""
    for number in (1, 2):
        write_copy(tmp_path / "model" / str(number) / f"trained-{number}", number)
    assert folder.is_folder(tmp_path / "model")
    assert main(["switch", str(tmp_path / "model"), "2"]) == 0
    assert not folder.is_folder(tmp_path / "model")
    assert load(tmp_path / "model").description["version"] == "2"
