"""A file's text, split into rows and cells.

Files come with more than a table: a first line ``sep=;``, a title above and a footer below, R's row
names, a separator behind each row, columns without a name. None of it is data, all of it is said.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tablecast.data.free_memory import check_text
from tablecast.data.surroundings import (
    ROWS_BELOW,
    Record,
    after_gaps,
    are_row_names,
    bare,
    is_filled,
    is_like_rows,
    shortened,
    with_missing_name,
    without_footer,
    without_labels,
    without_repeated_header,
)
from tablecast.errors import Remark, TableError
from tablecast.schema.number_formats import amount_of
from tablecast.schema.table_notes import (
    DATA_AS_NAMES,
    EMPTY_COLUMN,
    NUMBERS_AS_NAMES,
    ROW_NAMES,
    TITLE,
)
from tablecast.schema.texts import tidy_text

SEPARATORS = ",;\t|"

#: Characters and rows from which the separator and the header are found.
BEGINNING, FIRST_ROWS = 65_536, 200

#: More lines above a table are a table of another kind.
MOST_TITLES = 30

#: A header lacks a cell where more than this share of the rows have one more than it.
MOST_SHORT = 0.8

#: How texts of other kinds begin.
_OTHER_KINDS = {
    "a web page or XML": re.compile(r"\A\s*<(?:!--|(?:!doctype|\?xml|html|table)\b)", re.I),
    "JSON": re.compile(r"\A\s*(?:\[\s*)?\{\s*(?:\"(?:[^\"\\]|\\.)*\"\s*:|\})"),
    "ARFF": re.compile(r"\A(?:%[^\n]*\n|\s)*@relation\b", re.I),
}
_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?[;,]*\s*?(\r\n|\n|\r)", re.IGNORECASE)


@dataclass
class Grid:
    """The rows of a table, all of them as long as its header.

    Attributes:
        header: the columns' names as they are written.
        rows: the cells.
        lines: the line on which each row begins, from 1.
        separator: what stands between cells; empty where nothing does (Excel).
        row_word: what ``lines`` counts: "Line", or "Row" of a sheet.
        notes: what was left out, and why.
        places: which cells of a record the columns are; others are row names, or empty.
        width: how many cells a record has.
    """

    header: list[str]
    rows: list[Record]
    lines: list[int]
    separator: str = ""
    row_word: str = "Line"
    notes: list[Remark] = field(default_factory=list)
    places: Sequence[int] = ()
    width: int = 0


def grid_of(text: str, name: str, separator: str | None = None) -> Grid:
    """The table that a CSV text holds.

    Args:
        text: the whole file.
        name: what messages call it.
        separator: what stands between cells, where a person says so.

    Raises:
        TableError: its rows do not make a table.
    """
    match = _SEPARATOR_LINE.match(text)
    skipped = 0
    if match:
        separator, text, skipped = separator or match[1], text[match.end() :], 1
    if not separator:
        _refuse_other_kinds(text, name)
    separator = separator or find_separator(text)
    check_text(text, separator, name)
    numbered = _all_records(text, separator, name, skipped)
    return arranged(numbered, name, separator)


def _refuse_other_kinds(text: str, name: str) -> None:
    """Refuse a text that is no table of cells, whatever its file is called."""
    kind = next((kind for kind, form in _OTHER_KINDS.items() if form.match(text)), "")
    if kind:
        raise TableError(
            f"'{name}' holds {kind}, not a table of cells. Save the table as CSV, Excel or Parquet."
        )


def separator_of(text: str) -> tuple[str, bool]:
    """The separator of a text, and whether its first line says it."""
    match = _SEPARATOR_LINE.match(text)
    return (match[1], True) if match else (find_separator(text), False)


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
        body = records[header_index(records, width) :]
        even = sum(len(record) in (width, width - 1) for record in body) / len(records)
        return even if quoted_well else even / 2, width

    best = max(SEPARATORS, key=fit)  # with no separator anywhere: the comma, so one column
    return " " if not fit(best)[1] and _are_cut_by_spaces(beginning) else best


def _are_cut_by_spaces(text: str) -> bool:
    """Whether spaces cut rows into columns: R quotes the names, others write numbers alone."""
    names, *rows = first_records(text, " ") or [[]]
    widths = {len(row) for row in rows}
    if len(rows) < 2 or len(widths) != 1 or len(names) not in (*widths, max(widths) - 1):
        return False
    quoted = re.match(r'("[^"\n]*" +)+"[^"\n]*" *[\r\n]', text)
    return len(names) > 1 and bool(quoted or all(map(_are_numbers, rows)) or _are_aligned(text))


def _are_aligned(text: str) -> bool:
    """Whether most lines have cells with more than one space between them."""
    lines = [line for line in text.splitlines()[:FIRST_ROWS] if line.strip()]
    return 2 * sum(re.search(r"\S {2,}\S", line) is not None for line in lines) > len(lines)


def _are_numbers(record: Record) -> bool:
    amounts = [amount_of(bare(cell)) for cell in record if bare(cell)]
    return bool(amounts) and all(amount and not amount.unit for amount in amounts)


def first_records(text: str, separator: str) -> list[Record]:
    """The first rows that a separator makes, without blank ones."""
    return [record for record in _first_records(text, separator)[0] if is_filled(record)]


def _first_records(text: str, separator: str) -> tuple[list[Record], bool]:
    """The first rows that a separator makes, and whether quotation marks are where it cuts."""
    for strict in (True, False):
        lines = io.StringIO(text, newline="")
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)
        records: list[Record] = []
        try:
            records.extend(record for record in islice(reader, FIRST_ROWS) if any(record))
        except csv.Error as error:
            if strict and "expected after" in str(error):
                continue
        return records, strict
    return [], False


def usual_width(records: Sequence[Record]) -> int:
    """How many cells most rows have; of two that are as frequent, the larger number."""
    widths = Counter(len(record) for record in records)
    return max(widths, key=lambda width: (widths[width], width), default=1)


def header_index(records: Sequence[Record], width: int) -> int:
    """Which record names the columns: the first one below a title.

    A title has fewer cells than the table, or fewer that hold anything.
    """
    filled = [sum(map(bool, map(bare, record))) for record in records[:MOST_TITLES]]
    # One more cell than the rows have is the separator behind it; more are another table's.
    for most in (width + 1, math.inf):
        for least in (max(2, width // 2), 2):
            for place, cells in enumerate(filled):
                if cells < least or not width - 1 <= len(records[place]) <= most:
                    continue
                if len(records[place]) < width and _are_names(records, place + 1, width):
                    return place + 1  # a title may hold the separator
                return place
    return 0


def _are_names(records: Sequence[Record], place: int, width: int) -> bool:
    """Whether a record names columns of numbers below it."""
    names, rows = [*map(bare, records[place])] if place < len(records) else [], records[place + 1 :]
    if len(names) != width or not all(names) or any(map(amount_of, names)):
        return False
    below = rows[:ROWS_BELOW]
    return any(
        below and all(len(row) > at and amount_of(bare(row[at])) for row in below)
        for at in range(width)
    )


def arranged(
    numbered: Sequence[tuple[int, Record]], name: str, separator: str = "", row_word: str = "Line"
) -> Grid:
    """The grid of records with the lines on which they begin; blank ones are left out."""
    kept = [(line, record) for line, record in numbered if is_filled(record)]
    if not kept:
        raise TableError(f"'{name}' is empty. Check that it was saved or downloaded completely.")
    blank_before = after_gaps(numbered) if len(kept) < len(numbered) else set()
    sample = [record for _, record in kept[: FIRST_ROWS * 5]]
    head = header_index(sample, usual_width(sample[1:] or sample))
    width = usual_width([record for _, record in kept[head + 1 :]] or [kept[head][1]])
    notes = [TITLE.filled(text=shortened(record)) for _, record in kept[:head]]
    header = [tidy_text(bare(cell)) for cell in kept[head][1]]
    below, again = without_repeated_header([bare(cell) for cell in kept[head][1]], kept[head + 1 :])
    below, labels = without_labels(below)
    kept[head + 1 :] = below
    notes += [*again, *labels]
    doubts = _doubts(header, [record for _, record in kept[head + 1 : head + FIRST_ROWS]])
    if doubts and head and len(above := kept[head - 1][1]) > 1 and all(map(bare, above)):
        # Names that a row of data does not fit, such as 1,11,889 without quotation marks.
        raise ragged(f"{row_word} {kept[head][0]}", len(kept[head][1]), len(above), name)
    notes += doubts
    body = kept[head + 1 :]
    full = sum(len(record) == width for _, record in body)
    if len(header) == width - 1 and full > MOST_SHORT * len(body):
        header = with_missing_name(header, [record for _, record in body if len(record) == width])
    while len(header) > max(width, 1) and not header[-1]:
        header.pop()  # the separator behind it has no counterpart in the rows
    width = len(header)
    body, footers = without_footer(body, width, blank_before)
    notes += footers
    for line, record in body:
        if len(record) != width:
            raise ragged(f"{row_word} {line}", len(record), width, name)
    if not body:
        raise TableError(f"'{name}' has a header but no rows. Add rows to learn from.")
    rows, lines = [record for _, record in body], [line for line, _ in body]
    return _without_needless(Grid(header, rows, lines, separator, row_word, notes))


def _doubts(header: list[str], rows: Sequence[Record]) -> list[Remark]:
    """What speaks against a row being the columns' names."""
    if _are_numbers(header) and not are_row_names(header):  # 0, 1, 2 or 2001, 2002 are names
        return [NUMBERS_AS_NAMES.filled(text=shortened(header))]
    return [DATA_AS_NAMES.filled(text=shortened(header))] if is_like_rows(header, rows) else []


def _without_needless(grid: Grid) -> Grid:
    """Without empty columns that have no name, and without row names."""
    columns = range(len(grid.header))
    empty = {
        at for at in columns if not grid.header[at] and not any(bare(row[at]) for row in grid.rows)
    }
    if empty:
        grid.notes.append(EMPTY_COLUMN.filled(count=len(empty)))
    named = [at for at in columns if at not in empty]
    if named and not grid.header[named[0]] and len(named) > 1 and are_row_names(
        [bare(row[named[0]]) for row in grid.rows]
    ):
        first = bare(grid.rows[0][named[0]])
        grid.notes.append(ROW_NAMES.filled(first=first))
        named = named[1:]
    grid.places, grid.width = named, len(grid.header)
    if len(named) < len(grid.header):
        grid.header = [grid.header[at] for at in named]
        grid.rows = [[row[at] for at in named] for row in grid.rows]
    return grid


def _all_records(
    text: str, separator: str, name: str, above: int
) -> list[tuple[int, Record]]:
    """Every record with its line. Quotation marks within a cell are forgiven, open ones are not."""
    try:
        return list(records_of(_lines(text), separator, name, above, strict=True))
    except OddQuotes:
        return list(records_of(_lines(text), separator, name, above, strict=False))


def _lines(text: str) -> Iterable[str]:
    return io.StringIO(text, newline="")


class OddQuotes(Exception):  # noqa: N818 - a control flow of this module, never shown
    """A cell goes on behind its closing quotation mark."""


def records_of(
    lines: Iterable[str], separator: str, name: str, above: int, *, strict: bool
) -> Iterator[tuple[int, Record]]:
    """Every record with its line.

    Args:
        lines: of the file, with their ends.
        separator: what stands between cells.
        name: what messages call the file.
        above: how many lines stand above these.
        strict: whether quotation marks have to be in their places.

    Raises:
        OddQuotes: strictly, one is not.
        TableError: a cell or a quotation mark has no end.
    """
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)
    line = above + 1
    try:
        for record in reader:
            yield line, record
            line = above + reader.line_num + 1
    except csv.Error as error:
        if strict and "expected after" in str(error):
            raise OddQuotes from None
        if "field larger" in str(error):
            raise TableError(
                f"Line {line} of '{name}' has a cell of more than {csv.field_size_limit():,} "
                "characters, which no column of a table needs. Shorten that text or leave its "
                "column out; or, if a quotation mark before it is not closed, close it."
            ) from None
        raise TableError(
            f"Line {line} of '{name}' cannot be read: {error}. Is a quotation mark not closed?"
        ) from error


def ragged(row_word: str, cells: int, width: int, name: str) -> TableError:
    """What to say of a row with too many or too few cells."""
    return TableError(
        f"{row_word} of '{name}' has {cells} cell{'' if cells == 1 else 's'}, but the header has "
        f"{width}. Correct that line; a separator inside a text needs quotation marks around the "
        "text, and an opened quotation mark has to be closed. If the cells are cut in the wrong "
        "places, name what stands between them (--separator SIGN)."
    )
