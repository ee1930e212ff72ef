"""A field made from a training column, and what a form file says against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.errors import FormFileError
from tablecast.schema.column_kinds import COLUMN_KINDS, canonical_texts, column_kind, kind_of_column
from tablecast.schema.field import DAY, Field
from tablecast.schema.from_column import field_of_column, label_of, with_overrides

DAYS = pd.to_datetime(["1970-01-02", "1970-01-05", "1970-01-04"])


def made(values: Any, overrides: dict[str, Any] | None = None) -> Field:
    return field_of_column(pd.Series(values, name="some_column"), overrides or {})


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "integer"), ([1.0, nan], "integer"), ([1.5, 2.0], "number"),
        (["a", "b"], "category"),
        ([True, False], "boolean"), (["True", "False"], "boolean"), (["True", "No"], "category"),
        (["True", "True"], "category"), (DAYS, "date"), (np.array([1, 2], "uint8"), "integer"),
        (pd.Categorical([1.0, 2.0]), "category"),
    ],
)  # fmt: skip
def test_a_columns_kind(values: Any, kind: str) -> None:
    """By its type and its values: floats that are whole are whole numbers."""
    column = pd.Series(values)
    assert kind_of_column(column, column.dropna()) == kind
    assert COLUMN_KINDS["category"].claims(column, column) is True
    assert COLUMN_KINDS["boolean"].claims(pd.Series([True]), pd.Series([True])) is True


@pytest.mark.parametrize(
    ("values", "limits", "default"),
    [
        ([1.5, 2.5, 4.5], (1.5, 4.5, 0.0, 7.5), 2.5), ([-1.5, 2.5], (-1.5, 2.5, -5.5, 6.5), 0.5),
        ([0.0, 0.5], (0.0, 0.5, 0.0, 1.0), 0.25), ([9.5, 10.5], (9.5, 10.5, 8.5, 11.5), 10.0),
        ([30.1, 60.2], (30.1, 60.2, 0.0, 90.3), 45.15), ([1.23456, nan], (1.23456,) * 4, 1.235),
        ([1.5, nan, nan], (1.5,) * 4, None), ([3, 8], (3, 8, 0, 13), 5),
        ([-3, -8], (-8, -3, -13, 2), -6), ([1990, 2010], (1990, 2010, 1970, 2199), 2000),
        ([1800, 2100], (1800, 2100, 1500, 2199), 1950),
        ([1799, 2010], (1799, 2010, 1588, 2221), 1904),
        ([1990, 2101], (1990, 2101, 1879, 2212), 2045),
        ([2050, 2100], (2050, 2100, 2000, 2199), 2075),
        (DAYS, (DAY, 4 * DAY, -2 * DAY, 7_258_032_000.0), 3 * DAY),
        ([nan, nan], (None,) * 4, None),
    ],
)  # fmt: skip
def test_a_range_and_a_typical_value(values: Any, limits: Any, default: Any) -> None:
    """The range once more on either side, not below 0 where it never was; years and days go on."""
    field = made(values)
    found = (field.minimum, field.maximum, field.hard_minimum, field.hard_maximum)
    assert found == limits
    assert field.default == default
    assert field.required is not pd.Series(values).isna().any()


@pytest.mark.parametrize(
    ("values", "levels", "closed", "default"),
    [
        (["b", "a", "b"], ("a", "b"), True, "b"), (["b", None, None], ("b",), True, None),
        (["b", None], ("b",), True, "b"), ([10, 9, 9], ("9", "10"), True, "9"),
        (pd.Categorical([10, 9, 9], [9, 10, 11]), ("10", "9"), True, "9"),
        ([f"t{at:02}" for at in range(50)], tuple(f"t{at:02}" for at in range(50)), True, "t00"),
        ([f"t{at:02}" for at in range(51)] + ["t50"],
         ("t50", *(f"t{at:02}" for at in range(50))), False, "t50"),
        ([None, None], (), True, None),
    ],
)  # fmt: skip
def test_levels_and_the_commonest(values: Any, levels: Any, closed: bool, default: Any) -> None:
    """In order up to fifty; of more the commonest first, and others are answered."""
    field = made(values, {"kind": "category"})
    assert (field.levels, field.closed, field.default) == (levels, closed, default)


def test_a_cell_goes_back_as_the_table_has_it() -> None:
    """Whole numbers as such, moments to the nanosecond; texts are their own canonical text."""
    for dtype in ("int64", "uint8"):
        whole = Field("w", "integer", dtype)
        assert type(column_kind(whole).cell(whole, 3.0)) is int
    number = Field("n", "number", "float64")
    assert type(column_kind(number).cell(number, 3.0)) is float
    day = Field("d", "date", "datetime64[ns]")
    assert column_kind(day).cell(day, 1.5) == pd.Timestamp("1970-01-01 00:00:01.5")
    texts = pd.Series(["a", "b"])
    assert canonical_texts(texts) is texts
    assert canonical_texts(pd.Series([1.0, "a"], dtype=object)).tolist() == ["1", "a"]


@pytest.mark.parametrize(
    ("kind", "dtype", "values", "series"),
    [
        ("number", "float32", [1.5], pd.Series([1.5], dtype="float32")),
        ("number", "int64", [1.0, nan], pd.Series([1.0, nan])),
        ("integer", "int64", [1.0], pd.Series([1])),
        ("date", "datetime64[ns]", [DAY], DAYS[:1].to_series()),
        ("category", "object", ["a", ""], pd.Series(["a", nan], dtype=object)),
        ("boolean", "bool", ["True", "False", "x"], pd.Series([True, False, False])),
    ],
)  # fmt: skip
def test_a_column_goes_back_as_the_table_has_it(
    kind: str, dtype: str, values: Any, series: pd.Series
) -> None:
    """With its own type, as long as no value is missing."""
    field = Field("x", kind, dtype)
    found = column_kind(field).series(field, field.array(values))
    pd.testing.assert_series_equal(found, series, check_index=False)


def test_an_unknown_code_is_one_above_all_others() -> None:
    """One above 0 where there is none."""
    for levels, above in ((("2", "10"), 11), ((), 1)):
        field = Field("x", "category", "int64", levels=levels)
        assert column_kind(field).series(field, field.array(["new"])).tolist() == [above]


@pytest.mark.parametrize(
    ("name", "label"),
    [("sepal_length", "Sepal length"), ("_x__y ", "X y"), ("HDL", "HDL"), ("", ""), ("éa", "Éa")],
)
def test_a_columns_name_as_a_person_writes_it(name: str, label: str) -> None:
    """With a capital, and spaces for what stands between words."""
    assert label_of(name) == label


SIZE = made([1.5, 2.5, 4.5])
KIND = made(["a", "b", "b"])
BOUGHT = made(DAYS)


@pytest.mark.parametrize(
    ("field", "said", "words"),
    [
        (KIND, {"only": "up"}, r"some_column\]: only = 'up' is for numbers and dates"),
        (KIND, {"levels": {"c": "See"}}, r"levels\] names 'c', .* The levels: a, b\.$"),
        (SIZE, {"levels": {"1": "One"}}, r"The levels: none, it is a number\.$"),
        (KIND, {"minimum": 1}, r"minimum is for numbers and dates\.$"),
        (SIZE, {"minimum": "x"}, r"minimum is 'x'\. Enter some_column as a number"),
        (SIZE, {"minimum": 5.0}, r"minimum 5 is above maximum 4\.5, so no value is valid"),
        (SIZE, {"hard_maximum": -1}, r"hard_minimum 0 is above hard_maximum -1"),
        (SIZE, {"default": 99}, r"cannot start with '99'\. Enter some_column between 0 and 7\.5"),
        (SIZE, {"hard_minimum": 3}, r"cannot start with '2\.5'\. .*Set default to a valid value"),
        (KIND, {"default": "z"}, r"cannot start with 'z'"),
    ],
)
def test_what_does_not_fit_a_field_is_refused(field: Field, said: Any, words: str) -> None:
    """With the table's own values, and the key's path."""
    with pytest.raises(FormFileError, match=words) as refused:
        with_overrides(field, said)
    assert refused.value.key is not None
    assert refused.value.key[:2] == ("fields", "some_column")
    assert refused.value.key[2] in {*said, "minimum", "hard_minimum"}


@pytest.mark.parametrize(
    ("field", "said", "changed"),
    [
        (SIZE, {}, {}), (SIZE, {"label": "Size", "unit": "m"}, {"label": "Size", "unit": "m"}),
        (SIZE, {"minimum": 4.5}, {"minimum": 4.5}), (SIZE, {"minimum": "2"}, {"minimum": 2.0}),
        (SIZE, {"default": ""}, {"default": None}), (SIZE, {"default": 3}, {"default": 3.0}),
        (SIZE, {"default": "3"}, {"default": 3.0}),
        (SIZE, {"hard_maximum": 3}, {"hard_maximum": 3}),
        (replace(SIZE, default=None), {"hard_maximum": 2}, {"hard_maximum": 2}),
        (KIND, {"default": "A"}, {"default": "a"}), (SIZE, {"only": "up"}, {"only": "up"}),
        (KIND, {"levels": {"b": "Bee"}}, {"level_labels": {"b": "Bee"}, "levels": ("b", "a")}),
        (BOUGHT, {"hard_minimum": date(1970, 1, 2)}, {"hard_minimum": DAY}),
        (BOUGHT, {"default": date(1970, 1, 5)}, {"default": 4 * DAY}),
    ],
)  # fmt: skip
def test_what_a_form_file_says_of_a_field(field: Field, said: Any, changed: Any) -> None:
    """Limits and defaults are read as a person's values are; an empty default leaves it empty."""
    assert with_overrides(field, said) == replace(field, **changed)


def test_whole_numbers_may_be_named() -> None:
    """Those that are named become choices, before the others."""
    field = with_overrides(made([1, 2, 3]), {"levels": {"2": "Two"}}, ("1", "2", "3"))
    assert (field.codes, field.levels, field.show_level("2")) == (("2", "1", "3"), (), "Two")
