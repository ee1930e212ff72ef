"""The form file: read, checked, and refused in words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from deployments import ROOT

from tablecast.errors import FormFileError
from tablecast.schema import Field
from tablecast.schema.form_file import Form, read_form
from tablecast.schema.from_column import field_of_column


def test_no_file_is_an_empty_form() -> None:
    """Everything in it is optional, and so is the file."""
    assert read_form(None) == Form()


def test_the_shipped_form_file_is_read_in_its_order() -> None:
    """The insurance form names its six fields in the order of the form."""
    form = read_form(ROOT / "examples" / "insurance" / "form.toml")
    assert list(form.fields) == ["age", "sex", "bmi", "children", "smoker", "region"]
    assert form.texts["title"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("title = ", "not TOML"),
        ('titel = "x"', "Did you mean 'title'"),
        ("title = 5", "wrong type"),
        ('[fields.a]\nlable = "x"', "Did you mean 'label'"),
        ("[fields.a]\nfolded = 1", "wrong type"),
        ("[fields.a]\nhard_minimum = true", "wrong type"),
        ("[fields.a.levels]\nx = 1", "text in quotes"),
        ("[fields]\na = 1", "table of keys"),
        ('[target]\nname = "x"', "unknown key"),
        ("[target.classes]\n1 = 5", "text in quotes"),
        ("[table]\ndrop = [1]", "text in quotes"),
        ("[table]\nencoding = 8", "wrong type"),
        ("[table.level]\na = 1", "text in quotes"),
        ('[table.level]\na = ["x", 1]', "text in quotes"),
        ("[table.date]\na = 1", "text in quotes"),
        ("[card]\nintended = [1]", "text in quotes"),
        ('order = "best"', "choose one of: file, importance"),
        ('[fields.a]\nonly = "left"', "fields.a.*'left'; choose one of: up, down"),
        ('[fields.a]\nfixed = "yes"', "wrong type"),
        ("[fields.a]\ngroup = 1", "wrong type"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, content: str, words: str) -> None:
    """A wrong key or value says where it stands and what was meant."""
    path = tmp_path / "form.toml"
    path.write_text(content)
    with pytest.raises(FormFileError, match=words):
        read_form(path)


def test_a_level_is_a_text_or_a_list_of_them(tmp_path: Path) -> None:
    """How a table is read says the same in either form."""
    path = tmp_path / "form.toml"
    path.write_text('[table]\ndrop = ["id"]\n[table.level]\na = "NA"\nb = ["-", "na"]\n')
    reading = read_form(path).reading
    assert (reading.drop, reading.level) == (["id"], {"a": ["NA"], "b": ["-", "na"]})


@pytest.mark.parametrize("kind", ["", "hard_"])
def test_limits_that_no_value_keeps_are_named(kind: str) -> None:
    """Whether the form file has both, or one that passes the table's other."""
    column = pd.Series([1.5, 2.5, 3.5], name="size")
    with pytest.raises(FormFileError, match=rf"fields.size.*{kind}minimum 5 is above {kind}max"):
        field_of_column(column, {f"{kind}minimum": 5.0, f"{kind}maximum": 1.0})


def test_what_a_field_can_become_is_part_of_it() -> None:
    """A field's group and direction are kept in the description, and absent where nobody said."""
    column = pd.Series([1.5, 2.5, 3.5], name="years")
    said = {"group": "Work", "fixed": True, "only": "up", "log": "hash"}
    field = field_of_column(column, said)
    assert Field.from_json(field.to_json()) == field
    assert {name: field.to_json()[name] for name in said} == said
    assert not said.keys() & field_of_column(column, {}).to_json().keys()


def test_levels_have_no_direction() -> None:
    """Only a number or a date can only rise."""
    with pytest.raises(FormFileError, match=r"fields.colour.*numbers and dates.*fixed = true"):
        field_of_column(pd.Series(["red", "blue"], name="colour"), {"only": "up"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that is not there says so."""
    with pytest.raises(FormFileError, match="There is no form file"):
        read_form(tmp_path / "none.toml")
