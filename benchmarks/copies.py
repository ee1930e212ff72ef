"""Copies of the shipped deployment that can be told apart: by title, version and prediction."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from benchmarks.environments import ROOT
from tablecast.deployment.graph_file import read_graph, replace_graph, with_description

SHIPPED = ROOT / "deployment_28042020"

#: By how much the predictions of one copy and the next differ, in dollars.
APART = 1000.0


def write_copy(base: Path, number: int, title: str = "") -> Path:
    """Write ``base.onnx`` and its hash: the shipped deployment, with all predictions moved.

    Args:
        base: the copy's path without ending.
        number: times ``APART`` is added; it is the copy's version, too.
        title: of its pages; by default it names the number.
    """
    content, description = read_graph(SHIPPED)
    told = copy.deepcopy(description)
    total = [step for step in told["scalar"]["steps"] if step[0] == "sum"][-1]
    total[1] += number * APART
    told |= {"name": base.name, "version": str(number)}
    told["schema"] |= {"title": title or f"Title {number}", "translations": {}}
    base.parent.mkdir(parents=True, exist_ok=True)
    return replace_graph(with_description(content, json.loads(json.dumps(told))), base)
