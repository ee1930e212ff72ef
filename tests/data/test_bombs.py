"""Files that were made to fill the memory are refused in one line, before they have filled it."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tablecast.batch.predict_file import predict_file
from tablecast.data import free_memory, sheets
from tablecast.data.sources import read_table
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, TableError

xlsxwriter = pytest.importorskip("xlsxwriter")
xlwt = pytest.importorskip("xlwt")

#: Bytes that are free where a bomb is opened.
MEMORY = 700e6

OPEN_CELL = '<table:table-cell office:value-type="float" office:value="1" {}/>'
REPEATED = ' table:number-{}-repeated="{}"'
OPEN_SHEET = (
    '<office:document-content xmlns:office="o" xmlns:table="t"><office:body><office:spreadsheet>'
    '<table:table table:name="A">{}</table:table></office:spreadsheet></office:body>'
    "</office:document-content>"
)


def packed(**parts: bytes | str) -> bytes:
    """A zip file of parts, whose names have . for _."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name.replace("_", "."), content)
    return held.getvalue()


def two_cells(row: int, column: int) -> bytes:
    """An .xlsx with a cell at the beginning and one far away, counted from 0."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(row, column, 1)
    return held.getvalue()


def two_old_cells(row: int, column: int) -> bytes:
    """The same as an .xls, which is no zip."""
    book, held = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("A")
    sheet.write(0, 0, "a")
    sheet.write(row, column, 1)
    book.save(held)
    return held.getvalue()


def record(kind: int, content: bytes = b"") -> bytes:
    """A record of a binary workbook (MS-XLSB 2.1.4): its kind and size are of seven bits a byte."""
    size, low = len(content), bytes([kind]) if kind < 128 else bytes([kind | 128, kind >> 7])
    return low + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def two_binary_cells(row: int, column: int) -> bytes:
    """The same as an .xlsb, whose parts are records."""
    cells = b"".join(
        record(0, struct.pack("<I13x", at)) + record(6, struct.pack("<II", place, 0) + wide("a"))
        for at, place in ((0, 0), (row, column))
    )
    sheet = [record(0x81), record(0x94, struct.pack("<4I", 0, row, 0, column)), record(0x91), cells,
             record(0x92), record(0x82)]  # fmt: skip
    named = record(0x9C, struct.pack("<II", 0, 1) + wide("r1") + wide("A"))
    book = [record(0x83), record(0x8F), named, record(0x90), record(0x84)]
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        relation = '<Relationship Id="r1" Type="worksheet" Target="worksheets/sheet1.bin"/>'
        file.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{relation}</Relationships>")
        file.writestr("xl/workbook.bin", b"".join(book))
        file.writestr("xl/worksheets/sheet1.bin", b"".join(sheet))
    return held.getvalue()


def open_document(rows: str) -> bytes:
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    held = packed(mimetype=kind, content_xml=OPEN_SHEET.format(rows))
    with zipfile.ZipFile(again := io.BytesIO(held), "a") as file:
        file.writestr("META-INF/manifest.xml", "<manifest/>")
    return again.getvalue()


def repeated_cell(rows: int, columns: int) -> bytes:
    row, column = REPEATED.format("rows", rows), REPEATED.format("columns", columns)
    return open_document(f"<table:table-row{row}>{OPEN_CELL.format(column)}</table:table-row>")


def said_to_hold(size: int) -> bytes:
    """A part of 5 MB, of which the file says that it holds so many bytes."""
    content = bytearray(packed(sheet1_xml=b"0" * 5_000_000))
    place = content.index(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(content)


def held_more_than_said(size: int) -> bytes:
    """A workbook whose sheet ends in so many spaces, while the file says that it has 100 bytes."""
    held, part = io.BytesIO(), "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(two_cells(1, 1))) as usual, zipfile.ZipFile(
        held, "w", zipfile.ZIP_DEFLATED
    ) as book:
        for name in usual.namelist():
            book.writestr(name, usual.read(name) + b" " * (size if name == part else 0))
    content = bytearray(held.getvalue())
    entry = content.rindex(part.encode()) - 46  # of the directory
    content[entry + 24 : entry + 28] = struct.pack("<I", 100)
    return bytes(content)


BOMBS = {
    "two corners": lambda: two_cells(1_048_575, 16_383),
    "two corners of an old sheet": lambda: two_old_cells(65_535, 255),
    "two corners of a binary sheet": lambda: two_binary_cells(1_048_575, 16_383),
    "20 million empty cells": lambda: two_cells(4_471, 4_471),
    "20 million empty cells of a binary sheet": lambda: two_binary_cells(4_471, 4_471),
    "a column to the end, and a row": lambda: two_cells(1_048_575, 25),
    "a repeated cell": lambda: repeated_cell(30_000, 1_000),
    "equal bytes": lambda: said_to_hold(1_100_000_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_would_fill_the_memory_is_refused(
    bomb: str, fake_deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By inspect and train, and by a batch, while another process opens it."""
    monkeypatch.setattr(sheets, "available", lambda: MEMORY)
    (tmp_path / "in.xlsx").write_bytes(BOMBS[bomb]())
    words = "in.xlsx takes too much memory or time to open. Delete cells far from the table"
    tracemalloc.start()
    try:
        with pytest.raises(TableError, match=words) as refused:
            read_table(tmp_path / "in.xlsx")
        with pytest.raises(BatchError, match=words):
            predict_file(fake_deployment, tmp_path / "in.xlsx", tmp_path / "out.xlsx")
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("ending", ["xlsx", "xls", "xlsb"])
def test_two_cells_far_apart_that_fit_are_counted(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be opened is refused where its rows cannot be held."""
    monkeypatch.setattr(free_memory, "available", lambda: 100e6)
    make = {"xlsx": two_cells, "xls": two_old_cells, "xlsb": two_binary_cells}[ending]
    (tmp_path / f"in.{ending}").write_bytes(make(10_000, 100))
    with pytest.raises(TableError, match=f"'in.{ending}' has 1,000,000 cells"):
        read_table(tmp_path / f"in.{ending}")


def test_a_part_that_holds_more_than_the_file_says_is_refused(tmp_path: Path) -> None:
    """Unpacking stops at the size that the file names."""
    (tmp_path / "in.xlsx").write_bytes(held_more_than_said(20_000_000))
    with pytest.raises(TableError, match=r"'in\.xlsx' cannot be read as a workbook: .*larger"):
        read_table(tmp_path / "in.xlsx")


def test_usual_workbooks_are_read(tmp_path: Path) -> None:
    """Empty rows and columns that a program repeats to a sheet's end are nothing."""
    cells = OPEN_CELL.format("") + f"<table:table-cell{REPEATED.format('columns', 16_383)}/>"
    rows = f"<table:table-row>{cells}</table:table-row>"
    empty = f"<table:table-row{REPEATED.format('rows', 1_048_000)}><table:table-cell/>"
    (tmp_path / "in.ods").write_bytes(open_document(f"{rows * 3}{empty}</table:table-row>"))
    assert read_table(tmp_path / "in.ods").shape == (2, 1)
    (tmp_path / "in.xlsb").write_bytes(two_binary_cells(1, 0))
    assert read_table(tmp_path / "in.xlsb")["a"].tolist() == ["a"]


@pytest.mark.thorough
def test_what_expands_beyond_the_free_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compressed file, a plain one and Parquet, each before its rows are made."""
    monkeypatch.setattr(free_memory, "available", lambda: 60e6)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"x,y\n" + b"1,2\n" * 20_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TableError, match=r"'t.csv.gz' expands to more than 6 MB.*sample"):
            read_table(tmp_path / "t.csv.gz")
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
    (tmp_path / "t.csv").write_text("x,y\n" + "1,2\n" * 300_000)
    with pytest.raises(TableError, match=r"1 MB and 300,001 lines.* 0.1 GB are free.*sample"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "long.csv").write_bytes(b"x\n" * 4_000_000)
    with pytest.raises(TableError, match=r"8 MB"):
        read_table(tmp_path / "long.csv")
    pd.DataFrame({"x": [1] * 1_000_000}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"1,000,000 cells"):
        read_table(tmp_path / "t.parquet")
    (tmp_path / "small.csv").write_text("x,y\n" + "1,2\n" * 30)
    assert len(read_table(tmp_path / "small.csv")) == 30
