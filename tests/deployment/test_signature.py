"""Signatures: wanted by a setting, made by a command, and of no other file or key."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from deployments import SHIPPED

from tablecast.cli.main import main
from tablecast.deployment.files import with_ending
from tablecast.deployment.opening import load
from tablecast.errors import ArtifactError


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A copy of the shipped deployment."""
    for ending in (".onnx", ".onnx.sha256", ".pkl", ".json"):
        shutil.copy(with_ending(SHIPPED, ending), tmp_path)
    return tmp_path / SHIPPED.name


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A new secret key, with its public one beside it."""
    assert main(["sign", "--new-key", str(tmp_path / "ours.key")]) == 0
    return tmp_path / "ours.key"


@pytest.mark.parametrize("engine", ["onnx", "pycaret"])
def test_a_signed_deployment_opens(
    base: Path, key: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """Both engines open what the wanted key has signed, by the key's file or its text."""
    if engine == "pycaret":
        pytest.importorskip("pycaret")
    assert main(["sign", str(base), "--key", str(key)]) == 0
    public = with_ending(key, ".pub")
    for wanted in (str(public), public.read_text().splitlines()[1]):
        monkeypatch.setenv("TABLECAST_SIGNED_BY", wanted)
        assert load(base, engine).name == SHIPPED.name


def test_a_new_graph_needs_a_new_signature(
    base: Path, key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """To compile again names the signature that no longer fits, and how to sign."""
    pytest.importorskip("pycaret")
    command = ["sign", str(base), "--key", str(key)]
    assert main(command) == 0
    capsys.readouterr()
    assert main(["compile", str(base)]) == 0
    said = capsys.readouterr().err
    assert f"{base.name}.onnx.minisig no longer fits. Sign again: " in said
    assert f"tablecast sign {base} --key FILE" in said
    monkeypatch.setenv("TABLECAST_SIGNED_BY", str(with_ending(key, ".pub")))
    with pytest.raises(ArtifactError, match="does not fit"):
        load(base)
    assert main(command) == 0
    assert load(base)


@pytest.mark.parametrize("engine", ["onnx", "pycaret"])
def test_what_is_not_signed_is_refused_where_that_is_wanted(
    base: Path, key: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """The refusal names the signature and the command; without the setting nothing is wanted."""
    if engine == "pycaret":
        pytest.importorskip("pycaret")
    assert load(base, engine)
    monkeypatch.setenv("TABLECAST_SIGNED_BY", str(with_ending(key, ".pub")))
    with pytest.raises(ArtifactError, match=r"not signed.*tablecast sign"):
        load(base, engine)


def test_another_key_or_another_file_does_not_do(
    base: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's key is refused, and so is a signature of other bytes."""
    assert main(["sign", "--new-key", str(tmp_path / "theirs.key")]) == 0
    assert main(["sign", str(base), "--key", str(tmp_path / "theirs.key")]) == 0
    monkeypatch.setenv("TABLECAST_SIGNED_BY", str(with_ending(key, ".pub")))
    with pytest.raises(ArtifactError, match="not of the key"):
        load(base, "onnx")
    monkeypatch.delenv("TABLECAST_SIGNED_BY")
    assert main(["sign", str(base), "--key", str(key)]) == 0
    shutil.copy(with_ending(base, ".pkl.minisig"), with_ending(base, ".onnx.minisig"))
    monkeypatch.setenv("TABLECAST_SIGNED_BY", str(with_ending(key, ".pub")))
    with pytest.raises(ArtifactError, match="does not fit the file"):
        load(base, "onnx")


@pytest.mark.parametrize("wanted", ["nonsense", "/nonexistent/key.pub", "RWQ="])
def test_what_is_no_key_stops_the_start(
    base: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """A key that cannot be read is not taken for no key."""
    monkeypatch.setenv("TABLECAST_SIGNED_BY", wanted)
    with pytest.raises(ArtifactError, match="TABLECAST_SIGNED_BY"):
        load(base, "onnx")


def test_a_secret_key_is_its_owners_and_never_overwritten(
    key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file can be read by nobody else, and a second key does not take its place."""
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert main(["sign", "--new-key", str(key)]) == 1
    assert key.read_bytes() == before
    assert main(["sign", "nowhere", "--key", str(key)]) == 1
    assert main(["sign"]) == 1
    assert "--new-key" in capsys.readouterr().err
