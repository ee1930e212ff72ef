"""The feature steps, each by itself and inside PyCaret's wrapper."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("pycaret", reason="the feature steps belong to training")

import pandas as pd
from pycaret.internal.preprocess.transformers import TransformerWrapper
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from tablecast.features import AsFloat64, Bins, FullRank, Interactions, Powers, Trigonometric

STEPS = [Powers(), Powers(degree=3), Trigonometric(), Bins(), Interactions(), FullRank()]


CHECKS = [
    pytest.param(estimator, check, id=f"{estimator}-{check.func.__name__}")
    for step in [*STEPS, AsFloat64()]
    for estimator, check in check_estimator(step, generate_only=True)
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_step_is_a_scikit_learn_transformer(estimator: Any, check: Any) -> None:
    """Each step passes the checks that scikit-learn has for transformers."""
    check(estimator)


def table(rows: int = 60, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """Columns with awkward names: a number, a whole number, a flag and a constant."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "Fuel Type (EU)": random.normal(size=rows),
            "größe, [cm]": random.integers(0, 9, size=rows),
            "flag": random.integers(0, 2, size=rows),
            "constant": 1.0,
        }
    )
    return X, pd.Series(X["Fuel Type (EU)"] * X["flag"] + X["größe, [cm]"], name="y")


@pytest.mark.parametrize("step", [*STEPS, AsFloat64()], ids=str)
def test_rows_do_not_depend_on_their_batch(step: Any) -> None:
    """A row alone, the row in its batch, and the row after pickling come out bit for bit alike."""
    X, y = table()
    step.fit(X, y)
    batch = np.asarray(step.transform(X))
    again = pickle.loads(pickle.dumps(step))
    for row in range(len(X)):
        assert np.array_equal(np.asarray(again.transform(X.iloc[[row]])), batch[[row]])


@pytest.mark.parametrize("step", [*STEPS, AsFloat64()], ids=str)
def test_pycaret_wrapper_keeps_names_and_index(step: Any) -> None:
    """Inside PyCaret's wrapper the columns carry the step's names and the rows their index."""
    X, y = table()
    X.index = y.index = pd.RangeIndex(7, 7 + len(X))
    wrapped = TransformerWrapper(step).fit(X, y)
    out, _ = wrapped.transform(X, y)
    assert list(out.columns) == list(step.get_feature_names_out())
    assert out.columns.is_unique
    assert out.index.equals(X.index)
    assert (out.dtypes == np.float64).all()


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_pandas_output_on_request(step: Any) -> None:
    """``set_output(transform="pandas")`` gives a DataFrame with the step's names."""
    X, y = table()
    out = step.set_output(transform="pandas").fit(X, y).transform(X)
    step.set_output(transform="default")
    assert list(out.columns) == list(step.get_feature_names_out())


def test_powers_multiply() -> None:
    """Degree 3 appends squares, then cubes, of the columns with more than two values."""
    X, _ = table()
    out = Powers(degree=3).set_output(transform="pandas").fit_transform(X)
    number = X["Fuel Type (EU)"]
    assert list(out.columns[4:]) == [
        "Fuel Type (EU)_Power2",
        "größe, [cm]_Power2",
        "Fuel Type (EU)_Power3",
        "größe, [cm]_Power3",
    ]
    assert np.array_equal(out["Fuel Type (EU)_Power3"], number * number * number)


def test_degree_below_two_is_refused() -> None:
    """A degree that would append nothing is an error."""
    with pytest.raises(ValueError, match="degree must be at least 2"):
        Powers(degree=1).fit(table()[0])


def test_unknown_column_is_refused_by_name() -> None:
    """A chosen column that is not there is named beside those that are."""
    with pytest.raises(ValueError, match="No column 'hieght' among 'Fuel Type"):
        Bins(["hieght"]).fit(table()[0])


@given(st.floats(-1e300, 1e300))
def test_trigonometric_features_stay_bounded(value: float) -> None:
    """However far outside the training range, sine and cosine stay within 1, tangent 3.1."""
    step = Trigonometric().fit(np.array([[-1.0], [0.5], [4.0]]))
    assert (np.abs(step.transform([[value]])[0, 1:]) <= [1, 1, 3.1]).all()


def test_trigonometric_values() -> None:
    """The training range is one full turn of sine and cosine; the tangent's ends at 72 degrees."""
    step = Trigonometric().fit(np.array([[10.0], [20.0], [30.0]]))
    out = step.transform([[25.0]])
    assert out == pytest.approx(np.array([[25, 1.0, 0.0, np.tan(0.2 * np.pi)]]))


def test_bins_follow_sturges() -> None:
    """1,000 rows make 11 equally wide bins, and every row is in exactly one."""
    values = np.linspace(0, 11, 1000).reshape(-1, 1)
    out = Bins().fit_transform(values)[:, 1:]
    assert out.shape == (1000, 11)
    assert (out.sum(axis=1) == 1).all()
    assert np.array_equal(out.argmax(axis=1)[:-1], np.floor(values[:-1, 0]))


def test_values_outside_training_are_in_the_outermost_bins() -> None:
    """Values below or above the training range count as the lowest or highest bin."""
    step = Bins(bins=3, fewest=1).fit(np.array([[0.0], [1.5], [3.0]]))
    assert step.transform([[-9.0], [9.0]])[:, 1:].tolist() == [[1, 0, 0], [0, 0, 1]]


def test_bins_with_few_rows_are_joined() -> None:
    """No bin of the training rows holds fewer rows than asked for."""
    values = np.random.default_rng(5).exponential(size=(500, 1)) ** 2
    rows = Bins(fewest=12).fit_transform(values)[:, 1:].sum(axis=0)
    assert len(rows) > 2
    assert rows.min() >= 12


@pytest.mark.parametrize("step", [Powers(), Interactions()], ids=str)
def test_products_grow_no_further_outside_training(step: Any) -> None:
    """What a power or product adds is the same at the end of the training range and beyond it."""
    X = pd.DataFrame({"a": np.linspace(-2, 2, 50), "b": np.cos(np.arange(50.0))})
    step.fit(X, X["a"] * X["b"])
    end, beyond = step.transform(pd.DataFrame({"a": [2.0, 1e6], "b": [0.5, 0.5]}))[:, 2:]
    assert len(end) > 0
    assert np.array_equal(end, beyond)


@pytest.mark.parametrize(
    "step", [Powers(tail=0.05), Trigonometric(tail=0.05), Interactions(tail=0.05)], ids=str
)
def test_nothing_bends_where_few_rows_are(step: Any) -> None:
    """What a step adds is the same from the last twentieth of the rows on; inside it differs."""
    X = pd.DataFrame({"a": np.arange(101.0), "b": np.cos(np.arange(101.0))})
    step.fit(X, X["a"] * X["b"])
    asked = pd.DataFrame({"a": [90.0, 95.0, 97.0, 100.0, 1e6], "b": 0.5})
    inside, end, *tail = step.transform(asked)[:, 2:]
    assert len(end) > 0
    assert not np.array_equal(inside, end)
    assert [one.tolist() for one in tail] == [end.tolist()] * 3


@pytest.mark.parametrize("share", [0.01, 0.05, 0.5])
def test_a_flag_that_few_rows_have_keeps_its_product(share: float) -> None:
    """A column that would be one value without its rarest rows is held at its own ends."""
    flag = np.arange(200) < 200 * share
    X = np.column_stack([flag, np.arange(200.0) % 17])
    step = Interactions(tail=0.05).fit(X, X[:, 0] * X[:, 1])
    assert step.transform([[1.0, 8.0]])[0, 2:].tolist() == [8.0]


def test_a_step_of_an_older_pickle_bends_to_its_ends() -> None:
    """It was pickled without a tail: it answers as before, and can be cloned and fitted anew."""
    X = np.arange(100.0).reshape(-1, 1)
    for step in (Powers(), Trigonometric(), Interactions()):
        fitted = step.fit(X, X[:, 0])
        expected = fitted.transform(X)
        del fitted.__dict__["tail"]
        again = pickle.loads(pickle.dumps(fitted))
        assert np.array_equal(again.transform(X), expected)
        assert np.array_equal(clone(again).fit(X, X[:, 0]).transform(X), expected)


@pytest.mark.parametrize("spread", [0.0, 5e-324, 1e-12])
def test_bins_of_a_constant_or_nearly_constant_column(spread: float) -> None:
    """A column without width, or one too narrow for its edges to differ, still gives full bins."""
    X = pd.DataFrame({"x": [1.0, 1.0 + spread, 1.0 + 2 * spread] * 5})
    out = Bins(["x"]).fit_transform(X)[:, 1:]
    assert (out.sum(axis=1) == 1).all()


def test_interactions_find_the_product_that_matters() -> None:
    """The product that the target contains is chosen first, and noise is not chosen at all."""
    random = np.random.default_rng(3)
    X = pd.DataFrame(random.normal(size=(500, 6)), columns=list("abcdef"))
    y = X["a"] + 2 * X["b"] * X["e"] + random.normal(size=500)
    step = Interactions().fit(X, y)
    assert list(step.get_feature_names_out()[6:]) == ["b*e"]
    assert step.importances_[0] > 0.5


def test_interactions_find_products_for_text_classes() -> None:
    """For classes written as text, a product that separates them is chosen."""
    random = np.random.default_rng(3)
    X = pd.DataFrame(random.normal(size=(500, 4)), columns=list("abcd"))
    y = np.where(X["c"] * X["d"] > 0, "yes", "no")
    assert "c*d" in Interactions().fit(X, y).get_feature_names_out()


@pytest.mark.parametrize("columns", [4, 14])
def test_interactions_are_those_of_least_squares_with_every_product_written_out(
    columns: int,
) -> None:
    """Each product chosen lowers a linear model's squared error by more than any other would."""
    random = np.random.default_rng(columns)
    X = random.normal(size=(300, columns))
    y = X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * X[:, 0] * X[:, 3] + 0.1 * random.normal(size=300)
    step = Interactions(2).fit(X, y)
    scaled = X - X.mean(axis=0)
    chosen: list[list[int]] = []
    for pair, importance in zip(step.pairs_.tolist(), step.importances_, strict=True):
        before = _squared_error(scaled, y, chosen)
        others = [[a, b] for a in range(columns) for b in range(a + 1, columns)]
        left = {tuple(one): _squared_error(scaled, y, [*chosen, one]) for one in others}
        assert min(left, key=lambda one: left[one]) == tuple(pair)
        gain = (before - left[tuple(pair)]) / np.square(y - y.mean()).sum()
        assert importance == pytest.approx(gain)
        chosen.append(pair)
    assert chosen == [[1, 2], [0, 3]]


def _squared_error(X: Any, y: Any, pairs: list[list[int]]) -> float:
    products = [X[:, a] * X[:, b] for a, b in pairs]
    design = np.column_stack([np.ones(len(X)), X, *products])
    return float(np.square(y - design @ np.linalg.lstsq(design, y, rcond=None)[0]).sum())


def test_names_that_repeat_are_told_apart() -> None:
    """A new column's name that is already taken gets an underscore."""
    X = pd.DataFrame({"x": [1.0, 2.0, 3.0], "x_Power2": [0.0, 5.0, 1.0]})
    names = Powers(["x"]).fit(X).get_feature_names_out()
    assert list(names) == ["x", "x_Power2", "x_Power2_"]


@pytest.mark.thorough
@settings(max_examples=150, deadline=None)
@given(
    arrays(
        np.float64, st.tuples(st.integers(3, 25), st.integers(1, 6)), elements=st.integers(-3, 3)
    ),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=5),
)
def test_full_rank_removes_exactly_the_dependent(X: Any, sums: list[tuple[int, int]]) -> None:
    """With an intercept the kept columns are independent and span all of those that came in."""
    columns = X.shape[1]
    X = np.column_stack([X, *(X[:, a % columns] - 2.5 * X[:, b % columns] for a, b in sums)])
    step = FullRank(tolerance=1e-9).fit(X)
    kept = np.column_stack([np.ones(len(X)), X[:, step.kept_]])
    whole = np.linalg.matrix_rank(np.column_stack([np.ones(len(X)), X]))
    if whole > 1:
        assert np.linalg.matrix_rank(kept) == kept.shape[1] == whole


def test_full_rank_keeps_the_leftmost() -> None:
    """Of all levels of a one-hot column the last is dropped, and a copy after its original."""
    levels = np.eye(3)[np.arange(12) % 3]
    X = np.column_stack([np.arange(12.0), levels, 2 * np.arange(12.0) + 5])
    assert FullRank().fit(X).kept_.tolist() == [0, 1, 2]


def test_full_rank_of_constants_keeps_one_column() -> None:
    """A table of constants keeps one column, since later steps need one."""
    assert FullRank().fit(np.ones((5, 3))).kept_.tolist() == [0]


def test_as_float64_passes_text_and_dates_through() -> None:
    """Numbers and booleans become float64; text, categories and dates stay as they are."""
    X = pd.DataFrame(
        {
            "whole": np.array([1, 2], dtype=np.int8),
            "fraction": np.array([0.5, np.nan], dtype=np.float32),
            "nullable": pd.array([1, None], dtype="Int64"),
            "flag": [True, False],
            "text": ["a", "b"],
            "level": pd.Categorical([1, 2]),
            "day": pd.to_datetime(["2020-01-01", None]),
        }
    )
    out = AsFloat64().fit_transform(X)
    assert (out.dtypes.iloc[:4] == np.float64).all()
    assert np.isnan(out["nullable"].iloc[1])
    assert out.dtypes.iloc[4:].equals(X.dtypes.iloc[4:])


def test_columns_of_a_long_table_are_independent_as_those_of_a_short_one() -> None:
    """A table that is taken by parts keeps the columns that the same rows, fewer times, keep."""
    short = np.random.default_rng(0).normal(size=(400, 5))
    short[:, 3] = short[:, 0] - 2 * short[:, 1]
    long = np.vstack([short] * 40)
    for values in (short, long):
        assert FullRank().fit(values).kept_.tolist() == [0, 1, 2, 4]
