"""The options by which a person says what cannot be seen in a table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tablecast.errors import TableError
from tablecast.schema.options import ReadingOptions


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """The options about a table; each judgement that a person may know better has one."""
    group = parser.add_argument_group("how the table is read")
    group.add_argument(
        "--task", choices=("auto", "regression", "classification"), default="auto",
        help="amounts to estimate, or classes to tell apart (default: what the target looks like)",
    )
    for name, metavar, words in (
        ("--category", "COLUMN", "text, even if its cells are numbers, such as a postcode"),
        ("--number", "COLUMN", "numbers, even if they begin with 0 or are written in two ways"),
        ("--date", "COLUMN[=FORMAT]", "dates, in a format such as %%d/%%m/%%y"),
        ("--drop", "COLUMN", "leave a column out"),
        ("--keep", "COLUMN", "a feature, even if it looks like an id or like the answer itself"),
        ("--missing", "TEXT", "a text that means that nothing is known, in every column"),
        ("--level", "COLUMN=TEXT", "a level, even if it looks like a missing value, such as NA"),
    ):
        group.add_argument(
            name, action="append", default=[], metavar=metavar, help=f"{words}; may be repeated"
        )
    group.add_argument("--encoding", metavar="NAME", help="such as gb18030 or windows-1252")
    group.add_argument("--separator", metavar="SIGN", help="what stands between cells, or tab")
    group.add_argument(
        "--decimal", choices=(".", ","), metavar="SIGN", help="the sign before decimals: . or ,"
    )
    group.add_argument("--sheet", metavar="NAME", help="a workbook's sheet, or its number from 1")


def table_options(options: argparse.Namespace) -> ReadingOptions:
    """What the options say of a table.

    Raises:
        TableError: one has a value that means nothing.
    """
    levels: dict[str, list[str]] = {}
    for said in options.level:
        column, equals, text = said.rpartition("=")
        if not (column.strip() and equals and text.strip()):
            raise TableError(
                f"--level {said!r} does not say which column has which value; write COLUMN=TEXT, "
                "such as --level continent=NA."
            )
        levels.setdefault(column, []).append(text)
    return ReadingOptions(
        task=options.task,
        category=options.category,
        number=options.number,
        date=_dates(options.date),
        drop=options.drop,
        keep=options.keep,
        missing=options.missing,
        level=levels,
        encoding=options.encoding,
        separator={"tab": "\t", "\\t": "\t"}.get(options.separator, options.separator),
        decimal=options.decimal,
        sheet=options.sheet,
    )


def _dates(said: Sequence[str]) -> dict[str, str]:
    dates: dict[str, str] = {}
    for column, form in map(_dated, said):
        if dates.get(column, form) != form:
            raise TableError(
                f"'{column}' has two formats of dates (--date): {dates[column] or 'any'} and "
                f"{form or 'any'}. Leave one of them out."
            )
        dates[column] = form
    return dates


def _dated(said: str) -> tuple[str, str]:
    """A column and its format, which begins with a per cent sign."""
    column, equals, form = said.partition("=%")
    return (column, "%" + form) if equals else (said, "")
