"""How fast and how large a pipeline's graph is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.engines import GraphEngine
from tablecast.predictor import column_of
from tablecast.schema import Schema

if TYPE_CHECKING:
    from tablecast.inspection import Prepared

#: Answers timed one by one, after some to warm up.
TIMED, WARMING = 200, 20


def measure(pipeline: Any, prepared: Prepared) -> tuple[float, int]:
    """Microseconds of one row in the graph (median), and the graph's bytes.

    Raises:
        UnsupportedStep: the pipeline has no graph form.
    """
    from tablecast.compiler.pipeline import compile_pipeline

    schema = Schema.from_table(prepared.table, prepared.target, prepared.task)
    content = compile_pipeline(pipeline, schema.fields, schema.task).SerializeToString()
    engine = GraphEngine(content)
    row = prepared.table.head(1)
    columns = {field.name: column_of(field, row[field.name]) for field in schema.fields}
    times = []
    for _ in range(WARMING + TIMED):
        began = time.perf_counter()
        engine.answer(columns)
        times.append(time.perf_counter() - began)
    return float(np.median(times[WARMING:])) * 1e6, len(content)
