"""What a workbook would fill once it is unpacked, looked at before that is done.

A file of a kilobyte may stand for a billion cells: by packing equal bytes, by two cells in opposite
corners of a sheet, all between which a reader makes, or by one cell that is repeated.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from tablecast.data.free_memory import check_bytes, check_cells
from tablecast.errors import TableError

_ZIP = b"PK\x03\x04"

#: What a workbook may unpack to: a million rows of ten columns are about 500 MB.
MOST_BYTES = 1_000_000_000

#: A sheet has at most so many times the cells that are written in it, beyond some.
MOST_EMPTY, SOME = 100, 2_000_000

PIECE = 1_000_000
_PLACE = re.compile(rb"\sr\s*=\s*[\"']([A-Z]+)([0-9]+)[\"']")
_OPEN_DOCUMENT = re.compile(
    rb"<[\w-]+:table-(row)\b([^>]*)>|<[\w-]+:(?:covered-)?table-(cell)\b([^>]*)>"
)
_REPEATED = re.compile(rb"number-(?:rows|columns)-repeated\s*=\s*[\"']([0-9]+)")


def check_workbook(content: bytes, name: str) -> None:
    """Refuse a workbook that would fill the memory.

    Raises:
        TableError: it would, or it is damaged.
    """
    if not content.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
            if unpacked > MOST_BYTES:
                raise TableError(
                    f"'{name}' unpacks to {unpacked // 1_000_000:,} MB; save the sheet as CSV "
                    "instead."
                )
            check_bytes(unpacked, name)
            for part in parts.infolist():  # reading them all shows whether those sizes are true
                with parts.open(part) as stream:
                    _check_sheet(_pieces(stream), part.filename, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise TableError(f"'{name}' is damaged: {error}. Save it anew.") from None
    except RuntimeError:  # zipfile's word for a part that is encrypted
        raise TableError(f"'{name}' is locked with a password. Save it without one.") from None


def _check_sheet(pieces: Iterator[bytes], part: str, name: str) -> None:
    if part.endswith(".bin"):
        height, width, written = _extent_of_records(b"".join(pieces))
    elif part == "content.xml":
        height, width, written = _extent_of_open_document(b"".join(pieces))
    else:
        height, width, written = _extent_of_places(pieces)
    cells = height * width
    if cells > SOME and cells > MOST_EMPTY * written:
        raise TableError(
            f"A sheet of '{name}' spreads {written:,} cells over {height:,} rows and {width:,} "
            "columns. Delete the cells far from the table, or save the sheet as CSV."
        )
    check_cells(cells, name)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def _extent_of_places(pieces: Iterator[bytes]) -> tuple[int, int, int]:
    """The last row and column of Excel's cells, each with its place (B7), and their number."""
    columns: set[bytes] = set()
    last, written, before = 0, 0, b""
    for piece in pieces:
        found = _PLACE.findall(before[-64:] + piece)
        columns.update(letters for letters, _ in found)
        last = max(last, *(int(row) for row in {row for _, row in found}), 0)
        written += len(found)
        before = piece
    return last, max(map(_column_number, columns), default=0), written


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:8]:
        number = 26 * number + letter - 64
    return number


def _extent_of_open_document(content: bytes) -> tuple[int, int, int]:
    """The last row and column with a value, what is repeated counted as often, and how many are
    written."""
    after = last = width = written = column = 0
    for is_row, of_row, is_cell, of_cell in _OPEN_DOCUMENT.findall(content):
        if is_row:
            column = 0
            after += _times(of_row)
        elif is_cell:
            column += _times(of_cell)
            if b"value" in of_cell:
                last, width, written = max(last, after), max(width, column), written + 1
    return last, width, written


def _times(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return int(found[1][:9]) if found else 1


def _extent_of_records(content: bytes) -> tuple[int, int, int]:
    """The last row and column of a sheet in Excel's binary form, and how many cells it has."""
    at, last, width, written = 0, 0, 0, 0
    while at + 2 < len(content):
        kind, at = content[at], at + (2 if content[at] & 0x80 else 1)
        size = shift = 0
        while at < len(content):
            byte = content[at]
            size, shift, at = size | (byte & 0x7F) << shift, shift + 7, at + 1
            if not byte & 0x80 or shift > 21:
                break
        if kind <= 11 and at + 4 <= len(content):
            (number,) = struct.unpack_from("<I", content, at)
            if kind == 0:
                last = max(last, number + 1)
            else:
                width, written = max(width, number + 1), written + 1
        at += size
    return last, width, written
