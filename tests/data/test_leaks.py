"""Leaks: what makes a table's figures too good is named, and a copy of the target is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from examples.insurance.simulate import simulate
from tablecast.cli.main import main
from tablecast.data.leakage import leaks_of, without_leaks
from tablecast.data.sources import prepare
from tablecast.errors import TableError


def insurance(**more: object) -> pd.DataFrame:
    return simulate(300, seed=6).assign(**more)


CHARGES = insurance()["charges"]


def kinds(table: pd.DataFrame, target: str = "charges") -> list[tuple[str, str | None]]:
    return [(leak.kind, leak.field) for leak in leaks_of(prepare(table, target))]


def test_an_honest_table_has_no_leak() -> None:
    """Strong fields that share the work, as a smoker's, are no leaks."""
    assert kinds(insurance()) == []


@pytest.mark.parametrize(
    "copy",
    [
        CHARGES * 0.9, (CHARGES / 10).round(), np.log(CHARGES), -CHARGES,
        CHARGES.where(CHARGES > 2_000),
    ],
    ids=["other currency", "rounded", "logarithm", "sign", "with gaps"],
)
def test_a_copy_of_an_amount_is_its_disguise(copy: pd.Series) -> None:
    """Another unit, rounding, a transformation or some gaps do not hide it."""
    assert kinds(insurance(paid=copy)) == [("disguise", "paid")]


def test_names_of_classes_are_their_disguise() -> None:
    """A number for each class is the class, and so is its name in another language."""
    table = load_iris(as_frame=True).frame
    table["code"] = table["target"].map({0: "a", 1: "b", 2: "c"})
    assert kinds(table, "target") == [("disguise", "code")]


def test_nearly_the_target_is_named_with_its_figures() -> None:
    """A field with a little noise around the target is a leak by what it predicts alone."""
    noise = np.random.default_rng(1).normal(size=300)
    [leak] = leaks_of(prepare(insurance(billed=CHARGES * (1 + 0.01 * noise)), "charges"))
    assert (leak.kind, leak.field) == ("alone", "billed")
    assert leak.figures["score"] > 0.99
    assert leak.figures["next"] < 0.9
    assert "billed alone predicts charges almost perfectly (R2 " in str(leak.message)


def test_a_level_that_tells_all_is_named() -> None:
    """A text that only one answer has, or that is missing only with it, is a leak of classes."""
    random = np.random.default_rng(2)
    died = random.random(400) < 0.2
    table = pd.DataFrame({
        "age": random.integers(20, 90, 400),
        "cause": pd.Series(random.choice(["heart", "lung"], 400)).where(died),
        "died": np.where(died, "yes", "no"),
    })
    assert kinds(table, "died") == [("alone", "cause")]


def test_an_easy_target_has_no_leak() -> None:
    """Where two of iris's fields tell setosa nearly alone, the others stand close behind."""
    table = load_iris(as_frame=True).frame
    table["target"] = np.where(table["target"] == 0, "setosa", "other")
    wide = table[["petal width (cm)", "target"]].assign(
        width=table["petal width (cm)"] + np.random.default_rng(0).normal(size=150) / 4
    )
    assert kinds(wide, "target") == []


def test_ids_that_rows_share_are_named() -> None:
    """An id with several rows each is torn apart by the folds."""
    ids = np.random.default_rng(3).integers(0, 60, 300)
    assert kinds(insurance(patient_id=ids)) == [("ids", "patient_id")]


@pytest.mark.parametrize("ordered", [True, False])
def test_dates_are_named(ordered: bool) -> None:
    """A date says that the folds looks into the future, and whether the rows are in its order."""
    days = pd.Series(pd.date_range("2001-02-03", periods=300))
    if not ordered:
        days = days.sample(frac=1, random_state=1).reset_index(drop=True)
    [leak] = leaks_of(prepare(insurance(day=days), "charges"))
    assert (leak.kind, leak.figures) == ("order", {"ordered": float(ordered)})
    assert "2001-02-03" in str(leak.message)
    assert "looks into the future" in str(leak.message)


def test_a_disguise_is_refused_unless_it_is_known_to_be_a_field() -> None:
    """The refusal names both ways on: to leave the column out, and to keep it."""
    prepared = prepare(insurance(paid=CHARGES * 0.9), "charges")
    with pytest.raises(TableError, match=r"--drop paid.*--keep paid"):
        without_leaks(prepared)
    assert without_leaks(prepared, keep=["paid"]).leaks == ()


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ([], 1, "paid is the target charges in another form"),
        (["--drop", "payed"], 1, "no column 'payed'. Did you mean 'paid'?"),
        (["--drop", "charges"], 1, "'charges' is the target, so it cannot be left out"),
    ],
)
def test_a_disguise_leaves_no_deployment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], status: int, words: str
) -> None:
    """One line on the terminal, and no file."""
    table, out = tmp_path / "table.csv", tmp_path / "out"
    insurance(paid=CHARGES * 0.9).to_csv(table, index=False)
    command = ["train", str(table), "--target", "charges", "--out", str(out), *more]
    assert main(command) == status
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_leaks_reach_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is named on the terminal is in the card, with the figures without repeated rows."""
    from tablecast.deployment.model_card import card_of
    from tablecast.deployment.opening import load

    table = insurance(patient_id=np.random.default_rng(3).integers(0, 60, 300))
    twice = pd.concat([table, table.head(150)], ignore_index=True)
    twice.to_csv(tmp_path / "table.csv", index=False)
    command = ["train", str(tmp_path / "table.csv"), "--target", "charges", "--model", "lr"]
    assert main([*command, "--out", str(tmp_path), "--name", "x"]) == 0
    printed = capsys.readouterr().out
    card = card_of(load(tmp_path / "x", "onnx"))
    assert [leak["kind"] for leak in card["leaks"]] == ["ids", "twins"]
    for leak in card["leaks"]:
        assert leak["message"] in printed
        assert leak["message"] in card["notes"]
    twins = card["leaks"][1]
    assert 0.2 < twins["share"] < 0.9
    assert twins["all"] == pytest.approx(card["metrics"]["holdout"]["R2"], abs=1e-4)
    assert twins["others"] != twins["all"]
