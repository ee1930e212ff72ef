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
from tablecast.data import free_memory
from tablecast.data.sources import read_table
from tablecast.data.workbook_size import check_workbook
from tablecast.deployment.deployment import Deployment
from tablecast.errors import BatchError, TableError

CELL = '<c r="{}"><v>1</v></c>'
OPEN_CELL = '<table:table-cell office:value-type="float" office:value="1"{}/>'
REPEATED = ' table:number-{}-repeated="{}"'


def packed(**parts: bytes | str) -> bytes:
    """A zip file of parts, whose names have . for _."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name.replace("_", "."), content)
    return held.getvalue()


def sheet(*places: str) -> bytes:
    cells = "".join(f"<row>{CELL.format(place)}</row>" for place in places)
    return packed(sheet1_xml=f"<worksheet><sheetData>{cells}</sheetData></worksheet>")


def open_document(rows: int, columns: int) -> bytes:
    row, column = REPEATED.format("rows", rows), REPEATED.format("columns", columns)
    return packed(content_xml=f"<table:table-row{row}>{OPEN_CELL.format(column)}</table:table-row>")


def binary(row: int, column: int) -> bytes:
    """A sheet in Excel's binary form: a row's record, and one of a cell."""
    records = b"\x00\x04" + struct.pack("<I", row) + b"\x02\x08" + struct.pack("<II", column, 0)
    return packed(sheet1_bin=records)


def said_to_hold(size: int) -> bytes:
    """A part of 5 MB, of which the file says that it holds so many bytes."""
    content = bytearray(packed(sheet1_xml=b"0" * 5_000_000))
    place = content.index(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", size)
    return bytes(content)


BOMBS = {
    "two corners": (sheet("A1", "XFD1048576"), "1,048,576 rows and 16,384 columns"),
    "two corners, nearer": (sheet("A1", "CV200000"), "200,000 rows and 100 columns"),
    "a repeated cell": (open_document(20_000, 1_000), "20,000 rows and 1,000 columns"),
    "two corners of a binary sheet": (binary(1_048_575, 16_383), "1,048,576 rows and 16,384"),
    "equal bytes": (said_to_hold(1_100_000_000), "unpacks to 1,100 MB"),
    "a size that is not true": (said_to_hold(1_000), "is damaged"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_would_fill_the_memory_is_refused(
    bomb: str, fake_deployment: Deployment, tmp_path: Path
) -> None:
    """By inspect and train, and by a batch, without unpacking all of it at once."""
    content, words = BOMBS[bomb]
    (tmp_path / "in.xlsx").write_bytes(content)
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


def test_usual_workbooks_are_not() -> None:
    """Empty rows and columns that a program repeats to a sheet's end are nothing."""
    cells = OPEN_CELL.format("") + f"<table:table-cell{REPEATED.format('columns', 16_383)}/>"
    empty = f"<table:table-row{REPEATED.format('rows', 1_048_000)}><table:table-cell/>"
    check_workbook(packed(content_xml=f"<table:table-row>{cells}</table:table-row>{empty}"), "x")
    check_workbook(sheet("A1", "XFD1", "B100"), "x")


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
