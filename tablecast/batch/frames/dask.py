"""Predictions for a Dask data frame: ``tablecast.dask.predict(ddf, "charges")``.

The workers need tablecast beside what Dask's frames need, and no file: the graph goes to them with
the work.
"""

from os import PathLike
from typing import Any

from tablecast.batch.frame_rows import FrameGraph, check_frame, graph_for

#: A column of each kind in pandas; whole numbers, such as classes, may be missing.
KINDS = {float: "float64", int: "Int64", str: "object"}


def predict(ddf: Any, name: str | PathLike[str]) -> Any:
    """A Dask data frame with predictions in new columns, computed where its rows are.

    Args:
        ddf: has the deployment's columns, in any order, and may have others.
        name: the deployment's path without ending.

    Returns:
        The frame, of the same index and partitions, with the columns that
        ``tablecast.spark.predict`` adds.

    Raises:
        ArtifactError: the deployment cannot be opened.
        BatchError: a column is missing, or it is no such frame.
    """
    check_frame(ddf, "map_partitions", "a data frame of Dask")
    graph = graph_for(name, [str(column) for column in ddf.columns])
    return ddf.map_partitions(_answered, graph, meta=_answered(ddf._meta, graph))


def _answered(frame: Any, graph: FrameGraph) -> Any:
    """A pandas frame with the added columns."""
    names = [str(column) for column in frame.columns]
    added = graph.answered(names, len(frame), lambda index: _cells(frame.iloc[:, index]))
    import pandas

    kept = frame.iloc[:, graph.kept(names)]
    return kept.assign(**{
        name: pandas.Series(added[name], index=frame.index, dtype=KINDS[kind])
        for name, kind in graph.added.items()
    })  # fmt: skip


def _cells(column: Any) -> list[Any]:
    """The values of a column as ``Field.read`` takes them."""
    missing = column.isna()
    values = [value.isoformat() if hasattr(value, "isoformat") else value
              for value in column.where(~missing, None).tolist()]  # fmt: skip
    return [None if gap else value for gap, value in zip(missing.tolist(), values, strict=True)]
