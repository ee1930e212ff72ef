"""``train --like NAME``: a table that differs from the deployment's is refused, and says how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from examples.insurance.simulate import simulate
from tablecast.cli.main import main
from tests.deployments import SHIPPED

Train = Callable[[pd.DataFrame], str]


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Train:
    """Train on a table that is not like the shipped deployment's; gives the one line."""

    def train(table: pd.DataFrame) -> str:
        table.to_csv(tmp_path / "charges.csv", index=False)
        command = ["train", str(tmp_path / "charges.csv"), "--target", "charges", "--model", "lr"]
        assert main([*command, "--like", str(SHIPPED), "--out", str(tmp_path / "out")]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "Correct it, or train without --like." in said
        assert not (tmp_path / "out").exists()
        return said

    return train


def test_a_missing_and_a_new_column_are_named(refused: Train) -> None:
    """With the name that it may have now."""
    said = refused(simulate(60).drop(columns="region").rename(columns={"children": "childrens"}))
    assert "it lacks 'children' (is it 'childrens'?), 'region'; it has 'childrens' besides" in said


def test_a_column_of_another_kind_is_named(refused: Train) -> None:
    """A number that became text is a mistake in the file, more often than not."""
    table = simulate(60)
    table["bmi"] = table["bmi"].map(lambda bmi: "high" if bmi > 30 else "low")
    assert "'bmi' was a number, and is a text" in refused(table)


def test_many_columns_are_counted(refused: Train) -> None:
    """A table of something else is refused in a line that a person reads to its end."""
    table = simulate(60)
    for number in range(15):
        table[f"x{number}"] = table["age"] * (number + 1) + table["bmi"]
    assert "'x0', 'x1'" in (said := refused(table))
    assert "and 5 more besides" in said


@pytest.mark.slow
def test_the_same_columns_are_trained_on(tmp_path: Path) -> None:
    """In any order, and with what the deployment itself ignored."""
    table = simulate(80)[["charges", "region", "smoker", "children", "bmi", "sex", "age"]]
    table.insert(0, "PersonId", [f"p{number}" for number in range(80)])
    table.to_csv(tmp_path / "charges.csv", index=False)
    command = ["train", str(tmp_path / "charges.csv"), "--target", "charges", "--model", "lr"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    like = ("--like", str(tmp_path / "charges"))
    assert main([*command, "--out", str(tmp_path / "next"), *like]) == 0


def test_a_deployment_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said before the table is read."""
    assert main(["train", "no.csv", "--target", "y", "--like", str(tmp_path / "none")]) == 1
    assert "none.onnx" in capsys.readouterr().err
