"""Predictions for a Ray data set: ``tablecast.ray.predict(ds, "charges")``.

The workers need tablecast and pyarrow, and no file: the graph goes to them with the work.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from tablecast.batch.frame_rows import check_frame, graph_for

if TYPE_CHECKING:
    from ray.data import Dataset


def predict(ds: Dataset, name: str | PathLike[str]) -> Dataset:
    """A Ray data set with predictions in new columns, computed where its rows are.

    Args:
        ds: has the deployment's columns, in any order, and may have others.
        name: the deployment's path without ending.

    Returns:
        The data set with the columns that ``tablecast.spark.predict`` adds.

    Raises:
        ArtifactError: the deployment cannot be opened.
        BatchError: a column is missing, or it is no such frame.
    """
    check_frame(ds, "map_batches", "a data set of Ray")
    graph = graph_for(name, ds.columns())
    return ds.map_batches(graph.with_answers, batch_format="pyarrow", zero_copy_batch=True)
