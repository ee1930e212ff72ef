"""Where values are counted, beside what a deployment keeps of training's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deployments import SHIPPED

from tablecast.deployment.relabelled_files import description_of
from tablecast.inference.marginals import background_of
from tablecast.log.bins import ANSWERS, Bins, bins_of
from tablecast.schema.schema import Schema


def bins_from(
    table: pd.DataFrame, task: str = "regression", evaluation: object = None
) -> dict[str, Bins]:
    """The bins of a deployment that was trained on this table."""
    schema = Schema.from_table(table, "target", task)  # type: ignore[arg-type]
    return bins_of(
        {
            "schema": schema.to_json(), "background": background_of(table, schema),
            "card": {"evaluation": evaluation},
        }
    )


def shares_of(bins: Bins, values: list[object]) -> np.ndarray:
    """What falls into each bin."""
    return np.bincount([bins.of(value) for value in values], minlength=bins.size) / len(values)


@pytest.mark.parametrize(
    "column",
    [
        np.random.default_rng(0).normal(size=2000),
        np.random.default_rng(0).lognormal(3, 1, 2000),
        np.random.default_rng(0).integers(18, 65, 2000),
        np.random.default_rng(0).integers(0, 4, 2000),
        np.random.default_rng(0).integers(0, 12, 2000) * 100,
        np.maximum(np.random.default_rng(0).normal(-1, 1, 2000), 0),
        np.where(np.random.default_rng(0).random(2000) < 0.2, np.nan, 1.0 * np.arange(2000)),
    ],
    ids=["normal", "skewed", "ages", "few", "hundreds", "mostly 0", "missing"],
)
def test_training_falls_into_its_bins_as_expected(column: np.ndarray) -> None:
    """Training's own rows have the shares that are expected, to within two in a hundred."""
    bins = bins_from(pd.DataFrame({"x": column, "target": np.arange(2000.0)}))["x"]
    found = shares_of(bins, [None if x != x else x for x in column.tolist()])
    assert np.abs(found - bins.expected.shares).max() < 0.02
    assert bins.expected.shares.sum() == pytest.approx(1)
    assert (bins.expected.shares > 0).all()


def test_a_number_beyond_training_is_in_the_last_bin() -> None:
    """What no training row had is counted at its end; a missing number apart."""
    bins = bins_from(pd.DataFrame({"x": np.arange(500.0), "target": np.arange(500.0)}))["x"]
    assert bins.of(-1e9) == 0
    assert bins.of(1e9) == len(bins.edges)
    assert bins.of(None) == bins.size - 1
    assert list(bins.middles) == sorted(bins.middles)


def test_levels_others_and_missing_ones_have_a_bin() -> None:
    """A level that training never had is counted with the rare ones."""
    town = ["Aa"] * 300 + ["Bb"] * 150 + [None] * 50
    bins = bins_from(pd.DataFrame({"town": town, "target": np.arange(500.0)}))["town"]
    assert [bins.of(value) for value in ("Aa", "Bb", "Cc", None)] == [0, 1, 2, 3]
    assert bins.expected.shares == pytest.approx([0.6, 0.3, 0.0, 0.1], abs=0.005)
    assert bins.expected.places is None


def test_a_date_is_not_compared() -> None:
    """Time goes on, so a date always drifts."""
    days = pd.Timestamp("2020-03-01") + pd.to_timedelta(np.arange(300), "D")
    assert bins_from(pd.DataFrame({"bought": days, "target": np.arange(300.0)})) == {}


def test_answers_have_bins_by_what_refits_answered() -> None:
    """A number's from the groups of the card, classes from its confusion matrix."""
    table = pd.DataFrame({"x": np.arange(480.0), "target": np.arange(480.0)})
    groups = [{"rows": 30, "predicted": 10.0 * at} for at in range(16)]
    numbers = bins_from(table, evaluation={"by_answer": groups})[ANSWERS]
    assert numbers.of(-5.0) == 0
    assert numbers.of(1e6) == len(numbers.edges)
    table["target"] = np.tile(["no", "yes", "no", "no"], 120)
    confusion = {"classes": ["no", "yes"], "counts": [[300, 60], [20, 100]]}
    classes = bins_from(table, "classification", {"confusion": confusion})[ANSWERS]
    assert [classes.of(answer) for answer in ("no", "yes")] == [0, 1]
    assert classes.expected.shares[:2] == pytest.approx([320 / 480, 160 / 480], abs=0.005)
    assert ANSWERS not in bins_from(table, "classification")


def test_the_shipped_deployment_has_bins_for_all_it_is_asked() -> None:
    """Though it was trained before anybody counted."""
    bins = bins_of(description_of(SHIPPED))
    assert list(bins) == ["age", "sex", "bmi", "children", "smoker", "region", ANSWERS]
    assert bins["children"].edges == (0.5, 1.5, 2.5, 3.5, 4.5)
    assert len(bins["age"].edges) == 9
    assert all(edge % 1 == 0.5 for edge in bins["age"].edges)


def test_a_deployment_that_keeps_nothing_has_no_bins() -> None:
    """As those from before distributions were kept."""
    description = description_of(SHIPPED)
    del description["background"], description["card"]["evaluation"]
    assert bins_of(description) == {}
