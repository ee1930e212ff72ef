"""What each part of the compiler buys: ``python -m benchmarks.parts NAME...``, see decisions.md.

For each deployment (its path without ending; the shipped one where none is named) the pipeline is
compiled with everything, and with each part left out in turn; and the row program is
made of each graph. Timings of all of them are taken in turns, so that a slow moment meets them all.
"""

from __future__ import annotations

import sys
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import onnx

from tablecast.compiler import pipeline as compiling
from tablecast.compiler.optimize import joined_columns
from tablecast.compiler.proof.random_rows import inputs_of, random_rows
from tablecast.compiler.row_program.trace import row_program_of
from tablecast.deployment.opening import load_pipeline
from tablecast.inference.onnx_engine import columns_read, fed, session_of
from tablecast.inference.row_program import BEYOND, RowProgram, function_of
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema

SHIPPED = "deployment_28042020"
ROUNDS = 60
ROWS = 1000


@dataclass
class Variant:
    """One way to compile a pipeline; timings are the least of all rounds, in seconds a call."""

    name: str
    graph: bytes
    nodes: int
    seconds: float
    steps: int | None
    calls: Mapping[str, Callable[[], Any]]
    timings: dict[str, float] = field(default_factory=dict)


#: What is compiled with, in place of a part.
WITHOUT: Mapping[str, Mapping[str, Any]] = {
    "with everything": {},
    "columns joined by each step": {"join_columns": lambda model: model},
    "a sum reads only what it needs": {"is_finite": lambda *_: False},
}


def variants(base: Path) -> list[Variant]:
    """A deployment's pipeline with every part, and without each."""
    description, pipeline = load_pipeline(base)
    schema = Schema.from_json(description["schema"])
    return [_variant(name, pipeline, schema) for name in WITHOUT]


def _variant(name: str, pipeline: Any, schema: Schema) -> Variant:
    with ExitStack() as replaced:
        for part, other in WITHOUT[name].items():
            module = joined_columns if part == "is_finite" else compiling
            replaced.enter_context(patch.object(module, part, other))
        began = time.perf_counter()
        model = compiling.compile_pipeline(pipeline, schema.fields, schema.task)
        seconds = time.perf_counter() - began
    program = row_program_of(model)
    names = [one.name for one in schema.fields]
    return Variant(
        name,
        model.SerializeToString(),
        len(model.graph.node),
        seconds,
        len(program["steps"]) if program else None,
        _calls(model, schema.fields, function_of(program, names) if program else None),
    )


def _calls(
    model: onnx.ModelProto, fields: Sequence[Field], program: RowProgram | None
) -> dict[str, Callable[[], Any]]:
    content = model.SerializeToString()
    session = session_of(content)
    columns = inputs_of(fields, random_rows(fields, ROWS, 0))
    many = fed(columns_read(session), columns)
    one = {name: values[:1] for name, values in many.items()}
    calls = {
        "load": lambda: session_of(content),
        "one row": lambda: session.run(None, one),
        f"{ROWS} rows": lambda: session.run(None, many),
    }
    if program is not None:
        row = [columns[field.name].reshape(-1)[0] for field in fields]
        try:
            program(row)
        except BEYOND:
            return calls
        calls["row program"] = lambda: program(row)
    return calls


def measure(chosen: Sequence[Variant]) -> None:
    """Time all calls of all variants in turns, each for about a millisecond."""
    for _ in range(ROUNDS):
        for variant in chosen:
            for name, call in variant.calls.items():
                number = 20 if name in ("one row", "row program") else 1
                seconds = timeit.timeit(call, number=number) / number
                known = variant.timings.get(name, seconds)
                variant.timings[name] = min(known, seconds)


def report(base: Path, chosen: Sequence[Variant]) -> str:
    """A table in Markdown."""
    heads = ("load", "one row", f"{ROWS} rows", "row program")
    lines = [
        f"| {base.name} | nodes | kB | compile ms | load ms | one row µs | {ROWS} rows µs "
        "| row program µs (steps) |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in chosen:
        load, row, many, program = (
            one.timings.get(head, np.nan) * 1e6 for head in heads
        )
        steps = f"{program:.1f} ({one.steps})" if one.steps else "none"
        lines.append(
            f"| {one.name} | {one.nodes} | {len(one.graph) / 1e3:.1f} | {one.seconds * 1e3:.0f} "
            f"| {load / 1e3:.1f} | {row:.1f} | {many:.0f} | {steps} |"
        )
    return "\n".join(lines)


def main(names: Sequence[str]) -> None:
    for name in names or [SHIPPED]:
        base = Path(name)
        chosen = variants(base)
        measure(chosen)
        print(report(base, chosen), end="\n\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
