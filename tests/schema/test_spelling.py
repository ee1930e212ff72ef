"""Numbers as the training table spells them, in files and on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.batch.column_reader import RowsReader
from tablecast.batch.predict_file import predict_file
from tablecast.data.sources import prepare, read_table
from tablecast.deployment.deployment import Deployment
from tablecast.errors import InvalidInput
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.field import Field, Refusal
from tablecast.schema.number_formats import (
    Amount,
    Spelt,
    amount_of,
    formats,
    is_currency,
    is_same_unit,
    is_unit,
    other_meaning,
    plain_number,
    words_of_unit,
    written,
)
from tablecast.schema.schema import Schema
from tests import stand_ins
from tests.started import started

GERMAN = Field("preis", "number", "float64", minimum=0.5, maximum=90_000, hard_minimum=0,
               hard_maximum=200_000, default=1.234, spelling=".,")  # fmt: skip


class TenfoldEngine:
    """Ten times the first field."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(next(iter(columns.values())) * 10.0)


def german_table(folder: Path) -> Path:
    """Forty rows as a spreadsheet in Germany saves them."""
    rows = [f"{at + 1}.{at:03},{at:02};{'ja' if at % 2 else 'nein'};{at},5" for at in range(40)]
    path = folder / "preise.csv"
    path.write_text("Preis;Garantie;Dauer\n" + "\n".join(rows) + "\n", encoding="utf-8-sig")
    return path


@pytest.fixture
def german(tmp_path: Path) -> Deployment:
    """A deployment of that table, with an instant engine."""
    prepared = prepare(read_table(german_table(tmp_path)), "Dauer")
    schema = Schema.from_table(prepared.table, "Dauer", "regression")
    schema = Schema.from_json(schema.to_json())
    return stand_ins.deploy("preise", schema, TenfoldEngine())


def read_column(field: Field, *chunks: list[str]) -> list[float]:
    reader = RowsReader(Schema((field,), "y", "regression"))
    readings = [reader.read({field.name: cells}, len(cells)) for cells in chunks]
    assert not any(reading.refused for reading in readings)
    return [value for reading in readings for value in reading.columns[field.name].tolist()]


@pytest.mark.parametrize(
    ("text", "spelling", "plain"),
    [
        ("1.234,5", ".,", "1234.5"),
        ("-1.234.567", ".,", "-1234567"),
        ("12,5", ".,", "12.5"),
        ("1234,5", ".,", "1234.5"),
        ("12.34,5", ".,", None),
        ("1,234.5", ".,", None),
        ("1,234.5", ",.", "1234.5"),
        ("1,23", ",.", None),
        ("1,5 ", ".,", "1.5"),
        ("", ".,", None),
        (",5", ".,", ".5"),
        ("1²,5", ".,", None),
        ("12 345,5", ".,", "12345.5"),
        ("1'234.50", ",.", "1234.50"),
        ("12,34,567.8", ",.", "1234567.8"),
        ("1 2345,5", ".,", None),
        ("(1.234,5)", ".,", "-1234.5"),
        ("1.234,5-", ".,", "-1234.5"),
        ("−12,5", ".,", "-12.5"),
        ("１２．５", "", "12.5"),
        ("٣٫٥", "", "3.5"),
        ("--5", "", None),
        ("(-5)", "", None),
        ("5 kg", "", None),
        (".E0", "", None),
        (",e1", ".,", None),
        (".", "", None),
        ("5.e1", "", "5.e1"),
        (".5E1", "", ".5E1"),
    ],
)
def test_a_text_in_a_spelling(text: str, spelling: str, plain: str | None) -> None:
    """A number in a spelling becomes that of programs; what is none in it is left alone."""
    assert plain_number(text, spelling) == plain


@pytest.mark.parametrize(
    ("unit", "is_money"),
    [("$", True), ("HK$", True), ("Mex$", True), ("Pesos$", False), ("Mexi$", False), ("$€", False),
     ("eur", True), ("EUR", True), ("kg", False), ("", False)],
)  # fmt: skip
def test_a_currency_is_a_short_sign_or_a_code(unit: str, is_money: bool) -> None:
    """One sign with up to three letters beside it, or a code in any case."""
    assert is_currency(unit) is is_money


@pytest.mark.parametrize("text", [".E0", ".e5", "e5", ".", "-.", "-.E1"])
def test_an_exponent_without_a_number_is_none(text: str) -> None:
    """It is refused as any other text is, alone and in a file's column, and fails nothing."""
    field = Field("x", "number", "float64", minimum=0, maximum=9)
    with pytest.raises(InvalidInput):
        Schema((field,), "y", "regression").parse({"x": text}, text=True)
    reading = RowsReader(Schema((field,), "y", "regression")).read({"x": [text, "1"]}, 2)
    assert list(reading.refused) == [0]


def test_the_schema_keeps_the_tables_spelling(german: Deployment) -> None:
    """Training reads the numbers, and remembers how they were written, the target's as well."""
    field = german.schema.field("Preis")
    assert (field.kind, field.spelling, field.minimum) == ("number", ".,", 1000.0)
    assert german.schema.decimal_comma
    plain = pd.DataFrame({"a": np.arange(40) / 7, "y": np.arange(40) / 3})
    schema = Schema.from_table(prepare(plain, "y").table, "y", "regression")
    assert (schema.fields[0].spelling, schema.decimal_comma) == ("", False)


def test_the_training_file_is_a_batch(german: Deployment, tmp_path: Path) -> None:
    """The file that was trained on is answered as it is, with answers in the same spelling."""
    source = german_table(tmp_path)
    summary = predict_file(german, source, tmp_path / "out.csv")
    assert (summary.predicted, summary.warned) == (40, 0)
    header, first, *_ = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header == "Preis;Garantie;Dauer;prediction_label"
    assert first == "1.000,00;nein;0,5;10000,0"


def test_the_same_rows_from_a_program(german: Deployment, tmp_path: Path) -> None:
    """A file with points for decimals and commas between cells is answered in its own way."""
    source = tmp_path / "in.csv"
    source.write_text("Preis,Garantie\n1234.5,ja\n1000.001,ja\n")
    predict_file(german, source, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (
        "Preis,Garantie,prediction_label\n1234.5,ja,12345.0\n1000.001,ja,10000.01\n"
    )


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234", "1.500"], [1234, 1500]),  # as training would have read them
        (["1.234", "27,9"], [1234, 27.9]),
        (["27.9", "27,9"], [27.9, 27.9]),  # a program's number that can mean nothing else
        ([" 1.234,5 ", "7"], [1234.5, 7]),
    ],
)
def test_a_file_is_read_as_training_read_its_table(cells: list[str], values: list[float]) -> None:
    """1.234 is a thousand where the training table writes decimals after a comma."""
    assert read_column(GERMAN, cells) == values
    assert [GERMAN.read(cell, text=True)[0] for cell in cells] == values


@pytest.mark.parametrize(
    "chunks", [[["1.234", "27.9"]], [["27.9"], ["1.234"]], [["12.345,6", "1.234", "27.9"]]]
)
def test_a_column_that_a_program_wrote_leaves_no_doubt(chunks: list[list[str]]) -> None:
    """Where a cell can only be a program's number, one that may be two is refused with both."""
    reader = RowsReader(Schema((GERMAN,), "y", "regression"))
    readings = [reader.read({"preis": cells}, len(cells)) for cells in chunks]
    refused = [remark.say() for one in readings for told in one.refused.values() for remark in told]
    assert len(refused) == 1
    assert "“1.234” may be 1234 or 1.234" in refused[0]


def test_a_wrong_cell_is_refused_as_it_was_written() -> None:
    """Text in a column of spelt numbers is refused in its own words."""
    reader = RowsReader(Schema((GERMAN,), "y", "regression"))
    reading = reader.read({"preis": ["1,5", "viel", "1.2,3"]}, 3)
    assert list(reading.refused) == [1, 2]
    assert "as a number, for example" in reading.refused[1][0].say()
    assert "as a number, for example" in reading.refused[2][0].say()


def test_the_page_takes_both_spellings(german: Deployment) -> None:
    """A person may write 1.234,5 or 1234.5; a number that the page shows is read as the same."""
    client = started(german).test_client()
    for text, answer in (("1.234,5", "12,345"), ("1234.5", "12,345"), ("27.900,25", "279,002")):
        page = client.post("/predict", data={"Preis": text, "Garantie": "ja"})
        assert answer in page.get_data(as_text=True), text
    assert GERMAN.read("1.234", text=True)[0] == 1234
    assert GERMAN.show(1.234) == "1,234"
    assert GERMAN.read(GERMAN.show(1.234), text=True)[0] == 1.234


def test_the_api_reads_texts_as_the_form_does(german: Deployment) -> None:
    """In JSON a number is a number, and a text is what the table's spelling makes of it."""
    client = started(german).test_client()
    for price in (1234.5, "1.234,5", " 1234,5 "):
        answered = client.post("/predict_api", json={"Preis": price, "Garantie": "ja"})
        assert answered.get_json() == 12345.0, price
    for price in ("NaN", "Infinity", "1e999", "viel", True, {"a": 1}, ["1"]):
        refused = client.post("/predict_api", json={"Preis": price, "Garantie": "ja"})
        assert refused.status_code == 422, price


def test_without_a_spelling_a_comma_is_read_where_it_can_mean_one_number() -> None:
    """Where training saw no commas, one that may stand between thousands is refused with both."""
    plain = Field("x", "number", "float64", minimum=0, maximum=9)
    for text, value in (("1,5", 1.5), ("1,50", 1.5), ("-1,5", -1.5), ("１，５", 1.5)):
        assert plain.read(text, text=True)[0] == value
        assert read_column(plain, [text, "7"]) == [value, 7.0]
    assert plain.read("1.234,5", text=True)[0] == 1234.5
    with pytest.raises(Refusal) as refused:
        plain.read("1,234", text=True)
    assert "“1,234” may be 1234 or 1.234" in refused.value.remark.say()
    with pytest.raises(InvalidInput):
        Schema((plain,), "y", "regression").parse({"x": "1,234"}, text=True)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (("age", "years"), "40 years", 40), (("age", "years"), "40 yrs", 40),
        (("age", "years"), "40岁", 40), (("age", "岁"), "40 years", 40),
        (("age", "years"), "40 Year", 40), (("weight", "kg"), "30.4 kg", 30.4),
        (("weight", "kg"), "30,4 kilos", 30.4), (("weight_kg", ""), "30.4 kg", 30.4),
        (("Weight (kg)", ""), "30.4kg", 30.4), (("price", "$"), "30 USD", 30),
        (("weight", "kg"), "30 lb", None), (("weight", "kg"), "30 years", None),
        (("weight", ""), "30 kg", None), (("bmi", "kg/m²"), "30 kg", None),
    ],
)  # fmt: skip
def test_a_unit_beside_a_number_is_understood_where_it_is_the_fields(
    field: tuple[str, str], text: str, value: float | None
) -> None:
    """In any of its words, and from the field's name too; another unit is refused."""
    number = Field(field[0], "number", "float64", unit=field[1], minimum=0, maximum=90)
    if value is None:
        with pytest.raises(Refusal, match="as a number"):
            number.read(text, text=True)
    else:
        assert number.read(text, text=True)[0] == value
        assert read_column(number, [text, "7"]) == [value, 7.0]


def test_a_table_sent_to_the_api_is_read_in_its_spelling(german: Deployment) -> None:
    """As CSV the table's own numbers, as JSON those of programs; each has the same answer.

    A CSV answer is in the table's spelling, and is read again as a CSV body.
    """
    client = started(german).test_client()
    lines = '{"Preis": 1234.5, "Garantie": "ja"}\n{"Preis": 2001.25, "Garantie": "nein"}\n'
    table = "Preis;Garantie\n1.234,50;JA\n2001,25;nein\n"

    def ask(data: str, kind: str, accept: str) -> Any:
        headers = {"Accept": accept}
        return client.post("/api/v1/predict", data=data, content_type=kind, headers=headers)

    answers = [
        ask(lines, "application/x-ndjson", "application/json"),
        ask(table, "text/csv", "application/json"),
    ]
    assert answers[0].get_json() == answers[1].get_json()
    labels = [one["prediction"] for one in answers[0].get_json()["predictions"]]
    assert labels == [12345.0, 20012.5]
    written = ask(lines, "application/x-ndjson", "text/csv").text
    assert written.splitlines() == [
        "Preis;Garantie;prediction_label", "1234,5;ja;12345,0", "2001,25;nein;20012,5"
    ]
    assert ask(written, "text/csv", "application/json").get_json() == answers[0].get_json()
    refused = ask("Preis;Garantie\n1234.5;ja\n1.234;ja\n", "text/csv", "application/json")
    (error,) = refused.get_json()["errors"]
    assert (refused.status_code, error["row"], error["field"]) == (422, 1, "Preis")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", ("", "12", "", False)), ("-12", ("-", "12", "", False)),
        ("+12", ("", "12", "", False)), ("12-", ("-", "12", "", False)),
        ("(12)", ("-", "12", "", False)), ("12 kg", ("", "12", "kg", False)),
        ("12kg", ("", "12", "kg", True)), ("$12", ("", "12", "$", False)),
        ("-$12", ("-", "12", "$", False)), ("$-12", ("-", "12", "$", False)),
        ("12,50- €", ("-", "12,50", "€", True)), ("12.– CHF", ("", "12", "CHF", False)),
        ("(12 kg)", ("-", "12", "kg", False)), ("Rs.500", ("", "500", "Rs.", False)),
        ("1e5", ("", "1e5", "", False)), ("5 l/100 km", ("", "5", "l/100 km", False)),
        ("5 abcdefghijkl", ("", "5", "abcdefghijkl", False)), ("5 m²", ("", "5", "m²", False)),
        ("5 abcdefghijklm", None), ("4-door", None), ("-(5)", None), ("--5", None), ("-5-", None),
        ("kg 5", None), ("$5€", None), ("5 #", None), ("", None), ("abc", None), ("5 m34", None),
        ("５", ("", "5", "", False)), ("−5 ％", ("-", "5", "%", False)),
    ],
)  # fmt: skip
def test_the_number_in_a_text(text: str, amount: Any) -> None:
    """Its sign, its digits, its unit, and whether the unit stands close behind it."""
    assert amount_of(text) == (amount and Amount(*amount))


@pytest.mark.parametrize(
    ("unit", "is_one"),
    [("kg", True), ("KG", True), ("%", True), ("‰", True), ("$", True), ("eur", True),
     ("x", False)],
)  # fmt: skip
def test_some_units_stand_close_behind_a_number(unit: str, is_one: bool) -> None:
    """Those that are known, in any letters, and money."""
    assert is_unit(unit) is is_one


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [("yrs", "Years", True), ("yr.", "years", True), ("kg", "lb", False), ("foo", "foo.", True),
     ("m", "months", False), ("foo", "years", False)],
)  # fmt: skip
def test_words_for_one_unit(first: str, second: str, same: bool) -> None:
    """In any letters, with or without a point; and which words those are."""
    assert is_same_unit(first, second) is is_same_unit(second, first) is same
    assert (second.casefold().rstrip(".") in words_of_unit(first)) is same
    assert first.rstrip(".") in words_of_unit(first)
    assert words_of_unit("M2.") == {"m²", "m2", "sqm", "㎡", "平方米", "平米"}


@pytest.mark.parametrize(
    ("text", "spelling", "both"),
    [("1.234", ".,", ("1234", "1.234")), ("1,234", "", ("1234", "1.234")),
     ("1,234", ",.", ("1234", "1.234")), ("1.234", "", ("1.234", "1234")), ("0.234", "", None),
     ("1.23", "", None), ("1234.567", "", None), ("abc", "", None), ("1.234.567", ".,", None)],
)  # fmt: skip
def test_what_may_mean_two_numbers(text: str, spelling: str, both: tuple[str, str] | None) -> None:
    """Thousands in one country and decimals in another; its own spelling's first."""
    assert other_meaning(text, spelling) == both


@pytest.mark.parametrize(
    ("spelling", "cells", "plain", "by_program", "doubtful"),
    [
        (".,", ["1.234,5", " 2,5 "], ["1234.5", "2.5"], False, [False, False]),
        (".,", ["27.9", "1.234"], ["27.9", "1234"], True, [False, True]),
        (".,", ["1,5 kg", "viel"], ["1.5", "viel"], False, [False, False]),
        (",.", ["1,234.5", "1,234"], ["1234.5", "1234"], False, [False, False]),
        ("", ["1.5", "1,5"], ["1.5", "1.5"], False, [False, False]),
    ],
)
def test_a_column_is_read_cell_by_cell(
    spelling: str, cells: list[str], plain: list[str], by_program: bool, doubtful: list[bool]
) -> None:
    """As a single text is; a cell that no person wrote so is a program's."""
    column = Spelt(spelling, ("kg",))
    assert list(map(column.plain, cells)) == plain
    assert column.by_program(cells) is by_program
    assert list(map(column.is_doubtful, cells)) == doubtful


def test_a_page_reads_numbers_by_the_same_patterns() -> None:
    """And by the same currencies and units."""
    known = formats()
    assert known.keys() == {"patterns", "plain", "ambiguous", "currencies", "units"}
    assert known["patterns"].keys() == {",.", ".,"}
    assert {"usd", "руб"} < set(known["currencies"])
    assert known["units"] == sorted(known["units"])
    assert [written("1.5", spelling) for spelling in (".,", ",.", "")] == ["1,5", "1.5", "1.5"]
