"""The rows of a long table whose answers are looked at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tablecast.data.prepared import Prepared
from tablecast.training.experiment import out_of_fold
from tablecast.training.experiment.out_of_fold import looked_at


def table_of(rows: int, rare: int = 0) -> pd.DataFrame:
    place = np.arange(rows)
    kinds = np.where(place < rare, "rare", np.where(place % 4, "usual", "other"))
    return pd.DataFrame({"x": place, "kind": kinds, "y": place / 7})


def test_a_table_of_usual_length_is_looked_at_whole() -> None:
    """Nothing is left out where all rows can be looked at."""
    prepared = Prepared(table_of(500), "y", "regression", (), ())
    assert looked_at(prepared) is prepared


def test_a_long_table_is_sampled_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long table a fixed number of rows is taken, from its beginning to its end."""
    monkeypatch.setattr(out_of_fold, "MOST_ROWS", 1_000)
    prepared = Prepared(table_of(20_000), "y", "regression", (), ())
    seen = looked_at(prepared, 7).table
    assert len(seen) == 1_000
    assert seen["x"].is_unique
    assert seen["x"].mean() == pytest.approx(10_000, rel=0.05)
    assert seen["x"].tolist() == looked_at(prepared, 7).table["x"].tolist()
    assert seen["x"].tolist() != looked_at(prepared, 8).table["x"].tolist()


def test_classes_keep_their_shares_and_rare_ones_their_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A class of forty rows in twenty thousand is looked at whole, the others in their shares."""
    monkeypatch.setattr(out_of_fold, "MOST_ROWS", 1_000)
    prepared = Prepared(table_of(20_000, rare=40), "kind", "classification", (), ())
    counts = looked_at(prepared).table["kind"].value_counts()
    assert counts["rare"] == 40
    assert counts["usual"] == pytest.approx(750, abs=3)
    assert counts["other"] == pytest.approx(250, abs=3)
