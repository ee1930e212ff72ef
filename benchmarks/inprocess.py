"""What one row and a million rows cost without a server; run by the serving environment's Python.

python -m benchmarks.inprocess row
python -m benchmarks.inprocess batch ROWS

Prints JSON. Neither needs anything but what serving installs.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from tablecast.deployment import graph_file
from tablecast.deployment.files import without_ending
from tablecast.deployment.opening import load
from tablecast.deployment.predict_model import predict_model
from tablecast.inference.onnx_engine import session_of
from tablecast.settings import read_settings
from tablecast.web import api
from tablecast.web.http.responses import to_json

CALLS = 2000
REPEATS = 30

BODY = (
    b'{"age":19,"sex":"female","bmi":27.9,"children":0,"smoker":"yes","region":"southwest"}'
)


def one_row() -> dict[str, dict[str, float]]:
    """Microseconds that each part of one answer takes: least and median of 30 repeats."""
    deployment = load()
    schema, predictor = deployment.schema, deployment.predictor
    raw = orjson.loads(BODY)
    row = schema.parse(raw)
    predictions = predictor.predict([row])
    feeds = {
        field.name: np.array([[value]], dtype=object if field.is_text else np.float64)
        for field, value in zip(schema.fields, row.values, strict=True)
    }
    graph = session_of(graph_file.read_graph(without_ending(read_settings()["deployment"]))[0])
    outputs = [output.name for output in graph.get_outputs()]
    parts: dict[str, Callable[[], Any]] = {
        "parse": lambda: orjson.loads(BODY),
        "validate": lambda: schema.parse(raw),
        "predict": lambda: predictor.predict([row]),
        "serialise": lambda: to_json(api.bare_answer(predictions)),
        "all four": lambda: to_json(
            api.bare_answer(predictor.predict([schema.parse(orjson.loads(BODY))]))
        ),
        "the graph, in onnxruntime": lambda: graph.run(outputs, feeds),
    }
    return {name: _microseconds(call) for name, call in parts.items()}


def batch(rows: int) -> dict[str, float]:
    """Rows a second through ``predict_model``, and the most memory that the process held."""
    deployment = load()
    table = _table(rows)
    predict_model(deployment, {name: values[:1000] for name, values in table.items()})
    began = time.perf_counter()
    answered = predict_model(deployment, table)
    seconds = time.perf_counter() - began
    if not np.isfinite(answered["prediction_label"]).all():
        raise RuntimeError("A row was not answered.")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"rows": rows, "rows a second": rows / seconds, "peak MB": most}


def _table(rows: int) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    levels = {
        "sex": ("female", "male"), "smoker": ("yes", "no"),
        "region": ("northeast", "northwest", "southeast", "southwest"),
    }
    numbers = {
        "age": draw.integers(18, 65, rows),
        "bmi": draw.uniform(16, 53, rows),
        "children": draw.integers(0, 6, rows),
    }
    texts = {
        name: np.array(known, dtype=object)[draw.integers(0, len(known), rows)]
        for name, known in levels.items()
    }
    return {**numbers, **texts}


def _microseconds(call: Callable[[], Any]) -> dict[str, float]:
    # With the collector on, as a server runs; timeit turns it off.
    seconds = timeit.repeat(call, "import gc; gc.enable()", number=CALLS, repeat=REPEATS)
    each = [second / CALLS * 1e6 for second in seconds]
    return {"least": min(each), "median": statistics.median(each)}


def main(task: str, *values: str) -> None:
    os.environ.setdefault("TABLECAST_ENGINE", "onnx")
    print(json.dumps(one_row() if task == "row" else batch(int(values[0]))))


if __name__ == "__main__":
    main(*sys.argv[1:])
