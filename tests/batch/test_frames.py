"""Predictions where rows are in a frame already."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from deployments import ROOT, SHIPPED

import tablecast
from tablecast.batch.frame_rows import _Frame, _Rows, graph_for
from tablecast.errors import ArtifactError, BatchError
from tests.frame_checks import check_answers, frame
from tests.insured import HEADER

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.thorough
def test_a_dask_frame_gets_predictions(tmp_path: Path) -> None:
    """Ranges and refusals too, in partitions of its own index."""
    dataframe = pytest.importorskip("dask.dataframe")
    rows = frame().set_index(pd.Index([f"row {at}" for at in range(300)]), drop=True)
    answered = tablecast.dask.predict(dataframe.from_pandas(rows, npartitions=3), SHIPPED)
    assert answered.npartitions == 3
    found = answered.compute()
    assert found.index.tolist() == rows.index.sort_values().tolist()
    assert found.dtypes.astype(str).tolist() == answered.dtypes.astype(str).tolist()
    check_answers(found, tmp_path)


def test_an_arrow_table_gets_predictions(tmp_path: Path) -> None:
    """As Spark and Ray hand them over, an empty one too."""
    import pyarrow

    rows = frame()
    graph = graph_for(SHIPPED, list(rows.columns))
    table = pyarrow.Table.from_pandas(rows, preserve_index=False)
    check_answers(graph.with_answers(table).to_pandas(), tmp_path)
    assert graph.with_answers(table.slice(0, 0)).num_rows == 0
    batch = table.to_batches()[0]
    assert graph.with_answers(batch).schema == graph.with_answers(table).schema


def test_what_does_not_fit_is_refused_before_any_work() -> None:
    """A column that is missing; a graph or a version that is not what was sent."""
    with pytest.raises(BatchError) as lacking:
        graph_for(SHIPPED, HEADER.replace("bmi,", "").split(","))
    assert str(lacking.value) == (
        "The frame has no column 'bmi'. Required columns: 'age', 'sex', 'bmi', 'children', "
        "'smoker' and 1 more."
    )
    with pytest.raises(BatchError, match=r"has 10,001 columns; the limit is 10,000\.$"):
        graph_for(SHIPPED, [str(at) for at in range(10_001)])
    graph = graph_for(SHIPPED, HEADER.split(","))
    with pytest.raises(ArtifactError, match="its hash differs"):
        replace(graph, content=graph.content + b" ").answered(["age"], 0, lambda _: [])
    with pytest.raises(BatchError, match=r"pip install tablecast==0\.0\.7"):
        replace(graph, version="0.0.7").answered(["age"], 0, lambda _: [])


@pytest.mark.parametrize("engine", ["dask", "ray", "spark"])
def test_another_kind_of_frame_is_named(engine: str) -> None:
    """One line, before the deployment is looked for, which says what pandas has."""
    with pytest.raises(BatchError, match=rf"of {engine.title()}.*DataFrame.*predict_model"):
        getattr(tablecast, engine).predict(frame(), "none")


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["dask", "ray", "spark"])
def test_the_names_are_short(engine: str) -> None:
    """Each way to import them works, and none imports the engine before it is asked."""
    for line in (f"import tablecast.{engine} as it", f"from tablecast import {engine} as it",
                 f"import tablecast; it = tablecast.{engine}"):  # fmt: skip
        checks = f"assert callable(it.predict); assert {engine!r} not in sys.modules"
        code = f"import sys; {line}; {checks}"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_row_has_its_place_in_the_whole_piece() -> None:
    """Rows are read in steps, and counted through all of them."""
    rows = _Rows(_Frame(["age"], 9, lambda _: list(range(9))), 4, 7)
    assert (len(rows), rows.column(0), rows.location_of(1)) == (3, [4, 5, 6], ("row", 6))
