"""CSV, as people write it: which encoding, which separator, and whether its rows make a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from tablecast.data.columns import MISSING, tidy, tidy_names
from tablecast.errors import TableError

if TYPE_CHECKING:
    from _csv import Reader

    import pandas as pd

SEPARATORS = ",;\t|"
PARQUET_START = b"PAR1"

BINARY = (PARQUET_START, b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\x89PNG", b"\xd0\xcf\x11\xe0")


def _decode(content: bytes, name: str) -> tuple[str, list[str]]:
    """The file's text, and a note where its encoding was a guess."""
    binary = TableError(
        f"'{name}' is not a text file, so it cannot be CSV. Save it as CSV or Parquet, with the "
        "ending that fits."
    )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), []
        except UnicodeDecodeError:
            raise binary from None
    if content.startswith(BINARY) or re.search(rb"[\x00-\x08\x0e-\x1f\x7f]", content[:65536]):
        raise binary
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise TableError(
            f"'{name}' is neither UTF-8 nor Windows-1252 text (line {line}). Save it as UTF-8."
        ) from None
    return text, [
        f"The file is not UTF-8 (line {line}), so it was read as Windows-1252: check accented "
        "letters, or save it as UTF-8."
    ]


def parse_csv(content: bytes, name: str) -> pd.DataFrame:
    """The table that a CSV file holds, its cells read as ``tablecast.data.columns`` says.

    Args:
        content: the file's bytes.
        name: what messages call it.

    Raises:
        TableError: it is not text, or its rows do not make a table.
    """
    text, notes = _decode(content, name)
    separator = find_separator(text)
    header = _check_rows(text, separator, name)
    names = tidy_names(header)
    table = _read(text, separator, names, name)
    unnamed = [n for n, h in zip(names, header, strict=True) if not h and table[n].isna().all()]
    # A separator at the end of each line makes a column without name or content.
    table = table.drop(columns=unnamed).dropna(how="all")
    if table.empty:
        raise TableError(f"'{name}' has a header but no rows. Add rows to learn from.")
    table, more = tidy(table, MISSING)
    table.attrs["tablecast_notes"] = (*notes, *more)
    return table


def _read(text: str, separator: str, names: list[str], name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(text, newline=""),
            sep=separator,
            names=names,
            header=0,
            index_col=False,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(MISSING),
            low_memory=False,  # a column's kind follows from all its rows, not from each chunk's
            float_precision="round_trip",  # the number that the form reads from the same digits
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise TableError(
            f"'{name}' cannot be read as CSV: {error}. Check its quotation marks."
        ) from error


def find_separator(text: str) -> str:
    """The separator that cuts the first lines into the most even, and then the most, columns."""

    beginning = text[:65536]

    def fit(separator: str) -> tuple[float, int]:
        sample = _records(io.StringIO(beginning, newline=""), separator)
        try:
            widths = [len(record) for record in islice(sample, 100) if any(record)]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] == 1:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    return max(SEPARATORS, key=fit)  # with no separator anywhere: the comma, so one column


def _records(lines: Iterable[str], separator: str) -> Reader:
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _check_rows(text: str, separator: str, name: str) -> list[str]:
    """The header's cells, once every row is known to have as many.

    pandas would fill short rows up, and shift the columns of long ones, without a word.
    """
    reader = _records(io.StringIO(text, newline=""), separator)
    header: list[str] = []
    line = 1
    try:
        for record in reader:
            if not header:
                header = [] if _is_blank(record) else [cell.strip() for cell in record]
            elif len(record) != len(header) and not _is_blank(record):
                raise TableError(
                    f"Line {line} of '{name}' has {_cells(len(record))}, but the header has "
                    f"{len(header)}. Correct that line; a separator inside a text needs quotation "
                    "marks around the text, and an opened quotation mark has to be closed."
                )
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(
            f"Line {line} of '{name}' cannot be read: {error}. Is a quotation mark not closed?"
        ) from error
    return header


def _is_blank(record: list[str]) -> bool:
    return len(record) < 2 and not "".join(record).strip()


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"
