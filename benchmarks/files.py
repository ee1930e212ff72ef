"""A file of a million rows, answered by the command line and by PyCaret, in turns."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.environments import CACHE, PEERS, ROOT, Environment, training
from tablecast.deployment.opening import load
from tablecast.schema.field import Field
from tablecast.schema.schema import Schema

#: Decides the file's rows.
SEED = 28042020

#: Rows that are drawn and written at a time.
CHUNK_ROWS = 50_000

#: The share of cells that are left empty where training had missing values.
MISSING = 0.05

#: The largest difference of two answers, relative to the answer or to 1: PyCaret rounds its own.
SAME_ANSWER = 1e-4


@dataclass(frozen=True)
class Run:
    """What one program took for one file.

    Attributes:
        seconds: from starting the program to its end.
        work: what it says of that itself, without starting and loading.
        cpu: user and system time.
        peak: the most memory that it or a program it started held, in MB.
    """

    seconds: float
    work: float
    cpu: float
    peak: float


def measured(serving: Environment, deployment: str, rows: int, rounds: int) -> dict[str, Any]:
    """Both programs on the same file, A B A B.

    Raises:
        RuntimeError: a program failed, a row was not answered, or the two answer differently.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    source = CACHE / f"rows-{rows}.csv"
    outputs = {name: CACHE / f"answered-{name}.csv" for name in ("tablecast", "pycaret")}
    write_rows(load(deployment).schema, source, rows)
    commands = _commands(serving, deployment, source, outputs)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    try:
        for turn in range(rounds):
            for name, command in commands.items():
                run, said = timed(command, CACHE)
                if name == "tablecast" and f"Predicted {rows:,} of {rows:,} rows" not in said:
                    raise RuntimeError(f"Not every row was answered: {said}")
                runs[name].append(asdict(run))
                print(f"round {turn + 1} of {rounds}: {name}, {rows:,} rows: {run.seconds:.1f} s, "
                      f"{run.peak:.0f} MB", flush=True)
        worst = _worst_difference(outputs)
    finally:
        for path in (source, *outputs.values()):
            path.unlink(missing_ok=True)
    if worst > SAME_ANSWER:
        raise RuntimeError(f"The two answer differently, by {worst:.1g} of the answer.")
    return {"rows": rows, "worst difference": worst, "runs": runs}


def write_rows(schema: Schema, path: Path, rows: int, seed: int = SEED) -> None:
    """Write a CSV file of valid rows: levels and numbers evenly from those seen in training."""
    draw = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in schema.fields])
        for first in range(0, rows, CHUNK_ROWS):
            size = min(CHUNK_ROWS, rows - first)
            cells = [_cells(field, size, draw) for field in schema.fields]
            writer.writerows(zip(*cells, strict=True))


def timed(command: Sequence[str], folder: Path) -> tuple[Run, str]:
    """Run a program to its end in a folder, where it may leave its logs; also what it printed.

    Raises:
        RuntimeError: it failed.
    """
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "TABLECAST_ENGINE": "onnx"}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=variables, text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout as stream:
        said = stream.read()
    _, status, used = os.wait4(process.pid, 0)  # with what this program alone used
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"([0-9.]+) s\b", said)
    if process.returncode or found is None:
        raise RuntimeError(f"{' '.join(command)} failed.")
    cpu = used.ru_utime + used.ru_stime
    return Run(seconds, float(found[1]), cpu, used.ru_maxrss * 1024 / 1e6), said


def _commands(
    serving: Environment, deployment: str, source: Path, outputs: Mapping[str, Path]
) -> dict[str, list[str]]:
    ours = [serving.program("python"), "-m", "tablecast", "predict", deployment, str(source), "-o"]
    peer = [training().program("python"), str(PEERS / "naive_batch.py"), deployment, str(source)]
    return {
        "tablecast": [*ours, str(outputs["tablecast"])],
        "pycaret": [*peer, str(outputs["pycaret"])],
    }


def _cells(field: Field, size: int, draw: np.random.Generator) -> list[Any]:
    cells = _known_cells(field, size, draw)
    if field.required:
        return cells
    gaps = draw.random(size) < MISSING
    return ["" if gap else cell for cell, gap in zip(cells, gaps.tolist(), strict=True)]


def _known_cells(field: Field, size: int, draw: np.random.Generator) -> list[Any]:
    if field.is_text:
        return [field.levels[at] for at in draw.integers(0, len(field.levels), size).tolist()]
    low, high = field.minimum or 0.0, field.maximum or 0.0
    if field.kind == "integer":
        return draw.integers(int(low), int(high) + 1, size).tolist()
    values = draw.uniform(low, high, size)
    if field.kind == "date":
        return [field.show(value) for value in np.floor(values).tolist()]
    return np.clip(values.round(3), low, high).tolist()


def _worst_difference(outputs: Mapping[str, Path]) -> float:
    """The largest difference of two answers to a row, relative to the answer or to 1."""
    import pandas as pd

    ours, peer = (
        pd.read_csv(path, usecols=["prediction_label"])["prediction_label"].to_numpy(np.float64)
        for path in outputs.values()
    )
    return float((np.abs(ours - peer) / np.maximum(1.0, np.abs(peer))).max())
