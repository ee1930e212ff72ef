"""Files and folders that are not whole yet, and what killed processes leave of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tablecast.deployment.staging import staged
from tablecast.deployment.unfinished import replaced_when_whole, unfinished
from tests.deployments import ROOT

KILLED = """
import os, signal, sys
from pathlib import Path
from tablecast.deployment.staging import staged
from tablecast.deployment.unfinished import replaced_when_whole
with replaced_when_whole(Path("asked.csv")) as file, staged(Path("charges")) as base:
    file.write_text("half")
    base.with_suffix(".pkl").write_text("half")
    print("written", flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_process_left_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it lives nobody touches its file and folder; after it the next ones leave nothing."""
    monkeypatch.chdir(tmp_path)
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    with writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
        left = names(tmp_path)
        assert len(left) == 2
        assert all(name.startswith(".") for name in left)
        with replaced_when_whole(Path("asked.csv")) as file:
            file.write_text("of another")
        assert Path("asked.csv").read_text() == "of another"
        assert names(tmp_path) == sorted([*left, "asked.csv"])
        assert {path.read_text() for path in tmp_path.rglob("*.*") if path.is_file()} == {
            "half", "of another",
        }  # fmt: skip
        writer.send_signal(signal.SIGKILL)
    assert names(tmp_path) == sorted([*left, "asked.csv"])
    with replaced_when_whole(Path("asked.csv")) as file:
        assert file.read_text() == ""
        file.write_text("whole")
    with staged(Path("charges")) as base:
        assert not list(base.parent.iterdir())
        base.with_suffix(".pkl").write_text("new")
    assert names(tmp_path) == ["asked.csv", "charges.pkl"]
    assert Path("asked.csv").read_text() == "whole"


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize("there", [5, 0])
def test_each_block_has_its_own(tmp_path: Path, is_folder: bool, there: int) -> None:
    """Also in one process; what blocks hold at once differs, and all of it goes."""
    target = tmp_path / ("n" * 180 + "é.csv")
    for _ in range(2):
        with ExitStack() as stack:
            places = [
                stack.enter_context(unfinished(target, is_folder=is_folder)) for _ in range(there)
            ]
            assert len(set(places)) == there == len(names(tmp_path))
    assert not names(tmp_path)


def test_a_name_that_was_given_on_is_left_alone(tmp_path: Path) -> None:
    """Once a file is at its place, another process may write under the hidden name."""
    with unfinished(tmp_path / "a.csv") as place:
        os.replace(place, tmp_path / "a.csv")
        place.write_text("another's")
    assert place.read_text() == "another's"


def test_a_link_of_somebody_else_is_not_followed(tmp_path: Path) -> None:
    """In a folder that others may write to, the hidden name may be theirs."""
    (tmp_path / "own").write_text("kept")
    (tmp_path / ".a.csv.unfinished-0.csv").symlink_to(tmp_path / "own")
    with replaced_when_whole(tmp_path / "a.csv", 0o600) as file:
        file.write_text("whole")
    assert (tmp_path / "own").read_text() == "kept"
    assert (tmp_path / "a.csv").read_text() == "whole"
    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o600


def test_without_locks_nothing_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network disks have none: who wrote a file may still be at it."""

    def refuse(*_: int) -> None:
        raise OSError("no locks")

    monkeypatch.setattr("fcntl.flock", refuse)
    with replaced_when_whole(tmp_path / "a.csv") as first:
        first.write_text("first")
        with replaced_when_whole(tmp_path / "a.csv") as second:
            assert second != first
            second.write_text("second")
    assert names(tmp_path) == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "first"
