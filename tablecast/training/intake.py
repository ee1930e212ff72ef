"""The start of training: a table is read and checked, and its notes are shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

from tablecast.data.free_memory import available
from tablecast.data.inspection import inspected
from tablecast.data.large_tables import read_rows
from tablecast.data.leakage import without_leaks
from tablecast.data.prepare import prepare
from tablecast.errors import Remark
from tablecast.schema.schema import Schema
from tablecast.training.experiment.out_of_fold import sampled
from tablecast.training.experiment.split_remarks import how_split
from tablecast.training.memory import FIT_COPIES, most_rows, rows_that_fit

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared
    from tablecast.schema.form_file import Form
    from tablecast.training.like import Expected

#: Cells of a table that a second of a search can learn from, its folds, refits and proof included:
#: 120 s learn from 170,000 rows of seven columns.
CELLS_A_SECOND = 10_000
#: The part of the seconds that reading has in those.
USUAL_READING = 0.1
#: Fewer rows are not worth a sample, whatever the budget: they take seconds.
FEWEST_ROWS = 5_000


def take_in(
    source: str | PathLike[str],
    target: str,
    look: Form,
    *,
    like: Expected | None = None,
    budget: float | None = None,
    began: float | None = None,
    progress: Callable[[str], None] = print,
) -> Prepared:
    """Read and prepare a table, and refuse now what would fail after minutes of training.

    Args:
        source: what ``tablecast.data.large_tables.read_rows`` takes.
        target: the column to predict.
        look: labels, limits, and what is said of the table.
        like: the columns that it has to have; None for any.
        budget: seconds of a search; of a table that is too long for them a sample is taken.
        began: when they began, as ``time.monotonic`` counts, since reading takes its part of them;
            None for now.
        progress: called with one line for each thing that is worth knowing of the table.

    Raises:
        TableError, FormFileError, TrainingError: see ``prepare``, ``without_leaks``, ``Schema``
            and ``rows_that_fit``.
    """
    table = read_rows(
        source, target, look.reading, lambda columns: most_rows(columns, FIT_COPIES)
    )
    inspection = inspected(table, target, look.reading)
    prepared = prepare(table, target, options=look.reading)
    for line in (*inspection.overview(), *inspection.sentences):
        progress(line)
    for remark in how_split(prepared.about):
        progress(str(remark))
    prepared = without_leaks(prepared, look.reading.known_as(list(table.columns)).keep)
    for leak in prepared.leaks:
        if str(leak.message) not in inspection.sentences:
            progress(str(leak.message))
    schema = Schema.from_table(prepared.table, prepared.target, prepared.task, look)
    if like is not None:
        like.check(table, schema)
    spent = 0.0 if began is None else time.monotonic() - began
    prepared = _within(prepared, budget, spent, progress)
    return _fitting(prepared, progress)


def _fitting(prepared: Prepared, progress: Callable[[str], None]) -> Prepared:
    """As many rows as a pipeline can be fitted on in the free memory, and a note where not all."""
    sample = sampled(prepared, rows_that_fit(prepared, FIT_COPIES))
    if sample is prepared:
        return prepared
    note = Remark(
        "Trained on {count} of the {total} rows, drawn at random, because the free memory of "
        "{free:,.1f} GB is too small for all of them.",
        values={
            "count": len(sample.table), "total": len(prepared.table), "free": available() / 1e9,
        },
    )
    progress(str(note))
    return replace(sample, notes=(*sample.notes, note))


def _within(
    prepared: Prepared, budget: float | None, spent: float, progress: Callable[[str], None]
) -> Prepared:
    """As many rows as a search of so many seconds can learn from, and a note where not all."""
    table = prepared.table
    if budget is None or table.size <= CELLS_A_SECOND * budget:
        return prepared
    # Half at least: a busy moment of reading is not to leave next to nothing to learn from.
    cells = CELLS_A_SECOND * max(budget - max(spent - USUAL_READING * budget, 0), budget / 2)
    sample = sampled(prepared, max(FEWEST_ROWS, int(cells / table.shape[1])))
    if sample is prepared:
        return prepared
    note = Remark(
        "Trained on {count} of the {total} rows, drawn at random, because a budget of {seconds:g} "
        "s is too short for all of them. Raise --budget to use more.",
        values={"count": len(sample.table), "total": len(table), "seconds": budget},
    )
    progress(str(note))
    return replace(sample, notes=(*sample.notes, note))
