"""Classes in words: what a yes or a no is called on the pages, and nowhere else."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tablecast.schema.form_file import Form
from tablecast.schema.schema import Schema
from tablecast.web.app import create_app
from tests.served import deployment_of

CASE = {"age": "30", "alone": "1"}


def passengers(classes: tuple[Any, Any]) -> pd.DataFrame:
    place = np.arange(120)
    return pd.DataFrame({
        "age": 18 + place % 47, "alone": place // 3 % 2,
        "Survived": [classes[each % 2] for each in place],
    })  # fmt: skip


def client_of(*classes: Any) -> Any:
    deployment = deployment_of(passengers(classes), "Survived", "classification")
    return create_app(deployment).test_client()


@pytest.mark.parametrize("classes", [(0, 1), ("no", "yes"), ("False", "True"), ("N", "Y")])
def test_a_yes_or_no_is_answered_so(classes: tuple[Any, Any]) -> None:
    """“No” below the target's name, and “Survived: no” where it stands alone."""
    client = client_of(*classes)
    page = client.post("/predict", data=CASE, headers={"Accept": "text/html"}).text
    assert '<h2 class="answer-name" id="answer-name">Survived</h2>' in page
    assert re.search(r'<p class="answer"[^>]*>No</p>', page)
    assert "<title>Survived: no (50% likely) – " in page
    assert "50% likely, according to the model." in page
    chinese = client.post("/predict?lang=zh", data=CASE, headers={"Accept": "text/html"}).text
    assert re.search(r'<p class="answer"[^>]*>否</p>', chinese)
    assert "<title>Survived：否（可能性：50%） – " in chinese


@pytest.mark.parametrize("classes", [(0, 1), ("no", "yes")])
def test_programs_get_the_tables_own_classes(classes: tuple[Any, Any]) -> None:
    """JSON and files hold the label as the training table spells it."""
    client = client_of(*classes)
    given = {"age": 30, "alone": 1}
    answer = client.post("/api/v1/predict", json=[given]).get_json()["predictions"][0]
    assert answer["prediction"] == classes[0]
    assert set(answer["probabilities"]) == {str(name) for name in classes}
    assert client.post("/predict_api", json=given).get_json() == classes[0]


@pytest.mark.parametrize("classes", [(0, 2), (1, 2), ("a", "b"), (0.5, 1)])
def test_other_classes_are_shown_as_they_are(classes: tuple[Any, Any]) -> None:
    """Only a pair that means yes and no is worded."""
    schema = Schema.from_table(passengers(classes), "Survived", "classification")
    assert [schema.show_class(name) for name in schema.classes] == list(map(str, schema.classes))
    assert schema.name_class(schema.classes[0]) == str(schema.classes[0])


def test_the_form_file_has_the_last_word() -> None:
    """Its names are shown, and stand alone in a sentence."""
    form = Form(class_labels={"0": "Died", "1": "Lived"})
    schema = Schema.from_table(passengers((0, 1)), "Survived", "classification", form)
    assert (schema.show_class(0), schema.name_class(1)) == ("Died", "Lived")


def test_three_classes_are_no_yes_or_no() -> None:
    """0, 1 and 2 are numbers."""
    table = passengers((0, 1))
    table.loc[:40, "Survived"] = 2
    schema = Schema.from_table(table, "Survived", "classification")
    assert [schema.show_class(name) for name in schema.classes] == ["0", "1", "2"]
