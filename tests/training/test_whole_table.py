"""A search on a sample that memory has room for, and the pipeline that learns from all rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pycaret", reason="the search is of PyCaret's estimators")

from tablecast.data.prepared import Prepared
from tablecast.data.row_metadata import RowMetadata
from tablecast.training import intake, memory
from tablecast.training.cluster import executor
from tablecast.training.experiment.whole_table import _unlike, whole_table
from tablecast.training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")

#: Rows of the table, of those that a pipeline has memory for, and of those that a search has.
ROWS, FITTED, SEARCHED = 5_000, 2_250, 1_500


def prepared(task: str, rows: int = ROWS) -> Prepared:
    """Numbers, with a target of theirs."""
    random = np.random.default_rng(2)
    table = pd.DataFrame(random.normal(size=(rows, 3)), columns=["a", "b", "c"])
    target = table["a"] + table["b"] ** 2 + random.normal(size=rows)
    table["y"] = target if task == "regression" else np.where(target > 1, "yes", "no")
    return Prepared(table, "y", task, (), ())  # type: ignore[arg-type]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for a search on so many rows of four columns."""
    free = memory.FIXED_BYTES + memory.COPIES * SEARCHED * 4 * 8
    for module in (memory, intake, executor):
        monkeypatch.setattr(module, "available", lambda: free)


@pytest.mark.slow
@pytest.mark.usefixtures("room", "short_search")
@pytest.mark.parametrize("model", ["auto", "lr"])
def test_what_a_sample_finds_learns_from_all_rows(model: str) -> None:
    """The search has a sample, the pipeline all rows, and a note says what the sample costs."""
    whole = prepared("regression", FITTED)
    trials = 2 if model == "auto" else None
    trained = train(whole, model=model, trials=trials, seed=1, progress=lambda _: None)
    assert trained.rows == FITTED
    assert trained.held_out == round(0.3 * SEARCHED)
    (note,) = [str(note) for note in trained.notes if "does not fit into memory" in str(note)]
    assert note.startswith("Searched on 1,500 of the 2,250 rows")
    assert f"R2 on the test rows is {trained.metrics['holdout']['R2']:.4f}" in note
    if trained.search:
        assert trained.search["rows"] == SEARCHED
        assert f"and {trained.search['sample']['R2']:.4f} if" in note
    features = whole.table.drop(columns="y")
    again = trained.pipeline.predict(features)
    assert 1 - np.mean((again - whole.table["y"]) ** 2) / np.var(whole.table["y"]) > 0.3


@pytest.mark.slow
@pytest.mark.usefixtures("room", "short_search")
def test_classes_are_measured_by_their_accuracy() -> None:
    """Texts are answered as texts."""
    table = prepared("classification", FITTED)
    trained = train(table, trials=2, seed=1, progress=lambda _: None)
    assert any("Accuracy on the test rows is 0." in str(note) for note in trained.notes)
    assert 0.5 < trained.metrics["holdout"]["Accuracy"] <= 1


def test_a_table_that_fits_is_searched_whole() -> None:
    """Nothing is sampled, and nothing is said."""
    table = prepared("regression", 100)
    whole = whole_table(table)
    assert whole.is_searched
    assert whole.sample is table


@pytest.mark.usefixtures("room")
def test_a_pipeline_has_memory_for_more_rows_than_a_search() -> None:
    """Rows beyond are left out at once, with a note for the card."""
    said: list[str] = []
    table = intake._fitting(prepared("regression"), said.append)
    assert len(table.table) == FITTED
    assert said == [str(table.notes[-1])]
    assert said[0].startswith("Trained on 2,250 of the 5,000 rows, drawn at random, because the")
    whole = whole_table(table)
    assert len(whole.sample.table) == SEARCHED
    assert whole.sample.table.equals(table.table.iloc[whole.places].reset_index(drop=True))


def test_workers_with_less_memory_make_the_sample_smaller() -> None:
    """The least of all processes counts."""
    free = memory.FIXED_BYTES + memory.COPIES * 1_500 * 4 * 8
    assert len(whole_table(prepared("regression"), free).sample.table) == 1_500


def test_nothing_is_learnt_from_of_the_test_rows_groups_or_later() -> None:
    """Where the test rows are measured, their group and what comes after them is unknown."""
    table = prepared("regression", 6)

    def allowed(**about: pd.Series) -> str:
        rows = replace(table, about=RowMetadata(**about))
        return "".join("x" if one else "-" for one in _unlike(rows, np.array([3])))

    assert allowed() == "xxx-xx"
    assert allowed(groups=pd.Series(list("aabacb"))) == "--x-xx"
    assert allowed(times=pd.Series([1, 5, 2, 4, 3, 4])) == "x-x-x-"
