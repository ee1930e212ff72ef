"""Lines around a table in a file: a title, a footer, a total, and row names."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tablecast.data.encoding import END_OF_FILE
from tablecast.errors import Remark
from tablecast.schema.missing import is_placeholder
from tablecast.schema.number_formats import PLAIN, amount_of, is_unit
from tablecast.schema.table_notes import FOOTER, HEADER_AGAIN, LABELS, TOTAL

#: More lines below a table are a table of another kind.
MOST_FOOTERS = 30

#: Rows that may say more of the columns below their names, and rows that are looked at to see that
#: their columns hold numbers.
MOST_LABELS, ROWS_BELOW = 3, 20

#: What a row is called that sums the others up.
TOTALS = re.compile(
    r"(grand |sub-?)?totals?:?|sum:?|summe:?|gesamt(summe)?:?|insgesamt:?|somme:?|suma:?|totale:?"
    r"|合计[:：]?|总计[:：]?|合計[:：]?|總計[:：]?|합계:?|итого:?",
    re.IGNORECASE,
)

#: Cells: texts of a CSV file, or a workbook's texts, numbers, booleans and dates.
Record = Sequence[Any]


def is_total(cell: str) -> bool:
    """Whether a row that begins so sums the others up."""
    return len(cell) < 20 and TOTALS.fullmatch(cell) is not None


def bare(cell: object) -> str:
    """A cell's text without spaces around it."""
    return cell.strip() if isinstance(cell, str) else "" if cell is None else str(cell)


def is_filled(record: Record) -> bool:
    """Whether a row says anything; a line that is only drawn does not."""
    return any(map(bare, record)) and not is_drawn(record)


def is_drawn(record: Record) -> bool:
    """Whether a line only rules off the table, such as ----- or |---|---|, or is DOS's end of a
    file."""
    if list(record) == [END_OF_FILE]:
        return True
    first = next(filter(None, map(bare, record[:2])), "")
    if first[:1] not in ("-", "=", "_", "+", ":"):
        return False
    cells = list(map(bare, record))
    inner = cells[1:-1] if len(cells) > 2 and not cells[0] and not cells[-1] else cells
    whole = len(inner) > 1 or len(cells) == 1
    return whole and all(len(cell) > 2 and not cell.strip("-=_+:") for cell in inner)


def without_repeated_header(
    header: Sequence[str], body: list[tuple[int, Record]]
) -> tuple[list[tuple[int, Record]], list[Remark]]:
    """The rows without those that name the columns again, as files that were joined have them."""
    if len(header) < 2 or any(re.fullmatch(r"[+-]?[0-9.,]+", name) for name in header):
        return body, []  # numbers may be a row that was taken for names
    again = [line for line, record in body if repeats(header, record)]
    if not again:
        return body, []
    kept = [(line, record) for line, record in body if not repeats(header, record)]
    return kept, [HEADER_AGAIN.filled(count=len(again), line=again[0])]


def repeats(header: Sequence[str], record: Record) -> bool:
    """Whether a row holds the columns' names."""
    if len(record) != len(header) or bare(record[0]) != header[0]:
        return False
    return [bare(cell) for cell in record] == list(header)


def without_labels(
    body: list[tuple[int, Record]],
) -> tuple[list[tuple[int, Record]], list[Remark]]:
    """The rows without first ones that hold units or labels where the others have numbers."""
    count = 0
    below = [record for _, record in body[MOST_LABELS : MOST_LABELS + ROWS_BELOW]]
    for _, record in body[:MOST_LABELS] if len(below) > MOST_LABELS else []:
        columns = [at for at in range(len(record)) if _is_label(record[at])]
        if not are_labels(record, [at for at in columns if _are_numbers(below, at)]):
            break
        count += 1
    left_out = [LABELS.filled(line=line, text=shortened(one)) for line, one in body[:count]]
    return body[count:], left_out


def are_labels(record: Record, places: Sequence[int]) -> bool:
    """Whether a row holds units or labels.

    Args:
        record: its cells.
        places: where it has a text, and the rows below have numbers: two texts are no mistake, and
            neither is one that is a unit.
    """
    if any(PLAIN.fullmatch(bare(cell)) for cell in record):
        return False
    units = [bare(record[at]).strip("()[]") for at in places]
    return len(places) > 1 or any(map(is_unit, units))


def _is_label(cell: object) -> bool:
    text = bare(cell)
    return bool(text) and not is_placeholder(text) and amount_of(text) is None


def _are_numbers(rows: Sequence[Record], at: int) -> bool:
    """Whether a column of rows holds numbers, and nothing else but gaps."""
    cells = [bare(row[at]) for row in rows if at < len(row)]
    filled = [cell for cell in cells if cell and not is_placeholder(cell)]
    return bool(filled) and all(PLAIN.fullmatch(cell) or amount_of(cell) for cell in filled)


def after_gaps(numbered: Sequence[tuple[int, Record]]) -> set[int]:
    """The lines of rows behind an empty one."""
    after, gap = set(), False
    for line, record in numbered:
        filled = is_filled(record)
        if filled and gap:
            after.add(line)
        gap = not filled
    return after


def with_missing_name(header: list[str], rows: Sequence[Record]) -> list[str]:
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


def is_like_rows(header: Sequence[str], rows: Sequence[Record]) -> bool:
    """Whether a first row holds what the rows below do, and no names.

    That is a number with decimals, or, in most of the columns of text, a text that is there again.
    """
    if any(re.fullmatch(r"[+-]?[0-9]+[.,][0-9]+", name) for name in header):
        return True
    columns = [[bare(row[at]) for row in rows if at < len(row)] for at in range(len(header))]
    texts = [
        (name, cells) for name, cells in zip(header, columns, strict=True)
        if not all(re.fullmatch(r"[+-]?[0-9.,]*", cell) for cell in cells)
    ]  # fmt: skip
    again = sum(name in cells for name, cells in texts if name)
    return 2 * again > len(texts)


def without_footer(
    body: list[tuple[int, Record]], width: int, after_gap: set[int]
) -> tuple[list[tuple[int, Record]], list[Remark]]:
    """The rows without what stands below the table, and what that was.

    A footer's lines have fewer cells than the table, and come after an empty line or hold words.
    """
    end = len(body)
    while end and len(body) - end < MOST_FOOTERS and _is_short(body[end - 1][1], width):
        end -= 1
    below = body[end:]
    footers = (
        at for at, (line, record) in enumerate(below) if is_footer(record, line in after_gap)
    )
    cut = next(footers, None)
    if cut is not None:
        body, below = body[: end + cut], below[cut:]
        return _without_total(body, [FOOTER.filled(text=shortened(record)) for _, record in below])
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
    body: list[tuple[int, Record]], notes: list[Remark]
) -> tuple[list[tuple[int, Record]], list[Remark]]:
    """The rows without a last one that sums the others up."""
    filled = [at for at, cell in enumerate(body[-1][1]) if bare(cell)] if len(body) > 1 else []
    last = bare(body[-1][1][filled[0]]) if filled else ""
    if is_total(last) and last not in {bare(record[filled[0]]) for _, record in body[:-1]}:
        return body[:-1], [TOTAL.filled(text=shortened(body[-1][1])), *notes]
    return body, notes


def shortened(record: Record) -> str:
    text = " ".join(filter(None, map(bare, record)))
    return text if len(text) <= 60 else text[:59] + "…"
