"""What a person says about how to read a table: what fits together, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tablecast.errors import TableError
from tablecast.schema.field import Field
from tablecast.schema.options import CONTRADICTIONS, ReadingOptions, column_named, options_of

#: One column for each option of columns.
NAMED: dict[str, Any] = {
    "category": ["a"], "number": ["a"], "date": {"a": ""}, "drop": ["a"], "keep": ["a"],
    "level": {"a": ["x"]},
}


def given(options: ReadingOptions) -> dict[str, Any]:
    """What options say, without those that say nothing."""
    return {name: value for name, value in vars(options).items() if value}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task": "ranking"}, r"'ranking' is not a task\. Choose auto, .* \(--task\)"),
        ({"decimal": ";"}, r"\. or , but not ';' \(--decimal\)"),
        ({"decimal": ""}, "not '' "),
        ({"separator": ""}, r"one character, .* not '' \(--separator\)"),
        ({"separator": ";;"}, "not ';;'"),
        ({"separator": '"'}, "one character"),
        ({"separator": "\n"}, "one character"),
        ({"group": "a", "time": "a"}, r"'a' cannot be --group and also --time\. Name another"),
        ({"group": "a", "time": "a", "weight": "a"}, "--group and also --time and --weight"),
        ({"time": "b", "weight": "b"}, "'b' cannot be --time and also --weight"),
    ],
)
def test_what_cannot_be_said_is_refused(options: dict[str, Any], words: str) -> None:
    """With the option's name, and what to write."""
    with pytest.raises(TableError, match=words):
        ReadingOptions(**options)


@pytest.mark.parametrize(("one", "other"), CONTRADICTIONS)
def test_a_column_cannot_be_two_things(one: str, other: str) -> None:
    """The error names both options; two columns may be one each."""
    named = {one: NAMED[one], other: NAMED[other]}
    with pytest.raises(TableError, match=rf"'a' is named by both {one} and {other} \(--{one}, --"):
        ReadingOptions(**named)
    moved = {"b": ["x"]} if isinstance(NAMED[other], dict) else ["b"]
    assert ReadingOptions(**named | {other: moved}).columns == ("a", "b")


def test_what_fits_together_is_taken() -> None:
    """Roles of different columns, each decimal sign, a tab between cells."""
    for decimal in (None, ".", ","):
        said = ReadingOptions(group="g", weight="w", decimal=decimal, separator="\t")
        assert said.roles == {"g": "group", "w": "weight"}
    said = ReadingOptions(
        category=["c"], number=["n"], date={"d": ""}, drop=["x", "n"], keep=["k"],
        level={"c": ["?"]}, time="t",
    )  # fmt: skip
    assert said.columns == ("c", "n", "d", "x", "k", "t")


def test_a_target_has_to_stay_and_to_fit_the_task() -> None:
    """It cannot be left out, nor be text where numbers are predicted."""
    with pytest.raises(TableError, match="'y' is the target, so it cannot be left out"):
        ReadingOptions(drop=["y"]).check_target("y")
    with pytest.raises(TableError, match=r"'y' is to be text \(--category\), but regression"):
        ReadingOptions(category=["y"], task="regression").check_target("y")
    ReadingOptions(category=["y"], drop=["x"]).check_target("y")
    ReadingOptions(category=["x"], task="regression").check_target("y")


def test_columns_are_known_in_any_letters() -> None:
    """Every option then names them as the table does."""
    names = ["Age", "Size", "Day", "Out", "In", "Who", "When", "Much"]
    said = ReadingOptions(
        category=["age"], number=["SIZE"], date={"day": "%d"}, drop=["out"], keep=["in"],
        missing=["?"], level={"AGE": ["x"]}, group="who", time="when", weight="much",
        encoding="cp1252", sheet="2",
    )  # fmt: skip
    assert given(said.known_as(names)) == given(ReadingOptions(
        category=["Age"], number=["Size"], date={"Day": "%d"}, drop=["Out"], keep=["In"],
        missing=["?"], level={"Age": ["x"]}, group="Who", time="When", weight="Much",
        encoding="cp1252", sheet="2",
    ))  # fmt: skip
    roles = ReadingOptions(group="Who", time="When", weight="Much")
    assert said.only_roles(names) == roles
    assert given(ReadingOptions().known_as(names)) == {"task": "auto"}
    with pytest.raises(TableError, match="no column 'age'"):
        said.known_as(["Size"])


def test_what_is_said_last_goes_before() -> None:
    """Of the whole table instead of the file's; of columns beside it, but for what contradicts."""
    file = ReadingOptions(
        task="classification", category=["c", "x"], number=["n", "y"], date={"d": "", "z": "%Y"},
        drop=["o", "k2"], keep=["k", "o2"], missing=["?"], level={"c": ["a"], "m": ["b"]},
        encoding="cp1252", separator=";", decimal=",", sheet="1", group="g", time="t", weight="w",
    )  # fmt: skip
    assert ReadingOptions().over(file) == file
    assert file.over(ReadingOptions()) == file
    own = ReadingOptions(
        task="regression", number=["x", "m"], category=["y", "z"], drop=["o2"], keep=["k2"],
        missing=["-"], level={"e": ["c"]}, encoding="utf-8", separator="|", decimal=".", sheet="2",
        group="g2", time="t2", weight="w2",
    )  # fmt: skip
    assert own.over(file) == ReadingOptions(
        task="regression", category=["c", "y", "z"], number=["n", "x", "m"], date={"d": ""},
        drop=["o", "o2"], keep=["k", "k2"], missing=["?", "-"], level={"c": ["a"], "e": ["c"]},
        encoding="utf-8", separator="|", decimal=".", sheet="2", group="g2", time="t2",
        weight="w2",
    )  # fmt: skip
    levels = ReadingOptions(level={"n": ["a"], "d": ["b"]}).over(file)
    assert (levels.number, levels.date) == (["y"], {"z": "%Y"})


def test_a_deployments_table_is_read_again_as_it_was() -> None:
    """Texts with their levels, numbers, dates with their format; booleans are found anyway."""
    fields = [
        Field("c", "category", "object", levels=("a", "b")), Field("n", "number", "float64"),
        Field("w", "integer", "int64"), Field("b", "boolean", "bool"),
        Field("d", "date", "datetime64[ns]", date_format="%d.%m.%Y"),
    ]  # fmt: skip
    found = options_of(fields, {"encoding": "cp1252", "decimal": ","})
    assert given(found) == given(ReadingOptions(
        category=["c"], number=["n", "w"], date={"d": "%d.%m.%Y"}, keep=["c", "n", "w", "b", "d"],
        level={"c": ("a", "b")}, encoding="cp1252", decimal=",",
    ))  # fmt: skip
    assert given(options_of([], {})) == {"task": "auto"}


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [("a", ["a", "A"], "a"), ("ＡＧＥ", ["age", "b"], "age"), ("A b", ["a  B"], "a  B")],
)
def test_a_column_is_found_in_any_letters(name: str, names: list[str], found: str) -> None:
    """Its own spelling first."""
    assert column_named(name, names) == found


@pytest.mark.parametrize(
    ("name", "names", "words"),
    [
        ("AA", ["aa", "Aa"], "no column 'AA'. Did you mean '[aA]a'"),
        ("chldren", ["children"], r"Did you mean 'children'\? Its columns are: children\.$"),
        ("qqq", ["children", "x"], r"no column 'qqq'\. Its columns are: children, x\.$"),
        ("a", ["x y z"], r"read as one column, 'x y z'\. If a sign .* name that \(--separator"),
        ("a", ["x_y"], r"Its columns are: x_y\.$"),
        ("a", ["x y", "z"], r"Its columns are: x y, z\.$"),
        ("q", [f"c{at}" for at in range(12)], r"c10, c11\.$"),
        ("q", [f"c{at}" for at in range(13)], r"c10, c11 and 1 more\.$"),
    ],
)
def test_a_column_that_is_not_there_is_named(name: str, names: list[str], words: str) -> None:
    """With the nearest, and up to twelve of those that are."""
    with pytest.raises(TableError, match=words):
        column_named(name, names)
