"""Workbooks: Excel's .xlsx, .xlsm, .xlsb and .xls, and OpenDocument's .ods, as rows of cells."""

import datetime
import io
import math
from typing import Any

from tablecast.data.dialect import Grid, arranged
from tablecast.data.free_memory import available, check_cells
from tablecast.data.workbook_trial import refuse_if_harmful
from tablecast.errors import TableError
from tablecast.schema.table_notes import SHEET

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

#: Texts that are held once however often a sheet has them: levels, and not the texts of an id.
MOST_KNOWN = 20_000

_DAY = datetime.timedelta(days=1)


def is_workbook(content: bytes) -> bool:
    """Whether a file's bytes begin as a workbook's do."""
    return content.startswith((_ZIP, _OLE))


def grid_of_workbook(content: bytes, name: str, sheet: str | None = None) -> Grid:
    """The table on a workbook's sheet; cells are text, numbers, booleans or dates.

    Args:
        content: the file's bytes.
        name: what messages call it.
        sheet: the sheet's name, or its number from 1; None for the first that holds anything.

    Raises:
        TableError: it is no workbook, or has no such sheet, or none with a table.
    """
    names, rows = sheet_rows(content, name, sheet)
    numbered = [(number, row) for number, row in enumerate(rows, start=1)]
    if not any(any(cell is not None for cell in row) for row in rows):
        raise TableError(
            f"The sheet '{names[0]}' of '{name}' is empty. Name another (--sheet NAME)."
        )
    grid = arranged(numbered, name, row_word="Row")
    if len(names) > 1:
        others = [f"“{other}”" for other in names[1:6]]
        grid.notes.insert(0, SHEET.filled(sheet=names[0], rest=others))
    return grid


def sheet_rows(
    content: bytes, name: str, sheet: str | None = None
) -> tuple[list[str], list[list[Any]]]:
    """The names of a workbook's sheets, the one that is read first, and that one's rows.

    Rows are counted from the sheet's first; moments are ``datetime``, durations are days.
    """
    chosen, others, opened = opened_sheet(content, name, sheet)
    check_cells(int(opened.total_height) * int(opened.total_width), name)
    known: dict[str, str] = {}
    rows = [[_once(plain_cell(cell), known) for cell in row] for row in opened.iter_rows()]
    return [chosen, *others], rows


def _once(cell: Any, known: dict[str, str]) -> Any:
    """A cell; of equal texts always the same one, since the reader makes each of them anew."""
    if not isinstance(cell, str):
        return cell
    if len(known) < MOST_KNOWN:
        known.setdefault(cell, cell)
    return known.get(cell, cell)


def opened_sheet(
    content: bytes, name: str, sheet: str | None = None, memory: float = math.inf
) -> tuple[str, list[str], Any]:
    """A sheet's name, the names of all others, and the sheet itself, as python-calamine has it.

    It may take as many bytes as ``memory`` says, and no more than are free.
    """
    book = _opened(content, name, min(memory, available()))
    names = list(book.sheet_names)
    chosen = _chosen(names, name, sheet)
    try:
        if chosen is None:
            chosen = next((one for one in names if book.get_sheet_by_name(one).height), names[0])
        opened = book.get_sheet_by_name(chosen)
    except Exception as error:  # each format has its own kinds of damage
        raise _damaged(name, error) from None
    return chosen, [one for one in names if one != chosen], opened


def _opened(content: bytes, name: str, memory: float) -> Any:
    try:
        import python_calamine
    except ImportError:
        raise TableError(
            f"'{name}' is a workbook, which needs one more package: install tablecast[files], or "
            "save the sheet as CSV."
        ) from None
    refuse_if_harmful(content, name, memory)
    try:
        book = python_calamine.load_workbook(io.BytesIO(content))
    except python_calamine.PasswordError:
        raise TableError(f"'{name}' is locked with a password. Save it without one.") from None
    except Exception as error:  # each format has its own kinds of damage
        raise _damaged(name, error) from None
    if not book.sheet_names:
        raise TableError(f"'{name}' has no sheet.")
    return book


def _damaged(name: str, error: Exception) -> TableError:
    return TableError(
        f"'{name}' cannot be read as a workbook: {error}. Save it again as .xlsx or CSV."
    )


def _chosen(names: list[str], book: str, sheet: str | None) -> str | None:
    if sheet is None or sheet in names:
        return sheet
    if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    listed = ", ".join(map(repr, names[:12]))
    raise TableError(f"'{book}' has no sheet {sheet!r}. Its sheets are: {listed} (--sheet NAME).")


def plain_cell(cell: Any) -> Any:
    """A cell as text, a number, a boolean or a moment: a duration in days, a time as text; None
    where it is empty."""
    if cell == "":
        return None
    if isinstance(cell, datetime.timedelta):
        return cell / _DAY
    if isinstance(cell, datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.date) and not isinstance(cell, datetime.datetime):
        return datetime.datetime(cell.year, cell.month, cell.day)
    return cell
