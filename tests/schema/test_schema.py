"""The schema: what is valid, and in which words it is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablecast.errors import FormFileError, InvalidInput
from tablecast.schema.form_file import Form
from tablecast.schema.schema import Schema

PATIENT = {
    "age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest",
}


def refusals(schema: Schema, raw: dict[str, Any], *, text: bool = False) -> dict[str | None, str]:
    """The sentence for each field that is refused."""
    with pytest.raises(InvalidInput) as caught:
        schema.parse(raw, text=text)
    return {error.field: error.say() for error in caught.value.errors}


def test_a_plain_row_is_taken_as_it_is(insurance_schema: Schema) -> None:
    """Known levels and numbers in range pass unchanged, without a warning."""
    row = insurance_schema.parse(PATIENT)
    assert row.values == (39, "male", 30.4, 1, "no", "northwest")
    assert row.warnings == ()


@pytest.mark.parametrize("spelling", ["yes", "YES", " Yes ", "yEs\t"])
def test_letter_case_and_spaces_do_not_count(insurance_schema: Schema, spelling: str) -> None:
    """A known category in any letter case, with spaces around it, is the training value."""
    row = insurance_schema.parse({**PATIENT, "smoker": spelling})
    assert row.values[4] == "yes"


def test_an_unknown_category_is_refused_by_name(insurance_schema: Schema) -> None:
    """The tutorial's own request names the field, the value and its levels."""
    message = refusals(insurance_schema, {**PATIENT, "smoker": "male"})["smoker"]
    assert message == "“male” is not a choice for smoker. Choose one of: yes, no."


def test_a_number_out_of_range_is_answered_with_a_warning(insurance_schema: Schema) -> None:
    """Outside the training range the answer comes with the range."""
    row = insurance_schema.parse({**PATIENT, "bmi": 59})
    assert row.values[2] == 59.0
    assert [warning.say() for warning in row.warnings] == [
        "bmi: 59 is outside the training range (15.96 to 53.13)."
    ]


@pytest.mark.parametrize("value", [["yes"], {"smoker": "yes"}, [], {}], ids=str)
def test_a_level_is_text(insurance_schema: Schema, value: Any) -> None:
    """A list or an object is no level, whatever is in it."""
    assert refusals(insurance_schema, PATIENT | {"smoker": value}) == {
        "smoker": "Enter smoker as text."
    }


@pytest.mark.parametrize(("age", "limit"), [(-1, "0"), (111, "110"), (1e300, "110")])
def test_a_number_past_the_hard_limits_is_refused(
    insurance_schema: Schema, age: float, limit: str
) -> None:
    """The range widened by its own width, never below 0 where training never was, is the limit."""
    message = refusals(insurance_schema, {**PATIENT, "age": age})["age"]
    assert message == "Enter age between 0 and 110."
    assert limit in message


def test_the_hard_limits_themselves_are_valid(insurance_schema: Schema) -> None:
    """The limits are inclusive."""
    assert insurance_schema.parse({**PATIENT, "age": 0}).values[0] == 0
    assert insurance_schema.parse({**PATIENT, "age": 110}).values[0] == 110


@pytest.mark.parametrize(
    "value",
    [
        *(1.5, math.nan, math.inf, -math.inf, 10**400, "3.9", "NaN", "Infinity", "1e999", "old"),
        *(True, False, {}, [], [39], {"a": 1}),
    ],
    ids=repr,
)
def test_what_is_no_whole_number_is_refused(insurance_schema: Schema, value: Any) -> None:
    """A fraction, NaN, infinity, text, a boolean or an object names the field."""
    assert "age" in refusals(insurance_schema, {**PATIENT, "age": value})["age"]


def test_a_whole_number_written_as_a_fraction_is_whole(insurance_schema: Schema) -> None:
    """39.0 is 39."""
    assert insurance_schema.parse({**PATIENT, "age": 39.0}).values[0] == 39


@pytest.mark.parametrize("text", [True, False])
def test_a_text_that_spells_a_number_is_that_number(insurance_schema: Schema, text: bool) -> None:
    """Whether a form sends "39" or a program does."""
    typed = {name: f" {value} " for name, value in PATIENT.items()}
    assert insurance_schema.parse(typed, text=text).values[0] == 39
    assert insurance_schema.parse({**PATIENT, "age": "39.0"}, text=text).values[0] == 39


@pytest.mark.parametrize("name", ["Age", "AGE ", "ａｇｅ"])
def test_names_are_compared_as_texts_are(insurance_schema: Schema, name: str) -> None:
    """A field's name in other letters means that field, unless its own name is there as well."""
    others = {key: value for key, value in PATIENT.items() if key != "age"}
    assert insurance_schema.parse({**others, name: 39}) == insurance_schema.parse(
        {**others, "age": 39}
    )
    assert name in refusals(insurance_schema, {**PATIENT, name: 40})


@pytest.mark.parametrize(
    "text", ["1e999", "nan", "inf", "0x10", "1_000", "--1", "1,500", "3 9"]
)
def test_odd_spellings_of_numbers_are_refused(insurance_schema: Schema, text: str) -> None:
    """Only plain decimal notation is a number, whatever Python's own float() would take."""
    raw = {name: str(value) for name, value in PATIENT.items()}
    assert "bmi" in refusals(insurance_schema, {**raw, "bmi": text}, text=True)


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_a_missing_value_is_refused_where_training_had_none(
    insurance_schema: Schema, nothing: Any
) -> None:
    """A missing field, null or an empty text must be filled in."""
    without = {name: value for name, value in PATIENT.items() if name != "smoker"}
    assert refusals(insurance_schema, without)["smoker"] == "Enter a value for smoker."
    empty = refusals(insurance_schema, {**PATIENT, "smoker": nothing})
    assert empty["smoker"] == "Enter a value for smoker."


def test_a_missing_value_is_left_to_the_pipeline_where_training_had_some() -> None:
    """A field that training saw empty may be empty, with a warning that says so."""
    table = pd.DataFrame(
        {"a": [1.5, None, 3.0], "b": ["x", None, "y"], "target": [1.0, 2.0, 3.0]}
    )
    row = Schema.from_table(table, "target", "regression").parse({"a": None})
    assert math.isnan(row.values[0])  # type: ignore[arg-type]
    assert row.values[1] == ""
    assert [warning.field for warning in row.warnings] == ["a", "b"]


def test_an_unknown_field_is_refused_with_the_nearest_name(insurance_schema: Schema) -> None:
    """A misspelt name gets the name that was meant."""
    message = refusals(insurance_schema, {**PATIENT, "chldren": 1})["chldren"]
    assert "chldren" in message
    assert "children" in message


def test_every_error_is_told_at_once(insurance_schema: Schema) -> None:
    """A person mends the whole form in one go."""
    assert set(refusals(insurance_schema, {})) == set(PATIENT)


def test_an_unknown_value_of_an_open_field_is_answered_with_a_warning() -> None:
    """A column with more than 50 levels, such as a ticket number, takes new values."""
    tickets = [f"T{number}" for number in range(51)]
    table = pd.DataFrame({"ticket": tickets, "target": np.arange(51.0)})
    schema = Schema.from_table(table, "target", "regression")
    assert not schema.field("ticket").closed
    row = schema.parse({"ticket": "T99"})
    assert row.values == ("T99",)
    assert "T99" in row.warnings[0].say()
    assert schema.parse({"ticket": "t7"}).values == ("T7",)


def test_levels_that_differ_only_in_case_stay_apart() -> None:
    """An exact spelling wins; a spelling that two levels share is refused, not guessed."""
    table = pd.DataFrame({"size": ["a", "A", "b"], "target": [1.0, 2.0, 3.0]})
    schema = Schema.from_table(table, "target", "regression")
    assert schema.parse({"size": "a"}).values == ("a",)
    assert schema.parse({"size": "A"}).values == ("A",)
    assert schema.parse({"size": "B"}).values == ("b",)
    assert "size" in refusals(schema, {"size": " á "})


@pytest.mark.parametrize("value", [True, "true", "TRUE", "yes", "Y", 1, "1"], ids=repr)
def test_a_boolean_field_takes_yes_in_every_spelling(value: Any) -> None:
    """true, yes and 1 are one answer."""
    table = pd.DataFrame({"heated": ["True", "False"], "target": [1.0, 2.0]})
    schema = Schema.from_table(table, "target", "regression")
    assert schema.field("heated").kind == "boolean"
    assert schema.parse({"heated": value}).values == ("True",)


def test_a_numeric_category_has_one_text() -> None:
    """60, 60.0 and "60" are the level "60"."""
    table = pd.DataFrame({"code": ["60", "70"], "target": [1.0, 2.0]})
    schema = Schema.from_table(table, "target", "regression")
    assert {schema.parse({"code": value}).values for value in (60, 60.0, "60")} == {("60",)}


def test_a_date_is_read_in_iso_form() -> None:
    """A date field takes ISO dates, with or without a time, and refuses other text."""
    table = pd.DataFrame(
        {"day": pd.to_datetime(["2020-01-01", "2020-12-31"]), "target": [1.0, 2.0]}
    )
    schema = Schema.from_table(table, "target", "regression")
    assert schema.parse({"day": "2020-06-01"}).values == (1590969600.0,)
    assert schema.parse({"day": "2020-06-01T12:00:00Z"}).values == (1591012800.0,)
    assert "2020-" in refusals(schema, {"day": "June"})["day"]
    assert "day" in refusals(schema, {"day": 5})


def test_whole_numbers_stay_whole_where_some_are_missing() -> None:
    """A column of whole numbers with gaps is float64 in pandas, and still refuses a fraction."""
    table = pd.DataFrame({"rooms": [1.0, None, 3.0], "target": [1.0, 2.0, 3.0]})
    schema = Schema.from_table(table, "target", "regression")
    assert schema.field("rooms").kind == "integer"
    assert schema.field("rooms").dtype == "float64"
    assert "rooms" in refusals(schema, {"rooms": 1.5})


def test_limits_may_be_negative_where_training_was() -> None:
    """Only a range that never was negative stops at 0."""
    table = pd.DataFrame({"t": [-5.0, 5.0], "target": [1.0, 2.0]})
    field = Schema.from_table(table, "target", "regression").field("t")
    assert (field.hard_minimum, field.hard_maximum) == (-15.0, 15.0)


def test_the_form_file_overrides_words_and_order() -> None:
    """Label, hint, unit, order, level labels and limits come from the form file."""
    table = pd.DataFrame({"a": [1.0, 2.5], "b": ["x", "y"], "target": [1.0, 2.0]})
    form = Form(
        texts={"title": "T", "target_unit": "$"},
        fields={"b": {"label": "Bee", "levels": {"y": "Why"}}, "a": {"hard_maximum": 99}},
    )
    schema = Schema.from_table(table, "target", "regression", form)
    assert [field.name for field in schema.fields] == ["b", "a"]
    assert schema.field("b").levels == ("y", "x")
    assert schema.field("b").show_level("y") == "Why"
    assert schema.field("a").hard_maximum == 99
    assert (schema.title, schema.target_unit) == ("T", "$")


def test_an_organisation_is_part_of_the_schema() -> None:
    """Training keeps it, in each language; a schema without one has no keys for it."""
    table = pd.DataFrame({"a": [1.0, 2.5], "target": [1.0, 2.0]})
    texts = {"organisation": "Lake", "accent": "#000000", "accent_dark": "#ffffff"}
    form = Form(texts=texts, languages={"zh": Form(texts={"organisation": "湖"})})
    schema = Schema.from_table(table, "target", "regression", form)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
    assert texts.items() <= schema.to_json().items()
    assert schema.translations["zh"] == {"organisation": "湖"}
    assert not texts.keys() & Schema.from_table(table, "target", "regression").to_json().keys()


@pytest.mark.parametrize(
    ("fields", "word"),
    [({"c": {}}, "nearest"), ({"b": {"levels": {"z": "Zed"}}}, "does not have")],
)
def test_a_form_file_that_does_not_fit_the_table_is_refused(
    fields: dict[str, Any], word: str
) -> None:
    """A column or level that the table does not have is named."""
    table = pd.DataFrame({"a": [1.0, 2.5], "b": ["x", "y"], "target": [1.0, 2.0]})
    with pytest.raises(FormFileError, match=word):
        Schema.from_table(table, "target", "regression", Form(fields=fields))


def test_the_schema_survives_json(insurance_schema: Schema) -> None:
    """What a deployment stores is what training made."""
    again = Schema.from_json(json.loads(json.dumps(insurance_schema.to_json())))
    assert again == insurance_schema
    assert again.parse(PATIENT) == insurance_schema.parse(PATIENT)


def test_classes_are_spelt_as_the_table_spells_them() -> None:
    """Whole-number classes stay numbers; others stay text."""
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "kind": [7, 1, 2]})
    assert Schema.from_table(table, "kind", "classification").classes == (1, 2, 7)
    table = pd.DataFrame({"a": [1.0, 2.0], "kind": ["b", "a"]})
    assert Schema.from_table(table, "kind", "classification").classes == ("a", "b")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.mark.thorough
@given(
    changes=st.dictionaries(st.sampled_from([*PATIENT, "other"]), ANYTHING, max_size=7),
    text=st.booleans(),
)
def test_whatever_is_sent_is_read_or_refused_in_words(
    insurance_schema: Schema, changes: dict[str, Any], text: bool
) -> None:
    """No value makes the parser fail in any way other than its own; what it reads is in limits."""
    try:
        row = insurance_schema.parse({**PATIENT, **changes}, text=text)
    except InvalidInput as error:
        assert all(remark.say() for remark in error.errors)
        return
    for field, value in zip(insurance_schema.fields, row.values, strict=True):
        if field.is_text:
            assert value in field.levels
        else:
            assert field.hard_minimum is not None
            assert field.hard_maximum is not None
            assert field.hard_minimum <= float(value) <= field.hard_maximum


@given(
    age=st.integers(-5, 120), bmi=st.floats(-5, 120, allow_nan=False),
    smoker=st.sampled_from(["yes", "no", "YES", "maybe", ""]),
)
def test_the_quick_way_and_the_careful_way_agree(
    insurance_schema: Schema, age: int, bmi: float, smoker: str
) -> None:
    """The usual row is read by a shortcut, which never changes the outcome."""
    raw = {**PATIENT, "age": age, "bmi": bmi, "smoker": smoker}
    try:
        careful = insurance_schema._parse_carefully(raw, text=False)
    except InvalidInput as error:
        assert refusals(insurance_schema, raw) == {one.field: one.say() for one in error.errors}
        return
    assert insurance_schema.parse(raw) == careful
