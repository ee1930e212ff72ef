"""Whole numbers that are codes: what the form offers to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.errors import FormFileError
from tablecast.schema import codes
from tablecast.schema.form_file import read_form
from tablecast.schema.schema import Schema

ROWS = 400
PLACE = np.arange(ROWS)
NOISE = np.random.default_rng(1).normal(0, 1, ROWS)


def field_of(values: Any, target: Any, form: Any = None) -> Any:
    table = pd.DataFrame({"x": values, "other": NOISE, "y": target})
    task = "regression" if table["y"].dtype.kind in "if" else "classification"
    return Schema.from_table(table, "y", task, form).field("x")  # type: ignore[arg-type]


DAYS = PLACE % 7

WEEKDAYS: dict[str, tuple[Any, Any, bool]] = {
    "no order": (DAYS, np.array([1, 9, 2, 8, 1, 9, 5])[DAYS] + NOISE, True),
    "no order, for a class": (DAYS, np.where(np.isin(DAYS, [1, 3, 5]), "late", "early"), True),
    "a line": (DAYS, 3.0 * DAYS + NOISE, False),
    "a bent line": (DAYS, np.sqrt(DAYS) * 5 + NOISE, False),
    "nothing": (DAYS, NOISE, False),
    "years": (2015 + DAYS, np.array([1, 9, 2, 8, 1, 9, 5])[DAYS] + NOISE, False),
    "many": (PLACE % 40, np.sin(PLACE % 40 * 9) * 9 + NOISE, False),
    "fractions": (DAYS + 0.5, np.array([1, 9, 2, 8, 1, 9, 5])[DAYS] + NOISE, False),
}


@pytest.mark.parametrize("name", WEEKDAYS)
def test_numbers_without_an_order_are_offered_as_choices(name: str) -> None:
    """At most ten whole numbers, whose answers no line would follow; a measure is typed."""
    values, target, offered = WEEKDAYS[name]
    field = field_of(values, target)
    codes = tuple(str(code) for code in range(7)) if offered else ()
    assert field.codes == codes
    assert field.control_for("") == ("select" if offered else "text")
    assert tuple(choice.value for choice in field.choices) == codes
    assert field.read("11", text=True)[0] == 11 if offered else True


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        (["no", "yes"], ["Yes", "No"]),
        (["True", "False"], ["Yes", "No"]),
        (["dead", "alive"], ["0", "1"]),
        ([0, 1], ["Yes", "No"]),
        (None, ["Yes", "No"]),
    ],
)
def test_0_and_1_are_worded_as_the_answer_is(classes: list[Any] | None, labels: list[str]) -> None:
    """A field says no and yes only where the answer's classes do."""
    target = NOISE if classes is None else np.resize(np.array(classes, dtype=object), ROWS)
    if classes == [0, 1]:
        table = pd.DataFrame({"x": PLACE // 2 % 2, "other": NOISE, "y": target.astype(int)})
        field = Schema.from_table(table, "y", "classification").field("x")
    else:
        field = field_of(PLACE // 2 % 2, target)
    assert [choice.label for choice in field.choices] == labels
    assert field.control_for("") == "radios"


def test_the_form_file_names_codes(tmp_path: Path) -> None:
    """A passenger's class becomes three radios, and stays a number to the model."""
    path = tmp_path / "form.toml"
    path.write_text('[fields.x.levels]\n1 = "First"\n2 = "Second"\n', encoding="utf-8")
    field = field_of(PLACE % 3 + 1, PLACE % 3 * -2.0, read_form(path))
    assert [(one.value, one.label) for one in field.choices] == [
        ("1", "First"), ("2", "Second"), ("3", "3")
    ]  # fmt: skip
    assert field.control_for("1") == "radios"
    assert field.in_words(2) == "Second"
    assert field.read("2", text=True) == (2, None)
    assert type(field).from_json(field.to_json()) == field
    path.write_text('[fields.x.levels]\n9 = "Ninth"\n', encoding="utf-8")
    with pytest.raises(FormFileError, match=r"names '9'.*The levels: 1, 2, 3"):
        field_of(PLACE % 3 + 1, NOISE, read_form(path))


@pytest.mark.parametrize(
    ("values", "later", "answered"),
    [
        (2000 + PLACE % 20, 2031, True),
        (2000 + PLACE % 20, 2300, False),
        (PLACE % 20, 50, False),
    ],
)
def test_a_year_after_training_is_answered(values: Any, later: int, answered: bool) -> None:
    """Time goes on; a measure far outside its range is refused as before."""
    field = field_of(values, NOISE)
    accepted = field.accepted(np.array([float(later)]))
    assert bool(accepted[0]) == answered
    if answered:
        value, warning = field.read(str(later), text=True)
        assert (value, bool(warning)) == (later, True)


def offered(values: Any, target: Any = None) -> bool:
    """Whether numbers are offered whose answers no line follows."""
    column = pd.Series(values)
    goal = column % 2 if target is None else target
    return bool(codes.codes_of(column, pd.Series(goal), ()))


@pytest.mark.parametrize(
    ("values", "is_offered"),
    [
        (np.repeat(range(10), 20), True),
        (np.repeat(range(11), 20), False),  # too many to be found among others
        (np.repeat(range(10), 20)[1:], False),  # too few rows for each
        (np.repeat(range(1700, 1706), 20), False),  # years
        (np.repeat(range(1699, 1705), 20), True),
        (np.repeat(range(2095, 2101), 20), False),
        (np.repeat(range(2096, 2102), 20), True),
        (np.repeat([3], 99), False),
        (np.repeat([3, 4], 99), False),  # two lie on a line
    ],
)
def test_what_is_offered_ends_where_it_is_said_to(values: Any, is_offered: bool) -> None:
    """At most ten numbers, of twenty rows each, that are no years from 1700 to 2100."""
    assert offered(values) is is_offered


@pytest.mark.parametrize(("strength", "bends"), [(9.5, False), (10.5, True)])
def test_codes_explain_more_than_chance(strength: float, bends: bool) -> None:
    """By an F of ten: of three codes of twenty rows, the middle one lies above both others."""
    numbers = np.repeat([0.0, 1, 2], 20)
    above = np.sqrt(strength * 3 / 38) * (numbers == 1)
    assert codes._bends(numbers, above + np.tile([-1, 1], 30)) is bends


@pytest.mark.parametrize(
    ("numbers", "goal"),
    [
        ([0, 0, 1, 1], [0, 1, 5, 6]),  # no third code
        ([0, 1, 2], [0, 9, 0]),  # no row that tells chance
        ([0, 1, 2, 2, 2], [0, 9, 0, np.nan, np.inf]),
        ([0, 0, 1, 1, 2, 2], [0, 0, 0.001, 0.001, 0.002, 0.002]),  # a line, without any error
    ],
)
def test_what_cannot_be_told_from_a_line_does_not_bend(numbers: Any, goal: Any) -> None:
    """Two codes, as many rows as codes, and a perfect line."""
    assert codes._bends(np.array(numbers, float), np.array(goal, float)) is False


def test_codes_are_judged_by_every_class() -> None:
    """Each of the first ten classes is an answer of its own, of 0 and 1."""
    found = codes._amounts(pd.Series(["b", "a", None, "b"], dtype=object))
    assert [one.tolist() for one in found] == [[1, 0, 0, 1], [0, 1, 0, 0]]
    assert len(codes._amounts(pd.Series(list("abcdefghijkl")))) == codes.MOST_CODES
    assert [one.tolist() for one in codes._amounts(pd.Series([2, 7]))] == [[2, 7]]


@pytest.mark.parametrize(
    ("values", "whole"),
    [
        (["1", "2"], None),
        ([3, 3], None),
        ([1.5, 2.0], None),
        ([2.0, np.nan, 1.0], ("1", "2")),
        (range(50), tuple(map(str, range(50)))),
        (range(51), None),
    ],
)
def test_whole_numbers_may_be_named(values: Any, whole: Any) -> None:
    """From two to fifty of them; no texts and no fractions."""
    column = pd.Series(values)
    assert codes.whole_numbers(column, column, ()).get("whole") == whole


@pytest.mark.parametrize(
    ("words", "is_one"),
    [(["No", "YES"], True), (["yes", "no", "yes"], False), (["yes", "y"], False), (["no"], False)],
)
def test_two_words_are_a_yes_and_a_no(words: list[str], is_one: bool) -> None:
    """One of each, in any letters."""
    assert codes.are_yes_and_no(words) is is_one
