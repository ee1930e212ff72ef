"""How a table was read, shown before anything is trained.

    print(inspect("insurance.csv", target="charges"))
"""

from __future__ import annotations

import os
import shutil
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tablecast.data.columns import tidy
from tablecast.data.large_tables import read_rows
from tablecast.data.leakage import split_leaks
from tablecast.data.prepare import columns_to_drop, prepare, task_of
from tablecast.data.prepared import Dropped
from tablecast.data.row_metadata import RowMetadata
from tablecast.data.split_hints import hints
from tablecast.errors import Remark, TableError
from tablecast.schema.field import Field
from tablecast.schema.form_file import Form
from tablecast.schema.from_column import field_of_column
from tablecast.schema.options import ReadingOptions, column_named
from tablecast.schema.readings import TableReading, reading_of
from tablecast.schema.schema import Schema, classes_of

if TYPE_CHECKING:
    import pandas as pd

#: Levels of a column that are listed.
MOST_LEVELS = 50

#: Characters of a line on the terminal.
WIDTH = 80

_DAY = 86_400  # seconds


@dataclass(frozen=True)
class InspectedColumn:
    """One column, as it was understood.

    Attributes:
        name: its name.
        kind: number, integer, category, boolean or date; "unusable" for what is none of them.
        role: "feature", "target" or "ignored"; or "group", "time" or "weight", where a person has
            said so. A time stays a feature unless a note says that it is ignored.
        missing: how many rows have no value.
        levels: of text, sorted, or the most frequent of very many; at most 50.
        minimum, maximum: of numbers; of dates as ISO 8601; else None.
        unit: what is written beside its numbers.
        notes: what to know about it, with the option that changes it.
    """

    name: str
    kind: str
    role: str
    missing: int
    levels: list[str]
    minimum: float | int | str | None
    maximum: float | int | str | None
    unit: str
    notes: list[str]


@dataclass(frozen=True)
class Inspection:
    """A table, as it was understood.

    Attributes:
        rows: how many there are.
        encoding, separator: the file's; None where it has none.
        decimal: the decimal sign of its numbers.
        task, target, classes: what would be learnt; None and empty without a target.
        notes: what to know about the table as a whole.
        columns: each of its columns.
    """

    rows: int
    encoding: str | None
    separator: str | None
    decimal: str
    task: str | None
    target: str | None
    classes: list[str | int]
    notes: list[str]
    columns: list[InspectedColumn]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)

    @property
    def sentences(self) -> list[str]:
        """All that there is to know about it: of the table, then of each column."""
        return [*self.notes, *(note for column in self.columns for note in column.notes)]

    def overview(self, width: int = WIDTH) -> list[str]:
        """The table and its columns in lines of at most so many characters."""
        return list(_lines(self, width))

    def __str__(self) -> str:
        width = max(60, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns))
        notes = (["", *textwrap.wrap(note, width)] for note in self.sentences)
        return "\n".join([*self.overview(width), *(line for lines in notes for line in lines)])


def inspect(
    table: str | os.PathLike[str] | pd.DataFrame,
    target: str | None = None,
    options: ReadingOptions | None = None,
    form: Form | None = None,
) -> Inspection:
    """Say what is understood of a table.

    Args:
        table: what ``read_rows`` takes, or a table.
        target: the column to predict, where it is known.
        options: what a person says of the table.
        form: what a form file says, which is checked against the table.

    Raises:
        TableError: it cannot be read, or has no such column.
        FormFileError: the form names what the table lacks.
    """
    options = (options or ReadingOptions()).over(form.reading if form else ReadingOptions())
    read = read_rows(table, target, options) if isinstance(table, str | os.PathLike) else table
    return inspected(tidy(read, options=options), target, options, form)


def inspected(
    tidied: pd.DataFrame,
    target: str | None,
    options: ReadingOptions | None = None,
    form: Form | None = None,
) -> Inspection:
    """The same of a table that is read."""
    names = [str(name) for name in tidied.columns]
    options = (options or ReadingOptions()).known_as(names)
    reading = reading_of(tidied)
    goal = column_named(target.strip(), names) if target else None
    goal_of = _goal(tidied, goal, options, form or Form())
    dropped = {one.name: one for one in goal_of.dropped}
    said = list(dict.fromkeys([*reading.notes, *goal_of.notes]))
    told: dict[str, list[str]] = {name: [] for name in names}
    others: list[str] = []
    for one in said:
        told.get(one.values.get("name", ""), others).append(str(one))
    return Inspection(
        rows=len(tidied),
        encoding=reading.encoding or None,
        separator=reading.separator or None,
        decimal=reading.decimal or ".",
        task=goal_of.task,
        target=goal,
        classes=goal_of.classes,
        notes=others,
        columns=[
            _column(column, _role(name, goal, dropped, options), dropped.get(name), reading,
                    told[name])
            for name, column in tidied.items()
        ],
    )


def _role(
    name: str, goal: str | None, dropped: Mapping[str, Dropped], options: ReadingOptions
) -> str:
    if name == goal:
        return "target"
    return options.roles.get(name) or ("ignored" if name in dropped else "feature")


def _ignored(tidied: pd.DataFrame, goal: str | None, options: ReadingOptions) -> list[Dropped]:
    features = tidied.drop(columns=[goal] if goal else [])
    present = tidied[goal].notna() if goal else tidied.index >= 0
    return columns_to_drop(features, present, options) if len(tidied) else []


class _Goal(NamedTuple):
    """The task, its classes, which columns are left out, and what training would say of it all."""

    task: str | None
    classes: list[str | int]
    dropped: Sequence[Dropped]
    notes: Sequence[Remark]


def _goal(
    tidied: pd.DataFrame, goal: str | None, options: ReadingOptions, form: Form
) -> _Goal:
    if goal is None:
        form.check_names(list(map(str, tidied.columns)))
        dropped = _ignored(tidied, None, options)
        found = tidied.drop(columns=[one.name for one in dropped])
        leaks = split_leaks(found, RowMetadata())
        notes = [*hints(found), *(leak.message for leak in leaks)]
        return _Goal(None, [], dropped, notes)
    options.check_target(goal)
    try:
        prepared = prepare(tidied, goal, options=options)
    except TableError as error:
        task, note = task_of(tidied[goal], options.task)
        dropped = _ignored(tidied, goal, options)
        return _Goal(task, [], dropped, [note, Remark(str(error))])
    if form != Form():
        Schema.from_table(prepared.table, goal, prepared.task, form)
    answers = prepared.table[goal]
    classes = classes_of(answers) if prepared.task == "classification" else []
    leaks = split_leaks(prepared.table.drop(columns=goal), prepared.about)
    notes = [*prepared.notes, *(leak.message for leak in leaks)]
    return _Goal(prepared.task, classes, prepared.dropped, notes)


def _column(
    column: pd.Series, role: str, dropped: Dropped | None, reading: TableReading,
    notes: Sequence[str],
) -> InspectedColumn:
    name = str(column.name)
    field = _field(column)
    return InspectedColumn(
        name=name,
        kind=field.kind if field else "unusable",
        role=role,
        missing=int(column.isna().sum()),
        levels=list(field.levels[:MOST_LEVELS]) if field else [],
        minimum=field.json_value(field.minimum) if field else None,
        maximum=field.json_value(field.maximum) if field else None,
        unit=reading.of(name).unit,
        notes=[*notes, *([str(dropped.note)] if dropped else [])],
    )


def _field(column: pd.Series) -> Field | None:
    """The field that the column would be; None where it holds nothing that a field can hold."""
    if column.dtype.kind not in "ifMO" or column.isna().all():
        return None
    try:
        return field_of_column(column, {})
    except (TypeError, ValueError):  # lists, dictionaries, bytes
        return None


def _lines(table: Inspection, width: int) -> Iterator[str]:
    """The inspection as a person reads it on a terminal."""
    file = [f"{table.rows:,} rows, {len(table.columns)} columns"]
    file += [table.encoding] if table.encoding else []
    signs = {"\t": "tab", " ": "space"}
    if table.separator:
        file.append(f"separator {signs.get(table.separator, repr(table.separator))}")
    yield ", ".join([*file, f"decimal sign {table.decimal!r}"])
    if table.target:
        named = f": {', '.join(map(str, table.classes))}" if table.classes else ""
        yield _cut(f"Task: {table.task} of {table.target}{named}", width)
    yield ""
    yield from _table(table.columns, width)


def _table(columns: Sequence[InspectedColumn], width: int) -> Iterator[str]:
    cells = [("Column", "Kind", "Role", "Missing", "Values")]
    cells += [(c.name, c.kind, c.role, f"{c.missing:,}" if c.missing else "", _values(c))
              for c in columns]  # fmt: skip
    most = (24, 8, 8, 9)
    widths = [min(most[at], max(_width(row[at]) for row in cells)) for at in range(4)]
    rest = width - sum(widths) - 2 * len(widths)
    for row in cells:
        parts = [_padded(_cut(row[at], widths[at]), widths[at]) for at in range(4)]
        yield "  ".join([*parts, _cut(row[4], rest)]).rstrip()


def _values(column: InspectedColumn) -> str:
    if column.levels:
        return ", ".join(column.levels)
    if column.minimum is None:
        return ""
    ends = [f"{end:,.6g}" if isinstance(end, float) else str(end)
            for end in (column.minimum, column.maximum)]  # fmt: skip
    return f"{ends[0]} to {ends[1]} {column.unit}".rstrip()


def _width(text: str) -> int:
    """The columns that a text takes on a terminal, where Chinese signs take two."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _cut(text: str, width: int) -> str:
    text = " ".join(text.split())
    if _width(text) <= width:
        return text
    while _width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
