"""``predict_model`` as PyCaret has it, computed by a deployment's engine."""

from os import PathLike
from typing import Any

import numpy.typing as npt

from tablecast.deployment.deployment import Deployment
from tablecast.inference.predictor import Predictor


def predict_model(deployment: str | PathLike[str] | Deployment, data: Any) -> Any:
    """Answer a table, as PyCaret's ``predict_model`` does, without needing PyCaret.

    Args:
        deployment: what ``description.load`` gives, or its path without ending.
        data: a pandas DataFrame, a mapping of column name to values, or a list of row mappings.
            Columns that are no field of the schema are carried along. Nothing is refused here: an
            unknown category is answered as the pipeline does.

    Returns:
        The same kind of table with ``prediction_label`` and, where the estimator has
        probabilities, ``prediction_score`` (of the label, unrounded) added.

    Raises:
        KeyError: fields of the schema are not among the columns, or in none of the rows; it names
            them.
        ArtifactError: the deployment cannot be loaded.
    """
    from tablecast.deployment.opening import load

    loaded = deployment if isinstance(deployment, Deployment) else load(deployment)
    predictor = loaded.predictor
    if isinstance(data, list):
        if not data:
            return []
        names = dict.fromkeys(name for row in data for name in row)
        columns = {name: [row.get(name) for row in data] for name in names}
        added = {name: each.tolist() for name, each in _answers(predictor, columns).items()}
        return [
            {**row, **dict(zip(added, values, strict=True))}
            for row, values in zip(data, zip(*added.values(), strict=True), strict=True)
        ]
    added = _answers(predictor, data)
    return data.assign(**added) if hasattr(data, "assign") else {**data, **added}


def _answers(predictor: Predictor, data: Any) -> dict[str, npt.NDArray[Any]]:
    schema = predictor.schema
    if any(field.name not in data for field in schema.fields):
        data = {str(name): data[name] for name in data}  # a frame may count its columns
    absent = [field.name for field in schema.fields if field.name not in data]
    if absent:
        raise KeyError(f"The data has no column {', '.join(map(repr, absent))}.")
    output = predictor.engine.answer(schema.columns_of(data))
    if output.probabilities is None:
        return {"prediction_label": output.labels}
    return {"prediction_label": output.labels, "prediction_score": output.scores(schema.classes)}
