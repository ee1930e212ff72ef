"""A text cut into the rows and columns that it was written as.

Files come with more than a table: a first line ``sep=;``, a title above and a footer below, R's row
names, a separator behind each row, columns without a name. None of it is data, all of it is said.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

from tablecast.errors import TableError
from tablecast.schema.table_notes import FOOTER, ROW_NAMES, TITLE, TOTAL, Note
from tablecast.schema.texts import tidy_text

SEPARATORS = ",;\t|"

#: Characters and rows from which the separator and the header are found.
BEGINNING, FIRST_ROWS = 65_536, 200

#: More lines above a table or below it are a table of another kind.
MOST_TITLES, MOST_FOOTERS = 30, 30

#: A header lacks a cell where more than this share of the rows have one more than it.
MOST_SHORT = 0.8

_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?[;,]*\s*?(\r\n|\n|\r)", re.IGNORECASE)
_TOTALS = re.compile(
    r"(grand |sub-?)?totals?:?|sum:?|summe:?|gesamt(summe)?:?|insgesamt:?|somme:?|suma:?|totale:?"
    r"|合计[:：]?|总计[:：]?|合計[:：]?|總計[:：]?|합계:?|итого:?",
    re.IGNORECASE,
)

#: Cells: texts of a CSV file, or a workbook's texts, numbers, booleans and dates.
Record = Sequence[Any]


@dataclass
class Grid:
    """The rows of a table, all of them as long as its header.

    Attributes:
        header: the columns' names as they are written.
        rows: the cells.
        lines: the line on which each row begins, from 1.
        separator: what stands between cells; empty where nothing does (Excel).
        place: what ``lines`` counts: "Line", or "Row" of a sheet.
        notes: what was left out, and why.
    """

    header: list[str]
    rows: list[Record]
    lines: list[int]
    separator: str = ""
    place: str = "Line"
    notes: list[Note] = field(default_factory=list)


def grid_of(text: str, name: str, separator: str | None = None) -> Grid:
    """The table that a CSV text holds.

    Args:
        text: the whole file.
        name: what messages call it.
        separator: what stands between cells, where a person says so.

    Raises:
        TableError: its rows do not make a table.
    """
    told = _SEPARATOR_LINE.match(text)
    skipped = 0
    if told:
        separator, text, skipped = separator or told[1], text[told.end() :], 1
    separator = separator or find_separator(text)
    numbered = [(line + skipped, record) for line, record in _all_records(text, separator, name)]
    return arranged(numbered, name, separator)


def separator_of(text: str) -> tuple[str, bool]:
    """The separator of a text, and whether its first line says it."""
    told = _SEPARATOR_LINE.match(text)
    return (told[1], True) if told else (find_separator(text), False)


def find_separator(text: str) -> str:
    """The separator that cuts the first lines into the most even, and then the most, columns."""
    beginning = text[:BEGINNING]
    if len(text) > BEGINNING:
        beginning = beginning[: beginning.rfind("\n") + 1] or beginning  # the last line was cut

    def fit(separator: str) -> tuple[float, int]:
        records, quoted_well = _first_records(beginning, separator)
        width = usual_width(records)
        if width == 1:
            return 0.0, 0
        body = records[header_place(records, width) :]
        even = sum(len(one) in (width, width - 1) for one in body) / len(records)
        return even if quoted_well else even / 2, width

    return max(SEPARATORS, key=fit)  # with no separator anywhere: the comma, so one column


def first_records(text: str, separator: str) -> list[Record]:
    """The first rows that a separator makes, without blank ones."""
    return [one for one in _first_records(text, separator)[0] if _is_filled(one)]


def _first_records(text: str, separator: str) -> tuple[list[Record], bool]:
    """The first rows that a separator makes, and whether quotation marks are where it cuts."""
    for strict in (True, False):
        lines = io.StringIO(text, newline="")
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)
        records: list[Record] = []
        try:
            records.extend(one for one in islice(reader, FIRST_ROWS) if any(one))
        except csv.Error as error:
            if strict and "expected after" in str(error):
                continue
        return records, strict
    return [], False


def usual_width(records: Sequence[Record]) -> int:
    """How many cells most rows have; of two that are as frequent, the larger number."""
    widths = Counter(len(record) for record in records)
    return max(widths, key=lambda width: (widths[width], width), default=1)


def header_place(records: Sequence[Record], width: int) -> int:
    """Which record names the columns: the first one below a title.

    A title has fewer cells than the table, or fewer that hold anything.
    """
    filled = [sum(map(bool, map(bare, record))) for record in records[:MOST_TITLES]]
    for least in (max(2, width // 2), 2):
        for place, cells in enumerate(filled):
            if cells >= least and len(records[place]) >= width - 1:
                return place
    return 0


def bare(cell: object) -> str:
    """A cell's text without spaces around it."""
    return cell.strip() if isinstance(cell, str) else "" if cell is None else str(cell)


def arranged(
    numbered: Sequence[tuple[int, Record]], name: str, separator: str = "", place: str = "Line"
) -> Grid:
    """The grid of records with the lines on which they begin; blank ones are left out."""
    kept = [(line, record) for line, record in numbered if _is_filled(record)]
    if not kept:
        raise TableError(f"'{name}' is empty. Check that it was saved or downloaded completely.")
    blank_before = _after_gaps(numbered)
    sample = [record for _, record in kept[: FIRST_ROWS * 5]]
    head = header_place(sample, usual_width(sample[1:] or sample))
    width = usual_width([record for _, record in kept[head + 1 :]] or [kept[head][1]])
    notes = [Note(TITLE, text=_shortened(record)) for _, record in kept[:head]]
    header = [tidy_text(bare(cell)) for cell in kept[head][1]]
    body = kept[head + 1 :]
    full = sum(len(record) == width for _, record in body)
    if len(header) == width - 1 and full > MOST_SHORT * len(body):
        header = _one_more(header, [record for _, record in body if len(record) == width])
    while len(header) > max(width, 1) and not header[-1]:
        header.pop()  # the separator behind it has no counterpart in the rows
    width = len(header)
    body, footers = _without_footer(body, width, blank_before)
    notes += footers
    for line, record in body:
        if len(record) != width:
            raise _ragged(f"{place} {line}", len(record), width, name)
    if not body:
        raise TableError(f"'{name}' has a header but no rows. Add rows to learn from.")
    rows, lines = [record for _, record in body], [line for line, _ in body]
    return _without_needless(Grid(header, rows, lines, separator, place, notes))


def _is_filled(record: Record) -> bool:
    return any(map(bare, record))


def _after_gaps(numbered: Sequence[tuple[int, Record]]) -> set[int]:
    """The lines of rows behind an empty one."""
    after, gap = set(), False
    for line, record in numbered:
        filled = _is_filled(record)
        if filled and gap:
            after.add(line)
        gap = not filled
    return after


def _one_more(header: list[str], rows: Sequence[Record]) -> list[str]:
    """A header that is one cell short, made whole where the rows tell why: R names them, or a
    separator ends each of them."""
    if not any(bare(row[-1]) for row in rows):
        return [*header, ""]
    return ["", *header] if are_row_names([bare(row[0]) for row in rows]) else header


def are_row_names(names: Sequence[str]) -> bool:
    """Whether the first cells of rows count them, or name each of them otherwise."""
    if len(set(names)) < len(names) or "" in names:
        return False
    if all(re.fullmatch(r"[0-9]{1,15}", name) for name in names):
        counted = [int(name) for name in names]
        if all(after - before == 1 for before, after in pairwise(counted)):
            return counted[0] in (0, 1) or len(names) > 2
        return len(names) > 2 and counted == sorted(counted)
    return not any(re.fullmatch(r"[+-]?[0-9]*[.,][0-9]+", name) for name in names)


def _without_footer(
    body: list[tuple[int, Record]], width: int, after_gap: set[int]
) -> tuple[list[tuple[int, Record]], list[Note]]:
    """The rows without what stands below the table, and what that was.

    A footer's lines have fewer cells than the table, and come after an empty line or hold words.
    """
    end = len(body)
    while end and len(body) - end < MOST_FOOTERS and _is_short(body[end - 1][1], width):
        end -= 1
    below = body[end:]
    footers = (at for at, (line, one) in enumerate(below) if is_footer(one, line in after_gap))
    cut = next(footers, None)
    if cut is not None:
        body, below = body[: end + cut], below[cut:]
        return _without_total(body, [Note(FOOTER, text=_shortened(one)) for _, one in below])
    return _without_total(body, [])


def _is_short(record: Record, width: int) -> bool:
    return width > 1 and (len(record) < width or sum(map(bool, map(bare, record))) == 1)


def is_footer(record: Record, after_gap: bool) -> bool:
    """Whether a short row may stand below a table: it comes after a gap, or holds words."""
    filled = list(filter(None, map(bare, record)))
    if after_gap:
        return len(filled) <= 2
    return len(filled) == 1 and len(re.findall(r"[^\W\d_]{2,}", filled[0])) > 1


def _without_total(
    body: list[tuple[int, Record]], notes: list[Note]
) -> tuple[list[tuple[int, Record]], list[Note]]:
    """The rows without a last one that sums the others up."""
    last = bare(body[-1][1][0]) if len(body) > 1 else ""
    if _TOTALS.fullmatch(last) and last not in {bare(record[0]) for _, record in body[:-1]}:
        return body[:-1], [Note(TOTAL, text=_shortened(body[-1][1])), *notes]
    return body, notes


def _without_needless(grid: Grid) -> Grid:
    """Without empty columns that have no name, and without row names."""
    columns = range(len(grid.header))
    empty = [
        at for at in columns if not grid.header[at] and not any(bare(row[at]) for row in grid.rows)
    ]
    named = [at for at in columns if at not in empty]
    if named and not grid.header[named[0]] and len(named) > 1 and are_row_names(
        [bare(row[named[0]]) for row in grid.rows]
    ):
        first = bare(grid.rows[0][named[0]])
        grid.notes.append(Note(ROW_NAMES, first=first))
        named = named[1:]
    if len(named) < len(grid.header):
        grid.header = [grid.header[at] for at in named]
        grid.rows = [[row[at] for at in named] for row in grid.rows]
    return grid


def _all_records(text: str, separator: str, name: str) -> list[tuple[int, Record]]:
    """Every record with its line. Quotation marks within a cell are forgiven, open ones are not."""
    try:
        return list(_records(text, separator, name, strict=True))
    except _OddQuotes:
        return list(_records(text, separator, name, strict=False))


class _OddQuotes(Exception):  # noqa: N818 - a control flow of this module, never shown
    """A cell goes on behind its closing quotation mark."""


def _records(
    text: str, separator: str, name: str, *, strict: bool
) -> Iterator[tuple[int, Record]]:
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)
    line = 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        if strict and "expected after" in str(error):
            raise _OddQuotes from None
        raise TableError(
            f"Line {line} of '{name}' cannot be read: {error}. Is a quotation mark not closed?"
        ) from error


def _ragged(place: str, cells: int, width: int, name: str) -> TableError:
    return TableError(
        f"{place} of '{name}' has {cells} cell{'' if cells == 1 else 's'}, but the header has "
        f"{width}. Correct that line; a separator inside a text needs quotation marks around the "
        "text, and an opened quotation mark has to be closed. If the cells are cut in the wrong "
        "places, name what stands between them (--separator SIGN)."
    )


def _shortened(record: Record) -> str:
    text = " ".join(filter(None, map(bare, record)))
    return text if len(text) <= 60 else text[:59] + "…"
