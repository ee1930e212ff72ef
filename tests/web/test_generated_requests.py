"""Requests that nobody wrote: schemathesis makes them from the API's own document."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Any

import jsonschema
import pytest
import schemathesis
import served
from flask import Flask
from forgiving import as_documented
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import (
    CheckContext,
    negative_data_rejection,
    positive_data_acceptance,
)
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation

pytestmark = pytest.mark.slow

#: Generated requests for each operation, beside about 250 that are worked out from the limits of
#: each field; each goes to both applications. A longer run: TABLECAST_API_EXAMPLES=20000.
EXAMPLES = int(os.environ.get("TABLECAST_API_EXAMPLES", "1500"))

#: Operations that take something; of the others there is one request to make.
TAKING = ("POST /predict_api", "POST /api/v1/predict", "POST /batch")

#: Parameters that say what answer a person would rather have.
WISHES = {"class", "at_least", "at_most"}

#: Requests that were made and checked, by operation, over both applications.
made: Counter[str] = Counter()

# Dates within the limits of the table: JSON Schema cannot say them.
schemathesis.openapi.format("date", st.dates(date(2019, 12, 1), date(2020, 9, 1)).map(str))


def small_app(make: Callable[[], Flask]) -> Flask:
    """An application for which three rows are too many: the generator need not write 10,001."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TABLECAST_MAX_ROWS", "2")
        return make()


class Closed:
    """Closes every answer once it is read, as servers do and schemathesis does not.

    Nor does it unpack what it says it can.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        answer = self._app(environ, start_response)
        try:
            return [b"".join(answer)]
        finally:
            if hasattr(answer, "close"):
                answer.close()


REGRESSION, CLASSES = map(small_app, (served.regression_app, served.classification_app))
for application in (REGRESSION, CLASSES):
    application.wsgi_app = Closed(application.wsgi_app)


def csv_files() -> st.SearchStrategy[bytes]:
    """Files for /batch: tables of the right columns with good and bad cells, and anything else."""
    client = REGRESSION.test_client()
    template = client.get("/batch/template.csv").get_data(as_text=True)
    names, typical = list(csv.reader(io.StringIO(template)))[:2]
    cells = [
        st.one_of(st.just(cell), st.sampled_from(["", "NA", "x", "-1", "1e999", "=1", "9" * 400]))
        for cell in typical
    ]
    columns = st.permutations(range(len(names))).flatmap(
        lambda order: st.integers(len(order) - 1, len(order)).map(lambda most: order[:most])
    )
    return st.one_of(
        st.builds(
            _written, columns, st.just(names), st.lists(st.tuples(*cells), max_size=4),
            st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        ),
        st.binary(max_size=60),
        st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    )  # fmt: skip


def _written(
    order: list[int], names: list[str], rows: list[tuple[str, ...]], separator: str, encoding: str
) -> bytes:
    text = io.StringIO()
    table = [names, *rows]
    csv.writer(text, delimiter=separator).writerows([row[at] for at in order] for row in table)
    return text.getvalue().encode(encoding)


def ndjson_bodies() -> st.SearchStrategy[bytes]:
    """Lines for /api/v1/predict: rows with good and bad values, and anything else."""
    sent = REGRESSION.test_client().get("/openapi.json").get_json()["paths"]["/api/v1/predict"]
    content = sent["post"]["requestBody"]["content"]["application/x-ndjson"]
    example = content["examples"]["rows"]["value"].splitlines()
    lines = st.one_of(
        st.sampled_from(example), st.sampled_from(["", "{}", "[]", "5", "{", "NaN"]),
        st.text(max_size=20),
    )
    texts = st.lists(lines, max_size=4).map("\n".join)
    return texts.map(lambda text: text.encode("utf-8", "surrogatepass"))


schemathesis.openapi.media_type("text/csv", csv_files())
schemathesis.openapi.media_type("application/x-ndjson", ndjson_bodies())


@cache
def rows_validator(app: Flask) -> jsonschema.Draft202012Validator:
    """What the document says of a body of rows."""
    components = app.test_client().get("/openapi.json").get_json()["components"]
    rows = {"$ref": "#/components/schemas/RowOrRows", "components": components}
    return jsonschema.Draft202012Validator(rows)


def accepts_only_what_is_documented(_ctx: CheckContext, response: Response, case: Case) -> None:
    """A body that was answered is valid, but for what the server is known to forgive."""
    if response.status_code != 200 or case.method != "POST" or case.path == "/batch":
        return
    if response.request.headers.get("Content-Type") != "application/json":
        return  # of lines and of tables, no schema says what they must hold
    app = case.operation.app
    schema = app.extensions["tablecast"].current().loaded.schema
    body = as_documented(schema, json.loads(response.request.body))
    errors = [error.message for error in rows_validator(app).iter_errors(body)]
    assert not errors, f"answered although {errors[0]}"


def every_row_is_counted(_ctx: CheckContext, response: Response, case: Case) -> None:
    """An answered file has as many rows as were predicted, and those that were refused, if kept."""
    if response.status_code != 200 or case.path != "/batch" or case.method != "POST":
        return
    text = response.content.decode("utf-8-sig")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    predicted, refused = (
        int(response.headers[f"x-rows-{what}"][0]) for what in ("predicted", "refused")
    )
    kept = "prediction_error" in header
    assert len(rows) == predicted + (refused if kept else 0)


#: What either application says of itself.
SCHEMA, CLASSES_SCHEMA = (
    schemathesis.openapi.from_wsgi("/openapi.json", app) for app in (REGRESSION, CLASSES)
)


def ask(case: Case) -> None:
    """Send a request to both applications, whose documents differ in their answers only.

    To make one up takes longer than to answer it twice.

    The document is stricter than the server on purpose (it says how to write a level, the server
    takes any letter case), so the check that every deviation is refused is replaced by one that
    knows what is forgiven. What a file must hold, no schema says, so it may be refused.
    """
    excluded = [negative_data_rejection]
    if case.path == "/batch" or case.media_type in ("text/csv", "application/x-ndjson"):
        excluded.append(positive_data_acceptance)
    # One excludes the others, which OpenAPI cannot say; an amount is no wish for a class.
    if WISHES.intersection(case.query or ()):
        excluded.append(positive_data_acceptance)
    own = case.operation
    for operation in (own, CLASSES_SCHEMA[own.path][own.method]):
        made[own.label] += 1
        case.operation = operation
        case.call_and_validate(
            excluded_checks=excluded,
            additional_checks=[accepts_only_what_is_documented, every_row_is_counted],
        )
    case.operation = own


def asking(operation: APIOperation) -> Callable[..., None]:
    """The test of one operation.

    Each has a function of its own: pytest 9.2 gives one name to all tests that schemathesis makes
    of a function, and of tests of one name pytest-xdist runs one.
    """

    def test_generated_requests(case: Case) -> None:
        """Whatever is sent, valid or not, the answer has a documented status, type and shape."""
        ask(case)

    test_generated_requests.__name__ = name_of(operation.label)
    test = settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,  # a failure says how to repeat it; nothing else is worth the disk's time
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )(test_generated_requests)
    api = SCHEMA.include(path=operation.path, method=operation.method)
    parametrized: Callable[..., None] = schemathesis.pytest.parametrize(api=api)(test)
    return parametrized


def name_of(label: str) -> str:
    """``test_post_predict_api`` for ``POST /predict_api``."""
    return "test_" + re.sub(r"\W+", "_", label.lower())


OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
globals().update({name_of(label): asking(operation) for label, operation in OPERATIONS.items()})


@pytest.fixture(autouse=True)
def several_thousand(request: pytest.FixtureRequest) -> Iterator[None]:
    """After its test an operation that takes something was asked as often as this file promises."""
    failures = request.session.testsfailed
    yield
    for label in TAKING:
        if request.function.__name__ == name_of(label) and request.session.testsfailed == failures:
            assert made[label] >= 2 * EXAMPLES


def test_every_operation_is_asked(request: pytest.FixtureRequest) -> None:
    """Each operation of the document has a test, and each of those a name of its own."""
    names = {name_of(label) for label in OPERATIONS}
    assert names <= globals().keys()
    assert len(names) == len(OPERATIONS)
    assert set(TAKING) <= OPERATIONS.keys()
    items = [item for item in request.session.items if item.path == request.path]
    assert len({item.nodeid for item in items}) == len(items)
