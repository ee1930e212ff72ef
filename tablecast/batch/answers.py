"""The columns that predictions add to rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tablecast.batch.csv_sink import Values
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, Remark
from tablecast.i18n.language import _
from tablecast.inference.engine import Columns

ERROR_COLUMN = "prediction_error"
ID_COLUMN = "prediction_id"


class Recorder(Protocol):
    """Keeps answers and refusals of a file."""

    def answered(
        self, columns: Columns, answers: Mapping[str, Values], warned: npt.NDArray[np.bool_]
    ) -> Sequence[str]:
        """Keep the answers to rows.

        Args:
            columns: field name to values, (rows,).
            answers: the added columns.
            warned: (rows,), whether there is something to say of a row.

        Returns:
            The ids of the answers.
        """

    def refused(self, rows: Iterable[Sequence[Remark]]) -> None:
        """Keep why rows were refused: what is wrong with each of them."""


def recorded(
    recorder: Recorder | None,
    columns: Columns,
    added: dict[str, Values],
    warned: npt.NDArray[np.bool_],
) -> dict[str, Values]:
    """The answers to rows with their ids, where something keeps them."""
    return {**added, ID_COLUMN: recorder.answered(columns, added, warned)} if recorder else added


def answers(deployment: Deployment, columns: Columns) -> dict[str, Values]:
    """The added columns for rows that are valid, one value a row."""
    output = deployment.predictor.engine.answer(columns)
    probabilities = output.probabilities
    if probabilities is None:
        return {"prediction_label": output.labels, **_ranges(deployment, output.labels, columns)}
    classes = deployment.schema.classes
    score = output.scores(classes)
    names = [f"prediction_score_{label}" for label in classes]
    each = zip(names, np.ascontiguousarray(probabilities.T), strict=True)
    return {"prediction_label": output.labels.tolist(), "prediction_score": score, **dict(each)}


def _ranges(
    deployment: Deployment, predictions: npt.NDArray[np.float64], columns: Columns
) -> dict[str, Values]:
    """Both ends of each row's range, as the form and the API tell them."""
    interval = deployment.predictor.interval
    if interval is None:
        return {}
    low, high = interval.of_columns(predictions, columns)
    return {"prediction_low": low, "prediction_high": high}




def added_columns(
    deployment: Deployment, with_errors: bool, *, with_ids: bool = False
) -> dict[str, type]:
    """Name to kind of the columns that answers of this deployment have.

    A typical row is asked: not every classifier knows probabilities.

    Raises:
        BatchError: a field of the deployment has the name of such a column.
    """
    schema = deployment.schema
    columns = answers(deployment, schema.columns_of_rows([schema.typical]))
    added: dict[str, type] = {
        name: int if getattr(values, "dtype", float) == np.int64 else float
        for name, values in columns.items()
    }
    if schema.classes:
        added["prediction_label"] = type(schema.classes[0])
    if with_ids:
        added[ID_COLUMN] = str
    if with_errors:
        added[ERROR_COLUMN] = str
    for taken in schema.fields:
        if taken.name in (*added, ERROR_COLUMN):
            words = _("The field {name} has the same name as a result column.")
            raise BatchError(words.format(name=repr(taken.name)))
    return added


def scattered(values: Values, indices: Sequence[int], rows: int) -> list[Any]:
    spread: list[Any] = [None] * rows
    listed = values.tolist() if isinstance(values, np.ndarray) else values
    for index, value in zip(indices, listed, strict=True):
        spread[index] = value
    return spread
