"""The API's own description: it is valid, it is true, and programs can use it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import served
from flask import Flask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from tablecast.schema.field import Field
from tablecast.web.docs.answer_schemas import answer_schemas
from tablecast.web.docs.failures import refused_row
from tablecast.web.docs.row_schemas import field_schema
from tests.deployments import shipped_deployment
from tests.started import shared

MAKERS = {
    "regression": served.regression_app,
    "text classes": served.classification_app,
    "number classes": lambda: served.classification_app((1, 2, 7)),
}
PREDICTING = ("/predict_api", "/api/v1/predict")


@pytest.fixture(params=MAKERS)
def app(request: pytest.FixtureRequest) -> Flask:
    return MAKERS[request.param]()


def document_of(app: Flask) -> Any:
    return app.test_client().get("/openapi.json").get_json()


def test_document_is_valid_openapi(app: Flask) -> None:
    """The document is OpenAPI 3.1, whatever the fields are called and whatever is predicted."""
    document = document_of(app)
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_for_programs_is_described() -> None:
    """A route is in the document, or it is a page or the document itself."""
    app = served.regression_app()
    pages = {"/", "/predict", "/compare", "/model", "/watch", "/docs", "/openapi.json"}
    pages |= {"/static/<path:filename>", "/accent.css"}
    routes = {rule.rule for rule in app.url_map.iter_rules()} - pages
    assert routes == set(document_of(app)["paths"])


def test_a_full_card_is_as_described() -> None:
    """What the document leaves free may hold whatever training wrote of the shipped deployment."""
    app = shared(shipped_deployment("onnx"))
    document, answer = document_of(app), app.test_client().get("/api/v1/model").get_json()
    described = document["paths"]["/api/v1/model"]["get"]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    validator = OAS31Validator({**schema, "components": document["components"]})
    assert [error.message for error in validator.iter_errors(answer)] == []
    assert all(answer[name] for name in ("interval", "proof", "evaluation", "versions"))


def test_operation_ids_are_names_for_functions() -> None:
    """Code generators name functions by operation ids: unique and without odd characters."""
    paths = document_of(served.regression_app())["paths"]
    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_model_card_is_described_whole() -> None:
    """Every part of the card is in the document, and nothing else is."""
    app = served.regression_app()
    card = app.test_client().get("/api/v1/model").get_json()
    schemas = document_of(app)["components"]["schemas"]
    assert set(schemas["ModelCard"]["properties"]) == set(card)
    assert set(schemas["ModelField"]["properties"]) == set(card["fields"][0])


@pytest.mark.parametrize("path", PREDICTING)
@pytest.mark.parametrize("example", ["row", "rows"])
def test_example_requests_get_the_example_answers(app: Flask, path: str, example: str) -> None:
    """An example body of the document, sent as it is, gets the document's example answer."""
    operation = document_of(app)["paths"][path]["post"]
    body = operation["requestBody"]["content"]["application/json"]["examples"][example]["value"]
    answers = operation["responses"]["200"]["content"]["application/json"]["examples"]
    assert app.test_client().post(path, json=body).get_json() == answers[example]["value"]


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"data": "{", "content_type": "application/json"}),
        (405, {"method": "PUT"}),
        (411, {}),
        (413, {"json": [{}] * 10_001}),
        (415, {"data": "age=19"}),
        (422, {"json": refused_row(served.loaded_by(served.regression_app()).schema)}),
    ],
)
@pytest.mark.parametrize("path", PREDICTING)
def test_example_failures_are_real(path: str, status: int, request_: dict[str, Any]) -> None:
    """A failure's example in the document is what the route answers, word for word."""
    app = served.regression_app()
    response = app.test_client().open(path, **{"method": "POST"} | request_)
    document = document_of(app)
    reference = document["paths"][path]["post"]["responses"][str(status)]["$ref"]
    described = document["components"]["responses"][reference.rpartition("/")[2]]
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert response.get_json() == described["content"]["application/problem+json"]["example"]


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (405, {"method": "PUT"}),
        (411, {}),
        (413, {"data": b"a" * 1_000_001, "content_type": "multipart/form-data"}),
        (415, {"data": "a,b"}),
        (422, {"data": {"errors": "fail"}, "content_type": "multipart/form-data"}),
    ],
)
def test_example_failures_of_files_are_real(
    monkeypatch: pytest.MonkeyPatch, status: int, request_: dict[str, Any]
) -> None:
    """The same for /batch, whose words are its own; who names HTML gets the documented page."""
    monkeypatch.setenv("TABLECAST_MAX_UPLOAD", "1000000")
    app = served.regression_app()
    described = document_of(app)["paths"]["/batch"]["post"]["responses"][str(status)]["content"]
    response = app.test_client().open("/batch", **{"method": "POST"} | request_)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.get_json() == described[response.mimetype]["example"]
    page = app.test_client().open(
        "/batch", headers={"Accept": "text/html"}, **{"method": "POST"} | request_
    )
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert page.mimetype in described


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_example_file_is_what_the_server_answers(make: Callable[[], Flask]) -> None:
    """The documented answer to a file has the columns and answers that the route gives."""
    app = make()
    described = document_of(app)["paths"]["/batch"]["post"]["responses"]["200"]
    example = described["content"]["text/csv"]["examples"]["file"]["value"]
    sent = {"file": (io.BytesIO(example.encode()), "in.csv")}
    with app.test_client().post("/batch", data=sent) as response:
        assert response.text == example
        assert set(described["headers"]) <= set(response.headers.keys())


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv"])
def test_examples_of_other_kinds_are_real(app: Flask, kind: str) -> None:
    """The documented NDJSON and CSV bodies get the documented answers of the same kind."""
    operation = document_of(app)["paths"]["/api/v1/predict"]["post"]
    (body,) = operation["requestBody"]["content"][kind]["examples"].values()
    (answer,) = operation["responses"]["200"]["content"][kind]["examples"].values()
    response = app.test_client().post(
        "/api/v1/predict", data=body["value"], content_type=kind, headers={"Accept": kind}
    )
    assert (response.status_code, response.mimetype) == (200, kind)
    assert response.text == answer["value"]


def test_classes_are_described_by_their_labels() -> None:
    """What the form file calls a class is in the document, where its probability is as well."""
    schema = replace(
        served.loaded_by(served.classification_app((1, 2))).schema,
        class_labels={"1": "Window", "2": "Lamp"},
    )
    described = answer_schemas(schema, probabilities=True)
    assert described["Answer"]["enum"] == [1, 2]
    assert described["Answer"]["description"].endswith("spells them. 1: Window; 2: Lamp.")
    titles = [one["title"] for one in described["Probabilities"]["properties"].values()]
    assert titles == ["Window", "Lamp"]


def test_limits_of_the_document_are_those_of_the_server() -> None:
    """The lowest and highest documented number is answered, the next beyond is refused."""
    app = served.regression_app()
    client, document = app.test_client(), document_of(app)
    examples = document["paths"]["/predict_api"]["post"]["requestBody"]["content"]
    row = examples["application/json"]["examples"]["row"]["value"]
    tried = 0
    for name, limits in document["components"]["schemas"]["Row"]["properties"].items():
        for key, beyond in (("minimum", -1), ("maximum", 1)):
            if key in limits:
                near, far = limits[key], limits[key] + beyond
                assert client.post("/predict_api", json=row | {name: near}).status_code == 200
                assert client.post("/predict_api", json=row | {name: far}).status_code == 422
                tried += 1
    assert tried == 10


def test_blank_text_is_documented_as_missing() -> None:
    """An open field's pattern matches a text exactly where the server finds something in it."""
    pattern = field_schema(Field("c", "category", "object", levels=("a",)))["pattern"]
    texts = ["a", " a ", "", " ", "\t\n", "\x1e", "\x85", "\xa0", "\u2003", "\0", "\x1fa"]
    assert [bool(re.search(pattern, text)) for text in texts] == [bool(t.strip()) for t in texts]


@pytest.mark.parametrize(
    ("field", "described"),
    [
        (
            Field("n", "integer", "int64", hard_minimum=0.5, hard_maximum=9.5, default=3),
            {"type": "integer", "minimum": 1, "maximum": 9, "examples": [3]},
        ),
        (
            Field("x", "number", "float64", minimum=1.5, maximum=2.0, required=False),
            {"type": ["number", "null"], "x-training-range": [1.5, 2.0], "examples": [None]},
        ),
        (
            Field("c", "category", "object", levels=("no", "yes"), closed=True, required=False,
                  default="no"),
            {"type": ["string", "null"], "enum": ["no", "yes", None], "examples": ["no"]},
        ),
        (
            Field("b", "boolean", "bool", levels=("True",), closed=True, default="True"),
            {"type": "boolean", "enum": [True], "examples": [True]},
        ),
        (
            Field("d", "date", "datetime64[ns]", minimum=0.0, maximum=86400.0, default=0.0,
                  hard_minimum=-86400.0, hard_maximum=172800.0),
            {"type": "string", "format": "date", "x-limits": ["1969-12-31", "1970-01-03"],
             "x-training-range": ["1970-01-01", "1970-01-02"], "examples": ["1970-01-01"]},
        ),
        (
            Field("t", "date", "datetime64[ns]", minimum=0.0, maximum=3600.0, default=0.0),
            {"type": "string", "format": "date-time", "examples": ["1970-01-01T00:00:00Z"],
             "x-training-range": ["1970-01-01T00:00:00Z", "1970-01-01T01:00:00Z"]},
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Field) else "",
)
def test_field_as_json_schema(field: Field, described: dict[str, Any]) -> None:
    """Each kind of field has its type, its limits or levels, and a typical value."""
    words = ("title", "description")
    assert {k: v for k, v in field_schema(field).items() if k not in words} == described


def test_a_field_is_described_in_words() -> None:
    """Unit, hint, training range, what levels mean, and that it may be left out."""
    number = Field("bmi", "number", "float64", "Body mass", "Kilograms by square metre.", "kg/m²",
                   minimum=16.0, maximum=53.1, hard_minimum=0.0, hard_maximum=90.2, required=False)
    assert field_schema(number)["description"] == (
        "Body mass, in kg/m². Kilograms by square metre. Training range: 16 to 53.1; a value "
        "outside it gets a prediction with a warning. Outside 0 to 90.2 it is refused. May be null "
        "or left out: a typical value is used."
    )
    level = Field("type", "category", "object", levels=("1", "2"), level_labels={"1": "Window"})
    assert "1: Window. " in field_schema(level)["description"]
