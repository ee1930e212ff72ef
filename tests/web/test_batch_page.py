"""The /batch page, and the same route for programs."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tablecast.deployment.deployment import Deployment
from tablecast.web.pages import batch_page
from tests.started import started

HEADER = "age,sex,bmi,children,smoker,region"
GOOD = "19,female,27.9,0,yes,southwest"
BAD = "19,female,27.9,0,male,southwest"
JSON = {"Accept": "application/json"}
CSV = {"Accept": "text/csv"}
PAGE = {"Accept": "text/html"}


def send(
    client: FlaskClient,
    content: str | bytes,
    headers: dict[str, str] | None = None,
    name: str = "in.csv",
    **fields: str,
) -> TestResponse:
    """Send a file as a browser does; by hand, as the test client leaves a large one open."""
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    opening = f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = content.encode() if isinstance(content, str) else content
    return client.post(
        "/batch",
        data=b"".join([*parts, opening.encode(), body, b"\r\n--limit--\r\n"]),
        content_type="multipart/form-data; boundary=limit",
        headers=headers or PAGE,
        buffered=True,  # else the client leaves the response open
    )


def table_of(response: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))


def open_files() -> set[str]:
    folder = Path("/proc/self/fd")
    return {f"{file}:{os.readlink(file)}" for file in folder.iterdir() if file.is_symlink()}


@pytest.mark.parametrize("headers", [PAGE, JSON], ids=["page", "program"])
def test_a_second_file_is_not_left_out_silently(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    """Of two files none is answered, and it is said."""
    files = [(io.BytesIO(f"{HEADER}\n{GOOD}".encode()), f"{name}.csv") for name in "ab"]
    answer = client.post("/batch", data={"file": files}, headers=headers, buffered=True)
    assert answer.status_code == 422
    assert "one file at a time" in answer.text


def test_a_form_of_many_parts_is_told_what_is_too_much(client: FlaskClient) -> None:
    """A small request past the form's own limits is not told that its file is large."""
    answer = send(client, f"{HEADER}\n{GOOD}", JSON, **{f"part{at}": "" for at in range(1001)})
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["detail"] == "Send one file, and nothing else with it."


def test_form_names_every_column(client: FlaskClient) -> None:
    """The page says which columns a file must hold, and needs no script to send one."""
    page = client.get("/batch").get_data(as_text=True)
    for name in HEADER.split(","):
        assert f"<code>{name}</code>" in page
    assert 'enctype="multipart/form-data"' in page
    assert 'type="file"' in page


def test_template_is_a_valid_batch(client: FlaskClient) -> None:
    """The file to start from can be sent back as it is."""
    template = client.get("/batch/template.csv")
    assert template.mimetype == "text/csv"
    assert "attachment" in template.headers["Content-Disposition"]
    answer = send(client, template.data, CSV)
    assert answer.status_code == 200
    assert float(table_of(answer)[0]["prediction_label"]) > 0


@pytest.mark.parametrize("name", ["client", "iris_client"])
def test_form_names_every_added_column(request: pytest.FixtureRequest, name: str) -> None:
    """The page says which columns an answered file has more, and what the range's ends mean."""
    client: FlaskClient = request.getfixturevalue(name)
    page = client.get("/batch").get_data(as_text=True)
    template = client.get("/batch/template.csv")
    given = template.text.splitlines()[0].split(",")
    header = send(client, template.data, CSV, errors="column").text.splitlines()[0].split(",")
    added = header[len(given) :]
    assert {"prediction_label", "prediction_error"} <= set(added)
    for column in added:
        assert f"<code>{column}</code>" in page
    ranged = "prediction_low" in added
    assert ranged == ("about 90% of true values fall in it" in page)


@pytest.mark.formula
def test_check_shows_predictions_and_errors(client: FlaskClient) -> None:
    """A checked file shows its first rows answered, and each refused row by its line."""
    page = send(client, f"{HEADER}\n{GOOD}\n{BAD}\n", do="check")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "24750.5" in text  # 250 × 19 + 20,000.5
    assert "Line 3" in text
    assert "is not a choice for smoker" in text
    assert 'download="in_predicted.csv"' in text


def test_check_of_a_large_file_offers_the_button(client: FlaskClient) -> None:
    """A table too large to be held by the page is not put into it."""
    page = send(client, f"{HEADER},note\n" + f"{GOOD},{'x' * 100}\n" * 10_000, do="check")
    assert page.status_code == 200
    assert len(page.data) < 100_000
    assert "Choose the file again" in page.get_data(as_text=True)


def test_list_of_errors_is_capped(client: FlaskClient) -> None:
    """A file of only refused rows gives a page that a person can read, with the full count."""
    page = send(client, f"{HEADER}\n" + f"{BAD}\n" * 1234, do="check")
    text = page.get_data(as_text=True)
    assert "1,234" in text
    assert "Line 101" in text
    assert "Line 102" not in text


@pytest.mark.formula
@pytest.mark.parametrize(("errors", "rows"), [("column", 2), ("skip", 1)])
def test_download(client: FlaskClient, errors: str, rows: int) -> None:
    """The download keeps refused rows with their error, or leaves them out, as chosen."""
    answer = send(client, f"{HEADER}\n{BAD}\n{GOOD}\n", do="download", errors=errors)
    assert answer.status_code == 200
    assert "in_predicted.csv" in answer.headers["Content-Disposition"]
    table = table_of(answer)
    assert len(table) == rows
    assert table[-1]["prediction_label"] == "24750.5"
    if errors == "column":
        assert "is not a choice for smoker" in table[0]["prediction_error"]


@pytest.mark.formula
def test_program_gets_csv(client: FlaskClient) -> None:
    """A program that sends only the file gets it back with predictions."""
    answer = send(client, f"id,{HEADER}\nä7,{GOOD}\n", CSV)
    assert answer.mimetype == "text/csv"
    assert answer.get_data(as_text=True) == (
        f"id,{HEADER},prediction_label\nä7,{GOOD},24750.5\n"
    )


@pytest.mark.parametrize("headers", [JSON, CSV, {"Accept": "*/*"}])
def test_program_gets_problem_details(client: FlaskClient, headers: dict[str, str]) -> None:
    """A program that chose nothing is told of refused rows, and gets no half answer."""
    answer = send(client, f"{HEADER}\n{GOOD}\n{BAD}\n", headers)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    body = answer.get_json()
    assert [(error["row"], error["field"]) for error in body["errors"]] == [(1, "smoker")]
    assert body["errors"][0]["message"].startswith("Line 3: “")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "is empty"),
        (b"PK\x03\x04zip", "cannot be read as a workbook"),
        (b"\x00\x01\x02", "not a CSV file"),
        (f"{HEADER}\n{GOOD},1\n".encode(), "Line 2 of in.csv has 7 cells"),
        (f"{HEADER},age\n{GOOD},1\n".encode(), "more than one column named &#39;age&#39;"),
        (b"ages,sex\n1,2\n", "is it the column &#39;ages&#39;?"),
        (b",".join(b"c%d" % i for i in range(1_000_000)), "1,000,000 columns"),
        (f"{HEADER}\n".encode(), "no rows"),
        (f'{HEADER}\n19,"female,27.9\n'.encode(), "quotation mark"),
    ],
    ids=[
        "empty", "blank", "zip", "nul", "ragged", "repeated", "missing",
        "million columns", "header only", "open quotation mark",
    ],
)
def test_no_csv(client: FlaskClient, content: bytes, words: str) -> None:
    """What is no CSV file of these columns gets one message, and the form stays."""
    page = send(client, content, do="check")
    text = page.get_data(as_text=True)
    assert page.status_code == 422
    assert words in text
    assert 'type="file"' in text
    assert len(page.data) < 50_000


def test_markup_is_shown_escaped(client: FlaskClient) -> None:
    """Markup in a file's name, header and cells is text on the page."""
    content = f"{HEADER},<b>note\n{GOOD},<script>x\n{GOOD.replace('yes', '<i>')},1\n"
    text = send(client, content, do="check", name="<u>.csv").get_data(as_text=True)
    for markup in ("<b>note", "<script>x", "<i>", "<u>"):
        assert markup not in text
    assert "&lt;script&gt;x" in text


def test_no_file(client: FlaskClient) -> None:
    """Sending the form without a file asks for one."""
    page = client.post("/batch", data={"do": "check"}, content_type="multipart/form-data")
    assert page.status_code == 422
    assert "Choose a CSV or Excel file." in page.get_data(as_text=True)


def test_not_multipart(client: FlaskClient) -> None:
    """A body that is no form upload is refused with 415."""
    answer = client.post("/batch", data="age\n1\n", content_type="text/csv", headers=JSON)
    assert answer.status_code == 415


def test_unknown_choice(client: FlaskClient) -> None:
    """A choice that does not exist is refused and named."""
    answer = send(client, f"{HEADER}\n{GOOD}\n", JSON, errors="ignore")
    assert answer.status_code == 422
    assert "fail, skip, column" in answer.get_json()["detail"]


def test_upload_has_a_limit_of_its_own(
    fake_deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file past the upload limit gets the page's 413, one past only the form's is answered."""
    monkeypatch.setenv("TABLECAST_MAX_BODY", "1000")
    monkeypatch.setenv("TABLECAST_MAX_UPLOAD", "100000")
    client = started(fake_deployment).test_client()
    assert send(client, f"{HEADER}\n" + f"{GOOD}\n" * 500, CSV).status_code == 200
    page = send(client, f"{HEADER}\n" + f"{GOOD}\n" * 5000)
    assert page.status_code == 413
    assert "larger than 0.1 MB" in page.get_data(as_text=True)
    assert 'type="file"' in page.get_data(as_text=True)
    answer = send(client, f"{HEADER}\n" + f"{GOOD}\n" * 5000, CSV)
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
@pytest.mark.parametrize("do", ["check", "download"])
@pytest.mark.parametrize("row", [GOOD, BAD, f"{GOOD},ragged"], ids=["good", "bad", "ragged"])
def test_nothing_is_left_behind(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, do: str, row: str
) -> None:
    """After the answer no temporary file is there, neither by name nor open."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = open_files()
    large = f"{HEADER}\n" + f"{row}\n" * 20_000  # past what is held in memory
    with send(client, large, do=do, errors="column") as answer:
        assert answer.status_code in (200, 422)
    assert list(tmp_path.iterdir()) == []
    assert open_files() <= before


def test_classes_and_probabilities(iris_client: FlaskClient) -> None:
    """A class's answer comes with its score and every class's probability."""
    answer = send(iris_client, "petal_length,sepal_length\n1.5,5\n", CSV)
    row = table_of(answer)[0]
    assert row["prediction_label"] == "Iris-setosa"
    shares = [float(row[f"prediction_score_{name}"]) for name in (
        "Iris-setosa", "Iris-versicolor", "Iris-virginica"
    )]
    assert float(row["prediction_score"]) == max(shares)
    assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize("count", [1, 29, 30])
def test_what_fits_is_shown_with_all_its_columns(count: int) -> None:
    """A page has room for thirty."""
    rows = [[str(at) for at in range(count)]] * 2
    assert batch_page._narrow(rows) == rows


def test_a_wide_file_is_shown_by_its_ends() -> None:
    """The first and the last fifteen columns, and a sign that there are more."""
    rows = [[f"{row}-{at}" for at in range(31)] for row in range(2)]
    for row, shown in enumerate(batch_page._narrow(rows)):
        assert shown == [*rows[row][:15], "…", *rows[row][16:]]
