"""What one request may cost: time, memory, and what it writes, however it is made."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from test_batch_page import BAD, CSV, GOOD, HEADER, JSON, PAGE, send, table_of

from tablecast.batch import limits
from tablecast.batch.summary import REASON_CHARACTERS
from tablecast.web.pages import batch_page

NOTHING = "0,,,,,"
UNKNOWN = "x{0},ma{0},y{0},z{0},noo{0},no{0}"


@pytest.mark.thorough
@pytest.mark.parametrize("errors", ["column", "skip"])
@pytest.mark.parametrize("row", [NOTHING, UNKNOWN])
def test_a_file_of_refused_rows_is_not_read_to_its_end(
    client: FlaskClient, row: str, errors: str
) -> None:
    """Where most rows of a long file are refused, it is said so, and nothing is multiplied."""
    content = "\n".join([HEADER, *(row.format(place) for place in range(150_000))])
    began = time.thread_time()
    answer = send(client, content, JSON, errors=errors)
    assert time.thread_time() - began < 5
    assert answer.status_code == 422
    assert "the rest was not read" in answer.json["detail"]
    assert len(answer.json["errors"]) > 0
    assert len(answer.data) < 200_000


def test_a_file_in_which_half_is_refused_is_answered(client: FlaskClient) -> None:
    """Many refused rows are no reason to stop while most are good."""
    content = "\n".join([HEADER, *([GOOD, BAD] * 12_000), GOOD])
    answer = send(client, content, CSV, errors="skip")
    assert answer.status_code == 200
    assert answer.headers["X-Rows-Refused"] == "12000"


@pytest.mark.thorough
@pytest.mark.parametrize(
    "blank", ["\n", "\r\n", " \n", ",,,,,\n", ",\n", "\t \n", f"{GOOD}\n\n\n\n"]
)
def test_lines_that_hold_nothing_cost_little(client: FlaskClient, blank: str) -> None:
    """A file of 5 MB of them takes a second at most, and the rows among them are answered."""
    content = f"{HEADER}\n{GOOD}\n" + blank * (4_900_000 // len(blank)) + f"{GOOD}\n"
    began = time.thread_time()
    answer = send(client, content, CSV, errors="column")
    assert time.thread_time() - began < 2
    assert answer.status_code == 200
    assert int(answer.headers["X-Rows-Predicted"]) == content.count(GOOD)


def test_the_answers_are_not_many_times_the_file(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output past three times the input and some more is not written on."""
    monkeypatch.setattr(batch_page, "MOST_MORE", 100_000)
    content = "\n".join([HEADER, *([GOOD, NOTHING] * 9_000)])
    answer = send(client, content, JSON, errors="column")
    assert (answer.status_code, "many times" in answer.json["detail"]) == (422, True)
    assert send(client, content, CSV, errors="skip").status_code == 200


def test_a_file_takes_so_many_seconds_and_no_more(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past its CPU time a file is refused with what to do."""
    monkeypatch.setitem(client.application.config, "MAX_SECONDS", 0)
    answer = send(client, f"{HEADER}\n{GOOD}\n", PAGE, do="check")
    assert answer.status_code == 422
    assert "takes more than 0 seconds. Send it in parts" in answer.text


def test_what_is_said_of_a_row_in_a_file_is_short(client: FlaskClient) -> None:
    """A row's remarks are cut where they are long, and worded for each row that they are of."""
    rows = ["x,ma,y,z,noo,no"] * 3
    answer = table_of(send(client, "\n".join([HEADER, *rows]), CSV, errors="column"))
    said = {row["prediction_error"] for row in answer}
    assert len(said) == 1
    text = said.pop()
    assert text.startswith("Enter age as a number")
    assert len(text) <= REASON_CHARACTERS


@pytest.mark.parametrize("errors", ["skip", "column"])
def test_a_file_may_have_no_good_row(client: FlaskClient, errors: str) -> None:
    """Where every row of a chunk is refused, what is left is the header, or the errors."""
    for rows in (1, 3_000):
        answer = send(client, "\n".join([HEADER, *([BAD] * rows)]), CSV, errors=errors)
        assert answer.status_code == 200
        assert len(answer.text.splitlines()) == 1 + (rows if errors == "column" else 0)


@pytest.mark.parametrize(
    "name", ["a\x00b\x1b.csv", "a\x7f\u202e.csv", "模型\u2028.csv", "a" * 5000 + ".csv", "\x01"]
)
def test_a_file_may_have_any_name(client: FlaskClient, name: str) -> None:
    """Signs that no header can hold are left out of a file's name, and it is not too long."""
    answer = send(client, f"{HEADER}\n{GOOD}\n", CSV, name=name)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].isprintable()
    assert len(answer.headers["Content-Disposition"]) < 1000
    assert send(client, f"{HEADER}\n{BAD}\n", PAGE, name=name, do="check").status_code == 200


def test_files_are_answered_in_turn(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past so many files at a time, another waits a while, and is told when to come again."""
    monkeypatch.setattr(batch_page, "MOST_WAITING", 0.2)
    monkeypatch.setattr(batch_page, "_turns", threading.BoundedSemaphore(1))
    with batch_page._turn():
        answer = send(client, f"{HEADER}\n{GOOD}\n", JSON)
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert send(client, f"{HEADER}\n{GOOD}\n", CSV).status_code == 200


@pytest.mark.parametrize("headers", [JSON, PAGE], ids=["program", "person"])
def test_a_full_disk_is_said(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    """Where there is no folder for what a file needs, that is said, and small files need none."""
    monkeypatch.setattr("tempfile.tempdir", "/none/such")
    monkeypatch.setattr(batch_page, "LINKED_BYTES", 100_000)
    large = "\n".join([HEADER, *([GOOD] * 15_000)])
    answer = send(client, large, headers)
    assert answer.status_code == 507
    assert "no space for the file" in answer.text
    assert send(client, f"{HEADER}\n{GOOD}\n", CSV).status_code == 200


LONG = {"sex": "m" * 200, "smoker": "n" * 200, "region": "x" * 50}

#: Bodies of about 5 MB that are as much work as their makers could think of.
BODIES: dict[str, Callable[[], str]] = {
    "unknown names": lambda: json.dumps({f"a{place}": 1 for place in range(300_000)}),
    "rows of nothing": lambda: "[" + ",".join(["{}"] * 10_000) + "]",
    "rows of NaN": lambda: "[" + ",".join(['{"age":NaN,"sex":"male"}'] * 10_000) + "]",
    "a deep list": lambda: "[" * 2_400_000 + "]" * 2_400_000,
    "a long number": lambda: '{"age":' + "1" * 4_900_000 + "}",
    "a long text for a number": lambda: '{"age":"' + "1" * 4_900_000 + '"}',
    "a long name": lambda: '{"' + "a" * 4_900_000 + '":1}',
    "long levels": lambda: json.dumps([LONG] * 9_000),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/predict_api", "/api/v1/predict?explain=1&whatif=1"])
def test_a_body_costs_little(client: FlaskClient, path: str, name: str) -> None:
    """No JSON within the limit takes more than seconds, or is answered with megabytes."""
    body = BODIES[name]()
    began = time.thread_time()
    answer = client.post(path, data=body, content_type="application/json")
    assert answer.status_code in (400, 413, 422)
    assert time.thread_time() - began < 3
    assert len(answer.data) < 200_000


@pytest.mark.parametrize("value", ["age=" + "1" * 50_000, "a=1&" * 50_000])
def test_a_form_is_as_large_as_forms_are(client: FlaskClient, value: str) -> None:
    """A form of more than its fields need is refused before it is read."""
    form = {"content_type": "application/x-www-form-urlencoded"}
    answer = client.post("/predict", data=value, headers=PAGE, **form)
    assert answer.status_code == 413
    assert len(answer.data) < 20_000
    near = client.post("/predict", data="age=" + "1" * 9_000, headers=PAGE, **form)
    assert near.status_code == 422
    assert len(near.data) < 100_000


def test_nothing_is_limited_on_the_command_line() -> None:
    """Who predicts a file of his own may let it take as long as it takes."""
    limits.Limits().check("x.csv", _refused(10**9), 1, 10**12)


def _refused(rows: int) -> Any:
    summary = limits.Summary(rows=rows)
    summary.refused = rows
    return summary
