"""The target's column of a file: what each row's prediction should have been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tablecast.batch.column_reader import COLUMNS, meaning
from tablecast.batch.summary import location_in_words
from tablecast.errors import BatchError
from tablecast.schema.field import Field
from tablecast.schema.number_formats import DECIMAL_COMMA
from tablecast.schema.schema import Schema
from tablecast.schema.texts import canonical_text, fold, quoted

#: Which rows have a truth, and what it is, both (rows,).
Truths = tuple[npt.NDArray[np.bool_], npt.NDArray[Any]]


def classes_of(schema: Schema) -> dict[str, int]:
    """Folded spelling to the place of a class: as the table writes it, or as pages call it."""
    places = {text_of(label): place for place, label in enumerate(schema.classes)}
    for place, label in enumerate(schema.classes):
        places.setdefault(fold(schema.show_class(label)), place)
    return places


def text_of(label: Any) -> str:
    """A class as one text however it is written; of whole numbers 1 and 1.0 are the same."""
    return fold(canonical_text(label))


def truth_of(schemas: Sequence[Schema], file: str) -> NumberTruth | ClassTruth:
    """What reads the target of deployments that predict the same, in a file of this name."""
    kind = NumberTruth if schemas[0].task == "regression" else ClassTruth
    return kind(schemas, file)


class NumberTruth:
    """Numbers, spelt as in the last deployment's table."""

    def __init__(self, schemas: Sequence[Schema], file: str) -> None:
        schema = schemas[-1]
        self._file = file
        spelling = DECIMAL_COMMA if schema.decimal_comma else ""
        field = Field(
            schema.target, "number", "float64", label=schema.target, unit=schema.target_unit,
            required=False, spelling=spelling,
        )
        self._column = COLUMNS[field.cells](field, 100)

    def read(self, chunk: Any, place: int) -> Truths:
        """The numbers of a chunk's column. Raises BatchError where a cell is none."""
        values, _, outcomes = self._column.read(chunk.column(place))
        for index, outcome in outcomes:
            if outcome.refusal:
                raise _refused(self._file, chunk, index, outcome.refusal.say())
            values[index] = outcome.value
        return ~np.isnan(values), values


class ClassTruth:
    """Classes, as folded texts."""

    def __init__(self, schemas: Sequence[Schema], file: str) -> None:
        known = [classes_of(schema) for schema in schemas]
        self._file, self._target = file, schemas[-1].target
        self._classes = {spelling for classes in known for spelling in classes}
        self._whole = all(isinstance(one, int) for schema in schemas for one in schema.classes)
        levels = tuple(map(str, schemas[-1].classes))
        self._field = Field(self._target, "category", "object", levels=levels)

    def read(self, chunk: Any, place: int) -> Truths:
        """The classes of a chunk's column. Raises BatchError where a cell is no class."""
        cells = chunk.column(place)
        texts = [self._text(cell) for cell in cells]
        for index, text in enumerate(texts):
            if text and text not in self._classes:
                words = f"{self._target} {quoted(cells[index])} is a class that neither predicts."
                raise _refused(self._file, chunk, index, words)
        return np.array([bool(text) for text in texts], dtype=bool), np.array(texts, dtype=object)

    def _text(self, cell: Any) -> str:
        known = meaning(self._field, cell)
        if not isinstance(known, str | int | float):
            return ""
        if self._whole and isinstance(known, str):
            known = known.strip().removesuffix(".0")
        return text_of(known)


def _refused(file: str, chunk: Any, row: int, words: str) -> BatchError:
    return BatchError(f"{file}, {location_in_words(*chunk.location_of(row))}: {words}")
