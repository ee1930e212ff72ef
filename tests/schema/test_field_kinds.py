"""What each kind of field reads, shows and offers, at the ends of what it knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.schema import Field
from tablecast.schema.field import DAY, MISSING, Choice, NotPlain, Refusal

NUMBER = Field("n", "number", "float64", minimum=1.0, maximum=9.0, hard_minimum=0.0,
               hard_maximum=17.0, default=4.5)  # fmt: skip
WHOLE = Field("w", "integer", "int64", minimum=1.0, maximum=9.0, hard_minimum=-0.5,
              hard_maximum=17.5, default=4)  # fmt: skip
FLAG = Field("f", "integer", "int64", minimum=0, maximum=1, hard_minimum=0, hard_maximum=2)
LEVEL = Field("c", "category", "object", levels=("b", "A", "c"), closed=True, default="A")
OPEN = replace(LEVEL, closed=False)
TRUTH = Field("b", "boolean", "object", levels=("False", "True"), closed=True)
SPRING = datetime(2020, 4, 1, tzinfo=UTC).timestamp()
DATE = Field("d", "date", "datetime64[ns]", minimum=SPRING, maximum=SPRING + 9 * DAY,
             hard_minimum=SPRING - 9 * DAY, hard_maximum=SPRING + 18 * DAY, default=SPRING + DAY)
MOMENT = replace(DATE, maximum=SPRING + 3600, hard_minimum=None, hard_maximum=None)


def read(field: Field, value: Any, *, text: bool = True) -> tuple[Any, str]:
    """What is read of a value, and the warning or the refusal."""
    try:
        found, warning = field.read(value, text=text)
    except Refusal as refusal:
        return None, refusal.remark.say()
    return found, warning.say() if warning else ""


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        (NUMBER, "1", (1.0, "")), (NUMBER, "9", (9.0, "")),
        (NUMBER, "0.99", (0.99, "n: 0.99 is outside the training range (1 to 9).")),
        (NUMBER, "9.01", (9.01, "n: 9.01 is outside the training range (1 to 9).")),
        (NUMBER, "0", (0.0, "n: 0 is outside the training range (1 to 9).")),
        (NUMBER, "17", (17.0, "n: 17 is outside the training range (1 to 9).")),
        (NUMBER, "-0.1", (None, "Enter n between 0 and 17.")),
        (NUMBER, "17.1", (None, "Enter n between 0 and 17.")),
        (replace(NUMBER, hard_maximum=None), "1e9", (1e9, "n: 1000000000 is outside the training "
                                                     "range (1 to 9).")),
        (replace(NUMBER, hard_minimum=None), "18", (None, "Enter n between  and 17.")),
        (replace(NUMBER, minimum=None), "0.5", (0.5, "")),
        (replace(NUMBER, maximum=None), "16", (16.0, "")),
        (NUMBER, "x", (None, "Enter n as a number, for example 4.5.")),
        (replace(NUMBER, default=None), "x", (None, "Enter n as a number, for example 1.")),
        (NUMBER, True, (None, "Enter n as a number, for example 4.5.")),
        (NUMBER, inf, (None, "Enter n as a finite number, for example 4.5.")),
        (NUMBER, 10**400, (None, "Enter n as a finite number, for example 4.5.")),
        (NUMBER, "1,234", (None, "n: “1,234” may be 1234 or 1.234; write it without the sign "
                           "between.")),
        (WHOLE, "2.5", (None, "Enter w as a whole number, for example 4.")),
        (LEVEL, "B", ("b", "")), (LEVEL, "d", (None, "“d” is not a choice for c. Choose one of: "
                                               "b, A, c.")),
        (LEVEL, [1], (None, "Enter c as text.")),
        (OPEN, "d", ("d", "c: “d” did not occur in training.")),
        (TRUTH, "Y", ("True", "")), (TRUTH, 0, ("False", "")), (TRUTH, "off", ("False", "")),
        (DATE, "2020-04-01", (SPRING, "")), (DATE, "2020-04-10", (SPRING + 9 * DAY, "")),
        (DATE, "3/4/2020", (None, "d: “3/4/2020” may be 2020-04-03 or 2020-03-04; write it as "
                            "2020-04-03.")),
        (DATE, "5 April 2020", (SPRING + 4 * DAY, "")),
        (DATE, "soon", (None, "Enter d as a date, for example 2020-04-02.")),
        (DATE, 5, (None, "Enter d as a date, for example 2020-04-02.")),
        (DATE, "1 May 2020", (None, "Enter d between 2020-03-23 and 2020-04-19.")),
        (replace(DATE, date_format="%d/%m/%Y"), "3/4/2020", (SPRING + 2 * DAY, "")),
        (replace(DATE, date_format="%d/%m/%Y"), "4/13/2020",
         (None, "Enter d as a date, for example 2020-04-02.")),
        (replace(DATE, date_format="%d/%m/%Y"), "2020/4/3", (SPRING + 2 * DAY, "")),
        (replace(DATE, date_format="%d/%m/%Y"), "April 3 2020", (SPRING + 2 * DAY, "")),
    ],
)  # fmt: skip
def test_a_value_is_read_or_refused(field: Field, value: Any, found: Any) -> None:
    """Both ends of either range belong to it; words name the field, and what to write."""
    assert read(field, value) == found


@pytest.mark.parametrize("field", [NUMBER, LEVEL, DATE], ids=lambda field: field.kind)
@pytest.mark.parametrize(
    "nothing", [MISSING, None, "", "  "], ids=["MISSING", "None", "empty", "blank"]
)
def test_nothing_is_a_missing_value(field: Field, nothing: Any) -> None:
    """And so is what stood for one in training, unless it is a level."""
    name = field.name
    assert read(field, nothing) == (None, f"Enter a value for {name}.")
    said = replace(field, required=False, placeholders=("?", "b"))
    for given in (nothing, " ? "):
        value, warning = said.read(given, text=True)
        assert value == said.missing or value != value
        assert warning is not None
        assert warning.say() == f"You left {name} blank, so a typical value was used."
    assert read(replace(LEVEL, placeholders=("b",)), "b") == ("b", "")


@pytest.mark.parametrize(
    ("field", "numbers", "accepted"),
    [
        (NUMBER, [-0.1, 0, 1.5, 17, 17.1, nan, inf], [0, 1, 1, 1, 0, 0, 0]),
        (WHOLE, [-1, 0, 1.5, 17, 18], [0, 1, 0, 1, 0]),
        (replace(NUMBER, hard_minimum=None), [-99, 18], [1, 0]),
        (replace(NUMBER, hard_maximum=None), [-99, 18], [0, 1]),
    ],
)
def test_a_column_is_accepted_as_its_values_are(
    field: Field, numbers: list[float], accepted: list[int]
) -> None:
    """Finite, whole where the field is, and within the limits."""
    assert field.accepted(np.array(numbers)).tolist() == list(map(bool, accepted))


def test_which_values_are_unusual() -> None:
    """Those outside the training range; none where that is not known; no level is."""
    numbers = np.array([0.9, 1.0, 9.0, 9.1])
    assert NUMBER.unusual(numbers).tolist() == [True, False, False, True]
    for unknown in (replace(NUMBER, minimum=None), replace(NUMBER, maximum=None)):
        assert not unknown.unusual(numbers).any()
    assert LEVEL.unusual("x") is False


@pytest.mark.parametrize(
    ("field", "present", "grid"),
    [
        (NUMBER, None, [1, 5, 9]), (NUMBER, 2.0, [1, 2, 5, 9]), (NUMBER, nan, [1, 5, 9]),
        (NUMBER, 12.0, [1, 5, 9, 12]), (replace(NUMBER, minimum=None), 3.0, [3]),
        (replace(NUMBER, maximum=None), None, []), (replace(WHOLE, maximum=2.0), None, [1, 2]),
        (LEVEL, None, ["b", "c"]), (LEVEL, "A", ["A", "c"]), (LEVEL, "new", ["c", "new"]),
        (LEVEL, "", ["b", "c"]), (LEVEL, "c", ["b", "c"]),
        (DATE, None, [SPRING, SPRING + 5 * DAY, SPRING + 9 * DAY]),
        (replace(DATE, maximum=SPRING + 3 * DAY - 1), None,
         [SPRING, SPRING + 1.5 * DAY - 0.5, SPRING + 3 * DAY - 1]),
        (MOMENT, SPRING + 60, [SPRING, SPRING + 60, SPRING + 1800, SPRING + 3600]),
    ],
)  # fmt: skip
def test_values_over_which_an_effect_is_followed(field: Field, present: Any, grid: Any) -> None:
    """Three points and two levels, the commonest; the present value is among them."""
    assert field.grid(3, 2, {"c": 0.5, "b": 0.3, "A": 0.2}, present) == grid


@pytest.mark.parametrize(
    ("field", "numbers", "nearest"),
    [(NUMBER, [1.25], [1.25]), (WHOLE, [1.4, 1.6], [1, 2]),
     (DATE, [SPRING + 1.9 * DAY], [SPRING + DAY]),
     (MOMENT, [SPRING + 1.5, SPRING + 2.0], [SPRING + 1, SPRING + 2])],
)  # fmt: skip
def test_numbers_become_values_that_the_field_can_have(
    field: Field, numbers: list[float], nearest: list[float]
) -> None:
    """Whole numbers, days, or seconds."""
    assert field.nearest(np.array(numbers)).tolist() == nearest


@pytest.mark.parametrize(
    ("field", "group", "known", "mean"),
    [
        (NUMBER, [1.0, 2.0, 2.0], [0.0, 9.9], 1.667), (NUMBER, [1.0, 2.0, 2.0], [0.0, 999.0], 1.7),
        (NUMBER, [123.0, 124.0, 124.0], [0.0, 1e5], 100.0),
        (NUMBER, [1 / 3] * 2, [1.0, 1.0], 1 / 3),
        (WHOLE, [1, 2, 2], [0, 9], 2.0), (DATE, [SPRING, SPRING + DAY, SPRING + DAY], [SPRING],
                                          SPRING + DAY),
        (DATE, [SPRING, SPRING + 2.0, SPRING + 2.0], [SPRING + 0.5], SPRING + 1.0),
    ],
)  # fmt: skip
def test_a_mean_is_written_as_the_field_is(
    field: Field, group: list[float], known: list[float], mean: float
) -> None:
    """To a thousandth of the range's power of ten; whole numbers, days and seconds stay whole."""
    assert field.mean_of(np.array(group), np.array(known)) == mean


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (replace(NUMBER, unit="kg"), 1234.56, "1,235 kg"), (NUMBER, 10_000.0, "10,000"),
        (NUMBER, 10_000.4, "10,000"), (NUMBER, -12345.6, "−12,346"), (NUMBER, 1.5, "1.5"),
        (WHOLE, 9999, "9999"), (WHOLE, 10_000, "10,000"), (WHOLE, -10_000, "−10,000"),
        (replace(WHOLE, unit="kg"), 9999, "9,999 kg"), (FLAG, 1, "Yes"), (FLAG, 0, "No"),
        (replace(FLAG, level_labels={"1": "On"}), 1, "On"),
        (replace(FLAG, codes=("0", "1")), 1, "1"),
        (replace(WHOLE, level_labels={"3": "Third"}), 3, "Third"), (LEVEL, "A", "A"),
        (replace(LEVEL, level_labels={"A": "Ay"}), "A", "Ay"), (TRUTH, "True", "Yes"),
        (DATE, SPRING, "1 April 2020"), (DATE, SPRING + 60, "2020-04-01 00:01:00"),
        (replace(DATE, unit="UTC"), SPRING + 60, "2020-04-01 00:01:00 UTC"),
    ],
)  # fmt: skip
def test_a_value_in_words(field: Field, value: Any, words: str) -> None:
    """Large numbers without a fraction and with signs between thousands, as a unit asks too."""
    assert field.in_words(value) == words
    assert LEVEL.in_figures("1234") == NUMBER.in_figures("1234") == "1234"
    assert replace(NUMBER, unit="kg").in_figures("1234") == "1,234"


@pytest.mark.parametrize(
    ("field", "text", "control", "choices"),
    [
        (NUMBER, "", "text", []), (WHOLE, "", "text", []), (FLAG, "", "radios", ["1", "0"]),
        (FLAG, "2", "text", ["1", "0"]), (FLAG, "1", "radios", ["1", "0"]),
        (replace(FLAG, codes=("0", "1")), "0", "radios", ["0", "1"]),
        (replace(WHOLE, codes=tuple("12345")), "5", "radios", list("12345")),
        (replace(WHOLE, codes=tuple("123456")), "5", "select", list("123456")),
        (LEVEL, "", "radios", ["b", "A", "c"]), (OPEN, "", "suggest", ["b", "A", "c"]),
        (replace(LEVEL, levels=tuple("abcde")), "", "radios", list("abcde")),
        (replace(LEVEL, levels=tuple("abcdef")), "", "select", list("abcdef")),
        (TRUTH, "", "radios", ["True", "False"]), (DATE, "", "date", []), (MOMENT, "", "text", []),
        (replace(DATE, minimum=SPRING + 1), "", "text", []),
    ],
)  # fmt: skip
def test_the_control_of_a_field(field: Field, text: str, control: str, choices: list[str]) -> None:
    """Up to five choices are radios; a text that is none of them stays to be seen."""
    assert field.control_for(text) == control
    assert [choice.value for choice in field.choices] == choices


def test_choices_are_labelled() -> None:
    """As the form file says, else yes before no, else as they are."""
    labelled = replace(WHOLE, codes=("1", "2"), level_labels={"1": "First"})
    assert labelled.choices == (Choice("1", "First"), Choice("2", "2"))
    assert TRUTH.choices == (Choice("True", "Yes"), Choice("False", "No"))
    said = replace(TRUTH, level_labels={"True": "On"})
    assert said.choices == (Choice("False", "False"), Choice("True", "On"))


@pytest.mark.parametrize(
    ("field", "text", "held"),
    [(LEVEL, " a ".strip(), "A"), (LEVEL, "x", "x"), (OPEN, "a", "a"), (NUMBER, "1,5", "1,5"),
     (DATE, " 5 April 2020", "2020-04-05"), (DATE, "soon", "soon")],
)  # fmt: skip
def test_what_a_control_holds(field: Field, text: str, held: str) -> None:
    """The spelling of its choices, where the text is one of them."""
    assert field.held(text) == held


@pytest.mark.parametrize(
    ("lowest", "keypad"), [(None, "numeric"), (0, "numeric"), (-1, ""), (3, "numeric")]
)
def test_whole_numbers_are_typed_on_digits_alone(lowest: float | None, keypad: str) -> None:
    """Unless one of them may have a minus sign."""
    assert replace(WHOLE, hard_minimum=lowest).keypad == keypad
    assert (NUMBER.keypad, NUMBER.pattern_example, DATE.pattern_example) == ("", "", "2020-04-01")


@pytest.mark.parametrize(
    ("field", "described", "examples"),
    [
        (NUMBER, {"type": "number", "minimum": 0, "maximum": 17, "x-training-range": [1, 9]},
         (4.5, 1)),
        (replace(NUMBER, minimum=None, hard_minimum=None, default=None),
         {"type": "number", "maximum": 17}, (0, 0)),
        (replace(NUMBER, maximum=None, hard_maximum=None), {"type": "number", "minimum": 0},
         (4.5, 1)),
        (WHOLE, {"type": "integer", "minimum": 0, "maximum": 17, "x-training-range": [1, 9]},
         (4, 1)),
        (replace(WHOLE, hard_minimum=None, hard_maximum=None, default=None, required=False),
         {"type": "integer", "x-training-range": [1, 9]}, (None, 1)),
        (LEVEL, {"type": "string", "enum": ["b", "A", "c"]}, ("A", "c")),
        (replace(OPEN, levels=(), default=None),
         {"type": "string", "pattern": r"[^\s\x1c-\x1f\x85]"}, ("unknown", "unknown")),
        (TRUTH, {"type": "boolean"}, (True, True)),
        (replace(TRUTH, levels=("True",)), {"type": "boolean", "enum": [True]}, (True, True)),
        (DATE, {"type": "string", "format": "date", "x-limits": ["2020-03-23", "2020-04-19"],
                "x-training-range": ["2020-04-01", "2020-04-10"]}, ("2020-04-02", "2020-04-01")),
        (MOMENT, {"type": "string", "format": "date-time", "x-training-range": [
            "2020-04-01T00:00:00Z", "2020-04-01T01:00:00Z"]},
         ("2020-04-02T00:00:00Z", "2020-04-01T00:00:00Z")),
    ],
)  # fmt: skip
def test_how_programs_are_told(field: Field, described: Any, examples: Any) -> None:
    """Types and limits as JSON Schema has them; a typical value, and one from the edge."""
    assert field.json_schema() == described
    assert field.json_examples() == examples
    choices = {"b": ("true", "false"), "c": field.levels if field.closed else ()}
    assert field.json_choices == choices.get(field.name, ())


@pytest.mark.parametrize(
    ("field", "column", "array"),
    [
        (NUMBER, [1, 2.5], [1, 2.5]), (NUMBER, pd.array([1, None], "Int64"), [1, nan]),
        (NUMBER, pd.Series([1.5, None]), [1.5, nan]), (NUMBER, np.array([1, 2]), [1, 2]),
        (LEVEL, ["a", "b"], ["a", "b"]), (LEVEL, ["a", None, nan, pd.NA, pd.NaT, 60.0, 1],
                                          ["a", "", "", "", "", "60", "1"]),
        (DATE, pd.to_datetime(["1970-01-02", None]), [DAY, nan]),
    ],
)  # fmt: skip
def test_a_tables_column_as_engines_take_it(field: Field, column: Any, array: Any) -> None:
    """Numbers with NaN and texts with nothing where a value is missing; seconds since 1970."""
    found = field.array_of_table(column)
    np.testing.assert_array_equal(found, np.array(array, dtype=object if field.is_text else float))
    assert found.dtype == (object if field.is_text else np.float64)


def test_a_page_without_a_server_reads_by_the_same_rules() -> None:
    """All that ``read`` goes by, as plain data."""
    shown = {"minimum": "1", "maximum": "9", "hardMinimum": "0", "hardMaximum": "17"}
    assert replace(NUMBER, unit="kg", spelling=".,", placeholders=("?",)).rules() == {
        "name": "n", "kind": "number", "text": False, "required": True, "placeholders": ["?"],
        "minimum": 1, "maximum": 9, "hardMinimum": 0, "hardMaximum": 17,
        "shown": shown | {"example": "4,5"}, "spelling": ".,",
        "units": sorted(["", "kg", "kgs", "kilo", "kilos", "kilogram", "kilograms", "kilogramm",
                         "公斤", "千克", "kilogramo", "kilogramos"]),
    }  # fmt: skip
    rules = LEVEL.rules()
    assert (rules["closed"], rules["levels"], rules["spellings"]) == (
        True, ["b", "A", "c"], {"b": "b", "a": "A", "c": "c"},
    )  # fmt: skip
    assert replace(DATE, date_format="%d").rules()["dateFormat"] == "%d"


def test_the_usual_values_are_read_at_once() -> None:
    """Of their own type and in range; for all others a closer look is needed."""
    plain, whole = NUMBER.plain_reader(), WHOLE.plain_reader()
    assert [plain(one) for one in (1, 9.0, 2.5)] == [1, 9, 2.5]
    assert whole(9) == 9
    assert LEVEL.plain_reader()("A") == "A"
    unknown = [replace(NUMBER, **{end: None}).plain_reader() for end in ("minimum", "maximum")]
    refused = [(plain, 0.9), (plain, 9.1), (plain, True), (plain, "2"), (whole, 2.0), (whole, 0)]
    for reader, value in (*refused, *((one, 2.0) for one in unknown), (DATE.plain_reader(), "x")):
        with pytest.raises(NotPlain):
            reader(value)
    with pytest.raises(KeyError):
        LEVEL.plain_reader()("a")


def test_a_field_says_what_it_shows() -> None:
    """Nothing for a missing value; the typical one, or a missing one where there is none."""
    assert [NUMBER.show(value) for value in (None, "", nan, 0.0, 2.0)] == ["", "", "", "0", "2"]
    assert replace(NUMBER, spelling=".,").show(1.5) == "1,5"
    assert [NUMBER.json_value(value) for value in (None, "", nan, 2.0)] == [None, None, None, 2]
    assert (NUMBER.typical, LEVEL.typical, replace(LEVEL, default=None).typical) == (4.5, "A", "")
    assert np.isnan(replace(NUMBER, default=None).typical)
    kept = NUMBER.to_json()
    assert not {"group", "fixed", "only", "log"} & kept.keys()
    assert (kept["placeholders"], kept["hint"]) == ([], "")
    assert Field.from_json(kept) == NUMBER
