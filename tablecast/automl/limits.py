"""How fast and how large a pipeline's graph is."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.engines import GraphEngine
from tablecast.predictor import column_of
from tablecast.schema import Schema

if TYPE_CHECKING:
    from tablecast.inspection import Prepared

#: Answers timed one by one, after some to warm up.
TIMED, WARMING = 200, 20


@dataclass(frozen=True)
class Cost:
    """What a row costs: microseconds (median) in the graph, and the graph's bytes."""

    microseconds: float
    bytes: int

    def beyond(self, max_latency: float, largest: float) -> str:
        """Which limit it breaks, as a sentence's half; empty where it keeps both."""
        if self.microseconds > max_latency:
            return (
                f"a row takes {self.microseconds:,.0f} µs in the graph; {max_latency:,.0f} are "
                "allowed"
            )
        if self.bytes > largest:
            return f"its graph has {self.bytes / 1e6:.1f} MB, and {largest / 1e6:.0f} are allowed"
        return ""


def joined(steps: Any, estimator: Any) -> Any:
    """A fitted pipeline of prepared steps and an estimator that was fitted on what they give."""
    pipeline = copy.copy(steps)
    pipeline.steps = [*steps.steps, ("actual_estimator", estimator)]
    return pipeline


def measure(pipeline: Any, prepared: Prepared) -> Cost:
    """Compile a fitted pipeline and time single rows.

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
    return Cost(float(np.median(times[WARMING:])) * 1e6, len(content))
