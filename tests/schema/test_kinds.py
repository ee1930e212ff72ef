"""The kinds of fields: each value is written once, and a new kind needs no other module."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime
from math import nan
from typing import Any

import numpy as np
import pytest

from tablecast.schema.column_kinds import COLUMN_KINDS, column_kind
from tablecast.schema.factors import FORMULAS
from tablecast.schema.field import DAY, KINDS, Field
from tablecast.schema.moments import plain_date, vocabulary
from tablecast.web.http.responses import to_json
from tests.deployments import ROOT

SPRING = datetime(2020, 4, 1, tzinfo=UTC).timestamp()
NUMBER = Field("n", "number", "float64", minimum=0, maximum=9)
WHOLE = Field("w", "integer", "int64", minimum=0, maximum=9)
LEVEL = Field("c", "category", "object", levels=("1", "yes"), closed=True)
TRUTH = Field("b", "boolean", "object", levels=("False", "True"), closed=True)
DATE = Field("d", "date", "datetime64[ns]", minimum=SPRING, maximum=SPRING + 9 * DAY)
MOMENT = replace(DATE, maximum=SPRING + 3600)

WRITTEN = [
    (NUMBER, 2.5, "2.5"),
    (NUMBER, 3.0, "3"),
    (WHOLE, 3.0, "3"),
    (LEVEL, "1", '"1"'),
    (LEVEL, "yes", '"yes"'),
    (TRUTH, "True", "true"),
    (TRUTH, "False", "false"),
    (DATE, SPRING, '"2020-04-01"'),
    (DATE, SPRING + 37_800, '"2020-04-01T10:30:00Z"'),
    (MOMENT, SPRING, '"2020-04-01T00:00:00Z"'),
    (MOMENT, SPRING + 0.25, '"2020-04-01T00:00:00.250000Z"'),
]


@pytest.mark.parametrize(("field", "value", "written"), WRITTEN)
def test_json_of_a_value(field: Field, value: Any, written: str) -> None:
    """A value has one spelling in JSON, and is read back as itself."""
    assert to_json(field.json_value(value)).decode() == f"{written}\n"
    assert field.read(field.json_value(value), text=False) == (value, None)


@pytest.mark.parametrize("field", [NUMBER, WHOLE, LEVEL, TRUTH, DATE], ids=lambda field: field.kind)
def test_a_missing_value_is_null(field: Field) -> None:
    """Whatever the kind, and so is a value that is not a number."""
    assert field.json_value(field.missing) is None
    assert field.json_value(None) is None


@pytest.mark.parametrize("value", [1e300, -(2.0**53), 2.0**63])
def test_a_large_number_is_still_json(value: float) -> None:
    """A number past what JSON's readers take for whole is written with its exponent."""
    assert float(to_json(NUMBER.json_value(value))) == value


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_its_column(kind: str) -> None:
    """What serving knows of a kind, training knows of its column, and back."""
    assert COLUMN_KINDS.keys() == KINDS.keys()
    field = Field("x", kind, "object", levels=("False", "True"), minimum=0, maximum=DAY)
    assert type(field) is KINDS[kind]
    present = field.array(["True", "False"] if field.is_text else [0.0, DAY])
    dtype = "object" if field.is_text else "float64"
    series = column_kind(field).series(replace(field, dtype=dtype), present)
    np.testing.assert_array_equal(field.array_of_table(series), present)


@pytest.mark.parametrize(
    ("dtype", "levels", "texts", "column"),
    [
        ("int64", ("1", "2", "10"), ["10", "1"], [10, 1]),
        ("float64", ("0.1", "2"), ["2", "", "0.1"], [2.0, nan, 0.1]),
        ("int64", ("1", "2"), ["1", "seven"], [1, 3]),
        ("bool", ("False", "True"), ["True", "False"], [True, False]),
    ],
)
def test_categories_that_are_no_texts_have_their_own_column(
    dtype: str, levels: tuple[str, ...], texts: list[str], column: list[Any]
) -> None:
    """Number codes are numbers to the pipeline, and an unknown one is above all of them."""
    field = Field("x", "category", dtype, levels=levels)
    series = column_kind(field).series(field, field.array(texts))
    assert series.dtype == dtype
    np.testing.assert_array_equal(series.to_numpy(), column)


def test_an_unknown_kind_is_refused_by_name() -> None:
    """A description of a later version is told apart, and says which kinds there are."""
    with pytest.raises(ValueError, match=r"'x' is of kind 'colour'; known kinds are number,"):
        Field("x", "colour", "object")


def test_a_field_never_changes_its_kind() -> None:
    """Half of one kind and half of another would be neither."""
    with pytest.raises(TypeError, match="another kind"):
        replace(NUMBER, kind="date")
    assert replace(NUMBER, name="m") == Field("m", "number", "float64", minimum=0, maximum=9)
    assert nan not in NUMBER.grid(3, 3, {}, nan)


def test_nobody_asks_which_kind_a_field_is() -> None:
    """No module compares a field's kind with a name: what differs is asked of the field."""
    asking = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "tablecast").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare) and _is_kind(node.left)
        if {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)} & KINDS.keys()
    ]
    assert asking == []


def _is_kind(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "kind"


def test_factors_are_what_their_names_say() -> None:
    """Of a value, a cut and the lowest training value; the compiler writes the same as nodes."""
    found = {name: formula(3.0, 1.0, 2.0) for name, formula in FORMULAS.items()}
    assert found == {
        "value": 3.0, "square": 9.0, "inverse": 1 / 3, "log": np.log(2.0), "above": 1.0,
        "beyond": 2.0,
    }
    below = {name: FORMULAS[name](1.0, 1.0, 0.0) for name in ("above", "beyond", "log")}
    assert below == {"above": 0.0, "beyond": 0.0, "log": np.log(2.0)}


def test_the_words_of_dates_are_those_that_are_read() -> None:
    """A page that asks no server gets every month, each half of a day and what says nothing."""
    words = vocabulary()
    assert {plain_date(f"3 {word} 2020") for word, month in words["months"].items()
            if month == "Mar" and word.isalpha()} == {"3 Mar 2020"}  # fmt: skip
    assert (words["months"]["märz"], words["halves"]["下午"]) == ("Mar", "PM")
    assert {plain_date(f"{word} 3 Mar 2020") for word in words["silent"]} == {"3 Mar 2020"}
