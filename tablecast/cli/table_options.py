"""The options by which a person says what cannot be seen in a table."""

from __future__ import annotations

import argparse

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
    group.add_argument("--decimal", choices=(".", ","), help="the sign before decimals")
    group.add_argument("--sheet", metavar="NAME", help="a workbook's sheet, or its number from 1")


def table_options(options: argparse.Namespace) -> ReadingOptions:
    """What the options say of a table.

    Raises:
        TableError: one has a value that means nothing.
    """
    levels: dict[str, list[str]] = {}
    for said in options.level:
        column, _, text = said.rpartition("=")
        levels.setdefault(column, []).append(text)
    return ReadingOptions(
        task=options.task,
        category=options.category,
        number=options.number,
        date=dict(map(_dated, options.date)),
        drop=options.drop,
        keep=options.keep,
        missing=options.missing,
        level=levels,
        encoding=options.encoding,
        separator={"tab": "\t", "\\t": "\t"}.get(options.separator, options.separator),
        decimal=options.decimal,
        sheet=options.sheet,
    )


def _dated(said: str) -> tuple[str, str]:
    """A column and its format, which begins with a per cent sign."""
    column, equals, form = said.partition("=%")
    return (column, "%" + form) if equals else (said, "")
