"""Where the table of a CSV file begins, and which extra cells its rows have."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tablecast.data.dialect import MOST_SHORT, MOST_TITLES, first_records, separator_of, usual_width
from tablecast.data.surroundings import are_row_names
from tablecast.i18n.language import _
from tablecast.schema.table_notes import LINES_ABOVE
from tablecast.schema.texts import fold


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    Attributes:
        separator: what stands between cells.
        above: how many records stand above the header.
        front, back: whether rows have one cell more than the header, before or behind the others.
        width: how many cells most rows have; 0 where that is not known.
        notes: what is left out.
    """

    separator: str
    above: int
    front: bool = False
    back: bool = False
    width: int = 0
    notes: tuple[str, ...] = ()

    def names(self, header: list[str]) -> list[str]:
        """The columns' names, "" for one that the header does not name."""
        while self.width and len(header) > self.width and not header[-1].strip():
            header = header[:-1]
        return [*([""] if self.front else []), *header, *([""] if self.back else [])]


def layout_of(text: str, expected: Collection[str]) -> Layout:
    """The layout of a file that begins with a text.

    Args:
        text: the beginning.
        expected: names of which most are the header's; none where nothing is known of it.
    """
    separator, is_stated = separator_of(text)
    records = first_records(text, separator)
    index = header_index(records, expected, 1 if is_stated else 0)
    notes: tuple[str, ...] = ()
    if index > (1 if is_stated else 0):
        notes = (str(LINES_ABOVE),)
    header, rows = (records[index], records[index + 1 :]) if records else ([], [])
    full = [row for row in rows if len(row) == len(header) + 1]
    if len(full) <= MOST_SHORT * len(rows):
        return Layout(separator, index, width=usual_width(rows), notes=notes)
    if any(row[-1].strip() for row in full):
        if not are_row_names([row[0].strip() for row in full]):
            return Layout(separator, index, notes=notes)
        notes = (*notes, _("Ignored the first cell of each row, which has no column name."))
        return Layout(separator, index, front=True, notes=notes)
    return Layout(separator, index, back=True, notes=notes)


def header_index(records: Sequence[Sequence[str]], expected: Collection[str], first: int) -> int:
    """The record that has the most of the expected names; the first of several."""
    wanted = {fold(name) for name in expected}
    candidates = range(min(first, max(len(records) - 1, 0)), min(len(records), MOST_TITLES))
    known = {at: len(wanted & {fold(cell) for cell in records[at]}) for at in candidates}
    return max(known, key=lambda at: (known[at], -at), default=0)
