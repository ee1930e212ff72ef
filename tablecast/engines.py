"""The engines that answer, and how each opens a deployment. The rest of serving knows neither."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tablecast import artifact, graphfile
from tablecast.bridge import heard_levels, import_pycaret, predict_with_pycaret
from tablecast.errors import ArtifactError
from tablecast.field import Field
from tablecast.predictor import Answer, Columns
from tablecast.scalar import Scalar, function_of
from tablecast.schema import Schema

#: Rows that onnxruntime is given at a time: its arena then stays small however long the table.
CHUNK = 1000


class GraphEngine:
    """The compiled graph in onnxruntime. Needs neither PyCaret nor its Python.

    Attributes:
        scalar: answers one row without onnxruntime, where the graph is small enough for it.

    onnxruntime is imported, and the session opened, at the first answer: a server may load the
    deployment once, fork, and let each worker open its own session.
    """

    #: One row takes microseconds: a server may answer it where it stands, as
    #: ``tablecast.serving.worker`` does.
    quick = True

    def __init__(self, content: bytes, scalar: Scalar | None = None) -> None:
        self._content = content
        self.scalar = scalar

    @cached_property
    def _session(self) -> Any:
        return session_of(self._content)

    @cached_property
    def _inputs(self) -> list[str]:
        return [node.name for node in self._session.get_inputs()]

    @cached_property
    def _outputs(self) -> list[str]:
        made = {output.name for output in self._session.get_outputs()}
        return [name for name in ("prediction_label", "probabilities") if name in made]

    def answer(self, columns: Columns) -> Answer:
        """Answer by running the graph, 1,000 rows at a time."""
        rows = len(next(iter(columns.values())))
        if rows <= CHUNK:
            return self._answer_chunk(columns)
        parts = [
            self._answer_chunk({name: values[i : i + CHUNK] for name, values in columns.items()})
            for i in range(0, rows, CHUNK)
        ]
        labels = np.concatenate([part.labels for part in parts])
        shares = [part.probabilities for part in parts if part.probabilities is not None]
        return Answer(labels, np.concatenate(shares) if shares else None)

    def _answer_chunk(self, columns: Columns) -> Answer:
        feeds = {name: columns[name].reshape(-1, 1) for name in self._inputs}
        label, *probabilities = self._session.run(self._outputs, feeds)
        return Answer(label.reshape(-1), probabilities[0] if probabilities else None)


def session_of(content: bytes) -> Any:
    """An onnxruntime session on one thread: a second one only spins, and hangs after a fork."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    # Tensors of a row or of a thousand are as quickly had from the system, and given back.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


class PycaretEngine:
    """PyCaret's own ``predict_model`` on the saved pipeline: slow, and the truth."""

    def __init__(self, pipeline: Any, schema: Schema) -> None:
        self._pipeline = pipeline
        self._schema = schema
        self._levels = heard_levels(pipeline)
        import_pycaret(f"pycaret.{schema.task}")  # now, and not while the first person waits

    def answer(self, columns: Columns) -> Answer:
        """Answer with ``predict_model``; about 150 ms however few the rows."""
        frame = frame_of(self._schema, columns, self._levels)
        table = predict_with_pycaret(self._pipeline, frame, self._schema.task)
        labels = table["prediction_label"].to_numpy()
        if self._schema.task == "regression":
            return Answer(labels.astype(np.float64))
        labels = labels.astype(object)
        names = [f"prediction_score_{label}" for label in self._schema.classes]
        if names[0] not in table:
            return Answer(labels)
        return Answer(labels, table[names].to_numpy(dtype=np.float64))


def frame_of(
    schema: Schema, columns: Columns, levels: Mapping[str, Mapping[str, Any]] | None = None
) -> Any:
    """The pandas table that a pipeline was trained to read, from an engine's columns.

    Args:
        schema: the fields.
        columns: the values.
        levels: what the pipeline had for a field's text, as ``heard_levels`` gives it.
    """
    import pandas as pd

    series: dict[str, Any] = {}
    for field in schema.fields:
        values = columns[field.name]
        if field.is_text:
            series[field.name] = _levels_of(field, values, (levels or {}).get(field.name, {}))
        elif field.kind == "date":
            series[field.name] = pd.to_datetime(pd.Series(values), unit="s")
        else:
            series[field.name] = pd.Series(values).astype(field.dtype)
    return pd.DataFrame(series)


def _levels_of(field: Field, texts: Any, known: Mapping[str, Any]) -> Any:
    """A column of categories as the training table had it: texts, booleans, or numbers."""
    import pandas as pd

    if field.dtype == "bool":
        return pd.Series(texts == "True")
    if field.dtype == "object":
        return pd.Series([known.get(text, text) for text in texts], dtype=object).replace("", np.nan)
    numbers = pd.to_numeric(pd.Series(texts, dtype=object).replace("", np.nan), errors="coerce")
    # What is no number is a level that training never had, and so is one above all of them.
    numbers[numbers.isna() & (texts != "")] = max(map(float, field.levels), default=0.0) + 1
    return numbers if numbers.isna().any() else numbers.astype(field.dtype)


def open_with_pycaret(base: Path) -> artifact.Deployment:
    """Check the pickle against its description, then open it.

    Raises:
        ArtifactError: a file is missing, damaged, or made with other versions.
    """
    description, pipeline = load_pipeline(base)
    engine = PycaretEngine(pipeline, Schema.from_json(description["schema"]))
    return artifact.Deployment(description, engine)


def load_pipeline(base: Path) -> tuple[dict[str, Any], Any]:
    """The description and the pipeline of a pickle that is known to be the described one.

    Raises:
        ArtifactError: a file is missing, damaged, or made with other versions.
    """
    description = artifact.read_description(base)
    content = artifact.read_pipeline_bytes(base, description)
    artifact.check_versions(description, artifact.with_ending(base, ".pkl"))
    import joblib  # which comes with the packages that were just looked for

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the modules that the pickle names
        return description, joblib.load(io.BytesIO(content))


def open_graph(base: Path) -> artifact.Deployment:
    """Check the graph, then load those same bytes.

    Raises:
        ArtifactError: a file is missing, damaged, not ours, or does not fit the pickle beside it.
    """
    content, description = graphfile.read_graph(base)
    return artifact.Deployment(description, GraphEngine(content, scalar_of(base, description)))


def scalar_of(base: Path, description: Mapping[str, Any]) -> Scalar | None:
    """What answers one row in plain arithmetic; None where only the graph does.

    Raises:
        ArtifactError: it is not one that the compiler writes.
    """
    program = description.get("scalar")
    names = [field["name"] for field in description["schema"]["fields"]]
    try:
        return function_of(program, names) if program else None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, SyntaxError):
        raise ArtifactError(
            f"{base.name}.onnx holds arithmetic that this tablecast cannot read; compile it again "
            f"(python -m tablecast compile {base.name}.pkl)."
        ) from None


#: Engine name, as TABLECAST_ENGINE gives it, to what opens a deployment with it.
OPENERS: Mapping[str, Callable[[Path], artifact.Deployment]] = {
    "onnx": open_graph,
    "pycaret": open_with_pycaret,
}
