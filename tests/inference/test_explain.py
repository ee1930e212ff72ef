"""Why an answer is what it is: Shapley values, against their definition and against shap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from math import factorial, nan
from typing import Any

import numpy as np
import pytest

from tablecast.deployment.deployment import Deployment
from tablecast.inference.engine import Answer, Columns
from tablecast.inference.marginals import Background, Marginal
from tablecast.inference.shapley import Explainer, Explanation
from tablecast.schema.field import Field, Value
from tablecast.schema.schema import Row, Schema
from tablecast.web.api import most_explained
from tests.explained import charging, grading, of_many_fields
from tests.started import started

ROWS = [
    (55.0, 36.5, "yes", "west"),
    (19.0, 22.25, "no", "north"),
    (nan, 41.0, "yes", "north"),
    (40.0, 30.0, "no", "west"),
]


def explainer_of(deployment: Deployment) -> Explainer:
    assert deployment.explainer is not None
    return deployment.explainer


def gains_of(explained: Explanation) -> list[float]:
    return [one.contribution for one in explained.contributions]


def worth_of(
    deployment: Deployment, row: Sequence[Value], label: Any
) -> Callable[[set[int]], float]:
    """The mean answer where these fields are the row's, and the others the background's."""
    draws = explainer_of(deployment).draws
    kept: dict[frozenset[int], float] = {}

    def worth(given: set[int]) -> float:
        if frozenset(given) not in kept:
            columns = {name: values.copy() for name, values in draws.items()}
            for place in given:
                columns[deployment.schema.fields[place].name][:] = row[place]
            answer = deployment.engine.answer(columns)
            outputs = answer.labels
            if label is not None and answer.probabilities is not None:
                outputs = answer.probabilities[:, deployment.schema.classes.index(label)]
            elif label is not None:
                outputs = answer.labels == label
            kept[frozenset(given)] = float(np.mean(outputs))
        return kept[frozenset(given)]

    return worth


def by_definition(deployment: Deployment, row: Sequence[Value], label: Any) -> list[float]:
    """What each field adds when it joins, the mean over every order of the fields."""
    worth = worth_of(deployment, row, label)
    count = len(row)
    gains = [0.0] * count
    for order in permutations(range(count)):
        joined: set[int] = set()
        for place in order:
            before = worth(joined)
            joined = joined | {place}
            gains[place] += (worth(joined) - before) / factorial(count)
    return gains


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize(
    "deployment",
    [charging(), grading(), grading(probabilities=False)],
    ids=["number", "probability", "class alone"],
)
def test_contributions_are_shapley_values(deployment: Deployment, row: tuple[Value, ...]) -> None:
    """They equal the definition's mean over all orders, and start at the background's mean."""
    explained = explainer_of(deployment).explain(Row(row))
    expected = by_definition(deployment, row, explained.label)
    assert gains_of(explained) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    base = worth_of(deployment, row, explained.label)(set())
    assert explained.base == pytest.approx(base, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS[:2], ids=str)
def test_contributions_equal_those_of_shap(row: tuple[Value, ...]) -> None:
    """The shap package's exact explainer finds the same values on the same background."""
    shap = pytest.importorskip("shap")
    deployment = charging()
    schema, draws = deployment.schema, explainer_of(deployment).draws
    names = [field.name for field in schema.fields]
    texts = {name: sorted({*draws[name].tolist(), row[place]}) for place, name in enumerate(names)
             if schema.fields[place].is_text}

    def coded(name: str, values: Any) -> Any:
        return [texts[name].index(value) for value in values] if name in texts else values

    def answer(matrix: Any) -> Any:
        columns = {
            name: np.array(texts[name], dtype=object)[matrix[:, place].astype(int)]
            if name in texts else matrix[:, place]
            for place, name in enumerate(names)
        }
        return deployment.engine.answer(columns).labels

    background = np.column_stack([coded(name, draws[name]) for name in names]).astype(float)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    asked = np.array([[coded(name, [row[place]])[0] for place, name in enumerate(names)]], float)
    theirs = shap.ExactExplainer(answer, masker)(asked)
    ours = explainer_of(deployment).explain(Row(row))
    assert gains_of(ours) == pytest.approx(theirs.values[0].tolist(), rel=1e-6, abs=1e-6)
    assert ours.base == pytest.approx(float(theirs.base_values[0]), rel=1e-9)


@pytest.mark.parametrize(
    ("deployment", "row"),
    [(charging(), ROWS[0]), (grading(), ROWS[2]), (of_many_fields(), (0.5,) * 14)],
    ids=["number", "probability", "sampled"],
)
def test_contributions_add_up(deployment: Deployment, row: tuple[Value, ...]) -> None:
    """The average and all contributions make the answer that the predictor gives."""
    explained = explainer_of(deployment).explain(Row(row))
    (prediction,) = deployment.predictor.predict([Row(row)])
    answer: Any = prediction.prediction
    if explained.label is not None:
        assert explained.label == prediction.prediction
        answer = (prediction.probabilities or {})[str(explained.label)]
    assert explained.answer == pytest.approx(answer, rel=1e-12)
    assert explained.base + sum(gains_of(explained)) == pytest.approx(answer, rel=1e-6)


def test_up_to_ten_fields_nothing_is_sampled() -> None:
    """Ten fields are exact, without an error; eleven are sampled, with one."""
    ten = explainer_of(of_many_fields(10)).explain(Row((1.0,) * 10))
    eleven = explainer_of(of_many_fields(11)).explain(Row((1.0,) * 11))
    assert ten.exact
    assert not eleven.exact
    assert {one.error for one in ten.contributions} == {0.0}
    assert max(one.error for one in eleven.contributions) > 0


def test_sampled_contributions_are_within_their_errors() -> None:
    """Where the truth is known, nearly all samples lie within three standard errors of it."""
    deployment = of_many_fields()
    asked = np.linspace(-1, 1, 14)
    explainer = explainer_of(deployment)
    explained = explainer.explain(Row(tuple(asked.tolist())))
    means = np.array([values.mean() for values in explainer.draws.values()])
    away = asked - means
    truth = (np.arange(14) + 1) * away
    truth[0] += away[0] * (asked[1] + means[1]) / 2
    truth[1] += away[1] * (asked[0] + means[0]) / 2
    found = np.array(gains_of(explained))
    errors = np.array([one.error for one in explained.contributions])
    assert (np.abs(found - truth) <= 3 * errors + 1e-9).mean() >= 0.9
    assert found == pytest.approx(truth, abs=0.5)


def of_digits(count: int) -> Explainer:
    """Explains the sum of so many fields, each a digit of equal share."""
    names = [f"x{at}" for at in range(count)]
    fields = tuple(Field(name, "number", "float64", minimum=0.0, maximum=9.0) for name in names)
    digits = Marginal(tuple(map(float, range(10))), np.full(10, 0.1))
    background = Background(dict.fromkeys(names, digits), None, {}, 10)
    return Explainer(Schema(fields, "y", "regression"), SumOf(), background)


class SumOf:
    """The sum of all fields, and how many rows were asked for at once."""

    def answer(self, columns: Columns) -> Answer:
        self.rows = len(columns["x0"])
        return Answer(sum(columns.values(), np.zeros(self.rows)))


@pytest.mark.parametrize(
    ("fields", "draws", "most"),
    [(7, 64, None), (8, 32, None), (9, 16, None), (10, 16, None), (11, 64, 2 * 64 * 11),
     (60, 53, 2 * 53 * 60), (250, 16, 2 * 16 * 250)],
)  # fmt: skip
def test_more_fields_have_fewer_background_rows(fields: int, draws: int, most: int | None) -> None:
    """From 64 down to 16, so that an explanation takes some thousand answers at most."""
    explainer = of_digits(fields)
    assert explainer.strata.shape == (draws, fields)
    if most:
        assert explainer.answers == most
    elif fields < 9:
        explainer.explain(Row((1.0,) * fields))
        assert explainer.answers == explainer._engine.rows  # type: ignore[attr-defined]
    spread = [10 * (2 * at + 1) // (2 * draws) for at in range(draws)]
    assert all(sorted(drawn.tolist()) == spread for drawn in explainer.draws.values())


def test_an_error_is_that_of_neighbours_in_the_fields_distribution() -> None:
    """Half the mean square between them, by the draws."""
    explainer = of_digits(1)
    explainer.strata = np.array([[2], [0], [1]])
    gains = np.array([[5.0], [6.0], [1.0]])  # in the field's order: 1, 5, 6
    assert explainer._standard_error(gains) == pytest.approx([np.sqrt((16 + 1) / 2 / 2 / 3)])


def test_the_same_question_has_the_same_explanation() -> None:
    """Two processes that sample draw the same sample."""
    row = Row((0.25,) * 12)
    explained = [explainer_of(of_many_fields(12)).explain(row) for _ in range(2)]
    assert explained[0] == explained[1]


def test_the_api_explains_when_asked() -> None:
    """?explain=1 fills contributions, in the form's order and in the target's unit."""
    client = started(charging()).test_client()
    asked = {"age": None, "bmi": 30.5, "smoker": "YES", "region": "west"}
    plain = client.post("/api/v1/predict", json=asked).get_json()["predictions"][0]
    assert plain["contributions"] is None
    (answer,) = client.post("/api/v1/predict?explain=1", json=[asked]).get_json()["predictions"]
    found = answer["contributions"]
    assert set(found) == {"answer", "unit", "class", "base", "exact", "fields"}
    assert [one["field"] for one in found["fields"]] == ["age", "bmi", "smoker", "region"]
    assert [one["value"] for one in found["fields"]] == [None, 30.5, "yes", "west"]
    total = found["base"] + sum(one["contribution"] for one in found["fields"])
    assert total == pytest.approx(answer["prediction"], rel=1e-6)
    assert found["answer"] == answer["prediction"]


def test_the_api_explains_a_class_by_its_probability() -> None:
    """A class is explained in its own probability."""
    client = started(grading()).test_client()
    asked = {"age": 60, "bmi": 30.5, "smoker": "yes", "region": "west"}
    (answer,) = client.post("/api/v1/predict?explain=1", json=asked).get_json()["predictions"]
    found = answer["contributions"]
    assert found["class"] == answer["prediction"]
    assert found["unit"] == "probability"
    assert found["answer"] == answer["probabilities"][answer["prediction"]]


def test_more_than_a_hundred_rows_are_not_explained() -> None:
    """They are refused with the limit in words; 101 rows without reasons are answered."""
    client = started(charging()).test_client()
    rows = [{"age": 20, "bmi": 30.5, "smoker": "no", "region": "west"}] * 101
    response = client.post("/api/v1/predict?explain=1", json=rows)
    assert response.status_code == 413
    assert "100" in response.get_json()["detail"]
    assert client.post("/api/v1/predict?explain=0", json=rows).status_code == 200


def test_fewer_rows_are_explained_where_each_takes_more_answers() -> None:
    """The limit follows the deployment, whichever reason is asked for, and /docs names it."""
    deployment = of_many_fields(60)
    assert 1 < most_explained(deployment) < 100
    assert len(Asked(deployment).columns["x0"]) <= explainer_of(deployment).answers
    client = started(deployment).test_client()
    row = dict.fromkeys((field.name for field in deployment.schema.fields), 0.5)
    rows = [row] * (most_explained(deployment) + 1)
    for part in ("explain", "whatif"):
        response = client.post(f"/api/v1/predict?{part}=1", json=rows)
        assert response.status_code == 413
        assert f"At most {len(rows) - 1} rows" in response.get_json()["detail"]
    assert f"At most {len(rows) - 1} rows" in client.get("/docs").text
    assert client.post("/api/v1/predict?whatif=1", json=rows[1:]).status_code == 200


class Asked:
    """Remembers the columns that an explanation asks an engine."""

    def __init__(self, deployment: Deployment) -> None:
        self._engine = deployment.engine
        assert deployment.background is not None
        explainer = Explainer(deployment.schema, self, deployment.background)
        explainer.explain(Row((9.0,) * len(deployment.schema.fields)))

    def answer(self, columns: Columns) -> Answer:
        self.columns = columns
        return self._engine.answer(columns)


def test_another_word_than_1_or_0_is_refused() -> None:
    """?explain=please is told what to write."""
    client = started(charging()).test_client()
    row = {"age": 20, "bmi": 30.5, "smoker": "no", "region": "west"}
    response = client.post("/api/v1/predict?explain=please", json=row)
    assert response.status_code == 422
    assert "explain" in response.get_json()["detail"]


def test_a_deployment_without_distributions_still_answers(fake_deployment: Deployment) -> None:
    """One made before they were kept answers with null contributions."""
    client = started(fake_deployment).test_client()
    row = {"age": 20, "sex": "male", "bmi": 30.5, "children": 0, "smoker": "no",
           "region": "southwest"}
    (answer,) = client.post("/api/v1/predict?explain=1", json=row).get_json()["predictions"]
    assert answer["contributions"] is None
    assert answer["prediction"] == 5000.0
