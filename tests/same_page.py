"""Compares what a page's JavaScript answers with what the server does."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnx
import pandas as pd

from tablecast.deployment.deployment import Deployment
from tablecast.export.page.contents import contents_of
from tablecast.export.page.graph_json import graph_json
from tablecast.export.page.javascript import JavaScript
from tablecast.export.page.proof import PageProof, prove_page
from tablecast.inference.marginals import background_of
from tablecast.inference.onnx_engine import GraphEngine
from tablecast.schema.schema import Schema


def deployed(
    graph: onnx.ModelProto, schema: Schema, table: pd.DataFrame, interval: Any = None
) -> Deployment:
    """A graph with the parts of a deployment that answer and explain."""
    description = {
        "name": "cars",
        "schema": schema.to_json(),
        "background": background_of(table, schema),
        "interval": interval,
    }
    return Deployment(description, GraphEngine(graph.SerializeToString()))


def assert_same_in_javascript(
    graph: onnx.ModelProto, schema: Schema, table: pd.DataFrame, rows: int = 300
) -> PageProof:
    """V8 answers random rows as onnxruntime does, and explains some of them alike."""
    loaded = deployed(graph, schema, table)
    contents = contents_of(loaded, graph.SerializeToString())
    return prove_page(loaded, contents, rows=rows, explained_rows=2)


@cache
def _script() -> JavaScript:
    return JavaScript()


def in_javascript(
    graph: onnx.ModelProto, inputs: dict[str, np.ndarray], output: str
) -> np.ndarray:
    """An output of a graph, as the page's JavaScript evaluates it."""
    columns = {name: values.reshape(-1).tolist() for name, values in inputs.items()}
    script = _script()
    script.open("graph", "openGraph", graph_json(graph))
    made = script.ask(f"evaluate(graph, columns).{output}", columns=columns)
    dtype = object if made["kind"] == "text" else np.float64
    return np.array(made["data"], dtype=dtype).reshape(made["shape"])
