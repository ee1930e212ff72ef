"""Dates become their parts by exact arithmetic."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto
from same import assert_same_features, cars, fields_of, fit

from tablecast.compiler import compile_features
from tablecast.compiler.graph import Builder
from tablecast.compiler.steps.calendar_parts import Calendar
from tablecast.errors import UnsupportedStep
from tablecast.features import FillDates

PARTS = ("year", "month", "day", "hour", "minute", "second", "weekday", "quarter")


def dated() -> pd.DataFrame:
    random = np.random.default_rng(1)
    table = cars()[["age", "color", "price"]]
    seconds = random.integers(0, 3000 * 86400, (2, len(table)))
    table["registered (EU)"] = pd.Timestamp("2015-01-01") + pd.to_timedelta(seconds[0], unit="s")
    table["sold"] = pd.Timestamp("1960-03-01") + pd.to_timedelta(seconds[1] // 86400, unit="D")
    return table.astype({"registered (EU)": "datetime64[ns]", "sold": "datetime64[ns]"})


def test_default_parts() -> None:
    """Year, month and day of two date columns, one with a time of day and one before 1970."""
    table = dated()
    assert_same_features(fit(table), table)


@pytest.mark.thorough
def test_all_parts() -> None:
    """Every part that the compiler knows."""
    table = dated()
    assert_same_features(fit(table, create_date_columns=list(PARTS)), table)


def test_filled_dates() -> None:
    """Missing dates are filled with training's median date before their parts are taken."""
    from pycaret.internal.preprocess.transformers import TransformerWrapper

    table = dated()
    pipeline = fit(table)
    table.loc[::9, "sold"] = pd.NaT
    names = ["registered (EU)", "sold"]
    step = TransformerWrapper(FillDates(), include=names).fit(table.drop(columns="price"))
    pipeline.steps.insert(0, ("date_imputer", step))
    assert_same_features(pipeline, table)


def test_unknown_part_is_refused() -> None:
    """A part without a graph form is refused with those that have one."""
    table = dated()
    pipeline = fit(table, create_date_columns=["year", "dayofyear"])
    with pytest.raises(UnsupportedStep, match=r"dayofyear.*Train with some of: year"):
        compile_features(pipeline, fields_of(table))


@pytest.fixture(scope="module")
def calendar() -> onnxruntime.InferenceSession:
    builder = Builder()
    parts = Calendar(builder, builder.input("seconds", text=False))
    outputs = [(parts.part("dates", p), p, TensorProto.DOUBLE, ["rows", 1]) for p in PARTS]
    return onnxruntime.InferenceSession(builder.finish(outputs).SerializeToString())


@pytest.mark.thorough
@settings(deadline=None, max_examples=300)
@given(moment=st.datetimes(pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01")))
def test_calendar(calendar: onnxruntime.InferenceSession, moment: object) -> None:
    """Any moment that pandas can hold has pandas' own parts."""
    when = pd.Timestamp(moment).floor("s")
    seconds = np.array([[float(when.value // 10**9)]])
    answers = calendar.run(None, {"seconds": seconds})
    expected = [
        getattr(when, part)() if part == "weekday" else getattr(when, part) for part in PARTS
    ]
    assert [float(answer[0, 0]) for answer in answers] == expected


def test_missing_date(calendar: onnxruntime.InferenceSession) -> None:
    """A missing date has missing parts."""
    answers = calendar.run(None, {"seconds": np.array([[np.nan]])})
    assert all(np.isnan(answer[0, 0]) for answer in answers)
