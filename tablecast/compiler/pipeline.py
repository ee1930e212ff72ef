"""The compiler's main loop: it walks a fitted PyCaret pipeline and writes its graph."""

import warnings
from collections.abc import Sequence
from inspect import signature
from typing import Any, Literal

import onnx
import pandas as pd
from onnx import TensorProto

import tablecast.compiler.estimators
import tablecast.compiler.steps  # noqa: F401 - registers the converters
from tablecast.compiler.arithmetic import join
from tablecast.compiler.frame import Cell, Frame, Lookup, Moment, Number, Step
from tablecast.compiler.graph import Builder
from tablecast.compiler.optimize.joined_columns import join_columns
from tablecast.compiler.output import add_output
from tablecast.compiler.probe import UNKNOWN_TEXTS, Probe
from tablecast.compiler.registry import convert
from tablecast.errors import UnsupportedStep
from tablecast.schema.field import Field

#: onnxruntime takes some microseconds for each input: more columns of numbers are one.
MOST_INPUTS = 64
# float32 holds every whole number up to here.
EXACT_IN_SINGLE = 2**24

Task = Literal["regression", "classification"]


def compile_pipeline(pipeline: Any, fields: Sequence[Field], task: Task) -> onnx.ModelProto:
    """Write a fitted pipeline as a graph from raw columns to PyCaret's ``predict_model`` answer.

    Args:
        pipeline: what PyCaret's ``finalize_model`` returns or ``load_model`` loads.
        fields: the raw columns, at least those that the pipeline was fitted on.
        task: regression or classification.

    Returns:
        A model with one input of shape (rows, 1) for each column that the pipeline reads, named
        as the column: text ("" for missing), or float64 (NaN for missing; a date in seconds since
        1970 UTC). More than ``MOST_INPUTS`` numbers are one input of shape (rows, columns), whose
        columns the model's metadata names (``onnx_engine.WIDE_INPUTS``). Its outputs are
        ``prediction_label`` (rows, 1): float64, or int64 or text for classes; and
        ``probabilities``, float64 (rows, classes), where the classifier has them.

    Raises:
        UnsupportedStep: a step or the estimator has no graph form.
    """
    frame = _walk(pipeline, fields)
    matrix = frame.matrix("the estimator", list(frame.table.columns))
    return join_columns(frame.builder.finish(add_output(frame.builder, pipeline, matrix, task)))


def compile_features(pipeline: Any, fields: Sequence[Field]) -> onnx.ModelProto:
    """The same graph up to the estimator: its output ``features`` is what the estimator is given.

    For tests, and for finding which step a failed proof is due to.
    """
    frame = _walk(pipeline, fields)
    matrix = frame.matrix("the estimator", list(frame.table.columns))
    features = (matrix.name, "features", TensorProto.DOUBLE, ["rows", matrix.width])
    return join_columns(frame.builder.finish([features]))


def _walk(pipeline: Any, fields: Sequence[Field]) -> Frame:
    by_name = {field.name: field for field in fields}
    names = list(pipeline.feature_names_in_)[:-1]  # the last is the target
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise UnsupportedStep("the table", f"the schema has no column {unknown[0]!r}")
    frame = _raw_frame(pipeline, [by_name[name] for name in names])
    for name, step in pipeline.steps[:-1]:
        if _concerns_columns(step):
            frame = _after(frame, name, step)
    return frame


def _raw_frame(pipeline: Any, fields: list[Field]) -> Frame:
    builder = Builder()
    numbers = [field for field in fields if field.graph_input == "number"]
    wide = len(numbers) > MOST_INPUTS
    for field in fields:
        if not wide or field.graph_input != "number":
            builder.input(field.name, text=field.is_text)
    probe = Probe(pipeline, fields)
    cells: dict[str, Cell] = {}
    for field in fields:
        if field.is_text:
            cells[field.name] = Lookup(
                field.name, probe.values_by_key(field.name, probe.table[field.name])
            )
    dates = [field.name for field in fields if field.graph_input == "moment"]
    if dates:
        joined = join(builder, dates)
        cells |= {name: Moment(joined, len(dates), index) for index, name in enumerate(dates)}
    return Frame(builder, probe, cells | _raw_numbers(builder, numbers, wide), probe.table)


def _raw_numbers(builder: Builder, fields: list[Field], wide: bool) -> dict[str, Cell]:
    """All numbers side by side, fractions rounded to float32 as ``predict_model`` does."""
    large = [field.name for field in fields if not _survives_rounding(field)]
    known = set(large)
    rest = [field.name for field in fields if field.name not in known]
    tensors = [builder.wide_input(large)] if wide and large else list(large)
    if rest:
        joined = builder.wide_input(rest) if wide else join(builder, rest)
        fractions = any(field.dtype.startswith("float") for field in fields)
        tensors.append(builder.round_to_single(joined) if fractions else joined)
    if not tensors:
        return {}
    tensor = join(builder, tensors)
    names = [*large, *rest]
    return {name: Number(tensor, len(names), index) for index, name in enumerate(names)}


def _survives_rounding(field: Field) -> bool:
    """Whether the column may be rounded to float32: it is, or it has small whole numbers only."""
    if field.dtype.startswith("float"):
        return True
    limits = (field.minimum, field.maximum, field.hard_minimum, field.hard_maximum)
    return all(limit is not None and abs(limit) < EXACT_IN_SINGLE for limit in limits)


def _concerns_columns(step: Any) -> bool:
    """Whether a step does anything to the columns of new rows."""
    if step is None or step == "passthrough" or getattr(step, "_train_only", False):
        return False
    transformer = getattr(step, "transformer", step)
    if not hasattr(transformer, "transform"):
        return False
    if "X" not in signature(transformer.transform).parameters:
        return False  # a step of the target
    return getattr(step, "_include", None) != []


def _after(frame: Frame, name: str, wrapper: Any) -> Frame:
    """The columns after one step, in the order that PyCaret's wrapper leaves them in."""
    table, after, result = _run(frame.table, name, wrapper)
    columns = _columns_of(wrapper, table)
    step = Step(name, getattr(wrapper, "transformer", wrapper), columns, table[columns], after)
    before = Frame(frame.builder, frame.probe, frame.cells, table)
    cells = convert(before, step)
    kept = {column: cells.get(column) or frame.cells[column] for column in result.columns}
    return Frame(frame.builder, frame.probe, kept, result)


def _run(
    table: pd.DataFrame, name: str, wrapper: Any
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Run the real step on the probe: the rows it took, its own columns, and the whole result.

    A step that refuses missing values or unknown texts is run without them: PyCaret gives no answer
    there.
    """
    error: Exception | None = None
    known = table[~table.isin(UNKNOWN_TEXTS).any(axis=1)]
    for rows in (table, table.dropna(), known, known.dropna()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = wrapper.transform(rows.copy())
                return rows, _own_columns(wrapper, rows), result
        except (ValueError, TypeError, KeyError, IndexError) as failure:
            error = failure
    raise UnsupportedStep(name, f"it fails on rows like those of training ({error})")


def _columns_of(wrapper: Any, table: pd.DataFrame) -> list[str]:
    include = getattr(wrapper, "_include", None)
    return list(table.columns) if include is None else list(include)


def _own_columns(wrapper: Any, table: pd.DataFrame) -> pd.DataFrame:
    """What the wrapped transformer returns, named as PyCaret's wrapper names it."""
    if not hasattr(wrapper, "transformer"):
        return wrapper.transform(table.copy())
    taken = table[_columns_of(wrapper, table)].copy()
    # With only its own columns there is nothing to reorder, so the transformer's order remains.
    return wrapper._prepare_df(taken, wrapper.transformer.transform(taken.copy()))
