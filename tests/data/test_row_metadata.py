"""Columns that a person names for splitting and weighing rows, and those that look like it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.cli.main import main
from tablecast.data.inspection import inspect
from tablecast.data.prepare import prepare
from tablecast.errors import FormFileError, TableError
from tablecast.schema.form_file import read_form
from tablecast.schema.options import ReadingOptions

ROWS = 120


def visits(**more: Any) -> pd.DataFrame:
    """30 persons with four rows each."""
    random = np.random.default_rng(5)
    return pd.DataFrame({
        "person": np.repeat([f"P{one:03d}" for one in range(30)], 4),
        "dose": random.normal(size=ROWS).round(3),
        "day": pd.date_range("2020-01-01", periods=ROWS),
        **more,
        "y": random.normal(size=ROWS).round(4),
    })


def columns_of(table: pd.DataFrame, **options: Any) -> list[str]:
    return list(prepare(table, "y", options=ReadingOptions(**options)).table.columns)


def test_who_and_weight_are_no_features_unless_kept() -> None:
    """A group and a weight say something of rows, not of what is predicted; a time stays."""
    table = visits(w=np.arange(ROWS) + 1.5)
    assert columns_of(table, group="person", weight="w") == ["dose", "day", "y"]
    assert "person" in columns_of(table, group="person", keep=["person"])
    assert columns_of(table, time="day", drop=["day", "person", "w"]) == ["dose", "y"]
    kept = prepare(table, "y", options=ReadingOptions(time="DAY"))
    assert "day" in kept.table
    assert any("--drop day" in str(note) for note in kept.notes)


def test_weights_are_one_on_average() -> None:
    """Only their ratios count, however large they are."""
    weights = np.where(np.arange(ROWS) % 2, 3e200, 1e200)
    about = prepare(visits(w=weights), "y", options=ReadingOptions(weight="w")).about
    assert about.weights is not None
    assert about.weights.mean() == pytest.approx(1)
    assert about.weights.max() == pytest.approx(3 * about.weights.min())


def test_rows_that_nothing_is_known_of_are_left_out_and_counted() -> None:
    """A row without a group or a time cannot be placed; one of weight 0 does not count."""
    gaps = np.arange(ROWS) % 10 == 0
    table = visits(w=np.where(np.arange(ROWS) % 3 == 0, 0, 2 + np.arange(ROWS) % 2))
    table["person"] = table["person"].mask(gaps)
    prepared = prepare(table, "y", options=ReadingOptions(group="person", weight="w"))
    left = ~gaps & (table["w"] > 0)
    assert len(prepared.table) == left.sum()
    assert prepared.about.groups is not None
    assert prepared.about.groups.tolist() == table["person"][left].tolist()
    said = " ".join(map(str, prepared.notes))
    assert "12 rows without a value in person, which --group needs" in said
    assert f"{(~gaps & (table['w'] == 0)).sum()} rows whose weight in w is 0" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [({"group": "uid"}, "--group uid has no effect"), ({"weight": "same"}, "--weight same has no")],
)
def test_no_effect_is_said(options: dict[str, str], words: str) -> None:
    """As many groups as rows, or equal weights, change nothing: the splits are those without."""
    table = visits(uid=[f"u{at}" for at in range(ROWS)], same=2)
    prepared = prepare(table, "y", options=ReadingOptions(**options))  # type: ignore[arg-type]
    assert any(words in str(note) for note in prepared.notes)
    assert prepared.about.splits_at_random
    assert prepared.about.weights is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"group": "one"}, "'one' has only one value, and --group needs at least 3"),
        ({"group": "two"}, "has only 2 values"),
        ({"group": "persn"}, "Did you mean 'person'?"),
        ({"group": ""}, "no column ''"),
        ({"group": "y"}, "The target 'y' cannot also be --group"),
        ({"group": "lists"}, "neither numbers, dates nor text"),
        ({"group": "empty"}, "'empty' is empty"),
        ({"time": "person"}, "holds text such as 'P000', and --time needs dates or numbers"),
        ({"time": "mixed"}, "holds text such as 'later', and --time needs dates or numbers"),
        ({"time": "step"}, "has only 3 different values, and --time needs at least 4"),
        ({"weight": "low"}, "has -1.5, and a weight cannot be below 0"),
        ({"weight": "none"}, "All weights in 'none' are 0"),
        ({"weight": "gap"}, "has no value in 1 row"),
        ({"weight": "text"}, "holds 'abc', and --weight needs numbers"),
        ({"group": "day", "time": "day"}, "'day' cannot be --group and also --time"),
        ({"time": "low", "weight": "low"}, "cannot be --time and also --weight"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    options: dict[str, str], words: str
) -> None:
    """The message names the column, what is wrong with it, and what would help."""
    at = np.arange(ROWS)
    table = visits(
        one="a", two=at < 50, step=at // 50, low=at - 1.5, none=0, uid=at.astype(str),
        gap=np.where(at == 7, np.nan, 1.5), text=np.where(at == 7, "abc", "1"),
        lists=[[1]] * ROWS, empty=np.nan, mixed=["2020-01-01"] * (ROWS - 1) + ["later"],
    )
    table["two"] = table["two"].map({True: "a", False: "b"})
    table.loc[0, "low"] = -1.5
    with pytest.raises(TableError) as refused:
        prepare(table, "y", options=ReadingOptions(**options))  # type: ignore[arg-type]
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_command_refuses_in_one_line(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--time`` with a column of text says how dates are told."""
    path = tmp_path / "visits.csv"
    visits().to_csv(path, index=False)
    assert main(["train", str(path), "--target", "y", "--time", "person"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--date person=%d/%m/%y" in said


def test_a_form_file_may_say_it(tmp_path: Any) -> None:
    """The keys of [table] are the options' names; the command goes before the file."""
    path = tmp_path / "form.toml"
    path.write_text('[table]\ngroup = "person"\nweight = "w"\n', encoding="utf-8")
    reading = ReadingOptions(weight="v").over(read_form(path).reading)
    assert (reading.group, reading.weight) == ("person", "v")
    path.write_text('[table]\ngroup = "day"\ntime = "day"\n', encoding="utf-8")
    with pytest.raises(FormFileError, match="cannot be --group and also --time"):
        read_form(path)


def test_inspect_names_their_roles() -> None:
    """What a person has said of a column stands where features are told from others."""
    found = inspect(visits(w=np.arange(ROWS) + 1), "y", ReadingOptions(group="person", weight="w"))
    roles = {column.name: column.role for column in found.columns}
    assert roles == {
        "person": "group", "dose": "feature", "day": "feature", "w": "weight", "y": "target"
    }


@pytest.mark.parametrize("target", ["y", None])
@pytest.mark.parametrize(
    ("name", "values", "option"),
    [
        ("who", [f"cust-{at // 4:04d}" for at in range(ROWS)], "--group who"),
        ("rider", [f"Anna Berg{chr(97 + at // 5)}" for at in range(ROWS)], "--group rider"),
        ("customer no", [1000 + at // 3 for at in range(ROWS)], "--group 'customer no'"),
        ("visit_id", [at // 4 for at in range(ROWS)], "--group visit_id"),
        ("year", [1990 + at // 6 for at in range(ROWS)], "--time year"),
        ("sold", list(pd.date_range("2001-01-01", periods=ROWS)), "--time sold"),
    ],
)
def test_what_looks_like_a_group_or_a_time_is_named(
    target: str | None, name: str, values: list[Any], option: str
) -> None:
    """The note has the option that uses the column, and nothing changes by itself."""
    table = visits(**{name: values}).drop(columns=["person", "day"])
    found = inspect(table, target)
    [notes] = [column.notes for column in found.columns if column.name == name]
    assert any(option in note for note in notes)
    assert {column.role for column in found.columns} <= {"feature", "target"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("colour", [f"shade {at % 25}" for at in range(ROWS)]),
        ("customer_age", [20 + at % 40 for at in range(ROWS)]),
        ("person", ["adult", "child"] * (ROWS // 2)),
        ("year built", [1950 + at % 60 for at in range(ROWS)]),
    ],
)
def test_what_only_seems_so_is_not_named(name: str, values: list[Any]) -> None:
    """Kinds, amounts of somebody, and few values are neither groups nor times."""
    table = visits(**{name: values})[[name, "dose", "y"]]
    said = " ".join(inspect(table, "y").sentences)
    assert "--group" not in said
    assert "--time" not in said
