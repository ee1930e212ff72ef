"""A deployment's files appear together or not at all; memory is looked at before it is short."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deployments import ROOT

from tablecast.cli.main import main
from tablecast.data import free_memory
from tablecast.data.prepared import Prepared
from tablecast.deployment.graph_file import read_graph, write_graph
from tablecast.deployment.staging import ENDINGS, check_free, name_after, named_place, staged
from tablecast.errors import ArtifactError, ProofFailed, TrainingError
from tablecast.training import intake, memory


def write(base: Path, *endings: str, text: str = "new") -> None:
    for ending in endings:
        base.with_name(base.name + ending).write_text(text)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.rglob("*")}


def test_files_move_when_the_block_ends(tmp_path: Path) -> None:
    """Nothing is at the deployment's place before, and nothing is left beside it after."""
    base = tmp_path / "folder" / "fine.name"
    with staged(base) as there:
        assert there.name == base.name
        write(there, *ENDINGS)
        assert not base.with_name("fine.name.pkl").exists()
    assert names(base.parent) == {"fine.name" + ending for ending in ENDINGS}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), TrainingError("x")])
def test_a_failure_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    """An interrupt while the graph is proven leaves the deployment of before, whole."""
    base = tmp_path / "x"
    write(base, *ENDINGS, text="old")
    with pytest.raises(type(error)), staged(base) as there:
        write(there, ".pkl", ".json")
        raise error
    assert names(tmp_path) == {"x" + ending for ending in ENDINGS}
    assert {file.read_text() for file in tmp_path.iterdir()} == {"old"}


def test_a_pipeline_without_a_graph_is_kept_without_the_old_graph(tmp_path: Path) -> None:
    """PyCaret can serve it; the graph of the pipeline before would answer otherwise."""
    base = tmp_path / "x"
    write(base, *ENDINGS, text="old")
    with pytest.raises(ProofFailed), staged(base) as there:
        write(there, ".pkl", ".json")
        raise ProofFailed("differs")
    assert names(tmp_path) == {"x.pkl", "x.json"}
    assert (tmp_path / "x.pkl").read_text() == "new"


def test_a_name_that_is_taken_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """Of two trainings into one name the later keeps its work under another, and says so."""
    base = tmp_path / "x"
    for _ in range(2):
        check_free(base, force=False)
        with (
            pytest.raises(ArtifactError, match=r"'x' was made .* meanwhile.* saved as 'x-[23]'"),
            staged(base, force=False) as there,
        ):
            if not base.with_name("x.pkl").exists():
                with staged(base, force=False) as first:
                    write(first, *ENDINGS, text="first")
            write(there, *ENDINGS, text="deadbeef  x.onnx")
        for ending in ENDINGS:
            base.with_name("x" + ending).unlink()
    assert names(tmp_path) == {f"x-{at}{ending}" for at in (2, 3) for ending in ENDINGS}
    assert (tmp_path / "x-3.onnx.sha256").read_text() == "deadbeef  x-3.onnx"


@pytest.mark.thorough
def test_two_processes_that_end_at_once_do_not_mix_their_files(tmp_path: Path) -> None:
    """All of a deployment's files are of one training, even where both may replace it."""
    code = (
        "import sys; from pathlib import Path; from tablecast.deployment.staging import *;"
        "base = Path(sys.argv[1]) / 'x'\n"
        "for _ in range(200):\n"
        "    with staged(base, force=True) as there:\n"
        "        for ending in ENDINGS: there.with_name('x' + ending).write_text(sys.argv[2])\n"
        "    with staging.alone_in(base.parent):\n"
        "        assert len({base.with_name('x' + e).read_text() for e in ENDINGS}) == 1"
    ).replace("import *;", "import *; from tablecast.deployment import staging;")
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen([*command, text], cwd=ROOT) for text in ("one", "two")]
    assert [one.wait() for one in running] == [0, 0]


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "../x", "a/b", "a\\b", "a\nb", "a\0b", "x" * 300, "x.pkl", "é" * 101],
)
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    """In one line, before anything is trained."""
    with pytest.raises(ArtifactError, match=r"cannot be a deployment's name: it .*--name") as no:
        named_place(tmp_path, name)
    assert "\n" not in str(no.value)
    assert named_place(tmp_path, "价格 v1.2").parent == tmp_path


def wide(rows: int) -> Prepared:
    table = pd.DataFrame({f"x{at}": np.zeros(rows) for at in range(20)})
    return Prepared(table.assign(y=0.0), "y", "regression", (), ())


def test_a_search_takes_as_many_rows_as_memory_has_room_for() -> None:
    """200,000 rows in 1 GB: a sample of 26,455, and half as many more for one pipeline."""
    assert memory.rows_that_fit(wide(200_000), memory.COPIES, 1e9) == 26_455
    assert memory.rows_that_fit(wide(200_000), memory.FIT_COPIES, 1e9) == 39_682
    assert memory.rows_that_fit(wide(20_000), memory.COPIES, 1e9) == 20_000


def test_memory_too_small_for_a_sample_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says what a thousand rows need, and what is free."""
    monkeypatch.setattr(memory, "available", lambda: 0.803e9)
    with pytest.raises(
        TrainingError,
        match=r"1,000 of the 200,000 rows needs about 0\.81 GB of memory, and 0\.80 GB are free",
    ):
        memory.rows_that_fit(wide(200_000), memory.COPIES)
    assert memory.rows_that_fit(wide(300), memory.COPIES) == 300


def test_what_is_free_is_the_least_of_all_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's memory, the control group's, without old pages of files, and ulimit's."""
    for name, text in {
        "meminfo": "MemTotal: 99 kB\nMemAvailable:    8000000 kB\n", "max": "3000000000\n",
        "current": "2500000000\n", "memory.stat": "anon 1\ninactive_file 1000000000\n",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(free_memory, "CGROUPS", ((tmp_path / "none", tmp_path / "none"),))
    assert free_memory.available() == 8_000_000 * 1024
    monkeypatch.setattr(free_memory, "CGROUPS", ((tmp_path / "max", tmp_path / "current"),))
    assert free_memory.available() == 1.5e9
    (tmp_path / "max").write_text("max\n")
    assert free_memory.available() == 8_000_000 * 1024
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "none")
    assert free_memory.available() == math.inf


def test_memory_that_runs_out_all_the_same_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, what to do, and no file."""

    def too_large(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(intake, "rows_that_fit", too_large)
    table, out = tmp_path / "table.csv", tmp_path / "out"
    rows = pd.DataFrame({"a": np.arange(30) % 7, "b": np.arange(30) * 3.5 % 11})
    rows.assign(y=rows["a"] + rows["b"] ** 2 % 5).to_csv(table, index=False)
    assert main(["train", str(table), "--target", "y", "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("tablecast: Memory ran out during training, and nothing was saved.")
    assert said.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("path", ["file/mine", "file/deeper/mine"])
def test_what_cannot_be_written_is_refused_before_training(tmp_path: Path, path: str) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match=r"--out FOLDER|--name NAME"):
        check_free(tmp_path / path, force=True)


def test_a_name_may_have_any_letters(tmp_path: Path) -> None:
    """A table is called as its owner calls it, and its deployment after it."""
    shipped = Path(__file__).parents[2] / "deployment_28042020.onnx"
    base = tmp_path / name_after("保险.csv")
    assert write_graph(shipped.read_bytes(), base).name == "保险.onnx"
    assert read_graph(base)[0] == shipped.read_bytes()
