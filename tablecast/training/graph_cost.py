"""The speed and the size of a pipeline's graph."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tablecast.errors import Remark
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.schema.schema import Schema

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared

#: Answers timed one by one, after some to warm up.
TIMED, WARMING = 200, 20


@dataclass(frozen=True)
class Cost:
    """What a row costs: microseconds (median) in the graph, and the graph's bytes."""

    microseconds: float
    bytes: int

    def too_slow(self, max_latency: float) -> Remark | None:
        """That a row takes longer than allowed; None where it does not."""
        if self.microseconds <= max_latency:
            return None
        return Remark(
            "a row takes {microseconds:,.0f} µs in the graph; the limit is {most:,.0f} µs",
            values={"microseconds": self.microseconds, "most": max_latency},
        )

    def too_large(self, largest: float) -> Remark | None:
        """That its graph is larger than allowed; None where it is not."""
        if self.bytes <= largest:
            return None
        return Remark(
            "its graph has {size:.1f} MB; the limit is {most:.0f} MB",
            values={"size": self.bytes / 1e6, "most": largest / 1e6},
        )


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
    schema, content = _compiled(pipeline, prepared)
    engine = GraphEngine(content)
    row = prepared.table.head(1)
    columns = schema.columns_of(row)
    times = []
    for _ in range(WARMING + TIMED):
        began = time.perf_counter()
        engine.answer(columns)
        times.append(time.perf_counter() - began)
    return Cost(float(np.median(times[WARMING:])) * 1e6, len(content))


def _compiled(pipeline: Any, prepared: Prepared) -> tuple[Schema, bytes]:
    from tablecast.compiler.pipeline import compile_pipeline

    schema = Schema.from_table(prepared.table, prepared.target, prepared.task)
    return schema, compile_pipeline(pipeline, schema.fields, schema.task).SerializeToString()
