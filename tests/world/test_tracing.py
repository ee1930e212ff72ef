"""OpenTelemetry, where its packages are installed: requests become spans, and answers stay."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from deployments import ROOT

pytestmark = pytest.mark.world

#: Where make test-world puts the packages: beside the environment, in which they would follow the
#: requests of every test.
PACKAGES = ROOT / "build" / "opentelemetry"

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

PROGRAM = """
import json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)

from tablecast.web.app import create_app

client = create_app().test_client()
row = {"age": 39, "sex": "male", "bmi": 30.4, "children": 1, "smoker": "no", "region": "northwest"}
sent = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
answers = [client.post("/predict_api", json=row, headers=sent), client.get("/none")]
told = [
    [span.name, f"{span.context.trace_id:032x}", span.attributes.get("http.status_code")]
    for span in spans.get_finished_spans()
]
print(json.dumps([[answer.get_json() for answer in answers[:1]], told,
                  [str(span.attributes) for span in spans.get_finished_spans()]]))
"""


def run(*folders: str, program: str = PROGRAM) -> str:
    """What a program prints that finds packages in some folders."""
    path = os.pathsep.join([*folders, str(ROOT)])
    variables = {**os.environ, "PYTHONPATH": path, "TABLECAST_ACCESS_LOG": "off"}
    command = [sys.executable, "-c", program]
    told = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=ROOT, env=variables
    )
    return told.stdout


def test_requests_become_spans() -> None:
    """A row's request is a span of the trace that was sent along; no value of the row is in it."""
    answers, spans, attributes = json.loads(run(str(PACKAGES)))
    names = [name for name, _trace, _status in spans]
    assert names[0] == "POST /predict_api"
    assert len(names) == 2
    assert spans[0][1:] == [TRACE, 200]
    assert spans[1][1] != TRACE
    assert "northwest" not in str(attributes)
    plain = PROGRAM.split("client =")[1].split("told =")[0]
    program = (
        "import json\nfrom tablecast.web.app import create_app\nclient =" + plain
        + "print(json.dumps([answer.get_json() for answer in answers[:1]]))"
    )
    assert json.loads(run(program=program)) == answers
