"""JSON, NDJSON and CSV at /api/v1/predict: one table has one answer, whatever it is sent as."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
import served
from deployments import shipped_client
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from test_api import SMOKER, errors_of

from tests.logged import logged

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"

#: A file that gets a batch's columns.
TABLE = "note;age;sex;bmi;children;smoker;region\r\na;55;male;59;1;yes;northwest\r\n"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    """The shipped insurance deployment."""
    return shipped_client("onnx")


def ask(
    client: FlaskClient, data: Any, kind: str, accept: str | None = None, query: str = "",
    **headers: str,
) -> Any:
    """A request to the route, with a body of a kind."""
    accepted = {"Accept": accept} if accept else {}
    return client.post(
        f"/api/v1/predict{query}", data=data, content_type=kind, headers=accepted | headers,
        environ_overrides={} if data else {"CONTENT_LENGTH": "0"},
    )


def table_of(rows: list[dict[str, Any]], separator: str = ",") -> str:
    """Rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def lines_of(rows: list[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


PATIENTS = st.lists(
    st.fixed_dictionaries({
        "age": st.integers(15, 70), "sex": st.sampled_from(["male", " FEMALE"]),
        "bmi": st.floats(10, 60), "children": st.integers(0, 5),
        "smoker": st.sampled_from(["yes", "no", "No "]),
        "region": st.sampled_from(["northwest", "southeast", "Southwest"]),
    }),
    min_size=1, max_size=5,
)  # fmt: skip


@pytest.mark.thorough
@settings(deadline=None)
@given(rows=PATIENTS, separator=st.sampled_from([",", ";", "\t", "|"]))
def test_every_kind_of_body_has_the_same_predictions(
    client: FlaskClient, rows: list[dict[str, Any]], separator: str
) -> None:
    """Rows get the same predictions and warnings as JSON, as NDJSON and as CSV, byte for byte."""
    bodies = [(json.dumps(rows), JSON), (lines_of(rows), NDJSON), (table_of(rows, separator), CSV)]
    answers = [ask(client, *body) for body in bodies]
    assert [(answer.status_code, answer.mimetype) for answer in answers] == [(200, JSON)] * 3
    assert answers[0].data == answers[1].data == answers[2].data


@pytest.mark.thorough
@settings(deadline=None)
@given(rows=PATIENTS)
def test_every_kind_of_answer_has_the_same_predictions(
    client: FlaskClient, rows: list[dict[str, Any]]
) -> None:
    """Predictions and ranges are the same in JSON, in NDJSON and in CSV, for each kind of body."""
    for body in ((json.dumps(rows), JSON), (lines_of(rows), NDJSON), (table_of(rows), CSV)):
        expected = ask(client, *body).get_json()["predictions"]
        lines = ask(client, *body, accept=NDJSON)
        assert lines.mimetype == NDJSON
        assert list(map(json.loads, lines.text.splitlines())) == expected
        table = ask(client, *body, accept=CSV)
        assert table.content_type == "text/csv; charset=utf-8"
        answered = list(csv.DictReader(io.StringIO(table.text)))
        for row, prediction in zip(answered, expected, strict=True):
            assert math.isclose(float(row["prediction_label"]), prediction["prediction"],
                                rel_tol=1e-9)
            assert float(row["age"]) in {one["age"] for one in rows}


@pytest.mark.parametrize("make", [served.regression_app, served.classification_app])
def test_every_kind_of_field_goes_through_every_kind_of_body(make: Any) -> None:
    """Dates, booleans, missing values and odd names are read alike, and classes are answered."""
    app: Flask = make()
    client = app.test_client()
    document = client.get("/openapi.json").get_json()
    content = document["paths"]["/api/v1/predict"]["post"]["requestBody"]["content"]
    rows = content[JSON]["examples"]["rows"]["value"]
    lines, table = (content[kind]["examples"]["rows"]["value"] for kind in (NDJSON, CSV))
    bodies = [(json.dumps(rows), JSON), (lines, NDJSON), (table, CSV)]
    assert len({ask(client, *body).data for body in bodies}) == 1
    assert len({ask(client, *body, accept=NDJSON).data for body in bodies}) == 1
    tables = [ask(client, *body, accept=CSV).text.splitlines() for body in bodies]
    assert tables[0] == tables[1] == tables[2]


def test_a_table_comes_back_as_a_batch_writes_it(client: FlaskClient) -> None:
    """A CSV body keeps its other columns, its separator and its line ends."""
    answer = ask(client, TABLE, CSV, accept=CSV)
    sent = {"file": (io.BytesIO(TABLE.encode()), "a.csv")}
    with client.post("/batch", data=sent) as batch:
        assert answer.data == batch.data
    assert answer.text.startswith("note;age;")


def test_a_table_without_rows_has_no_predictions(client: FlaskClient) -> None:
    """Column names alone are an empty list, as [] is."""
    header = TABLE.partition("\n")[0]
    assert ask(client, header, CSV).get_json()["predictions"] == []
    assert ask(client, header, CSV, accept=NDJSON).data == b""
    assert ask(client, "[]", JSON, accept=CSV).text.startswith("age,sex,")


def test_what_is_guessed_of_a_table_is_said(client: FlaskClient) -> None:
    """A table in another encoding is read, and each row's warnings tell it."""
    warnings = ask(client, TABLE.replace("a;55", "Zoë;55").encode("cp1252"), CSV).get_json()[
        "predictions"][0]["warnings"]
    assert any("not UTF-8" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, JSON), ("*/*", JSON), ("text/html", JSON), ("application/json, text/csv", JSON),
        (f"{NDJSON}, {JSON}", NDJSON), (f"{JSON}, {NDJSON}", JSON), (f"{NDJSON}, */*", NDJSON),
        ("text/csv", CSV), ("TEXT/CSV; q=0.5, */*;q=0.1", CSV), ("text/csv;q=0", JSON),
        (f"{JSON};q=0.2, {NDJSON};q=0.9", NDJSON), ("text/csv;header=present", CSV),
    ],
)
def test_accept_chooses_the_answer(client: FlaskClient, accept: str | None, kind: str) -> None:
    """The kind that is named with most weight, the first of equals, else JSON; one row or more."""
    for data, sent in ((json.dumps(SMOKER), JSON), (TABLE, CSV), (lines_of([SMOKER]), NDJSON)):
        response = ask(client, data, sent, accept=accept)
        assert (response.status_code, response.mimetype) == (200, kind)


def test_reasons_are_in_json_and_ndjson_only(client: FlaskClient) -> None:
    """explain=1 explains rows of every kind; a CSV answer has no place for it, and says so."""
    (line,) = ask(client, TABLE, CSV, accept=NDJSON, query="?explain=1").text.splitlines()
    assert json.loads(line)["contributions"]
    refused = ask(client, TABLE, CSV, accept=CSV, query="?explain=1")
    assert "explain" in errors_of(refused, 422)[0]["message"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"", CSV, 400, "is empty"), (b"\n \n", CSV, 400, "is empty"),
        (b"", NDJSON, 400, "on each line"), (b"\r\n\n", NDJSON, 400, "on each line"),
        (b"age,sex\n1,2\n", CSV, 422, "has no column 'bmi'"),
        (b"age,age,sex,bmi,children,smoker,region\n", CSV, 422, "more than one column"),
        (b"age,s\0ex\n1,2\n", CSV, 422, "has no column 'sex'"),
        (b'{"age": "\0"}', NDJSON, 400, "Line 1 is not JSON"),
        (b"PK\x03\x04\x14\0\x06\0", CSV, 400, "not a CSV file"),
        (gzip.compress(TABLE.encode()), CSV, 400, "Content-Encoding: gzip"),
        (TABLE.encode() + b"b;1\r\nc;2\r\n" * 9, CSV, 400, "Line 3 of"),
        (TABLE.encode() + b'b;"1;male', CSV, 400, "Line 3 of"),
        (b'{"age": 1}\n{"age"\n', NDJSON, 400, "Line 2 is not JSON"),
        (b"{}\n" * 10_001, NDJSON, 413, "10,000 rows"),
        (b"age,sex,bmi,children,smoker,region\n" + b"20,male,30,0,no,northwest\n" * 10_001, CSV,
         413, "10,000 rows"),
        (b"x" * 20_000_000, CSV, 413, "larger than"),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_cannot_be_read_says_why(
    client: FlaskClient, body: bytes, kind: str, status: int, said: str
) -> None:
    """Empty, cut, binary or too long: a problem with what is wrong, and on which line."""
    response = ask(client, body, kind)
    errors_of(response, status)
    assert said in response.get_json(force=True)["detail"]


@pytest.mark.parametrize("accept", [JSON, NDJSON, CSV])
@pytest.mark.parametrize("kind", [NDJSON, CSV])
def test_a_refused_row_names_its_row_and_line(client: FlaskClient, kind: str, accept: str) -> None:
    """Of ten rows, the wrong ones are named by row from 0, line and field, and none is answered."""
    rows = [SMOKER] * 10
    rows[4], rows[7] = SMOKER | {"smoker": "perhaps"}, SMOKER | {"age": "old"}
    body = lines_of(rows) if kind == NDJSON else table_of(rows)
    errors = errors_of(ask(client, body, kind, accept=accept), 422)
    assert [(error["row"], error["field"]) for error in errors] == [(4, "smoker"), (7, "age")]
    first = 5 if kind == NDJSON else 6
    assert [error["message"].partition(":")[0] for error in errors] == [
        f"Line {first}", f"Line {first + 3}"
    ]


def test_blank_lines_are_no_rows_and_are_counted_as_lines(client: FlaskClient) -> None:
    """A blank line of NDJSON is passed over; the line of an error is that of the body."""
    good, bad = json.dumps(SMOKER), json.dumps(SMOKER | {"sex": "x"})
    assert len(ask(client, f"{good}\r\n\n{good}", NDJSON).get_json()["predictions"]) == 2
    (error,) = errors_of(ask(client, f"{good}\n\n{bad}\n[1]", NDJSON), 422)[:1]
    assert (error["row"], error["message"][:7]) == (1, "Line 3:")


@pytest.mark.parametrize("kind", [NDJSON, CSV])
def test_a_table_of_wrong_rows_is_told_a_hundred_times(client: FlaskClient, kind: str) -> None:
    """Ten thousand refused rows take no more than three seconds, and a hundred are told of."""
    rows = [SMOKER | {"smoker": f"s{place}"} for place in range(10_000)]
    body = lines_of(rows) if kind == NDJSON else table_of(rows)
    began = time.process_time()
    assert len(errors_of(ask(client, body, kind), 422)) == 100
    assert time.process_time() - began < 3


def test_a_packed_body_is_unpacked(client: FlaskClient) -> None:
    """gzip is read within the limit for every kind, and an answer of lines is sent packed."""
    for data, kind in ((TABLE, CSV), (lines_of([SMOKER]), NDJSON)):
        packed = gzip.compress(data.encode())
        response = ask(client, packed, kind, **{"Content-Encoding": "gzip"})
        assert response.get_json() == ask(client, data, kind).get_json()
        bomb = gzip.compress(b"\n" * 20_000_000)
        errors_of(ask(client, bomb, kind, **{"Content-Encoding": "gzip"}), 413)
    lines = ask(client, lines_of([SMOKER] * 50), NDJSON, NDJSON, **{"Accept-Encoding": "gzip"})
    assert len(gzip.decompress(lines.data).splitlines()) == 50


MULTIPART = "multipart/form-data; boundary=x"
UNREADABLE = [
    ("application/x-www-form-urlencoded", "age=39&region=España".encode("latin-1")),
    (MULTIPART, '--x\r\nContent-Disposition: form-data; name="file"; filename="价.csv"\r\n\r\na\r\n'
                "--x--\r\n".encode("gbk")),
    (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="age"\r\n\r\n39'),
    ("multipart/form-data", b"a"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body"), UNREADABLE, ids=["texts", "name", "end", "no boundary"])
@pytest.mark.parametrize("path", ["/predict", "/compare", "/batch", "/outcome/file"])
@pytest.mark.parametrize("accept", ["text/html", JSON])
def test_a_form_that_cannot_be_read_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, kind: str, body: bytes, accept: str
) -> None:
    """It is said what is wrong with it, and not that every field lacks a value."""
    client = logged(tmp_path, monkeypatch).test_client()
    answer = client.post(path, data=body, content_type=kind, headers={"Accept": accept})
    if path == "/batch" and "multipart" not in kind:
        assert answer.status_code == 415
    else:
        assert answer.status_code == 400
        assert "The form cannot be read" in answer.text


def test_every_part_of_a_packed_body_is_read(client: FlaskClient) -> None:
    """bgzip, and who joins packed files, make several streams in one; nothing else may follow."""
    lines = lines_of([SMOKER, SMOKER | {"age": 20}])
    first, second = (gzip.compress(line.encode()) for line in lines.splitlines(keepends=True))
    packed = {"Content-Encoding": "gzip"}
    whole = ask(client, lines, NDJSON).get_json()
    for padding in (b"", b"\0" * 100):
        assert ask(client, first + second + padding, NDJSON, **packed).get_json() == whole
    for wrong in (first + b"junk", first + second[:-3], first + second[:5], b"", first[:-8]):
        errors_of(ask(client, wrong, NDJSON, **packed), 415)
    began = time.process_time()
    errors_of(ask(client, gzip.compress(b"") * 200_000, NDJSON, **packed), 400)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("kind", ["text/plain", "", "application/xml", "text/csvx"])
def test_another_kind_is_told_the_three(client: FlaskClient, kind: str) -> None:
    """415 names what may be sent; the tutorial's route stays with JSON."""
    response = ask(client, TABLE, kind)
    errors_of(response, 415)
    detail = response.get_json(force=True)["detail"]
    assert all(one in detail for one in (JSON, NDJSON, CSV))
    tutorial = client.post("/predict_api", data=TABLE, content_type=CSV)
    errors_of(tutorial, 415)
    assert CSV not in tutorial.text


@pytest.mark.thorough
@settings(deadline=None)
@given(body=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(
    lambda text: TABLE.encode() + text.encode("utf-8", "surrogatepass"))),
    kind=st.sampled_from([NDJSON, CSV]), accept=st.sampled_from([JSON, NDJSON, CSV]))
def test_no_body_is_an_unexpected_failure(
    client: FlaskClient, body: bytes, kind: str, accept: str
) -> None:
    """Whatever bytes are sent, the answer is a prediction, or a problem that says what is wrong."""
    response = ask(client, body, kind, accept=accept)
    if response.status_code != 200:
        errors_of(response, response.status_code)
        assert response.status_code < 500
