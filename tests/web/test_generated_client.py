"""A client made from /openapi.json by a code generator, calling a real server."""

from __future__ import annotations

import datetime
import importlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import served
from flask import Flask

pytestmark = pytest.mark.slow

#: What the generator leaves out: a client sends rows as JSON, which has types.
NOT_TYPED = ("application/x-ndjson", "text/csv")

Generate = Callable[[str, Flask], None]


@pytest.fixture
def generate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generate:
    """Generates an importable package of a name from an application's document."""
    monkeypatch.syspath_prepend(tmp_path)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"post_hooks": []}))  # the generator would format its files

    def make(name: str, app: Flask) -> None:
        document = tmp_path / f"{name}.json"
        document.write_bytes(app.test_client().get("/openapi.json").data)
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none",
                   "--path", document, "--output-path", tmp_path / name, "--config", settings]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        warned = re.findall(r"^WARNING.*\n+(.*)", ran.stdout + ran.stderr, re.MULTILINE)
        assert warned == [f"Unsupported content type {kind}" for kind in NOT_TYPED]

    return make


def module(name: str) -> Any:
    return importlib.import_module(name)


def a_row(package: str, **changes: Any) -> Any:
    """A row of the generated class, whose attributes are named after the fields."""
    models = module(f"{package}.models")
    values = {
        "age": 30,
        "Age": 2,
        "fuel_type_eu": models.RowFuelTypeEU("LPG/ÖKO <1>"),
        "a_quoted_name_3_more": 1.5,
        "grade": models.RowGrade("60"),
        "ticket": "T-1",
        "insured": True,
        "bought_on": datetime.date(2020, 4, 1),
    }
    return models.Row(**values | changes)


def test_client_gets_typed_numbers(generate: Generate) -> None:
    """A row gives a number, a list a list of numbers; what is left unset is not sent."""
    app = served.regression_app()
    generate("number_client", app)
    predict_plain = module("number_client.api.prediction.predict_plain").sync
    with served.server(app) as address, module("number_client").Client(address) as client:
        row = a_row("number_client")
        assert predict_plain(client=client, body=row) == 0.5
        assert predict_plain(client=client, body=[row, row]) == [0.5, 1.5]


def test_client_gets_typed_classes(generate: Generate) -> None:
    """The full answer is an object with the class as an enum member and every probability."""
    app = served.classification_app()
    generate("class_client", app)
    predict = module("class_client.api.prediction.predict").sync
    with served.server(app) as address, module("class_client").Client(address) as client:
        response = predict(client=client, body=a_row("class_client", age=90, cabin=None))
    (prediction,) = response.predictions
    assert prediction.prediction is module("class_client.models").Answer.IT_DEPENDS
    assert prediction.probabilities.it_depends == pytest.approx(1 / 3)
    assert prediction.warnings[0].startswith("age: 90 is outside the training range")
    assert "You left cabin blank, so a typical value was used." in prediction.warnings
    assert response.model.name == "place"


def test_client_gets_typed_refusals(generate: Generate) -> None:
    """A refused value comes back as a problem object that names the field."""
    app = served.regression_app()
    generate("refusal_client", app)
    predict = module("refusal_client.api.prediction.predict").sync
    with served.server(app) as address, module("refusal_client").Client(address) as client:
        problem = predict(client=client, body=a_row("refusal_client", age=5000))
        card = module("refusal_client.api.model.get_model").sync(client=client)
    assert problem.status == 422
    assert [error.field for error in problem.errors] == ["age"]
    assert [field.name for field in card.fields][:2] == ["age", "Age"]


def test_client_sends_a_file(generate: Generate) -> None:
    """A file of rows goes out as a file, and comes back with its predictions as text."""
    app = served.regression_app()
    generate("file_client", app)
    predict_file = module("file_client.api.prediction.predict_file").sync
    models, types = module("file_client.models"), module("file_client.types")
    template = app.test_client().get("/batch/template.csv").data
    file = types.File(payload=io.BytesIO(template), file_name="rows.csv")
    body = models.PredictFileBody(file=file, errors=models.PredictFileBodyErrors.COLUMN)
    with served.server(app) as address, module("file_client").Client(address) as client:
        answer = predict_file(client=client, body=body)
        wrong = types.File(payload=io.BytesIO(b"a,b\n1,2\n"), file_name="rows.csv")
        problem = predict_file(client=client, body=models.PredictFileBody(file=wrong))
    header, row = answer.splitlines()
    assert header.endswith(",prediction_label,prediction_error")
    assert row.endswith(",0.5,")
    assert problem.status == 422
    assert "has no column" in problem.detail
