"""What an answer should have been, told by a program, on a page or in a file."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from tablecast.deployment.opening import load
from tablecast.log import outcomes
from tablecast.log.database import engine_of
from tablecast.log.retention import erase
from tablecast.web.access.key_file import new_key, write_file
from tests.deployments import SHIPPED
from tests.logged import ROW, logged, rows_of
from tests.markup import Page
from tests.stand_ins import NearestPetalEngine, deploy, iris_schema

PATH = "/api/v1/outcomes"
FLOWER = {"sepal_length": 5.0, "petal_length": 1.4}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Insurance with a log."""
    return logged(tmp_path, monkeypatch).test_client()


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Iris with a log."""
    iris = deploy("iris", iris_schema(), NearestPetalEngine())
    return logged(tmp_path, monkeypatch, iris).test_client()


def asked(client: FlaskClient, row: Any = ROW) -> str:
    """The id of an answer."""
    return client.post("/predict_api", json=row).headers["X-Prediction-Id"]


def told(folder: Path) -> dict[str, Any]:
    """Every outcome that is kept, by its id."""
    pairs = rows_of(folder, "outcome", "prediction_id, outcome")
    return {one: json.loads(outcome) for one, outcome in pairs}


def test_an_outcome_is_kept_once(client: FlaskClient, tmp_path: Path) -> None:
    """Alone or in a list; to tell it again changes nothing."""
    first, second = asked(client), asked(client)
    assert client.post(PATH, json={"id": first, "outcome": 9000}).json == {"added": 1, "known": 0}
    both = [{"id": first, "outcome": 9000.0}, {"id": second, "outcome": "1200.5"}]
    assert client.post(PATH, json=both).json == {"added": 1, "known": 1}
    assert client.post(PATH, json=both).json == {"added": 0, "known": 2}
    assert told(tmp_path) == {first: 9000.0, second: 1200.5}


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("a lot", 422), (None, 422), (True, 422), ([1], 422), ({}, 422), ("", 422), ("1e999", 422)],
)
def test_an_outcome_of_another_kind_is_refused(
    client: FlaskClient, tmp_path: Path, outcome: Any, status: int
) -> None:
    """Naming the place in the list and what would do; nothing of the list is kept."""
    one, other = asked(client), asked(client)
    sent = [{"id": one, "outcome": 1}, {"id": other, "outcome": outcome}]
    response = client.post(PATH, json=sent)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert [(error["row"], error["field"]) for error in response.json["errors"]] == [(1, "outcome")]
    assert told(tmp_path) == {}


@pytest.mark.parametrize("outcome", [1e9, -1e300, 10**20, "2e8"])
def test_an_amount_out_of_all_proportion_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    """A thousand times as much as training ever had is a slip of the hand, in one line."""
    client = logged(tmp_path, monkeypatch, load(SHIPPED)).test_client()
    one = asked(client)
    refused = client.post(PATH, json={"id": one, "outcome": outcome})
    assert refused.status_code == 422
    (error,) = refused.json["errors"]
    assert error["field"] == "outcome"
    assert "100000000" in error["message"].replace(",", "").replace("\u202f", "")
    assert client.post(PATH, json={"id": one, "outcome": 9e7}).status_code == 200
    assert told(tmp_path) == {one: 9e7}


@pytest.mark.thorough
@pytest.mark.parametrize("meanwhile", ["told", "told otherwise", "erased", "replaced"])
def test_outcomes_that_others_change_meanwhile(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """Between looking and writing: what is there then decides, and the sums say the same."""
    first, second = asked(client), asked(client)
    engine = engine_of(f"sqlite:///{tmp_path / 'log.db'}")
    if meanwhile == "replaced":
        client.post(PATH, json={"id": first, "outcome": 1})
    computing = outcomes.sums_of_outcomes
    said: list[int] = []

    def slowly(*args: Any) -> Any:
        sums = computing(*args)
        if not said:
            said.append(1)
            if meanwhile == "erased":
                erase(engine, first)
            else:
                value = 9000.0 if meanwhile == "told" else 5.0
                others = [outcomes.Told(first, value)]
                outcomes.add_outcomes(engine, "insurance", others, None, replacing=True)
        return sums

    monkeypatch.setattr(outcomes, "sums_of_outcomes", slowly)
    both = [outcomes.Told(first, 9000.0), outcomes.Told(second, 1200.5)]
    replacing = meanwhile == "replaced"
    if meanwhile in ("told", "replaced"):
        outcomes.add_outcomes(engine, "insurance", both, None, replacing=replacing)
        assert told(tmp_path) == {first: 9000.0, second: 1200.5}
    else:
        with pytest.raises(outcomes.OutcomesRefused) as refused:
            outcomes.add_outcomes(engine, "insurance", both, None, replacing=replacing)
        assert refused.value.status == (404 if meanwhile == "erased" else 409)
        assert second not in told(tmp_path)
    sums = [json.loads(one)["outcomes"]["rows"] for (one,) in rows_of(tmp_path, "daily", "sums")
            if "outcomes" in one]  # fmt: skip
    assert sum(sums) == len(told(tmp_path))


def test_an_unknown_id_is_refused(client: FlaskClient, tmp_path: Path) -> None:
    """404 where it is all that is wrong; nothing of the list is kept."""
    for odd in ("", " ", "\0", "é", "x" * 3000, "' OR 1=1 --"):
        alone = client.post(PATH, json={"id": odd, "outcome": 1})
        assert alone.status_code == 404
        assert alone.json["errors"][0]["row"] is None
        assert client.get("/outcome", query_string={"id": odd}).status_code in (200, 404)
    one = asked(client)
    sent = [{"id": one, "outcome": 1}, {"id": "no such id", "outcome": 1}]
    response = client.post(PATH, json=sent)
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert "no such id" in response.json["detail"]
    assert [error["row"] for error in response.json["errors"]] == [1]
    assert told(tmp_path) == {}


def test_another_outcome_is_refused(client: FlaskClient, tmp_path: Path) -> None:
    """409, whether it was told before or in the same list; the first one stays."""
    one, other = asked(client), asked(client)
    client.post(PATH, json={"id": one, "outcome": 1})
    response = client.post(PATH, json={"id": one, "outcome": 2})
    assert response.status_code == 409
    assert response.json["errors"][0]["field"] == "outcome"
    twice = [{"id": other, "outcome": 1}, {"id": other, "outcome": 2}]
    assert client.post(PATH, json=twice).status_code == 409
    assert told(tmp_path) == {one: 1.0}


@pytest.mark.parametrize(
    "body", [1, "x", None, [1], {}, {"id": 7, "outcome": 1}, {"outcome": 1}, {"id": "x"},
             {"id": "x", "outcome": 1, "comment": "good"}],
)  # fmt: skip
def test_what_is_no_outcome_is_refused(client: FlaskClient, body: Any) -> None:
    """In the API's one shape of a problem, saying what to send."""
    response = client.post(PATH, data=json.dumps(body), content_type="application/json")
    assert response.status_code == 422
    assert "outcome" in response.json["detail"]


def test_a_body_that_is_not_json_is_refused(client: FlaskClient) -> None:
    """400 where it is called JSON, 415 where it is called something else."""
    assert client.post(PATH, data="{", content_type="application/json").status_code == 400
    assert client.post(PATH, data="{}", content_type="text/plain").status_code == 415


def test_a_class_is_told_as_the_table_spells_it(flowers: FlaskClient, tmp_path: Path) -> None:
    """In any letter case; another text is no class, and the classes are named."""
    one = asked(flowers, FLOWER)
    refused = flowers.post(PATH, json={"id": one, "outcome": "tulip"})
    assert refused.status_code == 422
    assert "Iris-virginica" in refused.json["detail"]
    assert flowers.post(PATH, json={"id": one, "outcome": "IRIS-setosa "}).status_code == 200
    assert told(tmp_path) == {one: "Iris-setosa"}


def test_answers_of_another_deployment_are_not_this_ones(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One log may have several deployments' answers."""
    one = asked(client)
    iris = deploy("iris", iris_schema(), NearestPetalEngine())
    other = logged(tmp_path, monkeypatch, iris).test_client()
    response = other.post(PATH, json={"id": one, "outcome": "Iris-setosa"})
    assert response.status_code == 404
    assert "insurance" in response.json["detail"]
    assert other.get("/outcome", query_string={"id": one}).status_code == 404


def test_a_csv_body_holds_many(client: FlaskClient, tmp_path: Path) -> None:
    """With the target's name for the outcomes, and rows that have none yet."""
    ids = [asked(client) for _ in range(3)]
    text = "prediction_id,age,charges\n" + "".join(
        f"{one},39,{charges}\n" for one, charges in zip(ids, ("100", "", "300.5"), strict=True)
    )
    response = client.post(PATH, data=text, content_type="text/csv")
    assert response.json == {"added": 2, "known": 0}
    assert told(tmp_path) == {ids[0]: 100.0, ids[2]: 300.5}
    wrong = client.post(PATH, data=f"id,outcome\n{ids[1]},many\n", content_type="text/csv")
    assert wrong.status_code == 422
    assert "Line 2" in wrong.json["detail"]


def test_the_answer_page_leads_to_its_outcome(client: FlaskClient, tmp_path: Path) -> None:
    """The link's page shows the answer and what was asked, and keeps what somebody fills in."""
    answered = Page(client.post("/predict", data=ROW).text)
    (link,) = [one for one in answered.all("a") if one.text == "Tell us what it was"]
    page = client.get(link["href"]).text
    assert "$9,750" in page
    assert "northwest" in page.lower()
    (one,) = [one for (one,) in rows_of(tmp_path, "prediction", "id")]
    wrong = client.post("/outcome", data={"id": one, "outcome": "much"})
    assert wrong.status_code == 422
    assert 'value="much"' in wrong.text
    done = client.post("/outcome", data={"id": one, "outcome": "$9000"})
    assert done.status_code == 200
    assert "Thank you" in done.text
    assert told(tmp_path) == {one: 9000.0}
    otherwise = client.post("/outcome", data={"id": one, "outcome": "1"})
    assert otherwise.status_code == 422
    assert told(tmp_path) == {one: 9000.0}


def test_an_answer_of_an_earlier_version_is_shown_whole(
    client: FlaskClient, tmp_path: Path
) -> None:
    """With what was asked for fields that the deployment has no longer, and marked as such."""
    one = asked(client)
    assert "earlier version" not in client.get("/outcome", query_string={"id": one}).text
    given = json.dumps({"age": 30, "height": 171.5, "town": "hmac-sha256:0", "shoe": None})
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("UPDATE prediction SET sha256 = 'before', given = ?", [given])
    text = client.get("/outcome", query_string={"id": one}).text
    assert "earlier version" in text
    pairs = zip(Page(text).all("dt"), Page(text).all("dd"), strict=True)
    shown = {name.text: value.text for name, value in pairs}
    assert (shown["height"], shown["town"], shown["shoe"]) == ("171.5", "(hidden)", "–")


def test_a_class_is_chosen(flowers: FlaskClient, tmp_path: Path) -> None:
    """The page offers the classes."""
    one = asked(flowers, FLOWER)
    page = Page(flowers.get("/outcome", query_string={"id": one}).text)
    offered = [radio["value"] for radio in page.all("input") if radio.get("type") == "radio"]
    assert offered == list(NearestPetalEngine.SPECIES)
    flowers.post("/outcome", data={"id": one, "outcome": offered[1]})
    assert told(tmp_path) == {one: "Iris-versicolor"}


@pytest.mark.parametrize("path", ["/outcome", "/outcome?id=", "/outcome?id=%20"])
def test_the_page_asks_for_an_id(client: FlaskClient, path: str) -> None:
    """It is found without a link, too."""
    response = client.get(path)
    assert response.status_code == 200
    assert 'name="id"' in response.text


def test_an_id_that_is_not_there_is_said(client: FlaskClient) -> None:
    """With the id still there, to be corrected."""
    for response in (client.get("/outcome?id=x<y"), client.post("/outcome", data={"id": "x<y"})):
        assert response.status_code == 404
        assert "x&lt;y" in response.text


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_is_sent_on_the_page(
    client: FlaskClient, tmp_path: Path, ending: str
) -> None:
    """CSV or Excel: counted, or refused with the rows that are at fault, and then not kept."""
    ids = [asked(client) for _ in range(2)]

    def sent(table: pd.DataFrame) -> Any:
        content = io.BytesIO()
        if ending == "csv":
            table.to_csv(content, index=False)
        else:
            table.to_excel(content, index=False)
        content.seek(0)
        return client.post("/outcome/file", data={"file": (content, f"told.{ending}")})

    wrong = sent(pd.DataFrame({"id": [ids[0], "x"], "outcome": [1.5, 2.5]}))
    assert wrong.status_code == 422
    assert "id x" in wrong.text.replace("“", "").replace("”", "").replace("&#34;", "")
    assert told(tmp_path) == {}
    right = sent(pd.DataFrame({"id": ids, "outcome": [1.5, 2.5]}))
    assert right.status_code == 200
    assert "New outcomes: 2" in right.text
    assert told(tmp_path) == dict(zip(ids, (1.5, 2.5), strict=True))
    assert client.post("/outcome/file", data={"file": ""}).status_code == 422


def test_without_a_log_there_is_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the route nor the page nor the link."""
    from tests.logged import insurance
    from tests.started import started

    monkeypatch.delenv("TABLECAST_LOG", raising=False)
    monkeypatch.setenv("TABLECAST_ACCESS_LOG", "off")
    client = started(insurance()).test_client()
    assert client.post(PATH, json={}).status_code == 404
    assert client.get("/outcome").status_code == 404
    assert "Tell us what it was" not in client.post("/predict", data=ROW).text


def test_the_document_describes_the_log(client: FlaskClient) -> None:
    """The routes, the id of an answer, the key of a request and what may fail: valid OpenAPI."""
    document = client.get("/openapi.json").json
    validate(document)
    described = document["paths"][PATH]["post"]
    assert {"200", "400", "404", "409", "415", "422", "503"} <= set(described["responses"])
    predicting = document["paths"]["/api/v1/predict"]["post"]
    assert "X-Prediction-Id" in predicting["responses"]["200"]["headers"]
    assert "503" in predicting["responses"]
    assert "Idempotency-Key" in [one["name"] for one in predicting["parameters"]]
    schemas = document["components"]["schemas"]
    answer = client.post("/api/v1/predict", json=ROW).json["predictions"][0]
    assert set(answer) <= set(schemas["Prediction"]["properties"])
    assert client.get("/docs").status_code == 200


def test_the_document_s_example_can_be_sent(client: FlaskClient) -> None:
    """With an id of ours in place of the example's."""
    described = client.get("/openapi.json").json["paths"][PATH]["post"]
    sent = described["requestBody"]["content"]["application/json"]["examples"]["row"]["value"]
    response = client.post(PATH, json=sent | {"id": asked(client)})
    answers = described["responses"]["200"]["content"]["application/json"]["examples"]
    assert response.json == answers["row"]["value"]


def test_keys_open_outcomes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may ask may tell; who may not is refused. The log knows which key did."""
    secrets = {}
    keys = []
    for name, role in (("sales", "ask"), ("prometheus", "watch")):
        secrets[name], key = new_key(name, role, "", None)
        keys.append(key)
    write_file(tmp_path / "keys.jsonl", keys)
    monkeypatch.setenv("TABLECAST_KEYS", str(tmp_path / "keys.jsonl"))
    client = logged(tmp_path, monkeypatch).test_client()
    held, watching = (
        {"headers": {"Authorization": f"Bearer {secrets[name]}"}} for name in secrets
    )
    assert client.post(PATH, json={}).status_code == 401
    one = client.post("/predict_api", json=ROW, **held).headers["X-Prediction-Id"]
    sent = {"id": one, "outcome": 1}
    assert client.post(PATH, json=sent, **watching).status_code == 403
    assert client.post(PATH, json=sent, **held).status_code == 200
    assert client.get(f"/outcome?id={one}", **held).status_code == 200
    assert rows_of(tmp_path, "prediction", "key") == [("sales",)]
    assert rows_of(tmp_path, "outcome", "key") == [("sales",)]


@pytest.mark.thorough
def test_an_outcome_that_cannot_be_kept_is_not_lost(client: FlaskClient, tmp_path: Path) -> None:
    """503 with Retry-After while the database is locked; sent again, it is kept."""
    one = asked(client)
    holder = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    sent = {"id": one, "outcome": 1}
    refused = client.post(PATH, json=sent)
    page = client.post("/outcome", data=sent, headers={"Accept": "text/html"})
    holder.close()
    for response in (refused, page):
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
    assert client.post(PATH, json=sent).json == {"added": 1, "known": 0}
    (tmp_path / "log.db").rename(tmp_path / "away.db")
    assert client.post(PATH, json=sent).status_code == 503
    assert client.get(f"/outcome?id={one}").status_code == 503
