"""``predict_model`` on the three kinds of tables that it takes: the same predictions in each."""

from __future__ import annotations

import pandas as pd
import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.deployment.predict_model import predict_model
from tests.stand_ins import FormulaEngine, NearestPetalEngine, deploy, insurance_schema, iris_schema

CASES = {
    "amounts": deploy("charges", insurance_schema(), FormulaEngine()),
    "classes": deploy("iris", iris_schema(), NearestPetalEngine()),
}


def rows_of(deployment: Deployment) -> list[dict[str, object]]:
    fields = deployment.schema.fields
    return [{field.name: field.json_value(field.default) for field in fields} for _ in range(3)]


@pytest.mark.parametrize("name", CASES)
def test_rows_columns_and_frames_are_predicted_alike(name: str) -> None:
    """As plain values of Python for rows, and as columns for the other two."""
    deployment = CASES[name]
    rows = rows_of(deployment)
    frame = predict_model(deployment, pd.DataFrame(rows))
    columns = predict_model(deployment, {key: [row[key] for row in rows] for key in rows[0]})
    listed = predict_model(deployment, rows)
    labels = [row["prediction_label"] for row in listed]
    assert labels == frame["prediction_label"].tolist() == columns["prediction_label"].tolist()
    assert {type(label) for label in labels} <= {float, str}
    assert ("prediction_score" in listed[0]) == (name == "classes") == ("prediction_score" in frame)
    assert "prediction_label" not in rows[0]


def test_no_rows_give_none() -> None:
    """An empty list is a list without answers."""
    assert predict_model(CASES["classes"], []) == []


@pytest.mark.parametrize("name", CASES)
def test_a_column_that_is_absent_is_named(name: str) -> None:
    """A misspelt column is not taken for missing values."""
    deployment = CASES[name]
    first, *others = rows_of(deployment)[0]
    row = dict.fromkeys(others, 1)
    for data in ([row], [{}], pd.DataFrame([row]), {key: [value] for key, value in row.items()}):
        with pytest.raises(KeyError, match=f"no column '{first}'"):
            predict_model(deployment, data)
