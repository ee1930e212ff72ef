"""The same question from a program: what the page offers works as pasted."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from math import nan

import pytest
import requests

from tablecast.schema.schema import Row
from tablecast.web.display.code_samples import curl_of, python_of, question_of
from tests.explained import charging
from tests.markup import Page
from tests.served import deployment_of, every_kind_of_column, server
from tests.started import started

ADDRESS = "http://127.0.0.1:1/api/v1/predict"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A real server of people's charges."""
    with server(started(charging())) as address:
        yield address


@pytest.fixture(scope="module")
def hard_url() -> Iterator[str]:
    """A real server of fields whose names are hard on programs."""
    table = every_kind_of_column().rename(columns={"ticket": "it's a $HOME `tick`et"})
    with server(started(deployment_of(table, "target", "regression"))) as address:
        yield address


def offered(address: str, given: dict[str, str]) -> tuple[str, str]:
    """The page's curl command and Python program."""
    response = requests.get(address, params=given, timeout=30)
    assert response.status_code == 200, response.text
    curl, python = Page(response.text).of_class("program")
    return unescape(curl.text), unescape(python.text)


HARD = {
    "age": "30", "Age": "2", "Fuel Type (EU)": "LPG/ÖKO <1>",
    'a "quoted" [name] > 3 & more': "-3.25", "größe": "", "bedrooms": "2", "grade": "60",
    "colour": "", "it's a $HOME `tick`et": "O'Neil \"$x\" \\ `id` 北京", "cabin": "C 1",
    "insured": "True", "bought on": "2020-04-01",
}  # fmt: skip
PEOPLE = {"age": "", "bmi": "30.5", "smoker": "yes", "region": "west"}


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.server
def test_the_python_program_works_as_pasted(url: str) -> None:
    """It prints the answer of the page it stands on."""
    _, program = offered(url, PEOPLE)
    answer = ast.literal_eval(run([sys.executable, "-c", program]))
    assert answer["predictions"][0]["prediction"] == pytest.approx(200 * 40 + 500 * 30.5 + 4000)


@pytest.mark.server
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_command_works_as_pasted(url: str) -> None:
    """A shell that runs it prints the same answer."""
    command, _ = offered(url, PEOPLE)
    assert f"{200 * 40 + 500 * 30.5 + 4000}" in run(["sh", "-c", command + " -s"])


@pytest.mark.server
def test_hard_names_and_values_survive_python(hard_url: str) -> None:
    """Quotes, dollars, backslashes and other scripts arrive as they were given."""
    _, program = offered(hard_url, HARD)
    assert "'prediction': 0.5" in run([sys.executable, "-c", program])


@pytest.mark.server
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_hard_names_and_values_survive_a_shell(hard_url: str) -> None:
    """Nothing in them is run or replaced."""
    command, _ = offered(hard_url, HARD)
    assert '"prediction":0.5' in run(["sh", "-c", command + " -s"])


def test_values_are_written_as_the_api_reads_them() -> None:
    """Dates as text, missing as null, whole numbers without a fraction; and parsed back."""
    schema = deployment_of(every_kind_of_column(), "target", "regression").schema
    moment = datetime(2020, 4, 1, tzinfo=UTC).timestamp()
    row = Row((
        30.0, 2.0, "Diesel", -3.25, nan, 2.0, "60", "", "T-1", "C 1", "True", moment
    ))  # fmt: skip
    question = question_of(schema, row)
    assert question["bought on"] == "2020-04-01"
    assert question["größe"] is None
    assert question["colour"] is None
    assert repr(question["age"]) == "30"
    assert question_of(schema, schema.parse(question)) == question


def test_the_address_cannot_leave_its_quotes() -> None:
    """A host that holds a quote is no second command and no second statement."""
    address = "http://a'; rm -rf x #/"
    assert ast.parse(python_of(address, {"a": 1}))
    assert curl_of(ADDRESS, {}).startswith(f"curl {ADDRESS} ")
    assert curl_of(address, {}).startswith("curl 'http://a'\"'\"'; rm")
