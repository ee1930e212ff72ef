"""The command line: what it prints, and how it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from deployments import ROOT, SHIPPED

from tablecast.batch.summary import Summary
from tablecast.cli.main import main
from tablecast.deployment.files import with_ending
from tablecast.deployment.opening import load
from tablecast.deployment.staging import check_free, name_after
from tablecast.deployment.unfinished import replaced_when_whole
from tablecast.errors import ArtifactError

sys.path.insert(0, str(ROOT / "examples" / "insurance"))
from simulate import simulate


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small insurance-like table on disk."""
    path = tmp_path_factory.mktemp("table") / "simulated.csv"
    simulate(rows=120, seed=1).to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_train_makes_a_deployment_that_serves(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command trains, saves, compiles and proves; progress is on the terminal."""
    status = main([
        "train", str(simulated), "--target", "charges", "--model", "lr",
        "--out", str(tmp_path),
    ])
    assert status == 0
    printed = capsys.readouterr().out
    for word in ("120 rows", "regression", "Linear Regression", "Compiling", "rows agree"):
        assert word in printed
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "simulated.json", "simulated.onnx", "simulated.onnx.sha256", "simulated.pkl"
    ]
    row = {"age": 40, "sex": "male", "bmi": 28.5, "children": 1, "smoker": "no",
           "region": "northwest"}
    answers = []
    for engine in ("onnx", "pycaret"):
        deployment = load(tmp_path / "simulated", engine)
        answers.append(deployment.predictor.predict([deployment.schema.parse(row)])[0].prediction)
    assert answers[0] == pytest.approx(answers[1], rel=1e-9)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("tables/Sales 2024.csv.gz", "Sales_2024"), ("insurance", "insurance"),
        ("https://host/a/titanic.csv?raw=1#top", "titanic"),
        ("C:\\data\\wine.v2.parquet", "wine.v2"),
        ("葡萄酒.xlsx", "葡萄酒"), (".csv", "deployment"), ("..", "deployment"),
    ],
)
def test_a_deployment_is_named_after_its_table(source: str, name: str) -> None:
    """The last part of a path or URL, without endings and what a shell would split."""
    assert name_after(source) == name


@pytest.mark.parametrize("ending", [".pkl", ".json", ".onnx"])
def test_nothing_is_replaced_without_force(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    """Refused in a line before anything is trained, whatever stands under that name."""
    other = tmp_path / f"simulated{ending}"
    other.write_text("another's")
    assert main(["train", str(simulated), "--target", "charges", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"already has a simulated{ending}." in said
    assert "--force" in said
    assert said.count("\n") == 1
    assert [(path, path.read_text()) for path in tmp_path.iterdir()] == [(other, "another's")]
    check_free(tmp_path / "simulated", force=True)


@pytest.mark.slow
def test_verify_proves_the_shipped_graph_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Fresh random rows agree as the first ones did."""
    assert main(["verify", str(SHIPPED), "--rows", "200", "--seed", "5"]) == 0
    assert "200 rows agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "no-such-table.csv", "--target", "x"], "no-such-table.csv"),
        (["train", "{table}", "--target", "chargs"], "charges"),
        (["train", "{table}", "--target", "charges", "--form", "none.toml"], "none.toml"),
        (["compile", "none.pkl"], "none.json"),
        (["verify", "none"], "none.onnx"),
    ],
)
def test_a_mistake_is_one_line(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str,
) -> None:
    """Status 1, one line that says what and what to do, and no file left behind."""
    monkeypatch.chdir(tmp_path)
    status = main([argument.format(table=simulated) for argument in arguments])
    printed = capsys.readouterr().err
    assert status == 1
    assert printed.startswith("tablecast: ")
    assert printed.count("\n") == 1
    assert words in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "x/y.onnx"), "'x/y.onnx' cannot be used: No space"),
        (OSError(5, "Input/output error"), "Input/output error."),
        (ArtifactError("Train it (python -m tablecast train)."), "Train it (tablecast train)."),
    ],
)
@pytest.mark.parametrize(("command", "status"), [(["card", "x"], 1), (["compare", "x", "y"], 2)])
def test_what_the_system_refuses_is_one_line(
    command: list[str], status: int, error: Exception, words: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Such as a full disk, wherever it is met; and advice begins as the command was typed."""

    def refused(_name: str) -> None:
        raise error

    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/tablecast"])
    monkeypatch.setattr(f"tablecast.cli.commands.{command[0]}_command.load", refused)
    more = ["--table", "z.csv"] if command[0] == "compare" else []
    try:
        ended = main([*command, *more])
    except SystemExit as ending:
        ended = int(str(ending.code))
    assert ended == status
    said = capsys.readouterr().err
    assert said.startswith("tablecast: ")
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.thorough
def test_help_is_quick_and_lists_the_commands() -> None:
    """python -m tablecast --help names every command."""
    done = subprocess.run(
        [sys.executable, "-m", "tablecast", "--help"], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )
    for command in ("train", "compile", "verify"):
        assert command in done.stdout


@pytest.mark.slow
def test_an_interrupted_compile_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C during the proof leaves neither a graph nor a part of one."""
    from tablecast.compiler.proof import prove

    for ending in (".pkl", ".json"):
        with_ending(tmp_path / "x", ending).write_bytes(with_ending(SHIPPED, ending).read_bytes())

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prove, "prove", interrupted)
    assert main(["compile", str(tmp_path / "x.pkl")]) == 130
    assert "stopped" in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.json", "x.pkl"]


def test_a_package_that_only_training_has_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where only serving is installed, other commands say what to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    status = main(["train", str(ROOT / "tests" / "oldest.txt"), "--target", "y"])
    assert status == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tablecast: pandas is not installed.")
    assert "tablecast[train]" in line


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("ignored", [False, True], ids=["heard", "nohup"])
def test_a_signal_ends_a_command_as_ctrl_c_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, ignored: bool
) -> None:
    """A kill, or the terminal's end, leaves no half-written file; nohup still keeps it running."""
    ending = getattr(signal, name)
    handler = signal.SIG_IGN if ignored else signal.SIG_DFL
    before = signal.signal(ending, handler)

    def signalled(_deployment: Any, _source: Any, output: str, **_: Any) -> Summary:
        with replaced_when_whole(Path(output)) as temporary:
            os.kill(os.getpid(), ending)
            time.sleep(0.01)  # a signal is handled between two instructions
            temporary.write_text("whole")
        return Summary()

    monkeypatch.setattr("tablecast.cli.commands.predict_command.predict_file", signalled)
    monkeypatch.setattr("tablecast.cli.commands.predict_command.load", lambda _: None)
    try:
        status = main(["predict", "name", "in.csv", "-o", str(tmp_path / "out.csv")])
        assert signal.getsignal(ending) == handler
    finally:
        signal.signal(ending, before)
    assert status == (0 if ignored else 130)
    assert [file.name for file in tmp_path.iterdir()] == (["out.csv"] if ignored else [])


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (["same"] * 40, "has the same value, 'same'"),
        ([f"class {row}" for row in range(40)], "All 40 values of goal occur only once"),
        (["a"] * 39 + ["b"], "The value 'b' of goal occurs only once"),
        (["a"] * 20 + [""] * 20, "has the same value, 'a'"),
    ],
)
def test_a_target_that_teaches_nothing_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answers: list[str], words: str
) -> None:
    """One value, a class for each row, or a class with one row: what to do, and no file."""
    table, out = tmp_path / "table.csv", tmp_path / "out"
    rows = [f"{row * 37 % 101},{row % 3},{answer}" for row, answer in enumerate(answers)]
    table.write_text("\n".join(["a,b,goal", *rows]))
    assert main(["train", str(table), "--target", "goal", "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not out.exists()
