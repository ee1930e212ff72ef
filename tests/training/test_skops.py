"""``NAME.skops``: the pipeline once more, in a file that names what it would load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="pipelines are PyCaret's")
pytest.importorskip("skops", reason="skops is not installed")

from examples.insurance.simulate import simulate
from tablecast.cli.main import main
from tablecast.deployment.opening import load_pipeline
from tablecast.errors import ArtifactError, SkopsError
from tablecast.features import ConstructedFrame, ConstructedSeries
from tablecast.inference.pycaret_api import predict_with_pycaret
from tablecast.training.skops_file import read_skops, write_skops
from tests.deployments import SHIPPED

pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = simulate(60).drop(columns="charges")


@pytest.fixture(scope="module")
def shipped() -> Any:
    """The shipped pipeline, which has encoders that keep series and a table."""
    return load_pipeline(SHIPPED)[1]


@pytest.fixture(scope="module")
def written(shipped: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped pipeline as NAME.skops."""
    base = tmp_path_factory.mktemp("skops") / "charges"
    write_skops(shipped, base, ROWS, "regression")
    return base


def listed(base: Path) -> list[str]:
    return list(json.loads(base.with_suffix(".skops.json").read_text())["trusted"])


def test_what_is_read_is_the_same_pipeline(shipped: Any, written: Path) -> None:
    """It predicts the same to the last bit."""
    read = read_skops(written)
    assert type(read) is type(shipped)
    wanted = predict_with_pycaret(shipped, ROWS, "regression")
    assert predict_with_pycaret(read, ROWS, "regression").equals(wanted)


def test_a_file_that_nobody_asked_for_is_said(tmp_path: Path) -> None:
    """The line says which option writes it, and not to train whatever else."""
    for name in ("charges", "charges.skops", "charges.skops.json"):
        with pytest.raises(ArtifactError, match=r"no charges\.skops .*--also skops$"):
            read_skops(tmp_path / name)


def test_skops_itself_reads_it(written: Path) -> None:
    """A reader needs nothing of ours but the list: skops opens the file with those types."""
    from skops.io import get_untrusted_types, load

    path = f"{written}.skops"
    assert get_untrusted_types(file=path) == listed(written)
    assert "pycaret.internal.pipeline.Pipeline" in listed(written)
    read = load(path, trusted=listed(written))
    assert len(predict_with_pycaret(read, ROWS, "regression")) == len(ROWS)


def test_no_type_is_loaded_that_the_list_lacks(written: Path, tmp_path: Path) -> None:
    """A list without a type refuses the file, and names the type."""
    described = json.loads(written.with_suffix(".skops.json").read_text())
    described["trusted"].remove("pycaret.internal.pipeline.Pipeline")
    (tmp_path / "charges.skops").write_bytes(written.with_suffix(".skops").read_bytes())
    (tmp_path / "charges.skops.json").write_text(json.dumps(described))
    with pytest.raises(ArtifactError, match=r"pycaret\.internal\.pipeline\.Pipeline"):
        read_skops(tmp_path / "charges")


def test_another_file_is_not_read(written: Path, tmp_path: Path) -> None:
    """The list belongs to one file; a changed or a missing one is refused."""
    (tmp_path / "charges.skops.json").write_text(written.with_suffix(".skops.json").read_text())
    with pytest.raises(ArtifactError, match=r"There is no charges\.skops"):
        read_skops(tmp_path / "charges")
    (tmp_path / "charges.skops").write_bytes(written.with_suffix(".skops").read_bytes() + b"0")
    with pytest.raises(ArtifactError, match=r"charges\.skops is not the file that was saved"):
        read_skops(tmp_path / "charges")
    (tmp_path / "charges.skops.json").write_text("[]")
    with pytest.raises(ArtifactError, match=r"charges\.skops\.json is not the file"):
        read_skops(tmp_path / "charges")


def test_what_has_no_form_is_said(shipped: Any, tmp_path: Path) -> None:
    """A part that skops cannot write is a line, and leaves no file behind."""
    shipped.steps[-1][1].opened = (number for number in range(3))
    try:
        with pytest.raises(SkopsError, match="charges was saved without") as raised:
            write_skops(shipped, tmp_path / "charges", ROWS, "regression")
    finally:
        del shipped.steps[-1][1].opened
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_pandas_is_written_by_its_values() -> None:
    """A series and a table are constructed again as they were: names, index, kinds and gaps."""
    series = pd.Series([1.5, np.nan], index=["a", np.nan], name="x")
    kind, arguments = ConstructedSeries(series).__reduce__()
    pd.testing.assert_series_equal(pd.Series(kind(*arguments)), series)
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[3, 4])
    kind, arguments = ConstructedFrame(frame).__reduce__()
    pd.testing.assert_frame_equal(pd.DataFrame(kind(*arguments)), frame)
    assert type(kind(*arguments)[["a"]]) is pd.DataFrame
    assert type(kind(*arguments)["a"] + 1) is pd.Series


@pytest.mark.slow
def test_train_writes_it_beside_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--also skops`` writes both files; training without it takes the old ones away."""
    monkeypatch.chdir(tmp_path)
    simulate(60).to_csv("charges.csv", index=False)
    command = ["train", "charges.csv", "--target", "charges", "--model", "lr", "--force"]
    assert main([*command, "--also", "skops"]) == 0
    assert "Wrote charges.skops, which gives the same predictions on 60 rows" in (
        capsys.readouterr().out
    )
    assert len(predict_with_pycaret(read_skops("charges"), ROWS, "regression")) == len(ROWS)
    assert main(command) == 0
    assert not (tmp_path / "charges.skops").exists()
    assert not (tmp_path / "charges.skops.json").exists()


def test_a_missing_package_is_said_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not behind an hour of it."""
    monkeypatch.setattr("tablecast.training.skops_file.find_spec", {}.get)
    command = ["train", "no.csv", "--target", "y", "--also", "skops", "--out", str(tmp_path)]
    assert main(command) == 1
    assert "install tablecast[skops]" in capsys.readouterr().err
