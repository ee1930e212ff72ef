"""The rows of a long table that are learnt from, or whose answers are looked at."""

from __future__ import annotations

import platform
import resource
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tablecast.data.prepared import Prepared
from tablecast.schema.form_file import Form
from tablecast.training.experiment.out_of_fold import sampled
from tablecast.training.intake import CELLS_A_SECOND, FEWEST_ROWS, take_in
from tablecast.training.memory import freed_memory_kept


def table_of(rows: int, rare: int = 0) -> pd.DataFrame:
    place = np.arange(rows)
    kinds = np.where(place < rare, "rare", np.where(place % 4, "usual", "other"))
    return pd.DataFrame({"x": place, "kind": kinds, "y": place / 7})


def test_a_table_of_usual_length_is_looked_at_whole() -> None:
    """Nothing is left out where all rows can be looked at."""
    prepared = Prepared(table_of(500), "y", "regression", (), ())
    assert sampled(prepared, 500) is prepared


def test_a_long_table_is_sampled_evenly() -> None:
    """Of a long table a fixed number of rows is taken, from its beginning to its end."""
    prepared = Prepared(table_of(20_000), "y", "regression", (), ())
    seen = sampled(prepared, 1_000, 7).table
    assert len(seen) == 1_000
    assert seen["x"].is_unique
    assert seen["x"].mean() == pytest.approx(10_000, rel=0.05)
    assert seen["x"].tolist() == sampled(prepared, 1_000, 7).table["x"].tolist()
    assert seen["x"].tolist() != sampled(prepared, 1_000, 8).table["x"].tolist()


def test_classes_keep_their_shares_and_rare_ones_their_rows() -> None:
    """A class of forty rows in twenty thousand is looked at whole, the others in their shares."""
    prepared = Prepared(table_of(20_000, rare=40), "kind", "classification", (), ())
    counts = sampled(prepared, 1_000).table["kind"].value_counts()
    assert counts["rare"] == 40
    assert counts["usual"] == pytest.approx(750, abs=3)
    assert counts["other"] == pytest.approx(250, abs=3)


@pytest.mark.thorough
def test_a_budget_too_short_for_all_rows_takes_a_sample_and_says_so(tmp_path: Path) -> None:
    """As many rows as its seconds allow, said on the terminal and kept for the card."""
    rows = 3 * FEWEST_ROWS
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.normal(size=(rows, 3)), columns=["x", "z", "y"])
    table.to_csv(tmp_path / "table.csv", index=False)
    said: list[str] = []
    budget = 2 * FEWEST_ROWS * 3 / CELLS_A_SECOND

    def taken(budget: float | None) -> Prepared:
        source = tmp_path / "table.csv"
        return take_in(source, "y", Form(), budget=budget, progress=lambda line: said.append(line))

    prepared = taken(budget)
    assert len(prepared.table) == 2 * FEWEST_ROWS
    wanted = f"Trained on {2 * FEWEST_ROWS:,} of the {rows:,} rows"
    assert any(str(note).startswith(wanted) for note in prepared.notes)
    assert any(line.startswith(wanted) for line in said)
    assert len(taken(None).table) == len(taken(2 * budget).table) == rows
    assert len(taken(1e-9).table) == FEWEST_ROWS


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_freed_memory_is_kept_while_training() -> None:
    """Arrays of 64 MB, one after the other, ask the system for pages once; after it, each time."""

    def pages() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            np.ones(2**23)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    with freed_memory_kept():
        pages()
        kept = pages()
    assert 10 * kept < pages()
