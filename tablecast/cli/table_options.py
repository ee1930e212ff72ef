"""The options that say how to read a table, where its cells leave that open."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import fields

from tablecast.errors import TableError
from tablecast.schema.options import ReadingOptions


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """Add the options about a table: one for each judgement that a person may know better."""
    group = parser.add_argument_group("how to read the table")
    group.add_argument(
        "--task", choices=("auto", "regression", "classification"), default="auto",
        help="regression predicts amounts, classification predicts classes; auto looks at the "
        "target (default: auto)",
    )
    for name, metavar, words in (
        ("--category", "COLUMN", "read it as text, even if it holds numbers, such as postcodes"),
        ("--number", "COLUMN", "read it as numbers, even if some begin with 0"),
        ("--date", "COLUMN[=FORMAT]", "read it as dates, such as --date sold=%%d/%%m/%%y"),
        ("--drop", "COLUMN", "ignore the column"),
        ("--keep", "COLUMN", "use the column, even if it looks like an ID or like the target"),
        ("--missing", "TEXT", "a text that means a missing value, in every column"),
        ("--level", "COLUMN=TEXT", "a text that is a value, even if it looks missing, such as NA"),
    ):
        group.add_argument(
            name, action="append", default=[], metavar=metavar, help=f"{words}; may be repeated"
        )
    group.add_argument(
        "--encoding", metavar="NAME",
        help="the file's encoding, such as gb18030 or windows-1252 (default: detected)",
    )
    group.add_argument(
        "--separator", metavar="SIGN",
        help="the sign between cells, such as ';', or tab (default: detected)",
    )
    group.add_argument(
        "--decimal", choices=(".", ","), metavar="SIGN",
        help="the decimal sign of numbers, . or , (default: detected)",
    )
    group.add_argument(
        "--sheet", metavar="NAME", help="the sheet of a workbook, by name or by number from 1"
    )
    split = parser.add_argument_group("how rows are split and counted (default: at random, alike)")
    for name, words in (
        ("--group", "rows with the same value, such as a person's, are never split between "
         "training and testing: for predictions about new persons"),
        ("--time", "dates or numbers: train on earlier rows, test on later ones: for forecasts"),
        ("--weight", "numbers: how much each row counts in training and in the scores"),
    ):
        split.add_argument(name, metavar="COLUMN", help=words)


#: Options whose value is a table's own text, which may begin with a minus.
_OF_TEXTS = ("--target", "--category", "--number", "--date", "--drop", "--keep", "--missing",
             "--level", "--separator")
_OPTION = re.compile(r"--[a-z].*|-[ho]|-")


def with_texts(arguments: Sequence[str]) -> list[str]:
    """The arguments with each option and its text in one, since argparse takes -n/a for an option:
    ``--missing -n/a`` is ``--missing=-n/a``."""
    joined: list[str] = []
    for argument in arguments:
        is_text = argument.startswith("-") and not _OPTION.fullmatch(argument)
        if is_text and joined and joined[-1] in _OF_TEXTS:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def table_options(options: argparse.Namespace) -> ReadingOptions:
    """The options about a table as they were given.

    Raises:
        TableError: an option has an unknown value.
    """
    levels: dict[str, list[str]] = {}
    for pair in options.level:
        column, equals, text = pair.rpartition("=")
        if not (column.strip() and equals and text.strip()):
            raise TableError(
                f"--level {pair!r} does not say which column has which value; write COLUMN=TEXT, "
                "such as --level continent=NA."
            )
        levels.setdefault(column, []).append(text)
    given = {option.name: getattr(options, option.name) for option in fields(ReadingOptions)}
    separator = {"tab": "\t", "\\t": "\t"}.get(options.separator, options.separator)
    read = {"date": _dates(options.date), "level": levels, "separator": separator}
    return ReadingOptions(**{**given, **read})


def _dates(pairs: Sequence[str]) -> dict[str, str]:
    dates: dict[str, str] = {}
    for column, form in map(_dated, pairs):
        if dates.get(column, form) != form:
            raise TableError(
                f"'{column}' has two formats of dates (--date): {dates[column] or 'any'} and "
                f"{form or 'any'}. Leave one of them out."
            )
        dates[column] = form
    return dates


def _dated(pair: str) -> tuple[str, str]:
    """A column and its format, which begins with a per cent sign."""
    column, equals, form = pair.partition("=%")
    return (column, "%" + form) if equals else (pair, "")
