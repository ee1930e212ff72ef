"""Steps inside a step: those of a pipeline in turn, of a ``ColumnTransformer`` side by side."""

import warnings
from typing import Any

import pandas as pd

from tablecast.compiler.frame import Cell, Frame, Step
from tablecast.compiler.registry import convert, converts
from tablecast.errors import UnsupportedStep


@converts("sklearn.pipeline.Pipeline", "sklearn.compose.ColumnTransformer")
def nested(frame: Frame, step: Step) -> dict[str, Cell]:
    """The cells of the last step's columns, under the names that the whole step gives them."""
    frame_after = _applied(frame, step.name, step.transformer, step.before)
    cells = [frame_after.cells[str(name)] for name in frame_after.table.columns]
    return dict(zip(map(str, step.after.columns), cells, strict=True))


def _applied(frame: Frame, name: str, transformer: Any, before: pd.DataFrame) -> Frame:
    """The columns of a table after a transformer, with their cells."""
    if transformer == "passthrough" or _does_nothing(transformer):
        return Frame(frame.builder, frame.probe, frame.cells, before)
    if hasattr(transformer, "transformers_"):
        return _side_by_side(frame, name, transformer, before)
    if hasattr(transformer, "steps"):
        for inner, step in transformer.steps:
            frame = _applied(frame, f"{name}: {inner}", step, before)
            before = frame.table
        return frame
    after = _table_of(name, transformer, before)
    columns = [str(column) for column in before.columns]
    cells = convert(frame, Step(name, transformer, columns, before, after))
    return Frame(frame.builder, frame.probe, cells, after)


def _side_by_side(frame: Frame, name: str, transformer: Any, before: pd.DataFrame) -> Frame:
    cells: dict[str, Cell] = {}
    tables: list[pd.DataFrame] = []
    for inner, inner_step, columns in transformer.transformers_:
        chosen = before[columns] if _are_names(columns) else before.iloc[:, columns]
        if inner_step == "drop" or not chosen.shape[1]:
            continue
        part = _applied(frame, f"{name}: {inner}", inner_step, chosen)
        named = {str(column): f"{inner}__{column}" for column in part.table.columns}
        cells |= {new: part.cells[old] for old, new in named.items()}
        tables.append(part.table.rename(columns=named))
    return Frame(frame.builder, frame.probe, cells, pd.concat(tables, axis="columns"))


def _does_nothing(transformer: Any) -> bool:
    """What scikit-learn makes of "passthrough" in a ColumnTransformer."""
    kind = type(transformer).__name__
    return transformer is None or (kind == "FunctionTransformer" and transformer.func is None)


def _are_names(columns: Any) -> bool:
    return isinstance(columns, str) or all(isinstance(column, str) for column in columns)


def _table_of(name: str, transformer: Any, before: pd.DataFrame) -> pd.DataFrame:
    """What a transformer makes of the probe's rows; columns keep their names where none is new."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = transformer.transform(before)
    except (ValueError, TypeError, KeyError, IndexError) as failure:
        raise UnsupportedStep(
            name, f"it fails on a value that is missing or new ({str(failure).splitlines()[0]})"
        ) from failure
    table = table.toarray() if hasattr(table, "toarray") else table
    if isinstance(table, pd.DataFrame):
        return table
    same = table.shape[1] == before.shape[1]
    names = before.columns if same else [f"{name} {index}" for index in range(table.shape[1])]
    return pd.DataFrame(table, index=before.index, columns=[str(column) for column in names])
