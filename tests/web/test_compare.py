"""Cases side by side, without a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient

from tablecast.deployment.deployment import Deployment
from tablecast.web.app import create_app
from tablecast.web.form.cases import MOST_CASES
from tests.explained import charging, grading, of_every_kind, of_long_form, of_many_levels
from tests.markup import Element, Page

FIRST = {"age": "40", "bmi": "30", "smoker": "yes", "region": "west"}

#: Of the sums of two amounts that are shown with so many digits.
ROUNDING = 1.5


@pytest.fixture
def charges() -> FlaskClient:
    return create_app(charging()).test_client()


def get(client: FlaskClient, values: Mapping[str, str], status: int = 200) -> Page:
    response = client.get("/compare", query_string=values)
    assert response.status_code == status
    return Page(response.text)


def address(case: int, **values: str) -> dict[str, str]:
    return {f"{case}.{name}": value for name, value in values.items()}


def column(page: Page, row: str) -> list[str]:
    """The cells of a row of the table, by its name."""
    (head,) = [one for one in page.all("th", scope="row") if one.text.strip().startswith(row)]
    return [one.text.strip() for one in page.all("td") if one.parent is head.parent]


def amount(text: str) -> float:
    return float(re.sub(r"[^\d.-]", "", text.replace("−", "-")))


def sent(page: Page) -> dict[str, str]:
    """What the form of all cases would send."""
    values = {one["name"]: one["value"] for one in page.all("input", type="text")}
    chosen = [one for one in page.all("option") if "selected" in one.attributes]
    return values | {owner(one)["name"]: one["value"] for one in chosen}


def owner(option: Element) -> Element:
    select = option.inside("select")
    assert select is not None
    return select


def test_each_case_has_its_own_answer_and_its_change(charges: FlaskClient) -> None:
    """The answers are those of the form; the change is against the first case."""
    page = get(charges, address(1, **FIRST) | address(2, smoker="no") | address(3, bmi="20"))
    assert list(map(amount, column(page, "Charges"))) == [27_000, 8_000, 22_000]
    assert column(page, "Against case 1")[0] == ""
    assert list(map(amount, column(page, "Against case 1")[1:])) == [-19_000, -5_000]


def test_what_a_case_leaves_out_is_the_first_ones(charges: FlaskClient) -> None:
    """Only what differs is in the address; it is marked with the first case's value."""
    page = get(charges, address(1, **FIRST) | address(2, smoker="no"))
    assert sent(page) == address(1, **FIRST) | address(2, **FIRST | {"smoker": "no"})
    assert [one.text.strip() for one in page.of_class("was")] == ["Case 1: Yes"]


def test_the_reasons_add_up(charges: FlaskClient) -> None:
    """From the first answer, the steps of the fields that differ lead to the other one."""
    other = {"age": "50", "bmi": "38", "smoker": "no", "region": "west"}
    page = get(charges, address(1, **FIRST) | address(2, **other))
    (table,) = [one for one in page.all("table") if one.get("class") == "steps"]
    cells = [one.text for one in page.all("td") if one.inside("table") is table]
    first, *steps, last = [amount(text) for text in cells if re.search(r"\d", text)]
    assert len(steps) == 3
    assert first + sum(steps) == pytest.approx(last, abs=ROUNDING)
    assert "Smoker No instead of Yes" in " ".join(table.text.split())


def test_cases_that_are_alike_say_so(charges: FlaskClient) -> None:
    """There are no reasons where nothing differs."""
    page = get(charges, address(1, **FIRST))
    assert "The values are the same as in case 1." in page.one("main").text


def test_classes_are_compared_by_the_first_ones_probability() -> None:
    """The answer is the class with its probability; the change is in percentage points."""
    client = create_app(grading()).test_client()
    page = get(client, address(1, **FIRST) | address(2, age="64", bmi="36"))
    answers = column(page, "Grade")
    assert [answer.partition(" (")[0] for answer in answers] == ["high", "middle"]
    assert amount(column(page, "Probability of high")[1]) < -10
    assert "percentage points" in page.one("main").text


def test_without_a_case_two_typical_ones_stand_there(charges: FlaskClient) -> None:
    """The navigation leads to it."""
    page = get(charges, {})
    assert {"case-1", "case-2"} <= set(page.ids)
    assert all(column(page, "Charges"))


def test_a_case_alone_is_compared_with_the_typical_one(charges: FlaskClient) -> None:
    """An address may say what differs, and nothing else."""
    page = get(charges, {"4.smoker": "yes"})
    assert [sent(page)[f"{case}.smoker"] for case in (1, 2)] == ["no", "yes"]


def test_the_button_leads_to_the_address_of_its_cases(charges: FlaskClient) -> None:
    """Nothing is sent twice on reload, and the address holds all that was filled in."""
    filled = address(1, **FIRST) | address(2, **FIRST | {"age": "50"})
    response = charges.post("/compare?lang=zh", data=filled)
    assert response.status_code == 303
    place = urlsplit(response.location)
    assert dict(parse_qsl(place.query)) == address(1, **FIRST) | {"2.age": "50", "lang": "zh"}
    assert sent(Page(charges.get(response.location).text)) == filled


def test_a_case_is_added_and_removed(charges: FlaskClient) -> None:
    """Up to four; a new one is like the last; the others keep their values; two always stay."""
    filled = address(1, **FIRST) | address(2, **FIRST | {"age": "50"})
    for count in range(3, MOST_CASES + 2):
        where = charges.post("/compare", data=filled | {"do": "add"}).location
        filled = sent(Page(charges.get(where).text))
        assert len(filled) == 4 * min(count, MOST_CASES)
    filled |= {"3.age": "60"}
    for count in (3, 2, 2):
        where = charges.post("/compare", data=filled | {"do": "remove-2"}).location
        filled = sent(Page(charges.get(where).text))
        assert len(filled) == 4 * count
    assert filled["1.age"] == "40"


def test_a_value_that_is_not_valid_is_told_and_kept(charges: FlaskClient) -> None:
    """The summary leads to the cell; the other cases keep their answers."""
    page = get(charges, address(1, **FIRST) | address(2, age="old", smoker="maybe"), 422)
    links = [one for one in page.all("a") if (one.get("href") or "").startswith("#case")]
    assert len(links) == 2
    for link in links:
        wrong = page.by_id(link["href"][1:])
        assert wrong["aria-invalid"] == "true"
        assert page.by_id(wrong["aria-describedby"]).text
    assert sent(page)["2.age"] == "old"
    assert sent(page)["2.smoker"] == "maybe"
    answers = column(page, "Charges")
    assert amount(answers[0]) == 27_000
    assert answers[1] == "No prediction: correct the values below."
    assert page.title.startswith("Error:")


@pytest.mark.parametrize(
    "odd",
    [
        {"5.age": "1", "0.age": "1", "x": "y", "1.none": "2", "1": "3", ".age": "4", "2.": "5"},
        {"do": "remove-9"}, {"3.age": "50"},
    ],
)  # fmt: skip
def test_other_names_are_left_alone(charges: FlaskClient, odd: dict[str, str]) -> None:
    """Mail programs add names to a link; a case that has no number before it is the next one."""
    page = get(charges, address(1, **FIRST) | odd)
    assert [one for one in page.ids if one.startswith("case-") and one.count("-") == 1] == [
        "case-1", "case-2",
    ]  # fmt: skip
    assert charges.post("/compare", data=address(1, **FIRST) | odd).status_code == 303


def test_every_kind_of_field_comes_back_as_it_was() -> None:
    """What the form of all cases sends is what its address shows again, dates and names with dots
    among them."""
    client = create_app(of_every_kind()).test_client()
    filled = sent(get(client, {}))
    where = client.post("/compare", data=filled).location
    assert sent(Page(client.get(where).text)) == filled


@pytest.mark.parametrize("deployment", [of_long_form(), of_many_levels()], ids=["long", "levels"])
def test_four_cases_of_a_long_form_stay_a_page(deployment: Deployment) -> None:
    """A page is below 150 KB, and the address short enough for every server."""
    client = create_app(deployment).test_client()
    names = [field.name for field in deployment.schema.fields]
    values = {f"{case}.{name}": field.show(field.default) for case in range(1, 5)
              for name, field in zip(names, deployment.schema.fields, strict=True)}  # fmt: skip
    response = client.post("/compare", data=values)
    assert len(response.location or "") < 4_094
    page = client.get(response.location)
    assert page.status_code == 200
    assert len(page.data) < 150_000


def test_cases_that_no_address_holds_are_answered_all_the_same() -> None:
    """Where everything differs in eighty fields, the button's own answer is the page."""
    deployment = of_long_form()
    client = create_app(deployment).test_client()
    values = {f"{case}.{field.name}": str(50 * case) for case in range(1, 5)
              for field in deployment.schema.fields}  # fmt: skip
    response = client.post("/compare", data=values)
    assert response.status_code == 200
    page = Page(response.text)
    assert sent(page) == values
    (note,) = {one.text for one in page.all("small")} or {""}
    assert note.startswith("±")


def test_an_answer_leads_to_its_comparison(charges: FlaskClient) -> None:
    """“Compare with another” keeps the case, and opens a second one like it."""
    answer = Page(charges.post("/predict", data=FIRST).text)
    (link,) = [one["href"] for one in answer.all("a") if one.text == "Compare with another"]
    page = Page(charges.get(link).text)
    assert sent(page) == address(1, **FIRST) | address(2, **FIRST)


def test_markup_in_a_value_is_shown_as_text(charges: FlaskClient) -> None:
    """A link that somebody else has made runs nothing."""
    text = '"><img src=x onerror=alert(1)>'
    page = get(charges, address(1, **FIRST | {"age": text, "region": text}), 422)
    assert not page.all("img")
    assert sent(page)["1.region"] == text


def test_four_cases_take_little_of_the_processor() -> None:
    """Below 0.3 seconds where eighty fields differ in all of them, which is the most there is."""
    deployment = of_long_form()
    client = create_app(deployment).test_client()
    body = urlencode({f"{case}.{field.name}": str(50 * case) for case in range(1, 5)
                      for field in deployment.schema.fields})  # fmt: skip
    kind = "application/x-www-form-urlencoded"
    client.post("/compare", data=body, content_type=kind)
    began = time.process_time()
    client.post("/compare", data=body, content_type=kind)
    assert time.process_time() - began < 0.3
