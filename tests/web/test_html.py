"""The HTML pages, read as a browser would, without a server."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient

from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema
from tablecast.web.card.quality import measure
from tablecast.web.display.amounts import likelihood, wording_of
from tablecast.web.pages.form_page import Control
from tests.deployments import shipped_deployment
from tests.explained import of_every_kind
from tests.markup import Page
from tests.stand_ins import deploy
from tests.started import started

GOOD = {
    "age": "55", "sex": "male", "bmi": "30.5", "children": "1", "smoker": "yes",
    "region": "northwest",
}  # fmt: skip

STATIC = Path(__file__).parents[2] / "static"

#: Names that real tables have, and names that nobody should give a column.
ODD_NAMES = (
    "Fuel Type (EU)", "a b", "a  b", "x[0]", 'say "hi"', "it's", "5 > 4", "<b>", "&amp;", "größe",
    "年龄", "a=b&c", "100%", "#hash", "_charset_x", "{{ 7*7 }}", "{field}", "+",
)  # fmt: skip

MARKUP = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><b>&lt;", "{{ 7*7 }}")


class ConstantEngine:
    """Answers 1 whatever is asked."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(np.ones(len(next(iter(columns.values())))))


def get(client: FlaskClient, path: str, status: int = 200) -> Page:
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    return Page(response.text)


def post(client: FlaskClient, values: dict[str, str], status: int = 200) -> Page:
    body = urlencode(values).encode()
    response = client.post(
        "/predict",
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers={"Content-Length": str(len(body))},  # which browsers send for an empty form too
    )
    assert response.status_code == status
    return Page(response.text)


def static(client: FlaskClient, path: str) -> bytes:
    """A static file, which browsers may keep for a while."""
    with client.get(path, buffered=True) as response:
        assert response.status_code == 200
        assert "max-age" in response.headers["Cache-Control"]
        return response.data


def serve(schema: Schema) -> FlaskClient:
    return started(deploy("made_here", schema, ConstantEngine())).test_client()


def every_page(client: FlaskClient) -> dict[str, str]:
    """The HTML of every page and state."""
    return {
        "empty": client.get("/").text,
        "answer": client.post("/predict", data=GOOD).text,
        "error": client.post("/predict", data={**GOOD, "age": "x", "odd": "1"}).text,
        "model": client.get("/model").text,
        "problem": client.get("/nothing-here", headers={"Accept": "text/html"}).text,
    }


# The form


def test_every_field_has_a_label_tied_to_its_control(
    client: FlaskClient, insurance_schema: Schema
) -> None:
    """Each field's label names its text input or select; a legend names each group of radios."""
    page = get(client, "/")
    for place, field in enumerate(insurance_schema.fields):
        control = page.by_id(f"field-{place}")
        assert control["name"] == field.name
        if control.get("type") == "radio":
            group = control.inside("fieldset")
            legend = next(one for one in page.all("legend") if one.parent is group)
            assert legend.text == field.label
            assert control.inside("label") is not None
        else:
            assert page.one("label", **{"for": control["id"]}).text == field.label


@pytest.mark.formula
def test_the_form_starts_with_typical_values(client: FlaskClient, insurance_schema: Schema) -> None:
    """An untouched form can be sent: every field holds its default."""
    page = get(client, "/")
    fields = insurance_schema.fields
    assert page.filled_in() == {field.name: field.show(field.default) for field in fields}
    post(client, page.filled_in())


def test_hints_hold_the_range_and_are_tied_to_the_control(
    client: FlaskClient, insurance_schema: Schema
) -> None:
    """A number's hint names the training range, and a screen reader reads it with the control."""
    page = get(client, "/")
    for place, field in enumerate(insurance_schema.fields):
        if field.minimum is None:
            continue
        control = page.by_id(f"field-{place}")
        hint = page.by_id(control["aria-describedby"]).text
        assert f"{field.show(field.minimum)} to {field.show(field.maximum)}" in hint
        assert field.unit in hint


def test_numbers_are_text_inputs_with_the_right_keyboard(client: FlaskClient) -> None:
    """Whole numbers have a keypad; on some phones one has no decimal sign, and none a minus."""
    page = get(client, "/")
    assert page.one("input", name="age")["inputmode"] == "numeric"
    assert "inputmode" not in page.one("input", name="bmi").attributes
    assert not page.all("input", type="number")
    below = Field("t", "integer", "int64", "T", minimum=-9, maximum=9, hard_minimum=-27)
    page = get(serve(Schema((below,), "y", "regression")), "/")
    assert "inputmode" not in page.one("input", name="t").attributes


@pytest.mark.parametrize(
    ("levels", "required", "widget"),
    [(2, True, "radios"), (5, True, "radios"), (6, True, "select"), (50, True, "select"),
     (3, False, "radios"), (8, False, "select")],
)  # fmt: skip
def test_few_levels_are_radios_and_more_are_a_select(
    levels: int, required: bool, widget: str
) -> None:
    """Up to five levels are radios, more a select; a field that may be empty can be left so."""
    names = tuple(f"level {place}" for place in range(levels))
    field = Field("f", "category", "object", "F", levels=names, closed=True, required=required)
    page = get(serve(Schema((field,), "y", "regression")), "/")
    choices = page.all("input", type="radio") if widget == "radios" else page.all("option")
    empty = [one for one in choices if one["value"] == ""]
    assert [one["value"] for one in choices if one["value"]] == list(names)
    assert len(empty) == (1 if widget == "select" or not required else 0)
    assert bool(page.all("select")) == (widget == "select")
    assert ("(optional)" in page.of_class("label")[0].text) is not required


def test_folded_fields_open_when_one_of_them_is_wrong() -> None:
    """Fields that the form folds away are shown at once where one of them needs the person."""
    fields = tuple(
        Field(name, "number", "float64", name, minimum=0, maximum=9, folded=folded)
        for name, folded in (("plain", False), ("away", True))
    )
    client = serve(Schema(fields, "y", "regression"))
    assert "open" not in get(client, "/").one("details").attributes
    page = post(client, {"plain": "1", "away": "x"}, 422)
    assert "open" in page.one("details").attributes
    assert page.one("input", name="away").inside("details") is not None


# The answer


@pytest.mark.formula
def test_the_answer_has_its_label_and_unit(client: FlaskClient) -> None:
    """The answer is shown under the target's label, with the unit, and in the title."""
    page = post(client, GOOD)
    assert page.by_id("result").tag == "section"
    assert page.by_id("answer-name").text == "Estimated charges for the year"
    assert page.of_class("answer")[0].text == "$33,750"
    assert page.title.startswith("$33,750")


def test_what_was_typed_stays_with_the_answer(client: FlaskClient) -> None:
    """The form still holds the values that were answered."""
    assert post(client, GOOD).filled_in() == GOOD


@pytest.mark.formula
def test_letter_case_and_spaces_do_not_count(client: FlaskClient) -> None:
    """`` YES `` and ``yes`` choose the same radio and get the same answer."""
    page = post(client, {**GOOD, "smoker": "  YES ", "sex": "Male", "age": " 55 "})
    assert page.of_class("answer")[0].text == "$33,750"
    assert page.filled_in() == {**GOOD, "age": " 55 "}


def test_a_value_outside_the_range_is_answered_with_a_warning(client: FlaskClient) -> None:
    """The warning names the field by its label, the value and the range."""
    page = post(client, {**GOOD, "bmi": "59"})
    (note,) = page.of_class("note")
    assert "Body mass index (BMI): 59 is outside the training range" in note.text
    assert "15.96 to 53.13" in note.text
    assert not post(client, GOOD).of_class("note")


def test_classes_are_shown_with_ordered_probabilities(iris_client: FlaskClient) -> None:
    """Every class has a bar as wide as its probability, the most probable first."""
    page = post(iris_client, {"sepal_length": "5.8", "petal_length": "4.0"})
    assert page.of_class("answer")[0].text == "Iris-versicolor"
    (table,) = page.of_class("bars")
    rows = [one for one in page.all("tr") if one.inside("tbody") and one.inside("table") is table]
    assert [row.text.split()[0] for row in rows] == [
        "Iris-versicolor", "Iris-virginica", "Iris-setosa"
    ]  # fmt: skip
    parts = [one for one in page.of_class("track-part") if one.inside("table") is table]
    widths = [float(one["width"].rstrip("%")) for one in parts]
    assert widths == sorted(widths, reverse=True)
    assert sum(widths) == pytest.approx(100, abs=0.02)
    assert f"{widths[0]:.0f}%" in rows[0].text


@pytest.mark.parametrize(
    ("share", "text", "finer"),
    [
        (0.0, "under 1%", "under 0.1%"), (0.0004, "under 1%", "under 0.1%"),
        (0.006, "1%", "0.6%"), (0.5, "50%", "50.0%"), (0.8921, "89%", "89.2%"),
        (0.994, "99%", "99.4%"), (0.996, "over 99%", "99.6%"),
        (0.9999, "over 99%", "over 99.9%"), (1.0, "over 99%", "over 99.9%"),
    ],
)
def test_probabilities_never_claim_certainty(share: float, text: str, finer: str) -> None:
    """A probability near 0 or 1 is not rounded to impossible or certain."""
    assert (likelihood(share), likelihood(share, 1)) == (text, finer)


def test_a_permalink_asks_the_same_question_again(client: FlaskClient) -> None:
    """The link below an answer opens the same form with the same answer, by GET."""
    asked = {**GOOD, "bmi": "59", "smoker": "Yes"}
    answered = post(client, asked)
    link = next(one for one in answered.all("a") if "data-link" in one.attributes)["href"]
    again = get(client, link)
    assert again.filled_in() == answered.filled_in()
    assert again.of_class("answer")[0].text == answered.of_class("answer")[0].text
    assert link.endswith("#result")


def test_a_link_with_some_fields_only_fills_them(client: FlaskClient) -> None:
    """A partial link fills its fields, leaves the rest typical, and answers nothing."""
    page = get(client, "/?age=19&smoker=yes&utm_source=mail")
    filled = page.filled_in()
    assert (filled["age"], filled["smoker"], filled["bmi"]) == ("19", "yes", "30.4")
    assert not page.of_class("answer")
    assert not page.of_class("summary")


def test_a_link_with_a_wrong_value_says_so(client: FlaskClient) -> None:
    """A link that names every field is judged as the form is."""
    page = get(client, "/?age=x&sex=male&bmi=30&children=1&smoker=yes&region=northwest", 422)
    assert page.by_id("field-0")["value"] == "x"
    assert len(page.of_class("wrong")) == 1


@pytest.mark.parametrize(
    ("answer", "interval", "unit", "text"),
    [
        (18826.936545249715, None, "$", "$18,827"), (-5.0, None, "€", "−€5.00"),
        (5.6294, None, "points", "5.629 points"), (123456.7, None, "", "123,457"),
        (18826.936545249715, (15_020.3, 24_870.9), "$", "$18,830"),
        (208_512.3, (160_000.0, 280_000.0), "$", "$209,000"),
        (5.6294, (4.1, 7.2), "points", "5.63 points"), (-0.0012, (-4.0, 4.0), "", "0.00"),
        (12.3456, (12.0, 12.7), "$", "$12.35"), (7.3, (0.0, 9_000.0), "", "7"),
        (0.000123456, (0.0001, 0.0002), "$", "$0.000123"), (5.0, (5.0, 5.0), "", "5.000"),
    ],
)  # fmt: skip
def test_answers_have_the_digits_that_their_range_supports(
    answer: float, interval: tuple[float, float] | None, unit: str, text: str
) -> None:
    """Three digits of the range's width, or four of the answer; money has cents or none."""
    schema = Schema((), "y", "regression", target_unit=unit)
    assert wording_of(schema, abs(answer), interval).of(answer) == text


def test_money_is_a_prefix_of_its_input() -> None:
    """A currency sign stands before the input and before both ends of the range."""
    field = Field("fare", "number", "float64", "Fare", unit="£", minimum=0, maximum=512)
    control = Control(field, "field-0", "text", "10")
    assert (control.prefix, control.suffix) == ("£", "")
    assert control.hint == "Usually £0 to £512."


# Errors


def test_what_was_typed_stays_with_an_error(client: FlaskClient) -> None:
    """An empty required field keeps the person's other answers, wrong ones too."""
    asked = {**GOOD, "age": "", "bmi": "heavy", "smoker": "no"}
    assert post(client, asked, 422).filled_in() == asked


def test_the_summary_links_to_each_wrong_field(client: FlaskClient) -> None:
    """Each link of the summary leads to a control that exists, and says what stands beside it."""
    page = post(client, {**GOOD, "age": "x", "smoker": "male", "children": "1.5"}, 422)
    links = [one for one in page.all("a") if one.inside("ul") and "#field" in one["href"]]
    assert [page.by_id(link["href"][1:])["name"] for link in links] == ["age", "children", "smoker"]
    for link in links:
        beside = page.by_id(f"{link['href'][1:]}-error").text
        assert beside == f"Error: {link.text}"
    assert page.by_id("field-4")["type"] == "radio"
    assert page.title.startswith("Error: ")


def test_the_summary_can_take_the_focus(client: FlaskClient) -> None:
    """The form's address leads to the summary, which may hold the focus and is an alert."""
    page = post(client, {}, 422)
    summary = page.by_id("result")
    assert summary["tabindex"] == "-1"
    assert page.one("div", role="alert").parent is summary
    assert page.one("form")["action"] == "/predict#result"
    assert "novalidate" in page.one("form").attributes


def test_errors_are_tied_to_their_controls(client: FlaskClient) -> None:
    """A screen reader reads the hint and the error with the control, which is marked invalid."""
    page = post(client, {**GOOD, "age": "x"}, 422)
    age = page.one("input", name="age")
    assert age["aria-describedby"] == "field-0-hint field-0-error"
    assert age["aria-invalid"] == "true"
    assert "aria-invalid" not in page.one("input", name="bmi").attributes


def test_label_hint_error_and_control_stand_in_that_order() -> None:
    """Whatever the control, a person reads its label, its hint, what is wrong, and then fills it.

    A screen reader reads them in the same order: the description names the hint, then the error.
    """
    page = post(started(of_every_kind()).test_client(), {}, 422)
    places = {one["id"]: place for place, one in enumerate(page.elements) if "id" in one.attributes}
    errors = page.of_class("wrong")
    assert len(errors) > 5
    for error in errors:
        name = error["id"].removesuffix("-error")
        control = page.by_id(name)
        labels = page.all("label", **{"for": name}) or page.all("legend")
        group = control.inside("fieldset")
        described = group if group and control.get("type") != "select" else control
        (label,) = [one for one in page.all("legend") if one.parent is group] or labels
        ids = [f"{name}-hint"] * (f"{name}-hint" in places) + [error["id"]]
        assert described["aria-describedby"].split() == ids
        order = [page.elements.index(label), *(places[one] for one in ids), places[name]]
        assert order == sorted(order)


@pytest.mark.parametrize("path", ["/", "/batch"])
def test_the_browser_leaves_judging_to_the_server(client: FlaskClient, path: str) -> None:
    """No bubble of the browser's covers the page's own words: nothing is required by HTML."""
    page = get(client, path)
    assert "novalidate" in page.one("form").attributes
    judged = {"required", "pattern", "min", "max", "minlength", "maxlength"}
    assert not [one for one in page.elements if judged & set(one.attributes)]


def test_no_field_is_filled_from_somebody_elses_past(client: FlaskClient) -> None:
    """The fields are about a case and not about who sits there, so a browser suggests nothing."""
    page = get(client, "/")
    assert page.one("form")["autocomplete"] == "off"
    assert all(one["autocomplete"] == "off" for one in page.all("input"))


def test_a_text_that_is_no_choice_of_a_select_is_kept() -> None:
    """A select shows what was sent and refused, for its correction, and never offers it again."""
    names = tuple(f"level {place}" for place in range(9))
    number = Field("n", "number", "float64", "N", minimum=0, maximum=9)
    field = Field("f", "category", "object", "F", levels=names, closed=True)
    client = serve(Schema((number, field), "y", "regression"))
    page = post(client, {"n": "1", "f": " <lvl> "}, 422)
    assert page.filled_in() == {"n": "1", "f": " <lvl> "}
    assert "data-other" in page.all("option")[-1].attributes
    again = post(client, {"n": "1", "f": "Level 3"})
    assert again.filled_in() == {"n": "1", "f": "level 3"}
    assert not [one for one in again.all("option") if "data-other" in one.attributes]


def test_an_empty_form_has_one_error_for_each_field(
    client: FlaskClient, insurance_schema: Schema
) -> None:
    """Nothing filled in is every field's error, once beside it and once in the summary."""
    page = post(client, {}, 422)
    assert len(page.of_class("wrong")) == len(insurance_schema.fields)
    listed = [one for one in page.all("li") if one.parent in page.of_class("summary-list")]
    assert len(listed) == len(insurance_schema.fields)
    assert page.filled_in() == {"age": "", "bmi": "", "children": ""}


def test_an_unknown_field_is_reported(client: FlaskClient) -> None:
    """A field that the form does not have is named in the summary, with the nearest name."""
    page = post(client, {**GOOD, "smokes": "yes"}, 422)
    (item,) = [one for one in page.all("li") if "smokes" in one.text]
    assert "smoker" in item.text
    assert "<a " not in item.text
    assert not page.of_class("wrong")


def test_a_thousand_unknown_fields_make_a_page_that_can_be_read(client: FlaskClient) -> None:
    """The summary ends somewhere, however much a program sends."""
    response = client.post("/predict", data={f"f{place}": "1" for place in range(1000)})
    assert response.status_code == 422
    assert len(response.data) < 150_000


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_every_field_is_shown_as_text(client: FlaskClient, text: str) -> None:
    """What was typed is shown letter by letter, in inputs, errors and names of fields."""
    page = post(client, {**dict.fromkeys(GOOD, text), text: text}, 422)
    assert not page.all("img")
    assert not page.all("b")
    scripts = {urlsplit(one["src"]).path for one in page.all("script")}
    assert scripts <= {f"/static/{script.name}" for script in STATIC.glob("*.js")}
    assert page.one("input", name="age")["value"] == text
    assert text in next(one for one in page.all("li") if "not a field" in one.text).text
    assert text[:30] in next(one for one in page.all("li") if "not a choice" in one.text).text


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_link_is_shown_as_text(client: FlaskClient, text: str) -> None:
    """A link cannot put markup into the form either."""
    response = client.get("/", query_string={"age": text})
    page = Page(response.text)
    assert page.one("input", name="age")["value"] == text
    assert not page.all("img")


# Names, weight and what a page may hold


def odd_client() -> FlaskClient:
    table = pd.DataFrame({name: [1.0, 2.5, 4.0] for name in ODD_NAMES[::2]})
    levels = pd.DataFrame({name: ["it's", '"b" <c>', "é & ü"] for name in ODD_NAMES[1::2]})
    both = pd.concat([table, levels], axis=1)[list(ODD_NAMES)]
    return serve(Schema.from_table(both.assign(y=1.0), "y", "regression"))


def test_odd_field_names_have_unique_ids_that_any_selector_can_name() -> None:
    """Whatever a column is called, ids are plain and unique."""
    page = get(odd_client(), "/")
    assert len(page.ids) == len(set(page.ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", one) for one in page.ids)


def test_odd_field_names_come_back_as_they_were() -> None:
    """A form with odd names can be sent, answered, and asked again by its link."""
    client = odd_client()
    filled = get(client, "/").filled_in()
    assert tuple(filled) == ODD_NAMES
    answered = post(client, filled)
    assert answered.filled_in() == filled
    link = next(one for one in answered.all("a") if "data-link" in one.attributes)["href"]
    assert get(client, link).filled_in() == filled
    assert len(post(client, {}, 422).of_class("wrong")) == len(ODD_NAMES)


def test_every_id_that_is_named_exists_once(client: FlaskClient) -> None:
    """Labels, descriptions and links within a page lead somewhere."""
    for name, html in every_page(client).items():
        page = Page(html)
        assert len(page.ids) == len(set(page.ids)), name
        named = [one["for"] for one in page.all("label") if one.get("for")]
        for one in page.elements:
            for attribute in ("aria-describedby", "aria-labelledby"):
                named += (one.get(attribute) or "").split()
            if (one.get("href") or "").startswith("#"):
                named.append(one["href"][1:])
        assert named
        assert set(named) <= set(page.ids), name


def test_pages_keep_to_their_own_policy(client: FlaskClient) -> None:
    """No inline style, script or handler, which the Content-Security-Policy would refuse."""
    for name, html in every_page(client).items():
        for one in Page(html).elements:
            inline = [key for key in one.attributes if key == "style" or key.startswith("on")]
            assert not inline, (name, one)
            assert one.tag != "style", name
            assert one.tag != "script" or one.get("src"), name


def test_pages_ask_no_other_host_for_anything(client: FlaskClient) -> None:
    """Every address in a page, and in the style sheet, is of this server."""
    for name, html in every_page(client).items():
        for one in Page(html).elements:
            for attribute in ("src", "href", "action"):
                assert not urlsplit(one.get(attribute) or "").netloc, (name, one)
    style = static(client, "/static/tablecast.css")
    assert b"url(" not in style
    assert b"@import" not in style


def test_everything_that_a_page_needs_is_there(client: FlaskClient) -> None:
    """The style sheet, the script and the icon that the pages name are served, and cached."""
    page = get(client, "/")
    wanted = [one["href"] for one in page.all("link")] + [one["src"] for one in page.all("script")]
    for path in wanted:
        assert static(client, path), path


def test_pages_are_light(client: FlaskClient) -> None:
    """A page with all that it loads is below 150 KB."""
    loaded = ("tablecast.css", "form.js", "icon.svg")
    shared = sum(len(static(client, f"/static/{name}")) for name in loaded)
    for name, html in every_page(client).items():
        assert len(html.encode()) + shared < 150_000, name


@pytest.mark.formula
def test_every_page_says_what_answers(client: FlaskClient, fake_deployment: Deployment) -> None:
    """The footer names the deployment, its version and its date, and links to card and API."""
    for name, html in every_page(client).items():
        page = Page(html)
        foot = page.one("footer").text
        assert fake_deployment.name in foot, name
        assert "20260102030405" in foot
        assert "2 January 2026" in foot
        linked = [one["href"] for one in page.all("a") if one.inside("footer")]
        assert linked == ["/model", "/api/v1/model"]
        assert len(page.all("h1")) == 1, name


# The model card, and pages that say no


@pytest.mark.parametrize(("path", "label"), [("/", "Form"), ("/model", "Model card")])
def test_every_page_leads_to_the_others(client: FlaskClient, path: str, label: str) -> None:
    """The header names form, card and API, marks the one that is open, and its links work."""
    page = get(client, path)
    links = [one for one in page.all("a") if one.inside("nav") and one.inside("header")]
    assert {"Form", "Model card", "API"} <= {one.text for one in links}
    assert [one.text for one in links if one.get("aria-current") == "page"] == [label]
    for link in links:
        assert client.get(link["href"]).status_code == 200, link


@pytest.mark.formula
def test_the_model_card_has_the_facts(client: FlaskClient, insurance_schema: Schema) -> None:
    """The card shows metrics with their spread, each field with its range, and the limits."""
    page = get(client, "/model")
    text = " ".join(page.one("main").text.split())
    assert "2,950 ± 200" in text
    assert "Not fitted: no time left" in text
    assert "not cause and effect" in text
    assert "0" * 64 in text
    for field in insurance_schema.fields:
        row = next(one for one in page.all("tr") if field.name in one.text)
        ends = (field.show(field.minimum), field.show(field.hard_maximum))
        shown = [choice.label for choice in field.choices] or ends
        assert all(value in row.text for value in shown), field.name


def test_the_model_card_of_classes_names_them(iris_client: FlaskClient) -> None:
    """For classification the card lists the classes."""
    text = get(iris_client, "/model").one("main").text
    assert "Iris-setosa, Iris-versicolor, Iris-virginica" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.73081, "0.7308"), (4323.61, "4,323.6"), (1338, "1,338"), (True, "yes"), (None, ""),
     ("lr", "lr"), ({"mean": 0.5}, "0.5")],
)  # fmt: skip
def test_figures_have_the_digits_that_people_compare(value: object, text: str) -> None:
    """Four digits for small figures, one decimal for large ones."""
    assert measure(value) == text


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nothing-here", 404, "There is no page at this address"),
        ("GET", "/predict", 405, "only takes what a form sends"),
        ("POST", "/predict", 413, "The body is larger than"),
    ],
)
def test_browsers_get_their_errors_as_pages(
    client: FlaskClient, method: str, path: str, status: int, words: str
) -> None:
    """An error that is about no value is a page in the usual layout, with a way back."""
    body = b"a" * (client.application.config["MAX_BODY"] + 1) if method == "POST" else None
    response = client.open(path, method=method, data=body, headers={"Accept": "text/html"})
    assert response.status_code == status
    page = Page(response.text)
    assert words in page.one("main").text
    assert page.title.startswith(page.one("h1").text)
    assert any(one["href"] == "/" for one in page.all("a") if one.inside("main"))


@pytest.mark.parametrize(
    ("path", "accept", "page"),
    [
        ("/nothing-here", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("/nothing-here", "*/*", False),
        ("/nothing-here", None, False),
        ("/nothing-here", "application/json", False),
        ("/nothing-here", "application/json, text/html;q=0.5", False),
        ("/nothing-here", "text/html;q=0, */*", False),
        ("/api/nothing-here", "*/*", False),
        ("/api/nothing-here", None, False),
        ("/api/v1/predict", "text/html", False),
        ("/predict", "*/*", False),
        ("/predict", "text/html", True),
    ],
)
def test_who_names_html_gets_a_page_and_others_a_problem(
    client: FlaskClient, path: str, accept: str | None, page: bool
) -> None:
    """Browsers name HTML; curl takes anything, and gets JSON, as everybody does from the API."""
    response = client.get(path, headers={"Accept": accept} if accept else {})
    assert response.status_code in (404, 405)
    expected = "text/html; charset=utf-8" if page else "application/problem+json"
    assert response.content_type == expected


def test_beyond_the_training_data_no_coverage_is_claimed() -> None:
    """What nine in ten similar cases do is only said of a case like those of training."""
    client = started(shipped_deployment("onnx")).test_client()
    row = {
        "age": "55", "sex": "male", "bmi": "30", "children": "1", "smoker": "yes",
        "region": "northwest",
    }
    seen = client.post("/predict", data=row).text
    beyond = client.post("/predict", data=row | {"bmi": "59"}).text
    assert "About 9 in 10 similar cases fall in this range." in seen
    assert "About 9 in 10" not in beyond
    assert "outside the training data" in beyond
