"""Workbooks written back with columns added.

An .xlsx file is a zip of XML: its sheet is copied row by row, cells are added to each, and all else
stays as it is, formats, widths and other sheets among it. Of other workbooks, and of nothing else,
a new .xlsx is written with their values.
"""

from __future__ import annotations

import codecs
import datetime
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tablecast.batch.workbook_source import SheetChunk, WorkbookSource
from tablecast.data.sheets import plain_cell
from tablecast.errors import BatchError
from tablecast.i18n.language import _

#: Bytes of XML that are read at a time, and the longest row.
PIECE, LONGEST_ROW = 262_144, 20_000_000

_ROW, _CELL = (re.compile(rf"<((?:\w+:)?){name}\b([^<>]*)>") for name in ("row", "c"))
_NUMBER = re.compile(r'\br="(\d+)"')
_REFERENCE = re.compile(r'\br="([A-Z]+)(\d+)"')
_STYLE = re.compile(r'\bs="(\d+)"')
_SPANS = re.compile(r'(?<!\s)\s++spans="[^"]*"')
_DIMENSION = re.compile(r'(<(?:\w+:)?dimension\b[^<>]*?ref=")([A-Z]+\d+)(?::([A-Z]+)(\d+))?(")')
#: What XML cannot hold.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Values = Any

#: What a damaged part of a zip is told by.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)




def sink_of(
    stream: BinaryIO, result: BinaryIO, source: WorkbookSource, added: Collection[str],
    replaced: Collection[str],
) -> XlsxSink | NewSink:
    """What writes the answers of a workbook.

    Args:
        stream: the workbook that the rows come from.
        result: where the bytes go; it is left open.
        source: the rows.
        added: names of the added columns.
        replaced: columns of the source with such a name are left out.
    """
    stream.seek(0)
    is_zip = stream.read(4) == b"PK\x03\x04"
    stream.seek(0)
    if is_zip:
        with _damage(source.name):
            book = zipfile.ZipFile(stream)
            if "xl/workbook.xml" in book.namelist():
                return XlsxSink(book, result, source, list(added), replaced)
    return NewSink(result, source, list(added), replaced)


class XlsxSink:
    """Copies an .xlsx workbook, and adds cells to the rows of one sheet."""

    def __init__(
        self, book: zipfile.ZipFile, result: BinaryIO, source: WorkbookSource, added: list[str],
        replaced: Collection[str],
    ) -> None:
        self._book, self._added, self._name = book, added, source.name
        self._part = part_of(book, source.sheet)
        indices = range(source.offset, source.offset + len(source.names))
        named = dict(zip(indices, source.names, strict=True))
        self._gone = {at for at, name in named.items() if name in replaced}
        first = max((at for at in named if at not in self._gone), default=-1) + 1
        self._columns = [first + at for at in range(len(added))]
        self._gone |= set(self._columns)
        self._out = zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        for entry in book.infolist():
            if entry.filename != self._part:
                self._out.writestr(entry, book.read(entry))
        self._sheet = self._out.open(self._part, "w", force_zip64=True)
        self._pieces = _sheet_pieces(book, self._part)
        self._row, self._lifted = 0, 0
        self._header = source.header
        self._advance(source.header, {source.header: dict(zip(self._columns, added, strict=True))})

    def write(
        self, chunk: SheetChunk, rows: Sequence[int] | None, added: Mapping[str, Values]
    ) -> None:
        """Write rows of a chunk (None: all), beside the added columns' values for those rows."""
        wanted = range(len(chunk)) if rows is None else rows
        columns = [_listed(values) for values in added.values()]
        answers = {
            chunk.numbers[row]: dict(zip(self._columns, predicted, strict=True))
            for row, predicted in zip(wanted, zip(*columns, strict=True), strict=True)
        }
        left_out = set(chunk.numbers) - set(answers)
        with _damage(self._name):
            self._advance(chunk.numbers[-1], answers, left_out)

    def close(self) -> None:
        with _damage(self._name):
            for piece in self._pieces:
                self._sheet.write(self._row_again(piece, {}, set()).encode())
        self._sheet.close()
        self._out.close()

    def _advance(
        self, last: int, added: Mapping[int, Mapping[int, Any]],
        left_out: Collection[int] = (),
    ) -> None:  # fmt: skip
        """Copy the sheet up to a row, with answers by row and column."""
        while self._row < last:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._sheet.write(self._row_again(piece, added, left_out).encode())

    def _row_again(
        self, piece: str, added: Mapping[int, Mapping[int, Any]], left_out: Collection[int]
    ) -> str:
        """A piece of the sheet; where it is a row, with the answers to it."""
        tag = _ROW.match(piece)
        if tag is None:
            return _DIMENSION.sub(self._wider, piece) if "dimension" in piece else piece
        prefix, attributes = tag[1], tag[2].removesuffix("/")
        cells = piece[tag.end() :].removesuffix(f"</{prefix}row>")
        number = _NUMBER.search(attributes)
        self._row = int(number[1]) if number else self._row + 1
        if self._row in left_out:
            self._lifted += 1
            return ""
        if self._row in added:
            cells = self._with_values(prefix, cells, added[self._row])
            attributes = _SPANS.sub("", attributes)
        row = f"<{prefix}row{attributes}>{cells}</{prefix}row>"
        return self._lift(row) if self._lifted else row

    def _with_values(self, prefix: str, cells: str, values: Mapping[int, Any]) -> str:
        kept = []
        for cell, end in _elements(cells, _CELL, "c"):
            reference = _REFERENCE.search(cell[2])
            if reference is None or _column_number(reference[1]) not in self._gone:
                kept.append(cells[cell.start() : end])
        style = _STYLE.search(kept[-1].partition(">")[0]) if kept else None
        shown = f' s="{style[1]}"' if style and self._row == self._header else ""
        added = [
            _xml_cell(prefix, f"{_letters(column)}{self._row}", value, shown)
            for column, value in values.items()
        ]
        return "".join([*kept, *added])

    def _lift(self, row: str) -> str:
        """A row below others that were left out takes their place."""
        number = self._row - self._lifted
        row = _NUMBER.sub(f'r="{number}"', row, count=1)
        return _REFERENCE.sub(lambda reference: f'r="{reference[1]}{number}"', row)

    def _wider(self, match: re.Match[str]) -> str:
        start, end, row = match[2], match[3] or "A", match[4] or re.sub(r"\D", "", match[2])
        widest = max([_column_number(end), *self._columns])
        return f"{match[1]}{start}:{_letters(widest)}{row}{match[5]}"


class NewSink:
    """Writes a new .xlsx workbook of one sheet, at constant memory."""

    def __init__(
        self, result: BinaryIO, source: WorkbookSource, added: list[str],
        replaced: Collection[str],
    ) -> None:
        try:
            import xlsxwriter
        except ImportError:
            raise BatchError(
                "Writing .xlsx needs one more package: install tablecast[files]."
            ) from None
        options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
        self._book = xlsxwriter.Workbook(result, options)
        self._sheet = self._book.add_worksheet(source.sheet[:31] or "Sheet1")
        self._kept = [at for at, name in enumerate(source.names) if name not in replaced]
        self._next = 0
        self._write([*(source.names[at] for at in self._kept), *added])

    def write(
        self, chunk: SheetChunk, rows: Sequence[int] | None, added: Mapping[str, Values]
    ) -> None:
        wanted = range(len(chunk)) if rows is None else rows
        columns = [_listed(values) for values in added.values()]
        for row, predicted in zip(wanted, zip(*columns, strict=True), strict=True):
            cells = [plain_cell(chunk.records[row][at]) for at in self._kept]
            self._write([*cells, *predicted])

    def close(self) -> None:
        self._book.close()

    def _write(self, cells: Sequence[Any]) -> None:
        for index, cell in enumerate(cells):
            writer = self._writer(cell)
            if writer:
                writer(self._next, index, cell)
        self._next += 1

    def _writer(self, cell: Any) -> Callable[[int, int, Any], Any] | None:
        """How a cell is written: a text never as a formula."""
        if cell is None or cell == "" or cell != cell:
            return None
        if isinstance(cell, bool):
            return self._sheet.write_boolean  # type: ignore[no-any-return]
        if isinstance(cell, int | float):
            return self._sheet.write_number  # type: ignore[no-any-return]
        if isinstance(cell, datetime.datetime):
            return self._sheet.write_datetime  # type: ignore[no-any-return]
        return lambda row, column, text: self._sheet.write_string(row, column, str(text))


def part_of(book: zipfile.ZipFile, sheet: str) -> str:
    """The name of the part of an .xlsx that holds a sheet.

    Raises:
        BatchError: the workbook does not say.
    """
    try:
        relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
        targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
        for relation in ElementTree.fromstring(book.read("xl/workbook.xml")).iter():
            if relation.tag.endswith("}sheet") and relation.get("name") == sheet:
                target = targets[relation.get(_RELATION)]
                return str("/xl" / PurePosixPath(target)).lstrip("/")
    except (KeyError, ElementTree.ParseError):
        pass
    words = _("The workbook does not say where its sheet {sheet} is. Save it again.")
    raise BatchError(words.format(sheet=repr(sheet)))


def _sheet_pieces(book: zipfile.ZipFile, part: str) -> Iterator[str]:
    """A sheet's XML: what stands before its rows, each row, and what stands behind them."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    text = ""
    with book.open(part) as stream:
        while True:
            read = stream.read(PIECE)
            text += decoder.decode(read, final=not read)
            end = 0
            for row, row_end in _elements(text, _ROW, "row"):
                if row.start() > end:
                    yield text[end : row.start()]
                yield text[row.start() : row_end]
                end = row_end
            text = text[end:]
            if not read:
                break
            if len(text) > LONGEST_ROW:
                raise BatchError(_("The workbook has a row that is too long to be read."))
    if text:
        yield text


def _elements(text: str, tags: re.Pattern[str], name: str) -> Iterator[tuple[re.Match[str], int]]:
    """Elements of one name: each one's first tag, and where it ends; up to one that does not end.

    One pattern for whole elements would look for the end of each of a million that have none.
    """
    place = 0
    while tag := tags.search(text, place):
        place = tag.end()
        if not tag[2].endswith("/"):
            closing = f"</{tag[1]}{name}>"
            found = text.find(closing, place)
            if found < 0:
                return
            place = found + len(closing)
        yield tag, place


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Say of a workbook that its zip or its XML is damaged, where that turns out."""
    try:
        yield
    except (*DAMAGE, ValueError, RuntimeError) as error:
        words = _("{name} is damaged: {error}. Save it again.")
        raise BatchError(words.format(name=name, error=error)) from None


def _xml_cell(prefix: str, reference: str, value: Any, style: str) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<{prefix}c r="{reference}"{style}><{prefix}v>{value!r}</{prefix}v></{prefix}c>'
    text = escape(_NO_XML.sub("\ufffd", str(value)))
    return (
        f'<{prefix}c r="{reference}" t="inlineStr"{style}><{prefix}is>'
        f'<{prefix}t xml:space="preserve">{text}</{prefix}t></{prefix}is></{prefix}c>'
    )


def _listed(values: Values) -> list[Any]:
    """An added column as plain Python values."""
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _letters(column: int) -> str:
    """A column's letters, from 0: A, …, Z, AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
