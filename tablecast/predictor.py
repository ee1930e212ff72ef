"""From valid values to answers. Form, API, batch and command line all come through here.

An engine plugs in by having one method: ``answer``, from columns to an ``Answer``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tablecast.errors import Remark
from tablecast.field import Field, Value, canonical_text
from tablecast.intervals.interval import Interval
from tablecast.scalar import BEYOND, Scalar
from tablecast.schema import Row, Schema

if TYPE_CHECKING:
    from tablecast.artifact import Deployment

#: Column name to values: float64 with NaN for missing, or text objects with "" for missing; (rows,)
Columns = Mapping[str, npt.NDArray[Any]]
Label = float | int | str


@dataclass(frozen=True)
class Answer:
    """What an engine answers for some rows.

    Attributes:
        labels: (rows,), float64 for regression, the classes as the table spells them otherwise.
        probabilities: float64 (rows, classes) in the order of ``Schema.classes``, or None.
    """

    labels: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64] | None = None


class Engine(Protocol):
    """Anything that answers columns; see ``tablecast.engines``."""

    def answer(self, columns: Columns) -> Answer:
        """Answer every row of the columns, which hold all fields of the schema."""
        ...


class Prediction(NamedTuple):
    """One row's answer, as every surface shows it.

    Attributes:
        prediction: the number, or the class as the table spells it.
        probabilities: each class's, where the estimator has them.
        warnings: what should be said about the row's values.
        values: the row's values, in the schema's order.
        ranges: how wide the deployment's ranges are; None for classes and older deployments.
    """

    prediction: Label
    probabilities: Mapping[str, float] | None = None
    warnings: tuple[Remark, ...] = ()
    values: tuple[Value, ...] = ()
    ranges: Interval | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two ends of the range that the true number most likely lies in, where known.

        Worked out when it is asked for: the tutorial's route answers without it.
        """
        if self.ranges is None or not isinstance(self.prediction, float):
            return None
        return self.ranges.of_row(self.prediction, self.values)


class Predictor:
    """Answers rows that ``Schema.parse`` made, through one engine."""

    def __init__(self, schema: Schema, engine: Engine, interval: Interval | None = None) -> None:
        self.schema = schema
        self.engine = engine
        self.interval = interval
        self._dtypes = [object if field.is_text else np.float64 for field in schema.fields]
        self._classes = [str(name) for name in schema.classes]
        self._cells = [(field.name, _Cells(field)) for field in schema.fields]

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """Answer rows in their order; an empty list gives an empty list."""
        if not rows:
            return []
        scalar = getattr(self.engine, "scalar", None)
        if len(rows) == 1 and scalar is not None:
            try:
                return [self._predict_scalar(scalar, rows[0])]
            except BEYOND:
                pass
        answer = self.engine.answer(self._columns(rows))
        labels = answer.labels.tolist()
        shares = self._shares(answer, len(rows))
        return [
            Prediction(label, share, row.warnings, row.values, self.interval)
            for label, share, row in zip(labels, shares, rows, strict=True)
        ]

    def _predict_scalar(self, scalar: Scalar, row: Row) -> Prediction:
        label, shares = scalar(row.values)
        named = None if shares is None else dict(zip(self._classes, shares, strict=True))
        return Prediction(label, named, row.warnings, row.values, self.interval)

    def warm_up(self) -> None:
        """Answer typical rows, so that whatever the engine opens at its first answer is open."""
        self.predict([Row(tuple(_typical(field) for field in self.schema.fields))] * 2)

    def _columns(self, rows: Sequence[Row]) -> Columns:
        if len(rows) == 1:  # as most requests have: known texts need no new array
            pairs = zip(self._cells, rows[0].values, strict=True)
            return {name: cells[value] for (name, cells), value in pairs}
        by_field = zip(*(row.values for row in rows), strict=True)
        return {
            field.name: np.array(values, dtype=dtype)
            for field, values, dtype in zip(self.schema.fields, by_field, self._dtypes, strict=True)
        }

    def _shares(self, answer: Answer, rows: int) -> list[dict[str, float] | None]:
        if answer.probabilities is None:
            return [None] * rows
        shares = answer.probabilities.tolist()
        return [dict(zip(self._classes, share, strict=True)) for share in shares]


class _Cells(dict[Any, npt.NDArray[Any]]):
    """A field's values as columns of one row; those of known levels are made once."""

    def __init__(self, field: Field) -> None:
        self._dtype = object if field.is_text else np.float64
        for level in field.levels if field.is_text else ():
            self[level] = self.__missing__(level)
            self[level].flags.writeable = False

    def __missing__(self, value: Value) -> npt.NDArray[Any]:
        return np.array((value,), dtype=self._dtype)


def _typical(field: Field) -> Value:
    return field.missing if field.default is None else field.default


def predict_model(deployment: str | PathLike[str] | Deployment, data: Any) -> Any:
    """Answer a table, as PyCaret's ``predict_model`` does, without needing PyCaret.

    Args:
        deployment: what ``tablecast.artifact.load`` gives, or its path without ending.
        data: a pandas DataFrame, a mapping of column name to values, or a list of row mappings.
            Columns that are no field of the schema are carried along. Nothing is refused here: an
            unknown category is answered as the pipeline does.

    Returns:
        The same kind of table with ``prediction_label`` and, where the estimator has
        probabilities, ``prediction_score`` (of the label, unrounded) added.

    Raises:
        KeyError: a field of the schema is not among the columns.
        ArtifactError: the deployment cannot be loaded.
    """
    from tablecast.artifact import Deployment, load

    loaded = deployment if isinstance(deployment, Deployment) else load(deployment)
    predictor = loaded.predictor
    if isinstance(data, list):
        columns = {field.name: [row.get(field.name) for row in data] for field in _fields(loaded)}
        added = _answers(predictor, columns)
        return [
            {**row, **{name: values[place].item() for name, values in added.items()}}
            for place, row in enumerate(data)
        ]
    added = _answers(predictor, data)
    return data.assign(**added) if hasattr(data, "assign") else {**data, **added}


def _fields(deployment: Deployment) -> tuple[Field, ...]:
    return deployment.schema.fields


def _answers(predictor: Predictor, data: Any) -> dict[str, npt.NDArray[Any]]:
    schema = predictor.schema
    answer = predictor.engine.answer(
        {field.name: column_of(field, data[field.name]) for field in schema.fields}
    )
    if answer.probabilities is None:
        return {"prediction_label": answer.labels}
    places = {label: place for place, label in enumerate(schema.classes)}
    chosen = np.array([places[label] for label in answer.labels.tolist()], dtype=np.intp)
    score = np.take_along_axis(answer.probabilities, chosen[:, None], axis=1)[:, 0]
    return {"prediction_label": answer.labels, "prediction_score": score}


def column_of(field: Field, values: Any) -> npt.NDArray[Any]:
    """A column as engines read it, from pandas, numpy or a list; missing as the field says."""
    if field.is_text:
        return np.array([_text_of(value) for value in values], dtype=object)
    if field.kind == "date":
        moments = np.asarray(values, dtype="datetime64[ns]")
        seconds = moments.astype("int64") / 1e9
        return np.where(np.isnat(moments), np.nan, seconds)
    return np.asarray(values, dtype=np.float64)


def _text_of(value: Any) -> str:
    if value is None or value != value:  # NaN and NaT differ from themselves
        return ""
    return canonical_text(value)
