"""The form's controls: which one a field gets, what it holds, and how it comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient

from tablecast.errors import FormFileError
from tablecast.i18n.formats import with_unit
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.field import Field, Refusal
from tablecast.schema.field_order import FEWEST_OPEN, MOST_OPEN, arrange
from tablecast.schema.form_file import Form, read_form
from tablecast.schema.schema import Schema
from tablecast.web.form.controls import controls_of, joined_dates, part_names
from tests.markup import Page
from tests.stand_ins import NearestPetalEngine, deploy, iris_schema
from tests.started import started

DAY = 86400
DATE = Field(
    "bought on", "date", "datetime64[ns]", "Bought on", minimum=18322 * DAY, maximum=18441 * DAY,
    hard_minimum=18203 * DAY, hard_maximum=18560 * DAY, default=18382.0 * DAY,
)  # fmt: skip
FLAG = Field("flag", "integer", "int64", "Flag", minimum=0, maximum=1, hard_maximum=2, default=0)


class EchoEngine:
    """Answers the sum of the number columns."""

    def answer(self, columns: Columns) -> Answer:
        numbers = [values for values in columns.values() if values.dtype != object]
        return Answer(sum(numbers, start=np.zeros(len(next(iter(columns.values()))))))


def serve(*fields: Field, **options: object) -> FlaskClient:
    schema = Schema(fields, "y", "regression", **options)  # type: ignore[arg-type]
    return started(deploy("controls", schema, EchoEngine())).test_client()


def filled(client: FlaskClient, path: str = "/") -> dict[str, str]:
    return Page(client.get(path).text).filled_in()


# Dates


def test_a_date_is_three_inputs_in_a_group() -> None:
    """Day, month and year have labels of their own in a group that the field's label names."""
    page = Page(serve(DATE).get("/").text)
    legend = page.one("legend")
    assert legend.text == "Bought on"
    for place, name in enumerate(("Day", "Month", "Year")):
        control = page.all("input", type="text")[place]
        assert control.inside("fieldset") is legend.inside("fieldset")
        assert page.one("label", **{"for": control["id"]}).text == name
        assert control["inputmode"] == "numeric"
    hint = page.by_id(legend.inside("fieldset")["aria-describedby"]).text
    assert "1 March 2020 to 28 June 2020" in hint
    (control,) = controls_of(Schema((DATE,), "y", "regression"), {})
    assert [part.width for part in control.parts] == [2, 2, 4]  # digits


@pytest.mark.parametrize("parts", [("1", "4", "2020"), ("01", "04", "2020"), (" 1 ", "4", "2020")])
def test_the_parts_of_a_date_are_one_value(parts: tuple[str, str, str]) -> None:
    """Whether written with a zero or not, the answer's link holds the date as one value."""
    names = part_names(Schema((DATE,), "y", "regression"), 0)
    page = Page(serve(DATE).post("/predict", data=dict(zip(names, parts, strict=True))).text)
    assert "bought+on=2020-04-01" in page.one("a", **{"data-link": ""})["href"]


@pytest.mark.parametrize(
    ("parts", "words", "wrong"),
    [
        (("31", "4", "2020"), "Enter a real date for Bought on.", "dMy"),
        (("1", "13", "2020"), "Enter a real date for Bought on.", "M"),
        (("1", "x", "2020"), "Enter a real date for Bought on.", "M"),
        (("0", "4", "2020"), "Enter a real date for Bought on.", "d"),
        (("32", "13", "2020"), "Enter a real date for Bought on.", "dM"),
        (("1", "4", "20"), "Enter the year of Bought on with four digits.", "y"),
        (("1", "", "2020"), "Enter a month for Bought on.", "M"),
        (("", "x", "2020"), "Enter a day for Bought on.", "d"),
        (("", "4", ""), "Enter a day and a year for Bought on.", "dy"),
        (("1", "4", "1999"), "Enter Bought on between", "dMy"),
        (("", "", ""), "Enter a value for Bought on", "dMy"),
    ],
)
def test_a_wrong_date_is_refused_and_kept(
    parts: tuple[str, str, str], words: str, wrong: str
) -> None:
    """The parts stay as they were typed; those at fault are marked, and lead to from the summary.

    What is missing is said before what cannot be, in the same words in both places.
    """
    names = part_names(Schema((DATE,), "y", "regression"), 0)
    sent = dict(zip(names, parts, strict=True))
    answer = serve(DATE).post("/predict", data=sent)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.filled_in() == sent
    link = next(one for one in page.all("a") if words in one.text)
    marked = [one["name"] for one in page.all("input", **{"aria-invalid": "true"})]
    assert marked == [names["dMy".index(part)] for part in wrong]
    assert page.by_id(link["href"].removeprefix("#"))["name"] == marked[0]
    assert page.by_id("field-0-error").text == f"Error: {link.text}"


@pytest.mark.parametrize(
    "typed",
    [("13/4/2020", "", ""), ("", "13. April 2020", ""), ("Apr 13, 2020", "", ""),
     ("2020年4月13日", "", ""), ("１３", "４", "２０２０"), ("13", "Apr", "2020"),
     ("13", "avril", "2020"), ("", "", "2020-04-13")],
)  # fmt: skip
def test_a_date_is_taken_as_people_type_it(typed: tuple[str, str, str]) -> None:
    """Whole in one of its inputs, with the month's name, in other digits; it is held in parts."""
    names = part_names(Schema((DATE,), "y", "regression"), 0)
    sent = dict(zip(names, typed, strict=True))
    page = Page(serve(DATE).post("/predict", data=sent).text)
    assert list(page.filled_in().values()) == ["13", "4", "2020"]
    assert page.of_class("answer")


def test_a_date_that_may_be_two_is_refused_with_both() -> None:
    """3/4 is a day of April in one country and of March in another."""
    names = part_names(Schema((DATE,), "y", "regression"), 0)
    page = Page(serve(DATE).post("/predict", data={names[0]: "3/4/2020"}).text)
    words = "“3/4/2020” may be 2020-04-03 or 2020-03-04; write it as 2020-04-03."
    assert words in page.of_class("wrong")[0].text


def test_a_tables_own_order_of_days_is_not_mixed_with_another() -> None:
    """Where training wrote months first, a date that cannot be so is refused, not turned."""
    american = replace(DATE, date_format="%m/%d/%Y")
    with pytest.raises(Refusal):
        american.read("13/4/2020", text=True)
    assert american.read("3/4/2020", text=True) == american.read("2020-03-04", text=True)
    assert american.read("13 April 2020", text=True) == american.read("2020-04-13", text=True)


def test_a_link_fills_a_date() -> None:
    """``?field=2020-04-01`` fills the three inputs."""
    other = Field("n", "number", "float64", "N", minimum=0, maximum=9)
    assert list(filled(serve(DATE, other), "/?bought+on=2020-04-01").values())[:3] == [
        "1", "4", "2020"
    ]  # fmt: skip


def test_a_link_that_is_no_date_is_shown_as_it_is() -> None:
    """A text that has no three parts stays in one input, beside its error."""
    answer = serve(DATE).get("/?bought+on=yesterday")
    assert answer.status_code == 422
    assert Page(answer.text).filled_in() == {"bought on": "yesterday"}


@pytest.mark.parametrize(
    ("field", "sent", "shown"),
    [
        (DATE, "2020-04-01", "1 April 2020"),
        (DATE, "yesterday", "yesterday"),
        (replace(DATE, required=False), " ", "not given"),
        (Field("n", "number", "float64", "N", minimum=0, maximum=99999, unit="kg"), "1250.5",
         "1,250.5 kg"),
        (Field("c", "category", "object", "C", levels=("a", "b"), closed=True,
               level_labels={"a": "The first"}), "a", "The first"),
        (Field("o", "category", "object", "O", levels=("a", "b"), unit="kg"), "c", "c kg"),
    ],
    ids=["date", "no date", "nothing", "number", "choice", "text"],
)  # fmt: skip
def test_the_printed_page_has_values_in_words(field: Field, sent: str, shown: str) -> None:
    """As people write them: a day, an amount in its unit, a choice by its label."""
    (control,) = controls_of(Schema((field,), "y", "regression"), {field.name: sent})
    assert control.shown == shown


def test_a_date_that_is_sent_whole_is_taken() -> None:
    """A program may post the column's own name."""
    assert serve(DATE).post("/predict", data={"bought on": "2020-04-01"}).status_code == 200


def test_the_parts_never_take_a_columns_name() -> None:
    """Columns that are called as the parts would be keep their names and values."""
    taken = Field("field-0-day", "integer", "int64", "Taken", minimum=0, maximum=9)
    schema = Schema((DATE, taken), "y", "regression")
    names = part_names(schema, 0)
    assert "field-0-day" not in names
    sent = {**dict(zip(names, ("1", "4", "2020"), strict=True)), "field-0-day": "7"}
    assert joined_dates(schema, sent) == {"bought on": "2020-04-01", "field-0-day": "7"}


def test_a_moment_is_one_text() -> None:
    """A column that has times of day is not cut to its days."""
    moment = Field("at", "date", "datetime64[ns]", "At", minimum=60, maximum=3 * DAY + 5,
                   default=120.0)  # fmt: skip
    page = Page(serve(moment).get("/").text)
    assert page.filled_in() == {"at": "1970-01-01 00:02:00"}
    assert "1970-01-01 00:01:00" in page.by_id("field-0-hint").text


# Yes and no


@pytest.mark.parametrize(
    "field",
    [
        Field("b", "boolean", "object", "B", levels=("False", "True"), closed=True),
        Field("b", "category", "object", "B", levels=("no", "yes"), closed=True),
        Field("b", "category", "object", "B", levels=("N", "Y"), closed=True),
        FLAG,
    ],
    ids=["boolean", "no-yes", "N-Y", "0-1"],
)
def test_a_boolean_is_yes_or_no(field: Field) -> None:
    """However the table writes it, the form asks yes or no, and sends the table's spelling."""
    page = Page(serve(field).get("/").text)
    radios = page.all("input", type="radio")
    assert [one.inside("label").text.strip() for one in radios] == ["Yes", "No"]
    for radio in radios:
        answer = serve(field).post("/predict", data={field.name: radio["value"]})
        assert answer.status_code == 200
        checked = [one for one in Page(answer.text).all("input") if "checked" in one.attributes]
        assert [one["value"] for one in checked] == [radio["value"]]


def test_the_form_files_words_for_a_boolean_win() -> None:
    """Labels of levels, and their order, are the form file's where it has them."""
    field = Field("b", "category", "object", "B", levels=("no", "yes"), closed=True,
                  level_labels={"no": "Never", "yes": "Often"})  # fmt: skip
    page = Page(serve(field).get("/").text)
    labels = [one.inside("label").text.strip() for one in page.all("input", type="radio")]
    assert labels == ["Never", "Often"]


def test_a_flag_with_another_number_stays_visible() -> None:
    """A link's 2, which is answered with a warning, is shown and not lost between two radios."""
    page = Page(serve(FLAG).get("/?flag=2").text)
    assert page.filled_in() == {"flag": "2"}


# Suggestions


def test_many_levels_are_suggested() -> None:
    """Beyond 50 levels the field is a text input with suggestions, and takes any text."""
    levels = tuple(f"T-{place}" for place in range(1000))
    field = Field("ticket", "category", "object", "Ticket", levels=levels, default="T-1")
    page = Page(serve(field).get("/").text)
    control = page.by_id("field-0")
    offered = [one["value"] for one in page.all("option")]
    assert page.by_id(control["list"]).tag == "datalist"
    assert sorted(offered) == sorted(levels)
    assert "select" not in {one.tag for one in page.elements}


@pytest.mark.slow
@pytest.mark.parametrize("fields", [1, 7])
def test_a_page_stays_below_150_kb(fields: int) -> None:
    """The suggestions of all fields together have room; the commonest ones come first."""
    levels = tuple(f"{place} <&> {'long ' * 9}" for place in range(5000))
    made = [Field(f"f{n}", "category", "object", f"F{n}", levels=levels) for n in range(fields)]
    html = serve(*made).get("/").text
    assert len(html.encode()) < 150_000
    offered = [one["value"] for one in Page(html).all("option")]
    assert offered
    assert set(offered) <= set(levels[:1000])


def test_an_open_fields_levels_are_the_commonest_first() -> None:
    """A table with more than 50 levels gives them in the order of how often they occur."""
    column = [f"t{place:02}" for place in range(60)] + ["t42"] * 3 + ["t17"] * 2
    schema = Schema.from_table(
        pd.DataFrame({"ticket": column, "y": range(len(column))}), "y", "regression"
    )
    assert schema.field("ticket").levels[:3] == ("t42", "t17", "t00")


# What is optional, and what is folded away


def test_a_field_that_is_mostly_missing_starts_empty() -> None:
    """Where missing was commonest, the form starts without a value; else with a typical one."""
    table = pd.DataFrame(
        {"rare": ["a", None, None, None], "usual": ["a", "a", "b", None],
         "depth": [1.5, None, None, None], "width": [1.5, 2.5, 3.5, None], "y": [1, 2, 3, 4]}
    )  # fmt: skip
    defaults = {f.name: f.default for f in Schema.from_table(table, "y", "regression").fields}
    assert defaults == {"rare": None, "usual": "a", "depth": None, "width": 2.5}


def test_a_folded_field_with_an_error_is_open() -> None:
    """What is folded away opens when something in it is wrong."""
    folded = Field("deep", "integer", "int64", "Deep", minimum=0, maximum=9, folded=True)
    client = serve(FLAG, folded)
    assert "open" not in Page(client.get("/").text).one("details").attributes
    wrong = client.post("/predict", data={"flag": "1", "deep": "x"})
    assert "open" in Page(wrong.text).one("details").attributes


MANY = [f"c{place}" for place in range(30)]


def test_a_short_form_keeps_the_tables_order() -> None:
    """Up to twelve fields are all shown, in the order of the table."""
    shares = {name: float(place) for place, name in enumerate(MANY[:MOST_OPEN])}
    assert arrange(MANY[:MOST_OPEN], Form(), shares) == dict.fromkeys(MANY[:MOST_OPEN], False)


def test_a_long_form_shows_what_matters_first() -> None:
    """Enough fields for 95% of the importance are open, six to twelve, in its order."""
    even = arrange(MANY, Form(), dict.fromkeys(MANY, 1 / 30))
    assert [name for name, folded in even.items() if not folded] == MANY[:MOST_OPEN]
    one = arrange(MANY, Form(), {name: float(name == "c29") for name in MANY})
    assert [name for name, folded in one.items() if not folded] == ["c29", *MANY[: FEWEST_OPEN - 1]]
    some = arrange(MANY, Form(), {name: 0.1 if int(name[1:]) >= 20 else 0.0 for name in MANY})
    assert sum(not folded for folded in some.values()) == 10
    assert list(some)[:10] == MANY[20:]


def test_the_form_file_decides_before_the_importance() -> None:
    """Fields that the file names come first and stay open; its ``folded`` is the last word."""
    table = pd.DataFrame({name: [1.0, 2.0, 3.0] for name in [*MANY, "y"]})
    shares = {name: place / 435 for place, name in enumerate(MANY)}
    form = Form(fields={"c3": {}, "c29": {"folded": True}, "c1": {"folded": False}})
    fields = Schema.from_table(table, "y", "regression", form, shares).fields
    assert [f.name for f in fields[:5]] == ["c3", "c29", "c1", "c28", "c27"]
    assert [f.name for f in fields if not f.folded][:3] == ["c3", "c1", "c28"]
    by_importance = Form(fields=form.fields, by_importance=True)
    fields = Schema.from_table(table, "y", "regression", by_importance, shares).fields
    assert [f.name for f in fields[:3]] == ["c29", "c28", "c27"]
    assert fields[0].folded
    assert not next(f for f in fields if f.name == "c1").folded


def test_without_importance_nothing_is_folded() -> None:
    """A pipeline from elsewhere, of which nothing is known, keeps the table's order."""
    assert arrange(MANY, Form(), None) == dict.fromkeys(MANY, False)


# Classes


def test_the_page_says_what_a_class_is_called() -> None:
    """The form file's label is on the page, beside the bar too; the API has the class."""
    labels = {"Iris-setosa": "Bristle-pointed iris", "Iris-virginica": "Southern blue flag"}
    schema = replace(iris_schema(), class_labels=labels)
    client = started(deploy("labelled", schema, NearestPetalEngine())).test_client()
    values = {"sepal_length": 5.0, "petal_length": 1.4}
    page = Page(client.post("/predict", data=values).text)
    (answer,) = [one for one in page.all("p") if "answer" in (one.get("class") or "").split()]
    assert answer.text == "Bristle-pointed iris"
    rows = {one.text for one in page.all("th", scope="row")}
    assert {*labels.values(), "Iris-versicolor"} <= rows
    assert client.post("/predict_api", json=values).json == "Iris-setosa"
    full = client.post("/api/v1/predict", json=values).json["predictions"][0]
    assert set(full["probabilities"]) == set(schema.classes)
    assert "Southern blue flag (Iris-virginica)" in client.get("/model").text


def test_the_form_file_may_label_only_the_targets_classes(tmp_path: Path) -> None:
    """A class that the target does not have is refused, and its classes are named."""
    path = tmp_path / "form.toml"
    path.write_text('[target.classes]\n4 = "Vehicle windows"\n')
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "y": [1, 2, 7]})
    with pytest.raises(FormFileError, match=r"'4'.*1, 2, 7"):
        Schema.from_table(table, "y", "classification", read_form(path))
    with pytest.raises(FormFileError, match="the target is an amount"):
        Schema.from_table(table, "y", "regression", read_form(path))


def test_a_schema_of_an_older_version_is_read() -> None:
    """A description without class labels is still a schema."""
    plain = iris_schema().to_json()
    del plain["class_labels"]
    assert Schema.from_json(plain) == iris_schema()


# What is said of what was given

AREA = Field(
    "lot", "integer", "int64", "Lot size", unit="m²", minimum=1300, maximum=215245,
    hard_maximum=430490, default=9478,
)  # fmt: skip
CODE = Field(
    "zip", "integer", "int64", "Zip code", minimum=98001, maximum=98199, hard_maximum=98400
)
TOWN = Field(
    "town", "category", "object", "Town", levels=("NAmes", "OldTown"), closed=True,
    level_labels={"NAmes": "North Ames", "OldTown": "Old Town"},
)  # fmt: skip


def test_a_refused_level_is_told_the_names_that_the_form_shows() -> None:
    """The page says what its own choices are called, and programs what they may send."""
    client = serve(AREA, TOWN)
    for language, names in (("en", "North Ames, Old Town"), ("zh", "North Ames、Old Town")):
        given = {"lot": "9478", "town": "Iowa"}
        page = Page(client.post(f"/predict?lang={language}", data=given).text)
        (wrong,) = page.of_class("wrong")
        assert names in wrong.text
        assert names in page.of_class("summary-list")[0].text
    detail = client.post("/api/v1/predict", json={"lot": 9478, "town": "Iowa"}).get_json()
    assert "NAmes, OldTown" in detail["errors"][0]["message"]


def test_large_figures_are_written_as_people_read_them() -> None:
    """In warnings, in what was asked and on the card; a code without a unit stays as it is."""
    client = serve(AREA, CODE, TOWN)
    given = {"lot": "300000", "zip": "98300", "town": "NAmes"}
    page = Page(client.post("/predict", data=given).text)
    (note,) = page.of_class("note")
    assert "Lot size: 300,000 is outside the training range (1,300 to 215,245)" in note.text
    assert "Zip code: 98300 is outside the training range (98001 to 98199)" in note.text
    asked = [one.text for one in page.all("dd")]
    assert "300,000 m²" in asked
    assert "98300" in asked
    assert page.filled_in()["lot"] == "300000"
    assert "to 430,490" in client.get("/model").text


def test_a_hint_shows_numbers_as_they_are_typed() -> None:
    """With signs between thousands they would be refused: elsewhere those mean decimals."""
    client = serve(AREA)
    assert "Usually 1300 to 215245 m²." in client.get("/").text
    refused = client.post("/predict", data={"lot": "999999"})
    assert "430490" in refused.text


def test_a_per_cent_sign_stands_by_its_number() -> None:
    """Other units are set apart."""
    assert with_unit("6.3", "%") == "6.3%"
    assert with_unit("6.3", "kg") == "6.3 kg"
    share = replace(AREA, name="share", unit="%", minimum=0, maximum=90, default=40)
    assert "Usually 0 to 90%." in serve(share).get("/").text
