"""Searching for features: what is found, what is left alone, and its exact form in a graph."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn", reason="the search is scikit-learn's kind of step")

from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from tablecast.features.searched_terms import ROWS_PER_SIDE, Factor, SearchedTerms

sys.path.insert(0, str(Path(__file__).parents[1] / "compiler"))

RANDOM = np.random.default_rng(4)
X = np.column_stack(
    [RANDOM.uniform(15, 50, 900), RANDOM.integers(0, 2, 900), RANDOM.normal(size=900)]
)


def test_a_threshold_within_a_group_is_found() -> None:
    """A jump at 30 that only the flagged rows have is found, with the cut that is next to it."""
    y = X[:, 1] * (X[:, 0] > 30) * 100 + X[:, 0] + RANDOM.normal(size=900)
    (term, *_) = SearchedTerms().fit(X, y).terms_
    assert {factor.kind for factor in term} == {"value", "above"}
    (cut,) = [factor.cut for factor in term if factor.kind == "above"]
    assert cut == pytest.approx(30, abs=35 / 13)
    assert make_pipeline(SearchedTerms(), LinearRegression()).fit(X, y).score(X, y) > 0.9


def test_noise_and_straight_lines_need_no_terms() -> None:
    """Where the columns explain what there is, nothing is appended."""
    assert SearchedTerms().fit(X, 3 * X[:, 0] + RANDOM.normal(size=900)).terms_ == []


@pytest.mark.parametrize(
    ("factor", "name", "value"),
    [
        (Factor(0, "square"), "a^2", 400.0),
        (Factor(0, "log"), "log(a)", np.log(6.0)),
        (Factor(0, "above", 19.5), "(a>19.5)", 1.0),
        (Factor(0, "above", 20.0), "(a>20)", 0.0),
        (Factor(0, "beyond", 18.0), "(a-18)+", 2.0),
        (Factor(0, "inverse"), "1/a", 0.05),
    ],
)
def test_factors(factor: Factor, name: str, value: float) -> None:
    """Each kind of factor is what its name says."""
    assert factor.name("a") == name
    assert factor.of(np.array([20.0]), low=15.0)[0] == pytest.approx(value)


@given(
    rows=st.integers(4, 90) | st.integers(2 * ROWS_PER_SIDE - 1, 2 * ROWS_PER_SIDE + 1),
    distinct_values=st.integers(2, 90),
    seed=st.integers(0, 99),
)
@example(rows=4, distinct_values=1, seed=0)
@settings(max_examples=60, deadline=None)
def test_few_rows_have_terms_too(rows: int, distinct_values: int, seed: int) -> None:
    """However few rows there are, and however often a value occurs, terms are chosen."""
    random = np.random.default_rng(seed)
    x = random.integers(0, distinct_values, (rows, 2)).astype(float)
    y = (x[:, 0] > np.median(x[:, 0])) * 10.0 + random.normal(size=rows) / 10
    assert np.isfinite(SearchedTerms().fit_transform(x, y)).all()


def test_values_outside_the_training_range_count_as_its_end() -> None:
    """A term does not run away beyond the rows that it was learnt from."""
    y = (X[:, 0] - 30) ** 2 + RANDOM.normal(size=900)
    searched = SearchedTerms().fit(X, y)
    ends = searched.transform([[50.0, 1.0, 0.0], [5_000.0, 1.0, 0.0]])
    assert searched.terms_
    high = searched.transform([[X[:, 0].max(), 1.0, 0.0]])
    np.testing.assert_array_equal(ends[1, 3:], high[0, 3:])


class EveryKind(SearchedTerms):
    """A term of each kind, alone and multiplied, whatever the rows say."""

    def fit(self, X: Any, y: Any) -> EveryKind:
        super().fit(X, y)
        self.low_, self.high_ = np.maximum(self.low_, 0.5), np.maximum(self.high_, 1.0)
        kinds = ("value", "square", "log", "above", "beyond", "inverse")
        factors = [Factor(place, kind, 0.7) for place, kind in enumerate(kinds, 1)]
        self.terms_ = [*((one,) for one in factors), *((Factor(0), one) for one in factors)]
        return self


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("step", [SearchedTerms(), EveryKind()])
def test_terms_have_their_graph(step: SearchedTerms) -> None:
    """Every kind of term, alone and as a product, is the same in the graph."""
    pytest.importorskip("pycaret", reason="the pipeline is PyCaret's")
    from same import assert_same_features, cars, fit

    table = cars()
    pipeline = fit(table, float64=False, custom_pipeline=[("terms", step)], normalize=True)
    assert_same_features(pipeline, table)
