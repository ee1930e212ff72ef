"""Rows that the real steps are run on at compile time, one text at a time.

Every row is the first one with a single column changed. What a step makes of a text is then read
from that text's row, and a result that changes with several columns shows itself.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tablecast.inference.pycaret_api import heard_levels, import_pycaret
from tablecast.schema.column_kinds import column_kind
from tablecast.schema.field import Field

UNKNOWN_TEXTS = ("\u2047 unknown", "\u2047 unknown as well")


class Probe:
    """The probe's rows as PyCaret's ``predict_model`` prepares them.

    Attributes:
        table: the rows, typed as ``predict_model`` types them; row 0 is the base row.
        codes: tensors made so far that hold a source's key numbers.
    """

    def __init__(self, pipeline: Any, fields: Sequence[Field]) -> None:
        self.codes: dict[str, str] = {}
        self._texts: dict[str, list[str]] = {}
        self._labels: dict[str, list[int | None]] = {}
        self._changed: dict[str, set[int]] = {}
        heard = heard_levels(pipeline)
        base = {field.name: _base_value(field, heard.get(field.name, {})) for field in fields}
        rows = [base]
        for field in fields:
            values = _values(field, heard.get(field.name, {}), self._texts)
            labels: list[int | None] = []
            for value in values:
                labels.append(None if value is _NEVER else len(rows))
                if value is not _NEVER:
                    rows.append(base | {field.name: value})
            self._labels[field.name] = labels
            self._changed[field.name] = {label for label in labels if label is not None}
        self.table = prepared(_typed(rows, fields))

    @property
    def text_columns(self) -> set[str]:
        """The raw columns that have keys."""
        return set(self._texts)

    def texts(self, source: str) -> list[str]:
        """The texts of a raw column that have keys; the key after the last stands for unknown."""
        return self._texts[source]

    def values_by_key(self, source: str, column: pd.Series) -> NDArray[Any]:
        """A column's values for each key of a source: its texts, then two unknown ones."""
        known = dict(zip(column.index, np.asarray(column, dtype=object), strict=True))
        return np.array([known.get(label, np.nan) for label in self._labels[source]], dtype=object)

    def sources_of(self, column: pd.Series) -> list[str]:
        """The raw columns that a column of the probe's rows changes with."""
        values = np.asarray(column, dtype=object)
        base = values[0]
        differ = {
            label
            for label, value in zip(column.index, values, strict=True)
            if not (value == base or (pd.isna(value) and pd.isna(base)))
        }
        return [name for name, labels in self._changed.items() if labels & differ]


_NEVER = object()


def prepared(table: pd.DataFrame) -> pd.DataFrame:
    """A raw table typed as PyCaret's ``predict_model`` types it before the first step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyCaret's imports warn about its own dependencies
        return import_pycaret("pycaret.utils.generic").df_shrink_dtypes(table)


def _values(field: Field, heard: dict[str, Any], texts: dict[str, list[str]]) -> list[Any]:
    """The values to try in a column; for a text column one for each key."""
    if not field.is_text:
        return [_number(field, value) for value in (field.minimum, field.maximum)]
    levels = list(dict.fromkeys([*field.levels, *heard]))
    texts[field.name] = [*levels, ""]
    known = [_original(field, level, heard) for level in levels]
    if field.dtype == "bool":  # a missing or unknown value would not be a boolean
        return [*known, _NEVER, _NEVER, _NEVER]
    if field.dtype == "object":
        return [*known, np.nan, *UNKNOWN_TEXTS]
    top = max(known, default=0)
    missing = np.nan if field.dtype.startswith("float") else _NEVER
    return [*known, missing, top + 1, top + 2]


def _base_value(field: Field, heard: dict[str, Any]) -> Any:
    if field.is_text:
        levels = [*field.levels, *heard]
        return _original(field, levels[0], heard) if levels else np.nan
    return _number(field, field.minimum)


def _number(field: Field, value: float | None) -> Any:
    if value is None or value != value:
        return np.nan
    return column_kind(field).cell(field, value)


def _original(field: Field, level: str, heard: dict[str, Any]) -> Any:
    """The value that the training table had for a level."""
    if field.dtype == "bool":
        return level == "True"
    if field.dtype == "object":
        return heard.get(level, level)
    return float(level) if field.dtype.startswith("float") else int(level)


def _typed(rows: list[dict[str, Any]], fields: Sequence[Field]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=[field.name for field in fields])
    kinds = {field.name: field.dtype for field in fields}
    return table.astype(kinds)
