"""What would have to change, on the answer's page and in the API."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tablecast.web.app import create_app
from tests.deployments import shipped_client
from tests.explained import charging, deployment_of, grading, people
from tests.markup import Page
from tests.served import PlaceEngine

ROW: dict[str, str] = {"age": "40", "bmi": "30", "smoker": "yes", "region": "west"}
WISH = {"wish": "20000", "wish-way": "most"}
ASKED: dict[str, Any] = {"age": 40, "bmi": 30.0, "smoker": "yes", "region": "west"}


@pytest.fixture
def charges() -> FlaskClient:
    return create_app(charging()).test_client()


@pytest.fixture
def grades() -> FlaskClient:
    return create_app(grading()).test_client()


def ways_of(page: Page) -> list[str]:
    lists = page.of_class("ways-list")
    return [" ".join(one.text.split()) for one in page.all("li") if one.parent in lists]


def said(page: Page) -> str:
    return " ".join(page.by_id("ways").text.split())


def test_an_amount_shows_the_ways_that_lead_there(charges: FlaskClient) -> None:
    """The wish is sent with the form; each way has its answer and its changes, and stays honest."""
    page = Page(charges.post("/predict", data=ROW | WISH).text)
    ways = ways_of(page)
    assert "8,000" in ways[0]
    assert "Smoker: No instead of Yes" in ways[0]
    assert "not what causes what" in said(page)
    assert page.by_id("wish")["value"] == "20000"
    (chosen,) = [one for one in page.all("option") if "selected" in one.attributes and
                 one.parent is page.by_id("wish-way")]  # fmt: skip
    assert chosen["value"] == "most"


def test_the_controls_belong_to_the_form(charges: FlaskClient) -> None:
    """Without scripts too, the case as it stands in the form is sent along."""
    page = Page(charges.post("/predict", data=ROW).text)
    form = page.one("form")["id"]
    for name in ("wish", "wish-way"):
        assert page.by_id(name)["form"] == form
    (button,) = [one for one in page.all("button") if one.get("form") == form]
    assert button["formaction"] == "/#ways"
    assert ways_of(page) == []


def test_a_class_is_chosen_from_the_others(grades: FlaskClient) -> None:
    """All classes but the case's own; the ways are answered with the one that was chosen."""
    page = Page(grades.post("/predict", data=ROW | {"wish": "middle"}).text)
    offered = [one["value"] for one in page.all("option") if one.parent is page.by_id("wish")]
    own = page.of_class("answer")[0].text
    assert own not in offered
    assert sorted([*offered, own]) == ["", "high", "low", "middle"]
    assert ways_of(page)
    assert all(re.match(r"middle \([0-9]+%\)", way) for way in ways_of(page))


def test_each_way_can_be_compared(charges: FlaskClient) -> None:
    """The link puts the case and its way side by side, with the answer that was told."""
    page = Page(charges.post("/predict", data=ROW | {"wish": "25000", "wish-way": "most"}).text)
    links = [one["href"] for one in page.all("a") if one.inside("ol")]
    assert len(links) == len(ways_of(page)) > 1
    for link, way in zip(links, ways_of(page), strict=True):
        compared = Page(charges.get(link).text)
        own, other = [one.text for one in compared.of_class("compare-answer")]
        assert re.sub(r"\D", "", own) == "27000"
        assert way.startswith(other)
    (together,) = [one["href"] for one in page.all("a") if one.text.startswith("Compare all")]
    cases = Page(charges.get(together).text).of_class("compare-answer")
    assert len(cases) == 1 + len(links)


def test_a_permalink_keeps_the_wish(charges: FlaskClient) -> None:
    """An address with a wish is answered with its ways, and so is the other language's."""
    page = Page(charges.get("/", query_string=ROW | WISH).text)
    assert ways_of(page)
    (other,) = [one["href"] for one in page.all("a") if one.get("data-language") == "zh"]
    assert len(ways_of(Page(charges.get(other).text))) == len(ways_of(page))


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"wish": "cheap", "wish-way": "most"}, "as a number"),
        ({"wish": "1e999", "wish-way": "most"}, "number"),
        ({"wish": "nan"}, "number"),
    ],
)
def test_a_wish_that_is_no_amount_is_told_and_kept(
    charges: FlaskClient, sent: dict[str, str], words: str
) -> None:
    """The answer stays; the words stand beside the control, which keeps what was typed."""
    response = charges.post("/predict", data=ROW | sent)
    assert response.status_code == 422
    page = Page(response.text)
    assert page.of_class("answer")
    assert words in page.by_id("wish-error").text
    assert page.by_id("wish")["aria-describedby"] == "wish-error"
    assert page.by_id("wish")["value"] == sent["wish"]


def test_a_wish_for_no_class_of_the_list_is_told(grades: FlaskClient) -> None:
    """Somebody has changed the page or the address."""
    response = grades.post("/predict", data=ROW | {"wish": "<b>best"})
    assert response.status_code == 422
    assert "Choose one of the listed answers." in Page(response.text).by_id("wish-error").text


def test_what_cannot_be_reached_is_said(charges: FlaskClient) -> None:
    """With the changes that come nearest; and where the case has the answer, that it has."""
    page = Page(charges.post("/predict", data=ROW | {"wish": "0", "wish-way": "most"}).text)
    assert "This comes nearest" in said(page)
    assert len(ways_of(page)) == 1
    page = Page(charges.post("/predict", data=ROW | {"wish": "1", "wish-way": "least"}).text)
    assert "has this answer already" in said(page)
    assert ways_of(page) == []


def test_a_column_may_have_the_controls_name() -> None:
    """Then the controls take another, and the column's value stays its own."""
    table = people().rename(columns={"age": "wish", "bmi": "wish-way"})
    deployment = deployment_of(table, "place", "regression", _Ages())
    client = create_app(deployment).test_client()
    row = {"wish": "40", "wish-way": "30", "smoker": "yes", "region": "west"}
    page = Page(client.post("/predict", data=row | {"wish-": "50"}).text)
    assert page.by_id("wish")["name"] == "wish-"
    assert "Wish: 50 instead of 40" in ways_of(page)[0]


class _Ages:
    """Answers what the column of ages says, whatever its name."""

    def answer(self, columns: Columns) -> Answer:
        return Answer(columns.get("wish", columns.get("age")))


def test_while_somebody_types_no_ways_are_searched(charges: FlaskClient) -> None:
    """The live panel keeps what the controls hold, and is as quick as without."""
    page = Page(charges.post("/predict?part=answer", data=ROW | WISH).text)
    assert page.by_id("wish")["value"] == "20000"
    assert ways_of(page) == []


def test_the_ways_take_little_of_the_processor() -> None:
    """With the whole page, below 0.3 seconds."""
    client = shipped_client("onnx")
    row = {"age": "55", "sex": "male", "bmi": "59", "children": "1", "smoker": "yes",
           "region": "northwest"}  # fmt: skip
    client.post("/predict", data=row | WISH)
    began = time.process_time()
    client.post("/predict", data=row | {"wish": "-1e6", "wish-way": "most"})
    assert time.process_time() - began < 0.3


def test_answers_that_follow_nothing_have_no_ways() -> None:
    """The page says that no change comes nearer."""
    deployment = deployment_of(people(), "place", "regression", _Ages())
    alike = Deployment(deployment.description, PlaceEngine(deployment.schema))
    client = create_app(alike).test_client()
    page = Page(client.post("/predict", data=ROW | {"wish": "1e9"}).text)
    assert "No change of up to three values" in said(page)


# The API


def test_the_api_tells_the_ways(charges: FlaskClient) -> None:
    """A wish in the address fills "alternatives", with the values as a row would hold them."""
    response = charges.post("/api/v1/predict?at_most=20000", json=ASKED)
    (prediction,) = response.json["predictions"]
    found = prediction["alternatives"]
    assert found["met"] is False
    assert found["ways"]
    for way in found["ways"]:
        changed = {change["field"]: change["value"] for change in way["changes"]}
        again = charges.post("/predict_api", json=ASKED | changed)
        assert again.json == pytest.approx(way["prediction"])
        assert way["prediction"] <= 20_000
    assert found["nearest"] is None


def test_the_api_takes_a_class(grades: FlaskClient) -> None:
    """Of a classification the wish is a class."""
    response = grades.post("/api/v1/predict?class=middle", json=[ASKED, ASKED | {"age": 64}])
    for prediction in response.json["predictions"]:
        assert all(way["prediction"] == "middle" for way in prediction["alternatives"]["ways"])


def test_the_api_tells_what_comes_nearest(charges: FlaskClient) -> None:
    """Where nothing leads to the wish; and where nothing has to change."""
    response = charges.post("/api/v1/predict?at_most=0", json=ASKED)
    found = response.json["predictions"][0]["alternatives"]
    assert found["ways"] == []
    assert found["nearest"]["changes"]
    response = charges.post("/api/v1/predict?at_least=0", json=ASKED)
    assert response.json["predictions"][0]["alternatives"] == {
        "met": True, "ways": [], "nearest": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("at_most=cheap", "at_most"), ("at_least=nan", "at_least"), ("at_most=1e999", "at_most"),
        ("class=yes", "class"), ("at_most=1&at_least=2", "one of"),
    ],
)  # fmt: skip
def test_a_wish_that_means_nothing_is_refused(
    charges: FlaskClient, query: str, words: str
) -> None:
    """The problem names the parameter."""
    response = charges.post(f"/api/v1/predict?{query}", json=ASKED)
    assert response.status_code == 422
    assert words in response.json["detail"]


def test_an_unknown_class_is_refused(grades: FlaskClient) -> None:
    """With those that there are."""
    response = grades.post("/api/v1/predict?class=best", json=ASKED)
    assert response.status_code == 422
    assert "high, low, middle" in response.json["detail"]


def test_without_a_wish_nothing_is_searched(charges: FlaskClient) -> None:
    """The answer is as it was."""
    (prediction,) = charges.post("/api/v1/predict", json=ASKED).json["predictions"]
    assert "alternatives" not in prediction


def test_more_rows_than_can_be_searched_are_refused(charges: FlaskClient) -> None:
    """As with explanations."""
    response = charges.post("/api/v1/predict?at_most=1", json=[ASKED] * 21)
    assert response.status_code == 413
