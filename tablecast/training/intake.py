"""What enters a training: a table read, checked and looked over, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING

from tablecast.data.inspect import inspected
from tablecast.data.leakage import without_leaks
from tablecast.data.prepare import prepare
from tablecast.data.sources import read_table
from tablecast.schema.options import ReadingOptions
from tablecast.schema.schema import Schema
from tablecast.training.memory import check_memory

if TYPE_CHECKING:
    from tablecast.data.prepared import Prepared
    from tablecast.schema.form_file import Form


def take_in(
    source: str | PathLike[str],
    target: str,
    look: Form,
    options: ReadingOptions | None = None,
    progress: Callable[[str], None] = print,
) -> Prepared:
    """Read and prepare a table, and refuse now what would fail after minutes of training.

    Args:
        source: what ``tablecast.data.sources.read_table`` takes.
        target: the column to predict.
        look: the form file's labels, limits and options.
        options: what else a person says of the table; it goes before the form file.
        progress: called with one line for each thing that is worth knowing of the table.

    Raises:
        TableError, FormFileError, TrainingError: see ``prepare``, ``without_leaks``, ``Schema``
            and ``check_memory``.
    """
    options = (options or ReadingOptions()).over(look.reading)
    table = read_table(source, options)
    found = inspected(table, target, options)
    prepared = prepare(table, target, options=options)
    for line in (*found.overview(), *found.sentences):
        progress(line)
    prepared = without_leaks(prepared, options.known_as(list(table.columns)).keep)
    for leak in prepared.leaks:
        progress(leak.message)
    Schema.from_table(prepared.table, prepared.target, prepared.task, look)
    check_memory(prepared)
    return prepared
