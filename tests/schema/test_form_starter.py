"""The starter form file: it says what a schema says, whatever the schema holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.schema.form_file import Form, read_form
from tablecast.schema.form_starter import starter
from tablecast.schema.relabel import relabelled, say_the_same
from tablecast.schema.schema import Schema
from tests.served import every_kind_of_column

HOSTILE = 'a "b" \\ # = [x]\n\t\x7f\x00 {} é 年 \u2028 😀'


def every_kind() -> Schema:
    """Every kind of field, under names that are hard on programs, and a long list of levels."""
    return Schema.from_table(every_kind_of_column(), "target", "regression")


def spoken(schema: Schema) -> Schema:
    """With texts in two languages, some of them in one alone."""
    form = Form(
        texts={"title": "T", "target_unit": "$"},
        fields={"age": {"label": "Age", "hint": "Years", "group": "Person"}},
        languages={"zh": Form(texts={"title": "标题"}, fields={"age": {"label": "年龄"}})},
    )
    return relabelled(schema, form)


def hostile(_schema: Schema) -> Schema:
    """Names, levels, classes and texts with every sign that a file gives a meaning."""
    place = np.arange(60)
    table = pd.DataFrame({
        HOSTILE: place % 5, f"{HOSTILE}2": np.where(place % 2, HOSTILE, "]"),
        "y": np.where(place % 3, HOSTILE, "other"),
    })  # fmt: skip
    schema = Schema.from_table(table, "y", "classification")
    fields = tuple(replace(field, label=HOSTILE, hint=HOSTILE) for field in schema.fields)
    labels = {HOSTILE: HOSTILE}
    return replace(schema, fields=fields, title=HOSTILE, class_labels=labels)


@pytest.mark.parametrize("change", [lambda schema: schema, spoken, hostile])
def test_put_back_it_changes_nothing(tmp_path: Path, change: Any) -> None:
    """The file is read again as the schema that it was written from."""
    schema = change(every_kind())
    path = tmp_path / "form.toml"
    path.write_text(starter(HOSTILE, schema, {"source": HOSTILE}), encoding="utf-8")
    form = read_form(path)
    assert form.card == {"source": HOSTILE}
    assert say_the_same(relabelled(schema, form), schema, form.card)
    assert list(form.fields) == [field.name for field in schema.fields]


def test_its_limits_and_defaults_are_valid(tmp_path: Path) -> None:
    """Without the comments' signs they say what the schema says."""
    schema = every_kind()
    keys = ("minimum", "maximum", "hard_minimum", "hard_maximum", "default")
    lines = starter("x", schema, {}).splitlines()
    text = "\n".join(line.removeprefix("# ") if line[2:].startswith(keys) else line
                     for line in lines)  # fmt: skip
    path = tmp_path / "form.toml"
    path.write_text(text, encoding="utf-8")
    form = read_form(path)
    assert {"minimum", "hard_maximum"} < form.fields["bought on"].keys()
    assert relabelled(schema, form) == schema


def test_a_date_may_be_a_limit(tmp_path: Path) -> None:
    """As TOML's own date or as text, of which both are the same day."""
    path = tmp_path / "form.toml"
    for written in ("2019-01-01", '"2019-01-01"', "2019-01-01T00:00:00"):
        path.write_text(f'[fields."bought on"]\nhard_minimum = {written}\n', encoding="utf-8")
        field = relabelled(every_kind(), read_form(path)).field("bought on")
        assert field.show(field.hard_minimum) == "2019-01-01"
