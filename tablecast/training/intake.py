"""What enters a training: a table read, checked and looked over, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from difflib import get_close_matches
from os import PathLike
from typing import TYPE_CHECKING

from tablecast.data.leakage import without_leaks
from tablecast.data.sources import prepare, read_table
from tablecast.errors import TableError
from tablecast.schema.schema import Schema
from tablecast.training.experiment.out_of_fold import sampled
from tablecast.training.memory import check_memory

if TYPE_CHECKING:
    import pandas as pd

    from tablecast.data.prepared import Prepared
    from tablecast.schema.form_file import Form

#: Cells of a table that a second of a search can learn from, its folds, clones and proof included:
#: 120 s learn from 170,000 rows of seven columns.
CELLS_A_SECOND = 10_000
#: Fewer rows are not worth a sample, whatever the budget: they take seconds.
FEWEST_ROWS = 5_000


def take_in(
    source: str | PathLike[str],
    target: str,
    look: Form,
    *,
    drop: Collection[str] = (),
    keep: Collection[str] = (),
    budget: float | None = None,
    progress: Callable[[str], None] = print,
) -> Prepared:
    """Read and prepare a table, and refuse now what would fail after minutes of training.

    Args:
        source: what ``tablecast.data.sources.read_table`` takes.
        target: the column to predict.
        look: the form file's labels and limits.
        drop: columns to leave out.
        keep: columns that are features even where they look like the target in disguise.
        budget: seconds of a search; of a table that is too long for them a sample is taken.
        progress: called with one line for each thing that is worth knowing of the table.

    Raises:
        TableError, FormFileError, TrainingError: see ``prepare``, ``without_leaks``, ``Schema``
            and ``check_memory``.
    """
    table = read_table(source)
    _check_names([*drop, *keep], table)
    if target in drop:
        raise TableError(f"The target '{target}' cannot be left out. Drop other columns.")
    kept = table.drop(columns=list(drop))
    kept.attrs = table.attrs
    prepared = prepare(kept, target)
    progress(f"{len(table):,} rows, {len(table.columns)} columns; {prepared.task} of {target!r}.")
    for column in prepared.dropped:
        progress(f"Left out {column.name!r}: {column.reason}.")
    prepared = without_leaks(prepared, keep)
    for note in prepared.notes:
        progress(note)
    Schema.from_table(prepared.table, prepared.target, prepared.task, look)
    prepared = _within(prepared, budget, progress)
    check_memory(prepared)
    return prepared


def _within(
    prepared: Prepared, budget: float | None, progress: Callable[[str], None]
) -> Prepared:
    """As many rows as a search of so many seconds can learn from, and a note where not all."""
    table = prepared.table
    if budget is None or table.size <= CELLS_A_SECOND * budget:
        return prepared
    sample = sampled(prepared, max(FEWEST_ROWS, int(CELLS_A_SECOND * budget / table.shape[1])))
    if sample is prepared:
        return prepared
    note = (
        f"Trained on {len(sample.table):,} of the {len(table):,} rows, drawn at random: a budget "
        f"of {budget:g} s is too short for all; a longer one takes more."
    )
    progress(note)
    return replace(sample, notes=(*sample.notes, note))


def _check_names(names: Collection[str], table: pd.DataFrame) -> None:
    for name in names:
        if name not in table.columns:
            near = get_close_matches(name, [str(one) for one in table.columns], n=1, cutoff=0.5)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise TableError(f"The table has no column '{name}' to drop or keep.{hint}")
