"""Predictions for a Spark data frame: ``tablecast.spark.predict(df, "charges")``.

The executors need tablecast and pyarrow, and no file: the graph goes to them with the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any

from tablecast.batch.frame_rows import check_frame, graph_for

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def predict(df: DataFrame, name: str | PathLike[str]) -> DataFrame:
    """A Spark data frame with predictions in new columns, computed where its rows are.

    Args:
        df: has the deployment's columns, in any order, and may have others.
        name: the deployment's path without ending.

    Returns:
        The frame with ``prediction_label``; for amounts ``prediction_low`` and ``prediction_high``
        (the range that nine true values in ten lie in), for classes ``prediction_score`` and one
        ``prediction_score_CLASS`` each; and ``prediction_error``, why a row has no prediction.

    Raises:
        ArtifactError: the deployment cannot be opened.
        BatchError: a column is missing, or it is no such frame.
    """
    check_frame(df, "mapInArrow", "a data frame of Spark")
    from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType

    graph = graph_for(name, df.columns)
    kinds = {float: DoubleType(), int: LongType(), str: StringType()}
    kept = [df.schema.fields[index] for index in graph.kept(df.columns)]
    added = [StructField(name, kinds[kind]) for name, kind in graph.added.items()]

    def answered(batches: Iterator[Any]) -> Iterator[Any]:
        return map(graph.with_answers, batches)

    return df.mapInArrow(answered, StructType([*kept, *added]))
