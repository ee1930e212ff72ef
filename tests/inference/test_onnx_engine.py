"""The graph in onnxruntime: what it is given, and what it is asked."""

from __future__ import annotations

from types import SimpleNamespace as Of
from typing import Any

import numpy as np
import pytest

from tablecast.errors import ArtifactError
from tablecast.inference import onnx_engine
from tablecast.inference.onnx_engine import CHUNK, GraphEngine, columns_read, fed, session_of
from tests.deployments import SHIPPED


class Session:
    """A session of a graph that doubles its first number, and keeps what it was given."""

    def __init__(self, *outputs: str, wide: str = "{}") -> None:
        self.outputs, self.wide, self.fed = outputs, wide, []

    def get_outputs(self) -> list[Any]:
        return [Of(name=name) for name in self.outputs]

    def get_inputs(self) -> list[Any]:
        return [Of(name="a"), Of(name="wide")]

    def get_modelmeta(self) -> Any:
        return Of(custom_metadata_map={onnx_engine.WIDE_INPUTS: self.wide})

    def run(self, names: list[str], feeds: dict[str, Any]) -> list[Any]:
        self.fed.append(feeds)
        label = 2 * feeds["a"]
        return [label, np.hstack([label, 1 - label])][: len(names)]


WIDE = '{"wide": ["b", "c"]}'


@pytest.mark.parametrize("rows", [1, CHUNK, CHUNK + 1, 2 * CHUNK + 5])
@pytest.mark.parametrize("outputs", [("prediction_label",), ("probabilities", "prediction_label")])
def test_a_thousand_rows_are_answered_at_a_time(
    monkeypatch: pytest.MonkeyPatch, rows: int, outputs: tuple[str, ...]
) -> None:
    """In their order, each with its probabilities where the graph has them."""
    session = Session(*outputs, wide=WIDE)
    monkeypatch.setattr(onnx_engine, "session_of", lambda _: session)
    columns = {name: np.arange(float(rows)) for name in "abc"}
    answer = GraphEngine(b"").answer(columns)
    assert answer.labels.tolist() == (2 * columns["a"]).tolist()
    if len(outputs) == 1:
        assert answer.probabilities is None
    else:
        assert answer.probabilities is not None
        assert answer.probabilities[-1].tolist() == [2 * rows - 2.0, 3.0 - 2 * rows]
        assert len(answer.probabilities) == rows
    sizes = [len(feeds["a"]) for feeds in session.fed]
    assert sizes == [CHUNK] * (rows // CHUNK) + [rows % CHUNK] * (rows % CHUNK > 0)


def test_columns_stand_side_by_side_in_a_wide_input() -> None:
    """All others are one column; a graph without wide inputs names each by itself."""
    inputs = columns_read(Session(wide=WIDE))
    assert inputs == {"a": ["a"], "wide": ["b", "c"]}
    columns = {name: np.array([at, at + 10.0]) for at, name in enumerate("abc")}
    feeds = fed(inputs, columns)
    assert feeds["a"].tolist() == [[0], [10]]
    assert feeds["wide"].tolist() == [[1, 2], [11, 12]]
    assert feeds["wide"].flags.c_contiguous
    assert columns_read(Session()) == {"a": ["a"], "wide": ["wide"]}


def test_a_session_keeps_to_one_thread() -> None:
    """One after the other, without an arena of its own; only errors are written."""
    options = session_of(SHIPPED.with_suffix(".onnx").read_bytes()).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.execution_mode.name == "ORT_SEQUENTIAL"
    assert (options.log_severity_level, options.enable_cpu_mem_arena) == (3, False)


def test_what_is_no_graph_is_refused_in_a_line() -> None:
    """With onnxruntime's first line, and what to do."""
    with pytest.raises(ArtifactError, match=r"cannot open the graph \([^\n]{9,}\); compile it"):
        GraphEngine(b"no graph").answer({"a": np.zeros(1)})
    assert GraphEngine.quick
