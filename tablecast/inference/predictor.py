"""From valid values to predictions. Form, API, batch and command line all use it.

An engine plugs in by having one method: ``answer``, from columns to an ``Answer``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from tablecast.errors import Remark
from tablecast.inference.engine import Answer, Columns, Engine, Label
from tablecast.inference.interval import Interval
from tablecast.inference.row_program import BEYOND, RowProgram
from tablecast.schema.field import Field, Value
from tablecast.schema.schema import Row, Schema


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
        self._classes = [str(name) for name in schema.classes]
        self._cells = [(field.name, _Cells(field)) for field in schema.fields]

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """Answer rows in their order; an empty list gives an empty list."""
        if not rows:
            return []
        program = getattr(self.engine, "row_program", None)
        if len(rows) == 1 and program is not None:
            try:
                return [self._predict_alone(program, rows[0])]
            except BEYOND:
                pass
        output = self.engine.answer(self._columns(rows))
        labels = output.labels.tolist()
        probabilities = self._probabilities(output, len(rows))
        return [
            Prediction(label, probability, row.warnings, row.values, self.interval)
            for label, probability, row in zip(labels, probabilities, rows, strict=True)
        ]

    def _predict_alone(self, program: RowProgram, row: Row) -> Prediction:
        label, probabilities = program(row.values)
        named = dict(zip(self._classes, probabilities, strict=True)) if probabilities else None
        return Prediction(label, named, row.warnings, row.values, self.interval)

    def warm_up(self) -> None:
        """Answer typical rows, so that whatever the engine opens at its first answer is open."""
        self.predict([self.schema.typical] * 2)

    def _columns(self, rows: Sequence[Row]) -> Columns:
        if len(rows) == 1:  # as most requests have: known texts need no new array
            pairs = zip(self._cells, rows[0].values, strict=True)
            return {name: cells[value] for (name, cells), value in pairs}
        return self.schema.columns_of_rows(rows)

    def _probabilities(self, output: Answer, rows: int) -> list[dict[str, float] | None]:
        if output.probabilities is None:
            return [None] * rows
        each = output.probabilities.tolist()
        return [dict(zip(self._classes, row, strict=True)) for row in each]


class _Cells(dict[Any, npt.NDArray[Any]]):
    """A field's values as columns of one row; those of known levels are made once."""

    def __init__(self, field: Field) -> None:
        self._field = field
        for level in field.levels:
            self[level] = self.__missing__(level)
            self[level].flags.writeable = False

    def __missing__(self, value: Value) -> npt.NDArray[Any]:
        return self._field.array((value,))
